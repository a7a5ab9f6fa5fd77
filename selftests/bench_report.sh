#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=60
#
# scripts/bench-report tells programs what was measured, with lines of a guest that
# the test makes up.

WITHOUT_MODULE=1
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

scripts=$dir/../scripts

# measured LINES: by a guest of kernel 6.1.
measured() {
	mkdir -p "$TMP/run"
	printf 'kernel 6.1.0\nname 6.1\n' >"$TMP/run/facts"
	cat >"$TMP/run/results"
}

# bulk FIGURE PATH MBIT
bulk() {
	echo "$1 $2 ns 8000000 bytes $(($3 * 1000)) count 1"
}

# figure NAME KEY...: their values, with the status of the report in STATUS.
figure() {
	STATUS=0
	"$scripts/bench-report" --json "$TMP/run" >"$TMP/json" || STATUS=$?
	python3 -c '
import json, sys
figures = {f["name"]: f for f in json.load(open(sys.argv[1]))["figures"]}
print(*(json.dumps(figures[sys.argv[2]][key]) for key in sys.argv[3:]))
' "$TMP/json" "$@" >"$TMP/values"
}

all_keys_are_there() {
	{
		bulk tcp-1-r1 plain 8000
		bulk tcp-1-r1 wireguard 200
		bulk tcp-1-r1 pilot-aes 800
		bulk tcp-8-r1 pilot-aes 800
		echo "relay-64-r1 relay ns 300 count 1"
	} | measured
	set -- plain wireguard esp pilot_aes pilot_chacha ratio required met
	figure tcp-1-r1 "$@"
	equal "$(<"$TMP/values")" "8000.0 200.0 null 800.0 null 4.0 3.6 true" \
		"a figure of which something is required"
	figure tcp-8-r1 "$@"
	equal "$(<"$TMP/values")" "null null null 800.0 null null null true" \
		"one of which nothing is"
	figure relay-64-r1 "$@" relay
	equal "$(<"$TMP/values")" \
		"null null null null null null null true 300.0" "one of a relay"
	equal $STATUS 0 "the status"
}

what_is_not_met_is_false() {
	{
		bulk tcp-1-r1 wireguard 200
		bulk tcp-1-r1 pilot-aes 700
	} | measured
	figure tcp-1-r1 ratio required met
	equal "$(<"$TMP/values")" "3.5 3.6 false" "a figure that is too low"
	equal $STATUS 1 "the status"
}

the_clock_is_one_of_two() {
	local said

	said=$("$scripts/bench" --icount --only cpus 2>&1) &&
		fail "cpus is measured without --wall"
	[[ $said == *"cpus needs --wall"* ]] || fail "it says: $said"
	said=$("$scripts/bench" --icount --wall --only cpus 2>&1) &&
		fail "both clocks are taken"
	[[ $said == *"exclude each other"* ]] || fail "it says: $said"
}

run_tests all_keys_are_there what_is_not_met_is_false the_clock_is_one_of_two
