#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# Sizes, fragments, ECN and DSCP, checksums: what the outer datagram looks like
# and what of it reaches the inner packet.

. "$(dirname "$0")/lib.sh"

# Each size from the least that is possible to the most that fits.
sizes_pass() {
	local size

	for size in "$@"; do
		pings a 6 -s "$size" -M "do" -c 1
	done
}

# 48 bytes of IPv6 and ICMPv6 stand before ping's payload.
every_size_around_the_edges_passes() {
	pair
	sizes_pass 0 1 15 16 17 1231 1232 1233 1391 1392
	! in_ns a ping -n -c 1 -W 1 -s 1393 -M "do" "$(agent_ip 6)" \
		>"$TMP/big" 2>&1 || fail "1441 bytes passed"
	grep -qi 'too \(long\|big\)' "$TMP/big" || fail "$(cat "$TMP/big")"
	pings a 6 -s 1393 -c 1
	pings a 6 -s 20000 -c 1
}

large_mtu_passes() {
	MTU=9000 WIRE_MTU=9100
	pair
	sizes_pass 1392 1393 8951 8952
	pings b 5 -s 8952 -M "do" -c 1
}

smallest_mtu_passes() {
	MTU=1280
	pair
	sizes_pass 0 1231 1232
	pings a 6 -s 1233 -c 1
}

default_mtu_fits_an_ethernet_in_one_piece() {
	FAMILY=6
	pair
	listen a wire frames "$TMP/frames"
	sizes_pass 1392
	listen_end
	equal "$(awk '{n = length($5) / 2; if (n > m) m = n} END {print m}' \
		"$TMP/frames")" 1440 "the largest datagram's payload"
	equal "$(heard other)" 0 "fragments and others"
}

# The outer datagram is larger than the wire: it goes in fragments.
narrow_wire_carries_fragments_over_ipv4() {
	WIRE_MTU=576
	ns_add a b
	wire a b 1500
	ipn a link set wire mtu 576
	ipn b link set wire mtu 576
	agent_up a 5
	agent_up b 6
	peer a 6 2
	peer b 5 1
	keys 1
	pings a 6 -s 1392 -c 1
	pings b 5 -s 1000 -c 1
	within 2 100 "$(in_ns a cat /proc/net/snmp | awk '/^Ip: [0-9]/ {
		print $18}')" "fragments a made"
}

narrow_wire_carries_fragments_over_ipv6() {
	FAMILY=6 WIRE_MTU=1280
	pair
	pings a 6 -s 1392 -c 1
	pings b 5 -s 1300 -c 1
}

# routed: agents with a router in between, and a wire behind it that is narrow.
routed() {
	local ns

	ns_add a r b
	ip link add wire netns "$NSP-a" type veth peer name to-a netns "$NSP-r"
	ip link add wire netns "$NSP-b" mtu 1280 type veth \
		peer name to-b netns "$NSP-r" mtu 1280
	for ns in a b; do
		ipn $ns -batch - <<-EOF
			link set lo up
			addr add $(routed_ip $ns 4)/24 dev wire
			addr add $(routed_ip $ns 6)/64 dev wire nodad
			link set wire up
			route add default via $(routed_ip $ns 4 1)
			route add default via $(routed_ip $ns 6 1)
		EOF
		ipn r -batch - <<-EOF
			addr add $(routed_ip $ns 4 1)/24 dev to-$ns
			addr add $(routed_ip $ns 6 1)/64 dev to-$ns nodad
			link set to-$ns up
		EOF
	done
	in_ns r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	agent_up a 5
	agent_up b 6
	in_ns a pilot_ctl peer-new pilot0 "$(agent 6)" \
		endpoint "$(routed_ip b $FAMILY)" $PORT
	in_ns b pilot_ctl peer-new pilot0 "$(agent 5)" \
		endpoint "$(routed_ip a $FAMILY)" $PORT
	keys 1
	pings a 6 -c 1
}

# routed_ip NS FAMILY [HOST]
routed_ip() {
	local net=1

	[ "$1" = a ] || net=2
	if [ "$2" = 4 ]; then
		echo "10.0.$net.${3:-2}"
	else
		echo "fd0$net::${3:-2}"
	fi
}

