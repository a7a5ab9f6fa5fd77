# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Helpers shared by the scripts of this directory; sourced, never run.

PILOT_SRC=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
PILOT_CACHE=${PILOT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pilot-link}
PILOT_KERNELS=(6.1 6.12 7 debug)
PATH=$PATH:/usr/sbin:/sbin
export PILOT_SRC PILOT_CACHE PATH

prog=${0##*/}

say() {
	printf '%s: %s\n' "$prog" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# A mistake in the command line; the exit status sets it apart from a failure.
usage_error() {
	say "$*"
	say "see '$prog --help'"
	exit 2
}

# Prints the comment block at the head of the calling script as its help.
show_help() {
	sed -n '/^# Usage:/,/^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$0"
}

need_value() {
	[ $# -ge 2 ] || usage_error "$1 needs a value"
}

need_number() {
	[[ $2 =~ ^[1-9][0-9]{0,8}$ ]] ||
		usage_error "$1 needs a positive number, not '$2'"
}

kernel_known() {
	local k

	for k in "${PILOT_KERNELS[@]}"; do
		[ "$k" != "$1" ] || return 0
	done
	return 1
}

progress_pid=

# Ends what with_progress started; for a script's exit trap.
progress_stop() {
	[ -z "$progress_pid" ] || kill -- "-$progress_pid" 2>/dev/null ||
		kill "$progress_pid" 2>/dev/null || true
}

# with_progress LABEL LOG COMMAND...: output to LOG, a line of life every
# 20 seconds, the log's tail on failure.
with_progress() {
	local label=$1 log=$2 start=$SECONDS rc=0 pid
	shift 2

	say "$label ..."
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	progress_pid=$pid
	while kill -0 "$pid" 2>/dev/null; do
		timeout 20 tail -s 0.5 --pid="$pid" -f /dev/null >/dev/null 2>&1 &
		wait "$!" ||
			say "$label: $((SECONDS - start)) s," \
				"$(tail -n 1 "$log" | cut -c 1-90)"
	done
	wait "$pid" || rc=$?
	progress_pid=
	if [ "$rc" -ne 0 ]; then
		tail -n 40 "$log" >&2
		say "$label failed ($rc); the whole log is $log"
		return "$rc"
	fi
	say "$label: done in $((SECONDS - start)) s"
}

# Takes the lock NAME in the cache on file descriptor 9 until the script ends.
cache_lock() {
	mkdir -p "$PILOT_CACHE"
	exec 9>"$PILOT_CACHE/$1.lock"
	flock -n 9 && return
	say "another run works on '$1' in $PILOT_CACHE; waiting for it"
	flock 9
}

# Everything a healthy kernel never prints.  The console log of a guest is
# matched against this; a module's own messages must not look like it.
# A comparison of text only: no alternative may span lines.
PILOT_SPLAT='(^|[] ])(BUG:|BUG kmalloc|kernel BUG at|WARNING:|Oops[: ]|UBSAN:|KASAN:|INFO: task |INFO: rcu|INFO: trying to register|INFO: lockdep)'
PILOT_SPLAT+='|int3: 0000|general protection fault|Kernel panic|stack-protector:|unable to handle'
PILOT_SPLAT+='|possible recursive locking|possible circular locking|inconsistent lock state|possible irq lock inversion'
PILOT_SPLAT+='|suspicious RCU usage|suspicious rcu_dereference|detected stalls|self-detected stall|rcu: INFO'
PILOT_SPLAT+='|refcount_t:|unregister_netdevice: waiting|soft lockup|hard LOCKUP|blocked for more than'
PILOT_SPLAT+='|unreferenced object|kmemleak: [1-9][0-9]* new suspected|ODEBUG:|sleeping function called'
PILOT_SPLAT+='|scheduling while atomic|list_(add|del) corruption|Bad page state|leaked reference|ref_tracker:'
PILOT_SPLAT+='|page allocation failure|Out of memory|oom-kill:|module verification failed: .*corrupt'
PILOT_SPLAT+='|pilot: self-test( line|:)|pilot: .* is wrong at'

# Of these, what a kernel also prints when its machine stood still for a while.
PILOT_STALL='detected stalls|self-detected stall|INFO: rcu|rcu: INFO|soft lockup|hard LOCKUP'
PILOT_STALL+='|INFO: task |blocked for more than'

# splat_lines FILE: the lines that say a kernel is ill, fail when there is none.
splat_lines() {
	grep -aE "$PILOT_SPLAT" -- "$1"
}
