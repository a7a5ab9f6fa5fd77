# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The kinds of sites, and what can be expected of two of them:
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
# shellcheck disable=SC2034

NAT_KINDS=(public eim-eif eim-adf eim-apdf adm apdm cgn same-nat
	same-nat-nohairpin same-cgn same-cgn-nohairpin udp-blocked v6only v4v6
	v4only)

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
