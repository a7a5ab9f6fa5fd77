#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=150
#
# A router with address translation between the agents, that forgets quickly.

. "$(dirname "$0")/lib.sh"

# Seconds after which the router forgets a translation.
forget_after() {
	in_ns r sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$1" \
		net.netfilter.nf_conntrack_udp_timeout_stream="$1" ||
		skip "conntrack's time-outs cannot be set"
}

# Agent 5 in a, behind router r; agent 6 in b, which all can reach.
behind_router() {
	ns_add a r b
	ip link add wire netns "$NSP-a" type veth peer name inner netns "$NSP-r"
	ip link add wire netns "$NSP-b" type veth peer name outer netns "$NSP-r"
	ipn r -batch - <<-EOF
		addr add 192.168.1.1/24 dev inner
		addr add 10.0.0.254/24 dev outer
		link set inner up
		link set outer up
	EOF
	ipn a -batch - <<-EOF
		addr add 192.168.1.2/24 dev wire
		link set wire up
		route add default via 192.168.1.1
	EOF
	wire_address b 2
	in_ns r sysctl -qw net.ipv4.ip_forward=1
	in_ns r nft -f - 2>"$TMP/nft" <<-EOF || skip "no nft: $(head -1 "$TMP/nft")"
		table ip nat {
			chain post {
				type nat hook postrouting priority 100
				oifname outer udp sport 7740 masquerade to :20000-20100
			}
		}
	EOF
	forget_after 60
	agent_up a 5
	agent_up b 6
	in_ns b pilot_ctl peer-new pilot0 "$(agent 5)"
}

agents_talk_through_the_translation() {
	behind_router
	peer a 6 2
	keys 1
	pings a 6
	equal "$(peer_stat b 5 endpoint)" 10.0.0.254 "the endpoint b learned"
	within 20000 20100 "$(peer_stat b 5 port)" "its port"
	pings b 5
}

# Without keepalive the router forgets; with it b can reach a at any time.
keepalive_holds_the_translation_open() {
	behind_router
	forget_after 3
	peer a 6 2 keepalive 1
	keys 1
	pings a 6
	waited 8
	pings b 5
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" keepalive 0
	waited 8
	is_silent b 5 || fail "the translation lives on without keepalives"
}

# A time that only time can prove.
waited() {
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		pause
	done
}

# The next translation lives long enough for a slow machine to look at it.
changed_translation_is_followed() {
	behind_router
	forget_after 3
	peer a 6 2
	keys 1
	pings a 6
	in_ns r nft flush chain ip nat post
	in_ns r nft add rule ip nat post oifname outer udp sport 7740 \
		masquerade to :30000-30100
	waited 5
	forget_after 60
	pings a 6
	within 30000 30100 "$(peer_stat b 5 port)" "the port b sends to"
	pings b 5
}

run_tests agents_talk_through_the_translation \
	keepalive_holds_the_translation_open changed_translation_is_followed
