# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for pilot-link(8)

# Runs pilot-link as the line says: same namespace and control socket.
_pilot_link_ask() {
	command pilot-link "${_pilot_link_options[@]}" -j "$@" 2>/dev/null
}

# The values of one key in JSON that pilot-link prints without blanks.
_pilot_link_values() {
	grep -o "\"$1\":\"[^\"\\\\]*\"" | cut -d '"' -f 4 | sort -u
}

_pilot_link_names() {
	_pilot_link_ask link show | _pilot_link_values ifname
}

_pilot_link_namespaces() {
	command ip netns list 2>/dev/null | cut -d ' ' -f 1
}

_pilot_link_words() {
	local IFS=$'\n'

	# shellcheck disable=SC2207
	COMPREPLY=($(compgen -W "$1" -- "$cur"))
	return 0
}

# Colons part words for readline, addresses and dids have them.
_pilot_link_colons() {
	if declare -F __ltrim_colon_completions >/dev/null; then
		__ltrim_colon_completions "$cur"
	fi
}

_pilot_link_peers() {
	local all did address

	all=$(_pilot_link_ask peer show)
	did=$(_pilot_link_values did <<<"$all")
	address=$(_pilot_link_values address <<<"$all")
	_pilot_link_words "$1"$'\n'"$did"$'\n'"$address"
	_pilot_link_colons
}

_pilot_link_lines() {
	local IFS=$'\n'

	printf '%s' "$*"
}

# What may follow a keyword. Fails when the word before is none.
_pilot_link_keyword() {
	case $1 in
	identity | psk)
		compopt -o filenames 2>/dev/null
		local IFS=$'\n'
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -f -- "$cur"))
		;;
	link | dev)
		_pilot_link_words "$(_pilot_link_names)"
		;;
	introducer | tls)
		_pilot_link_words "$(_pilot_link_lines yes no)"
		;;
	watch)
		_pilot_link_words always
		;;
	netns)
		_pilot_link_words "$(_pilot_link_namespaces)"
		;;
	network | address | mtu | endpoint | keepalive | silence | idle | \
		rate-packets | rate-bytes | tls-name | count | interval)
		COMPREPLY=()
		;;
	*)
		return 1
		;;
	esac
}

_pilot_link_link() {
	case $command in
	add)
		((after > 1)) || return
		((after > 2)) && _pilot_link_keyword "$prev" && return
		_pilot_link_words "$(_pilot_link_lines identity network \
			address netns mtu)"
		;;
	del*)
		((after == 1)) && _pilot_link_words "$(_pilot_link_names)"
		;;
	show | list)
		((after == 1)) && _pilot_link_words \
			"$(_pilot_link_names)"$'\n'"help"
		;;
	esac
}

_pilot_link_peer() {
	case $command in
	add | set)
		if ((after == 1)); then
			[[ $command == set ]] && _pilot_link_peers ""
			return
		fi
		((after > 2)) && _pilot_link_keyword "$prev" && return
		_pilot_link_words "$(_pilot_link_lines link address endpoint \
			psk keepalive silence idle watch rate-packets \
			rate-bytes introducer tls tls-name)"
		;;
	show | list | del*)
		_pilot_link_keyword "$prev" && return
		_pilot_link_peers link
		;;
	esac
}

_pilot_link_id() {
	case $command in
	new | show | list | export)
		if ((after == 1)); then
			compopt -o filenames 2>/dev/null
			local IFS=$'\n'
			# shellcheck disable=SC2207
			COMPREPLY=($(compgen -f -- "$cur"))
		elif [[ $command != export && $prev != network ]]; then
			_pilot_link_words network
		fi
		;;
	esac
}

# The peer is the word that stands where other objects have a command.
_pilot_link_ping() {
	((after > 1)) && _pilot_link_keyword "$prev" && return
	_pilot_link_words "$(_pilot_link_lines link count interval)"
}

# Here the peer may stand in the place of a command, too.
_pilot_link_path() {
	_pilot_link_keyword "$prev" && return
	if ((after == 1)) && [[ $command == @(show|list) ]]; then
		_pilot_link_peers link
	else
		_pilot_link_words link
	fi
}

_pilot_link_relay() {
	_pilot_link_keyword "$prev" || _pilot_link_words link
}

_pilot_link_stats() {
	_pilot_link_keyword "$prev" || _pilot_link_words link
}

_pilot_link_option() {
	case $prev in
	-b | -batch | --batch | -control | --control)
		compopt -o filenames 2>/dev/null
		local IFS=$'\n'
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	-n | -netns | --netns)
		_pilot_link_words "$(_pilot_link_namespaces)"
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		_pilot_link_words "$(_pilot_link_lines -statistics -details \
			-json -pretty -timestamp -color -color=always \
			-color=auto -color=never -netns -batch -force \
			--control -help -Version)"
	else
		_pilot_link_words "$(_pilot_link_lines link peer id ping path \
			netcheck relay monitor stats help)"
	fi
}

_pilot_link() {
	local cur prev words cword object="" command="" after=0 i
	local -a _pilot_link_options=()

	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n := cur prev words cword
	else
		words=("${COMP_WORDS[@]}")
		cword=$COMP_CWORD
		cur=${words[cword]}
		prev=${words[cword - 1]}
	fi
	COMPREPLY=()

	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-n | -netns | --netns | -control | --control)
			((i + 1 < cword)) || break
			_pilot_link_options+=("${words[i]}" "${words[i + 1]}")
			((i++))
			;;
		-b | -batch | --batch)
			((i++))
			;;
		-*)
			;;
		*)
			object=${words[i]}
			command=${words[i + 1]}
			after=$((cword - i - 1))
			break
			;;
		esac
	done

	if [[ -z $object ]]; then
		_pilot_link_option
		return
	fi
	if ((after == 0)); then
		case $object in
		l*) _pilot_link_words "$(_pilot_link_lines show list add \
			delete help)" ;;
		pe*) _pilot_link_words "$(_pilot_link_lines show list add set \
			delete help)" ;;
		pi*) _pilot_link_peers help ;;
		pa*) _pilot_link_peers "$(_pilot_link_lines show list help)" ;;
		i*) _pilot_link_words "$(_pilot_link_lines show list new \
			export help)" ;;
		r*) _pilot_link_words "$(_pilot_link_lines show list link \
			help)" ;;
		n*) _pilot_link_words help ;;
		m*) _pilot_link_words "$(_pilot_link_lines all link peer \
			help)" ;;
		s*) _pilot_link_words "$(_pilot_link_lines show list link \
			pilotd help)" ;;
		esac
		return
	fi
	case $object in
	l*) _pilot_link_link ;;
	pe*) _pilot_link_peer ;;
	pi*) _pilot_link_ping ;;
	pa*) _pilot_link_path ;;
	i*) _pilot_link_id ;;
	r*) _pilot_link_relay ;;
	s*) _pilot_link_stats ;;
	esac
}

complete -F _pilot_link pilot-link
