#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# Agents behind NATs that nothing gets through, or without UDP, with an introducer
# that only signals: their data goes by a TURN server, which is coturn.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"
# shellcheck source=selftests/lib-coturn.sh
. "$(dirname "$0")/lib-coturn.sh"
# shellcheck source=selftests/lib-capture.sh
. "$(dirname "$0")/lib-capture.sh"

RELAY=no
STREAM_INTERVAL=0.1
TURN=${NAT_SERVER[1]}

turn_is_gone() {
	! hears introducer 3478
}

# What there is to see of the ways when a test has failed.
show_ways() {
	[ "$1" -ne 0 ] || return 0
	for side in a b; do
		pl $side -d path show
		pl $side -d peer show
		pl $side stats
	done 2>&1 | cat "$TMP/ping" "$TMP/coturn" - 2>&1 | sed 's/^/# /' >&3
}

# Where a is, and how it is told of the server.
SITE=apdm
server_args=()
LINE=

sites_and_server() {
	trap 'show_ways $?' EXIT

	need_servers
	sites "$SITE" apdm
	echo secret >"$TMP/password"
	chmod 600 "$TMP/password"
	turn_start introducer "$TURN" "${server_args[@]}"
}

# agents_with_server [SIDE]...: these may use it.
agents_with_server() {
	local side lines

	for side in a b; do
		lines=()
		[[ " $* " != *" $side "* ]] ||
			lines=("${LINE:-turn-server $TURN u $TMP/password}")
		agent_start $side "$(other $side)" "${lines[@]}"
	done
}

with_server() {
	sites_and_server
	agents_with_server "$@"
}

# gets_through SIDE [ARG]...: to the other one. A process relays, which has its
# turn at times: ping waits for the last answer hardly longer than for others.
gets_through() {
	reaches "$1" "${agent_inet6[$(other "$1")]}" -i 1 "${@:2}"
	note "$(tail -n 1 "$TMP/ping") by the TURN server"
}

by_turn() {
	pl "$1" path show >"$TMP/$1/path" 2>/dev/null &&
		grep -q "kind turn class ${2:-turn} state in-use" "$TMP/$1/path"
}

both_by_turn() {
	soon 30 by_turn a
	soon 30 by_turn b
}

# The one whose server it is names it.
is_named() {
	grep -q "turn:0x4[0-9a-f]*@$TURN:3478 kind turn .* server $TURN:3478" \
		"$TMP/$1/path" || fail "$(cat "$TMP/$1/path")"
}

data_goes_by_a_turn_server() {
	with_server a
	ping_start a "${agent_inet6[b]}" 0.1
	both_by_turn
	is_named a
	equal "$(path_kind a b)" turn "kind of the path"
	end_process "$PINGS" -INT
	gets_through a
	gets_through b -s 1300
	flow_start a b "${agent_inet6[b]}" "$(patience 4)"
	flow_end a "by the TURN server"
	flow_start b a "${agent_inet6[a]}" "$(patience 4)"
	flow_end b "the other way"
	by_turn a || fail "$(cat "$TMP/a/path")"
	pl a netcheck >"$TMP/netcheck"
	grep -q "^turn: server $TURN:3478 state allocated .* in use" \
		"$TMP/netcheck" || fail "$(cat "$TMP/netcheck")"
}

# The path is dead after 750 ms, and 3 s after the server's last word it is asked
# what it knows of us: again after 500 ms, then after twice as long each time, so
# once it is back that may take as long again as it was away.  Another allocation
# takes a few round trips.
a_flow_survives_a_server_that_starts_anew() {
	local start away sent lost gap

	with_server a b
	stream_start b "${agent_inet6[a]}"
	both_by_turn
	flow_start b a "${agent_inet6[a]}" 0 -b "$(scaled 1000)K"
	goes_on
	start=$(now_ms)
	end_process "$COTURN" -KILL
	soon 10 turn_is_gone
	turn_start introducer "$TURN"
	away=$(($(now_ms) - start))
	goes_on 30 30
	both_by_turn
	read -r _ sent lost gap < <(stream_end)
	note "the server was away for $away ms: $lost of $sent pings lost," \
		"$gap ms without an answer"
	within 0 $((2 * away + $(patience 5000))) "$gap" "the gap in ms"
	flow_stop b a "by one allocation and the next"
	by_turn b || fail "$(cat "$TMP/b/path")"
	gets_through a
}

