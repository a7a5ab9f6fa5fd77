#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Frames over TLS: real bridges at both ends, in network namespaces, with an echo
# in the place of pilotd; and then with the real worker, but without the module.
#
#   a: a client of     b: the server

# shellcheck source=userspace/tests/lib-host.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib-host.sh"

live=$build/tests/live_bridge

SERVER=$(underlay 2):443

peer() {
	python3 "$here/bridge_peer.py" "$@"
}

# peer_in NS OUT ARG...: in the background.
peer_in() {
	local ns=$1 out=$2
	shift 2

	spawn "$out" in_ns "$ns" python3 "$here/bridge_peer.py" "$@"
}

# server_start [ARG]...: and what answers for pilotd there.
server_start() {
	spawn_ready "$TMP/echo" in_ns b python3 "$here/bridge_peer.py" echo $PORT
	bridge_serve "$@"
}

bridge_serve() {
	spawn "$TMP/server" in_ns b "$live" $PORT serve "$SERVER" "${@:-256}"
	SERVING=$SPAWNED
	wait_for 20 listens b 443 || fail "$(cat "$TMP/server")"
	wait_for 20 says "$TMP/server" "bridge [0-9]" || fail "no bridge"
}

client_start() {
	spawn "$TMP/client" in_ns a "$live" $PORT connect "$SERVER" \
		relay.example other.example
	CONNECTING=$SPAWNED
	wait_for 20 is_up 1 || fail "$(cat "$TMP/client" "$TMP/server")"
	LOCAL=$(sed -n 's/^state [^ ]* \([^ ]*\) .*/\1/p' "$TMP/client" |
		tail -n 1)
}

# is_up NUMBER: the client's connection, the so-manieth.
is_up() {
	says_last "^state .* up $1 \$"
}

is_down() {
	says_last "^state .* down "
}

says_last() {
	grep '^state' "$TMP/client" | tail -n 1 | grep -q "$1"
}

both_start() {
	ns_add a b
	wire a b
	server_start "$@"
	client_start
}

# passes N: so many frames, there and back.
passes() {
	in_ns a python3 "$here/bridge_peer.py" flow $PORT "$LOCAL" "$1" \
		>"$TMP/flow" || fail "$(cat "$TMP/flow")"
	equal "$(cat "$TMP/flow")" "came $1" "of $1 frames"
}

# --- tests -------------------------------------------------------------------

frames_go_both_ways() {
	both_start
	passes 200
	# Only its own pilotd is listened to, at either end.
	peer_in a "$TMP/other" pour 7777 "$LOCAL" 10
	wait_for 10 says "$TMP/other" poured || fail "$(cat "$TMP/other")"
	passes 10
	! says "$TMP/echo" frame || fail "a stranger's datagram went over"
}

a_server_that_died_is_found_again() {
	both_start
	passes 10
	kill -KILL "$(sed -n 's/^bridge //p' "$TMP/server" | tail -n 1)"
	wait_for 10 is_up 2 || fail "$(cat "$TMP/client")"
	passes 10
	# Its parent too, and nobody is there for a while.
	end_process "$SERVING"
	wait_for 10 is_down || fail "$(cat "$TMP/client")"
	bridge_serve
	wait_for 20 is_up 3 || fail "$(cat "$TMP/client")"
	passes 10
}

a_port_that_is_taken_is_waited_for() {
	local taker

	ns_add a b
	wire a b
	spawn_ready "$TMP/echo" in_ns b python3 "$here/bridge_peer.py" echo $PORT
	spawn_ready "$TMP/taken" in_ns b python3 "$here/bridge_peer.py" \
		take "$SERVER"
	taker=$SPAWNED
	spawn "$TMP/server" in_ns b "$live" $PORT serve "$SERVER" 256
	wait_for 10 says "$TMP/server" "keeper: cannot listen" ||
		fail "$(cat "$TMP/server")"
	end_process "$taker" -KILL
	wait_for 10 says "$TMP/server" "bridge [0-9]" ||
		fail "$(cat "$TMP/server")"
	client_start
	passes 10
}

an_address_may_come_later() {
	ns_add a b
	wire a b
	SERVER=10.0.0.99:443
	server_start
	ipn b addr add 10.0.0.99/24 dev wire
	client_start
	passes 10
}

