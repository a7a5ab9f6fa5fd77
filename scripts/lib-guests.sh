# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Selftests in guests: what they ask for, how they are run and judged.  Uses
# variables of scripts/check: logs, minutes; and guests_began, its SECONDS then.
#
# shellcheck disable=SC2154

# shellcheck source=scripts/lib-results.sh
. "$PILOT_SRC/scripts/lib-results.sh"
# shellcheck source=scripts/lib-jobs.sh
. "$PILOT_SRC/scripts/lib-jobs.sh"
# shellcheck source=scripts/guest/limit.sh
. "$PILOT_SRC/scripts/guest/limit.sh"

tests_dir=$PILOT_SRC/selftests

# header_value FILE KEY: the rest of the comment line "# KEY: ..." or "# KEY=...".
header_value() {
	sed -n "s/^# *$2[:=] *\(.*\)/\1/p" "$1" | head -n 1
}

has_word() {
	[[ " $1 " == *" $2 "* ]]
}

# runs_on FILE KERNEL: whether the test wants to run there.
runs_on() {
	local needs not_on

	needs=$(header_value "$1" needs)
	not_on=$(header_value "$1" not-on)
	if [ -n "$needs" ] && ! has_word "$needs" "$2"; then
		return 1
	fi
	! has_word "$not_on" "$2"
}

