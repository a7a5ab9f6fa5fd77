#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# Agents behind NATs that nothing gets through, until a's gateway, with miniupnpd
# in it, maps a port for a: what goes by the relay without it goes directly.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"
# shellcheck source=selftests/lib-coturn.sh
. "$(dirname "$0")/lib-coturn.sh"
# shellcheck source=selftests/lib-upnpd.sh
. "$(dirname "$0")/lib-upnpd.sh"

# The lab's addresses are for documentation, so the gateway has one more for the
# ports that it maps.
OUTER=20.0.0.1

sites_and_gateway() {
	need_servers
	sites apdm apdm
	GATEWAY=$(site_gateway a apdm)
	HOST=$(inside_address a apdm)
	ipn "$GATEWAY" addr add $OUTER/32 dev wan
	ipn inet route add $OUTER via "$(site_address a apdm)"
}

agents_start() {
	agent_start a b
	agent_start b a
}

gateway_start() {
	upnpd_start "$GATEWAY" "$HOST/32" "ext_ip=$OUTER"
}

b_uses_the_mapping() {
	pl b path show "${agent_did[a]}" >"$TMP/path" 2>/dev/null &&
		grep -q "$OUTER:$PORT kind mapped class mapped state in-use" \
			"$TMP/path"
}

# mapped_by PROTOCOL: both have a direct path by what the gateway has mapped.
mapped_by() {
	both_are direct
	soon 20 b_uses_the_mapping
	upnpd_maps "$GATEWAY" "$HOST" || fail "the gateway has no such rule"
	pl a netcheck >"$TMP/netcheck"
	grep -q "port-mapping mapped protocol $1 external $OUTER:$PORT " \
		"$TMP/netcheck" || fail "$(cat "$TMP/netcheck")"
}

given_back() {
	end_process "$(helper_pid a)"
	soon 5 upnpd_maps_not "$GATEWAY" "$HOST"
}

# The gateway tells everyone that it is there.
a_port_mapped_by_pcp_takes_over_from_the_relay() {
	local sent lost

	sites_and_gateway
	agents_start
	stream_start b "${agent_inet6[a]}"
	both_are relay
	# The rounds of punching are over then.
	goes_on 20 50
	both_are relay 1
	upnpd_maps_not "$GATEWAY" "$HOST"
	gateway_start
	mapped_by pcp
	goes_on
	read -r _ sent lost _ < <(stream_end)
	equal "$lost" 0 "of $sent pings, those lost on the way to a better path"
	reaches a "${agent_inet6[b]}"
	given_back
}

a_port_mapped_by_nat_pmp_is_reached() {
	sites_and_gateway
	upnpd_without_pcp "$GATEWAY"
	gateway_start
	agents_start
	ping_start a "${agent_inet6[b]}" 0.1
	mapped_by nat-pmp
	end_process "$PINGS" -INT
	reaches b "${agent_inet6[a]}"
	given_back
}

helper_tests a_port_mapped_by_pcp_takes_over_from_the_relay \
	a_port_mapped_by_nat_pmp_is_reached