another_name_makes_another_connection() {
	both_start
	passes 10
	kill -HUP "$CONNECTING"
	wait_for 10 is_up 2 || fail "$(cat "$TMP/client")"
	grep -q "^state .* down 1 another connection is wanted" "$TMP/client" ||
		fail "$(cat "$TMP/client")"
	passes 10
	# The same name again is no other.
	kill -HUP "$CONNECTING"
	wait_for 10 said_twice || fail "$(cat "$TMP/client")"
	is_up 2 || fail "$(cat "$TMP/client")"
	end_process "$SERVING"
	wait_for 10 is_down || fail "$(cat "$TMP/client")"
	peer_in b "$TMP/hello" hello "$SERVER" relay.example other.example
	wait_for 40 says "$TMP/hello" "example" || fail "$(cat "$TMP/client")"
	says "$TMP/hello" "other.example" || fail "$(cat "$TMP/hello")"
}

said_twice() {
	[ "$(grep -c "^state .* up 2 \$" "$TMP/client")" -ge 2 ]
}

a_client_that_died_is_replaced() {
	both_start
	kill -KILL "$(sed -n 's/^bridge //p' "$TMP/client" | tail -n 1)"
	wait_for 10 grep -q "^state .* down 1 the process for it ended" \
		"$TMP/client" || fail "$(cat "$TMP/client")"
	wait_for 10 is_up 1 || fail "$(cat "$TMP/client")"
	LOCAL=$(sed -n 's/^state [^ ]* \([^ ]*\) .*/\1/p' "$TMP/client" |
		tail -n 1)
	passes 10
}

a_dead_link_is_noticed() {
	local began

	both_start
	passes 1
	in_ns b nft "add table ip x; add chain ip x y { \
		type filter hook input priority 0; policy drop; }" ||
		skip "no nftables here"
	began=$SECONDS
	peer_in a "$TMP/pour" pour $PORT "$LOCAL" 2
	wait_for 20 is_down || fail "$(cat "$TMP/client")"
	within 0 $(($(patience 8))) $((SECONDS - began)) "the time it took"
	in_ns b nft delete table ip x
	wait_for 40 is_up 2 || fail "$(cat "$TMP/client")"
	wait_for 10 says "$TMP/pour" poured
	passes 10
}

a_stranger_gets_nothing_and_is_ended() {
	local word seconds bytes

	both_start
	peer_in a "$TMP/mute" stranger "$SERVER" 0003917878
	peer_in a "$TMP/garbage" stranger "$SERVER" 474554202f20485454502f312e31
	peer_in a "$TMP/long" stranger "$SERVER" 7fff91
	for word in garbage long; do
		wait_for 5 says "$TMP/$word" closed || fail "$word was taken"
		read -r _ seconds bytes <"$TMP/$word"
		within 0 2 "$seconds" "the time $word was kept"
		equal "$bytes" 0 "bytes for $word"
	done
	wait_for 30 says "$TMP/mute" closed || fail "a stranger is kept"
	read -r _ seconds bytes <"$TMP/mute"
	within 8 13 "$seconds" "the time a stranger was kept"
	equal "$bytes" 0 "bytes for a stranger"
	says "$TMP/echo" "frame 3" || fail "its frame did not come"
	passes 10
}

a_flood_of_strangers_keeps_no_client_out() {
	both_start
	# Frames without end: pilotd is shown few of them.
	peer_in a "$TMP/many" stranger "$SERVER" 0003917878 20000
	passes 50
	wait_for 20 says "$TMP/many" closed || fail "$(cat "$TMP/many")"
	within 1 700 "$(grep -c "frame 3" "$TMP/echo")" "frames of a stranger"
	peer_in a "$TMP/idle" idle "$SERVER" 300
	wait_for 30 says "$TMP/idle" "open [0-9]" || fail "$(cat "$TMP/idle")"
	within 1 8 "$(word open <"$TMP/idle")" "connections of one stranger"
	passes 50
}

a_slow_reader_slows_nobody() {
	local bridge

	both_start
	bridge=$(sed -n 's/^bridge //p' "$TMP/server" | tail -n 1)
	peer_in a "$TMP/slow" slow "$SERVER"
	wait_for 10 says "$TMP/slow" asked || fail "$(cat "$TMP/slow")"
	passes 100
	end_process "$SPAWNED" -KILL
	wait_for 10 grep -q "TLS client.*dropped" "$TMP/server" ||
		fail "$(cat "$TMP/server")"
	grep "TLS client" "$TMP/server" | tail -n 1 >"$TMP/ended"
	within 1000 20000 \
		"$(sed 's/.* \([0-9]*\) dropped.*/\1/' "$TMP/ended")" \
		"frames that were dropped"
	kill -0 "$bridge" || fail "the bridge died"
	passes 10
}

its_own_certificate_is_shown() {
	certificate "$TMP/cert" "$TMP/key" relay.example
	both_start 256 "$TMP/cert" "$TMP/key"
	in_ns a openssl s_client -connect "$SERVER" </dev/null 2>&1 |
		grep -q "subject=CN = relay.example" || fail "another certificate"
	passes 10
}

