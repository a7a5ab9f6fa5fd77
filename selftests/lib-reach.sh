# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two agents at sites of the NAT lab, and the introducers that both know; sourced
# after lib-helper.sh.
#
# shellcheck disable=SC2034

# shellcheck source=selftests/nat/lab.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/nat/lab.sh"

declare -A agent_did agent_inet6 agent_id

# The one, and "second" where a test wants that too.
INTRODUCERS=(introducer)

# Identities are made once; the introducers serve all cells.  RELAY: whether they
# take data, yes unless said.
agents() {
	local side

	for side in "${INTRODUCERS[@]}" a b; do
		mkdir "$TMP/$side"
		identity $side
		agent_did[$side]=$(did $side)
		agent_inet6[$side]=$(inet6 $side)
		agent_id[$side]=$(pilot-link -j -p id show "$TMP/$side/id" \
			network 1 | member address)
	done
	for side in "${INTRODUCERS[@]}"; do
		introducer_start "$side"
	done
}

introducer_start() {
	cat >"$TMP/$1/conf" <<-END
		log-level info
		introduce yes
		introduce-tls yes
		relay ${RELAY:-yes}
		agent pilot0
		    identity $TMP/$1/id
		peer ${agent_did[a]}
		peer ${agent_did[b]}
	END
	helper_start "$1"
}

# introducer_at NS SIDE: where it is for that side.
introducer_at() {
	case $1/${site_of[$2]} in
	introducer/v6only) echo "[$INTRODUCER6]:$PORT" ;;
	introducer/*) echo "$INTRODUCER:$PORT" ;;
	second/v6only) echo "[$SECOND6]:$PORT" ;;
	second/*) echo "$SECOND:$PORT" ;;
	esac
}

# introducers_of SIDE: as peers.
introducers_of() {
	local ns

	for ns in "${INTRODUCERS[@]}"; do
		cat <<-END
			peer ${agent_did[$ns]}
			    introducer yes
			    endpoint $(introducer_at "$ns" "$1")
			    ${KEEPALIVE:+keepalive $KEEPALIVE}
		END
	done
}

# agent_start SIDE OTHER [LINE]...: told of the introducers' addresses and of nobody
# else's, and configured with these lines.
# KEEPALIVE: introducers are pinged each so many seconds.
# IDLE: when the kernel takes the other for idle, never unless given.
agent_start() {
	cat >"$TMP/$1/conf" <<-END
		log-level debug
		$(printf '%s\n' "${@:3}")
		agent pilot0
		    identity $TMP/$1/id
		$(introducers_of "$1")
		peer ${agent_did[$2]}
		    ${WATCH:-}
		    ${IDLE:+idle $IDLE}
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

kind_is() {
	[ "$(path_kind "$1" "$(other "$1")")" = "$2" ]
}

other() {
	[ "$1" = a ] && echo b || echo a
}

# both_are KIND [SECONDS]: for both ends, in good time.
both_are() {
	soon "${2:-30}" kind_is a "$1"
	soon "${2:-30}" kind_is b "$1"
}

# sites KIND KIND: where the agents will be, and the introducers.
sites() {
	command -v nft >/dev/null || skip "nft is missing"
	command -v conntrack >/dev/null || skip "conntrack is missing"
	lab_up
	[ ${#INTRODUCERS[@]} -eq 1 ] || lab_second
	agents
	site a "$1"
	site b "$2"
}

# between KIND KIND: agents at such sites.
between() {
	sites "$@"
	agent_start a b
	agent_start b a
}

# In the middle nothing passes between the sites.
middle_cut() {
	in_ns inet nft -f - <<-END
		table inet cut {
			chain forward {
				type filter hook forward priority -10;
				iifname { "introducer", "second" } accept
				oifname { "introducer", "second" } accept
				drop
			}
		}
	END
}

middle_mend() {
	in_ns inet nft delete table inet cut
}

# relayed [NS]: what an introducer has passed on, in packets.
relayed() {
	pl "${1:-introducer}" -j relay show | python3 -c 'import json, sys
print(sum(entry["packets"] for entry in json.load(sys.stdin)))'
}

# --- a stream ----------------------------------------------------------------

STREAM_INTERVAL=0.05

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# stream_start SIDE ADDRESS: pings until stream_end.
stream_start() {
	spawn "$TMP/stream" in_ns "$1" ping -n -D -i "$STREAM_INTERVAL" "$2"
	STREAM=$SPAWNED
}

is_answered() {
	grep -q "bytes from" "$TMP/stream"
}

answers() {
	grep -c "bytes from" "$TMP/stream" || true
}

# answers_past NUMBER
answers_past() {
	[ "$(answers)" -gt "$1" ]
}

# goes_on [SECONDS [NUMBER]]: so many more answers, in that time.
goes_on() {
	soon "${1:-20}" answers_past $(($(answers) + ${2:-10}))
}

# "FIRST-MS SENT LOST GAP-MS": how long after the first ping the first answer came;
# of what was sent from then to the last answer, how many did not come, and how
# long it took at most from one answer to the next.  When ping itself began is no
# measure: a debug kernel takes seconds to start a process.
stream_end() {
	end_process "$STREAM" -INT
	awk -v interval="$STREAM_INTERVAL" '
		/DUP/ || !/bytes from/ {next}
		{
			at = substr($1, 2) * 1000
			rtt = $0
			sub(/.* time=/, "", rtt)
			sub(/.*icmp_seq=/, "")
			seq = $1 + 0
			if (!n++)
				answered = before = at
			if (n == 1 || seq < first) {
				first = seq
				began = at - rtt - (seq - 1) * interval * 1000
			}
			if (seq > last)
				last = seq
			if (at - before > gap)
				gap = at - before
			before = at
		}
		END {
			if (n)
				printf "%d %d %d %d\n", answered - began,
					last - first + 1, last - first + 1 - n, gap
			else
				print "null null null null"
		}' "$TMP/stream"
}