guest_tests() {
	local f

	for f in "$tests_dir"/*.sh; do
		[ -x "$f" ] || continue
		runs_on "$f" "$1" || continue
		basename "$f" .sh
	done
}

# splats_of LOG TEST: the kernel's complaints while TEST ran; with an empty
# TEST those outside all tests.
splats_of() {
	awk -v want="$2" -v re="$PILOT_SPLAT" '
		/pilot-test: begin / {sub(/.*pilot-test: begin /, ""); now = $1; next}
		/pilot-test: end / {now = ""; next}
		now == want && $0 ~ re {print; n++}
		END {exit !n}' "$1"
}

no_time="no time left"

time_is_up() {
	[ -n "$minutes" ] && [ $((SECONDS - guests_began)) -ge $((minutes * 60)) ]
}

# guest_batch KERNEL ID SMP ICOUNT TEST...: runs the tests in one guest.  When the
# guest dies, the test that ran is to blame and the rest gets a fresh guest; when
# its kernel was not to blame, all get one, once.
guest_batch() {
	local kernel=$1 id=$2 smp=$3 icount=$4 n=0 again=1 t
	shift 4
	local left=("$@")

	while [ ${#left[@]} -gt 0 ]; do
		if time_is_up; then
			for t in "${left[@]}"; do
				record "guest/$kernel/$t" 0 0 1 0 "$no_time"
			done
			return
		fi
		n=$((n + 1))
		guest_round "$logs/guest-$kernel-batch$id-$n"
	done
}

# One guest for what is left of the batch: uses and shortens guest_batch's left.
guest_round() {
	local base=$1 out=$1.out console=$1.console vm=() files=() t rc=0
	local start=$SECONDS done_tests=() status seconds debug=
	# To start and to end; and between tests.
	local limit=450 between=75

	[ "$kernel" != debug ] || debug=1
	for t in "${left[@]}"; do
		files+=("$tests_dir/$t.sh")
		limit=$((limit + between + $(test_limit "$tests_dir/$t.sh" "$debug")))
	done
	vm=("$PILOT_SRC/scripts/vm" --kernel "$kernel" --smp "$smp"
		--timeout "$limit" --keep-log "$console" --out "$base.files")
	[ "$icount" -eq 0 ] || vm+=(--icount)
	say "guest $kernel: ${left[*]}"
	"${vm[@]}" "$PILOT_SRC/scripts/guest/run-tests" "${files[@]}" \
		>"$out" 2>"$base.err" </dev/null || rc=$?
	rmdir "$base.files" 2>/dev/null || true
	touch "$console"
	if [ "$rc" -eq 97 ] && [ "$again" -gt 0 ]; then
		again=$((again - 1))
		say "guest $kernel: once more, since $(tail -n 1 "$base.err")"
		return
	fi

	for t in "${left[@]}"; do
		read -r status seconds < <(sed -n \
			"s/^# end $t \([0-9]*\) \([0-9]*\)$/\1 \2/p" "$out") || true
		cut_test "$t" "$out" "$console" "$(log_of "guest/$kernel/$t")"
		if [ -z "${status:-}" ]; then
			break
		fi
		judge_guest "$t" "$status" "$seconds"
		done_tests+=("$t")
		status=
	done
	left=("${left[@]:${#done_tests[@]}}")
	if [ ${#left[@]} -gt 0 ]; then
		# The first without an end is the one that took the guest along.
		cat "$base.err" >>"$(log_of "guest/$kernel/$t")"
		judge "guest/$kernel/$t" "$(log_of "guest/$kernel/$t")" 1 \
			$((SECONDS - start)) "$(guest_fate "$rc" "$console")"
		left=("${left[@]:1}")
	elif [ "$rc" -eq 99 ]; then
		judge_outside
	elif [ "$rc" -ne 0 ]; then
		cat "$base.err" >"$(log_of "guest/$kernel/guest")"
		record "guest/$kernel/guest" 0 1 0 0 \
			"$(guest_fate "$rc" "$console")"
	fi
	# A guest that did not end well casts doubt on what passed in it.
	if [ "$rc" -ne 0 ]; then
		for t in "${done_tests[@]}"; do
			passed_drop "guest/$kernel/$t"
		done
	fi
}

# guest_fate STATUS CONSOLE
guest_fate() {
	case $1 in
	97 | 99) echo "the guest's kernel failed: $(splat_lines "$2" |
		sed 's/^\[ *[0-9.]*\] //;q' | cut -c 1-100)" ;;
	98) echo "the guest did not start" ;;
	124) echo "the guest's time was up" ;;
	*) echo "the guest ended with status $1" ;;
	esac
}

# cut_test TEST OUT CONSOLE LOG: the test's own part of the guest's output, and
# of the kernel's log when that complained.
cut_test() {
	sed -n "/^# begin $1\$/,/^# end $1 /p" "$2" | sed '/^# \(begin\|end\) /d' \
		>"$4"
	if splats_of "$3" "$1" >/dev/null; then
		echo "# the kernel's log:" >>"$4"
		sed -n "/pilot-test: begin $1\$/,/pilot-test: end $1\$/p" "$3" |
			sed 's/^/# /' >>"$4"
	fi
}

judge_guest() {
	local why="" log

	log=$(log_of "guest/$kernel/$1")
	if splats_of "$console" "$1" >/dev/null; then
		why="the kernel complained: $(splats_of "$console" "$1" |
			head -n 1 | cut -c 1-100)"
	fi
	judge "guest/$kernel/$1" "$log" "$2" "$3" "$why"
}

# Complaints between the tests or at the end, as a leak is.
judge_outside() {
	local log

	splats_of "$console" "" >/dev/null || return 0
	log=$(log_of "guest/$kernel/leaks-and-leftovers")
	{
		echo "after: ${done_tests[*]}"
		grep -aE -A 30 "$PILOT_SPLAT" "$console" || true
	} >"$log"
	record "guest/$kernel/leaks-and-leftovers" 0 1 0 0 \
		"$(splats_of "$console" "" | head -n 1 | cut -c 1-100)"
}

# guest_kernel KERNEL TEST...: groups tests by what they ask of the guest and starts
# a job for each group; a group is cut so that two guests share the work.
guest_kernel() {
	local kernel=$1 t key part=4 id=0 smp icount
	local -A groups=()
	local list

	# What passed is noted when the guest ends, and these tests take long.
	[ "$kernel" != debug ] || part=2
	for t in "${@:2}"; do
		key=$(guest_key "$t")
		groups[$key]+=" $t"
	done
	for key in $(printf '%s\n' "${!groups[@]}" | sort); do
		IFS=: read -r smp icount _ <<<"$key"
		read -r -a list <<<"${groups[$key]}"
		while [ ${#list[@]} -gt 0 ]; do
			id=$((id + 1))
			job guest_batch "$kernel" "$id" "$smp" "$icount" \
				"${list[@]:0:part}"
			list=("${list[@]:part}")
		done
	done
}

# SMP:ICOUNT, and the test's name as well when it wants a guest to itself.
guest_key() {
	local f=$tests_dir/$1.sh smp icount=0 own=""

	smp=$(header_value "$f" smp)
	[[ $smp =~ ^[0-9]+$ ]] || smp=2
	! grep -q '^# *icount *$' "$f" || icount=1
	! grep -q '^# *own-guest *$' "$f" || own=$1
	echo "$smp:$icount:$own"
}
