#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
# own-guest
#
# pilotd.service under a real systemd, which is process 1 of a PID namespace and
# has the network and the module of this one.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

only_in_a_guest

SYSTEMD=/lib/systemd/systemd
UNITS=/run/systemd/system

# The programs and the unit where a package would put them.
unit_install() {
	local built=$dir/../userspace

	install -m 755 "$built/build/pilotd" /usr/sbin/
	install -m 755 "$built/build/pilot-link" /usr/bin/
	install -m 644 "$built/pilotd/pilotd.service" /lib/systemd/system/
	install -D -m 644 "$built/pilotd/pilotd.sysusers" \
		/usr/lib/sysusers.d/pilot-link.conf
	must systemd-sysusers pilot-link.conf
	mkdir -p /etc/pilot-link
	chmod 755 /etc/pilot-link
}

# Of what an ordinary boot does only the journal is needed.
boot_shorten() {
	local unit

	mkdir -p $UNITS
	for unit in {/lib,/etc}/systemd/system/*.target.wants/*; do
		case ${unit##*/} in
		systemd-journald* | '*') ;;
		*) ln -sfn /dev/null "$UNITS/${unit##*/}" ;;
		esac
	done
	cat >$UNITS/pilot-test.target <<-EOT
		[Unit]
		Requires=pilotd.service
		After=pilotd.service
	EOT
}

systemd_start() {
	mkdir /sys/fs/cgroup/pilot-systemd
	spawn "$TMP/systemd" bash -c "
		echo \$\$ >/sys/fs/cgroup/pilot-systemd/cgroup.procs
		exec unshare --fork --kill-child --pid --mount --uts --ipc \
			--cgroup --propagation slave bash -c '
			mount --make-rshared /
			mount -t proc proc /proc
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
				container=pilot $SYSTEMD --show-status=no \
				--log-level=info --unit=pilot-test.target'"
	soon 20 systemd_is_there
	INIT=$(pgrep -P "$SPAWNED" -x systemd)
	soon 120 is_active
}

systemd_is_there() {
	pgrep -P "$SPAWNED" -x systemd
}

# sd COMMAND...: as systemd's machine sees it.
sd() {
	nsenter -t "$INIT" --pid --mount --uts --ipc --cgroup -- "$@"
}

is_active() {
	sd systemctl is-active pilotd.service
}

property() {
	sd systemctl show --value -p "$1" pilotd.service
}

# The unit's main process as seen from here.
main_pid() {
	local pid

	for pid in $(pgrep -x pilotd); do
		[ "$(readlink "/proc/$pid/ns/pid")" = \
			"$(readlink "/proc/$INIT/ns/pid")" ] || continue
		[ "$(awk '/^PPid:/ {print $2}' "/proc/$pid/status")" != \
			"$INIT" ] || echo "$pid"
	done
}

main_is_another() {
	local pid

	pid=$(main_pid) && [ -n "$pid" ] && [ "$pid" != "$1" ]
}

# Agents here, under systemd, and in b.
machines_start() {
	ns_add b
	mkdir "$TMP/b"
	ip link add wire type veth peer name wire netns "$NSP-b"
	ip addr add 10.0.0.1/24 dev wire
	ip link set wire up
	ipn b addr add 10.0.0.2/24 dev wire
	ipn b link set wire up
	rm -f /etc/pilot-link/identity /etc/pilot-link/pilotd.conf
	must pilot-link id new
	identity b
	cat >/etc/pilot-link/pilotd.conf <<-EOT
		lanes 2
		agent pilot0
		peer $(did b)
		  endpoint $(endpoint_at 2)
	EOT
	helper_start b
	must pl b link add pilot0 identity "$TMP/b/id"
	must pl b peer add "$(pilot-link id export)"
	systemd_start
}

pings_here() {
	spawn "$TMP/pings" ping -n -i 0.05 "$(inet6 b)"
	PINGS=$SPAWNED
	soon 30 grep -q "bytes from" "$TMP/pings"
}

