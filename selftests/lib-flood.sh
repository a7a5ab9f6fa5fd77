# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Floods of a helper by strangers, whose invented sources, 10.99.0.0/16, have to be
# routed back to where they come from.  Sourced after lib-helper.sh.
#
# shellcheck disable=SC2034,SC2154

# flood_start NS LINK ADDRESS KIND RATE [FILE]: from NS, to LINK ("NS DEVICE") which
# has the address, as flood.py says; returns when it has begun to come.
flood_start() {
	local from=$1 before
	FLOOD_LINK=$2
	shift 2

	before=$(flood_seen)
	spawn "$TMP/flood" in_ns "$from" "$dir/flood.py" "$@"
	FLOOD=$SPAWNED
	soon 60 grep -q ready "$TMP/flood"
	FLOOD_BEGAN=${EPOCHREALTIME/[.,]/}
	soon 20 flood_has_come $((before + 500))
}

# FLOOD_SENT datagrams in FLOOD_MS were sent.
flood_end() {
	FLOOD_MS=$(((${EPOCHREALTIME/[.,]/} - FLOOD_BEGAN) / 1000))
	end_process "$FLOOD"
	FLOOD_SENT=$(word sent <"$TMP/flood")
	note "flood: $FLOOD_SENT datagrams in $FLOOD_MS ms"
	[ "$FLOOD_SENT" -ge 500 ] || fail "that was no flood"
}

flood_seen() {
	in_ns "${FLOOD_LINK% *}" cat \
		"/sys/class/net/${FLOOD_LINK#* }/statistics/rx_packets"
}

flood_has_come() {
	[ "$(flood_seen)" -ge "$1" ]
}

# helper_status SIDE GROUP MEMBER: a counter of that helper.
helper_status() {
	python3 -c '
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{\"op\": \"status\"}\n")
reply = json.loads(s.makefile().readline())
print(reply["result"][sys.argv[2]][sys.argv[3]])' "$TMP/$1/sock" "$2" "$3"
}
