#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# Lanes as two helpers agree on them: as many as both have, and no more than the
# network lets through.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

# lanes_pair LANES-OF-A LANES-OF-B
lanes_pair() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	two_sides
	printf 'log-level debug\nlanes %d\n' "$1" >"$TMP/a/conf"
	printf 'log-level debug\nlanes %d\n' "$2" >"$TMP/b/conf"
	agents_pair
	reaches a "$(inet6 b)"
	soon 10 peer_state a established
}

# lanes_of SIDE: how many its peer has.
lanes_of() {
	pl "$1" -j -d peer show |
		python3 -c 'import json, sys
print(len(json.load(sys.stdin)[0].get("lanes", [])) or 1)'
}

lanes_are() {
	[ "$(lanes_of "$1")" = "$2" ]
}

answers() {
	in_ns "$1" ping -n -c 1 -W 2 "$2"
}

each_processor_gets_a_lane() {
	lanes_pair 2 2
	soon 10 lanes_are a 2
	soon 10 lanes_are b 2
	soon 30 lane_used a "$(inet6 b)" 1
	soon 30 lane_used a "$(inet6 b)" 0
	soon 30 lane_used b "$(inet6 a)" 1
}

fewer_lanes_at_one_end() {
	lanes_pair 8 2
	soon 10 lanes_are a 2
	soon 10 lanes_are b 2
	soon 30 lane_used b "$(inet6 a)" 1
}

one_lane_at_one_end() {
	lanes_pair 1 4
	equal "$(lanes_of a) $(lanes_of b)" "1 1" "the lanes"
	in_ns b taskset -c 1 ping -n -c 5 -i 0.1 "$(inet6 a)" >/dev/null ||
		fail "no answer from processor 1"
}

# A filter that lets the session's own port pass and nothing else.
blocked_lanes_are_not_used() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	two_sides
	in_ns b nft -f - <<-EOF
		table inet filter {
			chain input {
				type filter hook input priority 0;
				udp dport $((PORT + 1))-$((PORT + 7)) drop
			}
		}
	EOF
	printf 'log-level debug\nlanes 2\n' | tee "$TMP/a/conf" >"$TMP/b/conf"
	agents_pair
	reaches a "$(inet6 b)"
	flow_start a b "$(inet6 b)" "$(patience 10)" -P 2
	reaches b "$(inet6 a)"
	flow_end a "with lane 1 blocked"
	lane_is a 1 unproven || fail "a takes lane 1 for one that works"
	in_ns b nft delete table inet filter
	soon 30 lane_used a "$(inet6 b)" 1
}

rekey_takes_all_lanes_along() {
	local epoch

	two_sides
	printf 'log-level debug\nlanes 2\nrekey-after 10\n' |
		tee "$TMP/a/conf" >"$TMP/b/conf"
	agents_pair
	reaches a "$(inet6 b)"
	soon 30 lane_used a "$(inet6 b)" 1
	epoch=$(current_epoch a)
	flow_start a b "$(inet6 b)" "$(patience 40)" -u -b 1M -l 1000 -P 2
	ping_start b "$(inet6 a)" 0.02
	soon 60 epoch_past a $((epoch + 1))
	equal "$(ping_end b)" 0 "pings lost"
	flow_end a "over $(($(current_epoch a) - epoch)) rekeys"
	soon 30 lane_used a "$(inet6 b)" 1
	pl a -j -d peer show | python3 -c '
import json, sys
keys = json.load(sys.stdin)[0]["keys"]
now = {k["lane"]: k["epoch"] for k in keys if k["slot"] == "current"}
sys.exit(0 if now.get(0) == now.get(1) else f"epochs are {now}")' ||
		fail "the lanes have different keys"
}

# A flow goes on, its lanes as well.
worker_dies_and_lanes_stay() {
	lanes_pair 2 2
	soon 30 lane_used a "$(inet6 b)" 1
	flow_start a b "$(inet6 b)" "$(patience 15)" -P 2
	kill -KILL "$(worker_pid a)"
	soon 30 answers b "$(inet6 a)"
	flow_end a "over the death of a worker"
	soon 30 lane_used a "$(inet6 b)" 1
}

# One end is started anew with fewer lanes.
restart_with_fewer_lanes() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	two_sides
	printf 'log-level debug\nlanes 2\nrekey-after 10\n' |
		tee "$TMP/a/conf" >"$TMP/b/conf"
	agents_pair
	reaches a "$(inet6 b)"
	soon 30 lane_used b "$(inet6 a)" 1
	end_process "$(helper_pid a)"
	printf 'log-level debug\nlanes 1\nrekey-after 10\n' >"$TMP/a/conf"
	helper_start a
	soon 60 answers b "$(inet6 a)"
	# The next keys end those of the lane that went.
	ping_start b "$(inet6 a)" 0.1
	soon 60 lanes_are a 1
	soon 60 lanes_are b 1
	end_process "$PINGS"
	in_ns b taskset -c 1 ping -n -c 5 -i 0.1 "$(inet6 a)" >/dev/null ||
		fail "no answer from processor 1"
}

helper_tests each_processor_gets_a_lane fewer_lanes_at_one_end \
	one_lane_at_one_end blocked_lanes_are_not_used \
	rekey_takes_all_lanes_along worker_dies_and_lanes_stay \
	restart_with_fewer_lanes
