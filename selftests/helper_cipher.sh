#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=200
# own-guest
#
# The cipher is one that both ends do fast. Takes a module of the kernel's away.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

only_in_a_guest

# What the processor does, but the kernel has no code for, is not fast.
a_cipher_is_used_that_is_fast_in_this_kernel() {
	local ns modprobe

	# AES may be built in.
	[ -n "${PILOT_MODULE:-}" ] && grep -q '^aesni_intel ' /proc/modules ||
		skip "there is no module for AES here that could be missing"
	two_sides
	agents_of_files
	reaches a "$(inet6 b)"
	equal "$(shown a cipher)" aes-256-gcm "the cipher"
	for ns in a b; do
		end_process "$(helper_pid $ns)"
		ipn $ns link del pilot0
	done
	module_unloads
	must rmmod aesni_intel
	modprobe=$(sysctl -n kernel.modprobe)
	sysctl -qw kernel.modprobe=/bin/false
	must insmod "$PILOT_MODULE"
	sysctl -qw kernel.modprobe="$modprobe"
	helper_start a
	helper_start b
	reaches a "$(inet6 b)"
	equal "$(shown a cipher)" chacha20-poly1305 \
		"the cipher without that module"
}

helper_tests a_cipher_is_used_that_is_fast_in_this_kernel
