#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=1200
#
# The translators of nat/kinds.sh are what they are called, and what can be
# expected of each pair of them is so.

WITHOUT_MODULE=1
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/nat/lab.sh
. "$(dirname "$0")/nat/lab.sh"

# lab KIND [KIND]: both agents at such sites, and the server.
lab() {
	command -v nft >/dev/null || skip "nft is missing"
	command -v conntrack >/dev/null || skip "conntrack is missing"
	lab_up
	lab_server
	site a "$1"
	site b "${2:-$1}"
}

# --- what one is -------------------------------------------------------------

# probe FAMILY SIDE...: all at once; the lines are then in $TMP/probe.SIDE.
probe() {
	local server=("${NAT_SERVER[@]}") side pids=()

	[ "$1" = 4 ] || server=("${NAT_SERVER6[@]}")
	shift
	for side; do
		spawn "$TMP/probe.$side" in_ns "$side" pilot_nat probe \
			"${server[@]}" 7740
		pids+=("$SPAWNED")
	done
	for side in "${pids[@]}"; do
		wait "$side" || fail "a probe failed:" "$(cat "$TMP"/probe.*)"
	done
	cat "$TMP"/probe.*
}

probed() {
	word "$2" <"$TMP/probe.$1"
}

long_name() {
	case $1 in
	ei[mf]) echo independent ;;
	ad[mf]) echo address ;;
	apd[mf]) echo port ;;
	esac
}

# behaves SIDE FAMILY PORTS: what was probed is as its kind's traits say.
behaves() {
	local mapping filtering

	read -r mapping filtering < <(nat_traits "${site_of[$1]}" "$2")
	case $mapping in
	none | blocked)
		equal "$(probed "$1" udp)" no "UDP over IPv$2 from $1"
		return
		;;
	esac
	equal "$(probed "$1" udp)" yes "UDP over IPv$2 from $1"
	equal "$(probed "$1" mapping)" "$(long_name "$mapping")" "$1's mapping"
	equal "$(probed "$1" filtering)" "$(long_name "$filtering")" \
		"$1's filtering"
	equal "$(probed "$1" ports)" "$3" "what becomes of $1's ports"
	equal "$(probed "$1" local)" "$(inside_of "$1" "$2")" "$1's own address"
	equal "$(probed "$1" mapped)" "$(outside_of "$1" "$2")" \
		"$1's address outside"
}

inside_of() {
	if [ "$2" = 4 ]; then
		inside_address "$1" "${site_of[$1]}"
	else
		inside_address6 "$1" "${site_of[$1]}"
	fi
}

# IPv6 is not translated.
outside_of() {
	if [ "$2" = 4 ]; then
		site_address "$1" "${site_of[$1]}"
	else
		inside_of "$1" "$2"
	fi
}

# takes SIDE ADDRESS PORT yes|no: whether TCP to the introducer gets there.
takes() {
	equal "$(in_ns "$1" pilot_nat connect "$2" "$3" | word connect)" "$4" \
		"TCP from $1 to $2 port $3"
}

tcp_passes() {
	takes "$1" "$INTRODUCER" 443 yes
	takes "$1" "$INTRODUCER" 8080 yes
}

# both_behave FAMILY PORTS
both_behave() {
	probe "$1" a b
	behaves a "$@"
	behaves b "$@"
}

# translates KIND PORTS: for IPv4 alone, at either side.
translates() {
	lab "$1"
	both_behave 6 none
	both_behave 4 "$2"
	tcp_passes a
	tcp_passes b
}

# No stranger gets in, and one that tries does not change the port under which it
# will be spoken to.
survives_a_stranger() {
	local there

	site b public
	there=$(site_address b public)
	in_ns b pilot_nat ask $(nat_server_at 4) "$(site_address a "$1")" 7740 \
		7740 >"$TMP/ask"
	equal "$(word answer <"$TMP/ask")" no "what the stranger got"
	spawn_ready "$TMP/echo" in_ns b pilot_nat echo $(nat_server_at 4) 7740
	in_ns a pilot_nat ask $(nat_server_at 4) "$there" 7740 7740 \
		>"$TMP/ask"
	equal "$(sed 's/.* //' "$TMP/ask")" "${2:-7740}" \
		"the port that the stranger sees"
}

