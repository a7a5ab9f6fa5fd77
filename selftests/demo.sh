#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# What scripts/demo shows does what it says, and judges itself.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# shown SCRIPT: all it said is the test's log.
shown() {
	local demo=$dir/../scripts/guest/$1 c

	[ -x "$demo" ] || skip "the scripts are not here"
	for c in curl tcpdump busybox nft conntrack; do
		command -v "$c" >/dev/null || skip "$c is missing"
	done
	"$demo"
}

two_hosts_on_a_cable() {
	shown demo
}

two_hosts_behind_translators() {
	shown demo-nat
}

run_tests two_hosts_on_a_cable two_hosts_behind_translators