# IPv4: the router may cut them.
narrow_wire_behind_a_router_over_ipv4() {
	routed
	pings a 6 -s 1392
	pings b 5 -s 1392
	within 2 100 "$(in_ns r cat /proc/net/snmp | awk '/^Ip: [0-9]/ {
		print $18}')" "fragments the router made"
}

# IPv6: the router says how large they may be, and the sender cuts them.
narrow_wire_behind_a_router_over_ipv6() {
	FAMILY=6
	routed
	wait_for 20 answers a 6 -s 1392 || fail "the path's MTU is not learned"
	pings a 6 -s 1392
	pings b 5 -s 1392
	ipn a route get "$(routed_ip b 6)" | grep -q 'mtu 1280' ||
		fail "no MTU of the path: $(ipn a route get "$(routed_ip b 6)")"
}

answers() {
	local ns=$1 node=$2
	shift 2

	in_ns "$ns" ping -n -c 1 -W 1 "$@" "$(agent_ip "$node")" >/dev/null 2>&1
}

# told NS NODE TEXT: what a ping is answered with.
told() {
	! in_ns "$1" ping -n -c 1 -W "$(patience 15)" "$(agent_ip "$2")" \
		>"$TMP/told" 2>&1 || fail "agent $2 answered"
	grep -q "$3" "$TMP/told" || fail "not '$3' but: $(cat "$TMP/told")"
}

# As WireGuard answers: who is nobody's peer, has no key or is nowhere.
senders_are_told_who_is_unreachable() {
	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" forget
	told a 6 'Address unreachable'
	equal "$(stat a tx-drop-no-endpoint)" 1 "a's tx-drop-no-endpoint"
	peer a 7 2
	told a 7 'Address unreachable'
	told a 8 'Address unreachable'
	equal "$(stat a tx-drop-unanswered)" 2 "a's tx-drop-unanswered"
}

# The MTU gets smaller while packets wait for a key. Each waits for some seconds
# only, so there is always a new one, and the key is at hand.
senders_are_told_what_is_too_big() {
	local key

	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	key=$(key_words pilot0 5 6 1 current)
	spawn "$TMP/told" in_ns a ping -n -i 0.5 -s 1392 -M "do" "$(agent_ip 6)"
	wait_for 10 waits || fail "no packet waits"
	ipn a link set pilot0 mtu 1280
	in_ns a pilot_ctl $key
	wait_for 10 says "$TMP/told" 'too big.*1280' || fail "$(cat "$TMP/told")"
	within 1 20 "$(stat a tx-drop-too-big)" "a's tx-drop-too-big"
}

waits() {
	[ "$(peer_stat a 6 queued)" -ge 1 ]
}

endpoint_without_a_socket_of_its_family() {
	pair
	in_ns a pilot_ctl dev-set pilot0 socket4 -1
	is_silent a 6 || fail "a packet found a way"
	within 1 10 "$(stat a tx-drop-no-socket)" "a's tx-drop-no-socket"
}

# without_checksum IP FRAME: from b, with 0 in place of it.
without_checksum() {
	in_ns b python3 - "$1" $PORT "$2" <<-'EOF'
		import socket, sys
		to, port, frame = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		v6 = ":" in to
		s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
		                  socket.SOCK_DGRAM)
		if v6:
		    s.setsockopt(socket.IPPROTO_UDP, 101, 1)  # UDP_NO_CHECK6_TX
		else:
		    s.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
		s.sendto(bytes.fromhex(frame), (to, port))
	EOF
}

# RFC 768 lets IPv4 have none; RFC 8200 forbids it, and we are no exception.
datagrams_without_a_checksum() {
	local n frames=()

	half_pair
	for n in 0 1 2; do
		frames+=("$(pilot_frame seal aes "$(key_hex 6 5 1)" \
			"$(key_index 5 6 1)" $n "")")
	done
	without_checksum 10.0.0.1 "${frames[0]}"
	stat_rose a rx-records 1 0
	without_checksum fd00::1 "${frames[1]}"
	in_ns b pilot_frame send fd00::1 $PORT <<<"${frames[2]}" >/dev/null
	stat_rose a rx-records 1 1
	within 1 1 "$(in_ns a awk '/^Udp6InCsumErrors/ {print $2}' \
		/proc/net/snmp6)" "datagrams without one over IPv6"
}

