#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=180
#
# An endpoint moves with authenticated packets that are newer than all others,
# and with nothing else.

. "$(dirname "$0")/lib.sh"

seal() {
	local counter=$1
	shift

	pilot_frame seal "$CIPHER" "$(key_hex 6 5 1)" "$(key_index 5 6 1)" \
		"$counter" "$@"
}

# deliver PORT: what it reads, from this port of b.
deliver() {
	in_ns b pilot_frame send "$(underlay 1)" $PORT from "$1" >/dev/null
}

port_is() {
	[ "$(peer_stat a 6 port)" -eq "$1" ]
}

endpoint_moves_with_a_newer_authentic_packet() {
	half_pair
	events a
	seal 5 "" | deliver 4001
	event_wait a 'endpoint-moved reason received'
	equal "$(peer_stat a 6 port)" 4001 "the endpoint's port"
	seal 6 "" | deliver 4002
	wait_for 10 port_is 4002 || fail "the endpoint did not move again"
	equal "$(stat a endpoints-moved)" 2 "moves counted"
	equal "$(events_n a endpoint-moved)" 2 "moves told"
}

endpoint_stays_for_replayed_older_and_forged_packets() {
	local replayed forged

	half_pair
	replayed=$(seal 9 "")
	deliver 4001 <<<"$replayed"
	wait_for 10 port_is 4001 || fail "the endpoint did not move"
	deliver 4002 <<<"$replayed"
	stat_rose a rx-drop-replay 1 0
	# Authentic and new to the window, but late.
	seal 8 "" | deliver 4003
	stat_rose a rx-records 2 0
	forged=$(seal 10 "")
	deliver 4004 <<<"${forged%?}$(tr 0-9a-f 1-9a-f0 <<<"${forged: -1}")"
	stat_rose a rx-drop-auth 1 0
	equal "$(peer_stat a 6 port)" 4001 "the endpoint's port"
	equal "$(stat a endpoints-moved)" 1 "moves counted"
}

fixed_endpoint_never_moves() {
	half_pair flags 2
	seal 0 "" "" | deliver 4001
	stat_rose a rx-records 2 0
	equal "$(peer_stat a 6 port)" $PORT "the endpoint's port"
	equal "$(stat a endpoints-moved)" 0 "moves counted"
}

endpoint_is_learned_when_there_was_none() {
	ns_add a b
	wire a b
	agent_up a 5
	in_ns a pilot_ctl peer-new pilot0 "$(agent 6)"
	key a 5 6 1 next
	seal 0 "" | deliver 4001
	wait_for 10 port_is 4001 || fail "the endpoint was not learned"
	equal "$(peer_stat a 6 endpoint)" 10.0.0.2 "the endpoint"
}

# Both ends keep talking while b changes its address under them.
peer_roams_under_traffic() {
	local end

	pair
	spawn "$TMP/roaming" in_ns b ping -n -i 0.1 -W 2 "$(agent_ip 5)"
	for end in 12 13 14; do
		ipn b addr del "10.0.0.$((end == 12 ? 2 : end - 1))/24" dev wire
		ipn b addr add "10.0.0.$end/24" dev wire
		wait_for 10 endpoint_is "10.0.0.$end" ||
			fail "a still sends to $(peer_stat a 6 endpoint)"
		pings a 6
	done
	end_process "$SPAWNED" -INT
	equal "$(peer_stat a 6 endpoint)" 10.0.0.14 "the endpoint"
}

endpoint_is() {
	[ "$(peer_stat a 6 endpoint)" = "$1" ]
}

# From IPv4 to IPv6 and back: one session on two sockets.
peer_changes_the_address_family() {
	pair
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" endpoint fd00::1 $PORT
	pings b 5
	equal "$(peer_stat a 6 endpoint)" fd00::2 "the endpoint"
	pings a 6
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" endpoint 10.0.0.1 $PORT
	pings b 5
	equal "$(peer_stat a 6 endpoint)" 10.0.0.2 "the endpoint"
}

run_tests endpoint_moves_with_a_newer_authentic_packet \
	endpoint_stays_for_replayed_older_and_forged_packets \
	fixed_endpoint_never_moves endpoint_is_learned_when_there_was_none \
	peer_roams_under_traffic peer_changes_the_address_family
