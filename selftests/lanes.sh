#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# Lanes: each processor's traffic goes by a socket and keys of its own, for as
# long as these are known to work.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-lanes.sh"

# lanes_begin LANES-OF-A [LANES-OF-B]: everything but keys.
lanes_begin() {
	ns_add a b
	wire a b
	lane_agent a 5 "$1"
	lane_agent b 6 "${2:-$1}"
	peer a 6 2
	peer b 5 1
}

lanes_pair() {
	lanes_begin "$1"
	lane_keys 1 "$1"
	lanes_work "$1"
}

lane_fails() {
	! lane_works "$@"
}

# lane_sent NS LANE EPOCH: records sent by that lane.
lane_sent() {
	in_ns "$1" pilot_ctl key-get pilot0 "$(agent "$(node_beside "$1")")" \
		epoch "${3:-1}" lane "$2" | word tx-counter key
}

# pings_on CPU NS [ARGS]...: from that processor; fails when one is lost.
pings_on() {
	local cpu=$1 ns=$2
	shift 2

	in_ns "$ns" taskset -c "$cpu" ping -n -c 5 -i 0.05 \
		-W "$(patience 5)" "$@" "$(agent_ip "$(node_beside "$ns")")" \
		>"$TMP/ping" 2>&1 || fail "from processor $cpu: $(cat "$TMP/ping")"
	grep -q ' 0% packet loss' "$TMP/ping" ||
		fail "from processor $cpu: $(cat "$TMP/ping")"
}

needs_two_processors() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
}

# lane_block LANE [VERB]: what comes to b by a lane is dropped on the way in.
lane_block() {
	in_ns b nft -f - <<-EOF
		table inet block {
			chain input {
				type filter hook input priority 0;
				udp dport $(lane_port "$1") drop
			}
		}
	EOF
}

lane_unblock() {
	in_ns b nft delete table inet block
}

# What goes elsewhere before a lane is tried again: a slow kernel may take longer
# from one command to the next than the 5 s that a lane is known to work.
LATE=$((PILOT_DEBUG_KERNEL ? 32 : 0))

each_processor_has_its_lane() {
	local cpu before other

	needs_two_processors
	lanes_pair 2
	for cpu in 0 1; do
		lane_used $cpu a
		before=$(lane_sent a $cpu)
		other=$(lane_sent a $((1 - cpu)))
		pings_on $cpu a -c 50
		within $((50 - LATE)) 60 $(($(lane_sent a $cpu) - before)) \
			"what lane $cpu carried"
		within 0 $((10 + LATE)) $(($(lane_sent a $((1 - cpu))) - other)) \
			"what the other lane carried"
	done
	equal "$(stat a rx-drop-auth)$(stat b rx-drop-auth)" 00 "failed tags"
}

# 8 lanes, whatever the number of processors.
all_lanes_are_shown_and_work() {
	lanes_pair 8
	equal "$(in_ns a pilot_ctl peer-get pilot0 "$(agent 6)" |
		grep -c '^lane id')" 8 "lanes shown"
	equal "$(in_ns a pilot_ctl dev-get pilot0 |
		grep -c '^socket[46]')" 16 "sockets shown"
	lane_keys 2 8
	lane_keys 3 8
	pings a 6
	equal "$(in_ns a pilot_ctl peer-get pilot0 "$(agent 6)" |
		grep -c '^key')" 16 "keys shown"
}

# One end has more: it is the keys that count.
unequal_numbers_use_what_both_have() {
	local cpu

	lanes_begin 4 1
	lane_keys 1 1
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		pings_on $cpu a
		pings_on $cpu b
	done
	lane_bind a 1
	equal "$(in_ns a pilot_ctl peer-get pilot0 "$(agent 6)" |
		grep -c '^lane id' || true)" 0 "lanes shown"
}

lane_that_never_worked_is_not_used() {
	local before

	needs_two_processors
	lanes_begin 2
	lane_block 1
	lane_keys 1 2
	before=$(lane_sent a 1)
	pings_on 1 a -c 40
	lane_fails a 1 || fail "lane 1 is said to work"
	within 1 6 $(($(lane_sent a 1) - before)) "tries of lane 1"
	lane_unblock
	lane_used 1 a
	before=$(lane_sent a 1)
	pings_on 1 a -c 40
	within $((40 - LATE)) 50 $(($(lane_sent a 1) - before)) \
		"what lane 1 carried"
}

