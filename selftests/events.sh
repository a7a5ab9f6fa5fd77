#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=240
#
# What the helper is told, when, and why.

. "$(dirname "$0")/lib.sh"

# One datagram to an agent, in the background of nothing: no answer is awaited.
poke() {
	in_ns "$1" bash -c "echo poke >/dev/udp/$(agent_ip "$2")/9" 2>/dev/null ||
		true
}

acquire_for_an_unknown_address() {
	ns_add a b
	wire a b
	agent_up a 5
	events a
	poke a 6
	event_wait a "acquire reason no-peer .*device $(agent 5 | long) peer $(agent 6 | long)"
	equal "$(stat a tx-records)" 0 "records sent"
}

# An address as pilot_ctl prints it.
long() {
	local n

	read -r n
	printf '0x%012x' "$n"
}

# Agent 5 in a sends one packet to agent 6, for which it has no key.
poke_without_a_key() {
	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	events a
	poke a 6
}

acquire_for_a_peer_without_a_key() {
	poke_without_a_key
	event_wait a "acquire reason no-key .*peer $(agent 6 | long)"
	equal "$(peer_stat a 6 queued)" 1 "packets that wait"
}

acquires_are_limited_to_one_a_second() {
	local start=$SECONDS n i

	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	events a
	in_ns a ping -n -c 40 -i 0.02 -W 1 "$(agent_ip 6)" >/dev/null 2>&1 ||
		true
	event_wait a acquire
	n=$(events_n a acquire)
	within 1 $((SECONDS - start + 1)) "$n" "acquire events"
}

events_at_least() {
	[ "$(events_n "$1" "$2")" -ge "$3" ]
}

# Whoever was to hear the first question may have come later.
a_packet_that_waits_asks_again() {
	poke_without_a_key
	wait_for 15 events_at_least a 'acquire reason no-key' 3 ||
		fail "asked only $(events_n a acquire) times"
	wait_for 15 stat_at_least a tx-drop-unanswered 1 ||
		fail "the packet was not given up"
	# One that comes with the packet, and one a second of the five it waits.
	within 3 5 "$(events_n a acquire)" "acquire events of one packet"
}

# In one go, or they would have waited too long before a slow machine is done.
packets_that_waited_go_out_with_the_key() {
	local how

	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	peer b 5 1
	events a
	how="$(peer_words "pilot0@$NSP-a" 6 2)
		peer-get pilot0 $(agent 6)
		$(key_words "pilot0@$NSP-b" 6 5 1 next)
		$(key_words "pilot0@$NSP-a" 5 6 1 current)"
	spawn "$TMP/waited" in_ns a ping -n -c 1 -W "$(patience 10)" \
		"$(agent_ip 6)"
	event_wait a 'acquire reason no-peer'
	pilot_ctl -b <<<"$how" >"$TMP/how"
	equal "$(word queued peer <"$TMP/how")" 1 \
		"packets the new peer was handed"
	wait_for 10 says "$TMP/waited" ' 1 received' ||
		fail "the first ping was lost: $(cat "$TMP/waited")"
}

packets_that_wait_too_long_are_given_up() {
	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	poke a 6
	poke a 7
	equal "$(peer_stat a 6 queued)" 1 "packets that wait"
	wait_for 15 stat_at_least a tx-drop-unanswered 2 ||
		fail "nothing was given up: $(stat a tx-drop-unanswered)"
	equal "$(peer_stat a 6 queued)" 0 "packets that wait"
}

soft_and_hard_limit_by_packets() {
	local n

	pair
	events a
	key b 6 5 2 next
	key a 5 6 2 current soft-packets 5 hard-packets 10
	in_ns a ping -n -c 20 -i 0.05 -W 1 "$(agent_ip 6)" >/dev/null 2>&1 ||
		true
	event_wait a "soft-limit reason packets .*epoch 2"
	event_wait a "hard-limit reason packets .*epoch 2"
	equal "$(key_stat b 5 2 rx-counter)" 10 "frames that b saw"
	equal "$(events_n a 'soft-limit')" 1 "soft limit events"
	equal "$(events_n a 'hard-limit')" 1 "hard limit events"
	event_wait a 'acquire reason no-key'
}

soft_and_hard_limit_by_age() {
	pair
	events a
	key b 6 5 2 next
	key a 5 6 2 current soft-age "$(patience 2)" hard-age "$(patience 4)"
	pings a 6
	event_wait a 'soft-limit reason age .*epoch 2' 15
	event_wait a 'hard-limit reason age .*epoch 2' 15
	is_silent a 6 || fail "an expired key carries packets"
	equal "$(events_n a 'soft-limit reason age .*epoch 2')" 1 "soft events"
	equal "$(events_n a 'hard-limit reason age .*epoch 2')" 1 "hard events"
}

key_becomes_current_by_a_packet_or_by_request() {
	pair
	events b
	key b 6 5 2 next
	equal "$(key_stat b 5 2 slot)" next "slot at first"
	key a 5 6 2 current
	event_wait b 'key-current reason received .*epoch 2'
	equal "$(key_stat b 5 2 slot)" current "slot after a packet"
	equal "$(key_stat b 5 1 slot)" previous "the old key's slot"
	key b 6 5 3 next
	in_ns b pilot_ctl key-swap pilot0 "$(agent 5)" epoch 3
	event_wait b 'key-current reason request .*epoch 3'
	equal "$(key_stat b 5 3 slot)" current "slot after the swap"
	key a 5 6 3 current
	pings a 6
}

