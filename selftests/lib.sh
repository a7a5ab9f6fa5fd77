# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every selftest uses.  A test file sources this, defines functions named
# after what they prove, and ends with "run_tests FUNCTION...".
#
# Each function runs in a subshell with errexit and an empty set of namespaces;
# whatever it started is gone before the next begins.  It fails by "fail TEXT" or
# by any command that fails, and is skipped by "skip TEXT".
#
# shellcheck disable=SC2034,SC2046

ksft_skip=4
dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
tools=$dir/build
[ -x "$tools/pilot_ctl" ] || tools=$dir
PATH=$tools:$PATH:/usr/sbin:/sbin
export PATH LC_ALL=C
TMP=$(mktemp -d "${TMPDIR:-/tmp}/pilot-test.XXXXXX")
NEVER=$TMP.never
mkfifo "$NEVER"
NSP=pl$$
PORT=7740
CIPHER=aes
FAMILY=4
MTU=1440

# shellcheck source=selftests/lib-patience.sh
. "$dir/lib-patience.sh"

# --- results -----------------------------------------------------------------

fail() {
	echo "$*"
	exit 1
}

skip() {
	echo "$*" >"$TMP/why"
	exit $ksft_skip
}

equal() {
	[ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"
}

# within LOW HIGH VALUE WHAT
within() {
	{ [ "$3" -ge "$1" ] && [ "$3" -le "$2" ]; } ||
		fail "$4 is $3, not within $1 to $2"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $(patience "$1")))
	shift

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		pause
	done
}

# A process costs more than this in an emulated guest.
pause() {
	read -rt 0.1 <>"$NEVER" || true
}

says() {
	[[ -e $1 && $(<"$1") =~ $2 ]]
}

# --- processes ---------------------------------------------------------------

# spawn OUT COMMAND...: in the background until the function ends; SPAWNED is
# its process.
spawn() {
	local out=$1
	shift

	# A function would stand between us and the process.
	if [ "$1 ${3:-}" = "in_ns pilot_ctl" ]; then
		set -- pilot_ctl -n "$NSP-$2" "${@:4}"
	elif [ "$1" = in_ns ]; then
		set -- ip netns exec "$NSP-$2" "${@:3}"
	fi
	# Emptied here, so that what another process left is not taken for ours.
	: >"$out"
	"$@" >>"$out" 2>&1 </dev/null &
	SPAWNED=$!
	echo "$SPAWNED" >>"$TMP/pids"
}

# The same, and waits until it says that it is ready.
spawn_ready() {
	spawn "$@"
	wait_for 30 says "$1" ready || fail "'$3 $4' did not start: $(cat "$1")"
}