public_is_public() {
	lab public
	both_behave 4 preserved
	both_behave 6 preserved
	tcp_passes a
	tcp_passes b
}

eim_eif_lets_all_in() {
	translates eim-eif preserved
}

eim_adf_lets_addresses_in() {
	translates eim-adf preserved
	survives_a_stranger eim-adf
}

eim_apdf_lets_ports_in() {
	translates eim-apdf preserved
	survives_a_stranger eim-apdf
}

adm_maps_by_address() {
	translates adm random
}

apdm_maps_by_port_at_random() {
	translates apdm random
}

# has_home_ports SIDE: what was probed is of those that its carrier has for it.
has_home_ports() {
	local first last

	read -r first last < <(home_ports "$1")
	within "$first" "$last" "$(probed "$1" low)" "$1's lowest port"
	within "$first" "$last" "$(probed "$1" high)" "$1's highest port"
}

cgn_translates_twice() {
	translates cgn changed
	has_home_ports a
	has_home_ports b
	# The carrier's address is not the one that the home's router has.
	in_ns a.cgn ip -4 addr show dev wan | grep -q " 100.64.0.2/" ||
		fail "the router at home has another address"
}

udp_blocked_passes_the_web_alone() {
	local side

	lab udp-blocked
	both_behave 4 none
	both_behave 6 none
	for side in a b; do
		takes $side "$INTRODUCER" 443 yes
		takes $side "$INTRODUCER" 80 yes
		takes $side "$INTRODUCER" 8080 no
		hears_no_ping $side "$INTRODUCER"
	done
}

hears_no_ping() {
	! in_ns "$1" ping -n -c 2 -i 0.2 -W 1 "$2" >/dev/null 2>&1 ||
		fail "$1 hears $2"
}

v6only_has_no_ipv4() {
	local side

	lab v6only
	both_behave 4 none
	both_behave 6 preserved
	for side in a b; do
		takes $side "$INTRODUCER" 443 no
		takes $side "$INTRODUCER6" 443 yes
		equal "$(in_ns $side ip -4 -o addr show scope global)" "" \
			"$side's IPv4 addresses"
	done
}

v4only_has_no_ipv6() {
	local side

	lab v4only
	both_behave 4 preserved
	both_behave 6 none
	for side in a b; do
		tcp_passes $side
		takes $side "$INTRODUCER6" 443 no
		equal "$(in_ns $side ip -6 -o addr show scope global)" "" \
			"$side's IPv6 addresses"
	done
}

v4v6_translates_ipv4_and_guards_ipv6() {
	local side

	lab v4v6
	both_behave 4 random
	both_behave 6 preserved
	for side in a b; do
		tcp_passes $side
		takes $side "$INTRODUCER6" 443 yes
	done
}

# --- two behind one ----------------------------------------------------------

# shares KIND: one address, and ports of their own though the inside ones are
# the same, even while the two speak to different places.
shares() {
	local elsewhere=("${NAT_SERVER[1]}" "${NAT_SERVER[3]}")

	lab "$1"
	in_ns a pilot_nat ask "${elsewhere[@]}" "${elsewhere[@]}" 7740
	probe 4 b
	behaves b 4 preserved
	within 40000 49999 "$(mapped_port b)" "the port of the second"
	probe 4 a
	behaves a 4 preserved
	equal "$(mapped_port a)" 7740 "the port of the first"
	tcp_passes a
	tcp_passes b
	in_ns a ping -n -q -c 1 -W "$(patience 5)" "$(inside_of b 4)" \
		>/dev/null || fail "the LAN does not join them"
}

mapped_port() {
	sed -n 's/.* mapped [^ ]* \([0-9]*\) .*/\1/p' "$TMP/probe.$1"
}

# hairpin FROM TO: FROM speaks to where the server sees TO; its line is then in
# $TMP/ask.
hairpin() {
	spawn_ready "$TMP/echo.$2" in_ns "$2" pilot_nat echo $(nat_server_at 4) \
		7740
	in_ns "$1" pilot_nat ask $(nat_server_at 4) \
		$(sed -n 's/^mapped //p' "$TMP/echo.$2") 7740 >"$TMP/ask"
	end_process "$SPAWNED"
	cat "$TMP/ask"
}

