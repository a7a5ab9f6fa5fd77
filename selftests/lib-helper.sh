# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the tests with the real pilotd and pilot-link, beyond lib.sh: a helper in
# each of two namespaces, and what one wants to know of it.  A side is "a", "b",
# ...: its namespace, its directory below $TMP and its helper go by that letter.
#
# shellcheck disable=SC2034

# shellcheck source=selftests/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

PATH=$dir/../userspace/build:$PATH

# Past the log of a test, which is shown only when it fails.
exec 3>&1

note() {
	echo "# $*" >&3
}

fail() {
	local log

	for log in "$TMP"/*/log; do
		[ -s "$log" ] || continue
		echo "$log:"
		tail -n 10 "$log"
	done
	echo "$*"
	exit 1
}

# must COMMAND...: what it says is shown when it fails.
must() {
	local status=0

	"$@" >"$TMP/must" 2>&1 || status=$?
	[ "$status" -ne 0 ] || return 0
	cat "$TMP/must"
	fail "status $status of: $*"
}

# soon SECONDS COMMAND...: succeeds in that time, or the test fails.
soon() {
	wait_for "$@" >"$TMP/soon" 2>&1 || {
		cat "$TMP/soon"
		fail "not in $1 s: ${*:2}"
	}
}

# refused COMMAND...: it has to fail.
refused() {
	! "$@" >"$TMP/refused" 2>&1 || fail "this should not work: $*"
}

# two_sides: namespaces a and b, each with a directory, and a wire.
two_sides() {
	ns_add a b
	wire a b
	mkdir "$TMP/a" "$TMP/b"
}

# --- helpers -----------------------------------------------------------------

# pl SIDE ARG...: pilot-link of that side.
pl() {
	local side=$1
	shift

	in_ns "$side" pilot-link --control "$TMP/$side/sock" "$@"
}

# helper_start SIDE: with $TMP/SIDE/conf, which may be absent.
helper_start() {
	local at=$TMP/$1

	[ -e "$at/conf" ] || echo "log-level debug" >"$at/conf"
	[ ! -e "$at/log" ] || mv "$at/log" "$at/log.before"
	spawn "$at/log" in_ns "$1" pilotd -c "$at/conf" \
		--control "$at/sock" --state "$at/state"
	echo "$SPAWNED" >"$at/pid"
	soon 60 grep -q serving "$at/log"
}

helper_pid() {
	cat "$TMP/$1/pid"
}

worker_pid() {
	pgrep -P "$(helper_pid "$1")" -f "^pilotd-worker"
}

# The process for TLS, where there is one.
bridge_pid() {
	pgrep -P "$(helper_pid "$1")" -f "^pilotd-bridge"
}

# confined PID: what the kernel says of a process that reads what strangers send.
confined() {
	local name status

	status=$(<"/proc/$1/status")
	for name in CapInh CapPrm CapEff CapBnd CapAmb; do
		equal "$(word $name: <<<"$status")" 0000000000000000 $name
	done
	equal "$(word NoNewPrivs: <<<"$status")" 1 NoNewPrivs
	equal "$(word Seccomp: <<<"$status")" 2 Seccomp
	for name in Uid Gid; do
		[[ $status =~ $name:([[:space:]]+[1-9][0-9]*){4}[[:space:]] ]] ||
			fail "it has $(grep "$name:" <<<"$status")"
	done
	[[ $status =~ Groups:[[:blank:]]*$'\n' ]] ||
		fail "it has $(grep Groups: <<<"$status")"
}

# identity SIDE [SUFFIX]
identity() {
	must pilot-link id new "$TMP/$1/id${2:-}"
}

# did SIDE [SUFFIX]
did() {
	pilot-link id export "$TMP/$1/id${2:-}"
}

# inet6 SIDE [SUFFIX [NETWORK]]: the agent's IPv6 address.
inet6() {
	pilot-link -j -p id show "$TMP/$1/id${2:-}" network "${3:-1}" |
		member inet6
}

# member NAME: of the first object in pretty JSON that has it.
member() {
	sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" |
		head -n 1
}

endpoint_at() {
	if [ "$FAMILY" = 4 ]; then
		echo "$(underlay "$1"):$PORT"
	else
		echo "[$(underlay "$1")]:$PORT"
	fi
}

# agents_pair [ARG...]: helpers and one agent on either side that know each
# other; ARGs go to both `peer add`.
agents_pair() {
	identity a
	identity b
	helper_start a
	helper_start b
	must pl a link add pilot0 identity "$TMP/a/id"
	must pl b link add pilot0 identity "$TMP/b/id"
	must pl a peer add "$(did b)" endpoint "$(endpoint_at 2)" "$@"
	must pl b peer add "$(did a)" endpoint "$(endpoint_at 1)" "$@"
}

# config_of SIDE PEER END: a file that makes PEER, at that end, known to SIDE.
config_of() {
	cat <<-END
		log-level debug
		agent pilot0
		    identity $TMP/$1/id
		peer $(did "$2")
		    endpoint $(endpoint_at "$3")
		    name the-other
	END
}

# agents_of_files: as agents_pair, but by what is in their files.
agents_of_files() {
	identity a
	identity b
	config_of a b 2 >"$TMP/a/conf"
	config_of b a 1 >"$TMP/b/conf"
	helper_start a
	helper_start b
}

# shown SIDE NAME: a member of the first of the side's peers.
shown() {
	pl "$1" -j -p -d -s peer show | member "$2"
}

peer_state() {
	pl "$1" peer show | grep -q " state $2"
}

current_epoch() {
	pl "$1" -d peer show |
		sed -n 's/.*key current lane 0 epoch \([0-9]*\).*/\1/p' | head -n 1
}

