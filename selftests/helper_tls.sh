#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# An agent whose network lets no UDP out: it reaches its introducer by TLS, the
# others by the introducer's relay, and goes back to UDP when it can.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

# connected KIND KIND: agents at such sites, which reach each other.
connected() {
	between "$@"
	soon 60 pings_through
}

pings_through() {
	in_ns a ping -n -c 1 -W "$(patience 2)" "${agent_inet6[b]}"
}

# What the gateway of a lets nobody pass.
udp_opens() {
	local handle

	for handle in $(in_ns a.udp-blocked nft -a list chain ip nat forward |
		sed -n 's/.* drop # handle \([0-9]*\)$/\1/p'); do
		in_ns a.udp-blocked nft delete rule ip nat forward \
			handle "$handle"
	done
}

tls_is_used_where_udp_is_blocked() {
	connected udp-blocked eim-apdf
	soon 20 kind_is a tls
	soon 20 kind_is b relay
	confined "$(bridge_pid a)"
	confined "$(bridge_pid introducer)"
	reaches a "${agent_inet6[b]}"
	reaches b "${agent_inet6[a]}"
	flow_start a b "${agent_inet6[b]}" "$(patience 4)"
	flow_end a "by TLS and the relay"
	kind_is a tls || fail "the path became $(path_kind a b)"
	pl a path show >"$TMP/path"
	says "$TMP/path" "class tls state in-use" || fail "$(cat "$TMP/path")"
	says "$TMP/path" "UDP is not answered" || fail "$(cat "$TMP/path")"
	says "$TMP/path" "introducer does not answer by UDP" ||
		fail "$(cat "$TMP/path")"
}

# checks SIDE LINE...: netcheck has such lines there.
checks() {
	local line

	pl "$1" netcheck >"$TMP/netcheck"
	for line in "${@:2}"; do
		grep -q "$line" "$TMP/netcheck" ||
			fail "no '$line': $(cat "$TMP/netcheck")"
	done
}

# Without any STUN server: the introducer is all that tells.
a_check_says_what_is_blocked() {
	connected udp-blocked eim-apdf
	soon 20 kind_is a tls
	checks a "^ipv4: udp blocked$" "^introducer peer .* by tls time " \
		"^advice: UDP is blocked over IPv4"
	checks b "^ipv4: udp open mapped .* nat yes mapping unknown filtering unknown$" \
		"^advice: what the NAT does is not known"
}

two_agents_without_udp_reach_each_other() {
	connected udp-blocked udp-blocked
	soon 20 kind_is a tls
	soon 20 kind_is b tls
	reaches a "${agent_inet6[b]}"
}

whoever_dies_comes_back() {
	connected udp-blocked eim-apdf
	soon 20 kind_is a tls
	kill -KILL "$(bridge_pid introducer)"
	soon 60 pings_through
	kill -KILL "$(bridge_pid a)"
	soon 60 pings_through
	# Its worker gets what it had.
	kill -KILL "$(worker_pid a)"
	soon 20 worker_pid a
	reaches a "${agent_inet6[b]}"
	soon 60 pl a ping "${agent_did[b]}" count 1
	soon 60 kind_is a tls
	end_process "$(helper_pid introducer)"
	helper_start introducer
	soon 90 pings_through
	soon 60 kind_is a tls
}

a_flow_moves_off_tls_when_udp_works() {
	connected udp-blocked eim-apdf
	soon 20 kind_is a tls
	flow_start a b "${agent_inet6[b]}" 0 -b "$(scaled 2000)K"
	udp_opens
	# It is tried each minute.
	soon 90 kind_is a direct
	soon 30 bridge_is_idle a
	flow_stop a b "by TLS, and then directly"
}

# bridge_is_idle SIDE: no connection to the introducer.
bridge_is_idle() {
	! in_ns "$1" ss -Htn state established "dport = :443" | grep -q .
}

helper_tests \
	tls_is_used_where_udp_is_blocked \
	a_check_says_what_is_blocked \
	two_agents_without_udp_reach_each_other \
	whoever_dies_comes_back \
	a_flow_moves_off_tls_when_udp_works
