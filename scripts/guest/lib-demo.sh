# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the demos share; sourced by them.  A host is a network namespace with
# directories of its own, so that everything is where a user has it.
#
# shellcheck disable=SC2034

top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=selftests/lib-patience.sh
. "$top/selftests/lib-patience.sh"
work=$(mktemp -d)
marker=PLAINTEXT-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
declare -A host_pid=()
pids=()
captures=()
loaded=0

# A directory that exists only for the mounts of host_start is removed.
PATH=$top/userspace/build:$PATH:/usr/sbin:/sbin
made_dir=0
[ -d /etc/pilot-link ] || made_dir=1

finish() {
	local status=$? pid

	set +e
	for pid in "${pids[@]}" "${host_pid[@]}"; do
		kill "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	demo_cleanup
	[ "$loaded" = 0 ] || for _ in $(seq 50); do
		rmmod pilot 2>/dev/null && break
		read -rt 0.1 <> <(:) || true
	done
	[ "$status" = 0 ] || show_logs
	rm -rf "$work"
	[ "$made_dir" = 0 ] || rmdir /etc/pilot-link 2>/dev/null
	exit "$status"
}
trap finish EXIT

# What a demo made beside hosts; it may have its own.
demo_cleanup() {
	:
}

show_logs() {
	local log

	for log in "$work"/*.log; do
		[ -s "$log" ] || continue
		printf '\n--- %s\n' "${log##*/}"
		tail -n 20 "$log"
	done
}

title() {
	printf '\n== %s\n' "$*"
}

die() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# on HOST COMMAND...: shows the command as its user types it, and runs it.
on() {
	printf '%s# ' "$1"
	printf '%s ' "${@:2}"
	printf '\n'
	quietly "$@"
}

quietly() {
	nsenter -t "${host_pid[$1]}" -m -n -- "${@:2}"
}

# beside HOST COMMAND...: the same with & behind it, whose $! is the command's.
beside() {
	exec nsenter -t "${host_pid[$1]}" -m -n -- "${@:2}"
}

# on_file HOST FILE: standard input is what the user writes there.
on_file() {
	local text

	text=$(cat)
	printf '%s# cat >%s\n%s\n' "$1" "$2" "$text"
	# shellcheck disable=SC2016 # the inner shell expands its argument
	quietly "$1" sh -c 'cat >"$1"' sh "$2" <<<"$text"
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
	local end=$((SECONDS + $(patience "$1"))) what=$2
	shift 2

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || die "$what: not in time"
		read -rt 0.1 <> <(:) || true
	done
}

module_up() {
	[ ! -e /sys/module/pilot ] || return 0
	modprobe -a udp_tunnel ip6_udp_tunnel libchacha20poly1305 2>/dev/null ||
		true
	insmod "${PILOT_MODULE:?set it to the built pilot.ko}"
	loaded=1
}

# host_start HOST [NAMESPACE]: in a network namespace of its own, or in that one.
host_start() {
	local into=(unshare -m -n)

	[ -z "${2:-}" ] || into=(ip netns exec "$2" unshare -m)
	# shellcheck disable=SC2016 # the inner shell expands its argument
	"${into[@]}" -- sh -c 'mount -t tmpfs pilot /run &&
		mkdir -p /etc/pilot-link && mount -t tmpfs pilot /etc/pilot-link &&
		ip link set lo up && touch "$1" && exec tail -f /dev/null' \
		sh "$work/$1.up" 2>"$work/$1.log" &
	host_pid[$1]=$!
	await 10 "host $1" test -e "$work/$1.up"
}

helper_start() {
	printf '%s# pilotd &\n' "$1"
	beside "$1" pilotd >"$work/$1-pilotd.log" 2>&1 &
	pids+=($!)
	await 10 "pilotd on $1" quietly "$1" test -S /run/pilot-link/control.sock
}

# capture HOST INTERFACE FILE [ARG]...: returns when it has begun.
capture() {
	beside "$1" tcpdump --immediate-mode -i "$2" -U -w "$3" "${@:4}" \
		2>"$3.log" &
	pids+=($!)
	captures+=($!)
	await 10 "capture on $2" grep -q 'listening on' "$3.log"
}

# captures_end FILE: when what passed in clear is in the capture FILE.
captures_end() {
	local pid

	await 10 "the page in the capture" grep -aq "$marker" "$1"
	for pid in "${captures[@]}"; do
		kill "$pid"
		wait "$pid" 2>/dev/null || true
	done
}

# agent_address HOST: of its link.
agent_address() {
	quietly "$1" ip -6 -o addr show dev pilot0 scope global |
		awk '{ sub("/.*", "", $4); print $4; exit }'
}

# web_start HOST ADDRESS: an ordinary server of what is in $work/www.
web_start() {
	beside "$1" busybox httpd -f -p "[$2]:80" -h "$work/www" \
		2>"$work/httpd.log" &
	pids+=($!)
	await 10 "httpd" quietly "$1" sh -c 'ss -Hltn | grep -q ":80 "'
}

# sealed FILE FILTER PLAIN: the capture FILE has datagrams of pilot-link, and
# nothing of what the capture PLAIN has in clear.
sealed() {
	local frames

	frames=$(tcpdump -r "$1" "$2" 2>/dev/null | wc -l)
	printf '%s encrypted datagrams; ' "$frames"
	[ "$frames" -gt 100 ] ||
		die "the capture holds too little to prove anything"
	grep -aq "$marker" "$3" ||
		die "the capture inside the tunnel does not show the marker either"
	if grep -aq "${marker:0:16}" "$1"; then
		die "the plaintext marker $marker passed in clear"
	fi
	if grep -aq 'GET /' "$1"; then
		die "the request passed in clear"
	fi
	printf 'no plaintext in any of them\n'
}