idle_peer_is_told_once() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle "$(patience 2)"
	pings a 6
	event_wait a 'peer-idle reason timeout' 15
	equal "$(events_n a peer-idle)" 1 "idle events"
	pings a 6
	wait_for 15 idle_again || fail "the second idle time was not told"
}

# What the other end sends counts as well; one that was not idle is not active.
idle_peer_that_talks_is_told_once() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle "$(patience 2)"
	pings a 6
	event_wait a 'peer-idle reason timeout' 15
	equal "$(events_n a peer-active)" 0 "active events of a first packet"
	pings b 5
	pings a 6
	event_wait a "peer-active reason traffic .*peer $(agent 6 | long)"
	wait_for 15 idle_again || fail "the second idle time was not told"
	equal "$(events_n a peer-active)" 1 "active events"
	pings a 6
	wait_for 15 active_again || fail "the second packet was not told"
}

# A keepalive is no data.
keepalive_wakes_nobody() {
	local before

	pair
	events a
	pings a 6
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 1 keepalive 1
	event_wait a 'peer-idle reason timeout' 15
	before=$(stat b rx-keepalives)
	wait_for 15 stat_at_least b rx-keepalives $((before + 3)) ||
		fail "only $(stat b rx-keepalives) keepalives came"
	equal "$(events_n a peer-active)" 0 "active events"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" keepalive 0
}

# A helper that comes later is told as well.
idle_time_that_is_set_begins_anew() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 1
	event_wait a 'peer-idle reason timeout' 15
	equal "$(events_n a peer-active)" 0 "active events"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 1
	event_wait a 'peer-active reason request'
	wait_for 15 idle_again || fail "the second idle time was not told"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" keepalive 0
	equal "$(events_n a peer-active)" 1 "active events"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 0
	wait_for 15 active_again || fail "who ends the idle time is told nothing"
	pings a 6
	equal "$(events_n a peer-active)" 2 "active events without an idle time"
}

# Data from long ago does not make it idle at once.
idle_time_begins_when_it_is_set() {
	local began

	pair
	pings a 6
	wait_for 20 heard_long_ago || fail "a hears something all the time"
	events a
	began=$SECONDS
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 5
	event_wait a 'peer-idle reason timeout' 30
	[ $((SECONDS - began)) -ge 4 ] ||
		fail "told after $((SECONDS - began)) s"
}

heard_long_ago() {
	[ "$(peer_stat a 6 since-rx)" -ge 5000 ]
}

# Nothing was sent in either: the helper waits for the one, and for the other.
each_session_is_told_idle() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" idle 1
	event_wait a 'peer-idle reason timeout' 15
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1
	key a 5 6 2 current
	wait_for 15 idle_again || fail "the second session was not told"
	equal "$(events_n a peer-active)" 0 "active events"
}

active_again() {
	[ "$(events_n a peer-active)" -eq 2 ]
}

idle_again() {
	[ "$(events_n a peer-idle)" -eq 2 ]
}

silent_peer_is_told() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" silence 2
	pings a 6
	ipn b link set wire down
	in_ns a ping -n -c 2 -W 1 "$(agent_ip 6)" >/dev/null 2>&1 || true
	event_wait a 'peer-silent reason timeout' 15
}

answering_peer_is_not_called_silent() {
	pair
	events a
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" silence 2
	in_ns a ping -n -c 6 -i 0.6 -W "$(patience 5)" "$(agent_ip 6)" >/dev/null
	equal "$(events_n a peer-silent)" 0 "silent events"
}

keepalives_are_sent_when_nothing_else_is() {
	local before

	pair
	before=$(stat b rx-keepalives)
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" keepalive 1
	wait_for 15 stat_at_least b rx-keepalives $((before + 3)) ||
		fail "only $(stat b rx-keepalives) keepalives came"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" keepalive 0
}

lost_socket_is_told_in_both_namespaces() {
	ns_add a b inside
	wire a b
	hold a "4:$PORT" "6:$PORT"
	device inside 5
	in_ns a pilot_ctl dev-set "pilot0@$NSP-inside" socket4 "$(held a):10"
	events a
	events inside
	end_process "$(held a)" -KILL
	event_wait inside "socket-gone reason closed .*device $(agent 5 | long)"
	event_wait a "socket-gone reason closed .*device $(agent 5 | long)"
}

unbound_socket_is_told() {
	ns_add a
	agent_up a 5
	events a
	in_ns a pilot_ctl dev-set pilot0 socket4 -1
	event_wait a 'socket-gone reason unbound'
}

run_tests acquire_for_an_unknown_address acquire_for_a_peer_without_a_key \
	acquires_are_limited_to_one_a_second a_packet_that_waits_asks_again \
	packets_that_waited_go_out_with_the_key \
	packets_that_wait_too_long_are_given_up \
	soft_and_hard_limit_by_packets soft_and_hard_limit_by_age \
	key_becomes_current_by_a_packet_or_by_request idle_peer_is_told_once \
	idle_peer_that_talks_is_told_once keepalive_wakes_nobody \
	idle_time_that_is_set_begins_anew idle_time_begins_when_it_is_set \
	each_session_is_told_idle \
	silent_peer_is_told answering_peer_is_not_called_silent \
	keepalives_are_sent_when_nothing_else_is \
	lost_socket_is_told_in_both_namespaces unbound_socket_is_told
