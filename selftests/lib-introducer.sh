# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An introducer in r that relays, and agents in other namespaces, each linked only
# to it; it routes nothing.  Sourced after lib-helper.sh.  An agent is named by its
# namespace and its number; agents of number N are in network N + 1.
#
# shellcheck disable=SC2034,SC2154

# shellcheck source=selftests/lib-relay.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-relay.sh"

declare -A did_of ip_of

# introducer_up NS...: the namespaces, linked to r; the first is spoke 1.
introducer_up() {
	local ns n=0

	ns_add r "$@"
	mkdir "$TMP/r"
	for ns; do
		n=$((n + 1))
		mkdir "$TMP/$ns"
		spoke "$ns" $n
		echo "10.0.$n.1" >"$TMP/$ns/introducer"
	done
}

# agents_of NS N: identities of agents 0 to N - 1.
agents_of() {
	local i

	for ((i = 0; i < $2; i++)); do
		identity "$1" "$i"
		did_of[$1$i]=$(did "$1" "$i")
		ip_of[$1$i]=$(inet6 "$1" "$i" $((i + 1)))
	done
}

# introducer_conf NUMBER NS...: agents 0 to NUMBER - 1 of r serve those of each NS;
# standard input is what else it is told.
introducer_conf() {
	local i ns number=$1
	shift

	{
		printf '%s\n' "log-level info" "introduce yes" "relay yes"
		cat
		for ((i = 0; i < number; i++)); do
			echo "agent pilot$i"
			echo "    identity $TMP/r/id$i"
			echo "    network $((i + 1))"
			for ns; do
				[ -z "${did_of[$ns$i]:-}" ] ||
					printf 'peer %s\n    link pilot%s\n' \
						"${did_of[$ns$i]}" "$i"
			done
		done
	} >"$TMP/r/conf"
}

# agents_conf NS OTHER NUMBER: agents that know the introducer and the same ones
# of OTHER.
agents_conf() {
	local i at

	at=$(<"$TMP/$1/introducer")
	{
		echo "log-level info"
		for ((i = 0; i < $3; i++)); do
			cat <<-END
				agent pilot$i
				    identity $TMP/$1/id$i
				    network $((i + 1))
				peer ${did_of[r$i]}
				    link pilot$i
				    introducer yes
				    endpoint $at:$PORT
				peer ${did_of[$2$i]}
				    link pilot$i
			END
		done
	} >"$TMP/$1/conf"
}

# known NS NUMBER: r has sessions with its agents, so that they can be introduced.
known() {
	local i

	for ((i = 0; i < $2; i++)); do
		soon 60 pl r ping "${did_of[$1$i]}" count 1
	done
}

# first_packet NS OTHER NUMBER: MS is how long the first one took there and back.
first_packet() {
	local start

	start=${EPOCHREALTIME/[.,]/}
	# An error about a packet that waited too long ends ping.
	soon 60 in_ns "$1" ping -n -c 1 -w 60 "${ip_of[$2$3]}"
	MS=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}
