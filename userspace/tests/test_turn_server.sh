#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# coturn as a relay: by the library over a real socket, data both ways by its
# channels, and by the real worker, as netcheck shows it.
#
# The gateway translates each destination anew, so nothing else gets through.

# shellcheck source=userspace/tests/lib-host.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib-host.sh"
# shellcheck source=userspace/tests/lib-gateway.sh
. "$here/lib-gateway.sh"

SERVER=$STUN
PEER=$STUN_OTHER

# server_start [ARG]...
server_start() {
	turn_start inet $SERVER "$@"
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
		tail -n 20 "$TMP/client" "$TMP/coturn" "$TMP/peer"
		fail "the client does not say: $1"
	}
}

# --- tests -------------------------------------------------------------------

frames_go_both_ways_by_channels() {
	local port

	network masquerade fully-random
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
	network masquerade fully-random
	server_start --max-allocate-lifetime 6 --stale-nonce=5
	peer_start
	client_start
	client_says "received turn:0x4000@$SERVER:3478 hello50( |$|
)" 40
	! says "$TMP/client" "gone" || fail "$(cat "$TMP/client")"
	! says "$TMP/client" "refused" || fail "$(cat "$TMP/client")"
}

a_wrong_password_is_told() {
	network masquerade fully-random
	server_start
	client_start another
	client_says "server refused the user or the password is wrong \(401\)"
	! says "$TMP/client" "allocated" || fail "$(cat "$TMP/client")"
}

a_full_quota_is_told() {
	network masquerade fully-random
	server_start --user-quota=1
	client_start
	client_says "allocated"
	spawn "$TMP/second" in_ns host "$build/tests/live_turn" \
		$SERVER:3478 u secret $PEER:5555
	wait_for 10 says "$TMP/second" "\(486\)" || fail "$(cat "$TMP/second")"
}

what_the_server_forbids_goes_nowhere() {
	network masquerade fully-random
	server_start --denied-peer-ip=$PEER
	peer_start
	client_start
	client_says "allocated"
	client_says "forbidden"
	! says "$TMP/client" "bound" || fail "$(cat "$TMP/client")"
	! says "$TMP/peer" "from" || fail "$(cat "$TMP/peer")"
}

a_killed_server_is_found_again() {
	network masquerade fully-random
	server_start
	peer_start
	client_start
	client_says "received turn:0x4000"
	end_process "$COTURN" -KILL
	wait_for 10 hears_not inet 3478 || fail "coturn is still there"
	server_start
	client_says "gone" 20
	client_says "gone.*allocated.*received turn:0x400[2-9]" 20
}

hears_not() {
	! hears "$@"
}

# --- the real worker ----------------------------------------------------------

password() {
	echo "$1" >"$TMP/password"
	chmod "${2:-600}" "$TMP/password"
}

# has_no_password PASSWORD FILE
has_no_password() {
	! grep -F -e "$1" -e "$(base64 <<<"$1" | cut -c 1-8)" "$2" ||
		fail "$2 has the password"
}

netcheck_names_the_relayed_address() {
	network masquerade fully-random
	server_start
	password secret
	helper_start "port-mapping no" "turn-server $SERVER u $TMP/password"
	netcheck
	line "^turn: server $SERVER:3478 state allocated time [0-9.]+ ms relayed $SERVER:[0-9]+$"
	# It was only asked, so it has nothing for us any more.
	netcheck
	line "^turn: server $SERVER:3478 state allocated"
	has_no_password secret "$TMP/helper"
	netcheck_json
	line "\"relayed\": *\"$SERVER:[0-9]+\""
	has_no_password secret "$TMP/netcheck"
}

# Through the bridge, which says what it did, and lets the server go again.
servers_are_reached_by_tcp_and_by_tls() {
	network masquerade fully-random
	coturn_streams
	server_start
	password secret
	helper_start "port-mapping no" \
		"turn-server $SERVER u $TMP/password tcp" \
		"turn-server $SERVER u $TMP/password tls turn.example.org" \
		"turn-server $SERVER:9 u $TMP/password tls"
	netcheck
	line "^turn: server $SERVER:3478 by tcp state allocated time [0-9.]+ ms relayed $SERVER:[0-9]+$"
	line "^turn: server $SERVER:5349 by tls state allocated time [0-9.]+ ms relayed $SERVER:[0-9]+$"
	line "^turn: server $SERVER:9 by tls state silent \(Connection refused\)$"
	says "$TMP/helper" "TCP to $SERVER:3478 is up" ||
		fail "$(cat "$TMP/helper")"
	says "$TMP/helper" "TLS to $SERVER:5349 is up" ||
		fail "$(cat "$TMP/helper")"
	wait_for 10 has_no_connection || fail "a connection is kept"
	has_no_password secret "$TMP/helper"
	netcheck_json
	line "\"transport\": *\"tcp\""
	netcheck
	line "^turn: server $SERVER:5349 by tls state allocated"
}

has_no_connection() {
	! in_ns host ss -Htn state established | grep -q .
}

netcheck_says_why_there_is_none() {
	network masquerade fully-random
	server_start
	password another-one
	helper_start "port-mapping no" "turn-server $SERVER u $TMP/password" \
		"turn-server $PEER u $TMP/password"
	netcheck
	line "^turn: server $SERVER:3478 state refused time .* \(the user or the password is wrong \(401\)\)$"
	line "^turn: server $PEER:3478 state silent$"
	line "^advice: TURN server $SERVER:3478 refuses user \"u\": compare "
	line "^advice: TURN server $PEER:3478 does not answer: is it up"
	says "$TMP/helper" "TURN server $SERVER:3478 refuses: the user or the password" ||
		fail "$(cat "$TMP/helper")"
	has_no_password another-one "$TMP/helper"
	has_no_password another-one "$TMP/netcheck"
}

a_password_that_others_can_read_is_not_used() {
	network masquerade fully-random
	server_start
	password secret 644
	helper_start "port-mapping no" "turn-server $SERVER u $TMP/password"
	says "$TMP/helper" "is not used: TURN password .* run: chmod 600" ||
		fail "$(cat "$TMP/helper")"
	netcheck
	! grep -q turn: "$TMP/netcheck" || fail "$(cat "$TMP/netcheck")"
}

need_host live_turn
need_servers
need_nat
host_tests frames_go_both_ways_by_channels allocations_are_kept_by_refreshes \
	a_wrong_password_is_told a_full_quota_is_told \
	what_the_server_forbids_goes_nowhere a_killed_server_is_found_again \
	netcheck_names_the_relayed_address \
	servers_are_reached_by_tcp_and_by_tls netcheck_says_why_there_is_none \
	a_password_that_others_can_read_is_not_used
