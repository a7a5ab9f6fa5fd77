#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=240
# own-guest
#
# What a peer costs that is configured and never spoken to, and who pays for it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# Past the log of a test, which is shown only when it fails.
exec 3>&1

PEERS=$(scaled 20000)
# The most an idle peer may take, in bytes, whatever the number of processors.
PEER_MAX=1024

# peers VERB [ARGS]: PEERS lines for pilot_ctl.
peers() {
	seq 1 "$PEERS" | awk -v verb="$1" -v more="${2:-}" '{
		printf "%s pilot0 0x1%08x%s\n", verb, 5000 + $1, more}'
}

# Bytes of the kernel's memory: objects, per processor, and large tables.
kernel_bytes() {
	awk '/^(Slab|Percpu|VmallocUsed):/ {n += $2} END {print 1024 * n}' \
		/proc/meminfo
}

peers_add() {
	peers peer-new " endpoint 10.0.0.2 7740" | in_ns a pilot_ctl -b
}

an_idle_peer_takes_less_than_1_kib() {
	local before each

	[ "${PILOT_DEBUG_KERNEL:-0}" -eq 0 ] ||
		skip "a debug kernel's memory is padded"
	ns_add a
	agent_up a 5
	before=$(kernel_bytes)
	peers_add
	each=$((($(kernel_bytes) - before) / PEERS))
	echo "# an idle peer takes $each bytes with $(nproc) processors" >&3
	# Less than the structs themselves would be a wrong measurement.
	within 400 $PEER_MAX "$each" "bytes of an idle peer"
}

# Whoever may make network namespaces of his own may make peers.
peers_are_charged_to_their_maker() {
	local root=/sys/fs/cgroup group charged each

	grep -qsw memory "$root/cgroup.controllers" ||
		skip "no memory controller in cgroup2"
	echo +memory >"$root/cgroup.subtree_control"
	group=$root/pilot-peers$$
	mkdir "$group"
	ns_add a
	agent_up a 5
	peers peer-new " endpoint 10.0.0.2 7740" >"$TMP/lines"
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		in_ns a pilot_ctl -b <"$TMP/lines"
	)
	charged=$(awk '$1 ~ /^(slab|percpu)$/ {n += $2} END {print n}' \
		"$group/memory.stat")
	each=$((charged / PEERS))
	echo "# $each bytes of a peer are charged to who made it" >&3
	[ "$each" -ge 400 ] || fail "only $charged bytes were charged"
	ipn a link del pilot0
	rmdir "$group"
}

# A timer of a peer in what the kernel tells of timers.
timers_n() {
	grep -c pilot_alive_peer_timer "$TRACE/trace" || true
}

timers_are_seen() {
	[ "$(timers_n)" -ge 1 ]
}

no_timer_runs_for_an_idle_peer() {
	TRACE=/sys/kernel/tracing
	mountpoint -q $TRACE || mount -t tracefs none $TRACE ||
		skip "no tracefs here"
	[ -d $TRACE/events/timer/timer_start ] || skip "timers are not traced"
	ns_add a
	agent_up a 5
	echo >$TRACE/trace
	echo 1 >$TRACE/events/timer/timer_start/enable
	# One that has something to wait for, to know that it would be seen.
	peer a 6 2
	key a 5 6 1 current
	wait_for 10 timers_are_seen || fail "no timer is seen at all"
	in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
	echo >$TRACE/trace
	peers_add
	equal "$(timers_n)" 0 "timers of idle peers"
	echo 0 >$TRACE/events/timer/timer_start/enable
}

# The walk over the peers of a socket that goes lets others in between.
a_socket_goes_while_peers_come_and_go() {
	local i churn

	ns_add a
	agent_up a 5
	peers_add
	peers peer-del >"$TMP/lines"
	spawn "$TMP/churn" in_ns a bash -c "pilot_ctl -b <'$TMP/lines'"
	churn=$SPAWNED
	for i in 1 2 3 4 5; do
		end_process "$(held a)"
		hold a "4:$PORT" "6:$PORT"
		bind_sockets a
	done
	wait "$churn"
	equal "$(in_ns a pilot_ctl dev-get pilot0 | word peers)" 0 "peers"
}

run_tests \
	an_idle_peer_takes_less_than_1_kib \
	peers_are_charged_to_their_maker \
	no_timer_runs_for_an_idle_peer \
	a_socket_goes_while_peers_come_and_go
