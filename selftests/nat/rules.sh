# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How nftables and conntrack are made to behave as the kinds of kinds.sh.
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

NAT_FORGETS=120

# nat_rules ADDRESS MAPPING FILTERING [HAIRPIN [HOMES]]: between "lan" and "wan",
# which has that address.  HOMES are rules for the ports of those inside, where these
# are not to be kept.
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
		[ "$4" = "" ] || echo "$4"
		echo "meta l4proto udp udp sport @taken masquerade to :40000-49999"
		;;
	adm)
		echo "meta l4proto udp snat to $1:$3 map @mapped"
		echo "masquerade fully-random"
		;;
	apdm) echo "masquerade fully-random" ;;
	esac
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