# answered SIDE [CLASS]: pings are, now and by the server.
answered() {
	local before after

	before=$(grep -c 'bytes from' "$TMP/$1/pings")
	pause
	pause
	pause
	after=$(grep -c 'bytes from' "$TMP/$1/pings")
	[ "$after" -gt "$before" ] && by_turn "$@"
}

# by_stream PORT TRANSPORT [NAME]: a has no other way to the server.
by_stream() {
	local path="turn:0x4[0-9a-f]*@127[0-9.]*:[0-9]* kind turn class tls"

	SITE=udp-blocked
	LINE="turn-server $TURN:$1 u $TMP/password ${*:2}"
	coturn_streams
	with_server a
	ping_start a "${agent_inet6[b]}" 0.1
	soon 60 by_turn a tls
	soon 30 by_turn b
	grep -q "$path state in-use .*server $TURN:$1 by $2" "$TMP/a/path" ||
		fail "$(cat "$TMP/a/path")"
	grep -q "by a TURN server that is reached by TCP or TLS" "$TMP/a/path" ||
		fail "$(cat "$TMP/a/path")"
	equal "$(path_kind a b)" tls "kind of the path"
	end_process "$PINGS" -INT
	gets_through a
	gets_through b -s 1300
	flow_start a b "${agent_inet6[b]}" "$(patience 4)"
	flow_end a "by $2"
	flow_start b a "${agent_inet6[a]}" "$(patience 4)"
	flow_end b "the other way"
	by_turn a tls || fail "$(cat "$TMP/a/path")"
	pl a netcheck >"$TMP/netcheck"
	grep -q "^turn: server $TURN:$1 by $2 state allocated .* in use" \
		"$TMP/netcheck" || fail "$(cat "$TMP/netcheck")"
}

a_server_is_reached_by_tls_where_udp_is_blocked() {
	# Its own TLS has the other port that passes.
	server_args=(--tls-listening-port 80)
	by_stream 80 tls turn.example.org
	# Another process, another connection, another allocation.
	ping_start a "${agent_inet6[b]}" 0.1
	kill -KILL "$(bridge_pid a)"
	soon 60 answered a tls
	note "lost while the bridge was away: $(ping_end a) pings of 0.1 s"
	gets_through b
}

a_server_is_reached_by_tcp_where_udp_is_blocked() {
	server_args=(--listening-port 80 --tls-listening-port 5349)
	COTURN_PORT=80 by_stream 80 tcp
}

# The server is told where a peer is for others, its public address, and tells each
# of its own: so the search finds those, as STUN writes them.
neither_server_nor_introducer_is_told_anything_private() {
	local side

	sites_and_server
	for side in a b; do
		private_forms $side "$(inside_address $side "${site_of[$side]}")"
	done >"$TMP/forms"
	capture wire introducer net
	agents_with_server a b
	stream_start a "${agent_inet6[b]}"
	both_by_turn
	goes_on
	end_process "$STREAM" -INT
	agent_stop a
	agent_stop b
	tells_nothing wire introducer "$NOBODY"
	for side in a b; do
		private_forms $side "$(site_address $side "${site_of[$side]}")"
	done >"$TMP/forms"
	captured wire <"$TMP/forms" >"$TMP/found"
	for side in a b; do
		grep -qw "$side.host-in-stun" "$TMP/found" ||
			fail "the TURN server did not hear where $side is"
	done
}

helper_tests data_goes_by_a_turn_server \
	a_flow_survives_a_server_that_starts_anew \
	a_server_is_reached_by_tls_where_udp_is_blocked \
	a_server_is_reached_by_tcp_where_udp_is_blocked \
	neither_server_nor_introducer_is_told_anything_private
