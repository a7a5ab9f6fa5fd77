#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=420
# not-on: debug
#
# An introducer and its clients as strangers see them, on a real wire: nobody gets
# more back than was spent on asking, no frame goes by another's relay id, and what
# is played again is answered by nobody.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-introducer.sh
. "$(dirname "$0")/lib-introducer.sh"

# In hex: a relay frame, as far as the frame inside.
RELAYED=96..............
# What may be under way, or is said by the introducer itself, as long as a test looks.
BACKGROUND=10

# scene_up [KEYWORD VALUE]: agents in a and b, linked by the introducer only, which
# is told that, and a stranger s, who can send with any source and reaches a too.
scene_up() {
	local ns

	introducer_up a b s
	for ns in r a b; do
		agents_of "$ns" 1
	done
	introducer_conf 1 a b <<<"${1:-}"
	agents_conf a b 1
	agents_conf b a 1
	in_ns r sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.to-s.rp_filter=0
	ipn a route add 10.0.3.0/24 via 10.0.1.1
	ipn s route add default via 10.0.3.1
	in_ns s ping -n -q -c 2 -W 5 10.0.1.2 >"$TMP/ping"
}

# capture NAME INTERFACE: what passes there in r, until capture_end.
capture() {
	spawn_ready "$TMP/$1.said" in_ns r pilot_wire "$2" frames "$TMP/$1"
	echo "$SPAWNED" >"$TMP/$1.pid"
}

capture_end() {
	end_process "$(<"$TMP/$1.pid")"
	equal "$(word lost <"$TMP/$1.said")" 0 "packets the capture lost"
}

# recorded NAME SRC TYPE: datagrams, in hex, without repetitions.
recorded() {
	awk -v src="$2" -v type="^$3" '$1 == src && $5 ~ type && !seen[$5]++ {
		print $5}' "$TMP/$1"
}

# bytes_of NAME SRC [TYPE]: of UDP payload.
bytes_of() {
	awk -v src="$2" -v type="^${3:-}" '$1 == src && $5 ~ type {
		n += length($5) / 2} END {print n + 0}' "$TMP/$1"
}

datagrams_of() {
	awk -v src="$2" -v type="^${3:-}" '$1 == src && $5 ~ type {n++}
		END {print n + 0}' "$TMP/$1"
}

# A session of a with the introducer, and data by its relay, are in $TMP/a.frames
# and $TMP/b.frames.
session_recorded() {
	local ns type

	helper_start r
	capture a.frames to-a
	capture b.frames to-b
	helper_start a
	helper_start b
	known a 1
	known b 1
	first_packet a b 0
	reaches a "${ip_of[b0]}" -c 60 -i 0.05
	must pl a ping "${did_of[r0]}" count 2
	must pl a ping "${did_of[b0]}" count 2
	capture_end a.frames
	capture_end b.frames
	for type in 91 95 "${RELAYED}91" "${RELAYED}94" "${RELAYED}95"; do
		[ -n "$(recorded a.frames 10.0.1.2 "$type")" ] ||
			fail "no frame $type was recorded"
	done
}

# spoof ADDRESS PORT TO: hex lines of standard input, as if from there, by s.
spoof() {
	in_ns s python3 -c '
import socket, struct, sys, time
source, port, to = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for n, line in enumerate(sys.stdin):
    body = bytes.fromhex(line)
    udp = struct.pack("!HHHH", int(port), 7740, 8 + len(body), 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(body), 0, 0, 64, 17, 0)
    s.sendto(ip + socket.inet_aton(source) + socket.inet_aton(to) + udp + body,
             (to, 0))
    if n % 20 == 19:
        time.sleep(0.01)' "$@"
}

# Each first byte, in sizes around those of frames, and what is behind a carrier.
every_kind() {
	python3 -c '
import os
def out(*parts):
    print(b"".join(parts).hex())
for first in range(256):
    for size in (1, 4, 16, 32, 64, 149, 244, 1200):
        out(bytes([first]), bytes(min(3, size - 1)),
            os.urandom(max(size - 4, 0)))
        for front in (b"\x96\0\0\0" + os.urandom(4),
                      b"\x40\1" + size.to_bytes(2, "big")):
            out(front, bytes([first]), bytes(min(3, size - 1)),
                os.urandom(max(size - 4, 0)))
cookie = bytes.fromhex("2112a442")
for method in (1, 3, 4, 6, 7, 8, 9):     # what STUN and TURN servers do
    out(b"\0", bytes([method]), b"\0\0", cookie, os.urandom(12))
out(b"d1:ad2:id20:", os.urandom(20), b"e1:q4:ping1:t2:aa1:y1:qe")
'
}