# lane_used LANE NS: traffic of that processor, until the lane is known to work.
lane_used() {
	wait_for 20 lane_probed "$@" || fail "$2 does not find that lane $1 works"
}

lane_probed() {
	pings_on "$1" "$2" -c 40 -i 0.02
	lane_works "$2" "$1"
}

pings_pass() {
	(pings_on "$@")
}

lane_that_stops_working_is_left() {
	needs_two_processors
	lanes_pair 2
	lane_used 1 a
	lane_block 1
	# b still answers by it for as long as it believes in it itself.
	wait_for 20 pings_pass 1 a -c 40 || fail "packets go by lane 1 still"
	lane_fails a 1 || fail "lane 1 is still said to work"
	pings_on 1 a -c 40
	lane_unblock
	lane_used 1 a
}

# One way only: whoever only receives lets the sender know.
lane_in_use_stays_known() {
	local before end

	needs_two_processors
	lanes_pair 2
	spawn "$TMP/sink" in_ns b python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 7000))
while True: s.recv(2000)'
	spawn "$TMP/source" in_ns a taskset -c 1 python3 -c '
import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
while True:
    s.sendto(b"x" * 100, ("'"$(agent_ip 6)"'", 7000))
    time.sleep(0.02)'
	# From when on it is in use.
	before=$(lane_sent a 1)
	wait_for 30 lane_carries a 1 $((before + 50)) ||
		fail "lane 1 was not found to work"
	end=$((SECONDS + 12))
	while [ "$SECONDS" -lt "$end" ]; do
		lane_works a 1 || fail "lane 1 was forgotten in use"
		read -rt 1 <>"$NEVER" || true
	done
	within 100 100000 "$(lane_sent a 1)" "what lane 1 carried"
	within 1 40 "$(lane_sent b 1)" "answers on lane 1"
}

lane_carries() {
	[ "$(lane_sent "$1" "$2")" -ge "$3" ]
}

# The newest packet came by one lane; the others follow at once.
lanes_move_together() {
	local from

	needs_two_processors
	lanes_pair 2
	for from in 0 1; do
		lane_used $((1 - from)) b
		lane_used $from b
		spawn_ready "$TMP/events" in_ns a pilot_ctl events \
			until endpoint-moved timeout 20
		ipn b addr del "10.0.0.$((from == 0 ? 2 : 12))/24" dev wire
		ipn b addr add "10.0.0.$((12 + from))/24" dev wire
		pings_on $from b
		wait "$SPAWNED" || fail "no event when lane $from moved"
		equal "$(peer_stat a 6 endpoint)" "10.0.0.$((12 + from))" \
			"the endpoint after lane $from moved"
		equal "$(lane_stat a $((1 - from)) endpoint)" \
			"10.0.0.$((12 + from))" "the other lane's endpoint"
		pings_on 0 a
		pings_on 1 a
	done
}

# translator LANE0 LANE1: what b sends by them comes from these addresses and ports.
# What was translated before is forgotten, and nobody begins from outside.
translator() {
	command -v conntrack >/dev/null || skip "conntrack is missing"
	in_ns b nft -f - <<-EOF
		add table ip nat
		flush table ip nat
		table ip nat {
			chain out {
				type nat hook postrouting priority 100;
				udp sport $PORT snat to $1
				udp sport $(lane_port 1) snat to $2
			}
		}
		add table inet filter
		flush table inet filter
		table inet filter {
			chain input {
				type filter hook input priority 0;
				ct state new udp dport $PORT-$(lane_port 7) drop
			}
		}
	EOF
	in_ns b conntrack -F 2>/dev/null
}

# lane_keys_of_inside: a waits for what b begins.
lane_keys_of_inside() {
	lane_key a 5 6 1 0 next
	lane_key a 5 6 1 1 next "port $(lane_port 1)"
	lane_key b 6 5 1 0 current
	lane_key b 6 5 1 1 current "port $(lane_port 1)"
	lanes_work 2
}

