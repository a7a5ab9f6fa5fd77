#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# scripts/nat-matrix tells what agents do.  These do not do anything: they are
# scripts that say what the test has them say, or there is but a line to report on.

WITHOUT_MODULE=1
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

scripts=$dir/../scripts

# A pilotd that only makes its device, and a pilot-link for which the agents are
# where $TMP/at.SIDE says, and the path is what $TMP/says: while nothing is answered
# and a bit longer, then, and as b sees it.
programs() {
	mkdir "$TMP/programs"
	cat >"$TMP/programs/pilotd" <<-'END'
		#!/bin/bash
		side=${2%/*}
		side=${side##*/}
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
		# Without a process of its own: each look at a path has to be short.
		case "$*" in
		"id new "*) : >"$3" ;;
		"id export "*)
			side=${3%/*}
			echo "did:key:of-${side##*/}"
			;;
		"-j -p id show "*)
			side=${5%/*}
			side=${side##*/}
			echo "{"
			echo "  \"address\": \"1:0001.0000.$side\","
			echo "  \"inet6\": \"$(<"$FAKES/at.$side")\""
			echo "}"
			;;
		"--control "*" -j path show")
			at=${2%/*}
			me=${at##*/}
			[ "$me" = a ] && peer=b || peer=a
			read -r first then of_b <"$FAKES/says"
			kind=$first
			[ ! -e "$FAKES/answered" ] || kind=$then
			[[ $(<"$at/../stream") != *"bytes from"* ]] ||
				: >"$FAKES/answered"
			[ "$me" = a ] || kind=${of_b:-$then}
			echo '[{"link":"pilot0","peer":"did:key:of-introducer",
			"endpoint":"198.51.100.10:7740","kind":"direct",
			"candidates":[]},{"link":"pilot0",
			"peer":"did:key:of-'"$peer"'",
			"candidates":[{"endpoint":"[2001:db8::1]:7740",
			"kind":"host","state":"failed","reason":"no answer",
			"rtt_us":null,"loss":0,"heard_ms":null}],
			"endpoint":"[2001:db8::2]:7740","kind": "'"$kind"'"}]'
			;;
		*)
			echo "what is '$*'?" >&2
			exit 2
			;;
		esac
	END
	chmod +x "$TMP"/programs/*
}

# For each test: a directory for what is found, and what the scripts need.
found() {
	[ -x "$scripts/guest/nat-matrix" ] || skip "the scripts are not here"
	command -v python3 >/dev/null || skip "python3 is missing"
	mkdir "$TMP/out"
}

# matrix SAYS CELL: the report is then in $TMP/report, its status in MATRIX.
# B_AT: where b is, which is heard unless given.
matrix() {
	local side

	command -v nft >/dev/null || skip "nft is missing"
	command -v conntrack >/dev/null || skip "conntrack is missing"
	found
	programs
	echo "$1" >"$TMP/says"
	for side in introducer a b; do
		echo ::1 >"$TMP/at.$side"
	done
	[ -z "${B_AT:-}" ] || echo "$B_AT" >"$TMP/at.b"
	FAKES=$TMP PILOT_PROGRAMS=$TMP/programs PILOT_OUT=$TMP/out \
		CONNECTS=$(patience 6) IMPROVES=$(patience "${IMPROVES:-2}") SETTLES=1 \
		"$scripts/guest/nat-matrix" "$2"
	report --json
}

# told [MEMBERS]: the same of a cell that is as expected but for these.
told() {
	tr '\n' ' ' >"$TMP/out/cells" <<-END
		{"a": "public", "b": "adm", "starts": "b", "expected": "direct",
		"connected": true, "first": "relay", "final": "direct",
		"ttfb_ms": 123, "best_ms": 1234, "sent": 80, "lost": 0,
		"paths": {} ${1:+, $1}}
	END
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

# says LINE WHAT: the last report has a line that matches.
says() {
	grep -q -- "$1" "$TMP/report" || {
		cat "$TMP/report"
		fail "$2"
	}
}

a_path_that_becomes_better_is_seen() {
	IMPROVES=20 matrix "relay direct" eim-apdf:eim-apdf:a
	equal "$MATRIX" 0 "the status"
	equal "$(field connected)" true "connected"
	equal "$(field starts)" '"a"' "who starts"
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
}

a_path_that_stays_worse_is_not() {
	matrix "relay relay" public:public:a
	equal "$MATRIX" 1 "the status"
	equal "$(field ok)" false "the judgement"
	equal "$(field why)" '["relay instead of direct"]' "the reason"
	report
	says "NOT AS EXPECTED" "the table does not say so"
	says "2001:db8::1.*host failed no answer" "the table does not say why"
}

a_path_better_than_can_be_is_not() {
	matrix "direct direct" apdm:apdm:a
	equal "$MATRIX" 1 "the status"
}

a_path_has_two_ends() {
	matrix "direct direct relay" public:public:a
	equal "$MATRIX" 1 "the status"
	equal "$(field final)" '"relay"' "the final path"
}

no_answer_is_no_connection() {
	B_AT=2001:db8:ffff::1 matrix "direct direct" public:public:a
	equal "$MATRIX" 1 "the status"
	equal "$(field why)" '["not connected"]' "the reason"
	equal "$(field connected)" false "connected"
	equal "$(field ttfb_ms)" null "the time to an answer"
}

# Only b hears an answer.
the_one_that_starts_sends() {
	B_AT=2001:db8:ffff::1 matrix "direct direct" public:public:b
	equal "$MATRIX" 0 "the status"
	equal "$(field starts)" '"b"' "who starts"
	equal "$(field connected)" true "connected"
}

# It may be over before it can be looked at.
the_first_path_is_what_the_helper_used_first() {
	IMPROVES=20 matrix "turn direct" public:public:a
	equal "$(field first)" '"turn"' "the first path"
	equal "$(field final)" '"direct"' "the final path"
}

# What each is told, and that nobody but the introducer has an address.
agents_know_the_introducer_alone() {
	matrix "relay relay" v6only:v4only:a
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

# --- what is told of made-up ones --------------------------------------------

a_lost_packet_is_not_as_expected() {
	found
	told
	equal "$MATRIX" 0 "the status without a loss"
	equal "$(field why)" "[]" "the reason without a loss"
	told '"lost": 1'
	equal "$MATRIX" 1 "the status"
	equal "$(field ok)" false "the judgement"
	equal "$(field why)" '["1 of 80 packets lost"]' "the reason"
	report --tap
	says "^not ok 1 public and adm: " "TAP does not say so"
	says "^# public and adm: 1 of 80 packets lost" "TAP does not say why"
}

# late NAME LONGEST WORDS MEMBERS: what takes as long as it was ever seen to is as
# expected; four times as long is not, but on a slow kernel.
late() {
	local why="$3 after $(($2 * 4)) ms, more than"

	told "$4, \"$1\": $2"
	equal "$MATRIX" 0 "the status of $2 ms"
	told "$4, \"$1\": $(($2 * 4)), \"patience\": 3"
	equal "$MATRIX" 0 "the status of $(($2 * 4)) ms on a slow kernel"
	told "$4, \"$1\": $(($2 * 4))"
	equal "$MATRIX" 1 "the status of $(($2 * 4)) ms"
	[[ $(field why) == "[\"$why "*"\"]" ]] || fail "it says: $(field why)"
	report --tap
	says "^# public and adm: $why" "TAP does not say why"
}

a_late_first_byte_is_not_as_expected() {
	local relay='"expected": "relay", "final": "relay"'
	local tls='"expected": "tls", "final": "tls"'

	found
	late ttfb_ms 3000 "first byte" '"first": "relay"'
	late ttfb_ms 3000 "first byte" "$relay"
	late ttfb_ms 7863 "first byte" "$tls"
}

a_late_best_path_is_not_as_expected() {
	local relay='"expected": "relay", "final": "relay"'
	local tls='"expected": "tls", "final": "tls"'

	found
	late best_ms 3500 "best path" '"first": "relay"'
	late best_ms 3500 "best path" "$relay"
	late best_ms 9061 "best path" "$tls"
}

all_reasons_are_told() {
	found
	told '"lost": 3, "ttfb_ms": 99000, "final": "relay"'
	equal "$(field why.0)" '"relay instead of direct"' "the first reason"
	[[ $(field why.1) == *"first byte"* ]] || fail "it says: $(field why)"
	equal "$(field why.2)" '"3 of 80 packets lost"' "the last reason"
	told '"connected": false, "first": null, "final": "none",
		"ttfb_ms": null, "best_ms": null, "sent": null, "lost": null'
	equal "$(field why)" '["not connected"]' "the reason"
	report --tap
	says "^not ok 1 .*not connected" "TAP does not say so"
}

the_document_tells_of_each_pair() {
	found
	told
	report --rst "$TMP/document"
	cp "$TMP/document" "$TMP/report"
	says "^Which path agents find on kernel here$" "it does not say where"
	says "Each pair ended as expected" "it does not say that all is well"
	says "^adm     direct" "the path is not in the grid"
	says "^A  *B  *starts  first  finally  first byte, ms  best path, ms  packets lost$" \
		"there is no table of pairs"
	says "^public  adm  B  *relay  direct  *123  *1234  *0 of 80$" \
		"the pair is not in the table"
	told '"lost": 2'
	report --rst "$TMP/document"
	cp "$TMP/document" "$TMP/report"
	says "^public  adm  .*\*\*direct\*\*  .*2 of 80$" "the pair is not bold"
	says "^- public and adm: 2 of 80 packets lost$" "it does not say why"
}

# Who starts when there is somebody else, and who is sent to, one a line.
starters() {
	python3 -c 'import json, sys
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["a"] != cell["b"]:
        print(cell[cell["starts"]], cell["b" if cell["starts"] == "a" else "a"])
' "$TMP/report"
}

# Each kind does towards some kinds and not towards others.
who_starts_alternates() {
	found
	"$scripts/nat-matrix" --expected --json >"$TMP/report"
	starters >"$TMP/pairs"
	[ -s "$TMP/pairs" ] || fail "there are no pairs"
	equal "$(cut -d' ' -f1 "$TMP/pairs" | sort -u)" \
		"$(tr ' ' '\n' <"$TMP/pairs" | sort -u)" "who starts at all"
	equal "$(cut -d' ' -f2 "$TMP/pairs" | sort -u)" \
		"$(tr ' ' '\n' <"$TMP/pairs" | sort -u)" "who waits at all"
}

a_pair_asked_for_starts_with_the_first() {
	local a b

	found
	while read -r a b; do
		"$scripts/nat-matrix" --expected --json --cell $a $b \
			>"$TMP/report"
		equal "$(starters)" "$a $b" "who starts"
	done <<-END
		public eim-eif
		eim-eif public
	END
}

run_tests a_path_that_becomes_better_is_seen a_path_that_stays_worse_is_not \
	a_path_better_than_can_be_is_not a_path_has_two_ends \
	no_answer_is_no_connection the_one_that_starts_sends \
	the_first_path_is_what_the_helper_used_first \
	agents_know_the_introducer_alone a_lost_packet_is_not_as_expected \
	a_late_first_byte_is_not_as_expected \
	a_late_best_path_is_not_as_expected all_reasons_are_told \
	the_document_tells_of_each_pair who_starts_alternates \
	a_pair_asked_for_starts_with_the_first