# lost: how many pings were not answered, ping being over.
lost() {
	end_process "$PINGS" -INT
	sed -n 's/.*bytes from.* icmp_seq=\([0-9]*\).*/\1/p' "$TMP/pings" |
		awk '{n++; if ($1 > last) last = $1}
			END {print n ? last - n : "all"}'
}

it_was_ready_when_active() {
	equal "$(property Type)" notify "the type"
	pilot-link link show | grep -q pilot0 || fail "no link is served"
	equal "$(property NFileDescriptorStore)" 4 "sockets in the store"
	pings_here
	equal "$(lost)" 0 "pings lost"
}

# What it ends up with, not what the unit asks for.
it_is_sandboxed() {
	local main worker status path

	main=$(main_pid)
	[ -n "$main" ] || fail "no main process is found"
	status=$(<"/proc/$main/status")
	[[ $status =~ NoNewPrivs:[[:space:]]*1 ]] ||
		fail "it may gain privileges"
	[[ $status =~ Seccomp:[[:space:]]*2 ]] || fail "no filter of system calls"
	equal "$(word CapBnd: <<<"$status")" 00000000002055e5 "capabilities"
	for path in /etc/pilot-link/x /usr/x /home/x /var/x; do
		! nsenter -t "$main" -m touch "$path" 2>/dev/null ||
			fail "it can write $path"
	done
	! nsenter -t "$main" -m test -e /dev/kmsg || fail "it has devices"
	worker=$(pgrep -P "$main")
	equal "$(ps -o user= -p "$worker")" pilotd "the worker's user"
	confined "$worker"
}

a_namespace_made_later_can_have_a_link() {
	ns_add later
	must pilot-link id new /etc/pilot-link/later
	must pilot-link link add pilot1 identity /etc/pilot-link/later \
		netns "$NSP-later"
	ipn later link show pilot1 >/dev/null || fail "no link in the namespace"
}

a_restart_loses_no_packet() {
	local main

	main=$(main_pid)
	pings_here
	must sd systemctl restart pilotd.service
	soon 20 main_is_another "$main"
	soon 20 is_active
	equal "$(property NFileDescriptorStore)" 4 "sockets in the store"
	equal "$(lost)" 0 "pings lost over a restart"
	pilot-link peer show | grep -q "state established" ||
		fail "the peer is not established"
	ipn later link show pilot1 >/dev/null || fail "the later link is gone"
}

a_crash_loses_no_packet() {
	local main

	main=$(main_pid)
	pings_here
	kill -KILL "$main" "$(pgrep -P "$main")"
	soon 30 main_is_another "$main"
	soon 30 is_active
	equal "$(lost)" 0 "pings lost over a crash"
}

# A minute and a half in the unit, some seconds here.
a_hang_is_ended_by_the_watchdog() {
	local main n

	mkdir -p $UNITS/pilotd.service.d
	printf '[Service]\nWatchdogSec=%s\n' "$(patience 6)" \
		>$UNITS/pilotd.service.d/short.conf
	must sd systemctl daemon-reload
	must sd systemctl restart pilotd.service
	soon 20 is_active
	n=$(property NRestarts)
	main=$(main_pid)
	pings_here
	# More than a watchdog's time of good health.
	soon 20 eval '[ "$(grep -c "bytes from" "$TMP/pings")" -gt \
		"$(patience 160)" ]'
	equal "$(main_pid)" "$main" "a healthy main process"
	kill -STOP "$main"
	soon 60 main_is_another "$main"
	soon 30 is_active
	[ "$(property NRestarts)" -gt "$n" ] || fail "systemd did not restart it"
	equal "$(lost)" 0 "pings lost over a hang"
}

the_unit_works_under_systemd() {
	[ -x $SYSTEMD ] || skip "systemd is missing"
	unit_install
	boot_shorten
	machines_start
	it_was_ready_when_active
	it_is_sandboxed
	a_namespace_made_later_can_have_a_link
	a_restart_loses_no_packet
	a_crash_loses_no_packet
	a_hang_is_ended_by_the_watchdog
}

helper_tests the_unit_works_under_systemd
