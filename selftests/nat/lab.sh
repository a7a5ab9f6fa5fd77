# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A small internet with address translators of every kind; sourced after lib.sh.
#
#            introducer           198.51.100.10, .11 and 2001:db8:5::10, ::11
#                |
#    +--------- inet ---------+    routes public addresses, drops all others
#    |                        |
#  a.KIND                   b.KIND   gateways, built when they are first wanted
#    |                        |
#    a                        b      the agents' hosts
#
# Namespaces are inet, introducer, a, b, and the gateways.  "site a KIND" plugs a
# in at a gateway of that kind, as if for the first time, and out where it was.
# "second" is another introducer's, for tests that want one: lab_second.
#
# shellcheck disable=SC2034

# The introducers' addresses, and where the first one's prober answers.
INTRODUCER=198.51.100.10
INTRODUCER6=2001:db8:5::10
SECOND=198.51.100.138
SECOND6=2001:db8:6::10
# An address that the internet drops.
NOBODY=203.0.113.250
NAT_SERVER=("$INTRODUCER" 198.51.100.11 3478 3479)
NAT_SERVER6=("$INTRODUCER6" 2001:db8:5::11 3478 3479)

nat_dir=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=selftests/nat/kinds.sh
. "$nat_dir/kinds.sh"
# shellcheck source=selftests/nat/rules.sh
. "$nat_dir/rules.sh"
# shellcheck source=selftests/nat/sites.sh
. "$nat_dir/sites.sh"

lab_up() {
	ns_add inet a b
	lab_routes inet
	ipn inet -batch - <<-EOF
		link set lo up
		route add blackhole default
		route add blackhole 2001:db8::/32
	EOF
	lab_introducer introducer 198.51.100.1 2001:db8:5::1 \
		"${NAT_SERVER[@]:0:2}" "${NAT_SERVER6[@]:0:2}"
	ipn a link set lo up
	ipn b link set lo up
}

# Beside the first, and like it behind a link of its own.
lab_second() {
	lab_introducer second 198.51.100.129 2001:db8:6::1 "$SECOND" "$SECOND6"
}

# lab_introducer NS ROUTER ROUTER6 ADDRESS...
lab_introducer() {
	local ns=$1 address

	ns_add "$ns"
	ip link add net netns "$NSP-$ns" type veth \
		peer name "$ns" netns "$NSP-inet"
	ipn inet -batch - <<-EOF
		link set $ns addrgenmode none up
		addr add $2/25 dev $ns
		addr add fe80::1/64 dev $ns nodad
		addr add $3/64 dev $ns nodad
	EOF
	{
		echo "link set lo up"
		echo "link set net addrgenmode none up"
		for address in "${@:4}"; do
			case $address in
			*:*) echo "addr add $address/64 dev net nodad" ;;
			*) echo "addr add $address/25 dev net" ;;
			esac
		done
		echo "route add default via $2"
		echo "route add default via $3"
	} | ipn "$ns" -batch -
}

lab_routes() {
	in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
}

# The prober's server at the introducer, and what more it takes by TCP.
lab_server() {
	spawn_ready "$TMP/server" in_ns introducer pilot_nat serve \
		"${NAT_SERVER[@]}" 80 443 8080
	spawn_ready "$TMP/server6" in_ns introducer pilot_nat serve \
		"${NAT_SERVER6[@]}" 80 443 8080
}

# nat_meet: whether the agents, where they are now, get through to each other as
# nat_expected reckons; MET is direct or not.  They have to agree on it.
nat_meet() {
	local f pids side

	MET=not
	for f in 4 6; do
		nat_has_udp a $f && nat_has_udp b $f || continue
		nat_room=$((${nat_room:-0} + 1))
		pids=()
		for side in a b; do
			spawn "$TMP/meet.$side" in_ns $side pilot_nat meet \
				$(nat_server_at $f) $nat_room \
				$([ $side = a ]; echo $?) 7740
			pids+=("$SPAWNED")
		done
		for side in "${pids[@]}"; do
			wait "$side" || fail "no meeting:" \
				"$(cat "$TMP/meet.a" "$TMP/meet.b")"
		done
		case $(word direct <"$TMP/meet.a")$(word direct <"$TMP/meet.b") in
		yesyes) MET=direct ;;
		nono) ;;
		*) fail "one end says: $(cat "$TMP/meet.a"), the other:" \
			"$(cat "$TMP/meet.b")" ;;
		esac
	done
}

nat_has_udp() {
	case $(nat_traits "${site_of[$1]}" "$2") in
	none* | blocked*) return 1 ;;
	esac
}

nat_server_at() {
	if [ "$1" = 4 ]; then
		echo "${NAT_SERVER[0]} ${NAT_SERVER[2]}"
	else
		echo "${NAT_SERVER6[0]} ${NAT_SERVER6[2]}"
	fi
}
