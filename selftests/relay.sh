#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# What a relay forwards and what it does not, alone and under load.
#
# shellcheck disable=SC2046

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-relay.sh"

AMOUNT=$(scaled 20)00K

# --- data by a relay ---------------------------------------------------------

data_by_a_relay() {
	relayed_pair
	offloads "$1"
	tcp_both_ways
	pings a 6
	pings b 5
	batched "$1" a r b
	nothing_went_wrong
	equal "$(socket_stat r drop-relay)" 0 "frames the relay dropped"
	# Their large packets are forwarded in as few pieces as they came.
	within "$(scaled 2000)" $((10 ** 9)) "$(socket_stat r rx-relayed)" \
		"frames the relay forwarded"
	equal $(($(relay_stat $ID5 packets) + $(relay_stat $ID6 packets))) \
		"$(socket_stat r rx-relayed)" "frames counted by entry"
	equal "$(stat r rx-records)" 0 "records the relay opened"
	equal "$(peer_stat a 6 kind) $(peer_stat a 6 carrier)" \
		"relay $((ID5))" "a's endpoint"
}

data_by_a_relay_in_whole_datagrams() {
	data_by_a_relay R1
}

data_by_a_relay_datagram_by_datagram() {
	data_by_a_relay R3
	equal "$(socket_stat r rx-whole)" 0 "r's whole batches"
}

data_by_a_relay_over_ipv6() {
	CIPHER=chacha FAMILY=6
	data_by_a_relay R1
}

ends_of_different_address_families() {
	local r

	relayed_pair 4 6
	for r in R1 R3; do
		offloads $r
		iperf a b 6 -n "$AMOUNT"
		iperf a b 6 -n "$AMOUNT" -R
	done
	pings a 6
	nothing_went_wrong
	in_ns r pilot_ctl dev-get pilot0 >"$TMP/r"
	equal "$(word drop-relay socket4 <"$TMP/r")$(word drop-relay \
		socket6 <"$TMP/r")" 00 "frames the relay dropped"
	within 10 $((10 ** 9)) "$(word rx-relayed socket6 <"$TMP/r")" \
		"frames from b"
}

# A packet socket sees each skb too: what it sees must not be changed.
relay_with_packet_sockets() {
	local r

	relayed_pair
	for r in R1 R3; do
		offloads $r
		listen r to-a frames "$TMP/left"
		iperf a b 6 -n "$AMOUNT"
		iperf a b 6 -n "$AMOUNT" -R
		listen_end
		# From a: only a's id; to a: only a's as well.
		equal "$(awk '{print substr($5, 1, 16)}' "$TMP/left" | sort -u)" \
			96000000a1000000 "carriers seen on a's side in $r"
	done
	nothing_went_wrong
	equal "$(socket_stat r drop-relay)" 0 "frames the relay dropped"
}

# Counted in records: what a slow reader loses is not the relay's.
udp_by_a_relay_loses_nothing() {
	local r size

	relayed_pair
	for r in R1 R3; do
		offloads $r
		for size in 64 1300; do
			iperf a b 6 -u -b 1M -l $size -t 2
			wait_for 10 all_arrived ||
				fail "a sent $(stat a tx-records), b got" \
					"$(stat b rx-records)"
		done
	done
	equal "$(socket_stat r drop-relay)" 0 "frames the relay dropped"
}

all_arrived() {
	[ "$(stat a tx-records)" -eq "$(stat b rx-records)" ] &&
		[ "$(stat b tx-records)" -eq "$(stat a rx-records)" ]
}

# --- what is forwarded -------------------------------------------------------

only_the_id_and_the_outer_headers_change() {
	local frames tos

	bare_relay
	frames=$(printf '%s\n' 91000000aabb 9200000001 9300000002 95000000ff \
		"$(data_frame 5)")
	hear 7
	behind $ID5 <<<"$frames" | say
	wait_for 10 heard_n 5 || fail "b heard $(cat "$TMP/heard")"
	equal "$(awk '/^10/ {print $4}' "$TMP/heard" | sort)" \
		"$(behind $ID6 <<<"$frames" | sort)" "what b heard"
	equal "$(awk '/^10/ {print $1, $2, $3}' "$TMP/heard" | sort -u)" \
		"10.0.2.1 $PORT 0" "from where"
	# ECN is kept, the class is not.
	for tos in 0xba 0x03; do
		behind $ID5 <<<9100000000 | say tos $tos
	done
	wait_for 10 heard_n 7 || fail "b heard $(cat "$TMP/heard")"
	equal "$(awk '/^10/ {print $3}' "$TMP/heard" | tail -n 2 | xargs)" "2 3" \
		"ECN of the last two"
	equal "$(relay_stat $ID5 packets) $(relay_stat $ID5 drops)" "7 0" \
		"frames of the entry"
}

