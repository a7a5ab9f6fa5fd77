# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host behind a gateway, with the real worker and no module:
#
#   host --lan-- gw --wan-- inet
#
# The addresses are only these namespaces', and not those for documentation, of
# which miniupnpd maps nothing.  Sourced after lib-host.sh.
#
# shellcheck disable=SC2034,SC2154

# shellcheck source=selftests/lib-coturn.sh
. "$here/../../selftests/lib-coturn.sh"
# shellcheck source=selftests/lib-upnpd.sh
. "$here/../../selftests/lib-upnpd.sh"

STUN=20.0.0.10
STUN_OTHER=20.0.0.11
STUN6=2a00:20::10
STUN6_OTHER=2a00:20::11

# link_up NS DEV ADDRESS...
link_up() {
	local ns=$1 dev=$2 address
	shift 2

	for address; do
		case $address in
		*:*) echo "addr add $address dev $dev nodad" ;;
		*) echo "addr add $address dev $dev" ;;
		esac
	done | ipn "$ns" -batch -
	ipn "$ns" -batch - <<-END
		link set lo up
		link set $dev up
	END
}

# network MASQUERADE [ARG]...: with these words in the NAT's rule.
network() {
	ns_add host gw inet
	ip link add lan netns "$NSP-host" type veth peer name lan \
		netns "$NSP-gw"
	ip link add wan netns "$NSP-gw" type veth peer name wan \
		netns "$NSP-inet"
	link_up host lan 192.168.7.10/24 2a00:7::10/64
	link_up gw lan 192.168.7.1/24 2a00:7::1/64
	link_up gw wan 20.0.0.1/24 2a00:20::1/64
	link_up inet wan $STUN/24 $STUN_OTHER/24 $STUN6/64 $STUN6_OTHER/64
	ipn host route add default via 192.168.7.1
	ipn host -6 route add default via 2a00:7::1
	ipn inet -6 route add 2a00:7::/64 via 2a00:20::1
	in_ns gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns gw nft -f - <<-END
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oifname wan $* comment "ours"
			}
		}
	END
}

# helper_start [LINE]...: with these lines of configuration.
helper_start() {
	{
		echo "log-level debug"
		printf '%s\n' "$@"
	} >"$TMP/conf"
	spawn "$TMP/helper" in_ns host "$build/tests/live_pilotd" \
		"$TMP/conf" "$TMP/sock"
	HELPER=$SPAWNED
	wait_for 20 grep -q ready "$TMP/helper" || fail "$(cat "$TMP/helper")"
}

# What the command says is in $TMP/netcheck.
netcheck() {
	"$build/pilot-link" --control "$TMP/sock" netcheck >"$TMP/netcheck"
}

netcheck_json() {
	"$build/pilot-link" -j --control "$TMP/sock" netcheck >"$TMP/netcheck"
}

# line PATTERN: there is such a line in what netcheck said.
line() {
	grep -qE -- "$1" "$TMP/netcheck" || {
		cat "$TMP/netcheck"
		tail -n 5 "$TMP/helper" "$TMP/coturn" "$TMP/upnpd" 2>/dev/null
		fail "no line like: $1"
	}
}