epoch_past() {
	[ "$(current_epoch "$1")" -gt "$2" ]
}

# --- traffic -----------------------------------------------------------------

# reaches SIDE ADDRESS [ARG]...: no ping is lost.
reaches() {
	local side=$1 to=$2
	shift 2

	in_ns "$side" ping -n -c 4 -i "$(paced 0.2)" -W "$(patience 10)" "$@" "$to" \
		>"$TMP/ping" 2>&1 || true
	grep -q ' 0% packet loss' "$TMP/ping" || {
		cat "$TMP/ping"
		fail "$side does not reach $to without loss"
	}
}

# hears_not SIDE ADDRESS [ARG]...: not one ping is answered.
hears_not() {
	local side=$1 to=$2
	shift 2

	in_ns "$side" ping -n -c 3 -i 0.2 -W 1 "$@" "$to" >"$TMP/ping" 2>&1 ||
		return 0
	fail "$side reaches $to"
}

# ping_start SIDE ADDRESS INTERVAL: until ping_end.
ping_start() {
	spawn "$TMP/$1/pings" in_ns "$1" ping -n -i "$3" "$2"
	PINGS=$SPAWNED
	soon 20 grep -q "bytes from" "$TMP/$1/pings"
}

# ping_end SIDE: how many were not answered.  What was under way at the end, as
# seen from the last answer, does not count.
ping_end() {
	end_process "$PINGS" -INT
	sed -n '/DUP/d; s/.*bytes from.* icmp_seq=\([0-9]*\).*/\1/p' \
		"$TMP/$1/pings" |
		awk '{n++; if ($1 > last) last = $1}
			END {if (n) print last - n; else print "all"}'
}

# lane_is SIDE LANE proven|unproven
lane_is() {
	pl "$1" -j -d peer show | python3 -c '
import json, sys
for lane in json.load(sys.stdin)[0].get("lanes", []):
    if lane["lane"] == int(sys.argv[1]):
        sys.exit(("since_rx_ms" in lane) != (sys.argv[2] == "proven"))
sys.exit(1)' "$2" "$3"
}

# lane_used SIDE TO CPU: pings from that processor; is its lane known to work?
lane_used() {
	in_ns "$1" taskset -c "$3" ping -n -c 40 -i 0.02 -W "$(patience 10)" \
		"$2" | grep -q ' 0% packet loss' || fail "pings were lost"
	lane_is "$1" "$3" proven
}

# flow_start SIDE TO ADDRESS SECONDS [ARG]...: iperf3 in the background, without an
# end of its own when SECONDS is 0.
flow_start() {
	local side=$1 to=$2 address=$3 seconds=$4
	shift 4

	spawn "$TMP/$to/iperf" in_ns "$to" iperf3 -s -1
	soon 20 listens "$to" 5201
	spawn "$TMP/$side/iperf" in_ns "$side" iperf3 --forceflush -c "$address" \
		-t "$seconds" "$@"
	FLOW=$SPAWNED
	soon 30 grep -q "bits/sec" "$TMP/$side/iperf"
}

# flow_end SIDE: fails when the connection broke.
flow_end() {
	local status=0

	wait "$FLOW" || status=$?
	[ "$status" -eq 0 ] || {
		tail -n 8 "$TMP/$1/iperf"
		fail "the flow broke"
	}
	note "$(awk '/receiver/ {sub(/^.*-[0-9.]+ +sec +/, ""); print; exit}' \
		"$TMP/$1/iperf") ${2:-}"
}

flow_is_on() {
	kill -0 "$FLOW" 2>/dev/null
}

# flow_carried SIDE: in how many intervals so far.
flow_carried() {
	awk '$4 == "sec" && $5 > 0 {n++} END {print n + 0}' "$TMP/$1/iperf"
}

flow_carried_past() {
	[ "$(flow_carried "$1")" -gt "$2" ]
}

flow_is_over() {
	! listens "$1" 5201
}

# flow_stop SIDE TO WHAT: ends a flow of TCP without end, which still carries
# something.
flow_stop() {
	soon 20 flow_carried_past "$1" $(($(flow_carried "$1") + 1))
	flow_is_on || fail "the flow broke: $(tail -n 8 "$TMP/$1/iperf")"
	end_process "$FLOW" -INT
	soon 20 flow_is_over "$2"
	note "TCP carried something in $(flow_carried "$1") s $3"
}

device_count() {
	in_ns "$1" cat "/sys/class/net/pilot0/statistics/$2"
}

has_device() {
	in_ns "$1" test -e "/sys/class/net/${2:-pilot0}"
}

# --- running -----------------------------------------------------------------

# helper_tests FUNCTION...: run_tests, with the programs they need.
helper_tests() {
	local program

	for program in pilotd pilot-link iperf3 ping; do
		command -v "$program" >/dev/null ||
			skip_all "$program is missing"
	done
	run_tests "$@"
}