signalling_only_carries_no_data() {
	relayed_pair
	entry $ID5 5 6 $ID6 replace flags 1
	entry $ID6 6 5 $ID5 replace flags 1
	is_silent a 6 || fail "data passes"
	within 1 100 "$(socket_stat r drop-relay)" "frames the relay dropped"
	entries replace
	pings a 6
}

signalling_only_carries_signalling() {
	local before

	bare_relay flags 1
	hear 4
	before=$(socket_stat r drop-relay)
	printf '%s\n' 9100000000 9200000000 "$(data_frame 0)" 9300000000 \
		"$(data_frame 40)" 9500000000 | behind $ID5 | say
	wait_for 10 heard_n 4 || fail "b heard $(cat "$TMP/heard")"
	equal "$(awk '/^10/ {print substr($4, 17, 2)}' "$TMP/heard" | sort |
		xargs)" "91 92 93 95" "types that b heard"
	socket_rose r drop-relay 2 "$before"
}

frames_from_elsewhere_are_refused() {
	bare_relay
	hear 1 5
	behind $ID5 <<<9100000000 | say from 4002 wait 300
	behind $ID6 <<<9100000000 | say wait 300
	data_frame 9 | behind $ID5 | say from 4003 wait 300
	equal "$(word answers <"$TMP/said")" 0 "answers"
	# The right port of another host.
	ipn a addr add 10.0.1.9/24 dev wire
	ipn a route replace 10.0.1.0/24 dev wire src 10.0.1.9
	behind $ID5 <<<9100000000 | say
	socket_rose r drop-relay 4 0
	equal "$(relay_stat $ID5 drops) $(relay_stat $ID6 drops)" "3 1" \
		"frames refused by entry"
	equal "$(socket_stat r rx-relayed)$(socket_stat r rx-helper)" 00 \
		"frames forwarded and passed up"
	! heard_n 1 || fail "b heard $(cat "$TMP/heard")"
}

# Neither another relay header nor a channel, nor what is no frame of a session.
nested_and_foreign_frames_are_refused() {
	local before helper

	bare_relay
	hear 1 5
	{
		behind $ID5 <<<9100000000
		behind 77 <<<9100000000
		echo 4001000491000000
		printf '%s\n' 0001000000 6400000000 5000000000 9000000000 \
			9700000000 9101000000 9100010000 9400000000 \
			"$(data_frame 5 | sed s/^94000000/94000001/)" 91 910000
	} >"$TMP/inner"
	behind $ID5 <"$TMP/inner" | say wait 300
	equal "$(word answers <"$TMP/said")" 0 "answers"
	# The last two are too short to be looked at.
	socket_rose r drop-relay 12 0
	socket_rose r drop-malformed 2 0
	equal "$(socket_stat r rx-relayed)" 0 "frames forwarded"
	! heard_n 1 || fail "b heard $(cat "$TMP/heard")"
	# The same without an entry: nothing of it is for anybody.
	before=$(socket_stat r drop-relay)
	helper=$(socket_stat r rx-helper)
	behind 99 <"$TMP/inner" | say wait 300
	pilot_frame channel 0x4001 <"$TMP/inner" | say wait 300
	equal "$(word answers <"$TMP/said")" 0 "answers"
	# Reserved bytes of a handshake are the helper's to look at.
	wait_for 10 socket_at_least r rx-helper $((helper + 4)) || true
	equal "$(socket_stat r rx-helper)" $((helper + 4)) "frames passed up"
	within 5 12 $(($(socket_stat r drop-relay) - before)) "dropped"
	equal "$(socket_stat r rx-relayed)" 0 "frames forwarded"
}

# An id without entry is one that a relay of ours may have given: data frames
# are looked at, handshakes are the helper's, and nobody is answered.
unknown_ids_are_silent() {
	bare_relay
	behind 99 <<<9100000000 | say wait 500
	equal "$(word answers <"$TMP/said")" 0 "answers"
	socket_rose r rx-helper 1 0
	data_frame 9 | behind 99 | say wait 500
	equal "$(word answers <"$TMP/said")" 0 "answers"
	socket_rose r drop-no-index 1 0
	equal "$(socket_stat r rx-relayed)$(socket_stat r drop-relay)" 00 \
		"frames forwarded and refused"
}

# Several frames in one packet that are not all to go the same way.
batches_that_differ_within() {
	bare_relay
	entry 0xc3 5 6 0xd4
	hear 40 5
	in_ns a python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 4001))
def send(size, frames):
    s.setsockopt(socket.IPPROTO_UDP, 103, size)
    s.sendto(b"".join(frames), ("10.0.1.1", 7740))
def relay(id, inner):
    return struct.pack("<II", 0x96, id) + inner
