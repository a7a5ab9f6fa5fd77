#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own runner of selftests runs these, those that want the module as
# well, and gives them as long as they ask for.
#
# needs: 6.1
# timeout=300

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

KSELFTEST=${PILOT_CACHE:-}/kselftest/tools/testing/selftests

# kselftest TEST_PROG...: what it says is in $TMP/run.  Its runner has a variable
# of its own that is called TEST.
kselftest() {
	env -u TEST make -s -C "$dir" KSELFTEST="$KSELFTEST" TEST_PROGS="$*" \
		run_tests >"$TMP/run" 2>&1 || fail "$(cat "$TMP/run")"
}

ran() {
	grep -q "$1" "$TMP/run" || fail "no '$1' in: $(cat "$TMP/run")"
}

tests_that_load_the_module_are_run() {
	! module_is_loaded || fail "the module is loaded before"
	kselftest policy.sh ping.sh
	ran '^# ok 1 commands_are_those_of_the_specification$'
	ran '^# ok 1 ping_aes_over_ipv4$'
	equal "$(grep -c '^# ok [0-9]* module_unloads$' "$TMP/run")" 2 \
		"how often the module was unloaded"
	ran '^ok 1 selftests: .*: policy.sh$'
	ran '^ok 2 selftests: .*: ping.sh$'
}

a_test_that_fails_is_told() {
	(
		export PILOT_MODULE=/dev/null
		kselftest policy.sh
	)
	ran '^# not ok 1 module_loads '
	ran '^not ok 1 selftests: .*: policy.sh # exit=1$'
}

# The runner tells a test how long it may take.
the_time_of_settings_is_given() {
	local longest

	printf '#!/bin/sh\necho limit $kselftest_timeout\n' >"$TMP/limit.sh"
	chmod +x "$TMP/limit.sh"
	kselftest "$TMP/limit.sh"
	ran "^# limit [0-9]*$"
	longest=$(sed -n 's/^# timeout=//p' "$dir"/*.sh | sort -n | tail -n 1)
	within "$longest" 86400 "$(word limit '#' <"$TMP/run")" \
		"the time for a test, in seconds,"
}

only_in_a_guest
[ -e "$KSELFTEST/lib.mk" ] ||
	skip_all "no kselftest is unpacked: run scripts/style kselftest"
# The tests that it runs load it.
WITHOUT_MODULE=1
run_tests tests_that_load_the_module_are_run a_test_that_fails_is_told \
	the_time_of_settings_is_given
