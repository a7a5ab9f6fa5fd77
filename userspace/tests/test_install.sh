#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` puts where, below a directory of the test's own.

# shellcheck source=userspace/tests/lib-host.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib-host.sh"

# install_to ARG...: with a umask that is no help.
install_to() {
	(umask 077 && make -s -C "$here/.." install DESTDIR="$TMP/root" "$@") \
		>"$TMP/make" 2>&1 || fail "$(cat "$TMP/make")"
}

# The files with their modes.
installed() {
	(cd "$TMP/root" && find . -type f -printf '%m %P\n' | sort -k 2)
}

# --- tests -------------------------------------------------------------------

every_file_has_its_place_and_mode() {
	install_to
	cat >"$TMP/wanted" <<-END
		644 etc/pilot-link/pilotd.conf
		644 lib/systemd/system/pilotd.service
		755 usr/bin/pilot-link
		644 usr/lib/sysusers.d/pilot-link.conf
		755 usr/sbin/pilotd
		644 usr/share/bash-completion/completions/pilot-link
		644 usr/share/man/man5/pilotd.conf.5
		644 usr/share/man/man8/pilot-link.8
		644 usr/share/man/man8/pilotd.8
	END
	diff "$TMP/wanted" <(installed) || fail "not what is wanted"
	"$TMP/root/usr/bin/pilot-link" -V >"$TMP/version"
	equal "$(cat "$TMP/version")" "pilot-link $(cat "$here/../../VERSION")"
	unit_starts_it
}

unit_starts_it() {
	local program

	program=$(sed -n 's/^ExecStart=//p' \
		"$TMP/root/lib/systemd/system/pilotd.service")
	[ -x "$TMP/root$program" ] || fail "the unit starts $program"
}

# Everyone's: the umask is not theirs.
directories_can_be_entered() {
	local closed

	install_to
	closed=$(find "$TMP/root/usr/bin" "$TMP/root/usr/sbin" \
		"$TMP/root/usr/share/man/man8" "$TMP/root/etc/pilot-link" \
		-maxdepth 0 ! -perm 755)
	equal "$closed" "" "directories that others cannot enter"
}

the_configuration_of_before_is_kept() {
	install_to
	echo "listen 7750" >"$TMP/root/etc/pilot-link/pilotd.conf"
	echo old >"$TMP/root/usr/share/man/man8/pilotd.8"
	install_to
	equal "$(cat "$TMP/root/etc/pilot-link/pilotd.conf")" "listen 7750" \
		"the configuration"
	cmp "$TMP/root/usr/share/man/man8/pilotd.8" \
		"$here/../../Documentation/man/pilotd.8" ||
		fail "the manual page is the old one"
}

another_prefix_is_followed() {
	install_to PREFIX=/opt/pilot
	[ -x "$TMP/root/opt/pilot/bin/pilot-link" ] || fail "no command there"
	[ -x "$TMP/root/opt/pilot/sbin/pilotd" ] || fail "no helper there"
	unit_starts_it
	[ ! -e "$TMP/root/usr/bin" ] || fail "a command in /usr as well"
}

{ [ -x "$build/pilot-link" ] && [ -x "$build/pilotd" ]; } ||
	skip_all "not built: make all"
host_tests every_file_has_its_place_and_mode directories_can_be_entered \
	the_configuration_of_before_is_kept another_prefix_is_followed
