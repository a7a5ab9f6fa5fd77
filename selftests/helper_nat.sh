#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# An agent behind a translator that forgets quickly, and agents whose address
# changes while they talk.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

FORGETS=$(patience 3)

# link_up NS DEVICE ADDRESS
link_up() {
	ipn "$1" addr add "$3" dev "$2"
	ipn "$1" link set "$2" up
}

# a behind the translator r, b outside.
translated() {
	command -v nft >/dev/null || skip "nft is missing"
	ns_add a b r
	mkdir "$TMP/a" "$TMP/b"
	ip link add wire netns "$NSP-a" type veth \
		peer name inside netns "$NSP-r"
	ip link add wire netns "$NSP-b" type veth \
		peer name outside netns "$NSP-r"
	link_up a wire 192.168.1.2/24
	link_up r inside 192.168.1.1/24
	link_up r outside 10.0.0.9/24
	link_up b wire 10.0.0.2/24
	ipn a route add default via 192.168.1.1
	in_ns r nft -f - <<-END || skip "nft cannot translate here"
		table ip nat {
			chain out {
				type nat hook postrouting priority 100;
				oifname "outside" masquerade random
			}
		}
	END
	in_ns r sysctl -qw net.ipv4.ip_forward=1 \
		net.netfilter.nf_conntrack_udp_timeout=$FORGETS \
		net.netfilter.nf_conntrack_udp_timeout_stream=$FORGETS
}

# talk [ARG...]: b is told nothing of where a is.
talk() {
	identity a
	identity b
	helper_start a
	helper_start b
	must pl a link add pilot0 identity "$TMP/a/id"
	must pl b link add pilot0 identity "$TMP/b/id"
	must pl b peer add "$(did a)"
	must pl a peer add "$(did b)" endpoint 10.0.0.2:7740 "$@"
	reaches a "$(inet6 b)"
	soon 10 peer_state b established
	case $(shown b endpoint) in
	10.0.0.9:*) ;;
	*) fail "b has a at $(shown b endpoint)" ;;
	esac
}

mapping_is_gone() {
	! in_ns r conntrack -L -p udp 2>/dev/null | grep -q "dport=7740"
}

keepalives_sent() {
	pl a -s link show | sed -n 's/.*tx_keepalives \([0-9]*\).*/\1/p' |
		head -n 1
}

keepalives_past() {
	[ "$(keepalives_sent)" -ge "$1" ]
}

without_keepalive_the_mapping_is_forgotten() {
	local before

	command -v conntrack >/dev/null || skip "conntrack is missing"
	translated
	talk
	reaches a "$(inet6 b)"
	# What a says last, some seconds after it heard from b.
	before=$(keepalives_sent)
	soon 30 keepalives_past $((before + 1))
	soon 60 mapping_is_gone
	hears_not b "$(inet6 a)"
	# The inside speaks, gets another mapping, and b follows, for as long as it
	# speaks.
	reaches a "$(inet6 b)"
	ping_start a "$(inet6 b)" 0.5
	reaches b "$(inet6 a)"
	ping_end a >/dev/null
}

keepalive_keeps_the_inside_reachable() {
	local before

	translated
	talk keepalive 1
	before=$(keepalives_sent)
	# Longer than the translator remembers.
	soon 60 keepalives_past $((before + 3 * FORGETS))
	reaches b "$(inet6 a)"
}

# The translator's own address changes, under traffic from the inside.
a_new_mapping_breaks_no_flow() {
	translated
	talk keepalive 1
	flow_start a b "$(inet6 b)" 0 -b "$(scaled 5000)K"
	ipn r addr del 10.0.0.9/24 dev outside
	ipn r addr add 10.0.0.77/24 dev outside
	soon 30 endpoint_starts b 10.0.0.77:
	flow_stop a b "through another mapping"
	reaches b "$(inet6 a)"
}

# Each lane has a port of its own outside, which the other end learns, and learns
# again when the translator has got another address.
lanes_are_found_through_the_translator() {
	[ "$(nproc)" -ge 2 ] || skip "needs two processors"
	translated
	talk keepalive 1
	soon 30 lane_used a "$(inet6 b)" 1
	soon 30 lane_used b "$(inet6 a)" 1
	soon 30 lane_used b "$(inet6 a)" 0
	flow_start a b "$(inet6 b)" 0 -P 2 -b "$(scaled 2000)K"
	ipn r addr del 10.0.0.9/24 dev outside
	ipn r addr add 10.0.0.77/24 dev outside
	soon 30 endpoint_starts b 10.0.0.77:
	flow_stop a b "in two lanes through another mapping"
	soon 30 lane_used b "$(inet6 a)" 1
	soon 30 lane_used a "$(inet6 b)" 1
}

endpoint_starts() {
	case $(shown "$1" endpoint) in
	"$2"*) return 0 ;;
	esac
	return 1
}

# move NS OLD NEW: the address of one end, and nobody is told.
move() {
	ipn "$1" addr del "$2/24" dev wire
	ipn "$1" addr add "$3/24" dev wire
}

roaming_of_the_sender_breaks_no_flow() {
	two_sides
	agents_pair keepalive 1
	reaches a "$(inet6 b)"
	flow_start a b "$(inet6 b)" 0 -b "$(scaled 5000)K"
	move a 10.0.0.1 10.0.0.11
	soon 30 endpoint_starts b 10.0.0.11:
	flow_stop a b "from a that moved"
	reaches b "$(inet6 a)"
}

roaming_of_the_receiver_breaks_no_flow() {
	two_sides
	agents_pair keepalive 1
	reaches a "$(inet6 b)"
	flow_start a b "$(inet6 b)" 0 -b "$(scaled 5000)K" -R
	move a 10.0.0.1 10.0.0.11
	soon 30 endpoint_starts b 10.0.0.11:
	flow_stop a b "to a that moved"
	reaches b "$(inet6 a)"
}

helper_tests \
	without_keepalive_the_mapping_is_forgotten \
	keepalive_keeps_the_inside_reachable \
	a_new_mapping_breaks_no_flow lanes_are_found_through_the_translator \
	roaming_of_the_sender_breaks_no_flow \
	roaming_of_the_receiver_breaks_no_flow
