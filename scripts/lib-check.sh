# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/check runs and how it judges; sourced by it alone.  Uses its
# variables: kernels, names, logs, fuzz_seconds, minutes.
#
# shellcheck disable=SC2154

tests_dir=$PILOT_SRC/selftests
user_dir=$PILOT_SRC/userspace
pids=()

# --- names -------------------------------------------------------------------

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

all_checks() {
	local f k t

	"$PILOT_SRC/scripts/style" --list | sed 's,^,style/,'
	[ ! -e "$user_dir/Makefile" ] || echo build/userspace
	[ ! -e "$tests_dir/Makefile" ] || echo build/selftests
	if [ -e "$PILOT_SRC/Kbuild" ]; then
		for k in "${kernels[@]}"; do
			echo "build/$k"
		done
	fi
	for f in "$user_dir"/tests/test_*.c "$user_dir"/tests/test_*.sh; do
		[ ! -e "$f" ] || basename "${f%.*}" | sed 's,^test_,unit/,'
	done
	for f in "$user_dir"/fuzz/fuzz_*.c; do
		[ ! -e "$f" ] || basename "$f" .c | sed 's,^fuzz_,fuzz/,'
	done
	echo vm/runner
	for k in "${kernels[@]}"; do
		for t in $(guest_tests "$k"); do
			echo "guest/$k/$t"
		done
	done
	for k in "${kernels[@]}"; do
		! grep -q "^ \"$k\":" "$tests_dir/figures.json" ||
			echo "figures/$k"
	done
	for k in "${kernels[@]}"; do
		[ "$k" = debug ] || echo "matrix/$k"
	done
}

# chosen PREFIX: the rest of each chosen name that starts with it.
chosen() {
	local n

	for n in "${names[@]}"; do
		case $n in
		"$1"*) echo "${n#"$1"}" ;;
		esac
	done
}

is_chosen() {
	local n

	for n in "${names[@]}"; do
		[ "$n" != "$1" ] || return 0
	done
	return 1
}

# --- results -----------------------------------------------------------------

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

# --- jobs --------------------------------------------------------------------

max_jobs=2

