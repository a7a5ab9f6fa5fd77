# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Where agents are: a gateway of each kind, built when it is first wanted, and the way
# from it to the middle.

# The site where each agent is, the gateways there are, and the numbers from which
# names and addresses of sites come.
declare -A site_of=() site_built=() nat_number=()
for kind in "${NAT_KINDS[@]}"; do
	nat_number[$kind]=$((${#nat_number[@]} + 1))
done
unset kind

# site SIDE KIND
site() {
	local side=$1 kind=$2

	site_leave "$side"
	if [ -z "${site_built[$side.$kind]:-}" ]; then
		site_build "$side" "$kind"
		site_built[$side.$kind]=1
	fi
	site_enter "$side" "$kind"
	site_of[$side]=$kind
}

# site_gateway SIDE KIND: the namespace of the gateway next to the agent.
site_gateway() {
	case $2 in
	same-nat*) echo "ab.$2" ;;
	*) echo "$1.$2" ;;
	esac
}

# site_carrier SIDE KIND: that of the carrier's, where there is one.
site_carrier() {
	case $2 in
	cgn) echo "$1.$2.carrier" ;;
	same-cgn*) echo "ab.$2.carrier" ;;
	esac
}

# site_net SIDE KIND: the beginning of the public IPv4 addresses, and the last
# number of the router's; the site has the next.
site_net() {
	local n=${nat_number[$2]}

	if [ "$1" = a ] || is_pair_kind "$2"; then
		echo 203.0.113 $((4 * n + 1))
	else
		echo 192.0.2 $((4 * n + 1))
	fi
}

# site_address SIDE KIND: where others see the site, IPv4.
site_address() {
	local net last

	read -r net last < <(site_net "$1" "$2")
	echo "$net.$((last + 1))"
}

# site_prefix6 SIDE KIND: the public IPv6 network; ::1 is the router.
site_prefix6() {
	local n=1

	[ "$1" = a ] || n=2
	echo "2001:db8:$n:${nat_number[$2]}"
}

# inside_address SIDE KIND: the agent's own.
inside_address() {
	case $2 in
	public | v4only) site_address "$1" "$2" ;;
	v6only) ;;
	*) echo "192.168.1.$(host_number "$1")" ;;
	esac
}

# home_address SIDE: of the home's router at the carrier.
home_address() {
	echo "100.64.0.$(host_number "$1")"
}

# home_ports SIDE: the first and the last that the carrier has for the home.
home_ports() {
	local n=3$(($(host_number "$1") - 2))

	echo "${n}000" "${n}999"
}

# Where both may be in one network.
host_number() {
	[ "$1" = a ] && echo 2 || echo 3
}

inside_address6() {
	case $2 in
	public | v6only) echo "$(site_prefix6 "$1" "$2")::2" ;;
	v4v6) echo "$(site_prefix6 "$1" "$2"):1::2" ;;
	esac
}

# site_build SIDE KIND: all but the agent's addresses.
site_build() {
	local side=$1 kind=$2 gw link

	gw=$(site_gateway "$side" "$kind")
	link=$side${nat_number[$kind]}
	case $kind in
	public | v4only | v6only)
		# The agent's link leads right to the internet.
		ip link add "$link" netns "$NSP-$side" type veth \
			peer name "$link" netns "$NSP-inet"
		site_inet "$side" "$kind" "$link"
		return
		;;
	esac
	if [ -z "${site_built[$gw]:-}" ]; then
		gateway_build "$side" "$kind"
		site_built[$gw]=1
	fi
	ip link add "$link" netns "$NSP-$side" type veth \
		peer name "lan-$side" netns "$NSP-$gw"
	ipn "$gw" link set "lan-$side" master lan addrgenmode none up
}

# site_inet SIDE KIND LINK: the internet's end of the site's link.
site_inet() {
	local net last prefix

	read -r net last < <(site_net "$1" "$2")
	prefix=$(site_prefix6 "$1" "$2")
	{
		echo "link set $3 addrgenmode none up"
		[ "$2" = v6only ] || echo "addr add $net.$last/30 dev $3"
		# A router asks for neighbours by its link-local address.
		case $2 in
		public | v6only)
			echo "addr add fe80::1/64 dev $3 nodad"
			echo "addr add $prefix::1/64 dev $3 nodad"
			;;
		v4v6)
			echo "addr add fe80::1/64 dev $3 nodad"
			echo "addr add $prefix::1/80 dev $3 nodad"
			echo "route add $prefix:1::/80 via $prefix::2"
			;;
		esac
	} | ipn inet -batch -
}

# gateway_build SIDE KIND
gateway_build() {
	local side=$1 kind=$2 gw carrier prefix

	gw=$(site_gateway "$side" "$kind")
	carrier=$(site_carrier "$side" "$kind")
	router_build "$gw" 192.168.1.1
	if [ -n "$carrier" ]; then
		[ -n "${site_built[$carrier]:-}" ] ||
			carrier_build "$side" "$kind" "$carrier"
		site_built[$carrier]=1
		home_join "$side" "$gw" "$carrier"
	else
		router_join "$side" "$kind" "$gw"
	fi
	if [ "$kind" = v4v6 ]; then
		prefix=$(site_prefix6 "$side" "$kind")
		ipn "$gw" -batch - <<-EOF
			addr add fe80::2/64 dev wan nodad
			addr add fe80::1/64 dev lan nodad
			addr add $prefix::2/80 dev wan nodad
			addr add $prefix:1::1/80 dev lan nodad
			route add default via $prefix::1
		EOF
	fi
}