# answered ADDRESS: hex lines of standard input go there from s; SENT and BACK are
# bytes, N how many datagrams came back.
answered() {
	cat >"$TMP/lines"
	[ -s "$TMP/lines" ] || fail "there is nothing to send to $1"
	capture s.frames to-s
	in_ns s pilot_frame send "$1" "$PORT" from 4001 wait 700 <"$TMP/lines" \
		>"$TMP/said"
	capture_end s.frames
	SENT=$(bytes_of s.frames 10.0.3.2)
	BACK=$(bytes_of s.frames "$1")
	N=$(datagrams_of s.frames "$1")
	equal "$SENT" $((($(tr -d '\n' <"$TMP/lines" | wc -c)) / 2)) \
		"bytes that were sent"
	equal "$(word other <"$TMP/s.frames.said")" 0 \
		"packets that are no datagrams, to or from s"
}

a_stranger_gets_nothing() {
	local to type

	scene_up
	session_recorded
	every_kind >"$TMP/kinds"
	for to in 10.0.3.1 10.0.1.2; do
		answered "$to" <"$TMP/kinds"
		note "all kinds to $to: $SENT bytes there, $BACK back"
		equal "$BACK" 0 "bytes back from $to"
		for type in 91 92 93 94 95 96; do
			{
				recorded a.frames 10.0.1.2 "$type"
				recorded a.frames 10.0.1.1 "$type"
			} >"$TMP/replayed"
			[ -s "$TMP/replayed" ] || continue
			answered "$to" <"$TMP/replayed"
			note "recorded $type to $to: $SENT bytes there," \
				"$BACK back"
			equal "$BACK" 0 "bytes back from $to for $type"
		done
	done
	reaches a "${ip_of[b0]}"
}

# The one exception: initiations that a real peer made and nobody has read yet are
# answered once each, with less than was spent.
an_unread_initiation_is_answered_once_with_less() {
	local one n=0 reader

	scene_up
	# Nobody reads them but us.
	spawn_ready "$TMP/read" in_ns r pilot_frame recv "$PORT" 4 60
	reader=$SPAWNED
	helper_start a
	wait "$reader" || fail "a did not repeat itself"
	agent_ends a
	awk '$1 == "10.0.1.2" && $4 ~ /^91/ {print $4}' "$TMP/read" \
		>"$TMP/unread"
	helper_start r
	while read -r one; do
		answered 10.0.3.1 <<<"$one"
		within 0 1 "$N" "answers"
		[ "$BACK" -le $((SENT - 1)) ] ||
			fail "$SENT bytes were answered with $BACK"
		n=$((n + N))
	done <"$TMP/unread"
	note "unread initiations: $(wc -l <"$TMP/unread"), answered $n," \
		"the last: $SENT bytes there, $BACK back"
	[ "$n" -ge 1 ] || fail "none was answered: that proves nothing"
	answered 10.0.3.1 <"$TMP/unread"
	equal "$BACK" 0 "bytes back when they are played again"
	# Nobody can use what was answered, and a has a session as ever.
	helper_start a
	known a 1
}

agent_ends() {
	end_process "$(helper_pid "$1")"
	ipn "$1" link del pilot0 2>/dev/null || true
}

# The helpers of a and b say nothing more, and their kernels go on; until thaw.
freeze() {
	kill -STOP "$(worker_pid a)" "$(worker_pid b)"
}

thaw() {
	kill -CONT "$(worker_pid a)" "$(worker_pid b)"
}

# id_of CAPTURE SRC: of the relay frames it sends, as in the frame.
id_of() {
	recorded "$1" "$2" 96 | cut -c 9-16 | sort | uniq -c | sort -n |
		awk 'END {print $2}'
}

a_relay_id_is_good_only_for_whom_it_is() {
	local a b before drops

	scene_up
	session_recorded
	a=$(id_of a.frames 10.0.1.2)
	b=$(id_of b.frames 10.0.2.2)
	[ -n "$a$b" ] || fail "no ids were seen"
	recorded a.frames 10.0.1.2 96 | head -n 50 >"$TMP/of-a"
	freeze
	before=$(socket_stat r rx-relayed)
	drops=$(socket_stat r drop-relay)
	# a's id from elsewhere: s itself, another port of a's address, b's.
	in_ns s pilot_frame send 10.0.3.1 "$PORT" <"$TMP/of-a" >/dev/null
	spoof 10.0.1.2 4444 10.0.1.1 <"$TMP/of-a"
	spoof 10.0.2.2 "$PORT" 10.0.1.1 <"$TMP/of-a"
	# b's id from where a is.
	sed "s/^96000000$a/96000000$b/" "$TMP/of-a" |
		spoof 10.0.1.2 "$PORT" 10.0.1.1
	wait_for 10 socket_at_least r drop-relay \
		$((drops + 4 * $(wc -l <"$TMP/of-a"))) ||
		fail "$(($(socket_stat r drop-relay) - drops)) were refused"
	# Ids that are guessed, from where a is.
	python3 -c '
import os
for n in range(3000):
    print((b"\x96\0\0\0" + os.urandom(4) + b"\x94\0\0\0").hex() + "00" * 60)' |
		spoof 10.0.1.2 "$PORT" 10.0.1.1
	within 0 "$BACKGROUND" $(($(socket_stat r rx-relayed) - before)) \
		"frames forwarded"
	thaw
	reaches a "${ip_of[b0]}"
}

