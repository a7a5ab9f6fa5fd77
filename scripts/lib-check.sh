# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/check runs.  Uses its variables: kernels, names, taken, logs,
# fuzz_seconds.
#
# shellcheck disable=SC2154

# shellcheck source=scripts/lib-guests.sh
. "$PILOT_SRC/scripts/lib-guests.sh"

user_dir=$PILOT_SRC/userspace

# --- names -------------------------------------------------------------------

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
	echo runner/check
	echo runner/vm
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

# run_runner NAME ARG...: whether what all tests in guests rely on tells how they
# ended: scripts/vm of a guest, and scripts/check of the tests in it.
run_runner() {
	local log rc=0 start=$SECONDS

	log=$(log_of "runner/$1")
	"$PILOT_SRC/scripts/check-$1" "${@:2}" >"$log" 2>&1 </dev/null || rc=$?
	judge "runner/$1" "$log" "$rc" $((SECONDS - start))
}

# out_of_time NAME: it is skipped then.
out_of_time() {
	time_is_up && record "$1" 0 0 1 0 "$no_time"
}

# What a packet costs, compared with what is recorded in the tree.
run_figures() {
	local log rc=0 start=$SECONDS

	! out_of_time "figures/$1" || return 0
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

	! out_of_time "matrix/$1" || return 0
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

# What passed in an earlier run counts, and is chosen no more.
take_over() {
	local n left=() passed skipped

	for n in "${names[@]}"; do
		if read -r passed skipped < <(passed_before "$n"); then
			record "$n" "$passed" 0 "$skipped" 0 "in an earlier run"
			taken=$((taken + 1))
		else
			left+=("$n")
		fi
	done
	names=("${left[@]}")
}

run_checks() {
	local n k user=1 ready=() tests=()

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

	! is_chosen runner/check || job run_runner check
	guests_began=$SECONDS
	! is_chosen runner/vm || job run_runner vm --kernel "${kernels[0]}"
	# Instructions are counted: what runs beside them changes nothing.
	for k in $(chosen figures/); do
		job run_figures "$k"
	done
	for k in "${ready[@]}"; do
		if [ "$user" -eq 0 ]; then
			skip_all "guest/$k/" "no programs"
			continue
		fi
		mapfile -t tests < <(chosen "guest/$k/")
		guest_kernel "$k" "${tests[@]}"
	done
	wait_jobs
	for k in $(chosen matrix/); do
		run_matrix "$k"
	done
}