# carrier_build SIDE KIND NS
carrier_build() {
	router_build "$3" 100.64.0.1
	router_join "$1" "$2" "$3"
}

# router_build NS ADDRESS: with that address inside.
router_build() {
	ns_add "$1"
	lab_routes "$1"
	ipn "$1" -batch - <<-EOF
		link add lan type bridge
		link set lan addrgenmode none up
		addr add $2/24 dev lan
	EOF
}

# router_join SIDE KIND NS: to the internet.
router_join() {
	local link=$1${nat_number[$2]} net last

	ip link add wan netns "$NSP-$3" type veth \
		peer name "$link" netns "$NSP-inet"
	site_inet "$1" "$2" "$link"
	read -r net last < <(site_net "$1" "$2")
	ipn "$3" -batch - <<-EOF
		addr add $net.$((last + 1))/30 dev wan
		link set wan addrgenmode none up
		route add default via $net.$last
	EOF
}

# home_join SIDE NS CARRIER
home_join() {
	ip link add wan netns "$NSP-$2" type veth \
		peer name "home-$1" netns "$NSP-$3"
	ipn "$3" link set "home-$1" master lan addrgenmode none up
	ipn "$2" -batch - <<-EOF
		addr add $(home_address "$1")/24 dev wan
		link set wan addrgenmode none up
		route add default via 100.64.0.1
	EOF
}

# site_enter SIDE KIND: addresses and routes of the agent, and a gateway that
# knows nothing of what was before.
site_enter() {
	local side=$1 kind=$2 link inside inside6 router bits=24 bits6=80

	link=$side${nat_number[$kind]}
	inside=$(inside_address "$side" "$kind")
	inside6=$(inside_address6 "$side" "$kind")
	router=192.168.1.1
	case $kind in
	public | v4only)
		router=${inside%.*}.$((${inside##*.} - 1))
		bits=30
		bits6=64
		;;
	v6only) bits6=64 ;;
	*) gateway_reset "$side" "$kind" ;;
	esac
	{
		echo "link set $link addrgenmode none up"
		if [ -n "$inside" ]; then
			echo "addr add $inside/$bits dev $link"
			echo "route add default via $router"
		fi
		if [ -n "$inside6" ]; then
			echo "addr add $inside6/$bits6 dev $link nodad"
			echo "route add default via ${inside6%2}1"
		fi
	} | ipn "$side" -batch -
}

site_leave() {
	local link

	[ -n "${site_of[$1]:-}" ] || return 0
	link=$1${nat_number[${site_of[$1]}]}
	ipn "$1" -batch - <<-EOF
		link set $link down
		addr flush dev $link
	EOF
	unset "site_of[$1]"
}

# gateway_reset SIDE KIND: unless the other agent is there too.
gateway_reset() {
	local gw carrier

	gw=$(site_gateway "$1" "$2")
	carrier=$(site_carrier "$1" "$2")
	is_shared "$1" "$2" "$gw" || gateway_load "$gw" "$(site_rules "$1" "$2")"
	[ -z "$carrier" ] || is_shared "$1" "$2" "$carrier" ||
		gateway_load "$carrier" "$(carrier_rules "$1" "$2")"
}

# is_shared SIDE KIND NS: whether the other agent is behind that router now.
is_shared() {
	local other=b

	[ "$1" = a ] || other=a
	[[ $3 == ab.* && ${site_of[$other]:-} == "$2" ]]
}

# gateway_load NS RULES: in place of what it had, and without its entries.
gateway_load() {
	in_ns "$1" nft -f - <<<"flush ruleset
$2"
	in_ns "$1" conntrack -F >/dev/null 2>&1
}

# site_rules SIDE KIND: of the gateway next to the agent.
site_rules() {
	local wan

	wan=$(site_address "$1" "$2")
	case $2 in
	eim-eif) nat_rules "$wan" eim eif ;;
	eim-adf) nat_rules "$wan" eim adf ;;
	eim-apdf | same-nat-nohairpin) nat_rules "$wan" eim apdf ;;
	same-nat) nat_rules "$wan" eim apdf hairpin ;;
	adm) nat_rules "$wan" adm apdf ;;
	apdm) nat_rules "$wan" apdm apdf ;;
	cgn | same-cgn*) nat_rules "$(home_address "$1")" eim apdf ;;
	udp-blocked)
		nat_rules "$wan" eim apdf
		echo 'insert rule ip nat forward iifname lan tcp dport != { 80, 443 } drop'
		echo 'insert rule ip nat forward meta l4proto != tcp drop'
		;;
	v4v6)
		nat_rules "$wan" apdm apdf
		firewall6_rules
		;;
	esac
}

carrier_rules() {
	local hairpin=

	[ "$2" != same-cgn ] || hairpin=hairpin
	nat_rules "$(site_address "$1" "$2")" eim apdf "$hairpin" \
		"$(home_port_rules)"
}

# Ports of the carrier are those that are for the home that sends.
home_port_rules() {
	local side first last

	for side in a b; do
		read -r first last < <(home_ports $side)
		echo "ip saddr $(home_address $side) meta l4proto udp" \
			"masquerade to :$first-$last"
	done
}
