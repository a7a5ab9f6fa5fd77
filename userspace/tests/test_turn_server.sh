#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# coturn as a relay: by the library over a real socket, data both ways by its
# channels, and by the real worker, as netcheck shows it.
#
#   host --lan-- gw --wan-- inet
#
# The gateway translates each destination anew.

# shellcheck source=selftests/lib.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../../selftests/lib.sh"

build=$(dirname -- "$(readlink -f -- "$0")")/../build
servers=${PILOT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pilot-link}/servers
libraries=$(echo "$servers"/usr/lib/*-linux-gnu)
export ASAN_OPTIONS=detect_leaks=0

SERVER=20.0.0.10
PEER=20.0.0.11

network() {
	ns_add host gw inet
	ip link add lan netns "$NSP-host" type veth peer name lan \
		netns "$NSP-gw"
	ip link add wan netns "$NSP-gw" type veth peer name wan \
		netns "$NSP-inet"
	ipn host addr add 192.168.7.10/24 dev lan
	ipn gw addr add 192.168.7.1/24 dev lan
	ipn gw addr add 20.0.0.1/24 dev wan
	ipn inet addr add $SERVER/24 dev wan
	ipn inet addr add $PEER/24 dev wan
	ipn host link set lan up
	ipn gw link set lan up
	ipn gw link set wan up
	ipn inet link set wan up
	ipn inet link set lo up
	ipn host link set lo up
	ipn host route add default via 192.168.7.1
	in_ns gw sysctl -qw net.ipv4.ip_forward=1
	in_ns gw nft -f - <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oifname wan masquerade fully-random
			}
		}
	END
}

# server_start [ARG]...
server_start() {
	spawn "$TMP/turn" in_ns inet env LD_LIBRARY_PATH="$libraries" \
		"$servers/usr/bin/turnserver" -n --no-cli --no-tls --no-dtls \
		--no-tcp --log-file stdout --simple-log \
		--pidfile "$TMP/turn.pid" --userdb "$TMP/turn.db" \
		--lt-cred-mech --user u:secret --realm example.org \
		--listening-ip $SERVER --relay-ip $SERVER "$@"
	TURN=$SPAWNED
	wait_for 20 hears inet 3478 || fail "coturn: $(tail -n 5 "$TMP/turn")"
}

# hears NS PORT: by UDP.
hears() {
	in_ns "$1" ss -Hlun "sport = :$2" | grep -q .
}

# A peer that sends back what it gets, and once by another port what is a new
# beginning to the server.
peer_start() {
	spawn "$TMP/peer" in_ns inet python3 -c '
import socket
first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
first.bind(("'$PEER'", 5555))
other.bind(("'$PEER'", 6666))
print("ready", flush=True)
known = set()
while True:
	data, src = first.recvfrom(2000)
	print("from", src[0], data[1:].decode(), flush=True)
	first.sendto(data, src)
	other.sendto(b"\x95other", src)
'
	wait_for 20 says "$TMP/peer" ready || fail "$(cat "$TMP/peer")"
}

# client_start [PASSWORD]
client_start() {
	spawn "$TMP/client" in_ns host "$build/tests/live_turn" \
		$SERVER:3478 u "${1:-secret}" $PEER:5555
	CLIENT=$SPAWNED
}

client_says() {
	wait_for "${2:-10}" says "$TMP/client" "$1" || {
		tail -n 20 "$TMP/client" "$TMP/turn" "$TMP/peer"
		fail "the client does not say: $1"
	}
}

# --- tests -------------------------------------------------------------------

frames_go_both_ways_by_channels() {
	local port

	network
	server_start
	peer_start
	client_start
	client_says "allocated $SERVER:[0-9]+"
	client_says "bound"
	# The peer hears it from the relayed address, and we by the channel.
	wait_for 10 says "$TMP/peer" "from $SERVER hello" ||
		fail "$(cat "$TMP/peer")"
	client_says "received turn:0x4000@$SERVER:3478 hello[0-9]+"
	# From another port it comes by a channel of its own: held, then not.
	client_says "held turn:0x4001@$SERVER:3478 other"
	client_says "received turn:0x4001@$SERVER:3478 other"
	# Given back, the relayed address is nobody's.
	port=$(sed -n "s/^allocated $SERVER://p" "$TMP/client")
	hears inet "$port" || fail "coturn has no socket for $port"
	end_process "$CLIENT"
	wait_for 20 hears_not inet "$port" || fail "it is not given back"
}

# A nonce lasts 5 s here, and so does the allocation, or nearly.
allocations_are_kept_by_refreshes() {
	network
	server_start --max-allocate-lifetime 6 --stale-nonce=5
	peer_start
	client_start
	client_says "received turn:0x4000@$SERVER:3478 hello50( |$|
)" 40
	! says "$TMP/client" "gone" || fail "$(cat "$TMP/client")"
	! says "$TMP/client" "refused" || fail "$(cat "$TMP/client")"
}

a_wrong_password_is_told() {
	network
	server_start
	client_start another
	client_says "server refused the user or the password is wrong \(401\)"
	! says "$TMP/client" "allocated" || fail "$(cat "$TMP/client")"
}

a_full_quota_is_told() {
	network
	server_start --user-quota=1
	client_start
	client_says "allocated"
	spawn "$TMP/second" in_ns host "$build/tests/live_turn" \
		$SERVER:3478 u secret $PEER:5555
	wait_for 10 says "$TMP/second" "\(486\)" || fail "$(cat "$TMP/second")"
}

what_the_server_forbids_goes_nowhere() {
	network
	server_start --denied-peer-ip=$PEER
	peer_start
	client_start
	client_says "allocated"
	sleep 2
	! says "$TMP/client" "bound" || fail "$(cat "$TMP/client")"
	! says "$TMP/peer" "from" || fail "$(cat "$TMP/peer")"
}

a_killed_server_is_found_again() {
	network
	server_start
	peer_start
	client_start
	client_says "received turn:0x4000"
	end_process "$TURN" -KILL
	wait_for 10 hears_not inet 3478 || fail "coturn is still there"
	server_start
	client_says "gone" 20
	client_says "gone.*allocated.*received turn:0x400[2-9]" 20
}

hears_not() {
	! hears "$@"
}

# --- the real worker ----------------------------------------------------------

# helper_start [LINE]...: with these lines of configuration.
helper_start() {
	printf '%s\n' "port-mapping no" "$@" >"$TMP/conf"
	spawn "$TMP/helper" in_ns host "$build/tests/live_pilotd" \
		"$TMP/conf" "$TMP/sock"
	wait_for 20 grep -q ready "$TMP/helper" || fail "$(cat "$TMP/helper")"
}

password() {
	echo "$1" >"$TMP/password"
	chmod "${2:-600}" "$TMP/password"
}

netcheck() {
	"$build/pilot-link" --control "$TMP/sock" netcheck >"$TMP/netcheck"
}

line() {
	grep -qE -- "$1" "$TMP/netcheck" || {
		cat "$TMP/netcheck"
		tail -n 5 "$TMP/helper" "$TMP/turn"
		fail "no line like: $1"
	}
}

netcheck_names_the_relayed_address() {
	network
	server_start
	password secret
	helper_start "turn-server $SERVER u $TMP/password"
	netcheck
	line "^turn: server $SERVER:3478 state allocated time [0-9.]+ ms relayed $SERVER:[0-9]+$"
	# It was only asked, so it has nothing for us any more.
	netcheck
	line "^turn: server $SERVER:3478 state allocated"
	! grep -q secret "$TMP/helper" || fail "the log has the password"
	"$build/pilot-link" -j --control "$TMP/sock" netcheck >"$TMP/netcheck"
	line "\"relayed\": *\"$SERVER:[0-9]+\""
	! grep -q secret "$TMP/netcheck" || fail "netcheck has the password"
}

netcheck_says_why_there_is_none() {
	network
	server_start
	password another
	helper_start "turn-server $SERVER u $TMP/password" \
		"turn-server $PEER u $TMP/password"
	netcheck
	line "^turn: server $SERVER:3478 state refused time .* \(the user or the password is wrong \(401\)\)$"
	line "^turn: server $PEER:3478 state silent$"
	says "$TMP/helper" "TURN server $SERVER:3478 refuses: the user or the password" ||
		fail "$(cat "$TMP/helper")"
}

a_password_that_others_can_read_is_not_used() {
	network
	server_start
	password secret 644
	helper_start "turn-server $SERVER u $TMP/password"
	says "$TMP/helper" "is not used: TURN password .* run: chmod 600" ||
		fail "$(cat "$TMP/helper")"
	netcheck
	! grep -q turn: "$TMP/netcheck" || fail "$(cat "$TMP/netcheck")"
}

# --- running -----------------------------------------------------------------

need() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -x "$build/tests/live_turn" ] || skip_all "not built: make tests"
	[ -e "$servers/complete" ] ||
		skip_all "coturn is missing: scripts/setup"
	ip netns add "$NSP-probe" 2>/dev/null ||
		skip_all "no network namespaces here"
	ip netns exec "$NSP-probe" nft "add table ip x; add chain ip x y \
		{ type nat hook postrouting priority 0; }; \
		add rule ip x y masquerade fully-random" 2>/dev/null || {
		ip netns del "$NSP-probe"
		skip_all "no NAT by nftables here"
	}
	ip netns del "$NSP-probe"
}

turn_tests() {
	local name number=0 failed=0 list=()

	need
	for name; do
		[[ ! $name =~ ${TEST:-.} ]] || list+=("$name")
	done
	echo "KTAP version 1"
	echo "1..${#list[@]}"
	trap 'cleanup; rm -rf "$TMP" "$NEVER"' EXIT
	trap 'exit 143' TERM INT HUP
	for name in "${list[@]}"; do
		number=$((number + 1))
		run_one "$name" "$number"
	done
	[ "$failed" -eq 0 ]
}

turn_tests frames_go_both_ways_by_channels allocations_are_kept_by_refreshes \
	a_wrong_password_is_told a_full_quota_is_told \
	what_the_server_forbids_goes_nowhere a_killed_server_is_found_again \
	netcheck_names_the_relayed_address netcheck_says_why_there_is_none \
	a_password_that_others_can_read_is_not_used