def data(n, size):
    return struct.pack("<IIQ", 0x94, 0, n) + bytes(size - 24)
a, c, no = 0xa1, 0xc3, 99
# Two ids, and one that is nobody'"'"'s.
send(60, [relay(i, data(n, 60)) for n, i in enumerate([a, a, c, no, c, a])])
# One that carries another, one that is no data; the last is too short.
send(60, [relay(a, data(6, 60)), relay(a, relay(a, data(7, 52))),
          relay(a, struct.pack("<I", 0x91) + bytes(48)),
          relay(a, data(8, 60)), relay(a, data(9, 30))])
# All alike, but for the last one'"'"'s length.
send(60, [relay(c, data(n, 60)) for n in range(10, 15)] +
     [relay(c, data(15, 44))])
'
	wait_for 10 heard_n 14 || true
	# By the number in the frame: id and size.
	awk '/^10/ {print substr($4, 9, 2) substr($4, 17, 2) \
		substr($4, 33, 2) "." length($4) / 2}' "$TMP/heard" |
		sort >"$TMP/got"
	printf '%s\n' b29400.60 b29401.60 d49402.60 d49404.60 b29405.60 \
		b29406.60 b29100.60 b29408.60 d4940a.60 d4940b.60 d4940c.60 \
		d4940d.60 d4940e.60 d4940f.44 | sort >"$TMP/wanted"
	diff "$TMP/wanted" "$TMP/got"
	equal "$(socket_stat r rx-relayed)" 14 "frames forwarded"
	equal "$(socket_stat r rx-whole)" 3 "batches in one piece"
	equal "$(socket_stat r drop-no-index)" 1 "frames that are not ours"
	equal "$(socket_stat r drop-relay)" 2 "frames refused"
}

# What is no batch of data is taken apart before the module sees it.
batches_of_signalling_are_forwarded_one_by_one() {
	bare_relay
	hear 60
	in_ns a python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 4001))
s.setsockopt(socket.IPPROTO_UDP, 103, 100)
for first in (0, 30):
    s.sendto(b"".join(struct.pack("<IIII", 0x96, 0xa1, 0x95, first + i) +
             bytes(84) for i in range(30)), ("10.0.1.1", 7740))
'
	wait_for 10 heard_n 60 || fail "b heard $(grep -c ^10 "$TMP/heard")"
	equal "$(awk '/^10/ {print substr($4, 25, 2)}' "$TMP/heard")" \
		"$(printf '%02x\n' $(seq 0 59))" "frames in the order they came"
	equal "$(socket_stat r rx-relayed)" 60 "frames forwarded"
	equal "$(socket_stat r rx-whole)" 0 "batches in one piece"
}

# Peers that are the relay itself, and ids that lead in a circle.
circles_end() {
	local n

	relay_up 4001
	in_ns r pilot_ctl peer-set pilot0 "$(agent 5)" endpoint 10.0.1.1 $PORT
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.2.1 $PORT
	in_ns r pilot_ctl peer-new pilot0 "$(agent 8)" endpoint 10.0.1.2 4001
	entry 1 5 6 2
	entry 2 6 5 1
	entry 3 8 6 2
	behind 3 <<<9100000000 | say wait 1000
	n=$(socket_stat r rx-relayed)
	within 3 64 "$n" "times it was forwarded"
	pause
	equal "$(socket_stat r rx-relayed)" "$n" "the same a moment later"
}

# A host has one socket for all its agents.
two_agents_at_one_place() {
	relay_up 4001
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.1.2 4001
	entries
	behind $ID5 <<<9100000000 | say wait 1000
	equal "$(word answers <"$TMP/said")" 1 "frames that came back"
	equal "$(socket_stat r rx-relayed)" 1 "frames forwarded"
}

# What is no data has a small limit of its own, so that nobody's helper is kept
# busy by a relay, and no data is dressed up as control.
signalling_is_limited() {
	local start n

	bare_relay
	hear 1000 60
	start=$SECONDS
	pilot_frame flips 20 60 <<<"95$(printf '%0200d' 0)" | behind $ID5 | say
	wait_for 20 relay_counted "$(sent_n)" || true
	n=$(relay_stat $ID5 packets)
	within 64 $((64 + 32 * (SECONDS + 1 - start))) "$n" "frames forwarded"
	equal $((n + $(relay_stat $ID5 drops))) "$(sent_n)" "frames counted"
	# Data is not charged for it.
	data_frame 9 | behind $ID5 | say
	wait_for 10 relay_forwarded $((n + 1)) || fail "data is dropped"
}

relay_counted() {
	[ $(($(relay_stat $ID5 packets) + $(relay_stat $ID5 drops))) -ge "$1" ]
}

