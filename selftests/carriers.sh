#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# An end whose frames go by a relay or a TURN server.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-lanes.sh"
. "$(dirname "$0")/lib-relay.sh"

AMOUNT=$(scaled 20)00K

# A helper that is a socket of python's, which says what it reads.
signalling_goes_up_with_its_carrier() {
	ns_add a b
	wire a b
	device a 5
	spawn_ready "$TMP/helper" in_ns a python3 -u -c '
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7740))
os.dup2(s.fileno(), 10)
print("ready")
while True: print(s.recv(2000).hex())'
	in_ns a pilot_ctl dev-set pilot0 socket4 "$SPAWNED:10"
	{
		behind 0x01020304 <<<91000000aa
		behind 0x01020304 <<<95000000bb
		pilot_frame channel 0x4fff <<<92000000cc
		pilot_frame channel 0x4fff 3 <<<95000000dd
	} >"$TMP/frames"
	in_ns b pilot_frame send 10.0.0.1 $PORT <"$TMP/frames" >/dev/null
	wait_for 10 says "$TMP/helper" 95000000dd || true
	equal "$(grep -v ready "$TMP/helper")" "$(cat "$TMP/frames")" \
		"what the helper read"
	# As limited as all that goes up.
	pilot_frame flips 20 200 <<<"9600000001020304910000$(printf '%0300d' 0)" |
		in_ns b pilot_frame send 10.0.0.1 $PORT >/dev/null
	wait_for 10 socket_at_least a drop-limit 500 ||
		fail "limited: $(socket_stat a drop-limit)"
}

# from_b PORT: what it reads, to a.
from_b() {
	in_ns b pilot_frame send "$(underlay 1)" $PORT from "$1" >/dev/null
}

endpoint_of_a() {
	echo "$(peer_stat a 6 kind) $(peer_stat a 6 endpoint)" \
		"$(peer_stat a 6 port)"
}

records_that_come_by_others_move_nothing() {
	half_pair
	seal 1 "" | behind 5 | from_b 4001
	stat_rose a rx-records 1 0
	seal 2 "" | pilot_frame channel 0x4005 | from_b 4002
	stat_rose a rx-records 2 0
	equal "$(endpoint_of_a)" "direct 10.0.0.2 $PORT" "the endpoint"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" forget
	seal 3 "" | behind 5 | from_b 4001
	seal 4 "" | pilot_frame channel 0x4005 | from_b 4002
	stat_rose a rx-records 4 0
	equal "$(peer_stat a 6 endpoint)" "" "the endpoint that was forgotten"
	equal "$(stat a endpoints-moved)" 0 "moves counted"
	seal 5 "" | from_b 4003
	stat_rose a rx-records 5 0
	equal "$(endpoint_of_a)" "direct 10.0.0.2 4003" "what was learned"
}

