#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=200
#
# Two agents reach each other: both ciphers, both underlays, headers of both
# kinds.

. "$(dirname "$0")/lib.sh"

ping_passes() {
	pair
	pings a 6
	pings b 5
	pings a 6 -s 1300
	within 9 100 "$(peer_stat a 6 rx-packets)" "packets a received"
	equal "$(stat a rx-drop-inner)" 0 "a's rx-drop-inner"
	equal "$(stat b rx-drop-auth)" 0 "b's rx-drop-auth"
}

ping_aes_over_ipv4() {
	ping_passes
}

ping_chacha_over_ipv4() {
	CIPHER=chacha
	ping_passes
}

ping_aes_over_ipv6() {
	FAMILY=6
	ping_passes
}

ping_chacha_over_ipv6() {
	CIPHER=chacha FAMILY=6
	ping_passes
}

ping_with_whole_headers() {
	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" flags 1
	pings a 6
	in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" flags 1
	pings a 6
	pings b 5 -s 1300
}

ping_over_a_link_local_underlay() {
	local mac_a mac_b index

	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	mac_a=$(ipn a -6 -br addr show dev wire scope link | grep -o 'fe80[^/]*')
	mac_b=$(ipn b -6 -br addr show dev wire scope link | grep -o 'fe80[^/]*')
	index=$(in_ns a cat /sys/class/net/wire/ifindex)
	in_ns a pilot_ctl peer-new pilot0 "$(agent 6)" endpoint "$mac_b" $PORT \
		scope "$index"
	index=$(in_ns b cat /sys/class/net/wire/ifindex)
	in_ns b pilot_ctl peer-new pilot0 "$(agent 5)" endpoint "$mac_a" $PORT \
		scope "$index"
	wait_for 10 no_tentative || fail "addresses stay tentative"
	keys 1
	pings a 6
}

no_tentative() {
	! { ipn a addr show dev wire; ipn b addr show dev wire; } |
		grep -q tentative
}

run_tests ping_aes_over_ipv4 ping_chacha_over_ipv4 ping_aes_over_ipv6 \
	ping_chacha_over_ipv6 ping_with_whole_headers \
	ping_over_a_link_local_underlay
