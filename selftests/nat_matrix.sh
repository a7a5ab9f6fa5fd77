#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# scripts/nat-matrix tells what agents do.  These do not do anything: they are
# scripts that say what the test has them say.

WITHOUT_MODULE=1
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

scripts=$dir/../scripts

# A pilotd that only makes its device, and a pilot-link for which all agents are at
# $TMP/at, and the path is what $TMP/says: while nothing is answered and a bit
# longer, then, and as b sees it.
programs() {
	mkdir "$TMP/programs" "$TMP/out"
	cat >"$TMP/programs/pilotd" <<-'END'
		#!/bin/bash
		side=$(basename "$(dirname "$2")")
		cp "$2" "$FAKES/conf.$side"
		ip link show pilot0 >/dev/null 2>&1 ||
			ip link add pilot0 type bridge
		echo serving
		[ "$side" = a ] && peer=b || peer=a
		read -r first rest <"$FAKES/says"
		to=192.0.2.7:7740
		[ "$first" = direct ] || to=$first:0x1@198.51.100.10:7740
		echo "pilotd: pilot0 1:0001.0000.introducer: path-used: ipv4 by 192.0.2.9:7740"
		[ "$side" = introducer ] ||
			echo "pilotd: pilot0 1:0001.0000.$peer: path-used: $first by $to"
		echo "pilotd: pilot0 1:0001.0000.$peer: path-used: lan by 192.0.2.8:7740"
		exec tail -f /dev/null
	END
	cat >"$TMP/programs/pilot-link" <<-'END'
		#!/bin/bash
		side() {
			basename "$(dirname "$1")"
		}
		case "$*" in
		"id new "*) : >"$3" ;;
		"id export "*) echo "did:key:of-$(side "$3")" ;;
		"-j -p id show "*)
			echo "{"
			echo "  \"address\": \"1:0001.0000.$(side "$5")\","
			echo "  \"inet6\": \"$(cat "$FAKES/at")\""
			echo "}"
			;;
		"--control "*" -j path show")
			me=$(side "$2")
			[ "$me" = a ] && peer=b || peer=a
			read -r first then of_b <"$FAKES/says"
			kind=$first
			[ ! -e "$FAKES/answered" ] || kind=$then
			! grep -q "bytes from" "$(dirname "$2")/../stream" ||
				: >"$FAKES/answered"
			[ "$me" = a ] || kind=${of_b:-$then}
			cat <<-JSON
			[{"link":"pilot0","peer":"did:key:of-introducer",
			"endpoint":"198.51.100.10:7740","kind":"direct",
			"candidates":[]},{"link":"pilot0",
			"peer":"did:key:of-$peer",
			"candidates":[{"endpoint":"[2001:db8::1]:7740",
			"kind":"host","state":"failed","reason":"no answer",
			"rtt_us":null,"loss":0,"heard_ms":null}],
			"endpoint":"[2001:db8::2]:7740","kind": "$kind"}]
			JSON
			;;
		*)
			echo "what is '$*'?" >&2
			exit 2
			;;
		esac
	END
	chmod +x "$TMP"/programs/*
}

# matrix SAYS CELL: the report is then in $TMP/report, its status in MATRIX.
matrix() {
	[ -x "$scripts/guest/nat-matrix" ] || skip "the scripts are not here"
	command -v nft >/dev/null || skip "nft is missing"
	command -v conntrack >/dev/null || skip "conntrack is missing"
	command -v python3 >/dev/null || skip "python3 is missing"
	programs
	echo "$1" >"$TMP/says"
	echo "${AT:-::1}" >"$TMP/at"
	FAKES=$TMP PILOT_PROGRAMS=$TMP/programs PILOT_OUT=$TMP/out \
		CONNECTS=$(patience 6) IMPROVES=$(patience "${IMPROVES:-2}") SETTLES=1 \
		"$scripts/guest/nat-matrix" "$2"
	report --json
}

report() {
	MATRIX=0
	"$scripts/nat-matrix-report" --kernel here "$@" "$TMP/out/cells" \
		>"$TMP/report" || MATRIX=$?
}

# field NAME: of the only cell.
field() {
	python3 -c 'import json, sys
cell = json.load(open(sys.argv[1]))["cells"][0]
for name in sys.argv[2].split("."):
    cell = cell[int(name) if name.isdigit() else name]
print(json.dumps(cell))' "$TMP/report" "$1"
}

a_path_that_becomes_better_is_seen() {
	IMPROVES=20 matrix "relay direct" eim-apdf:eim-apdf
	equal "$MATRIX" 0 "the status"
	equal "$(field connected)" true "connected"
	equal "$(field expected)" '"direct"' "what is expected"
	equal "$(field first)" '"relay"' "the first path"
	equal "$(field final)" '"direct"' "the final path"
	equal "$(field ok)" true "the judgement"
	equal "$(field lost)" 0 "what is lost"
	within 1 1000 "$(field sent)" "what was sent"
	within 0 "$(patience 6)000" "$(field ttfb_ms)" "the time to an answer"
	within "$(field ttfb_ms)" "$(patience 14)000" "$(field best_ms)" \
		"the time to the best path"
	equal "$(field paths.a.1.candidates.0.reason)" '"no answer"' "the reason"
	report --rst "$TMP/matrix.rst"
	grep -q "^eim-apdf  direct" "$TMP/matrix.rst" &&
		grep -q "Each pair ended as expected" "$TMP/matrix.rst" || {
		cat "$TMP/matrix.rst"
		fail "the document does not say so"
	}
}

a_path_that_stays_worse_is_not() {
	matrix "relay relay" public:public
	equal "$MATRIX" 1 "the status"
	equal "$(field ok)" false "the judgement"
	report
	grep -q "NOT AS EXPECTED" "$TMP/report" || fail "the table does not say so"
	grep -q "2001:db8::1.*host failed no answer" "$TMP/report" ||
		fail "the table does not say why"
}

a_path_better_than_can_be_is_not() {
	matrix "direct direct" apdm:apdm
	equal "$MATRIX" 1 "the status"
}

a_path_has_two_ends() {
	matrix "direct direct relay" public:public
	equal "$MATRIX" 1 "the status"
	equal "$(field final)" '"relay"' "the final path"
}

no_answer_is_no_connection() {
	AT=2001:db8:ffff::1 matrix "direct direct" public:public
	equal "$MATRIX" 1 "the status"
	equal "$(field connected)" false "connected"
	equal "$(field ttfb_ms)" null "the time to an answer"
}

# It may be over before it can be looked at.
the_first_path_is_what_the_helper_used_first() {
	matrix "turn direct" public:public
	equal "$(field first)" '"turn"' "the first path"
	equal "$(field final)" '"direct"' "the final path"
}

# What each is told, and that nobody but the introducer has an address.
agents_know_the_introducer_alone() {
	matrix "relay relay" v6only:v4only
	equal "$MATRIX" 0 "the status"
	equal "$(field final)" '"relay"' "the final path"
	tr -s ' \n' ' ' <"$TMP/conf.a" >"$TMP/conf"
	grep -q "peer did:key:of-introducer introducer yes endpoint \[2001:db8:5::10\]:7740 peer did:key:of-b $" \
		"$TMP/conf" || fail "a is told: $(cat "$TMP/conf")"
	grep -q "endpoint 198.51.100.10:7740" "$TMP/conf.b" ||
		fail "b is told: $(cat "$TMP/conf.b")"
	grep -q "^introduce yes" "$TMP/conf.introducer" ||
		fail "the introducer is told: $(cat "$TMP/conf.introducer")"
	equal "$(grep -c endpoint "$TMP/conf.introducer")" 0 \
		"addresses that it knows"
}

run_tests a_path_that_becomes_better_is_seen a_path_that_stays_worse_is_not \
	a_path_better_than_can_be_is_not a_path_has_two_ends \
	no_answer_is_no_connection the_first_path_is_what_the_helper_used_first \
	agents_know_the_introducer_alone
