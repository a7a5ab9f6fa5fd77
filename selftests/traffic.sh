#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# TCP and UDP in the three regimes of a veth link, with both ciphers over both
# families, and over links that lose and reorder.

. "$(dirname "$0")/lib.sh"

# Bytes small enough for an emulated processor.
AMOUNT=$(scaled 20)00K

# On a slow machine TCP would take two or three segments at a time.
many_at_a_time() {
	in_ns a sysctl -qw net.ipv4.tcp_min_tso_segs=8
	in_ns b sysctl -qw net.ipv4.tcp_min_tso_segs=8
}

tcp_both_ways() {
	many_at_a_time
	iperf a b 6 -n "$AMOUNT"
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second"
	iperf a b 6 -n "$AMOUNT" -R
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second, reversed"
}

# snmp6 NS NAME
snmp6() {
	in_ns "$1" awk -v name="$2" '$1 == name {print $2}' /proc/net/snmp6
}

# Nothing may be lost where nothing loses it, but for what finds the buffer of
# iperf3's socket full, which a busy machine does not let read in time.
udp_without_loss() {
	local full lost

	full=$(snmp6 b Udp6RcvbufErrors)
	iperf a b 6 -u -b 1M -l "$1" -t 2
	lost=$(sed -n 's/.* \([0-9]*\)\/[0-9]* (.*%) *receiver.*/\1/p' "$TMP/iperf")
	equal "$lost" $(($(snmp6 b Udp6RcvbufErrors) - full)) \
		"datagrams lost, but for those that iperf3 did not read in time"
}

clean() {
	local ns name

	for ns in a b; do
		for name in rx-drop-auth rx-drop-inner \
			rx-drop-replay tx-drop-crypto aead-fallbacks; do
			equal "$(stat $ns $name)" 0 "$ns's $name"
		done
	done
}

# Some records come one by one: of pings, acknowledgements and what iperf3 says to
# itself.
LONE=100

# few_batches NS tx|rx: the others, three at a time at least, on a busy machine as well.
few_batches() {
	within 10 $((LONE + $(stat "$1" "$2-records") / 3)) \
		"$(stat "$1" "$2-batches")" \
		"$1's $2-batches of $(stat "$1" "$2-records") records"
}

# most_merged NS: more than half of them go up in large packets, on a busy machine too.
most_merged() {
	local records

	records=$(stat "$1" rx-records)
	within $(((records - LONE) / 2)) "$records" \
		"$(stat "$1" rx-merged)" "$1's merged records"
}

# The batches that the regime must bring, and no others; a silent fall-back
# to single datagrams would pass everything else.
batched() {
	local ns chained whole

	for ns in a b; do
		equal "$(stat $ns tx-segmented)" 0 "$ns's slowly cut packets"
		within 10 $((10 ** 9)) "$(stat $ns tx-gso)" "$ns's large packets"
		few_batches $ns tx
		few_batches $ns rx
		most_merged $ns
		chained=$(socket_stat $ns rx-chained)
		whole=$(socket_stat $ns rx-whole)
		case $1 in
		R3)
			equal "$whole" 0 "$ns's whole batches"
			within "$(scaled 10)" $((10 ** 9)) "$chained" \
				"$ns's chained ones"
			;;
		*)
			within 10 $((10 ** 9)) "$whole" "$ns's whole batches"
			;;
		esac
		[ "$1" != R1 ] || equal "$chained" 0 "$ns's chained batches"
	done
}

flows() {
	pair
	regime "$1"
	tcp_both_ways
	batched "$1"
	udp_without_loss 64
	udp_without_loss 1300
	clean
}

aes_over_ipv4_whole_datagrams() {
	flows R1
}

aes_over_ipv4_through_napi() {
	flows R2
}

aes_over_ipv4_datagram_by_datagram() {
	flows R3
}

chacha_over_ipv6_whole_datagrams() {
	CIPHER=chacha FAMILY=6
	flows R1
}

chacha_over_ipv6_through_napi() {
	CIPHER=chacha FAMILY=6
	flows R2
}

chacha_over_ipv6_datagram_by_datagram() {
	CIPHER=chacha FAMILY=6
	flows R3
}

aes_over_ipv6_and_chacha_over_ipv4() {
	FAMILY=6
	pair
	tcp_both_ways
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.0.2 $PORT
	CIPHER=chacha
	keys 2
	tcp_both_ways
	clean
}

whole_headers_carry_tcp() {
	local ns

	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 1
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" flags 1
	tcp_both_ways
	for ns in a b; do
		within 10 $((10 ** 9)) "$(stat $ns tx-segmented)" \
			"$ns's slowly cut packets"
	done
	clean
}