# The relay has no keys, so it sends on what the right address plays again: to the
# same peer, one for one, within the caps. That one drops it.
frames_played_again_are_answered_by_nobody() {
	local before i n rounds=5 replayed

	scene_up
	session_recorded
	recorded a.frames 10.0.1.2 "${RELAYED}94" | head -n 60 >"$TMP/of-a"
	recorded a.frames 10.0.1.2 95 | head -n 60 >"$TMP/control"
	n=$(wc -l <"$TMP/of-a")
	freeze
	replayed=$(stat b rx-drop-replay)
	capture a.again to-a
	capture b.again to-b
	before=$(socket_stat r rx-relayed)
	for ((i = 0; i < rounds; i++)); do
		spoof 10.0.1.2 "$PORT" 10.0.1.1 <"$TMP/of-a"
		spoof 10.0.1.2 "$PORT" 10.0.1.1 <"$TMP/control"
	done
	wait_for 10 socket_at_least r rx-relayed $((before + n * rounds)) ||
		fail "$(($(socket_stat r rx-relayed) - before)) of" \
			"$((n * rounds)) went on"
	capture_end a.again
	capture_end b.again
	note "$((n * rounds)) relay frames played again:" \
		"$(datagrams_of b.again 10.0.2.1) to b," \
		"$(datagrams_of b.again 10.0.2.2) from b;" \
		"$((rounds * $(wc -l <"$TMP/control"))) control frames:" \
		"$(datagrams_of a.again 10.0.1.1) to a"
	within 1 $((n * rounds + BACKGROUND)) "$(datagrams_of b.again 10.0.2.1)" \
		"frames sent on to b"
	within 0 "$BACKGROUND" "$(datagrams_of b.again 10.0.2.2)" "frames from b"
	within 0 "$BACKGROUND" "$(datagrams_of a.again 10.0.1.1)" "frames to a"
	equal "$(stat b rx-drop-replay)" $((replayed + n * rounds)) \
		"records that b has seen before"
	thaw
	reaches a "${ip_of[b0]}"
}

# entry_of NS: what the introducer says of that agent's way: how many bytes went, and
# are left, and how many frames were dropped.
entry_of() {
	local address

	address=$(pilot-link -j -p id show "$TMP/$1/id0" network 1 |
		member address)
	pl r -j relay show | python3 -c '
import json, sys
for e in json.load(sys.stdin):
    if e["from"] == sys.argv[1]:
        print(e["bytes"], e.get("bytes_left", "any"), e["drops"])
' "$address"
}

has_dropped() {
	local drops

	read -r _ _ drops < <(entry_of "$1")
	[ "${drops:-0}" -ge "$2" ]
}

# Neither one more by asking again, nor by opening anew: only from who allows more.
no_more_bytes_than_are_allowed_go_by() {
	local gone left drops total=300000

	scene_up "relay-total-bytes $total"
	helper_start r
	helper_start a
	helper_start b
	known a 1
	known b 1
	first_packet a b 0
	ping_start a "${ip_of[b0]}" 0.01 -s 1100
	soon 60 has_dropped a 100
	# Without a path they ask the introducer again and again; by new ones, too.
	end_process "$(helper_pid a)"
	helper_start a
	soon 60 has_dropped a 200
	read -r gone left drops < <(entry_of a)
	note "$gone of $total bytes went, $left are left, $drops frames did not go"
	within $((total - 1400)) $total "$gone" "bytes that were passed on"
	equal "$left" $((total - gone)) "bytes left"
	sed -i "s/^relay-total-bytes .*/relay-total-bytes 100000000/" "$TMP/r/conf"
	kill -HUP "$(helper_pid r)"
	soon 60 passes_on a $((total + 100000))
	end_process "$PINGS" -INT
}

passes_on() {
	local gone

	read -r gone _ < <(entry_of "$1")
	[ "${gone:-0}" -ge "$2" ]
}

helper_tests a_stranger_gets_nothing \
	an_unread_initiation_is_answered_once_with_less \
	a_relay_id_is_good_only_for_whom_it_is \
	frames_played_again_are_answered_by_nobody \
	no_more_bytes_than_are_allowed_go_by