same_nat_hairpins() {
	local from to

	shares same-nat
	for from in a b; do
		[ $from = a ] && to=b || to=a
		hairpin $from $to
		equal "$(word answer <"$TMP/ask")" yes "answer to $from"
		equal "$(sed 's/.* seen //' "$TMP/ask")" \
			"$(sed 's/.* mapped \(.*\) seen .*/\1/' "$TMP/ask")" \
			"the source that $to sees"
	done
}

same_nat_nohairpin_does_not() {
	shares same-nat-nohairpin
	hairpin a b
	equal "$(word answer <"$TMP/ask")" no "answer to a"
	hairpin b a
	equal "$(word answer <"$TMP/ask")" no "answer to b"
}

# homes KIND: one address outside, ports of their own, and no LAN that joins them.
homes() {
	lab "$1"
	both_behave 4 changed
	has_home_ports a
	has_home_ports b
	equal "$(site_address a "$1")" "$(site_address b "$1")" "the two's address"
	hears_no_ping a "$(inside_of b 4)"
	hears_no_ping b "$(inside_of a 4)"
}

# met_outside SIDE OTHER: at the address that the carrier has for both, and a port
# of the other's home.
met_outside() {
	local address port first last

	read -r address port < <(sed -n 's/^direct yes at //p' "$TMP/meet.$1")
	read -r first last < <(home_ports "$2")
	equal "$address" "$(site_address "$2" "${site_of[$2]}")" \
		"where $1 meets $2"
	within "$first" "$last" "$port" "the port where $1 meets $2"
}

same_cgn_hairpins() {
	homes same-cgn
	nat_meet
	equal "$MET" direct "how they meet"
	met_outside a b
	met_outside b a
}

same_cgn_nohairpin_does_not() {
	homes same-cgn-nohairpin
	nat_meet
	equal "$MET" not "whether they meet"
}

# --- pairs -------------------------------------------------------------------

# Each row of nat_expected's table, met from either side, and those without a row.
pairs() {
	cat <<-END
		eim-eif apdm direct
		eim-adf apdm direct
		adm eim-adf direct
		eim-apdf eim-apdf direct
		eim-apdf adm relay
		apdm eim-apdf relay
		adm adm relay
		apdm apdm relay
		cgn cgn direct
		cgn public direct
		same-nat same-nat direct
		same-nat-nohairpin same-nat-nohairpin direct
		same-cgn same-cgn direct
		same-cgn-nohairpin same-cgn-nohairpin relay
		v4v6 v4v6 direct
		v4v6 apdm relay
		v6only v4v6 direct
		v6only v4only relay
		udp-blocked public tls
		v6only udp-blocked tls
	END
}

pairs_meet_as_expected() {
	local a b path

	lab public
	while read -r a b path; do
		equal "$(nat_expected "$a" "$b")" "$path" "the path of $a and $b"
		equal "$(nat_expected "$b" "$a")" "$path" "the path of $b and $a"
		site a "$a"
		site b "$b"
		nat_meet
		[ "$path" = direct ] || path=not
		equal "$MET" "$path" "whether $a and $b meet"
	done < <(pairs)
}

# A site is as new when an agent comes back to it.
a_site_forgets_who_was_there() {
	lab eim-eif public
	probe 4 a
	behaves a 4 preserved
	site a public
	site a eim-eif
	in_ns b pilot_nat ask $(nat_server_at 4) "$(site_address a eim-eif)" \
		7740 >"$TMP/ask"
	equal "$(word answer <"$TMP/ask")" no "what came in"
	equal "$(in_ns a.eim-eif conntrack -L -p udp 2>/dev/null | wc -l)" 0 \
		"entries"
}

run_tests public_is_public eim_eif_lets_all_in eim_adf_lets_addresses_in \
	eim_apdf_lets_ports_in adm_maps_by_address apdm_maps_by_port_at_random \
	cgn_translates_twice same_nat_hairpins same_nat_nohairpin_does_not \
	same_cgn_hairpins same_cgn_nohairpin_does_not \
	udp_blocked_passes_the_web_alone v6only_has_no_ipv4 \
	v4v6_translates_ipv4_and_guards_ipv6 v4only_has_no_ipv6 \
	pairs_meet_as_expected a_site_forgets_who_was_there