# Without timestamps the headers of a run are shorter than a whole IPv6 header,
# and for a batch the receiver takes the one for the other.
whole_headers_begin_and_end_within_a_flow() {
	local ns i

	pair
	regime R3
	for ns in a b; do
		in_ns $ns sysctl -qw net.ipv4.tcp_timestamps=0
	done
	flow a b 6
	for i in 1 2 3 4; do
		stat_grows b rx-merged "$(scaled 500)"
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 1
		stat_grows b rx-records "$(scaled 500)"
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 0
	done
	end_process "$FLOW"
	clean
}

single_pages() {
	sysctl -qw net.core.high_order_alloc_disable="$1"
}

# What no page takes goes by itself; and it is a batch again as soon as one does.
# A module that has just been loaded has no pages from before.
jumbo_records_where_pages_come_one_by_one() {
	local ns records merged

	module_unloads
	module_load
	MTU=9000 WIRE_MTU=9100
	pair
	regime R3
	trap 'single_pages 0' EXIT
	single_pages 1
	tcp_both_ways
	single_pages 0
	for ns in a b; do
		equal "$(stat $ns tx-drop-no-memory)" 0 "$ns's lost packets"
		records=$(stat $ns tx-records)
		within $((records * 2 / 3)) "$records" \
			"$(stat $ns tx-batches)" "$ns's batches"
	done
	merged=$(stat b rx-merged)
	tcp_both_ways
	within $((merged + $(scaled 100))) $((10 ** 9)) "$(stat b rx-merged)" \
		"b's merged records"
	clean
}

# A packet socket holds a clone of each skb, which must not be changed.
batches_with_a_packet_socket_at_either_end() {
	local r

	pair
	for r in R1 R3; do
		regime $r
		listen b wire
		tcp_both_ways
		end_process "$LISTENER"
	done
	batched R2
	clean
}

# file_received NS FILE: by TCP port 9999.
file_received() {
	in_ns "$1" python3 -u - "$2" <<-'EOF'
		import socket, sys
		s = socket.create_server(("::", 9999), family=socket.AF_INET6)
		print("ready")
		with open(sys.argv[1], "wb") as f, s.accept()[0] as c:
		    while data := c.recv(65536):
		        f.write(data)
		print("all")
	EOF
}

# b_leads_to_c: what comes to b for TCP port 9999 goes to c, by a link that
# neither cuts packets nor sums them up.
b_leads_to_c() {
	ns_add c
	ip link add out netns "$NSP-b" type veth peer name out netns "$NSP-c"
	ipn b addr add fd01::1/64 dev out nodad
	ipn c addr add fd01::2/64 dev out nodad
	ipn b link set out up
	ipn c link set out up
	ipn c route add default via fd01::1
	in_ns b sysctl -qw net.ipv6.conf.all.forwarding=1
	in_ns b ethtool -K out tso off tx off >/dev/null
	in_ns b nft -f - 2>"$TMP/nft" <<-EOF || skip "no nft: $(head -1 "$TMP/nft")"
		table ip6 nat {
			chain pre {
				type nat hook prerouting priority -100
				tcp dport 9999 dnat to fd01::2
			}
		}
	EOF
}

# Their checksums were never whole; c looks at those of each segment.
merged_packets_are_forwarded_in_segments() {
	local r merged

	pair
	regime R1
	b_leads_to_c
	head -c "$(scaled 20)00000" /dev/urandom >"$TMP/data"
	for r in R1 R3; do
		regime $r
		merged=$(stat b rx-merged)
		spawn_ready "$TMP/receiver" file_received c "$TMP/copy"
		in_ns a timeout "$(patience 60)" bash -c \
			"cat $TMP/data >/dev/tcp/$(agent_ip 6)/9999" ||
			fail "$r: the file did not leave"
		wait_for 60 says "$TMP/receiver" all ||
			fail "$r: it did not arrive"
		cmp "$TMP/data" "$TMP/copy"
		equal "$(in_ns c awk '/^Tcp: [0-9]/ {print $NF}' \
			/proc/net/snmp)" 0 "$r: wrong checksums at c"
		within $((merged + $(scaled 500))) $((10 ** 9)) \
			"$(stat b rx-merged)" "$r: b's merged records"
	done
	clean
}

