# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Amounts and times a debug kernel can manage.

PILOT_DEBUG_KERNEL=${PILOT_DEBUG_KERNEL:-}

scaled() {
	echo $((PILOT_DEBUG_KERNEL ? $1 / 10 : $1))
}

patience() {
	echo $((PILOT_DEBUG_KERNEL ? $1 * 3 : $1))
}

# An interval of pings. Once it was answered ping waits for no more than twice
# the longest time so far, whatever -W says, so a slow kernel needs longer ones.
paced() {
	if ((PILOT_DEBUG_KERNEL)); then
		echo 1
	else
		echo "$1"
	fi
}