# send_inner TCLASS: a datagram of agent 5 to agent 6.
send_inner() {
	pilot_frame udp6 "$(agent_ip 6)" "$(agent_ip 5)" 9 9 "$1" hello
}

# RFC 6040 4.1: the outer ECN field is the inner one, and no more is copied.
ecn_goes_out_and_dscp_does_not() {
	local tos out

	half_pair
	for tos in 0 1 2 3; do
		spawn_ready "$TMP/out" in_ns b pilot_frame recv $PORT 1 20
		in_ns a ping -n -c 1 -W 1 -Q $((184 | tos)) "$(agent_ip 6)" \
			>/dev/null 2>&1 || true
		wait_for 10 says "$TMP/out" 10.0.0.1 || fail "nothing came"
		out=$(awk '/10.0.0.1/ {print $3; exit}' "$TMP/out")
		equal "$out" "$tos" "outer TOS of inner $((184 | tos))"
	done
}

# RFC 6040 4.2, figure 4: inner rows not-ECT, ECT(0), ECT(1), CE; outer columns
# 0 = not-ECT, 1 = ECT(1), 2 = ECT(0), 3 = CE; x is a drop.
ecn_comes_in_as_rfc_6040_says() {
	local inner outer counter=0 want row

	half_pair
	for row in "0:0 0 0 x" "2:2 1 2 3" "1:1 1 1 3" "3:3 3 3 3"; do
		inner=${row%%:*}
		read -ra want <<<"${row#*:}"
		for outer in 0 1 2 3; do
			ecn_case
			counter=$((counter + 1))
		done
	done
	equal "$(stat a rx-drop-ecn)" 1 "a's rx-drop-ecn"
}

ecn_case() {
	local records=$((counter + 1)) got

	spawn_ready "$TMP/in" in_ns a pilot_frame recv 9 1 30 6
	pilot_frame seal aes "$(key_hex 6 5 1)" "$(key_index 5 6 1)" "$counter" \
		"$(send_inner "$inner")" | in_ns b pilot_frame send 10.0.0.1 \
		$PORT tos "$outer" >/dev/null
	stat_rose a rx-records "$records" 0
	if [ "${want[outer]}" = x ]; then
		equal "$(stat a rx-drop-ecn)" 1 "drops of CE on not-ECT"
		end_process "$SPAWNED"
		return
	fi
	wait_for 10 says "$TMP/in" fd50 || fail "inner $inner, outer $outer: lost"
	got=$(awk '/^fd50/ {print $3; exit}' "$TMP/in")
	equal "$got" "${want[outer]}" "inner $inner in outer $outer"
}

# opened FILE KEY: the plaintexts of the datagrams that recv wrote down.
opened() {
	awk 'NF == 4 {print $4}' "$1" |
		pilot_frame open "$CIPHER" "$(key_hex 5 6 1)"
}

whole_headers_carry_finished_checksums() {
	half_pair flags 1
	spawn_ready "$TMP/out" in_ns b pilot_frame recv $PORT 2 20
	in_ns a bash -c "echo marker >/dev/udp/$(agent_ip 6)/9"
	in_ns a timeout 2 bash -c "</dev/tcp/$(agent_ip 6)/9" 2>/dev/null || true
	wait_for 10 two_datagrams || fail "they did not come: $(cat "$TMP/out")"
	opened "$TMP/out" >"$TMP/plain"
	equal "$(grep -c 'csum good' "$TMP/plain")" 2 "right checksums"
	grep -q 'csum good 6[0-9a-f]\{7\}[0-9a-f]\{4\}11' "$TMP/plain" ||
		fail "no whole UDP packet: $(cat "$TMP/plain")"
}

two_datagrams() {
	[ "$(grep -c 10.0.0.1 "$TMP/out")" -ge 2 ]
}

short_headers_save_32_bytes() {
	local plain

	half_pair
	spawn_ready "$TMP/out" in_ns b pilot_frame recv $PORT 1 20
	in_ns a bash -c "echo marker >/dev/udp/$(agent_ip 6)/9"
	wait_for 10 says "$TMP/out" 10.0.0.1 || fail "nothing came"
	plain=$(opened "$TMP/out" | awk '{print $3}')
	equal "$((${#plain} / 2))" $((8 + 8 + 7)) "length of the plaintext"
	grep -qE '^0[0-9a-f]{7}11[0-9a-f]{2}0[01]00' <<<"$plain" ||
		fail "not a short header: $plain"
}

