#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# What flows goes on when the helper dies, whichever part of it, and the next
# one takes up where it was.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

# traffic_start: a flow of a known rate, so that no queue overflows, and pings
# beside it.
traffic_start() {
	two_sides
	agents_pair
	reaches a "$(inet6 b)"
	flow_start a b "$(inet6 b)" 0 -b "$(scaled 10000)K"
	ping_start a "$(inet6 b)" 0.05
}

# traffic_end WHAT: LOST is how many pings were not answered.
traffic_end() {
	flow_stop a b "over $1"
	LOST=$(ping_end a)
	note "$1: $LOST pings lost of $(grep -c "bytes from" "$TMP/a/pings")"
}

worker_is_another() {
	local pid

	pid=$(worker_pid "$1") && [ -n "$pid" ] && [ "$pid" != "$2" ]
}

# What the helper knew it knows again, and it can still make keys: a new psk
# makes both ends look for one.
all_is_as_before() {
	local epoch side

	soon 20 peer_state a established
	equal "$(shown a source)" runtime "the source of a's peer"
	equal "$(shown a did)" "$(did b)" "a's peer"
	equal "$(shown a endpoint)" "$(endpoint_at 2)" "where a has it"
	pl a link show | grep -q pilot0 || fail "a's link is not shown"
	epoch=$(current_epoch a)
	for side in b a; do
		printf '%064d\n' 7 >"$TMP/$side/psk"
		chmod 600 "$TMP/$side/psk"
	done
	must pl b peer set "$(did a)" psk "$TMP/b/psk"
	must pl a peer set "$(did b)" psk "$TMP/a/psk"
	soon 60 epoch_past a "$epoch"
	soon 60 epoch_past b "$epoch"
	reaches a "$(inet6 b)"
}

worker_dies() {
	local worker

	traffic_start
	worker=$(worker_pid "$1")
	kill -KILL "$worker"
	soon 20 worker_is_another "$1" "$worker"
	soon 20 peer_state "$1" established
	traffic_end "the death of $1's worker"
	equal "$LOST" 0 "pings lost"
	all_is_as_before
}

invariant_8_helper_death_stops_no_flow_worker_of_the_sender() {
	worker_dies a
}

invariant_8_helper_death_stops_no_flow_worker_of_the_receiver() {
	worker_dies b
}

# Without systemd, whose unit would confine it as well.  It answers from within
# its sandbox.
every_worker_is_confined() {
	local worker

	two_sides
	helper_start a
	soon 20 pl a stats pilotd
	worker=$(worker_pid a)
	confined "$worker"
	kill -KILL "$worker"
	soon 20 worker_is_another a "$worker"
	soon 20 pl a stats pilotd
	confined "$(worker_pid a)"
}

# A worker that is stopped reads nothing, dies of nothing, and holds the sockets.
a_worker_that_hangs_is_replaced() {
	local worker

	traffic_start
	worker=$(worker_pid a)
	kill -STOP "$worker"
	soon 40 grep -q "the worker hangs" "$TMP/a/log"
	soon 20 worker_is_another a "$worker"
	! kill -0 "$worker" 2>/dev/null || fail "the old worker is there still"
	soon 20 peer_state a established
	traffic_end "a worker that hung"
	equal "$LOST" 0 "pings lost"
	all_is_as_before
}

invariant_8_helper_death_stops_no_flow_parent() {
	traffic_start
	kill -KILL "$(helper_pid a)"
	soon 20 grep -q "keeping the sockets" "$TMP/a/log"
	helper_start a
	grep -q "took the sockets over" "$TMP/a/log" ||
		fail "the sockets are not the old ones"
	soon 20 peer_state a established
	traffic_end "the death of a's parent"
	equal "$LOST" 0 "pings lost"
	all_is_as_before
}

# The sockets close with the last process: packets are lost until there is a
# helper again, the keys are not.
invariant_8_helper_death_stops_no_flow_both() {
	local epoch

	traffic_start
	epoch=$(current_epoch a)
	kill -KILL "$(helper_pid a)" "$(worker_pid a)"
	helper_start a
	equal "$(current_epoch a)" "$epoch" "the epoch of the key"
	soon 20 peer_state a established
	traffic_end "the death of all of a's helper"
	all_is_as_before
}

a_stop_and_a_start_keep_the_flow() {
	traffic_start
	end_process "$(helper_pid a)"
	helper_start a
	soon 20 peer_state a established
	traffic_end "a stop and a start"
	all_is_as_before
}

helper_tests \
	every_worker_is_confined \
	invariant_8_helper_death_stops_no_flow_worker_of_the_sender \
	invariant_8_helper_death_stops_no_flow_worker_of_the_receiver \
	a_worker_that_hangs_is_replaced \
	invariant_8_helper_death_stops_no_flow_parent \
	invariant_8_helper_death_stops_no_flow_both \
	a_stop_and_a_start_keep_the_flow
