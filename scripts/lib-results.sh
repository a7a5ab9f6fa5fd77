# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What checks gave, counted and shown.  Uses a variable of scripts/check: logs.
#
# shellcheck disable=SC2154

# shellcheck source=scripts/lib-passed.sh
. "$PILOT_SRC/scripts/lib-passed.sh"

log_of() {
	printf '%s/%s.log\n' "$logs" "${1//\//-}"
}

# record NAME PASSED FAILED SKIPPED SECONDS [WHY]: one line of progress; a
# failure shows the end of its log.  Called from several jobs at once.
record() {
	local log verdict="ok  " detail="$2 passed"

	log=$(log_of "$1")
	[ "$4" -eq 0 ] || detail+=", $4 skipped"
	if [ "$3" -gt 0 ]; then
		verdict=FAIL
		detail+=", $3 failed"
	elif [ "$2" -eq 0 ]; then
		verdict=skip
	else
		passed_keep "$1" "$2" "$4"
	fi
	(
		flock 7
		[ "$2" -eq 0 ] || echo "pass $2 $1"
		[ "$3" -eq 0 ] || echo "fail $3 $1${6:+: $6}"
		[ "$4" -eq 0 ] || echo "skip $4 $1"
	) 7>"$logs/results.lock" >>"$logs/results"
	(
		flock 7
		printf '%s %s (%s, %s s)%s\n' "$verdict" "$1" "$detail" "$5" \
			"${6:+: $6}"
		if [ "$3" -gt 0 ]; then
			[ ! -s "$log" ] || tail -n 60 "$log" | sed 's/^/    /'
			printf '    (the whole log is %s)\n' "$log"
		fi
	) 7>"$logs/results.lock"
}

# run_one NAME COMMAND...: a check that passes or fails as a whole.
run_one() {
	local name=$1 start=$SECONDS rc=0
	shift

	"$@" >"$(log_of "$name")" 2>&1 </dev/null || rc=$?
	if [ "$rc" -eq 0 ]; then
		record "$name" 1 0 0 $((SECONDS - start))
	else
		record "$name" 0 1 0 $((SECONDS - start)) "exit status $rc"
	fi
	return "$rc"
}

# judge NAME FILE STATUS SECONDS [WHY]: counts the TAP or KTAP lines of FILE.  A
# test that says less than it planned, or nothing, or ends badly, has failed.
judge() {
	local name=$1 file=$2 status=$3 seconds=$4 why=${5:-}
	local pass fail skip plan

	read -r pass fail skip plan < <(awk '
		/^[ \t]/ {next}
		/^1\.\.0/ {none = 1; next}
		/^1\.\.[0-9]+/ {sub(/^1\.\./, ""); plan += $1; next}
		/^not ok/ {if (/# *SKIP/) s++; else f++; next}
		/^ok/ {if (/# *SKIP/) s++; else p++; next}
		END {
			if (none && !p && !f && !s) {s = 1; plan = 1}
			print p + 0, f + 0, s + 0, plan + 0
		}' "$file")
	if [ "$status" -eq 4 ] && [ $((pass + fail + skip)) -eq 0 ]; then
		skip=1
		plan=1
	elif [ "$status" -ne 0 ] && [ "$status" -ne 4 ] && [ "$fail" -eq 0 ]; then
		fail=1
		[ "$status" -ne 124 ] || : "${why:=its time was up}"
		: "${why:=exit status $status}"
	elif [ $((pass + fail + skip)) -eq 0 ]; then
		fail=1
		: "${why:=it printed no result}"
	elif [ "$plan" -gt $((pass + fail + skip)) ]; then
		fail=$((fail + 1))
		: "${why:=$plan results planned, $((pass + fail + skip - 1)) given}"
	fi
	if [ -n "$why" ] && [ "$fail" -eq 0 ]; then
		fail=1
	fi
	record "$name" "$pass" "$fail" "$skip" "$seconds" "$why"
}
