#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# What two helpers say to each other under the control keys of their session.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

# asked SIDE OTHER [ARG]...: what pilot-link ping says, once at least.
asked() {
	pl "$1" -j ping "$(did "$2")" count 1 "${@:3}"
}

is_answered() {
	asked "$@" >"$TMP/asked" 2>&1
}

# observed SIDE: what the other end saw in the last answer.
observed() {
	python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["observed"])' <"$TMP/asked"
}

talking() {
	two_sides
	agents_pair
	reaches a "$(inet6 b)"
	soon 10 peer_state a established
}

the_first_ping_brings_a_session() {
	two_sides
	agents_pair
	soon 30 is_answered a b
	soon 10 peer_state a established
}

both_ends_see_each_other() {
	talking
	soon 20 is_answered a b
	equal "$(observed)" "$(endpoint_at 1)" "a as b sees it"
	soon 20 is_answered b a
	equal "$(observed)" "$(endpoint_at 2)" "b as a sees it"
}

underlay_is_ipv6() {
	FAMILY=6
	talking
	soon 20 is_answered a b
	equal "$(observed)" "$(endpoint_at 1)" "a as b sees it"
}

a_dead_helper_does_not_answer() {
	local worker

	talking
	soon 20 is_answered a b
	worker=$(worker_pid b)
	kill -STOP "$worker"
	! is_answered a b || fail "something answered"
	# Traffic does not need it.
	reaches a "$(inet6 b)"
	# On a slow kernel its parent may have replaced it by now.
	kill -CONT "$worker" 2>/dev/null || true
	soon 20 is_answered a b
}

# The keys of this channel end with the worker: another one makes new ones.
a_new_worker_answers_again() {
	talking
	soon 20 is_answered a b
	kill -KILL "$(worker_pid b)"
	soon 60 is_answered a b
	soon 20 is_answered b a
}

strangers_and_nonsense_are_refused() {
	talking
	identity a 2
	refused pl a ping "$(did a 2)"
	says "$TMP/refused" "no such peer" || fail "$(cat "$TMP/refused")"
	refused pl a ping 1:0001.0000.0000
	refused pl a ping "$(did b)" link pilot9
	refused pl a ping "$(did b)" count none
}

helper_tests \
	the_first_ping_brings_a_session \
	both_ends_see_each_other \
	underlay_is_ipv6 \
	a_dead_helper_does_not_answer \
	a_new_worker_answers_again \
	strangers_and_nonsense_are_refused
