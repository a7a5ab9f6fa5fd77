#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=240
#
# The life of a device: what ip shows of it, its carrier, where it may live.

. "$(dirname "$0")/lib.sh"

link_word() {
	ipn "$1" -d link show "${3:-pilot0}" | word "$2"
}

operstate() {
	in_ns "$1" cat "/sys/class/net/${2:-pilot0}/operstate"
}

operstate_is() {
	[ "$(operstate "$1")" = "$2" ]
}

device_has_the_documented_shape() {
	ns_add a
	ipn a link add pilot0 type pilot
	equal "$(link_word a mtu)" 1440 "default MTU"
	equal "$(link_word a minmtu)" 1280 "smallest MTU"
	ipn a -d link show pilot0 | grep -q 'POINTOPOINT.*NOARP' ||
		fail "not a point-to-point device without ARP"
	ipn a -d link show pilot0 | grep -q 'pilot' || fail "kind is not shown"
	ipn a link set pilot0 up
	equal "$(ipn a -6 addr show dev pilot0 | wc -l)" 0 \
		"lines of addresses the kernel gave it"
	ipn a link del pilot0
	! ipn a link show pilot0 2>/dev/null || fail "the device stays"
}

mtu_stays_within_its_limits() {
	local max

	ns_add a
	ipn a link add pilot0 type pilot
	max=$(link_word a maxmtu)
	within 9000 65535 "$max" "largest MTU"
	ipn a link set pilot0 mtu 1280
	ipn a link set pilot0 mtu "$max"
	! ipn a link set pilot0 mtu 1279 2>/dev/null || fail "1279 was taken"
	! ipn a link set pilot0 mtu $((max + 1)) 2>/dev/null ||
		fail "$((max + 1)) was taken"
}

link_layer_address_is_refused() {
	local text

	ns_add a
	! text=$(ipn a link add pilot0 address 02:00:00:00:00:01 type pilot \
		2>&1) || fail "it was taken"
	grep -q 'link-layer address' <<<"$text" || fail "unclear: $text"
}

# ip has no word for it.
made_with_an_address() {
	local address text

	ns_add a
	in_ns a pilot_ctl link-new pilot0 address "$(agent 5)" ||
		fail "no device with an address"
	in_ns a pilot_ctl dev-get pilot0 | grep -q "address 0x000100000005" ||
		fail "not its address: $(in_ns a pilot_ctl dev-get pilot0)"
	for address in 0 0x100000000 0x1ffffffff 0x1000000000000; do
		! text=$(in_ns a pilot_ctl link-new pilot1 address $address \
			2>&1) || fail "$address was taken"
		[[ $text == "EINVAL: "*"not an agent's address"* ]] ||
			fail "$address: unclear: $text"
		! ipn a link show pilot1 2>/dev/null ||
			fail "$address left a device"
	done
}

carrier_follows_socket_and_address() {
	ns_add a
	hold a "4:$PORT" "6:$PORT"
	ipn a link add pilot0 type pilot
	ipn a link set pilot0 up
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 0 "carrier at first"
	bind_sockets a
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 0 \
		"carrier without an address"
	in_ns a pilot_ctl dev-set pilot0 address "$(agent 5)"
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 1 \
		"carrier with socket and address"
	in_ns a pilot_ctl dev-set pilot0 socket4 -1
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 1 \
		"carrier with one socket left"
	in_ns a pilot_ctl dev-set pilot0 socket6 -1
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 0 \
		"carrier without a socket"
}

dormant_until_there_is_a_key() {
	ns_add a b
	wire a b
	agent_up a 5
	wait_for 10 operstate_is a dormant ||
		fail "operstate is $(operstate a), not dormant, before a key"
	peer a 6 2
	key a 5 6 1 current
	wait_for 10 operstate_is a up ||
		fail "operstate is $(operstate a) with a key"
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1
	wait_for 10 operstate_is a dormant ||
		fail "operstate is $(operstate a) after the key went"
	key a 5 6 2 current
	wait_for 10 operstate_is a up || fail "not up with the second key"
	in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
	wait_for 10 operstate_is a dormant || fail "not dormant without a peer"
}

carrier_goes_with_the_closed_socket() {
	ns_add a
	agent_up a 5
	events a
	end_process "$(held a)" -KILL
	event_wait a 'socket-gone reason closed'
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 0 "carrier"
	hold a "4:$PORT" "6:$PORT"
	bind_sockets a
	equal "$(in_ns a cat /sys/class/net/pilot0/carrier)" 1 "carrier again"
}

two_devices_share_a_socket() {
	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	# The second agent of a has a device and a peer of its own at b.
	ipn a link add pilot1 type pilot
	in_ns a pilot_ctl dev-set pilot1 address "$(agent 7)"
	in_ns a pilot_ctl dev-set pilot1 socket4 "$(held a):10"
	equal "$(in_ns a pilot_ctl dev-get pilot0 | grep '^socket4' |
		word devices)" 2 "devices of the socket"
	peer a 6 2
	peer b 5 1
	keys 1
	pings a 6
	ipn a link del pilot1
	equal "$(in_ns a pilot_ctl dev-get pilot0 | grep '^socket4' |
		word devices)" 1 "devices of the socket"
	pings a 6
}

two_agents_of_one_namespace_talk_to_one_peer() {
	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	device_of_agent_7
	peer a 6 2
	peer b 5 1
	peer b 7 1
	keys 1
	key_of_agent_7
	pings a 6 -I "$(agent_ip 5)"
	pings a 6 -I "$(agent_ip 7)"
	pings b 7
	pings b 5
}