end_process() {
	kill "${2:--TERM}" "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# --- namespaces --------------------------------------------------------------

in_ns() {
	local ns=$NSP-$1
	shift

	if [ "$1" = pilot_ctl ]; then
		shift
		pilot_ctl -n "$ns" "$@"
	else
		ip netns exec "$ns" "$@"
	fi
}

ns_add() {
	printf "netns add $NSP-%s\n" "$@" | ip -batch -
}

ns_del() {
	ip netns del "$NSP-$1"
}

ipn() {
	local ns=$NSP-$1
	shift

	ip -n "$ns" "$@"
}

# wire A B: a veth pair "wire" between two namespaces, ends 1 and 2.
wire() {
	ip link add wire netns "$NSP-$1" mtu "${3:-1500}" type veth \
		peer name wire netns "$NSP-$2" mtu "${3:-1500}"
	wire_address "$1" 1
	wire_address "$2" 2
}

wire_address() {
	ipn "$1" -batch - <<-EOF
		link set lo up
		addr add 10.0.0.$2/24 dev wire
		addr add fd00::$2/64 dev wire nodad
		link set wire up
	EOF
}

# The underlay address of end N in the family under test.
underlay() {
	if [ "$FAMILY" = 4 ]; then
		echo "10.0.0.$1"
	else
		echo "fd00::$1"
	fi
}

# --- agents ------------------------------------------------------------------

# Agents are of network 1 and named by their node number, below 65536.
agent() {
	printf '0x%x' $((1 << 32 | $1))
}

agent_ip() {
	printf 'fd50:494c:4f54:1::%x' "$1"
}

# key_hex FROM TO EPOCH: the key of that direction.
key_hex() {
	local part i hex=

	part=$(printf '%04x%04x%08x' "$1" "$2" "$3")
	for i in 1 2 3 4; do
		hex+=$part
	done
	echo "$hex"
}

# key_index TO FROM EPOCH: the receiver index at TO.
key_index() {
	echo $(($3 << 16 | ($2 & 255) << 8 | ($1 & 255)))
}

# hold NS SOCKET...: HELD is the process that holds the sockets.
hold() {
	local ns=$1
	shift

	spawn_ready "$TMP/hold.$ns" in_ns "$ns" pilot_ctl hold "$@"
	HELD=$SPAWNED
	echo "$HELD" >"$TMP/held.$ns"
}

held() {
	cat "$TMP/held.$1"
}

# device NS NODE [DEV]: a device with address and route, up, no socket.
device() {
	local dev=${3:-pilot0}

	ipn "$1" -batch - <<-EOF
		link add $dev mtu $MTU type pilot
		addr add $(agent_ip "$2")/128 dev $dev
		link set $dev up
		route add fd50:494c:4f54:1::/64 dev $dev
	EOF
	in_ns "$1" pilot_ctl dev-set "$dev" address "$(agent "$2")"
}

# bind_sockets NS [DEV] [HOLDER]: both sockets of the holder to the device.
bind_sockets() {
	local pid

	pid=$(held "${3:-$1}")
	in_ns "$1" pilot_ctl dev-set "${2:-pilot0}" socket4 "$pid:10" \
		socket6 "$pid:11"
}

agent_up() {
	device "$1" "$2"
	hold "$1" "4:$PORT" "6:$PORT"
	bind_sockets "$1"
}

# peer NS NODE END [ARGS]...: a peer behind end END of the wire.
peer() {
	local ns=$1
	shift

	in_ns "$ns" pilot_ctl $(peer_words pilot0 "$@")
}

peer_words() {
	local dev=$1 node=$2 end=$3
	shift 3

	echo "peer-new $dev $(agent "$node") endpoint $(underlay "$end") $PORT $*"
}

# key NS OWN PEER EPOCH SLOT [ARGS]...
key() {
	local ns=$1
	shift

	in_ns "$ns" pilot_ctl $(key_words pilot0 "$@")
}

key_words() {
	local dev=$1 own=$2 other=$3 epoch=$4 slot=$5
	shift 5

	echo "key-new $dev $(agent "$other") epoch $epoch slot $slot" \
		"cipher $CIPHER rx-index $(key_index "$own" "$other" "$epoch")" \
		"tx-index $(key_index "$other" "$own" "$epoch")" \
		"rx-key $(key_hex "$other" "$own" "$epoch")" \
		"tx-key $(key_hex "$own" "$other" "$epoch")" "$@"
}

# keys EPOCH [ARGS]...: the same key at both agents; b takes it with a's first
# packet, as a responder does.
keys() {
	local epoch=$1
	shift

	pilot_ctl -b <<-EOF
		$(key_words "pilot0@$NSP-b" 6 5 "$epoch" next "$@")
		$(key_words "pilot0@$NSP-a" 5 6 "$epoch" current "$@")
	EOF
}

# Agent 5 in namespace a and agent 6 in b, on one wire, with a key.
pair() {
	ns_add a b
	wire a b "${WIRE_MTU:-1500}"
	agent_up a 5
	agent_up b 6
	pilot_ctl -b <<-EOF
		$(peer_words "pilot0@$NSP-a" 6 2)
		$(peer_words "pilot0@$NSP-b" 5 1)
	EOF
	keys 1
	wait_for 10 key_is_current b 5 1 || fail "b never saw a's first packet"
}

# Agent 5 in a; b is only a wire's end, where the test itself speaks.
half_pair() {
	ns_add a b
	wire a b "${WIRE_MTU:-1500}"
	agent_up a 5
	peer a 6 2 "$@"
	key a 5 6 1 current
}

key_is_current() {
	[[ $(in_ns "$1" pilot_ctl key-get pilot0 "$(agent "$2")" epoch "$3") == \
		*"slot current"* ]]
}

# --- numbers -----------------------------------------------------------------

# word NAME [LINE]: the word behind NAME in standard input, or in its lines that
# begin with LINE.
word() {
	local words i

	while read -ra words; do
		[ "${words[0]:-}" = "${2:-${words[0]:-}}" ] || continue
		for ((i = 0; i < ${#words[@]} - 1; i++)); do
			[ "${words[i]}" = "$1" ] || continue
			echo "${words[i + 1]}"
			return
		done
	done
}

# stat NS NAME [DEV]: a counter of the device.
stat() {
	in_ns "$1" pilot_ctl dev-get "${3:-pilot0}" | word "$2" dev
}

# What was dropped so far by the device pilot0 of each namespace of the test.
drops() {
	local ns words i

	while read -r ns _; do
		[[ $ns == "$NSP"-* ]] || continue
		while read -ra words; do
			for ((i = 0; i < ${#words[@]} - 1; i++)); do
				[[ ${words[i]} != *drop* || ${words[i + 1]} = 0 ]] ||
					echo "${ns#"$NSP"-}: ${words[i]} ${words[i + 1]}"
			done
		done < <(pilot_ctl -n "$ns" dev-get pilot0 2>/dev/null || true)
	done < <(ip netns list)
}

socket_stat() {
	in_ns "$1" pilot_ctl dev-get "${3:-pilot0}" | word "$2" "socket$FAMILY"
}

# peer_stat NS NODE NAME
peer_stat() {
	in_ns "$1" pilot_ctl peer-get pilot0 "$(agent "$2")" | word "$3" peer
}

# key_stat NS NODE EPOCH NAME
key_stat() {
	in_ns "$1" pilot_ctl key-get pilot0 "$(agent "$2")" epoch "$3" |
		word "$4" key
}

stat_is() {
	[ "$(stat "$1" "$2")" -eq "$3" ]
}

stat_at_least() {
	[ "$(stat "$1" "$2")" -ge "$3" ]
}

socket_at_least() {
	[ "$(socket_stat "$1" "$2")" -ge "$3" ]
}

# stat_rose NS NAME BY FROM: waits for it, and that it does not pass it.
stat_rose() {
	wait_for 10 stat_at_least "$1" "$2" $(($4 + $3)) || true
	equal "$(stat "$1" "$2")" $(($4 + $3)) "$1's $2"
}

# stat_grows NS NAME BY: waits for it.
stat_grows() {
	local to=$(($(stat "$1" "$2") + $3))

	wait_for 30 stat_at_least "$1" "$2" $to ||
		fail "$1's $2 is $(stat "$1" "$2") still, not $to"
}

# --- traffic -----------------------------------------------------------------

# pings NS NODE [ARGS]...: fails when one is lost.
pings() {
	local ns=$1 node=$2
	shift 2

	in_ns "$ns" ping -n -c 3 -i "$(paced 0.05)" -W "$(patience 5)" "$@" \
		"$(agent_ip "$node")" >"$TMP/ping" 2>&1 || {
		cat "$TMP/ping"
		fail "ping of agent $node from $ns"
	}
	grep -q ' 0% packet loss' "$TMP/ping" || {
		cat "$TMP/ping"
		drops
		fail "pings of agent $node from $ns were lost"
	}
}

is_silent() {
	! in_ns "$1" ping -n -c 1 -W 1 "$(agent_ip "$2")" >/dev/null 2>&1
}

listens() {
	in_ns "$1" ss -Hltn "sport = :$2" | grep -q .
}

# certificate CERT KEY NAME: one that is signed by itself.
certificate() {
	command -v openssl >/dev/null || skip "openssl is missing"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$2" -out "$1" -days 2 -subj "/CN=$3" \
		2>"$TMP/openssl" || fail "$(cat "$TMP/openssl")"
}

# hears NS PORT: by UDP, some process does.
hears() {
	in_ns "$1" ss -Hlun "sport = :$2" | grep -q .
}

# iperf FROM TO NODE [ARGS]...: the output is in $TMP/iperf.
iperf() {
	local from=$1 to=$2 node=$3
	shift 3

	spawn "$TMP/iperf-server" in_ns "$to" iperf3 -s -1
	wait_for 20 listens "$to" 5201 || fail "iperf3 does not listen"
	in_ns "$from" timeout "$(patience 60)" iperf3 -c "$(agent_ip "$node")" \
		"$@" >"$TMP/iperf" 2>&1 || {
		cat "$TMP/iperf"
		fail "iperf3 $*"
	}
}

# flow FROM TO NODE [ARGS]...: iperf3 until the test ends it; FLOW is the process.
flow() {
	local from=$1 to=$2 node=$3
	shift 3

	spawn "$TMP/iperf-server" in_ns "$to" iperf3 -s -1
	wait_for 20 listens "$to" 5201 || fail "iperf3 does not listen"
	spawn "$TMP/iperf" in_ns "$from" iperf3 -c "$(agent_ip "$node")" \
		-t 3600 "$@"
	FLOW=$SPAWNED
}

# The rate at the receiver, as the last summary line says.
iperf_bits() {
	awk '/receiver/ {for (i = 1; i < NF; i++)
			if ($(i + 1) ~ /bits\/sec/) {v = $i; u = $(i + 1)}}
		END {m["bits/sec"] = 1; m["Kbits/sec"] = 1e3; m["Mbits/sec"] = 1e6
		m["Gbits/sec"] = 1e9; printf "%d\n", v * m[u]}' "$TMP/iperf"
}

# listen NS INTERFACE [ARGS]...: capture; LISTENER is the process.
listen() {
	local ns=$1
	shift

	spawn_ready "$TMP/wire-out" in_ns "$ns" pilot_wire "$@"
	LISTENER=$SPAWNED
}

# Ends the capture; then "heard NAME" is a number of its summary.
listen_end() {
	end_process "$LISTENER"
	grep -q '^packets' "$TMP/wire-out" || fail "the capture ended badly"
	equal "$(word lost <"$TMP/wire-out")" 0 "packets the capture lost"
}

heard() {
	grep '^packets' "$TMP/wire-out" | word "$1"
}

# events NS: listen for events into $TMP/events.NS.
events() {
	spawn_ready "$TMP/events.$1" in_ns "$1" pilot_ctl events
}

# event_wait NS PATTERN [SECONDS]
event_wait() {
	wait_for "${3:-10}" says "$TMP/events.$1" "event $2" || {
		cat "$TMP/events.$1"
		fail "no event '$2' in $1"
	}
}

events_n() {
	grep -cE "^event $2" "$TMP/events.$1" || true
}

# regime N: R1 whole GSO datagrams, R2 through NAPI, R3 datagram by datagram.
regime() {
	local tso=on gro=off segmentation=on ns

	[ "$1" = R1 ] || tso=off gro=on
	[ "$1" != R3 ] || segmentation=off
	command -v ethtool >/dev/null || skip "no ethtool here"
	for ns in a b; do
		in_ns "$ns" ethtool -K wire tso $tso gro $gro \
			tx-udp-segmentation $segmentation
		in_ns "$ns" ethtool -k wire >"$TMP/features"
		equal "$(word tcp-segmentation-offload: <"$TMP/features")" $tso
		equal "$(word generic-receive-offload: <"$TMP/features")" $gro
		equal "$(word tx-udp-segmentation: <"$TMP/features")" \
			$segmentation
	done
}

# queue NS: bytes that wait at its end of the wire.
queue() {
	in_ns "$1" tc -s qdisc show dev wire |
		sed -n 's/.* backlog \([0-9]*\)\([KM]\?\)b .*/\1 \2/p' |
		awk '{print $1 * ($2 == "K" ? 1024 : $2 == "M" ? 1048576 : 1)}'
}

# --- memory ------------------------------------------------------------------

# KiB of what modules allocate; files that come and go in memory do not count.
memory_used() {
	awk '/^(SUnreclaim|Percpu|VmallocUsed):/ {n += $2} END {print n}' \
		/proc/meminfo
}

# memory_back BEFORE SLACK: waits for RCU to give it all back.
memory_back() {
	wait_for 60 memory_is_back "$@" ||
		fail "$1 KiB were used and $(memory_used) KiB are"
}

memory_is_back() {
	[ "$(memory_used)" -le $(($1 + $2)) ]
}

# --- running -----------------------------------------------------------------

cleanup() {
	local ns pid

	if [ -e "$TMP/pids" ]; then
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null
		done <"$TMP/pids"
		while read -r pid; do
			wait "$pid" 2>/dev/null
		done <"$TMP/pids"
		rm -f "$TMP/pids"
	fi
	for ns in /run/netns/"$NSP"-*; do
		[ -e "$ns" ] || continue
		for pid in $(ip netns pids "${ns##*/}" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null
		done
		echo "netns del ${ns##*/}"
	done | ip -batch -
	rm -rf "${TMP:?}"/*
}

module_is_loaded() {
	[ -d /sys/module/pilot ]
}

# How the module is loaded: PILOT_MODULE is a file, otherwise modprobe finds it.
module_load() {
	local m

	if [ -z "${PILOT_MODULE:-}" ]; then
		modprobe pilot
		return
	fi
	# What modprobe would load before it; insmod's own wait for the ciphers
	# may run out where the clock leaps over idle time.
	for m in udp_tunnel ip6_udp_tunnel \
		$(modinfo -F softdep "$PILOT_MODULE" 2>/dev/null |
			sed 's/^pre: //') \
		$(modinfo -F depends "$PILOT_MODULE" 2>/dev/null | tr , ' '); do
		# Not every kernel has every one.
		modprobe -q "$m" 2>/dev/null || true
	done
	insmod "$PILOT_MODULE"
}

module_unload() {
	rmmod pilot
}

# Sockets and namespaces end a little after those who held them.
module_unloads() {
	wait_for 30 module_unload 2>"$TMP/rmmod" || {
		cat "$TMP/rmmod"
		fail "the module stays: $(cat /sys/module/pilot/refcnt) users"
	}
}

run_one() {
	local name=$1 number=$2 status why=

	(
		set -e
		"$name"
	) >"$TMP/log" 2>&1
	status=$?
	[ ! -e "$TMP/why" ] || why=$(cat "$TMP/why")
	case $status in
	0) echo "ok $number $name" ;;
	"$ksft_skip") echo "ok $number $name # SKIP $why" ;;
	*)
		failed=$((failed + 1))
		tail -n 25 "$TMP/log" | sed 's/^/# /'
		echo "not ok $number $name"
		;;
	esac
	cleanup
	[ -z "${PILOT_TEST_TIMES:-}" ] || echo "# $name took until $SECONDS s"
}

# choose_tests FUNCTION...: CHOSEN are those that match $TEST, all when it is not
# set.
choose_tests() {
	local name

	CHOSEN=()
	for name; do
		[[ ! $name =~ ${TEST:-.} ]] || CHOSEN+=("$name")
	done
}

# Runs the CHOSEN, each as a case. Return: whether none failed.
run_chosen() {
	local name number=0 failed=0

	echo "1..${#CHOSEN[@]}"
	trap 'cleanup; rm -rf "$TMP" "$NEVER"' EXIT
	trap 'exit 143' TERM INT HUP
	for name in "${CHOSEN[@]}"; do
		number=$((number + 1))
		run_one "$name" "$number"
	done
	[ "$failed" -eq 0 ]
}

# run_tests FUNCTION...: only those that match $TEST, when it is set.  Without the
# module when WITHOUT_MODULE is set, which needs no guest.
run_tests() {
	local ours=0

	choose_tests "$@"
	echo "KTAP version 1"
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -x "$tools/pilot_ctl" ] || skip_all "the programs are not built: run make"
	if [ -z "${WITHOUT_MODULE:-}" ] && ! module_is_loaded; then
		module_load || module_refused
		ours=1
	fi
	[ "$ours" -eq 0 ] || CHOSEN+=(module_unloads)
	run_chosen
	exit
}

# One that was built for the test has to load; a self-test of its own may refuse.
module_refused() {
	[ -n "${PILOT_MODULE:-}" ] || skip_all "the pilot module does not load"
	echo "1..1"
	echo "not ok 1 module_loads # the kernel's log says why"
	rm -rf "$TMP" "$NEVER"
	exit 1
}

# For tests that change the system they run on.
only_in_a_guest() {
	[ "${PILOT_OUT:-}" = /run/pilot-out ] ||
		skip_all "changes the system it runs on: only in a guest"
}

skip_all() {
	echo "1..0 # SKIP $*"
	rm -rf "$TMP" "$NEVER"
	exit $ksft_skip
}
