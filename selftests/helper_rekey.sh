#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# New keys while packets are under way, and none of these is lost.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

# As often as it may be.
rekeying_pair() {
	local side

	two_sides
	for side in a b; do
		printf 'log-level debug\nrekey-after 10\n' >"$TMP/$side/conf"
		# Packets under way are what a change of keys could lose.
		in_ns "$side" tc qdisc add dev wire root netem delay 20ms \
			limit 100000 2>/dev/null || skip "netem is missing"
	done
	agents_pair
	reaches a "$(inet6 b)"
	soon 10 peer_state b established
}

# Both directions of the devices themselves: what one sent the other took.
all_arrived() {
	local from

	for from in a b; do
		[ "$(device_count "$from" tx_packets)" = \
			"$(device_count "$(other "$from")" rx_packets)" ] ||
			return 1
	done
}

other() {
	[ "$1" = a ] && echo b || echo a
}

rekey_under_load_loses_no_packet() {
	local epoch lost

	rekeying_pair
	epoch=$(current_epoch a)
	flow_start a b "$(inet6 b)" "$(patience 40)" -u -b 1M -l 1000 --bidir
	ping_start b "$(inet6 a)" 0.02
	soon 60 epoch_past a $((epoch + 1))
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "over $(($(current_epoch a) - epoch)) rekeys"
	lost=$(ping_end b)
	note "$lost pings lost of $(grep -c "bytes from" "$TMP/b/pings")"
	equal "$lost" 0 "pings lost"
	# The receiving program may be too slow; the devices are not.
	soon 10 all_arrived
	note "a sent $(device_count a tx_packets), b took $(device_count b \
		rx_packets)"
	equal "$(device_count a tx_dropped)" 0 "what a dropped"
	equal "$(device_count b rx_dropped)" 0 "what b dropped"
}

rekey_under_tcp_keeps_the_flow() {
	local epoch

	rekeying_pair
	epoch=$(current_epoch a)
	flow_start a b "$(inet6 b)" "$(patience 25)"
	soon 60 epoch_past a "$epoch"
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "over $(($(current_epoch a) - epoch)) rekeys"
}

helper_tests \
	rekey_under_load_loses_no_packet \
	rekey_under_tcp_keeps_the_flow