# csum_errors NS: UDP datagrams with a wrong checksum, of both families.
csum_errors() {
	in_ns "$1" cat /proc/net/snmp /proc/net/snmp6 | awk '
		/^Udp: [A-Z]/ {for (i = 2; i <= NF; i++) at[$i] = i}
		/^Udp: [0-9]/ {n += $at["InCsumErrors"]}
		/^Udp6InCsumErrors/ {n += $2}
		END {print n + 0}'
}

# A link that computes none: each datagram of a batch must have its own.
with_finished_checksums() {
	local ns

	pair
	regime R3
	for ns in a b; do
		in_ns $ns ethtool -K wire tx off >/dev/null
		in_ns $ns ethtool -k wire >"$TMP/features"
		equal "$(word tx-checksumming: <"$TMP/features")" off
	done
	tcp_both_ways
	batched R3
	for ns in a b; do
		equal "$(csum_errors $ns)" 0 "$ns's wrong checksums"
	done
	clean
}

finished_checksums_over_ipv4() {
	with_finished_checksums
}

finished_checksums_over_ipv6() {
	FAMILY=6
	with_finished_checksums
}

# marks: batches that were marked so far.
marks() {
	in_ns b nft list table ip congested |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}

# RFC 6040: a batch's outer field is that of its packet, and what a router makes
# of it gets inside again, with every packet of the batch. Now and then, or TCP
# would send no batches, a slow one all the less.
ecn_of_batches() {
	local rate=$((PILOT_DEBUG_KERNEL ? 2 : 10)) r ce marked

	pair
	in_ns a sysctl -qw net.ipv4.tcp_ecn=1
	in_ns b sysctl -qw net.ipv4.tcp_ecn=1
	in_ns b nft -f - 2>"$TMP/nft" <<-EOF || skip "no nft: $(head -1 "$TMP/nft")"
		table ip congested {
			chain pre {
				type filter hook prerouting priority -300
				udp dport $PORT ip ecn ect0 limit rate \
					$rate/second burst 1 packets \
					counter ip ecn set ce
			}
		}
	EOF
	for r in R1 R3; do
		regime $r
		ce=$(snmp6 b Ip6InCEPkts)
		marked=$(marks)
		many_at_a_time
		iperf a b 6 -n "$AMOUNT"
		ce=$(($(snmp6 b Ip6InCEPkts) - ce))
		marked=$(($(marks) - marked))
		within 2 1000 "$marked" "$r: batches marked"
		within $((marked * 2)) $((marked * 64)) "$ce" \
			"$r: packets with CE of $marked batches"
	done
	equal "$(stat b rx-drop-ecn)" 0 "b's rx-drop-ecn"
	clean
}

# All of a large packet stays, not the part that goes beyond.
batch_across_the_hard_limit_is_dropped() {
	half_pair
	key a 5 6 2 current soft-packets 9 hard-packets 10
	wait_for 10 stat_at_least a tx-keepalives 1 || fail "a sent nothing"
	udp_gso a "$(agent_ip 6)" 100 20
	wait_for 10 stat_at_least a tx-drop-expired 1 || fail "nothing was dropped"
	equal "$(stat a tx-drop-expired)" 21 "records dropped"
	equal "$(peer_stat a 6 tx-packets)" 0 "packets sent"
}

# udp_gso NS ADDRESS SIZE COUNT: one send that is COUNT datagrams, each of SIZE
# bytes of its own number, and one byte more.
udp_gso() {
	in_ns "$1" python3 - "$2" "$3" "$4" <<-'EOF'
		import socket, sys
		size, count = int(sys.argv[2]), int(sys.argv[3])
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_UDP, 103, size)
		data = b"".join(bytes([i]) * size for i in range(count)) + b"!"
		s.sendto(data, (sys.argv[1], 7000))
	EOF
}

# udp_count NS SIZE COUNT: the datagrams of one such send, in order.
udp_count() {
	in_ns "$1" python3 -u - "$2" "$3" <<-'EOF'
		import socket, sys
		size, count = int(sys.argv[1]), int(sys.argv[2])
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		s.bind(("::", 7000))
		s.settimeout(60)
		print("ready")
		for i in range(count):
		    got = s.recv(65536)
		    if got != bytes([i]) * size:
		        sys.exit(f"datagram {i} is {len(got)} of {got[:4]}")
		if s.recv(65536) != b"!":
		    sys.exit("the last is not the short one")
		print("all")
	EOF
}

