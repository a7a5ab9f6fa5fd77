# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TAP, for the checks that are scripts of this directory.

tap_number=0
tap_failed=0

# tap_result NAME PROBLEM: a case, which is well when there is no problem.
tap_result() {
	tap_number=$((tap_number + 1))
	if [ -z "$2" ]; then
		echo "ok $tap_number $1"
	else
		echo "not ok $tap_number $1"
		printf '# %s\n' "${2//$'\n'/$'\n'# }"
		tap_failed=1
	fi
}

# Ends the script: with 1 when a case was not well.
tap_exit() {
	exit "$tap_failed"
}
