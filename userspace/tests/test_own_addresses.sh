#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where a host can be reached, as others see it: the real worker and the real
# pilot-link behind a NAT of nftables, with coturn as the STUN server and
# miniupnpd in the gateway.

# shellcheck source=userspace/tests/lib-host.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib-host.sh"
# shellcheck source=userspace/tests/lib-gateway.sh
. "$here/lib-gateway.sh"

# --- the programs ------------------------------------------------------------

stun_server() {
	local args=(--stun-only) address

	for address in $STUN $STUN_OTHER $STUN6 $STUN6_OTHER; do
		args+=(--listening-ip "$address")
	done
	coturn_start inet "${args[@]}" "$@"
}

gateway_start() {
	upnpd_start gw 192.168.7.0/24 "$@"
}

has_mapping() {
	upnpd_maps gw 192.168.7.10
}

has_no_mapping() {
	upnpd_maps_not gw 192.168.7.10
}

# The rule that lets the IPv6 address be reached.
has_pinhole() {
	in_ns gw nft list chain inet upnpd mapped_forward |
		grep -q 'dport 7740 @nh,192,128 0x2a000007000000000000000000000010 '
}

has_no_pinhole() {
	! has_pinhole
}

# --- tests -------------------------------------------------------------------

NAT=("stun-server $STUN:3478" "stun-server [$STUN6]:3478")

masquerade_keeps_one_port() {
	network masquerade
	stun_server
	helper_start "${NAT[@]}" "port-mapping no"
	netcheck
	line '^port 7740 host 192\.168\.7\.10:7740 host \[2a00:7::10\]:7740$'
	line '^ipv4: udp open mapped 20\.0\.0\.1:7740 nat yes mapping endpoint-independent filtering address-and-port-dependent$'
	line '^    server 20\.0\.0\.10:3478 time [0-9.]+ ms mapped 20\.0\.0\.1:7740$'
	line '^ipv6: udp open mapped \[2a00:7::10\]:7740 nat no mapping endpoint-independent filtering endpoint-independent$'
	line '^    port-mapping off$'
	line '^advice: the NAT keeps one outer port'
	line '^advice: peers reach this host at \[2a00:7::10\]:7740: no NAT'
	# Once more: what the first check sent must not change what it finds.
	netcheck
	line 'mapping endpoint-independent filtering address-and-port-dep'
}

random_masquerade_does_not() {
	network masquerade fully-random
	stun_server
	helper_start "${NAT[0]}" "port-mapping no"
	netcheck
	line '^ipv4: udp open mapped 20\.0\.0\.1:[0-9]+ nat yes mapping address-and-port-dependent filtering address-and-port-dependent$'
	line '^advice: the NAT gives each destination another outer port'
}

two_servers_of_one_address_tell_as_much() {
	network masquerade fully-random
	stun_server --no-rfc5780
	helper_start "${NAT[0]}" "stun-server $STUN_OTHER:3478" \
		"port-mapping no"
	netcheck
	line '^ipv4: .* nat yes mapping address-dependent filtering unknown$'
}

a_stateful_firewall_is_told_from_none() {
	network masquerade
	in_ns gw nft "add table ip6 fw;
		add chain ip6 fw forward { type filter hook forward priority 0; };
		add rule ip6 fw forward iifname wan ct state new drop"
	stun_server
	helper_start "${NAT[1]}" "port-mapping no"
	netcheck
	line '^ipv6: udp open .* nat no mapping endpoint-independent filtering address-and-port-dependent$'
	line '^advice: no NAT for IPv6, but a firewall lets in only answers'
}

blocked_udp_is_noticed() {
	network masquerade
	in_ns gw nft "add table inet fw;
		add chain inet fw forward { type filter hook forward priority 0; };
		add rule inet fw forward meta l4proto udp drop"
	stun_server
	helper_start "${NAT[@]}" "port-mapping no"
	netcheck
	line '^ipv4: udp blocked$'
	line '^    server 20\.0\.0\.10:3478 no answer$'
	line '^ipv6: udp blocked$'
	line '^advice: no STUN server answered over IPv4: '
}

# By a stranger, who was never sent to: only the mapping lets him in.
reaches_host() {
	in_ns host nft "add table ip seen;
		add chain ip seen input { type filter hook input priority 0; };
		add rule ip seen input ip saddr $STUN_OTHER udp dport 7740 counter"
	in_ns inet python3 - <<-END
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("$STUN_OTHER", 5555))
		s.sendto(b"hello", ("20.0.0.1", 7740))
	END
	wait_for 5 was_reached || fail "no stranger reaches the host"
}

was_reached() {
	in_ns host nft list table ip seen | grep -q 'counter packets [1-9]'
}

