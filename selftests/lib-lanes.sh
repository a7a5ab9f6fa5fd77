# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Agents with several lanes, for tests and measurements; sourced after lib.sh.
#
# shellcheck disable=SC2086,SC2154

# Lane I is at port 7740 + I at both ends.
lane_port() {
	echo $((PORT + $1))
}

# lane_agent NS NODE LANES: an agent with sockets for so many lanes.
lane_agent() {
	local i sockets=()

	device "$1" "$2"
	for ((i = 0; i < $3; i++)); do
		sockets+=("4:$(lane_port "$i")" "6:$(lane_port "$i")")
	done
	hold "$1" "${sockets[@]}"
	for ((i = 0; i < $3; i++)); do
		lane_bind "$1" "$i"
	done
}

# lane_bind NS LANE [HOLDER-FD]
lane_bind() {
	local fd=${3:-$((10 + 2 * $2))}

	in_ns "$1" pilot_ctl dev-set pilot0 lane "$2" \
		socket4 "$(held "$1"):$fd" socket6 "$(held "$1"):$((fd + 1))"
}

# lane_keys EPOCH LANES: the same keys at both ends, the responder's first, each
# lane with its own.
lane_keys() {
	local i port

	for ((i = 0; i < $2; i++)); do
		port=
		[ "$i" -eq 0 ] || port="port $(lane_port "$i")"
		lane_key b 6 5 "$1" "$i" next "$port"
		lane_key a 5 6 "$1" "$i" current "$port"
	done
}

# lane_key NS OWN PEER EPOCH LANE SLOT PORT-WORDS [ARGS]...
lane_key() {
	local ns=$1 own=$2 other=$3 epoch=$4 lane=$5 slot=$6 seed

	seed=$((epoch * 16 + lane))
	in_ns "$ns" pilot_ctl key-new pilot0 "$(agent "$other")" \
		epoch "$epoch" slot "$slot" cipher "$CIPHER" lane "$lane" $7 \
		rx-index "$(key_index "$own" "$other" "$epoch")" \
		tx-index "$(key_index "$other" "$own" "$epoch")" \
		rx-key "$(key_hex "$other" "$own" "$seed")" \
		tx-key "$(key_hex "$own" "$other" "$seed")" "${@:8}"
}

# lanes_work N [EPOCH]: both ends have heard each other by each of N lanes. Whether
# they still know is a matter of a few seconds: see lane_works.
lanes_work() {
	local i ns

	for ns in a b; do
		for ((i = 0; i < $1; i++)); do
			wait_for 10 lane_heard "$ns" "$i" "${2:-1}" ||
				fail "$ns has heard nothing by lane $i"
		done
	done
}

lane_heard() {
	[ "$(in_ns "$1" pilot_ctl key-get pilot0 \
		"$(agent "$(node_beside "$1")")" epoch "$3" lane "$2" |
		word rx-counter key)" -gt 0 ]
}

# lane_stat NS LANE NAME
lane_stat() {
	in_ns "$1" pilot_ctl peer-get pilot0 "$(agent "$(node_beside "$1")")" |
		sed -n "s/^lane id $2 /lane /p" | word "$3" lane
}

node_beside() {
	[ "$1" = a ] && echo 6 || echo 5
}

lane_works() {
	[ -n "$(lane_stat "$1" "$2" since-rx)" ]
}
