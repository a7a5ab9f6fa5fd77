#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
# not-on: debug
#
# Handshake messages from everywhere: who has a key goes on, and who wants one
# gets it about as soon as without them.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-flood.sh
. "$(dirname "$0")/lib-flood.sh"

# A second of emulation, and what two or three lost messages cost.
CONNECT_MS=5000

# Agents 0 to 3 in a and b, of which only 0 has talked, and a flooder c whose
# invented sources, 10.99.0.0/16, are routed back to it.
agents_and_a_flooder() {
	local i

	two_sides
	ns_add c
	ip link add side netns "$NSP-b" type veth \
		peer name side netns "$NSP-c"
	ipn b addr add 10.0.9.2/24 dev side
	ipn b link set side up
	ipn c addr add 10.0.9.3/24 dev side
	ipn c link set side up
	ipn b route add 10.99.0.0/16 via 10.0.9.3
	listen a wire frames "$TMP/recorded"
	helper_start a
	helper_start b
	for i in 0 1 2 3; do
		identity a "$i"
		identity b "$i"
		must pl a link add "pilot$i" identity "$TMP/a/id$i"  \
			network $((i + 1))
		must pl b link add "pilot$i" identity "$TMP/b/id$i" \
			network $((i + 1))
		must pl a peer add "$(did b "$i")" link "pilot$i" \
			endpoint "$(endpoint_at 2)"
		must pl b peer add "$(did a "$i")" link "pilot$i" \
			endpoint "$(endpoint_at 1)"
	done
	reaches a "$(inet6 b 0 1)"
	listen_end
	awk '$5 ~ /^91/ {print $5; exit}' "$TMP/recorded" >"$TMP/initiation"
	[ -s "$TMP/initiation" ] || fail "no initiation was recorded"
}

# connect AGENT: MS is how long its first packet took there and back.
connect() {
	local start to

	to=$(inet6 b "$1" $(($1 + 1)))
	start=${EPOCHREALTIME/[.,]/}
	# An error about a packet that waited too long ends ping.
	soon 60 in_ns a ping -n -c 1 -w 60 "$to"
	MS=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}

# under_flood KIND RATE AGENT
under_flood() {
	flood_start c "b side" 10.0.9.2 "$1" "$2" "$TMP/initiation"
	connect "$3"
	note "first packet of a new pair under $1 messages: $MS ms"
	[ "$MS" -le "$(($(patience 1) * CONNECT_MS))" ] ||
		fail "it took $MS ms to connect"
	flow_is_on || fail "the flow ended too early to prove anything"
	flood_end
	kill -0 "$(helper_pid b)" || fail "b's helper died"
}

a_flood_of_handshakes_keeps_nobody_out() {
	local worker

	agents_and_a_flooder
	worker=$(worker_pid b)
	connect 1
	note "first packet of a new pair without a flood: $MS ms"
	flow_start a b "$(inet6 b 0 1)" "$(patience 40)" -b 5M
	under_flood random 4000 2
	[ "$(helper_status b handshakes strangers)" -ge 500 ] ||
		fail "the random messages did not get to the helper"
	under_flood recorded 4000 3
	[ "$(helper_status b handshakes replayed)" -ge 500 ] ||
		fail "the recorded messages did not get to the helper"
	equal "$(helper_status b handshakes limited)" 0 "messages held against the limits"
	equal "$(worker_pid b)" "$worker" "b's worker"
	flow_end a "beside the floods"
	reaches a "$(inet6 b 0 1)"
}

helper_tests a_flood_of_handshakes_keeps_nobody_out