carried_endpoint_moves_only_by_netlink() {
	local carrier before

	half_pair
	for carrier in "relay 9" "turn 0x4009"; do
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
			endpoint 10.0.0.2 4001 $carrier
		before=$(stat a rx-records)
		seal "$((before * 10 + 10))" "" | from_b 4002
		seal "$((before * 10 + 11))" "" | behind 9 | from_b 4003
		seal "$((before * 10 + 12))" "" | behind 10 | from_b 4001
		stat_rose a rx-records 3 "$before"
		equal "$(endpoint_of_a)" "${carrier% *} 10.0.0.2 4001" \
			"the endpoint"
		equal "$(peer_stat a 6 carrier)" $((${carrier#* })) "its id"
	done
	equal "$(stat a endpoints-moved)" 0 "moves counted"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.0.2 4005
	equal "$(peer_stat a 6 carrier)" "" "the id of a direct endpoint"
	seal 1000 "" | from_b 4006
	stat_rose a rx-records 7 0
	equal "$(endpoint_of_a)" "direct 10.0.0.2 4006" "what was learned"
}

# From directly to a relay and back, as helpers do it: nothing pulls it back.
change_of_the_endpoint_holds_under_traffic() {
	local i

	relayed_pair
	# A direct way as well.
	ip link add direct netns "$NSP-a" type veth peer name direct \
		netns "$NSP-b"
	ipn a addr add 10.0.3.1/24 dev direct
	ipn b addr add 10.0.3.2/24 dev direct
	ipn a link set direct up
	ipn b link set direct up
	spawn "$TMP/flow" in_ns a ping -n -i 0.02 "$(agent_ip 6)"
	for ((i = 0; i < 3; i++)); do
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
			endpoint 10.0.3.2 $PORT flags 2
		in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" \
			endpoint 10.0.3.1 $PORT flags 2
		pings a 6
		equal "$(endpoint_of_a)" "direct 10.0.3.2 $PORT" "the endpoint"
		by_relay a 6 1 $ID5 peer-set
		by_relay b 5 2 $ID6 peer-set
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 0
		in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" flags 0
		pings a 6
		equal "$(endpoint_of_a)" "relay 10.0.1.1 $PORT" "the endpoint"
	done
	end_process "$SPAWNED" -INT
	grep -q ' 0% packet loss' "$TMP/flow" ||
		fail "lost: $(tail -n 3 "$TMP/flow")"
}

# all_by_lane_0 NS CPU: its packets are sent by lane 0 only.
lane_sent() {
	in_ns "$1" pilot_ctl key-get pilot0 "$(agent "$(node_beside "$1")")" \
		epoch 1 lane "$2" | word tx-counter key
}

pings_on() {
	in_ns "$2" taskset -c "$1" ping -n -c 40 -i 0.02 -W "$(patience 5)" \
		"$(agent_ip "$(node_beside "$2")")" >"$TMP/ping" 2>&1
	grep -q ' 0% packet loss' "$TMP/ping" || {
		cat "$TMP/ping"
		fail "pings from processor $1 were lost"
	}
}

lane_found() {
	pings_on 1 a
	lane_works a 1
}

relays_have_only_lane_0() {
	local before

	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	ns_add a b
	wire a b
	lane_agent a 5 2
	lane_agent b 6 2
	peer a 6 2
	peer b 5 1
	lane_keys 1 2
	lanes_work 2
	wait_for 20 lane_found || fail "lane 1 was never used"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
		endpoint 10.0.0.2 $PORT relay 9
	equal "$(lane_stat a 1 endpoint)" "" "lane 1's endpoint"
	before=$(lane_sent a 1)
	pings_on 1 a
	equal "$(lane_sent a 1)" "$before" "what lane 1 has sent"
	# The next key of the lane does not aim it either.
	lane_key a 5 6 2 1 next "port $(lane_port 1)"
	equal "$(lane_stat a 1 endpoint)" "" "lane 1's endpoint"
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 2 lane 1
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
		endpoint 10.0.0.2 $PORT
	equal "$(lane_stat a 1 endpoint)" 10.0.0.2 "lane 1's endpoint again"
	wait_for 20 lane_found || fail "lane 1 was not used again"
}

# turn_pair: each is to the other what a TURN server would be.
turn_pair() {
	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
		endpoint "$(underlay 2)" $PORT turn 0x4001
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" \
		endpoint "$(underlay 1)" $PORT turn 0x4fff
}

channel_is_seen_on_the_wire() {
	local src channel
	turn_pair
	listen a wire frames "$TMP/frames"
	pings a 6 -s 77
	listen_end
	while read -r src _ _ _ hex; do
		channel=4001
		[ "$src" = 10.0.0.1 ] || channel=4fff
		equal "${hex:0:4}" $channel "channel from $src"
		equal $((0x${hex:4:4})) $((${#hex} / 2 - 4)) \
			"length from $src"
		equal "${hex:8:8}" 94000000 "frame from $src"
	done <"$TMP/frames"
	within 6 20 "$(wc -l <"$TMP/frames")" "frames seen"
	equal "$(peer_stat a 6 kind) $(peer_stat a 6 carrier)" "turn 16385" \
		"the endpoint"
}

channel_data_is_accepted_with_padding() {
	local pad

	half_pair
	for pad in 0 1 2 3; do
		seal $pad "$(pilot_frame short "$(pilot_frame ping6 \
			"$(agent_ip 6)" "$(agent_ip 5)")")" |
			pilot_frame channel 0x4001 $pad | from_b 4001
		stat_rose a rx-records $((pad + 1)) 0
	done
	equal "$(peer_stat a 6 rx-packets)" 4 "packets delivered"
	# More padding, and lengths that are not there.
	seal 7 "" | pilot_frame channel 0x4001 4 | from_b 4001
	socket_rose a drop-malformed 1 0
	seal 7 "" | pilot_frame channel 0x4001 | pilot_frame cuts | from_b 4001
	socket_rose a drop-malformed $((1 + 35)) 0
	equal "$(stat a rx-records)" 4 "records"
	seal 7 "" | pilot_frame channel 0x4001 | from_b 4001
	stat_rose a rx-records 5 0
}

data_by_channels() {
	turn_pair
	regime "$1"
	tcp_both_ways
	batched "$1" a b
	nothing_went_wrong
	equal "$(socket_stat a drop-malformed)$(socket_stat b drop-malformed)" \
		00 "malformed frames"
}

data_by_channels_in_whole_datagrams() {
	data_by_channels R1
}

data_by_channels_datagram_by_datagram() {
	data_by_channels R3
	equal "$(socket_stat a rx-whole)" 0 "a's whole batches"
}

# The largest device MTU, over a link that has room for it.
largest_records_go_by_carriers() {
	local carrier

	WIRE_MTU=65535 MTU=65455
	pair
	for carrier in "" "relay 1" "turn 0x4001"; do
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
			endpoint 10.0.0.2 $PORT $carrier flags 1
		pings a 6 -s 65400
	done
}

spoilt_frames_at_an_end() {
	half_pair
	seal 7 "" | behind 5 | spoilt b 10.0.0.1
	seal 8 "" | pilot_frame channel 0x4001 2 | spoilt b 10.0.0.1
	# Only what was whole but for its carrier.
	within 0 2 "$(stat a rx-records)" "records"
	equal "$(endpoint_of_a)" "direct 10.0.0.2 $PORT" "the endpoint"
}

run_tests signalling_goes_up_with_its_carrier \
	records_that_come_by_others_move_nothing \
	carried_endpoint_moves_only_by_netlink \
	change_of_the_endpoint_holds_under_traffic relays_have_only_lane_0 \
	channel_is_seen_on_the_wire channel_data_is_accepted_with_padding \
	data_by_channels_in_whole_datagrams \
	data_by_channels_datagram_by_datagram largest_records_go_by_carriers \
	spoilt_frames_at_an_end
