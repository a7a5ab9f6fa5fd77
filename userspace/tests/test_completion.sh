#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The completion of the command line knows what the command knows: by its help,
# and by the tables in its sources.

# shellcheck source=userspace/tests/lib-host.sh
. "$(dirname -- "$(readlink -f -- "$0")")/lib-host.sh"
# shellcheck source=userspace/pilot-link/completion.bash
. "$here/../pilot-link/completion.bash"

# offers WORD...: what is offered for the last one, a line each.
offers() {
	COMP_WORDS=(pilot-link "$@")
	COMP_CWORD=$#
	_pilot_link || true
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort
}

# same EXPECTED WHAT WORD...
same() {
	local expected=$1 what=$2
	shift 2

	equal "$(offers "$@" | paste -sd ' ')" \
		"$(sort -u <<<"$expected" | paste -sd ' ')" "$what"
}

# help_words NAME PATTERN: of what the help says that NAME may be.
help_words() {
	"$build/pilot-link" help | sed -n "/^$1 := {/,/}\$/p" | tr -d '[]' |
		grep -oE -e "$2"
}

# commands OBJECT, keywords OBJECT: from its table.
commands() {
	sed -n '/struct command commands\[\]/,/};/s/.*{ "\([^"]*\)".*/\1/p' \
		"$here/../pilot-link/$1.c"
}

# ip's word for a link is taken, but not taught.
keywords() {
	sed -n '/"dev"/d; s/.*{ "\([^"]*\)", ".*", KEYWORD_.*/\1/p' \
		"$here/../pilot-link/$1.c"
}

objects() {
	help_words OBJECT '[a-z]+'
}

# asked SAYS: what the completion asks for is answered so, and noted.
asked() {
	mkdir -p "$TMP/bin"
	printf '%s' "$1" >"$TMP/answer"
	cat >"$TMP/bin/pilot-link" <<-END
		#!/bin/sh
		echo "\$*" >"$TMP/asked"
		cat "$TMP/answer"
	END
	chmod +x "$TMP/bin/pilot-link"
	PATH=$TMP/bin:$PATH
}

# --- tests -------------------------------------------------------------------

every_object_is_offered() {
	[ "$(objects | wc -l)" -gt 8 ] || fail "the help has no objects"
	same "$(objects)" "the objects" ""
	same "$(objects | grep ^p)" "the objects with a p" p
	same netcheck "what n may be" n
}

every_option_is_offered() {
	local options

	options=$(help_words OPTIONS '-[-A-Za-z]+')
	[ "$(wc -l <<<"$options")" -gt 10 ] || fail "the help has no options"
	equal "$(offers - | grep -v = | paste -sd ' ')" \
		"$(sort <<<"$options" | paste -sd ' ')" "the options"
	same $'-color=always\n-color=auto\n-color=never' "colours" -color=
	# Behind an option the object is found all the same.
	same help "commands" -n x -j --control y netcheck ""
}

every_command_is_offered() {
	local object also

	asked '[]'
	for object in $(objects); do
		[ "$object" != help ] || continue
		also=help
		# Here this may stand in the place of a command.
		case $object in relay | stats) also+=$'\n'link ;; esac
		same "$(commands "$object" && echo "$also")" \
			"commands of $object" \
			"$object" ""
	done
	[ "$(commands peer | wc -l)" -gt 4 ] || fail "no commands are found"
}

# keywords_of OBJECT WORD...: all are offered behind the words, and behind each
# of them a value is.
keywords_of() {
	local table keyword

	table=$(keywords "$1")
	[ -n "$table" ] || fail "no keywords of $1 are found"
	same "$table" "keywords of $*" "$@" ""
	for keyword in $table; do
		! offers "$@" "$keyword" "" | grep -qxF -- "$table" ||
			fail "a keyword for a value of $* $keyword"
	done
}

every_keyword_is_offered() {
	asked '[]'
	cd "$TMP"
	keywords_of link add name
	keywords_of peer add did
	keywords_of peer set did
	keywords_of ping did
	keywords_of id show file
	keywords_of path show
	keywords_of relay show
	keywords_of stats show
	same link "words behind a peer" path did ""
}

names_are_those_of_the_line() {
	asked '[{"ifname":"pilot1"},{"ifname":"pilot0"}]'
	same $'help\npilot0\npilot1' "links" -n far --control /s link show ""
	equal "$(cat "$TMP/asked")" "-n far --control /s -j link show" \
		"what was asked"
	same pilot1 "links" link delete pilot1
	same $'pilot0\npilot1' "links" peer show link ""
	asked '[{"did":"did:key:z6Mkx","address":"1:0001.0000.0009"}]'
	same $'did:key:z6Mkx\n1:0001.0000.0009\nlink' "peers" peer show ""
	same $'did:key:z6Mkx\n1:0001.0000.0009' "peers" peer set ""
	same $'did:key:z6Mkx\n1:0001.0000.0009\nhelp' "peers" ping ""
	same $'did:key:z6Mkx\n1:0001.0000.0009\nlink' "peers" path show ""
	equal "$(cat "$TMP/asked")" "-j peer show" "what was asked"
}

[ -x "$build/pilot-link" ] || skip_all "not built: make tests"
host_tests every_object_is_offered every_option_is_offered \
	every_command_is_offered every_keyword_is_offered \
	names_are_those_of_the_line