# A checksum left partial is finished before it leaves for a real link.
partial_checksum_is_finished_when_it_is_forwarded() {
	local text=forwarded

	pair
	ns_add c
	ip link add out netns "$NSP-b" type veth peer name out netns "$NSP-c"
	ipn b addr add fd01::1/64 dev out nodad
	ipn c addr add fd01::2/64 dev out nodad
	ipn b link set out up
	ipn c link set out up
	ipn c route add default via fd01::1
	in_ns b sysctl -qw net.ipv6.conf.all.forwarding=1
	in_ns b ethtool -K out tx off >/dev/null 2>&1 || skip "no ethtool"
	in_ns b nft -f - 2>"$TMP/nft" <<-EOF || skip "no nft: $(head -1 "$TMP/nft")"
		table ip6 nat {
			chain pre {
				type nat hook prerouting priority -100
				udp dport 9999 dnat to fd01::2
			}
		}
	EOF
	spawn_ready "$TMP/in" in_ns c pilot_frame recv 9999 1 20 6
	in_ns a bash -c "echo $text >/dev/udp/$(agent_ip 6)/9999"
	wait_for 10 says "$TMP/in" "$(echo $text | od -An -tx1 | tr -d ' \n')" ||
		fail "it did not arrive whole"
}

# A route of the underlay that leads into the tunnel again.
routing_loop_is_refused() {
	pair
	ipn a route add 10.0.0.2/32 dev pilot0
	is_silent a 6 || fail "a packet found a way"
	wait_for 10 stat_at_least a tx-drop-loop 1 || fail "no loop was seen"
	ipn a route del 10.0.0.2/32 dev pilot0
	pings a 6
}

routing_loop_through_two_devices_is_refused() {
	pair
	ipn a link add pilot1 type pilot
	in_ns a pilot_ctl dev-set pilot1 address 0x200000005 \
		socket4 "$(held a):10"
	ipn a link set pilot1 up
	ipn a route add 10.0.0.2/32 dev pilot1
	is_silent a 6 || fail "a packet found a way"
	wait_for 10 stat_at_least a tx-drop-loop 1 || fail "no loop was seen"
}

# Not IPv6, or not between agents of this network: nothing of it is carried.
foreign_packets_are_not_carried() {
	local before

	pair
	before=$(stat a tx-records)
	ipn a addr add 192.0.2.1/24 dev pilot0
	ipn a addr add fd99::1/128 dev pilot0
	ipn a route add fd99::/64 dev pilot0
	in_ns a ping -n -c 2 -i 0.1 -W 1 192.0.2.2 >/dev/null 2>&1 || true
	in_ns a ping -n -c 2 -i 0.1 -W 1 fd99::2 >/dev/null 2>&1 || true
	in_ns a ping -n -c 2 -i 0.1 -W 1 -I fd99::1 "$(agent_ip 6)" \
		>/dev/null 2>&1 || true
	wait_for 10 stat_at_least a tx-drop-protocol 2 ||
		fail "IPv4 was not dropped"
	wait_for 10 stat_at_least a tx-drop-address 4 ||
		fail "foreign addresses were not dropped"
	equal "$(stat a tx-records)" "$before" "records sent"
}

run_tests every_size_around_the_edges_passes large_mtu_passes \
	smallest_mtu_passes default_mtu_fits_an_ethernet_in_one_piece \
	narrow_wire_carries_fragments_over_ipv4 \
	narrow_wire_carries_fragments_over_ipv6 \
	narrow_wire_behind_a_router_over_ipv4 \
	narrow_wire_behind_a_router_over_ipv6 \
	senders_are_told_who_is_unreachable senders_are_told_what_is_too_big \
	endpoint_without_a_socket_of_its_family datagrams_without_a_checksum \
	ecn_goes_out_and_dscp_does_not ecn_comes_in_as_rfc_6040_says \
	whole_headers_carry_finished_checksums short_headers_save_32_bytes \
	partial_checksum_is_finished_when_it_is_forwarded \
	routing_loop_is_refused routing_loop_through_two_devices_is_refused \
	foreign_packets_are_not_carried