# A translator gives each lane a port of its own, one of them another address.
lanes_are_learned_behind_a_nat() {
	needs_two_processors
	lanes_begin 2
	ipn b addr add 10.0.0.9/24 dev wire
	translator 10.0.0.2:9000 10.0.0.9:9001
	lane_keys_of_inside
	equal "$(lane_stat a 0 endpoint) $(lane_stat a 0 port)" \
		"10.0.0.2 9000" "lane 0"
	equal "$(lane_stat a 1 endpoint) $(lane_stat a 1 port)" \
		"10.0.0.9 9001" "lane 1"
	pings_on 0 a
	pings_on 1 a
	equal "$(lane_stat a 0 endpoint) $(lane_stat a 0 port)" \
		"10.0.0.2 9000" "lane 0 afterwards"
	# The next keys name the port that is translated; it is not believed, as
	# long as the lane is known to work.
	lane_used 1 a
	lane_key a 5 6 2 1 next "port $(lane_port 1)"
	equal "$(lane_stat a 1 port)" 9001 "lane 1's port after a rekey"
}

# The mapping of one lane has gone, and so has that of the other, which nobody has
# used since.
lanes_are_doubted_when_a_port_moves() {
	needs_two_processors
	lanes_begin 2
	translator 10.0.0.2:9000 10.0.0.2:9001
	lane_keys_of_inside
	lane_used 1 b
	lane_used 1 a
	lane_used 0 b
	equal "$(lane_stat a 1 port)" 9001 "lane 1's port"
	translator 10.0.0.2:9100 10.0.0.2:9101
	lane_used 0 b
	equal "$(lane_stat a 0 port)" 9100 "lane 0's port"
	pings_on 1 a
	lane_used 1 a
	equal "$(lane_stat a 1 port)" 9101 "lane 1's port afterwards"
}

rekey_of_all_lanes_loses_nothing() {
	local epoch cpu

	needs_two_processors
	lanes_pair 2
	for cpu in 0 1; do
		spawn "$TMP/ping.$cpu" in_ns a taskset -c $cpu ping -n \
			-i 0.02 "$(agent_ip 6)"
		pids[cpu]=$SPAWNED
	done
	for epoch in 2 3 4 5 6; do
		lane_keys $epoch 2
		pings a 6
	done
	for cpu in 0 1; do
		end_process "${pids[cpu]}" -INT
		grep -q ' 0% packet loss' "$TMP/ping.$cpu" ||
			fail "processor $cpu: $(tail -n 3 "$TMP/ping.$cpu")"
	done
}

key_of_a_lane_goes() {
	needs_two_processors
	lanes_pair 2
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1 lane 1
	wait_for 20 pings_pass 1 a || fail "b answers by lane 1 still"
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1
	is_silent a 6 || fail "packets pass without a key"
}

# The device is left with lane 0 and loses what was under way at most.
socket_of_a_lane_goes() {
	needs_two_processors
	lanes_pair 2
	in_ns a pilot_ctl dev-set pilot0 lane 1 socket4 -1 socket6 -1
	wait_for 20 pings_pass 1 a || fail "b answers by lane 1 still"
	pings_on 1 b
	lane_bind a 1
	lane_used 1 a
}

SECOND=/sys/devices/system/cpu/cpu1/online

# second_processor 0|1: off or on.
second_processor() {
	echo "$1" >$SECOND
}

processors_come_and_go() {
	local i

	needs_two_processors
	[ -w $SECOND ] || skip "this kernel cannot stop a processor"
	trap 'second_processor 1' EXIT
	lanes_pair 2
	spawn "$TMP/ping.all" in_ns a ping -n -i 0.02 "$(agent_ip 6)"
	local pid=$SPAWNED
	flow a b 6 -P 2
	for i in 1 2 3; do
		second_processor 0
		stat_grows b rx-merged "$(scaled 500)"
		pings a 6 -i 1
		second_processor 1
		stat_grows b rx-merged "$(scaled 500)"
		pings_on 1 a -c 2 -i 1
		pings_on 0 a -c 2 -i 1
	done
	end_process "$FLOW"
	pings a 6
	end_process "$pid" -INT
	grep -q ' 0% packet loss' "$TMP/ping.all" ||
		fail "lost: $(tail -n 3 "$TMP/ping.all")"
}

# flow_on CPU [ARGS]...: TCP between a on that processor and b; FLOWS has it.
flow_on() {
	local cpu=$1
	shift

	spawn "$TMP/iperf-server.$cpu" in_ns b iperf3 -s -1 -p 520"$cpu"
	wait_for 20 listens b 520"$cpu" || fail "iperf3 does not listen"
	spawn "$TMP/flow.$cpu" in_ns a taskset -c "$cpu" \
		timeout "$(patience 60)" iperf3 -c "$(agent_ip 6)" \
		-p 520"$cpu" -n "$(scaled 20)00K" "$@"
	FLOWS+=("$SPAWNED")
}

