#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=200
#
# The tests in the module itself pass when it is loaded: ciphers of this kernel,
# replay window, geometry of segments and batches, headers.

. "$(dirname "$0")/lib.sh"

# What scripts/build-module --self-tests made; on the debug kernel the module
# under test itself has them.
self_test_module() {
	if [ "$PILOT_KERNEL" = debug ]; then
		echo "$PILOT_MODULE"
	else
		echo "$dir/../build/$PILOT_KERNEL-self-tests/pilot.ko"
	fi
}

# logged PATTERN: since the mark of this test.
logged() {
	dmesg | sed "1,/$MARK/d" | grep -q "pilot: $1"
}

self_tests_pass() {
	MARK="pilot-self-tests: $$"
	PILOT_MODULE=$(self_test_module)
	[ -e "$PILOT_MODULE" ] || fail "there is no $PILOT_MODULE"
	echo "<5>$MARK" >/dev/kmsg
	module_load || {
		dmesg | tail -n 20
		fail "the module with self-tests does not load"
	}
	module_unloads
	dmesg | sed "1,/$MARK/d" | grep 'pilot: self-tests'
	logged 'self-tests passed' || fail "nothing says that they passed"
	logged 'self-tests: .*gcm.* does as ' ||
		fail "AES-GCM was compared with nothing"
	logged 'self-tests: chacha.* does as ' ||
		[ "$PILOT_KERNEL" = 7 ] ||
		fail "ChaCha20-Poly1305 was compared with nothing"
}

WITHOUT_MODULE=1
[ -n "${PILOT_KERNEL:-}" ] || skip_all "needs a guest of scripts/vm"
! module_is_loaded || skip_all "the module is loaded already"
run_tests self_tests_pass
