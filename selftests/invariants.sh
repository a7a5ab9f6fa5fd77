#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# What must hold whatever happens, one test each; those of the helper are with
# its own tests.

. "$(dirname "$0")/lib.sh"

MARKER=PLAINTEXT-MARKER-4711

# say NODE: from a, the marker in UDP and TCP's first packet.
say() {
	local i

	for i in 1 2 3; do
		in_ns a bash -c "echo $MARKER >/dev/udp/$(agent_ip "$1")/9" \
			2>/dev/null || true
	done
	in_ns a ping -n -c 2 -i 0.1 -W 1 -p "$MARKER_HEX" "$(agent_ip "$1")" \
		>/dev/null 2>&1 || true
}

# A pattern of ping has 16 bytes at most.
MARKER_HEX=504c41494e544558542d4d41524b4552

# Not before a key, not under one, not after it expired, not on teardown: only
# data frames to be seen, and the marker in none of them.
invariant_1_no_plaintext() {
	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	listen b wire marker "$MARKER" marker PLAINTEXT-MARKER
	say 6
	peer a 6 2
	say 6
	peer b 5 1
	keys 1
	pings a 6
	say 6
	key b 6 5 2 next
	events a
	key a 5 6 2 current soft-age 1 hard-age 2
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1
	event_wait a 'hard-limit' 15
	say 6
	in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
	say 6
	in_ns a pilot_ctl dev-set pilot0 socket4 -1
	say 6
	ipn a link del pilot0
	say 6
	listen_end
	within 5 1000 "$(heard data)" "data frames on the wire"
	equal "$(heard markers)" 0 "plaintexts on the wire"
	equal "$(heard other)" 0 "packets on the wire that are not ours"
	equal "$(heard udp)" "$(heard data)" "datagrams that are data frames"
}

# The test above can see: without the tunnel the marker is on the wire.
marker_is_seen_where_it_is() {
	ns_add a b
	wire a b
	listen b wire marker "$MARKER"
	in_ns a bash -c "echo $MARKER >/dev/udp/fd00::2/7740"
	wait_for 5 false || true
	listen_end
	within 1 10 "$(heard markers)" "plaintexts on the wire"
}

invariant_2_silence_to_strangers() {
	local frame

	half_pair
	frame=$(pilot_frame seal aes "$(key_hex 6 5 1)" 4711 0 "")
	ipn b addr add 10.0.0.66/24 dev wire
	listen b wire frames "$TMP/frames"
	{
		echo 94
		echo "$frame"
		pilot_frame flips 0 15 <<<"$frame"
		pilot_frame cuts <<<"$frame"
		printf '%s\n' 00 0001 01 03 64 91 92 93 95 96 40 50 ff
	} >"$TMP/strange"
	in_ns b pilot_frame send 10.0.0.1 $PORT wait 1000 from 4001 \
		<"$TMP/strange" >"$TMP/sent"
	equal "$(word answers <"$TMP/sent")" 0 "answers"
	in_ns b pilot_frame send fd00::1 $PORT wait 1000 from 4001 \
		<"$TMP/strange" >"$TMP/sent"
	equal "$(word answers <"$TMP/sent")" 0 "answers over IPv6"
	listen_end
	equal "$(grep -cE "^(10.0.0.1|fd00::1) " "$TMP/frames" || true)" 0 \
		"datagrams that a sent"
	equal "$(heard other)" 0 "ICMP and other messages"
	within 100 100000 "$(heard udp)" "datagrams that b sent"
}

invariant_4_own_address_only() {
	local n=0 source target before

	half_pair
	for source in "$(agent_ip 6)" "$(agent_ip 5)" "$(agent_ip 7)" \
		fd50:494c:4f54:2::6 fd00::2 ::1 :: ff02::1 2001:db8::1; do
		for target in "$(agent_ip 5)" "$(agent_ip 6)" \
			"$(agent_ip 7)" fd00::1 ::1 ff02::1; do
			[ "$source $target" != "$(agent_ip 6) $(agent_ip 5)" ] ||
				continue
			pilot_frame seal aes "$(key_hex 6 5 1)" \
				"$(key_index 5 6 1)" "$n" \
				"$(pilot_frame ping6 "$source" "$target")"
			n=$((n + 1))
		done
	done >"$TMP/foreign"
	n=$(wc -l <"$TMP/foreign")
	in_ns b pilot_frame send 10.0.0.1 $PORT <"$TMP/foreign" >/dev/null
	stat_rose a rx-drop-address "$n" 0
	equal "$(peer_stat a 6 rx-packets)" 0 "packets delivered"
	# And the one that is right.
	pilot_frame seal aes "$(key_hex 6 5 1)" "$(key_index 5 6 1)" "$n" \
		"$(pilot_frame ping6 "$(agent_ip 6)" "$(agent_ip 5)")" |
		in_ns b pilot_frame send 10.0.0.1 $PORT >/dev/null
	wait_for 10 delivered 1 || fail "the right one was not delivered"
}

delivered() {
	[ "$(peer_stat a 6 rx-packets)" -eq "$1" ]
}