# both_flows [ARGS]...: one of each processor at a time.
both_flows() {
	local cpu

	FLOWS=()
	for cpu in 0 1; do
		flow_on $cpu "$@"
	done
	for cpu in 0 1; do
		wait "${FLOWS[cpu]}" || fail "$(cat "$TMP/flow.$cpu")"
	done
}

two_flows_in_two_lanes() {
	local r cpu before

	needs_two_processors
	lanes_pair 2
	for r in R1 R2 R3; do
		regime $r
		for cpu in 0 1; do
			lane_used $cpu a
			before[cpu]=$(lane_sent a $cpu)
		done
		both_flows
		for cpu in 0 1; do
			within "$(scaled 300)" 100000 \
				$(($(lane_sent a $cpu) - before[cpu])) \
				"$r: what lane $cpu carried"
		done
		both_flows -R
	done
	equal "$(stat a rx-drop-auth)$(stat b rx-drop-auth)" 00 "failed tags"
	equal "$(stat a rx-drop-replay)$(stat b rx-drop-replay)" 00 "replays"
	within 10 1000000 "$(stat a tx-gso)" "large packets"
	within "$(scaled 4000)" 1000000 "$(stat b rx-merged)" "merged records"
}

# Only lane 0 has a helper that reads.
handshakes_are_dropped_on_other_lanes() {
	local before

	lanes_pair 2
	before=$(in_ns b pilot_ctl dev-get pilot0 | grep 'socket4.* lane 1' |
		word drop-type socket4)
	in_ns a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for t in (0x00, 0x91, 0x92, 0x93, 0x95, 0x96):
    s.sendto(bytes([t]) + bytes(200), ("10.0.0.2", '"$(lane_port 1)"'))'
	wait_for 10 lane_dropped $((before + 6)) || fail "they were not dropped"
}

lane_dropped() {
	[ "$(in_ns b pilot_ctl dev-get pilot0 | grep 'socket4.* lane 1' |
		word drop-type socket4)" -eq "$1" ]
}

# refused TEXT COMMAND...
refused() {
	local text=$1 out
	shift

	out=$("$@" 2>&1) && fail "'$*' was taken"
	[[ $out == *"$text"* ]] || fail "'$*' says: $out"
}

what_makes_no_sense_is_refused() {
	lanes_begin 2
	lane_keys 1 2
	refused "needs a port" lane_key a 5 6 2 1 current
	refused "needs a port" lane_key a 5 6 2 0 current "port 7741"
	refused "socket of the key's lane" lane_key a 5 6 2 5 current "port 7745"
	refused "carries another lane" lane_bind a 0 12
	refused "ERANGE" lane_key a 5 6 2 8 current "port 7748"
	refused "no key" in_ns a pilot_ctl key-del pilot0 "$(agent 6)" \
		epoch 1 lane 7
	refused "already" lane_key a 5 6 1 1 current "port 7741"
	pings a 6
}

peers_with_lanes_go_under_traffic() {
	local i

	needs_two_processors
	lanes_begin 2
	for i in 1 2 3 4 5; do
		lane_keys "$i" 2
		# Its answers would fill the socket of another ping beside it.
		spawn "$TMP/flood" in_ns a ping -n -f "$(agent_ip 6)"
		pings_on 1 b
		in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
		end_process "$SPAWNED" -INT
		peer a 6 2
		in_ns b pilot_ctl peer-del pilot0 "$(agent 5)"
		peer b 5 1
	done
}

run_tests each_processor_has_its_lane all_lanes_are_shown_and_work \
	unequal_numbers_use_what_both_have lane_that_never_worked_is_not_used \
	lane_that_stops_working_is_left lane_in_use_stays_known \
	lanes_move_together lanes_are_learned_behind_a_nat \
	lanes_are_doubted_when_a_port_moves \
	rekey_of_all_lanes_loses_nothing key_of_a_lane_goes \
	socket_of_a_lane_goes processors_come_and_go two_flows_in_two_lanes \
	handshakes_are_dropped_on_other_lanes what_makes_no_sense_is_refused \
	peers_with_lanes_go_under_traffic
