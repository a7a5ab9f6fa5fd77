#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# Agents with an introducer that go from one network to another, sleep, or are
# behind a translator that forgets soon.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

STREAM_INTERVAL=0.1

# b_has_a_at TEXT: where b sends to a, at its beginning.
b_has_a_at() {
	pl b path show "${agent_did[a]}" | head -n 1 | grep -qF " endpoint $1"
}

# moves KIND AT: a goes there, until b has it there, directly.
moves() {
	local start plugged sent lost gap

	stream_start a "${agent_inet6[b]}"
	goes_on
	start=$(now_ms)
	site a "$1"
	plugged=$(($(now_ms) - start))
	soon 30 b_has_a_at "$2"
	both_are direct
	goes_on
	read -r _ sent lost gap < <(stream_end)
	note "to $1: $lost of $sent pings lost, $gap ms without an answer," \
		"$plugged ms of them to plug it in"
	# What it was reached by is dead after 750 ms, and the relay takes over
	# when the introducer has seen the new address, by a handshake.
	within 0 $((plugged + $(patience 5000))) "$gap" "the gap in ms"
}

# between_sites KIND KIND KIND...: a is at the last, b at the first; the others
# are there when a comes.
between_sites() {
	local kind b=$1
	shift

	sites "$1" "$b"
	for kind; do
		site a "$kind"
	done
	agent_start a b
	agent_start b a
}

another_address_breaks_no_flow() {
	between_sites eim-apdf public cgn eim-apdf
	flow_start a b "${agent_inet6[b]}" 0 -b "$(scaled 2000)K"
	both_are direct
	moves public "$(site_address a public):"
	moves cgn "$(site_address a cgn):"
	flow_stop a b "from three networks"
}

another_family_breaks_no_flow() {
	between_sites public v6only v4only
	flow_start a b "${agent_inet6[b]}" 0 -b "$(scaled 2000)K"
	both_are direct
	moves v6only "[$(site_prefix6 a v6only)::2]:"
	moves v4only "$(site_address a v4only):"
	flow_stop a b "by IPv4, by IPv6, and by IPv4"
}

# let_pass SECONDS: the time itself is what matters.
let_pass() {
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		pause
	done
}

# sleeps SECONDS: nothing runs, the link is down, and the translator forgets.
sleeps() {
	local link=a${nat_number[${site_of[a]}]} helper=()

	helper=("$(helper_pid a)" "$(worker_pid a)")
	kill -STOP "${helper[@]}"
	ipn a link set "$link" down
	gateway_reset a "${site_of[a]}"
	let_pass "$1"
	ipn a link set "$link" up
	ipn a route add default via 192.168.1.1
	kill -CONT "${helper[@]}"
}

sleep_breaks_no_flow() {
	local start slept sent lost gap

	between eim-apdf eim-apdf
	flow_start a b "${agent_inet6[b]}" 0 -b "$(scaled 2000)K"
	both_are direct
	stream_start a "${agent_inet6[b]}"
	goes_on
	start=$(now_ms)
	sleeps 8
	slept=$(($(now_ms) - start))
	goes_on 30
	both_are direct 60
	goes_on
	read -r _ sent lost gap < <(stream_end)
	note "asleep for $slept ms: $lost of $sent pings lost," \
		"$gap ms without an answer"
	# One way of another is known soon after it woke, as after a move.
	within 0 $((slept + $(patience 5000))) "$gap" "the gap in ms"
	flow_stop a b "with a sleep"
}

# With a translator at a that forgets after FORGETS seconds, and chooses another
# port at random each time.
forgetful() {
	sites apdm public
	in_ns a.apdm sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$FORGETS" \
		net.netfilter.nf_conntrack_udp_timeout_stream="$FORGETS"
	# So that it is learned in good time, from 10 s on.
	KEEPALIVE=10
	agent_start a b
	agent_start b a
}

# The translator forgets the path while nothing is said, and lets the introducer
# in all the same: b gets through at once, at any time.
a_translator_that_forgets_keeps_nobody_out() {
	local i first worst=0

	FORGETS=8 IDLE=3
	forgetful
	reaches a "${agent_inet6[b]}"
	both_are direct
	for i in 1 2; do
		# A path is pinged for 60 s after the kernel says that it is
		# idle; then it is forgotten.
		let_pass $((IDLE + 60 + FORGETS + 3 * i))
		stream_start b "${agent_inet6[a]}"
		soon 20 is_answered
		read -r first _ < <(stream_end)
		note "after a while without traffic: an answer in $first ms"
		[ "$first" -le "$worst" ] || worst=$first
	done
	# 750 ms until the old path is dead, and the relay.
	within 0 "$(patience 3000)" "$worst" "the time to an answer in ms"
}

helper_tests \
	another_address_breaks_no_flow \
	another_family_breaks_no_flow \
	sleep_breaks_no_flow \
	a_translator_that_forgets_keeps_nobody_out
