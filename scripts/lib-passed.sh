# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What passed, kept for a run of scripts/check that goes on where this one ended.
#
# Kept is what takes hours: tests in guests, figures and matrices.  A file in the
# cache for each, named after what was tested: the sources and the kernel.  Not among
# the sources are those that no guest sees: *.rst, and .ci, which only chooses; and of
# the tests in guests each one's own file counts for that one and those that name it.

passed_dir=

# Fails where the sources cannot be told.
passed_begin() {
	local common

	common=$(passed_sources | sources_sum) || return
	passed_dir=$PILOT_CACHE/passed/$common
	mkdir -p "$passed_dir"
	find "$PILOT_CACHE/passed" -mindepth 1 -maxdepth 1 -mtime +14 \
		-exec rm -rf {} +
	touch "$passed_dir"
}

# Those that count for everything; each ends with a NUL.
passed_sources() {
	git -C "$PILOT_SRC" ls-files -z --cached --others --exclude-standard \
		2>/dev/null | sort -zu | grep -zvE '\.rst$|^\.ci/' |
		grep -zvP '^selftests/(?!lib)[^/]*\.sh$'
}

# The names of files by standard input; one sum of all.  A file that was deleted has
# no line of its own, so the sum is another.
sources_sum() {
	local files

	mapfile -d '' -t files
	[ ${#files[@]} -gt 0 ] || return
	{
		cd "$PILOT_SRC" || exit
		sha256sum -- "${files[@]}" 2>/dev/null || true
	} | sha256sum | cut -c 1-16
}

# test_sum TEST: of its file and of those that it names; without a name, of all.
test_sum() {
	local files

	mapfile -t files < <(
		cd "$PILOT_SRC/selftests" || exit
		if [ $# -eq 0 ]; then
			printf '%s\n' *.sh
		else
			echo "$1.sh"
			grep -oE '[a-z_]+\.sh' "$1.sh" | sort -u
		fi
	)
	files=("${files[@]/#/selftests/}")
	printf '%s\0' "${files[@]}" | sources_sum
}

# passed_file NAME: fails for what is not kept.
passed_file() {
	local kernel release tests

	[ -n "$passed_dir" ] || return
	case $1 in
	guest/*/*) tests=$(test_sum "${1##*/}") ;;
	figures/* | matrix/*) tests=$(test_sum) ;;
	*) return 1 ;;
	esac
	kernel=$(cut -d / -f 2 <<<"$1")
	# As scripts/kernel has it: 6.1 is installed, the others are in the cache.
	release=$(cat "$PILOT_CACHE/$kernel/release" 2>/dev/null) ||
		release=$(dpkg-query -W -f '${Version}' linux-image-amd64 \
			2>/dev/null) || return
	echo "$passed_dir/${1//\//-}@$release@$tests"
}

# passed_keep NAME PASSED SKIPPED: how many cases.
passed_keep() {
	local file

	file=$(passed_file "$1") || return 0
	echo "$2 $3" >"$file"
}

# passed_drop NAME: it was not as good as it looked.
passed_drop() {
	local file

	file=$(passed_file "$1") || return 0
	rm -f "$file"
}

# passed_before NAME: prints PASSED SKIPPED, fails when it did not pass.
passed_before() {
	local file

	file=$(passed_file "$1") && cat "$file" 2>/dev/null
}