# job COMMAND...: in the background, as soon as one of two places is free.
job() {
	local alive=() p

	while :; do
		alive=()
		for p in "${pids[@]}"; do
			! kill -0 "$p" 2>/dev/null || alive+=("$p")
		done
		pids=("${alive[@]}")
		[ ${#pids[@]} -ge "$max_jobs" ] || break
		wait -n "${pids[@]}" || true
	done
	"$@" </dev/null &
	pids+=($!)
}

wait_jobs() {
	local p

	for p in "${pids[@]}"; do
		wait "$p" || true
	done
	pids=()
}

stop_jobs() {
	local p

	for p in "${pids[@]}"; do
		pkill -P "$p" 2>/dev/null || true
		kill "$p" 2>/dev/null || true
	done
}

# --- kinds -------------------------------------------------------------------

# with_user_lock COMMAND...: one build of the programs at a time.
with_user_lock() {
	(
		flock 6
		"$@"
	) 6>"$PILOT_SRC/build/.userspace.lock"
}

# What was compiled before, in another checkout for one, is not compiled again.
make_user() {
	CCACHE_DIR=$PILOT_CACHE/ccache CCACHE_MAXSIZE=1G \
		CCACHE_BASEDIR=$PILOT_SRC CCACHE_NOHASHDIR=1 \
		with_user_lock make -C "$user_dir" -k -j"$(nproc)" \
		CC="ccache ${CC:-cc}" CLANG="ccache ${CLANG:-clang}" "$@"
}

# build_modules KERNEL: the module, and the one with self-tests when a guest is to
# load it.
build_modules() {
	"$PILOT_SRC/scripts/build-module" "$1" || return
	[ "$1" = debug ] || ! is_chosen "guest/$1/self_tests" ||
		"$PILOT_SRC/scripts/build-module" --self-tests "$1"
}

# A build that others need runs once; it counts as a check when it was chosen or
# when it failed.
prepare() {
	local name=$1 what=$2
	shift 2

	say "building $what ..."
	if is_chosen "$name"; then
		run_one "$name" "$@"
	elif ! "$@" >"$(log_of "$name")" 2>&1 </dev/null; then
		record "$name" 0 1 0 0 "it does not build"
		return 1
	fi
}

run_unit() {
	local name=$1 bin=$user_dir/build/tests/test_$1 start=$SECONDS rc=0 log

	log=$(log_of "unit/$name")
	# A script that runs what was built for it.
	[ ! -e "$user_dir/tests/test_$name.sh" ] ||
		bin=$user_dir/tests/test_$name.sh
	if [ ! -x "$bin" ]; then
		cat "$logs/make-tests.log" >"$log"
		record "unit/$name" 0 1 0 0 "it does not build"
		return
	fi
	(cd "$user_dir" && CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 300 "$bin") \
		>"$log" 2>&1 </dev/null || rc=$?
	judge "unit/$name" "$log" "$rc" $((SECONDS - start))
}

run_fuzz() {
	local name=$1 bin=$user_dir/build/fuzz/fuzz_$1 start=$SECONDS rc=0
	local log corpus=() dir=$user_dir/fuzz/corpus/$1 new=$logs/corpus-$1

	log=$(log_of "fuzz/$name")
	if [ ! -x "$bin" ]; then
		cat "$logs/make-fuzz.log" >"$log"
		record "fuzz/$name" 0 1 0 0 "it does not build"
		return
	fi
	mkdir "$new"
	corpus=("$new")
	[ ! -d "$dir" ] || corpus+=("$dir")
	timeout -k 5 $((fuzz_seconds + 120)) "$bin" \
		-max_total_time="$fuzz_seconds" -timeout=20 -rss_limit_mb=2048 \
		-artifact_prefix="$logs/fuzz-$name-" -print_final_stats=1 \
		"${corpus[@]}" >"$log" 2>&1 </dev/null || rc=$?
	rm -rf "$new"
	if [ "$rc" -eq 0 ]; then
		record "fuzz/$name" 1 0 0 $((SECONDS - start))
	else
		record "fuzz/$name" 0 1 0 $((SECONDS - start)) \
			"the input is beside the log"
	fi
}

# --- guests ------------------------------------------------------------------

test_limit() {
	local limit

	limit=$(header_value "$tests_dir/$1.sh" timeout)
	[[ $limit =~ ^[0-9]+ ]] && limit=${BASH_REMATCH[0]} || limit=120
	echo "$limit"
}

# splat_owner LOG TEST: the kernel's complaints while TEST ran; with an empty
# TEST those outside all tests.
splats_of() {
	awk -v want="$2" -v re="$PILOT_SPLAT" '
		/pilot-test: begin / {sub(/.*pilot-test: begin /, ""); now = $1; next}
		/pilot-test: end / {now = ""; next}
		now == want && $0 ~ re {print; n++}
		END {exit !n}' "$1"
}

time_is_up() {
	[ "$minutes" -gt 0 ] && [ $((SECONDS - guests_began)) -ge $((minutes * 60)) ]
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
				record "guest/$kernel/$t" 0 0 1 0 "no time left"
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
	local limit=90 start=$SECONDS done_tests=() status seconds

	for t in "${left[@]}"; do
		files+=("$tests_dir/$t.sh")
		limit=$((limit + $(test_limit "$t") + 15))
	done
	# As guest/run-tests has it.
	if [ "$kernel" = debug ]; then
		limit=$((limit * 5))
	else
		limit=$((limit * 2))
	fi
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

# Groups tests by what they ask of the guest and starts a job for each group; a
# group is cut so that two guests share the work.
guest_kernel() {
	local kernel=$1 t key part=4 id=0 smp icount
	local -A groups=()
	local list

	for t in $(chosen "guest/$kernel/"); do
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

# Whether scripts/vm tells how a guest ended, on which all tests in guests rely.
run_vm() {
	local log rc=0 start=$SECONDS

	log=$(log_of vm/runner)
	"$PILOT_SRC/scripts/check-vm" --kernel "${kernels[0]}" >"$log" 2>&1 \
		</dev/null || rc=$?
	judge vm/runner "$log" "$rc" $((SECONDS - start))
}

# What a packet costs, compared with what is recorded in the tree.
run_figures() {
	local log rc=0 start=$SECONDS

	log=$(log_of "figures/$1")
	say "measuring on $1 ..."
	"$PILOT_SRC/scripts/bench" --kernel "$1" --guard >"$log" \
		2>"$log.err" </dev/null || rc=$?
	[ "$rc" -eq 0 ] || cat "$log.err" >>"$log"
	judge "figures/$1" "$log" "$rc" $((SECONDS - start))
}

# Every pair of kinds of NATs: each has to find the path that it can have.
run_matrix() {
	local log rc=0 start=$SECONDS

	log=$(log_of "matrix/$1")
	say "trying the pairs of NATs on $1 ..."
	"$PILOT_SRC/scripts/nat-matrix" --kernel "$1" --tap >"$log" \
		2>"$log.err" </dev/null || rc=$?
	[ "$rc" -eq 0 ] || tail -n 50 "$log.err" | sed 's/^/# /' >>"$log"
	judge "matrix/$1" "$log" "$rc" $((SECONDS - start))
}

skip_all() {
	local t

	for t in $(chosen "$1"); do
		record "$1$t" 0 0 1 0 "$2"
	done
}

# --- all ---------------------------------------------------------------------

run_checks() {
	local n k t user=1 ready=()

	for n in $(chosen style/); do
		run_one "style/$n" "$PILOT_SRC/scripts/style" "$n" || true
	done

	if [ -e "$user_dir/Makefile" ] &&
		{ is_chosen build/userspace || [ -n "$(chosen guest/)" ]; }; then
		prepare build/userspace "the programs" make_user all || user=0
	fi
	if [ -e "$tests_dir/Makefile" ] &&
		{ is_chosen build/selftests || [ -n "$(chosen guest/)" ]; }; then
		prepare build/selftests "the tests' programs" \
			make -C "$tests_dir" || user=0
	fi
	for k in "${kernels[@]}"; do
		[ -e "$PILOT_SRC/Kbuild" ] || continue
		is_chosen "build/$k" || [ -n "$(chosen "guest/$k/")" ] || continue
		# Its progress is worth seeing: it may fetch or build a kernel.
		"$PILOT_SRC/scripts/kernel" "$k" >/dev/null || true
		if prepare "build/$k" "the module for $k" build_modules "$k"; then
			ready+=("$k")
		else
			skip_all "guest/$k/" "no module"
		fi
	done

	if [ -n "$(chosen unit/)" ]; then
		say "building the unit tests ..."
		make_user tests >"$logs/make-tests.log" 2>&1 </dev/null || true
	fi
	for n in $(chosen unit/); do
		job run_unit "$n"
	done
	wait_jobs
	if [ -n "$(chosen fuzz/)" ]; then
		say "building the fuzz targets ..."
		make_user fuzz >"$logs/make-fuzz.log" 2>&1 </dev/null || true
	fi
	for n in $(chosen fuzz/); do
		job run_fuzz "$n"
	done
	wait_jobs

	guests_began=$SECONDS
	! is_chosen vm/runner || job run_vm
	# Instructions are counted: what runs beside them changes nothing.
	for k in $(chosen figures/); do
		job run_figures "$k"
	done
	for k in "${ready[@]}"; do
		if [ "$user" -eq 0 ]; then
			skip_all "guest/$k/" "no programs"
			continue
		fi
		guest_kernel "$k"
	done
	wait_jobs
	for k in $(chosen matrix/); do
		run_matrix "$k"
	done
}