# state: all that a knows, but for what grows with time.
state() {
	in_ns a pilot_ctl peer-get pilot0 |
		sed -E 's/ (age|since-tx) [0-9]+//g'
}

invariant_5_unauthenticated_changes_nothing() {
	local before frame

	half_pair
	wait_for 10 keepalive_sent || fail "a sent nothing"
	key a 5 6 2 next
	before=$(state)
	frame=$(pilot_frame seal aes "$(key_hex 9 9 9)" "$(key_index 5 6 1)" \
		9000 "")
	{
		# Under a wrong key, under the next key's index, with any counter.
		echo "$frame"
		pilot_frame seal aes "$(key_hex 9 9 9)" "$(key_index 5 6 2)" 0 ""
		pilot_frame seal aes "$(key_hex 9 9 9)" "$(key_index 5 6 1)" \
			268435455 ""
		pilot_frame flips 8 40 <<<"$frame"
		pilot_frame cuts <<<"$frame"
	} | in_ns b pilot_frame send 10.0.0.1 $PORT from 4001 >"$TMP/sent"
	wait_for 10 stat_at_least a rx-drop-auth 100 || fail "they did not come"
	equal "$(state)" "$before" "the state"
	equal "$(key_stat a 6 2 slot)" next "the next key's slot"
}

keepalive_sent() {
	[ "$(stat a tx-records)" -ge 1 ]
}

# frames_of_a: to standard output, how many data frames a sent before it sent the
# mark, and since.
frames_of_a() {
	awk '$1 == "10.0.0.1" {
		if ($5 ~ /^4d41524b/) since = 1
		else if ($5 ~ /^94/) n[since + 0]++
	} END {print n[0] + 0, n[1] + 0}' "$TMP/frames"
}

# The answer to peer-del means that the last packet has been delivered. What a
# sends is seen before it leaves, so nothing on the way passes the mark.
invariant_6_revocation_before_the_command_returns() {
	local got sent before since i

	half_pair
	listen a wire frames "$TMP/frames"
	spawn "$TMP/stream1" in_ns a ping -f -n "$(agent_ip 6)"
	pilot_frame seal aes "$(key_hex 6 5 1)" "$(key_index 5 6 1)" 0 "" |
		in_ns b pilot_frame send 10.0.0.1 $PORT >/dev/null
	stat_rose a rx-records 1 0
	in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
	in_ns a bash -c "echo MARK >/dev/udp/10.0.0.2/$PORT"
	sent=$(stat a tx-records)
	got=$(stat a rx-records)
	for i in 1 2 3; do
		pilot_frame seal aes "$(key_hex 6 5 1)" "$(key_index 5 6 1)" \
			"$i" "" | in_ns b pilot_frame send 10.0.0.1 $PORT \
			>/dev/null
	done
	wait_for 10 unknown_indexes 3 || fail "the index is still known"
	equal "$(stat a tx-records)" "$sent" "records sent after the answer"
	equal "$(stat a rx-records)" "$got" "records received after the answer"
	listen_end
	read -r before since < <(frames_of_a)
	within 1 1000000 "$before" "data frames before the answer"
	equal "$since" 0 "data frames after the answer"
}

unknown_indexes() {
	[ "$(socket_stat a drop-no-index)" -ge "$1" ]
}

# All at once, with records on their way; then the module must be free to go.
invariant_7_everything_is_freed() {
	local pid

	[ -n "${PILOT_MODULE:-}" ] || skip "the module under test is not a file"
	pair
	spawn "$TMP/stream1" in_ns a ping -f -n "$(agent_ip 6)"
	spawn "$TMP/stream2" in_ns b ping -f -n -s 1000 "$(agent_ip 5)"
	wait_for 10 stat_at_least b rx-records 20 || fail "nothing flows"
	for pid in $(ip netns pids "$NSP-a") $(ip netns pids "$NSP-b"); do
		kill -KILL "$pid"
	done
	ns_del a
	ns_del b
	module_unloads
	module_load
}

# Queue of a peer, of a device, table of indexes, rate of acquires: as bounds.sh
# and events.sh prove one by one; here that none of them grows by time.
invariant_9_bounds_hold_under_pressure() {
	local before

	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	pressure 200
	before=$(memory_used)
	pressure "$(scaled 5000)"
	within 0 16 "$(peer_stat a 6 queued)" "packets that wait"
	memory_back "$before" 3000
}

# pressure N: packets to a peer without a key and to many that nobody knows.
pressure() {
	in_ns a bash -c "exec 3>/dev/udp/$(agent_ip 6)/9
		for ((i = 0; i < $1; i++)); do
			echo >&3
			((i % 10)) || echo >/dev/udp/$(agent_ip 0)\$((i + 7))/9
		done" 2>/dev/null || true
}

run_tests invariant_1_no_plaintext marker_is_seen_where_it_is \
	invariant_2_silence_to_strangers invariant_4_own_address_only \
	invariant_5_unauthenticated_changes_nothing \
	invariant_6_revocation_before_the_command_returns \
	invariant_7_everything_is_freed invariant_9_bounds_hold_under_pressure