udp_segments_arrive_as_datagrams() {
	local r size count

	pair
	for r in R1 R2 R3; do
		regime $r
		for size in 100 1200; do
			count=$((size > 1000 ? 45 : 60))
			spawn_ready "$TMP/udp" udp_count b $size $count
			udp_gso a "$(agent_ip 6)" $size $count
			wait_for 60 says "$TMP/udp" all ||
				fail "$r, $size: $(cat "$TMP/udp")"
		done
	done
	within 6 6 "$(stat a tx-gso)" "large packets"
	equal "$(stat a tx-segmented)" 0 "slowly cut packets"
	# One batch a send, or a few more when two processors share the work.
	within 2 20 "$(socket_stat b rx-chained)" "chained batches"
	clean
}

# A sender is told of its bytes until the wire has them. Reno does not mind the
# delay of a long queue, and would fill this one, at any rate that is less than
# what a slow machine can send.
queue_of_the_wire_stays_short() {
	local i bytes most=0

	modprobe -q sch_tbf 2>/dev/null || true
	pair
	in_ns a tc qdisc add dev wire root tbf rate 4mbit burst 128kb \
		limit 4mb 2>/dev/null || skip "no tbf"
	in_ns a sysctl -qw net.ipv4.tcp_congestion_control=reno
	flow a b 6
	for i in {1..10}; do
		stat_grows b rx-records 200
		bytes=$(queue a)
		most=$((bytes > most ? bytes : most))
	done
	end_process "$FLOW"
	within 10000 $((512 * 1024)) "$most" "bytes that waited for the wire"
}

several_flows_at_once() {
	pair
	iperf a b 6 -n "$AMOUNT" -P 4
	grep -q SUM "$TMP/iperf" || fail "the flows did not all end"
}

lossy() {
	local ns

	modprobe -q sch_netem 2>/dev/null || true
	pair
	for ns in a b; do
		in_ns $ns tc qdisc add dev wire root netem "$@" 2>/dev/null ||
			skip "no netem"
	done
}

tcp_survives_loss_and_duplicates() {
	lossy delay 2ms loss 2% duplicate 2%
	iperf a b 6 -n "$AMOUNT"
	within 1 1000000 $(($(stat a rx-drop-replay) + \
		$(stat b rx-drop-replay))) "duplicates dropped"
	equal "$(stat a rx-drop-auth)$(stat b rx-drop-auth)" 00 "failed tags"
}

# Reordering within the window costs no record.
reordered_datagrams_all_arrive() {
	lossy delay 10ms reorder 50% 50%
	iperf a b 6 -u -b 1M -l 300 -t 4
	equal "$(stat b rx-drop-replay)" 0 "records the window refused"
	wait_for 20 all_received ||
		fail "sent $(stat a tx-records), came $(stat b rx-records)"
}

all_received() {
	[ "$(stat b rx-records)" -eq "$(stat a tx-records)" ]
}

damaged_datagrams_change_nothing() {
	lossy corrupt 5%
	# Pings, because iperf3's own connection may not survive this.
	in_ns a ping -n -q -c "$(scaled 1000)" -i 0.01 -s 300 \
		"$(agent_ip 6)" >"$TMP/ping" 2>&1 || true
	within 1 1000 "$(awk '/transmitted/ {print $1 - $4}' "$TMP/ping")" \
		"pings lost by damage"
	pings_get_through
	equal "$(stat a rx-drop-inner)$(stat b rx-drop-inner)" 00 \
		"damaged plaintexts"
	equal "$(peer_stat a 6 endpoint)" 10.0.0.2 "the endpoint"
}

pings_get_through() {
	wait_for 30 in_ns a ping -n -c 3 -i 0.05 -W 2 "$(agent_ip 6)" \
		>"$TMP/ping" 2>&1 || fail "$(tail -n 3 "$TMP/ping")"
}

run_tests aes_over_ipv4_whole_datagrams aes_over_ipv4_through_napi \
	aes_over_ipv4_datagram_by_datagram chacha_over_ipv6_whole_datagrams \
	chacha_over_ipv6_through_napi chacha_over_ipv6_datagram_by_datagram \
	aes_over_ipv6_and_chacha_over_ipv4 whole_headers_carry_tcp \
	whole_headers_begin_and_end_within_a_flow \
	jumbo_records_where_pages_come_one_by_one \
	batches_with_a_packet_socket_at_either_end \
	merged_packets_are_forwarded_in_segments \
	finished_checksums_over_ipv4 finished_checksums_over_ipv6 \
	ecn_of_batches batch_across_the_hard_limit_is_dropped \
	udp_segments_arrive_as_datagrams \
	queue_of_the_wire_stays_short several_flows_at_once \
	tcp_survives_loss_and_duplicates \
	reordered_datagrams_all_arrive damaged_datagrams_change_nothing