clients_have_a_bound() {
	both_start 1
	passes 1
	# A frame that is answered makes a client, and there is one already.
	peer_in a "$TMP/second" stranger "$SERVER" 0003916b78
	wait_for 5 says "$TMP/second" closed || fail "two clients"
	passes 1
}

# --- to TURN servers, by TCP -------------------------------------------------

# stun_start [HOW]: a bridge to such a server.
stun_start() {
	ns_add a b
	wire a b
	spawn_ready "$TMP/server" in_ns b python3 "$here/bridge_peer.py" \
		stun-server "$SERVER" "$@"
	SERVING=$SPAWNED
	spawn "$TMP/client" in_ns a "$live" $PORT plain-stun "$SERVER"
	wait_for 20 says_once "^state .* up 1 " ||
		fail "$(cat "$TMP/client" "$TMP/server")"
	LOCAL=$(sed -n 's/^state [^ ]* \([^ ]*\) .*/\1/p' "$TMP/client" |
		tail -n 1)
}

messages_go_both_ways_without_tls() {
	stun_start
	in_ns a python3 "$here/bridge_peer.py" stun $PORT "$LOCAL" 200 \
		>"$TMP/flow" || fail "$(cat "$TMP/flow")"
	equal "$(cat "$TMP/flow")" "came 200" "of 200 messages"
	# It goes away, nobody is there, and it is there again.
	end_process "$SERVING" -KILL
	wait_for 10 is_down || fail "$(cat "$TMP/client")"
	wait_for 10 says_last "down 1 Connection refused\$" ||
		fail "$(cat "$TMP/client")"
	spawn_ready "$TMP/server" in_ns b python3 "$here/bridge_peer.py" \
		stun-server "$SERVER"
	wait_for 20 is_up 2 || fail "$(cat "$TMP/client")"
}

a_server_that_ends_its_side_is_left() {
	stun_start once
	in_ns a python3 "$here/bridge_peer.py" stun $PORT "$LOCAL" 1 \
		>"$TMP/flow" || fail "$(cat "$TMP/flow")"
	equal "$(cat "$TMP/flow")" "came 1" "of one message"
	wait_for 10 says_once "^state .* down 1 it was ended\$" ||
		fail "$(cat "$TMP/client")"
}

a_server_that_says_something_else_is_left() {
	stun_start garbage
	wait_for 10 says_once "^state .* down 1 something else than frames" ||
		fail "$(cat "$TMP/client")"
}

says_once() {
	grep -q "$1" "$TMP/client"
}

# What does not fit is dropped and counted; the connection outlives it.
a_server_that_reads_nothing_costs_messages() {
	stun_start mute
	peer_in a "$TMP/pour" pour $PORT "$LOCAL" 4000 stun
	wait_for 20 says "$TMP/pour" poured || fail "$(cat "$TMP/pour")"
	is_up 1 || fail "$(cat "$TMP/client")"
	end_process "$SERVING" -KILL
	wait_for 20 grep -q "TCP to .* dropped" "$TMP/client" ||
		fail "$(cat "$TMP/client")"
	within 1000 3999 "$(sed -n 's/.*TCP to .* \([0-9]*\) dropped.*/\1/p' \
		"$TMP/client" | head -n 1)" "messages that were dropped"
}

# --- with workers ------------------------------------------------------------

tool() {
	"$build/pilot-link" "$@"
}

