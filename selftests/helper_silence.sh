#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# What a stranger hears, who may send anything and play back what it recorded:
# nothing.  What it sees on the wire between two agents: no plaintext, and not
# who they are.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-capture.sh
. "$(dirname "$0")/lib-capture.sh"

# Agents in a and b, and a stranger c on another wire to b.
stranger_near() {
	two_sides
	ns_add c
	ip link add side netns "$NSP-b" type veth \
		peer name side netns "$NSP-c"
	ipn b addr add 10.0.9.2/24 dev side
	ipn b addr add fd09::2/64 dev side nodad
	ipn b link set side up
	ipn c addr add 10.0.9.3/24 dev side
	ipn c addr add fd09::3/64 dev side nodad
	ipn c link set side up
	soon 20 in_ns c ping -c 1 -W 1 fd09::2
	listen a wire frames "$TMP/recorded"
	agents_pair
	reaches a "$(inet6 b)"
	soon 10 peer_state b established
	listen_end
	EPOCH=$(current_epoch b)
	RECEIVED=$(device_count b rx_packets)
	listen c side frames "$TMP/stranger"
}

# recorded TYPE: datagrams of that type that crossed the wire, in hex.
recorded() {
	awk -v type="^$1" '$5 ~ type {print $5}' "$TMP/recorded"
}

# unanswered SIDE ADDRESS [ARG]...: hex lines of standard input go there.
unanswered() {
	local said side=$1 to=$2
	shift 2

	said=$(in_ns "$side" pilot_frame send "$to" "$PORT" wait 300 "$@")
	case $said in
	"sent 0 "*) fail "there was nothing to send to $to" ;;
	*"answers 0") ;;
	*) fail "to $to from $side: $said" ;;
	esac
}

# Nothing came to the stranger, and nothing changed between a and b.
nothing_happened() {
	listen_end
	grep -E "^(10\.0\.9\.2|fd09::2) " "$TMP/stranger" &&
		fail "b spoke to the stranger"
	equal "$(heard other)" 0 "other packets on the stranger's wire"
	equal "$(shown b endpoint)" "$(endpoint_at 1)" "where b has a"
	equal "$(current_epoch b)" "$EPOCH" "the epoch of the key"
	equal "$(device_count b rx_packets)" "$RECEIVED" \
		"what b's device took"
	reaches a "$(inet6 b)"
	reaches b "$(inet6 a)"
}

every_first_byte() {
	python3 -c '
import os
for first in range(256):
    for size in (1, 2, 15, 16, 32, 64, 149, 244, 1200):
        body = os.urandom(size - 1)
        if first % 2:
            body = bytes(min(3, size - 1)) + body[3:]
        print(bytes([first]).hex() + body.hex())'
}

invariant_2_no_reply_to_random_datagrams() {
	stranger_near
	every_first_byte >"$TMP/random"
	unanswered c 10.0.9.2 <"$TMP/random"
	unanswered c fd09::2 <"$TMP/random"
	in_ns c pilot_frame random 10.0.9.2 "$PORT" "$(scaled 30000)" 1 \
		wait 300 >"$TMP/said"
	equal "$(word answers <"$TMP/said")" 0 "answers"
	nothing_happened
}

invariant_2_no_reply_to_recorded_datagrams() {
	local type

	stranger_near
	for type in 91 92 94; do
		[ -n "$(recorded $type)" ] || fail "no frame $type was recorded"
	done
	# An initiation that was taken, alone: no limit of a source hides it.
	recorded 91 | unanswered c 10.0.9.2
	recorded 91 | unanswered c fd09::2
	recorded 91 | unanswered a 10.0.0.2 from 9999
	for type in 92 94; do
		recorded $type | unanswered c 10.0.9.2
		recorded $type | unanswered c fd09::2
		recorded $type | unanswered a 10.0.0.2 from 9999
	done
	recorded 91 | unanswered c 10.0.9.2
	nothing_happened
}

invariant_2_no_reply_to_cut_and_flipped_datagrams() {
	local type

	stranger_near
	for type in 91 92 94; do
		recorded $type | head -n 1 >"$TMP/one"
		pilot_frame cuts <"$TMP/one" | unanswered c 10.0.9.2
		pilot_frame flips 0 47 <"$TMP/one" | unanswered c 10.0.9.2
		pilot_frame flips 48 <"$TMP/one" | awk 'NR % 7 == 0' |
			unanswered a 10.0.0.2 from 9999
	done
	nothing_happened
}

# The pair talks after that as if nothing was, even a new pair.
a_stranger_does_not_keep_a_pair_apart() {
	stranger_near
	recorded 91 | awk '{for (i = 0; i < 50; i++) print}' |
		unanswered c 10.0.9.2
	must pl b peer delete "$(did a)"
	must pl b peer add "$(did a)" endpoint "$(endpoint_at 1)"
	soon 30 in_ns b ping -n -c 1 -W 2 "$(inet6 a)"
}

# --- on the wire -------------------------------------------------------------

# marked SIDE ADDRESS HEX: pings that carry it there and back.
marked() {
	in_ns "$1" ping -n -c 4 -i 0.2 -W 2 -s 200 -p "$3" "$2" \
		>"$TMP/ping" 2>&1 || true
}

# Before a key, with one, with the next, and after the peer and the device went.
a_whole_life() {
	marked a "$1" "$3"
	reaches a "$1"
	marked b "$2" "$4"
	must pl a peer delete "$(did b)"
	marked a "$1" "$3"
	marked b "$2" "$4"
	must pl a peer add "$(did b)" endpoint "$(endpoint_at 2)"
	soon 30 in_ns a ping -n -c 1 -W 2 "$1"
	marked a "$1" "$3"
	ping_start a "$1" 0.01
	must pl a link delete pilot0
	end_process "$PINGS" -INT
	marked a "$1" "$3"
	marked b "$2" "$4"
}

invariants_1_and_3_neither_plaintext_nor_identity_on_the_wire() {
	local to_b=6d61726b6572746f62206d61726b6572 what
	local to_a=616e6f746865726d61726b20746f2061

	two_sides
	capture wire b wire
	agents_pair
	capture inside b pilot0
	a_whole_life "$(inet6 b)" "$(inet6 a)" "$to_b" "$to_a"
	capture_end inside
	capture_end wire

	{
		printf '%s\n' "to-b $to_b" "to-a $to_a"
		private_forms a
		private_forms b
	} >"$TMP/forms"
	# The search finds what is there, so that what it does not find is not.
	captured inside <"$TMP/forms" >"$TMP/found"
	for what in to-b to-a a.ipv6; do
		grep -qw "$what" "$TMP/found" ||
			fail "$what is not even in the device's own capture"
	done
	for what in 91000000 92000000 94000000; do
		[ -n "$(captured wire <<<"frame $what")" ] ||
			fail "no frame $what on the wire"
	done
	captured wire <"$TMP/forms" >"$TMP/found"
	[ ! -s "$TMP/found" ] ||
		fail "on the wire, by number of the frame: $(<"$TMP/found")"
}

helper_tests \
	invariant_2_no_reply_to_random_datagrams \
	invariant_2_no_reply_to_recorded_datagrams \
	invariant_2_no_reply_to_cut_and_flipped_datagrams \
	a_stranger_does_not_keep_a_pair_apart \
	invariants_1_and_3_neither_plaintext_nor_identity_on_the_wire