# Agent 7 on pilot1 beside agent 5, with its own table: one prefix, two devices.
device_of_agent_7() {
	ipn a link add pilot1 type pilot
	in_ns a pilot_ctl dev-set pilot1 address "$(agent 7)" \
		socket4 "$(held a):10"
	ipn a link set pilot1 up
	ipn a addr add "$(agent_ip 7)/128" dev pilot1
	ipn a route add fd50:494c:4f54:1::/64 dev pilot1 table 7
	ipn a -6 rule add from "$(agent_ip 7)" lookup 7
}

key_of_agent_7() {
	in_ns a pilot_ctl peer-new pilot1 "$(agent 6)" endpoint 10.0.0.2 $PORT
	key b 6 7 1 current
	in_ns a pilot_ctl key-new pilot1 "$(agent 6)" epoch 1 slot current \
		cipher aes rx-index "$(key_index 7 6 1)" \
		tx-index "$(key_index 6 7 1)" rx-key "$(key_hex 6 7 1)" \
		tx-key "$(key_hex 7 6 1)"
}

device_works_in_another_namespace_than_its_sockets() {
	pair
	ns_add inside
	ipn a link set pilot0 netns "$NSP-inside"
	ipn inside addr add "$(agent_ip 5)/128" dev pilot0
	ipn inside link set pilot0 up
	ipn inside route add fd50:494c:4f54:1::/64 dev pilot0
	pings inside 6
	in_ns inside ip -br link show | grep -q wire &&
		fail "the container sees the underlay"
	in_ns inside pilot_ctl dev-get pilot0 | grep -q '^socket4' ||
		fail "the sockets are not shown from the container"
	pings b 5
}

created_there_and_bound_from_outside() {
	ns_add a b inside
	wire a b
	hold a "4:$PORT" "6:$PORT"
	agent_up b 6
	device inside 5
	# The request is made over there, by who may use the socket here.
	in_ns a pilot_ctl dev-set "pilot0@$NSP-inside" socket4 "$(held a):10"
	peer b 5 1
	key b 6 5 1 next
	peer inside 6 2
	key inside 5 6 1 current
	pings inside 6
}

namespace_death_takes_the_device_along() {
	pair
	end_process "$(held b)" -KILL
	ns_del b
	ns_add b
	is_silent a 6 || fail "someone answered"
}

namespace_of_the_socket_dies_before_the_device() {
	pair
	ns_add inside
	ipn a link set pilot0 netns "$NSP-inside"
	ipn inside link set pilot0 up
	end_process "$(held a)" -KILL
	ns_del a
	wait_for 10 no_socket inside || fail "the device still has a socket"
	ipn inside link del pilot0
}

no_socket() {
	! in_ns "$1" pilot_ctl dev-get pilot0 | grep -q '^socket'
}

has_received() {
	[ "$(stat a rx-records "$1")" -eq 1 ]
}

# The sum of it: many agents, many devices, a single socket.
many_devices_of_many_agents_share_one_socket() {
	local n i

	n=$(scaled "${PILOT_DEVICES:-1000}")
	ns_add a
	hold a "4:$PORT" "6:$PORT"
	seq "$n" | awk '{print "link add p" $1 " type pilot"}' |
		in_ns a ip -batch -
	seq "$n" | awk -v pid="$(held a)" '{
		printf "dev-set p%d address 0x1%08x socket4 %d:10\n", $1,
			10 + $1, pid
		printf "peer-new p%d 0x1%08x endpoint 10.0.0.2 7740\n", $1,
			5000 + $1
		printf "key-new p%d 0x1%08x epoch 1 slot next cipher aes", $1,
			5000 + $1
		printf " rx-index %d tx-index %d rx-key %s tx-key %s\n", $1, $1,
			k, k}' k="$(key_hex 1 2 3)" | in_ns a pilot_ctl -b
	equal "$(in_ns a pilot_ctl dev-get | grep -c '^dev ')" "$n" "devices"
	equal "$(in_ns a pilot_ctl dev-get p1 | grep '^socket4' |
		word devices)" "$n" "devices of the socket"
	ipn a link set lo up
	for i in 1 $((n / 2)) "$n"; do
		ipn a link set "p$i" up
		pilot_frame seal aes "$(key_hex 1 2 3)" "$i" 0 ""
	done | in_ns a pilot_frame send 127.0.0.1 $PORT >/dev/null
	for i in 1 $((n / 2)) "$n"; do
		wait_for 10 has_received "p$i" || fail "$(in_ns a pilot_ctl dev-get "p$i")"
	done
	equal "$(stat a rx-records p2)" 0 "records of a device with none"
	end_process "$(held a)" -KILL
	ns_del a
}

run_tests device_has_the_documented_shape mtu_stays_within_its_limits \
	link_layer_address_is_refused made_with_an_address \
	carrier_follows_socket_and_address \
	dormant_until_there_is_a_key carrier_goes_with_the_closed_socket \
	two_devices_share_a_socket \
	two_agents_of_one_namespace_talk_to_one_peer \
	device_works_in_another_namespace_than_its_sockets \
	created_there_and_bound_from_outside \
	namespace_death_takes_the_device_along \
	namespace_of_the_socket_dies_before_the_device \
	many_devices_of_many_agents_share_one_socket
