#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The policies of the running module are those of the netlink specification:
# which commands there are, which attributes each accepts, their types, ranges,
# masks and lengths.

. "$(dirname "$0")/lib.sh"

wanted=$tools/policies.txt

# agree FILE WHAT: the lines of FILE that start with WHAT are the kernel's.
agree() {
	policy_dump | grep "^$2 " | sort >"$TMP/have"
	grep "^$2 " "$1" | sort >"$TMP/wanted"
	[ -s "$TMP/wanted" ] || fail "$1 has no $2"
	diff "$TMP/wanted" "$TMP/have"
}

commands_are_those_of_the_specification() {
	agree "$wanted" command
}

attributes_are_those_of_the_specification() {
	agree "$wanted" attribute
}

# changed SED-EXPRESSION: one change in what is wanted must not go unnoticed.
changed() {
	sed "$1" "$wanted" >"$TMP/changed"
	! cmp -s "$wanted" "$TMP/changed" || fail "nothing to change for: $1"
	! agree "$TMP/changed" "$2" || fail "taken for equal after: $1"
}

a_difference_is_noticed() {
	changed 's/^\(attribute 3.5 .*\) 86400$/\1 86401/' attribute
	changed '/ mask /d' attribute
	changed 's/^\(attribute 1 u32\) 1 /\1 0 /' attribute
	changed '$s/$/\nattribute 9 u8 0 1/' attribute
	changed '/^command 3 do$/d' command
}

run_tests commands_are_those_of_the_specification \
	attributes_are_those_of_the_specification a_difference_is_noticed
