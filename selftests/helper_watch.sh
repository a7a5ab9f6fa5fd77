#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# How often a path is watched: each 250 ms while there is traffic, each second
# for a while after it, and after that not at all, until there is traffic again.
# And how soon a path that dies in each of these states is replaced.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

SITES=public

# watched WORD...: two agents that reach each other directly; WORDs are of the
# peer's block at a, and WATCH is for the one at b.
watched() {
	sites "$SITES" "$SITES"
	agent_start b a
	WATCH="$*" agent_start a b
	monitor_start a
	# The device may be there before its peers are.
	soon 30 in_ns a ping -n -c 1 -W 5 "${agent_inet6[b]}"
	both_are direct
}

monitor_start() {
	spawn "$TMP/$1/monitor" in_ns "$1" pilot-link \
		--control "$TMP/$1/sock" monitor
}

# told EVENT N: so often of b, not of the introducer.
told() {
	[ "$(events_told "$1")" -ge "$2" ]
}

# Told of it as active since it was last told of as idle, or never idle.
is_active() {
	[ "$(events_told peer-active)" -eq "$(events_told peer-idle)" ]
}

events_told() {
	grep " $1 " "$TMP/a/monitor" | grep -c " ${agent_id[b]} " || true
}

# frames SECONDS: control frames that come to a in this time: pings of b, and
# answers to its own. Answers of the introducer may be among them: one a second
# in the first ten of the session with it, then one each 25 s. To ask takes its
# time, too, in which more of them come.
frames() {
	local before since after

	before=$(to_helper)
	since=$(now_ms)
	sleep "$1"
	after=$(to_helper)
	echo $(((after - before) * 1000 * $1 / ($(now_ms) - since)))
}

# By both families: they have both.
to_helper() {
	echo $(($(FAMILY=4 socket_stat a rx-helper) +
		$(FAMILY=6 socket_stat a rx-helper)))
}

is_watched_less() {
	[ "$(frames 4)" -le 10 ]
}

# All of it at both ends, so each ping there is one of the other and an answer.
idle_paths_are_watched_less_and_less() {
	local active

	# b goes on for longer than a, which answers only.
	WATCH="watch $(patience 60)" watched watch "$(patience 15)"
	ping_start a "${agent_inet6[b]}" 0.5
	# It may have been idle before these begin.
	soon 10 is_active
	active=$(events_told peer-active)
	within 60 110 "$(frames 10)" "frames in 10 s with traffic"
	equal "$(ping_end a)" 0 "pings lost"
	equal "$(events_told peer-active)" "$active" "active events with traffic"
	soon 30 told peer-idle $((active + 1))
	within 14 30 "$(frames 8)" "frames in 8 s when idle"
	soon 30 is_watched_less
	within 6 20 "$(frames 8)" "frames in 8 s when idle for long"
	reaches a "${agent_inet6[b]}"
	soon 10 told peer-active $((active + 1))
	within 48 100 "$(frames 8)" "frames in 8 s after traffic"
}

# What else is changed of an idle peer makes it no other.
changes_of_a_peer_wake_nobody() {
	watched
	soon 30 told peer-idle 1
	must pl a peer set "$(did b)" silence 30
	must pl a peer set "$(did b)" keepalive 20
	equal "$(events_told peer-active)" 0 "active events after a change"
	must pl a peer set "$(did b)" idle 4
	soon 10 told peer-active 1
	soon 30 told peer-idle 2
	equal "$(events_told peer-active)" 1 "active events"
}

is_not_watched() {
	[ "$(frames 4)" -le 1 ]
}

# Idle, and with one path: of two, by IPv6 and by IPv4, each would die in its time.
with_one_path() {
	SITES=v4only
	watched
	soon 30 told peer-idle 1
}

# As the log has it, which is seen sooner than what is asked for.
took_the_relay() {
	[[ $(grep path-used: "$TMP/$1/log" | tail -n 1) == *": relay by "* ]]
}

# Without a packet that would need it, in less than 3 s.
a_path_that_dies_while_idle_is_replaced() {
	local start took slack

	with_one_path
	# What it takes to cut it, to look at both twice, and to pause.
	start=$(now_ms)
	if took_the_relay a || took_the_relay b; then
		fail "the path is not direct any more"
	fi
	slack=$((2 * ($(now_ms) - start) + 100))
	start=$(now_ms)
	middle_cut
	slack=$((slack + $(now_ms) - start))
	soon 10 took_the_relay a
	soon 10 took_the_relay b
	took=$(($(now_ms) - start))
	note "idle: by the relay after $took ms, $slack ms of them to see it"
	both_are relay
	equal "$(events_told peer-active)" 0 "active events"
	((PILOT_DEBUG_KERNEL)) ||
		within 0 $((3000 + slack)) "$took" "ms until both use the relay"
}

# With the first packet, in less than 1 s.
a_path_that_died_unwatched_is_replaced_when_it_is_needed() {
	local first sent lost gap

	with_one_path
	soon 100 is_not_watched
	middle_cut
	stream_start a "${agent_inet6[b]}"
	both_are relay
	goes_on
	read -r _ sent lost gap < <(stream_end)
	# Each 50 ms one was sent. How late one is in this guest can be seen
	# from the answers that came.
	first=$(sed -n 's/.*bytes from.*icmp_seq=\([0-9]*\) .*/\1/p' \
		"$TMP/stream" | head -n 1)
	note "unwatched: answers from ping $first of 50 ms on, then" \
		"$lost of $sent lost, in $gap ms"
	equal "$lost" 0 "pings lost by the relay"
	((PILOT_DEBUG_KERNEL)) || within 0 $((1000 + gap)) $((first * 50)) \
		"ms until the first answer"
}

helper_tests idle_paths_are_watched_less_and_less changes_of_a_peer_wake_nobody \
	a_path_that_dies_while_idle_is_replaced \
	a_path_that_died_unwatched_is_replaced_when_it_is_needed
