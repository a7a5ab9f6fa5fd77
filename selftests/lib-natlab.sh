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
#   public              no gateway; IPv4 and IPv6
#   eim-eif             endpoint-independent mapping and filtering
#   eim-adf             ... address-dependent filtering
#   eim-apdf            ... address- and port-dependent filtering
#   adm                 address-dependent mapping, filtering as eim-apdf
#   apdm                address- and port-dependent mapping, ports at random,
#                       filtering as eim-apdf
#   cgn                 an eim-apdf at home, behind one of the carrier, which has
#                       a thousand ports for each home
#   same-nat            both agents in one LAN behind one eim-apdf, hairpinning
#   same-nat-nohairpin  the same without
#   same-cgn            two homes as in cgn behind one carrier, hairpinning
#   same-cgn-nohairpin  the same without
#   udp-blocked         only TCP to ports 80 and 443 passes
#   v6only              no gateway; no IPv4
#   v4v6                an apdm for IPv4, a stateful firewall for IPv6
#   v4only              no gateway; no IPv6
#
# How nftables and conntrack are made to behave so.  nat_rules writes the rules.
#
# Mapping.  Conntrack has an entry for each pair of addresses and ports and picks
# the port outside for each anew; by luck it is often the same one.  So the
# gateway learns: a chain behind the translation puts what it sees go out into
# maps, and the next flow is translated by them.  The key of the map "mapped" is
# what makes the mapping: the inside address and port alone (endpoint-
# independent), or the outside address as well (address-dependent).  A map with
# the outside port too would be the third kind, but there nothing is ever found
# twice, so that kind has no map, and "fully-random" for the port.  Where the
# mapping is endpoint-independent, the port is kept, unless another inside host
# has it, which is what "taken" is for: then it is one from 40000 on.
#
# Filtering.  Conntrack lets in what answers: from the address and port that was
# sent to.  That is address- and port-dependent filtering, and what is beyond has
# to be led in: by dnat, to the inside address and port that the map "inside" has
# for the outside port.  Of all senders for endpoint-independent filtering, of
# those whose address is in "sent" for address-dependent.
#
# What is not let in is dropped, never answered, and before conntrack keeps an
# entry.  An entry for the stranger's packet would stand in the way of ours to the
# stranger, which would be sent from another port.
#
# Hairpinning.  What comes from inside to the outside address is led in by
# "inside" as well, and its source is translated as on the way out (RFC 4787,
# REQ-9a).  Two in one LAN can do without; two homes of one carrier cannot, as
# neither is told what address the other's router has there.
#
# What is learned is forgotten after NAT_FORGETS seconds without a packet from
# inside; conntrack forgets by its own time-outs.
#
# shellcheck disable=SC2034

NAT_KINDS=(public eim-eif eim-adf eim-apdf adm apdm cgn same-nat
	same-nat-nohairpin same-cgn same-cgn-nohairpin udp-blocked v6only v4v6
	v4only)
NAT_FORGETS=120

# The introducers' addresses, and where the first one's prober answers.
INTRODUCER=198.51.100.10
INTRODUCER6=2001:db8:5::10
SECOND=198.51.100.138
SECOND6=2001:db8:6::10
# An address that the internet drops.
NOBODY=203.0.113.250
NAT_SERVER=("$INTRODUCER" 198.51.100.11 3478 3479)
NAT_SERVER6=("$INTRODUCER6" 2001:db8:5::11 3478 3479)

# The site where each agent is, the gateways there are, and the numbers from which
# names and addresses of sites come.
declare -A site_of=() site_built=() nat_number=()
for kind in "${NAT_KINDS[@]}"; do
	nat_number[$kind]=$((${#nat_number[@]} + 1))
done
unset kind

# --- what to expect ----------------------------------------------------------

# nat_traits KIND FAMILY: the mapping and the filtering, with their RFC 4787
# names; "none none" without that family, "blocked blocked" without UDP.
nat_traits() {
	case $1/$2 in
	public/* | v4only/4 | v6only/6) echo "eim eif" ;;
	v4only/6 | v6only/4) echo "none none" ;;
	v4v6/4) echo "apdm apdf" ;;
	v4v6/6) echo "eim apdf" ;;
	*/6) echo "none none" ;;
	eim-eif/4) echo "eim eif" ;;
	eim-adf/4) echo "eim adf" ;;
	eim-apdf/4 | cgn/4 | same-*/4) echo "eim apdf" ;;
	adm/4) echo "adm apdf" ;;
	apdm/4) echo "apdm apdf" ;;
	udp-blocked/4) echo "blocked blocked" ;;
	esac
}

is_pair_kind() {
	[[ $1 == same-* ]]
}

# nat_cell A B: whether there is such a pair of sites.
nat_cell() {
	local kinds=" ${NAT_KINDS[*]} "

	[[ $kinds == *" $1 "* && $kinds == *" $2 "* ]] || return 1
	{ ! is_pair_kind "$1" && ! is_pair_kind "$2"; } || [ "$1" = "$2" ]
}