relay_forwarded() {
	[ "$(relay_stat $ID5 packets)" -ge "$1" ]
}

# Neither initiations nor control frames are longer than 1200 bytes.
long_signalling_is_refused() {
	bare_relay
	hear 2 20
	printf '95%02398d\n95%02400d\n' 0 0 | behind $ID5 | say
	data_frame 1300 | behind $ID5 | say
	wait_for 10 heard_n 2 || fail "b heard $(cut -c 1-40 "$TMP/heard")"
	equal "$(awk '/^10/ {print length($4) / 2}' "$TMP/heard" | xargs)" \
		"1208 1340" "lengths"
	equal "$(relay_stat $ID5 drops)" 1 "frames refused"
}

sent_n() {
	word sent <"$TMP/said"
}

# --- hostile and sudden ------------------------------------------------------

spoilt_frames_at_a_relay() {
	bare_relay
	for n in 0 20; do
		data_frame $n | behind $ID5 | spoilt a 10.0.1.1
	done
	behind $ID5 <<<9100000000000000 | spoilt a 10.0.1.1
	within 10 $((10 ** 9)) "$(socket_stat r rx-relayed)" "frames forwarded"
	equal "$(stat r rx-records)" 0 "records"
	equal "$(peer_stat r 5 port)" 4001 "the endpoint"
}

entries_go_and_come_under_traffic() {
	local i r

	relayed_pair
	for r in R1 R3; do
		offloads $r
		spawn "$TMP/flood" in_ns a ping -n -f -s 1000 "$(agent_ip 6)"
		spawn "$TMP/server" in_ns b iperf3 -s -1
		wait_for 20 listens b 5201 || fail "iperf3 does not listen"
		spawn "$TMP/client" in_ns a iperf3 -c "$(agent_ip 6)" -t 30
		for ((i = 0; i < 15; i++)); do
			in_ns r pilot_ctl relay-del pilot0 $ID5
			in_ns r pilot_ctl relay-del pilot0 $ID6
			entries
		done
		for ((i = 0; i < 5; i++)); do
			in_ns r pilot_ctl dev-set pilot0 socket4 -1
			bind_sockets r
			in_ns r pilot_ctl peer-del pilot0 "$(agent 5)"
			in_ns r pilot_ctl peer-new pilot0 "$(agent 5)" \
				endpoint 10.0.1.2 $PORT
			entries replace
		done
		pings_return
		while read -r i; do
			kill -KILL "$i" 2>/dev/null || true
		done < <(tail -n 3 "$TMP/pids")
	done
}

pings_return() {
	wait_for 30 in_ns a ping -n -c 3 -i 0.05 -W 2 "$(agent_ip 6)" \
		>"$TMP/ping" 2>&1 || fail "$(tail -n 3 "$TMP/ping")"
}

# goes_under_traffic COMMAND...: ends the relay.
goes_under_traffic() {
	relayed_pair
	spawn "$TMP/flood" in_ns a ping -n -f -s 1000 "$(agent_ip 6)"
	spawn "$TMP/server" in_ns b iperf3 -s -1
	wait_for 20 listens b 5201 || fail "iperf3 does not listen"
	spawn "$TMP/client" in_ns a iperf3 -c "$(agent_ip 6)" -t 60
	wait_for 20 socket_at_least r rx-relayed 1000 || fail "no traffic"
	"$@"
	is_silent a 6 || fail "data passes without the relay"
}

socket_of_the_relay_goes_under_traffic() {
	goes_under_traffic end_relay_socket
}

end_relay_socket() {
	end_process "$(held r)" -KILL
}

device_of_the_relay_goes_under_traffic() {
	goes_under_traffic ipn r link del pilot0
}

namespace_of_the_relay_goes_under_traffic() {
	goes_under_traffic end_relay_namespace
}

end_relay_namespace() {
	ns_del r
	end_relay_socket
}

run_tests data_by_a_relay_in_whole_datagrams \
	data_by_a_relay_datagram_by_datagram data_by_a_relay_over_ipv6 \
	ends_of_different_address_families relay_with_packet_sockets \
	udp_by_a_relay_loses_nothing only_the_id_and_the_outer_headers_change \
	signalling_only_carries_no_data signalling_only_carries_signalling \
	frames_from_elsewhere_are_refused nested_and_foreign_frames_are_refused \
	unknown_ids_are_silent batches_that_differ_within \
	batches_of_signalling_are_forwarded_one_by_one circles_end \
	two_agents_at_one_place signalling_is_limited \
	long_signalling_is_refused \
	spoilt_frames_at_a_relay entries_go_and_come_under_traffic \
	socket_of_the_relay_goes_under_traffic \
	device_of_the_relay_goes_under_traffic \
	namespace_of_the_relay_goes_under_traffic