# agents_conf NS OTHER [GLOBAL]... [-- LINE...]: lines of the peer's block.
agents_conf() {
	local ns=$1 other=$2
	shift 2

	{
		echo "log-level debug"
		while [ $# -gt 0 ] && [ "$1" != -- ]; do
			echo "$1"
			shift
		done
		echo "agent pilot0"
		echo "identity $TMP/$ns.id"
		echo "peer $(tool id export "$TMP/$other.id")"
		printf '%s\n' "${@:2}"
	} >"$TMP/$ns.conf"
}

worker_start() {
	spawn_ready "$TMP/$1.log" in_ns "$1" \
		"$build/tests/live_agents" "$TMP/$1.conf" \
		"$TMP/$1.sock"
}

workers_start() {
	local ns

	ns_add a b
	wire a b
	for ns in a b; do
		tool id new "$TMP/$ns.id" >"$TMP/new"
	done
	agents_conf b a "introduce yes" "introduce-tls yes"
	agents_conf a b -- "introducer yes" "endpoint $(underlay 2):$PORT"
	in_ns b nft "add table ip x; add chain ip x y { \
		type filter hook input priority 0; }; \
		add rule ip x y iifname wire meta l4proto udp drop" ||
		skip "no nftables here"
	worker_start b
	SERVED=$SPAWNED
	worker_start a
	CLIENT=$SPAWNED
}

# goes_by KIND
goes_by() {
	path_says "class $1 state in-use rtt"
}

path_says() {
	in_ns a "$build/pilot-link" --control "$TMP/a.sock" path show \
		>"$TMP/path" && grep -q "$1" "$TMP/path"
}

a_worker_goes_by_tls_and_back() {
	workers_start
	wait_for 15 goes_by tls || fail "$(cat "$TMP/path" "$TMP/a.log")"
	grep -q "by TLS: UDP is not answered" "$TMP/path" ||
		fail "$(cat "$TMP/path")"
	grep -q "^    tls $SERVER state answers\$" "$TMP/path" ||
		fail "$(cat "$TMP/path")"
	in_ns b nft delete table ip x
	# In another network UDP is tried at once.
	ipn a addr add 10.0.0.77/24 dev wire
	wait_for 15 goes_by lan || fail "$(cat "$TMP/path" "$TMP/a.log")"
	wait_for 20 has_no_connection || fail "the connection is kept"
}

# netcheck LINE: it says that, of a's introducer or in its advice.
netcheck() {
	in_ns a "$build/pilot-link" --control "$TMP/a.sock" netcheck \
		>"$TMP/netcheck" || fail "netcheck: $(cat "$TMP/netcheck")"
	netcheck_said "$1"
}

netcheck_said() {
	grep -q "$1" "$TMP/netcheck" ||
		fail "no '$1': $(cat "$TMP/netcheck")"
}

a_check_tells_of_tls() {
	workers_start
	wait_for 15 goes_by tls || fail "$(cat "$TMP/path" "$TMP/a.log")"
	netcheck "^    tls $SERVER state answers in use\$"
	netcheck_said "^ipv4: udp blocked\$"
	netcheck_said "^introducer peer .* by tls time "
	netcheck_said "^advice: UDP is blocked over IPv4"
	in_ns b nft delete table ip x
	ipn a addr add 10.0.0.77/24 dev wire
	wait_for 15 goes_by lan || fail "$(cat "$TMP/path" "$TMP/a.log")"
	wait_for 20 has_no_connection || fail "the connection is kept"
	! pgrep -P "$CLIENT" -f pilotd-bridge >"$TMP/pgrep" ||
		fail "a bridge for nothing"
	netcheck "^    tls $SERVER state answers\$"
	# What is on the same wire sees no NAT, and cannot tell that there is none.
	netcheck_said "^ipv4: udp open\$"
	netcheck_said "^advice: how others see this host over IPv4 is not known"
	# It asked, and nothing else came of it.
	wait_for 5 has_no_connection || fail "the connection is kept"
	goes_by lan || fail "$(cat "$TMP/path")"
	end_process "$SERVED"
	netcheck "^    tls $SERVER state failed (Connection refused)\$"
	grep -q "^advice: .*introduce-tls yes" "$TMP/netcheck" ||
		fail "$(cat "$TMP/netcheck")"
	# When it is gone by UDP, too, it is tried in earnest.
	wait_for 60 path_says "^    tls $SERVER state failed (Connection ref" ||
		fail "$(cat "$TMP/path" "$TMP/a.log")"
}

has_no_connection() {
	! in_ns a ss -Htn state established "dport = :443" | grep -q .
}

a_worker_survives_its_introducers_bridge() {
	workers_start
	wait_for 15 goes_by tls || fail "$(cat "$TMP/path" "$TMP/a.log")"
	kill -KILL "$(pgrep -P "$SERVED" -f pilotd-bridge)"
	wait_for 10 grep -q "TLS to .*: " "$TMP/a.log" || fail "not noticed"
	wait_for 20 has_connection || fail "no other connection"
	wait_for 20 goes_by tls || fail "$(cat "$TMP/path" "$TMP/a.log")"
}

has_connection() {
	! has_no_connection
}

command -v python3 >/dev/null || skip_all "python3 is missing"
need_host live_bridge
host_tests frames_go_both_ways a_server_that_died_is_found_again \
	a_port_that_is_taken_is_waited_for an_address_may_come_later \
	another_name_makes_another_connection \
	a_client_that_died_is_replaced a_dead_link_is_noticed \
	a_stranger_gets_nothing_and_is_ended \
	a_flood_of_strangers_keeps_no_client_out a_slow_reader_slows_nobody \
	its_own_certificate_is_shown clients_have_a_bound \
	messages_go_both_ways_without_tls a_server_that_ends_its_side_is_left \
	a_server_that_says_something_else_is_left \
	a_server_that_reads_nothing_costs_messages \
	a_worker_goes_by_tls_and_back a_check_tells_of_tls \
	a_worker_survives_its_introducers_bridge
