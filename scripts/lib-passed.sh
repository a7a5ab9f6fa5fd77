# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What passed, kept for a run of scripts/check that goes on where this one ended.
#
# Kept is what takes hours: tests in guests, figures and matrices.  A file in the
# cache for each, named after what was tested: the sources and the kernel.  Not among
# the sources are those that no guest sees: *.rst, and .ci, which only chooses.

passed_dir=

# Fails where the sources cannot be told.
passed_begin() {
	local sources

	sources=$(cd "$PILOT_SRC" &&
		git ls-files -z --cached --others --exclude-standard \
			2>/dev/null | sort -zu | sources_sum) || return
	passed_dir=$PILOT_CACHE/passed/$sources
	mkdir -p "$passed_dir"
	find "$PILOT_CACHE/passed" -mindepth 1 -maxdepth 1 -mtime +14 \
		-exec rm -rf {} +
	touch "$passed_dir"
}

# The names of files by standard input; one sum of all.  A file that was deleted has
# no line of its own, so the sum is another.
sources_sum() {
	local files

	mapfile -d '' -t files
	[ ${#files[@]} -gt 0 ] || return
	printf '%s\0' "${files[@]}" | grep -zvE '\.rst$|^\.ci/' |
		xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c 1-16
}

# passed_file NAME: fails for what is not kept.
passed_file() {
	local kernel release

	[ -n "$passed_dir" ] || return
	case $1 in
	guest/*/* | figures/* | matrix/*) ;;
	*) return 1 ;;
	esac
	kernel=$(cut -d / -f 2 <<<"$1")
	# As scripts/kernel has it: 6.1 is installed, the others are in the cache.
	release=$(cat "$PILOT_CACHE/$kernel/release" 2>/dev/null) ||
		release=$(dpkg-query -W -f '${Version}' linux-image-amd64 \
			2>/dev/null) || return
	echo "$passed_dir/${1//\//-}@$release"
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
