#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# How often a path is watched: each 250 ms while there is traffic, each second
# for a while after it, and after that not at all, until there is traffic again.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

# watched WORD...: two agents that reach each other directly; WORDs are of the
# peer's block at a.
watched() {
	sites public public
	agent_start b a
	WATCH="$*" agent_start a b
	monitor_start a
	reaches a "${agent_inet6[b]}"
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

events_told() {
	grep " $1 " "$TMP/a/monitor" | grep -c " ${agent_id[b]} " || true
}

# frames SECONDS: control frames that come to a in this time: pings of b, and
# answers to its own. Answers of the introducer may be among them: one a second
# in the first ten of the session with it, then one each 25 s.
frames() {
	local before

	before=$(to_helper)
	sleep "$1"
	echo $(($(to_helper) - before))
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
	watched watch 15
	ping_start a "${agent_inet6[b]}" 0.5
	within 60 110 "$(frames 10)" "frames in 10 s with traffic"
	equal "$(ping_end a)" 0 "pings lost"
	equal "$(events_told peer-active)" 0 "active events before it was idle"
	soon 30 told peer-idle 1
	within 14 30 "$(frames 8)" "frames in 8 s when idle"
	# b goes on for longer than a, which answers only.
	soon 30 is_watched_less
	within 6 20 "$(frames 8)" "frames in 8 s when idle for long"
	reaches a "${agent_inet6[b]}"
	soon 10 told peer-active 1
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

helper_tests idle_paths_are_watched_less_and_less changes_of_a_peer_wake_nobody
