# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two agents at sites of the NAT lab, and the introducer that both know; sourced
# after lib-helper.sh.
#
# shellcheck disable=SC2034

# shellcheck source=selftests/lib-natlab.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib-natlab.sh"

declare -A agent_did agent_inet6 agent_id

# Identities are made once; the introducer serves all cells.  RELAY: whether it
# takes data, yes unless said.
agents() {
	local side

	for side in introducer a b; do
		mkdir "$TMP/$side"
		identity $side
		agent_did[$side]=$(did $side)
		agent_inet6[$side]=$(inet6 $side)
		agent_id[$side]=$(pilot-link -j -p id show "$TMP/$side/id" \
			network 1 | member address)
	done
	cat >"$TMP/introducer/conf" <<-END
		log-level info
		introduce yes
		introduce-tls yes
		relay ${RELAY:-yes}
		agent pilot0
		    identity $TMP/introducer/id
		peer ${agent_did[a]}
		peer ${agent_did[b]}
	END
	helper_start introducer
}

# agent_start SIDE OTHER [LINE]...: told of the introducer's address and of nobody
# else's, and configured with these lines.
agent_start() {
	local at=$INTRODUCER:$PORT

	[ "${site_of[$1]}" != v6only ] || at=[$INTRODUCER6]:$PORT
	cat >"$TMP/$1/conf" <<-END
		log-level debug
		$(printf '%s\n' "${@:3}")
		agent pilot0
		    identity $TMP/$1/id
		peer ${agent_did[introducer]}
		    introducer yes
		    endpoint $at
		peer ${agent_did[$2]}
	END
	helper_start "$1"
	soon 20 has_device "$1"
}

agent_stop() {
	[ -e "$TMP/$1/pid" ] || return 0
	end_process "$(helper_pid "$1")"
	ipn "$1" link del pilot0 2>/dev/null
	rm -rf "$TMP/$1"/{pid,state,sock}
}

# path_kind SIDE OTHER: the kind of the path to that agent.  The JSON is then in
# $TMP/SIDE/paths.
path_kind() {
	local rest one

	pl "$1" -j path show >"$TMP/$1/paths.new" 2>/dev/null || return
	mv "$TMP/$1/paths.new" "$TMP/$1/paths"
	# Of each path without its candidates, whose members have the same names.
	rest=$(tr -d '\n' <"$TMP/$1/paths" |
		sed 's/"\[\([^]"]*\)\]/"\1/g; s/"candidates": *\[[^]]*\]//g')
	while [[ $rest =~ \{([^{}]*)\}(.*) ]]; do
		one=${BASH_REMATCH[1]}
		rest=${BASH_REMATCH[2]}
		[[ $one == *"\"${agent_did[$2]}\""* ||
			$one == *"\"${agent_id[$2]:-none}\""* ]] || continue
		[[ $one =~ \"kind\":\ *\"([a-z]*)\" ]] || continue
		echo "${BASH_REMATCH[1]}"
		return
	done
}
