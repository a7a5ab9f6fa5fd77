# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A relay and its two ends, for tests; sourced after lib.sh.
#
# shellcheck disable=SC2034,SC2154

# The ids that the relay gave to agents 5 and 6.
ID5=0xa1
ID6=0xb2

# spoke NS END: a link from NS to the relay in r, on a network of its own.
spoke() {
	ip link add wire netns "$NSP-$1" type veth peer name "to-$1" netns "$NSP-r"
	ipn "$1" -batch - <<-EOF
		link set lo up
		addr add 10.0.$2.2/24 dev wire
		addr add fd00:$2::2/64 dev wire nodad
		link set wire up
	EOF
	ipn r -batch - <<-EOF
		link set lo up
		addr add 10.0.$2.1/24 dev to-$1
		addr add fd00:$2::1/64 dev to-$1 nodad
		link set to-$1 up
	EOF
}

# at END NUMBER [FAMILY]: an address of spoke END, 1 is the relay's.
at() {
	if [ "${3:-$FAMILY}" = 4 ]; then
		echo "10.0.$1.$2"
	else
		echo "fd00:$1::$2"
	fi
}

# The relay is agent 7 in r; a and b are only linked by it, and it routes
# nothing. relay_up PORT: where its peers 5 and 6 send from.
relay_up() {
	ns_add a r b
	spoke a 1
	spoke b 2
	agent_up r 7
	in_ns r pilot_ctl peer-new pilot0 "$(agent 5)" \
		endpoint "$(at 1 2 "${2:-$FAMILY}")" "$1"
	in_ns r pilot_ctl peer-new pilot0 "$(agent 6)" \
		endpoint "$(at 2 2 "${3:-$FAMILY}")" "$1"
}

# entries [ARGS]...: both directions between 5 and 6.
entries() {
	entry $ID5 5 6 $ID6 "$@"
	entry $ID6 6 5 $ID5 "$@"
}

# entry ID FROM TO NEXT [ARGS]...
entry() {
	local id=$1 from=$2 to=$3 next=$4
	shift 4

	[[ " $* " == *" seconds "* ]] || set -- "$@" seconds 300
	in_ns r pilot_ctl relay-new pilot0 "$id" from "$(agent "$from")" \
		to "$(agent "$to")" next "$next" "$@"
}

# relayed_pair [FAMILY OF A] [FAMILY OF B]: agents 5 and 6 by the relay.
relayed_pair() {
	relay_up $PORT "$@"
	entries
	agent_up a 5
	agent_up b 6
	by_relay a 6 1 $ID5 peer-new "${1:-$FAMILY}"
	by_relay b 5 2 $ID6 peer-new "${2:-$FAMILY}"
	keys 1
	wait_for 10 key_is_current b 5 1 || fail "b never saw a's first packet"
}

# by_relay NS NODE END ID VERB [FAMILY]
by_relay() {
	in_ns "$1" pilot_ctl "$5" pilot0 "$(agent "$2")" \
		endpoint "$(at "$3" 1 "${6:-$FAMILY}")" $PORT relay "$4"
}

# The relay with ends that are none: the test speaks at port 4001 of a, and
# listens at 4001 of b.
bare_relay() {
	relay_up 4001
	entries "$@"
}

# hear COUNT [SECONDS]: what comes to b, into $TMP/heard.
hear() {
	spawn_ready "$TMP/heard" in_ns b pilot_frame recv 4001 "$1" \
		"$(patience "${2:-20}")"
}

heard_n() {
	[ "$(grep -c '^10' "$TMP/heard")" -ge "$1" ]
}

# say [ARGS]...: from a to the relay, from the right port unless told another.
say() {
	[[ " $* " == *" from "* ]] || set -- "$@" from 4001
	in_ns a pilot_frame send 10.0.1.1 $PORT "$@" >"$TMP/said"
}

# A data frame that only a format check can like, of 16 + N + 16 bytes.
data_frame() {
	printf '94000000%0*d\n' $((56 + 2 * $1)) 0
}

# behind ID: lines of frames as relay frames.
behind() {
	pilot_frame relay "$1"
}

relay_stat() {
	in_ns r pilot_ctl relay-get pilot0 "$1" | word "$2" relay
}

socket_rose() {
	local ns=$1 name=$2 by=$3 from=$4

	wait_for 10 socket_at_least "$ns" "$name" $((from + by)) || true
	equal "$(socket_stat "$ns" "$name")" $((from + by)) "$ns's $name"
}

# seal COUNTER PLAINTEXT...: frames of agent 6 to agent 5.
seal() {
	local counter=$1
	shift

	pilot_frame seal "$CIPHER" "$(key_hex 6 5 1)" "$(key_index 5 6 1)" \
		"$counter" "$@"
}

# offloads REGIME: as regime, for both spokes.
offloads() {
	local tso=on gro=off segmentation=on where

	[ "$1" = R1 ] || tso=off gro=on
	[ "$1" != R3 ] || segmentation=off
	command -v ethtool >/dev/null || skip "no ethtool here"
	for where in "a wire" "b wire" "r to-a" "r to-b"; do
		in_ns "${where% *}" ethtool -K "${where#* }" tso $tso gro $gro \
			tx-udp-segmentation $segmentation
	done
}

tcp_both_ways() {
	iperf a b 6 -n "$AMOUNT"
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second"
	iperf a b 6 -n "$AMOUNT" -R
	within 1 $((10 ** 12)) "$(iperf_bits)" "bits per second, reversed"
}

# batched REGIME NS...: batches, and of no other kind.
batched() {
	local ns chained whole r=$1
	shift

	for ns; do
		chained=$(socket_stat "$ns" rx-chained)
		whole=$(socket_stat "$ns" rx-whole)
		case $r in
		R1)
			within 10 $((10 ** 9)) "$whole" "$ns's whole batches"
			equal "$chained" 0 "$ns's chained ones"
			;;
		R3)
			within "$(scaled 10)" $((10 ** 9)) "$chained" \
				"$ns's chained batches"
			;;
		esac
	done
}

nothing_went_wrong() {
	local ns name

	for ns in a b; do
		for name in rx-drop-auth rx-drop-inner \
			rx-drop-replay tx-drop-crypto tx-segmented; do
			equal "$(stat $ns $name)" 0 "$ns's $name"
		done
		within "$(scaled 500)" $((10 ** 9)) "$(stat $ns rx-merged)" \
			"$ns's merged records"
	done
}

# refused ERRNO COMMAND...: with any text.
refused() {
	local errno=$1 text
	shift

	text=$("$@" 2>&1 >/dev/null) && fail "accepted: $*"
	[[ $text == "$errno: "?* ]] || fail "'$*' gave '$text', not $errno: text"
}

# spoilt NS IP FRAMES...: random variants get no answer and do nothing.
spoilt() {
	local ns=$1 ip=$2 memory

	memory=$(memory_used)
	pilot_frame spoil 7 "$(scaled 20000)" |
		in_ns "$ns" pilot_frame send "$ip" $PORT from 4001 wait 500 \
			>"$TMP/said"
	equal "$(word answers <"$TMP/said")" 0 "answers"
	memory_back "$memory" 3000
}
