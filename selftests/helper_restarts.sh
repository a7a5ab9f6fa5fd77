#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=800
#
# Any helper may die at any time: that of an agent or of the introducer, its
# worker, its parent or all of it, while data goes by the relay, and while the path is about
# to become a direct one.  A TCP flow goes through all of it, and what is lost is
# told.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

STREAM_INTERVAL=0.1

# On the relay, for there is no other way, with a flow.
relayed_flow() {
	sites eim-apdf eim-apdf
	middle_cut
	agent_start a b
	agent_start b a
	stream_start a "${agent_inet6[b]}"
	both_are relay
	flow_start a b "${agent_inet6[b]}" 0 -b "$(scaled 2000)K"
	goes_on
	stream_end >/dev/null
}

worker_is_another() {
	local pid

	pid=$(worker_pid "$1") && [ -n "$pid" ] && [ "$pid" != "$2" ]
}

worker_dies() {
	local worker

	worker=$(worker_pid "$1")
	kill -KILL "$worker"
	soon 20 worker_is_another "$1" "$worker"
}

# The worker keeps the sockets, and does nothing else, until there is another.
parent_dies() {
	kill -KILL "$(helper_pid "$1")"
	soon 20 grep -q "keeping the sockets" "$TMP/$1/log"
	helper_start "$1"
	grep -q "took the sockets over" "$TMP/$1/log" ||
		fail "the sockets are not the old ones"
}

# Without a chance to put anything in order; its sockets go as well.
all_dies() {
	kill -KILL "$(helper_pid "$1")" "$(worker_pid "$1")"
	helper_start "$1"
}

# Another address of a begins all of it anew, at once: three rounds of punching.
# They are seen to go on, and now they can succeed.  A debug kernel is too slow to
# look: they are over when the command has started.
moves_soon() {
	ipn a addr add 192.168.1.77/24 dev "a${nat_number[${site_of[a]}]}"
	((PILOT_DEBUG_KERNEL)) || soon 20 is_trying
	middle_mend
}

is_trying() {
	pl a path show "${agent_did[b]}" | grep -q "trying better paths"
}

# phase_end WHAT BOUND [FROM]: the pings of this phase; at most BOUND ms without
# an answer, and as long again as it took since FROM.
phase_end() {
	local sent lost gap bound=$2

	read -r _ sent lost gap < <(stream_end)
	note "$1: $lost of $sent pings lost, $gap ms without an answer"
	[ "$bound" != 0 ] || {
		equal "$lost" 0 "pings lost"
		return
	}
	within 0 $(($(patience "$bound") + ${3:-0})) "$gap" "the gap in ms"
}

# survives WHAT DEATH ON-RELAY MOVING BOUND BOUND: DEATH happens to one side on the
# relay and to one on the move.  It may take each BOUND to go on, 0: nothing may
# be lost, and the time that the death itself took.
survives() {
	local what=$1 death=$2 first=$3 second=$4 start took

	relayed_flow
	stream_start a "${agent_inet6[b]}"
	goes_on
	start=$(now_ms)
	"$death" "$first"
	took=$(($(now_ms) - start))
	goes_on 30
	# Longer than a path may be silent, so that all have noticed.
	goes_on 30 30
	both_are relay
	phase_end "$what, by the relay" "$5" "$took"

	stream_start a "${agent_inet6[b]}"
	goes_on
	moves_soon
	start=$(now_ms)
	"$death" "$second"
	took=$(($(now_ms) - start))
	both_are direct 60
	goes_on
	phase_end "$what, on the move" "$6" "$took"
	# And all of them can still be talked to.
	soon 60 pl a ping "${agent_did[b]}" count 1
	soon 60 pl introducer ping "${agent_did[a]}" count 1
	soon 60 pl introducer ping "${agent_did[b]}" count 1
	flow_stop a b "through all of it"
}

# What goes on goes on in the kernels.  On the move the other end may have chosen
# a path that the new worker knows nothing of: until it is silent for 3 s.
an_agents_worker_may_die() {
	survives "an agent's worker died" worker_dies a b 0 4000
}

the_introducers_worker_may_die() {
	survives "the introducer's worker died" worker_dies introducer \
		introducer 0 4000
}

# As when the worker dies, only that it takes longer until there is another.
an_agents_parent_may_die() {
	survives "an agent's parent died" parent_dies a b 0 4000
}

# Keys and endpoints are still in the kernel, and work as soon as there are
# sockets; a path that died meanwhile is found again after 3 s.
an_agents_helper_may_die() {
	survives "an agent's helper died" all_dies a b 4000 6000
}

# It cannot read what it is asked before each client has made new keys with it: a
# client does so after three requests without an answer, 250 ms, 500 ms and 1 s
# apart, and a handshake may have to be repeated.
the_introducers_helper_may_die() {
	survives "the introducer's helper died" all_dies introducer introducer \
		8000 8000
}

helper_tests \
	an_agents_worker_may_die \
	the_introducers_worker_may_die \
	an_agents_parent_may_die \
	an_agents_helper_may_die \
	the_introducers_helper_may_die
