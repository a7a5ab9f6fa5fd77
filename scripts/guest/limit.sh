# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How long a selftest may take; sourced by scripts/guest/run-tests, which ends it
# then, and by scripts/check, which gives the guest as long as all of its tests.

# test_limit FILE DEBUG: in seconds.  Twice what its line "# timeout=SECONDS" says,
# 120 without one, and five times as much on the debug kernel: then DEBUG is set.
test_limit() {
	local limit factor=2

	limit=$(sed -n 's/^# *timeout=\([0-9][0-9]*\).*/\1/p' "$1" | head -n 1)
	[ -z "$2" ] || factor=5
	echo $((${limit:-120} * factor))
}
