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

# move KIND AT: a goes there, until b has it there, directly.
moves() {
	local sent lost gap

	stream_start a "${agent_inet6[b]}"
	goes_on
	site a "$1"
	soon 30 b_has_a_at "$2"
	both_are direct
	goes_on
	read -r _ sent lost gap < <(stream_end 0)
	note "to $1: $lost of $sent pings lost, $gap ms without an answer"
	# What it was reached by is dead after 750 ms, and the relay takes over
	# when the introducer has seen the new address, by a handshake.
	within 0 "$(patience 5000)" "$gap" "the gap in ms"
}

another_address_breaks_no_flow() {
	between eim-apdf eim-apdf
	flow_start a b "${agent_inet6[b]}" "$(patience 40)" -b 2M
	both_are direct
	moves public "$(site_address a public):"
	moves adm "$(site_address a adm):"
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "from three networks"
}

another_family_breaks_no_flow() {
	between v4only public
	flow_start a b "${agent_inet6[b]}" "$(patience 40)" -b 2M
	both_are direct
	moves v6only "[$(site_prefix6 a v6only)::2]:"
	moves v4only "$(site_address a v4only):"
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "by IPv4, by IPv6, and by IPv4"
}

# sleeps SECONDS: nothing runs, the link is down, and the translator forgets.
sleeps() {
	local link=a${nat_number[${site_of[a]}]} end=$((SECONDS + $1)) worker

	worker=$(worker_pid a)
	kill -STOP "$worker"
	ipn a link set "$link" down
	gateway_reset a "${site_of[a]}"
	while [ "$SECONDS" -lt "$end" ]; do
		pause
	done
	ipn a link set "$link" up
	ipn a route add default via 192.168.1.1
	kill -CONT "$worker"
}

sleep_breaks_no_flow() {
	local start slept sent lost gap

	between eim-apdf eim-apdf
	flow_start a b "${agent_inet6[b]}" "$(patience 40)" -b 2M
	both_are direct
	stream_start a "${agent_inet6[b]}"
	goes_on
	start=$(now_ms)
	sleeps 8
	slept=$(($(now_ms) - start))
	goes_on 30
	both_are direct 60
	goes_on
	read -r _ sent lost gap < <(stream_end 0)
	note "asleep for $slept ms: $lost of $sent pings lost," \
		"$gap ms without an answer"
	# One way of another is known soon after it woke, as after a move.
	within 0 $((slept + $(patience 5000))) "$gap" "the gap in ms"
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "with a sleep"
}

helper_tests \
	another_address_breaks_no_flow \
	another_family_breaks_no_flow \
	sleep_breaks_no_flow
