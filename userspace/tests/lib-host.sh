# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests that run on this machine, with the programs of the unit tests in
# network namespaces, and want no module.  Sourced by them first of all.
#
# shellcheck disable=SC2034

# shellcheck source=selftests/lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../../selftests/lib.sh"

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
build=$here/../build
export ASAN_OPTIONS=detect_leaks=0

# need_host PROGRAM: root, namespaces, and this one of the tests' programs.
need_host() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -x "$build/tests/$1" ] || skip_all "not built: make tests"
	ip netns add "$NSP-probe" 2>/dev/null ||
		skip_all "no network namespaces here"
	ip netns del "$NSP-probe"
}

need_nat() {
	ip netns add "$NSP-probe"
	ip netns exec "$NSP-probe" nft "add table ip x; add chain ip x y \
		{ type nat hook postrouting priority 0; }; \
		add rule ip x y masquerade fully-random" 2>/dev/null || {
		ip netns del "$NSP-probe"
		skip_all "no NAT by nftables here"
	}
	ip netns del "$NSP-probe"
}

# host_tests FUNCTION...: the cases.
host_tests() {
	choose_tests "$@"
	echo "KTAP version 1"
	run_chosen
}
