#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The module from its packaged source by DKMS: added, built, installed, loaded,
# used and removed again, as an administrator would do it.  The compiler works in
# the guest, which takes minutes there.
#
# own-guest
# not-on: 6.12 7 debug
# timeout=1800

here=$(dirname -- "$(readlink -f -- "$0")")
top=${here%/*}
release=$(uname -r)
ksft_skip=4
cases=0
log=$(mktemp) || exit 1

skip_all() {
	echo "1..0 # SKIP $*"
	exit "$ksft_skip"
}

# It might take away what an administrator has installed.
[ "${PILOT_OUT:-}" = /run/pilot-out ] || skip_all "only in a guest"

show_logs() {
	tail -n 40 "$log" | sed 's/^/# /'
	tail -n 20 "/var/lib/dkms/pilot-link/$version/build/make.log" \
		2>/dev/null | sed 's/^/# make.log: /'
}

# step NAME COMMAND...: one result; all that follows leans on it, so a failure
# ends the test.
step() {
	local name=$1 start
	shift

	cases=$((cases + 1))
	start=$SECONDS
	if "$@" >"$log" 2>&1 </dev/null; then
		echo "# $((SECONDS - start)) s"
		echo "ok $cases $name"
		return
	fi
	show_logs
	echo "not ok $cases $name"
	exit 1
}

# shellcheck disable=SC2317
clean_up() {
	ip link delete pilot-dkms 2>/dev/null
	if [ -n "$added" ]; then
		modprobe -r pilot 2>/dev/null
		dkms remove "pilot-link/$version" --all >/dev/null 2>&1
	fi
	[ -z "$source_made" ] || rm -rf "/usr/src/pilot-link-$version"
	rm -f "$log"
}

# shellcheck disable=SC2317
give_up() {
	show_logs
	exit 1
}

added=
source_made=
version=
trap clean_up EXIT
trap 'give_up' INT TERM

[ "$(id -u)" -eq 0 ] || skip_all "needs root"
command -v dkms >/dev/null || skip_all "dkms is not installed"
command -v make >/dev/null || skip_all "make is not installed"
[ ! -d /sys/module/pilot ] || skip_all "the module is loaded already"
[ -e "/lib/modules/$release/build/Makefile" ] ||
	skip_all "the headers of $release are not installed"
[ -e "$top/dkms.conf" ] || skip_all "not in the source tree"
if ! version=$(cat "$top/VERSION") || [ -z "$version" ]; then
	skip_all "there is no VERSION"
fi
if [ -e "/usr/src/pilot-link-$version" ] || [ -e /var/lib/dkms/pilot-link ]; then
	skip_all "pilot-link is already known to DKMS here"
fi

versions_agree() {
	local PACKAGE_VERSION='' PACKAGE_NAME=''

	# shellcheck source=dkms.conf
	. "$top/dkms.conf"
	[ "$PACKAGE_NAME" = pilot-link ] && [ "$PACKAGE_VERSION" = "$version" ] &&
		return
	echo "dkms.conf names $PACKAGE_NAME $PACKAGE_VERSION," \
		"VERSION says $version"
	return 1
}

source_complete() {
	local f

	for f in dkms.conf Kbuild VERSION kernel include/uapi; do
		[ -e "/usr/src/pilot-link-$version/$f" ] && continue
		echo "/usr/src/pilot-link-$version/$f is missing"
		return 1
	done
}

# state WORD: what DKMS says of the module for this kernel.
state() {
	dkms status "pilot-link/$version" -k "$release"
	dkms status "pilot-link/$version" | grep -q "$1"
}

# The module that modprobe takes is the one DKMS put there, of this version.
installed_is_ours() {
	local file

	file=$(modinfo -k "$release" -n pilot) || return 1
	echo "$file"
	case $file in
	"/lib/modules/$release/updates/dkms/pilot.ko"*) ;;
	*) return 1 ;;
	esac
	modinfo -k "$release" -F version pilot
	[ "$(modinfo -k "$release" -F version pilot)" = "$version" ]
}

link_works() {
	ip link add pilot-dkms type pilot &&
		ip link set pilot-dkms up &&
		ip -d link show dev pilot-dkms &&
		ip -d link show dev pilot-dkms | grep -qw pilot
}

# shellcheck disable=SC2317
removed_whole() {
	dkms remove "pilot-link/$version" --all || return 1
	dkms status pilot-link | grep . && return 1
	find "/lib/modules/$release/updates" -name 'pilot.ko*' 2>/dev/null |
		grep . && return 1
	! modinfo -k "$release" pilot 2>/dev/null
}

echo "TAP version 13"
echo "1..12"
step "dkms.conf has the version of the tree" versions_agree
source_made=1
step "make dkms-source" make -s -C "$top" dkms-source
step "the source is complete" source_complete
added=1
step "dkms add" dkms add "pilot-link/$version"
# DKMS strips debugging symbols; emulation need not write them first.
export KCFLAGS=-g0
step "dkms build" dkms build "pilot-link/$version" -k "$release"
step "dkms install" dkms install "pilot-link/$version" -k "$release"
step "dkms status says installed" state installed
step "the installed module has the version of the tree" installed_is_ours
step "modprobe pilot" modprobe pilot
step "ip link add type pilot" link_works
step "the link and the module go" \
	sh -c 'ip link delete pilot-dkms && modprobe -r pilot'
step "dkms remove --all leaves nothing" removed_whole
added=
