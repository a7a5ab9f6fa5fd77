#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# Agents that know two introducers, of which one dies and stays dead: what goes by
# its relay goes on by the other's, and who is new is introduced by the other.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

INTRODUCERS=(introducer second)

# All of it, as with its machine.
introducer_dies() {
	kill -KILL "$(helper_pid "$1")" "$(worker_pid "$1")" "$(bridge_pid "$1")"
}

the_other_of() {
	[ "$1" = introducer ] && echo second || echo introducer
}

# is_by SIDE NS: what it sends goes by that introducer's relay.
is_by() {
	pl "$1" path show "${agent_did[$(other "$1")]}" |
		grep -q "@$(introducer_at "$2" "$1") kind relay .*state in-use"
}

# USED is the introducer whose relay both ends use.
is_agreed() {
	for USED in "${INTRODUCERS[@]}"; do
		! is_by a "$USED" || ! is_by b "$USED" || return 0
	done
	return 1
}

# knows SIDE NS...: it has sessions with these introducers.
knows() {
	local ns

	for ns in "${@:2}"; do
		soon 30 pl "$1" ping "${agent_did[$ns]}" count 1
	done
}

# fails_over: the introducer in use dies in the middle of a flow, and the other one
# takes over.
fails_over() {
	local before next sent lost gap

	knows a "${INTRODUCERS[@]}"
	knows b "${INTRODUCERS[@]}"
	soon 20 is_agreed
	next=$(the_other_of "$USED")
	flow_start a b "${agent_inet6[b]}" 0 -b 2M
	stream_start a "${agent_inet6[b]}"
	goes_on
	introducer_dies "$USED"
	soon 20 is_by a "$next"
	soon 20 is_by b "$next"
	goes_on
	read -r _ sent lost gap < <(stream_end)
	note "from the relay of $USED to that of $next:" \
		"$lost of $sent pings lost, $gap ms without an answer"
	# A path is dead after 750 ms of silence, and the other relay is at hand.
	within 0 "$(patience 2000)" "$gap" "the gap in ms"
	# Whatever is tried at the dead one, no more is lost: for longer than it
	# takes to see that its own session is dead, too.
	before=$(relayed "$next")
	stream_start a "${agent_inet6[b]}"
	goes_on 60 200
	read -r _ sent lost _ < <(stream_end)
	equal "$lost" 0 "pings lost of $sent after that"
	[ "$(relayed "$next")" -gt $((before + 200)) ] ||
		fail "the relay of $next saw none of it"
	flow_stop a b "by $USED and by $next"
}

a_flow_goes_on_by_the_other_introducer() {
	between apdm apdm
	reaches a "${agent_inet6[b]}"
	fails_over
	# And back again, by a new process.
	helper_start "$USED"
	fails_over
}

# connects_by NS WHAT: from nothing, by that introducer.
connects_by() {
	local first

	stream_start a "${agent_inet6[b]}"
	soon 20 is_answered
	goes_on
	read -r first _ < <(stream_end)
	note "$2, by $1: the first answer after $first ms"
	# Both introducers are asked at once.
	within 0 "$(patience 2000)" "$first" "the time to the first answer in ms"
	soon 20 is_by a "$1"
	soon 20 is_by b "$1"
	flow_start a b "${agent_inet6[b]}" "$(patience 3)"
	flow_end a "by $1"
}

agents_start() {
	agent_start a b
	agent_start b a
}

agents_stop() {
	agent_stop a
	agent_stop b
}

# Each of them, as one is the first that is asked.
a_dead_introducer_is_in_nobodys_way() {
	local dead lives

	sites apdm apdm
	for dead in "${INTRODUCERS[@]}"; do
		lives=$(the_other_of "$dead")
		agents_start
		knows a "${INTRODUCERS[@]}"
		knows b "${INTRODUCERS[@]}"
		introducer_dies "$dead"
		connects_by "$lives" "$dead died just now"
		agents_stop
		agents_start
		knows a "$lives"
		knows b "$lives"
		connects_by "$lives" "$dead was dead from the start"
		agents_stop
		helper_start "$dead"
	done
}

helper_tests \
	a_flow_goes_on_by_the_other_introducer \
	a_dead_introducer_is_in_nobodys_way
