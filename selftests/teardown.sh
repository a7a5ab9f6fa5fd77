#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# Whatever is taken away under traffic goes at once, and nothing is left.

. "$(dirname "$0")/lib.sh"

# A stream of pings either way and a stream of datagrams, until the test ends.
stream() {
	spawn "$TMP/stream1" in_ns a ping -n -i 0.01 "$(agent_ip 6)"
	spawn "$TMP/stream2" in_ns b ping -n -i 0.01 -s 1300 "$(agent_ip 5)"
	spawn "$TMP/stream3" in_ns b ping -f -n -s 100 "$(agent_ip 5)"
	wait_for 10 says "$TMP/stream1" 'bytes from' || fail "nothing flows"
}

# carried NS: records that the device sent so far.
sends_no_more() {
	local before

	before=$(stat a tx-records)
	in_ns a ping -n -c 3 -i 0.1 -W 1 "$(agent_ip 6)" >/dev/null 2>&1 || true
	equal "$(stat a tx-records)" "$before" "records sent since"
}

peer_goes_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3 4 5; do
		in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
		sends_no_more
		peer a 6 2
		keys $((i + 1))
	done
	pings a 6
}

key_goes_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3 4 5; do
		in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch "$i"
		sends_no_more
		keys $((i + 1))
	done
	pings a 6
}

link_goes_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3; do
		ipn a link del pilot0
		device a 5
		bind_sockets a
		peer a 6 2
		keys $((i + 1))
	done
	pings a 6
}

link_goes_down_and_up_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3; do
		ipn a link set pilot0 down
		ipn a link set pilot0 up
		ipn a route replace fd50:494c:4f54:1::/64 dev pilot0
		ipn a addr replace "$(agent_ip 5)/128" dev pilot0
	done
	pings a 6
}

socket_goes_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3; do
		end_process "$(held a)" -KILL
		hold a "4:$PORT" "6:$PORT"
		bind_sockets a
	done
	pings a 6
}

socket_is_unbound_and_bound_under_traffic() {
	local i

	pair
	stream
	for i in 1 2 3 4 5; do
		in_ns a pilot_ctl dev-set pilot0 socket4 -1 socket6 -1
		sends_no_more
		bind_sockets a
	done
	pings a 6
}

# Another port takes over without a gap in the device's life.
socket_is_replaced_under_traffic() {
	local old

	pair
	stream
	old=$(held a)
	hold a 4:7750 6:7750
	bind_sockets a
	end_process "$old" -KILL
	wait_for 20 sends_to_port b 5 7750 || fail "b did not follow"
	pings a 6
}

sends_to_port() {
	[ "$(peer_stat "$1" "$2" port)" = "$3" ]
}

device_moves_namespace_under_traffic() {
	pair
	ns_add inside
	stream
	ipn a link set pilot0 netns "$NSP-inside"
	ipn inside link set pilot0 netns "$NSP-a"
	ipn a link set pilot0 up
	ipn a addr replace "$(agent_ip 5)/128" dev pilot0
	ipn a route replace fd50:494c:4f54:1::/64 dev pilot0
	pings a 6
}

namespace_goes_under_traffic() {
	local pid

	pair
	stream
	for pid in $(ip netns pids "$NSP-b"); do
		kill -KILL "$pid"
	done
	ns_del b
	wait_for 30 netns_is_gone || fail "the namespace lives on"
}

netns_is_gone() {
	! ip netns list | grep -q "$NSP-b"
}

underlay_goes_under_traffic() {
	pair
	stream
	ip -n "$NSP-a" link del wire
	is_silent a 6 || fail "someone answered"
	wait_for 10 stat_at_least a tx-drop-no-route 1 ||
		fail "no route was missed"
}

module_stays_while_sockets_are_bound() {
	pair
	! module_unload 2>/dev/null || fail "the module went"
	pings a 6
}

# Everything is taken away with one stroke, with records on their way.
module_goes_right_after_traffic() {
	[ -n "${PILOT_MODULE:-}" ] || skip "the module under test is not a file"
	pair
	stream
	end_process "$(held a)" -KILL
	end_process "$(held b)" -KILL
	module_unloads
	! ipn a link show pilot0 2>/dev/null || fail "a device without a driver"
	module_load
	pair_again
	pings a 6
}

pair_again() {
	agent_up a 5
	agent_up b 6
	peer a 6 2
	peer b 5 1
	keys 1
	wait_for 10 key_is_current b 5 1 || fail "b never saw a's first packet"
}

# Many times over: what is left each time would add up.
nothing_is_left_of_many_short_lives() {
	local i before

	ns_add a b
	wire a b
	one_life
	before=$(memory_used)
	for ((i = 0; i < $(scaled 50) + 5; i++)); do
		one_life
	done
	memory_back "$before" 3000
}

one_life() {
	hold a "4:$PORT" "6:$PORT"
	ipn a link add pilot0 type pilot
	pilot_ctl -n "$NSP-a" -b <<-EOF
		dev-set pilot0 address $(agent 5) socket4 $HELD:10 socket6 $HELD:11
		$(peer_words pilot0 6 2)
		$(key_words pilot0 5 6 1 current)
	EOF
	if ((RANDOM % 2)); then
		ipn a link del pilot0
		end_process "$HELD" -KILL
	else
		end_process "$HELD" -KILL
		ipn a link del pilot0
	fi
}

run_tests peer_goes_under_traffic key_goes_under_traffic \
	link_goes_under_traffic link_goes_down_and_up_under_traffic \
	socket_goes_under_traffic socket_is_unbound_and_bound_under_traffic \
	socket_is_replaced_under_traffic device_moves_namespace_under_traffic \
	namespace_goes_under_traffic underlay_goes_under_traffic \
	module_stays_while_sockets_are_bound module_goes_right_after_traffic \
	nothing_is_left_of_many_short_lives
