#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# TCP and UDP in the three regimes of a veth link, with both ciphers over both
# families, and over links that lose and reorder.

. "$(dirname "$0")/lib.sh"

# Bytes small enough for an emulated processor.
AMOUNT=$(scaled 20)00K

tcp_both_ways() {
	iperf a b 6 -n "$AMOUNT"
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second"
	iperf a b 6 -n "$AMOUNT" -R
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second, reversed"
}

# Nothing may be lost where nothing loses it.
udp_without_loss() {
	iperf a b 6 -u -b 1M -l "$1" -t 2
	grep -q ' 0/[0-9]* (0%) *receiver' "$TMP/iperf" ||
		fail "lost: $(grep receiver "$TMP/iperf")"
}

clean() {
	local ns name

	for ns in a b; do
		for name in rx-drop-auth rx-drop-malformed rx-drop-inner \
			rx-drop-replay tx-drop-crypto aead-fallbacks; do
			equal "$(stat $ns $name)" 0 "$ns's $name"
		done
	done
}

flows() {
	pair
	regime "$1"
	tcp_both_ways
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
	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 1
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" flags 1
	tcp_both_ways
	clean
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
	grep -q ' 0/[0-9]* (0%) *receiver' "$TMP/iperf" ||
		grep -q 'out-of-order' "$TMP/iperf" ||
		fail "lost: $(grep receiver "$TMP/iperf")"
}

damaged_datagrams_change_nothing() {
	lossy corrupt 5%
	iperf a b 6 -u -b 1M -l 300 -t 4
	pings_get_through
	equal "$(stat a rx-drop-inner)$(stat b rx-drop-inner)" 00 \
		"damaged plaintexts"
	equal "$(peer_stat a 6 endpoint)" 10.0.0.2 "the endpoint"
}

pings_get_through() {
	in_ns a ping -n -c 20 -i 0.05 -W 5 "$(agent_ip 6)" >"$TMP/ping" 2>&1 ||
		fail "$(tail -n 3 "$TMP/ping")"
}

run_tests aes_over_ipv4_whole_datagrams aes_over_ipv4_through_napi \
	aes_over_ipv4_datagram_by_datagram chacha_over_ipv6_whole_datagrams \
	chacha_over_ipv6_through_napi chacha_over_ipv6_datagram_by_datagram \
	aes_over_ipv6_and_chacha_over_ipv4 whole_headers_carry_tcp \
	several_flows_at_once tcp_survives_loss_and_duplicates \
	reordered_datagrams_all_arrive damaged_datagrams_change_nothing
