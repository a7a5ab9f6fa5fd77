#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=420
# not-on: debug
#
# An introducer that is flooded goes on serving: loss and round trip of pings by its
# relay, and how long a new pair takes to be introduced, beside the same without.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-introducer.sh
. "$(dirname "$0")/lib-introducer.sh"
# shellcheck source=selftests/lib-flood.sh
. "$(dirname "$0")/lib-flood.sh"

PINGS=50
# Of a slow guest, whose processors the flooder has a good part of.
LOSS_MOST=2
SLOWER_MOST=10
CONNECT_MS=6000
# What a client of the relay may send, packets a second.
CAP=400
FLOOD_RATE=4000

# Agents in a and b that are measured, g and h of which g is greedy, and s, where
# strangers are: their invented sources, 10.99.0.0/16, are routed back to it.
flooded_introducer() {
	local ns

	introducer_up a b g h s
	ipn r route add 10.99.0.0/16 via 10.0.5.2
	for ns in r a b; do
		agents_of "$ns" "$1"
	done
	agents_of g 1
	agents_of h 1
	introducer_conf "$1" a b g h <<<"relay-packets $CAP"
	agents_conf a b "$1"
	agents_conf b a "$1"
	agents_conf g h 1
	agents_conf h g 1
	for ns in r a b; do
		helper_start "$ns"
	done
	known a "$1"
	known b "$1"
	first_packet a b 0
	first_packet a b 1
	BASE_CONNECT=$MS
	pings_measure
	BASE_RTT=$RTT
	note "without a flood: $LOSS of $PINGS pings lost, $RTT us there and" \
		"back, first packet of a new pair $BASE_CONNECT ms"
}

# pings_measure: from a to b; LOSS is how many, RTT the middle one in microseconds.
pings_measure() {
	in_ns a ping -n -c "$PINGS" -i 0.1 -W 5 "${ip_of[b0]}" >"$TMP/pings" ||
		true
	read -r LOSS RTT < <(sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' \
		"$TMP/pings" | sort -n | awk -v n="$PINGS" '
			{t[NR] = $1}
			END {print n - NR, int(t[int((NR + 1) / 2)] * 1000)}')
}

# served_under WHAT AGENT: as well as without, or nearly so.
served_under() {
	pings_measure
	first_packet a b "$2"
	note "$1: $LOSS of $PINGS pings lost, $RTT us there and back," \
		"first packet of a new pair $MS ms"
	[ "$LOSS" -le "$LOSS_MOST" ] || fail "$LOSS of $PINGS pings were lost"
	[ "$RTT" -le $((BASE_RTT * SLOWER_MOST)) ] ||
		fail "a ping took $RTT us, $BASE_RTT without the flood"
	[ "$MS" -le $((BASE_CONNECT + CONNECT_MS)) ] ||
		fail "a new pair took $MS ms, $BASE_CONNECT without the flood"
	equal "$(worker_pid r)" "$WORKER" "the introducer's worker"
}

strangers_keep_nobody_from_a_relay() {
	local kind n=1

	flooded_introducer 6
	WORKER=$(worker_pid r)
	for kind in relay initiation control stun; do
		n=$((n + 1))
		flood_start s "r to-s" 10.0.5.1 "$kind" $FLOOD_RATE
		served_under "under $kind frames of strangers" "$n"
		flood_end
		[ "$FLOOD_SENT" -ge $((FLOOD_MS / 2)) ] ||
			fail "that was no flood"
	done
	[ "$(helper_status r handshakes strangers)" -ge 500 ] ||
		fail "the initiations did not get to the helper"
	equal "$(helper_status r introducer opened)" 6 "pairs that were introduced"
}

# told_by NAME ADDRESS: a number of r's entry from that agent.
told_by() {
	pl r -j relay show | python3 -c '
import json, sys
print(sum(e[sys.argv[1]] for e in json.load(sys.stdin)
          if e["from"] == sys.argv[2]))' "$1" "$2"
}

# sends NS RATE ADDRESS...: datagrams to these, in turn, a second.
sends() {
	local ns=$1
	shift

	spawn "$TMP/greed" in_ns "$ns" python3 -c '
import socket, sys, time
rate, to = int(sys.argv[1]), sys.argv[2:]
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setblocking(False)
start, n = time.monotonic(), 0
while True:
    if n > (time.monotonic() - start) * rate:
        time.sleep(0.005)
        continue
    try:
        s.sendto(bytes(1200), (to[n % len(to)], 9))
    except OSError:
        pass
    n += 1' "$@"
	GREED=$SPAWNED
}

one_that_sends_above_its_caps_takes_from_nobody() {
	local address before drops start ms

	flooded_introducer 3
	helper_start g
	helper_start h
	WORKER=$(worker_pid r)
	known g 1
	known h 1
	first_packet g h 0
	address=$(pilot-link -j -p id show "$TMP/g/id0" network 1 |
		member address)
	sends g 3000 "${ip_of[h0]}"
	soon 20 drops_at_least "$address" 500
	# To look at them takes a while, which counts as well.
	start=${EPOCHREALTIME/[.,]/}
	before=$(told_by packets "$address")
	drops=$(told_by drops "$address")
	served_under "beside one that sends above its caps" 2
	before=$(($(told_by packets "$address") - before))
	ms=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
	drops=$(($(told_by drops "$address") - drops))
	end_process "$GREED"
	note "of it $before were forwarded in $ms ms and $drops were not"
	[ "$drops" -ge $((before / 2)) ] || fail "it was not above its caps"
	# The bucket is a quarter of a second's worth.
	within 1 $((CAP * ms / 1000 + CAP / 4)) "$before" \
		"what was forwarded"
}

drops_at_least() {
	[ "$(told_by drops "$1")" -ge "$2" ]
}

# Of 60 peers that nobody but it knows, all the time.
one_that_asks_without_end_takes_from_nobody() {
	local i n=60 to=()

	flooded_introducer 3
	for ((i = 100; i < 100 + n; i++)); do
		identity g "$i"
		echo "peer $(did g "$i")" >>"$TMP/g/conf"
		to+=("$(inet6 g "$i")")
	done
	helper_start g
	WORKER=$(worker_pid r)
	known g 1
	sends g 1000 "${to[@]}"
	soon 30 refused_at_least 40
	served_under "beside one that asks for $n peers all the time" 2
	end_process "$GREED"
	note "it was refused $(helper_status r introducer refused) times, and not" \
		"heard $(($(helper_status r introducer limited) +
			$(helper_status r control limited))) times"
	[ $(($(helper_status r introducer limited) + $(helper_status r control limited))) -ge 1 ] ||
		fail "it did not ask above what is taken of one"
	equal "$(helper_status r introducer opened)" 3 "pairs that were introduced"
}

refused_at_least() {
	[ "$(helper_status r introducer refused)" -ge "$1" ]
}

helper_tests strangers_keep_nobody_from_a_relay \
	one_that_sends_above_its_caps_takes_from_nobody \
	one_that_asks_without_end_takes_from_nobody