# nat_expected A B: direct, relay or tls; the path the agents have to end with.
#
# An introducer tells each end where it sees the other.  In one family, A hits B
# when a datagram of A to where B was seen passes B's filter, B having sent to
# where A was seen:
#
#   B's filter     B's mapping  passes when
#   eif            any          always: the port is open to all
#   adf            eim          always: A's address is right, whatever its port
#   apdf           eim          A's mapping is eim: its port is as it was seen
#   adf, apdf      adm, apdm    never: what B sent to A left from another port
#                               than the one that A aims at
#
# One hit is enough, because the one hit sees where it came from and answers.
# Two agents in one LAN need no hit, and behind one carrier none gets past it that
# it does not hairpin.  Without a hit the introducer relays, and by TLS when an end
# has no UDP.
nat_expected() {
	local f from to

	case $1 in
	same-nat*)
		echo direct
		return
		;;
	same-cgn-nohairpin)
		echo relay
		return
		;;
	esac
	for f in 4 6; do
		from=$(nat_traits "$1" "$f")
		to=$(nat_traits "$2" "$f")
		if nat_hits "$from" "$to" || nat_hits "$to" "$from"; then
			echo direct
			return
		fi
	done
	if [ "$1" = udp-blocked ] || [ "$2" = udp-blocked ]; then
		echo tls
	else
		echo relay
	fi
}

# nat_hits TRAITS TRAITS: what is in the table above.
nat_hits() {
	case "$1 $2" in
	none* | blocked* | *none | *blocked) return 1 ;;
	*eif | *" eim adf") return 0 ;;
	"eim "*" eim apdf") return 0 ;;
	esac
	return 1
}

# --- the middle --------------------------------------------------------------

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

# --- sites -------------------------------------------------------------------

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

# --- rules -------------------------------------------------------------------

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
	nat_rules "$(site_address "$1" "$2")" eim apdf "$hairpin" homes
}

# nat_rules ADDRESS MAPPING FILTERING [HAIRPIN [HOMES]]: between "lan" and "wan",
# which has that address.  With HOMES, ports are used that are for the home that
# sends, instead of the inside ones.
nat_rules() {
	local address=$1 mapping=$2 filtering=$3 hairpin=${4:-} homes=${5:-}
	local type=ipv4_addr.inet_service key="ip saddr . udp sport"
	local learned="ct original ip saddr . ct original proto-src"

	type="ipv4_addr . inet_service"
	if [ "$mapping" = adm ]; then
		type+=" . ipv4_addr"
		key+=" . ip daddr"
		learned+=" . ip daddr"
	fi
	cat <<-EOF
		table ip nat {
			map mapped {
				type $type : inet_service
				flags dynamic,timeout
				timeout ${NAT_FORGETS}s
				size 4096
			}
			map inside {
				type inet_service : ipv4_addr . inet_service
				flags dynamic,timeout
				timeout ${NAT_FORGETS}s
				size 4096
			}
			set sent {
				type inet_service . ipv4_addr
				flags dynamic,timeout
				timeout ${NAT_FORGETS}s
				size 4096
			}
			set taken {
				type inet_service
				flags dynamic,timeout
				timeout ${NAT_FORGETS}s
				size 4096
			}
			chain in {
				type nat hook prerouting priority dstnat
				ip daddr $address meta l4proto udp jump in_udp
			}
			chain in_udp {
				$(nat_in_rules "$filtering" "$hairpin")
			}
			chain out {
				type nat hook postrouting priority srcnat
				oifname wan meta l4proto udp jump out_udp
				oifname wan masquerade
				$(nat_hairpin_rules "$address" "$hairpin" "$key")
			}
			chain out_udp {
				$(nat_out_rules "$address" "$mapping" "$key" "$homes")
			}
			chain learn {
				type filter hook postrouting priority srcnat + 10
				oifname wan meta l4proto udp jump learn_udp
			}
			chain learn_udp {
				update @sent { udp sport . ip daddr }
				update @taken { udp sport }
				ct direction original goto learn_original
				meta l4proto udp update @inside { udp sport : ct reply ip saddr . ct reply proto-src }
			}
			chain learn_original {
				meta l4proto udp update @mapped { $learned : udp sport }
				meta l4proto udp update @inside { udp sport : ct original ip saddr . ct original proto-src }
			}
			chain forward {
				type filter hook forward priority filter
				policy drop
				ct state established,related accept
				iifname lan accept
				ct status dnat accept
			}
			chain input {
				type filter hook input priority filter
				policy accept
				meta l4proto icmp accept
				iifname wan drop
				ip daddr $address drop
			}
		}
	EOF
}

# Behind these, a datagram is for the gateway itself, which drops it.
nat_in_rules() {
	[ "$2" = "" ] || echo "iifname lan dnat ip to udp dport map @inside"
	case $1 in
	eif) echo "iifname wan dnat ip to udp dport map @inside" ;;
	adf)
		echo "iifname wan udp dport . ip saddr @sent" \
			"dnat ip to udp dport map @inside"
		;;
	esac
}

# What comes in from outside is not in that map.
nat_hairpin_rules() {
	[ "$2" = "" ] || echo "oifname lan ct status dnat meta l4proto udp" \
		"snat to $1:$3 map @mapped"
}

# ADDRESS MAPPING KEY HOMES
nat_out_rules() {
	case $2 in
	eim)
		echo "meta l4proto udp snat to $1:$3 map @mapped"
		[ "$4" = "" ] || home_port_rules
		echo "meta l4proto udp udp sport @taken masquerade to :40000-49999"
		;;
	adm)
		echo "meta l4proto udp snat to $1:$3 map @mapped"
		echo "masquerade fully-random"
		;;
	apdm) echo "masquerade fully-random" ;;
	esac
}

home_port_rules() {
	local side first last

	for side in a b; do
		read -r first last < <(home_ports $side)
		echo "ip saddr $(home_address $side) meta l4proto udp" \
			"masquerade to :$first-$last"
	done
}

# What answers, and nothing else.
firewall6_rules() {
	cat <<-EOF
		table ip6 firewall {
			chain forward {
				type filter hook forward priority filter
				policy drop
				ct state established,related accept
				iifname lan accept
			}
		}
	EOF
}