pcp_maps_renews_and_gives_back() {
	network masquerade
	gateway_start min_lifetime=4 max_lifetime=8
	helper_start
	wait_for 10 has_mapping || fail "no mapping: $(tail "$TMP/upnpd")"
	netcheck
	line '^    port-mapping mapped protocol pcp external 20\.0\.0\.1:7740 lifetime 8\.000s left [0-9.]+s gateway 192\.168\.7\.1:5351$'
	line '^advice: peers reach this host at 20\.0\.0\.1:7740, which the gateway maps'
	line '^    port-mapping mapped protocol pcp external \[2a00:7::10\]:7740 lifetime '
	reaches_host
	# Twice its life: without a renewal it would be over.
	sleep 16
	has_mapping || fail "the mapping was not renewed"
	has_pinhole || fail "the pinhole was not renewed"
	end_process "$HELPER"
	wait_for 3 has_no_mapping || fail "the mapping stays"
	# This gateway does not know its own pinholes again, so they expire.
	wait_for 3 says "$TMP/upnpd" 'is_fw=1 addr=2a00:7::10 iport=7740' ||
		fail "the pinhole is not given back"
	wait_for 12 has_no_pinhole || fail "the pinhole stays"
}

nat_pmp_is_used_where_pcp_is_not() {
	network masquerade
	upnpd_without_pcp gw
	gateway_start min_lifetime=4 max_lifetime=8
	helper_start
	wait_for 15 has_mapping || fail "no mapping: $(tail "$TMP/upnpd")"
	netcheck
	line '^    port-mapping mapped protocol nat-pmp external 20\.0\.0\.1:7740 lifetime '
	reaches_host
	sleep 16
	has_mapping || fail "the mapping was not renewed"
	end_process "$HELPER"
	wait_for 3 has_no_mapping || fail "the mapping stays"
}

# It tells everyone that it is there; nobody has to wait for a renewal.
a_gateway_that_starts_anew_is_asked_at_once() {
	network masquerade
	gateway_start
	helper_start
	wait_for 10 has_mapping || fail "no mapping: $(tail "$TMP/upnpd")"
	sleep 3
	upnpd_end gw
	has_no_mapping || fail "the gateway has not forgotten"
	upnpd_run gw
	wait_for 20 has_mapping || fail "no mapping: $(tail "$TMP/upnpd")"
}

a_worker_that_died_gets_its_mapping_back() {
	network masquerade
	gateway_start
	helper_start
	wait_for 10 has_mapping || fail "no mapping: $(tail "$TMP/upnpd")"
	kill -KILL "$(pgrep -P "$HELPER")"
	sleep 2
	netcheck
	line '^    port-mapping mapped protocol pcp external 20\.0\.0\.1:7740 '
}

shows() {
	netcheck
	grep -qE -- "$1" "$TMP/netcheck"
}

changes_of_the_network_are_followed() {
	network masquerade
	helper_start "port-mapping no"
	netcheck
	line '^port 7740 host 192\.168\.7\.10:7740 host \[2a00:7::10\]:7740$'
	ipn host addr add 192.168.7.11/24 dev lan
	ipn host addr add fd50:494c:4f54:1::9/128 dev lan nodad
	ipn host link add name none type veth peer name other
	ipn host link set other up
	ipn host addr add 10.9.9.9/24 dev none
	wait_for 5 shows '^port 7740 host 192\.168\.7\.10:7740 host 192\.168\.7\.11:7740 host \[2a00:7::10\]:7740$' ||
		fail "$(cat "$TMP/netcheck")"
	ipn host link set none up
	wait_for 5 shows ' host 10\.9\.9\.9:7740$' ||
		fail "$(cat "$TMP/netcheck")"
	ipn host addr del 192.168.7.10/24 dev lan
	ipn host link del none
	wait_for 5 shows '^port 7740 host \[2a00:7::10\]:7740$' ||
		fail "$(cat "$TMP/netcheck")"
	ipn host link set lan down
	wait_for 5 shows '^port 7740$' || fail "$(cat "$TMP/netcheck")"
	line '^advice: this host has no address that others could use'
}

need_host live_pilotd
need_servers
need_nat
host_tests masquerade_keeps_one_port random_masquerade_does_not \
	two_servers_of_one_address_tell_as_much \
	a_stateful_firewall_is_told_from_none blocked_udp_is_noticed \
	pcp_maps_renews_and_gives_back nat_pmp_is_used_where_pcp_is_not \
	a_gateway_that_starts_anew_is_asked_at_once \
	a_worker_that_died_gets_its_mapping_back \
	changes_of_the_network_are_followed
