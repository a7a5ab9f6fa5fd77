#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# What the receiver does with frames that are replayed, cut, bent or forged.  b
# holds agent 6's keys but is no kernel: the test itself makes the datagrams.

. "$(dirname "$0")/lib.sh"

# seal COUNTER PLAINTEXT...: frames of agent 6 to agent 5.
seal() {
	local counter=$1
	shift

	pilot_frame seal "$CIPHER" "$(key_hex 6 5 1)" "$(key_index 5 6 1)" \
		"$counter" "$@"
}

# deliver [ARGS]...: sends what it reads from b to a.
deliver() {
	in_ns b pilot_frame send "$(underlay 1)" $PORT "$@" >"$TMP/sent"
}

sent_n() {
	word sent <"$TMP/sent"
}

ping_plain() {
	pilot_frame short "$(ping_full)"
}

ping_full() {
	pilot_frame ping6 "$(agent_ip 6)" "$(agent_ip 5)"
}

# one_drop NAME COUNTER PLAINTEXT: authentic, yet dropped for this reason.
one_drop() {
	local before records

	before=$(stat a "$1")
	records=$(stat a rx-records)
	seal "$2" "$3" | deliver
	stat_rose a "$1" 1 "$before"
	equal "$(stat a rx-records)" $((records + 1)) "records"
}

# Nothing may have changed at a since it was set up.
untouched() {
	equal "$(stat a rx-records)" 0 "authentic records"
	equal "$(key_stat a 6 1 rx-counter)" 0 "the key's rx-counter"
	equal "$(peer_stat a 6 since-rx)" "" "since-rx"
	equal "$(peer_stat a 6 endpoint)" "$(underlay 2)" "the endpoint"
	equal "$(peer_stat a 6 port)" $PORT "the endpoint's port"
	equal "$(peer_stat a 6 rx-packets)" 0 "packets delivered"
}

genuine_frame_is_delivered_and_answered() {
	half_pair flags 2
	spawn_ready "$TMP/got" in_ns b pilot_frame recv $PORT 1 20
	seal 0 "$(ping_plain)" | deliver
	wait_for 10 says "$TMP/got" 10.0.0.1 || fail "no answer"
	awk '/10.0.0.1/ {print $4}' "$TMP/got" |
		pilot_frame open "$CIPHER" "$(key_hex 5 6 1)" >"$TMP/plain"
	# Short header: version 0, ICMPv6, hop limit, no flag; an echo reply.
	grep -qE "^$(key_index 6 5 1) [0-9]+ 0[0-9a-f]{7}3a[0-9a-f]{2}000081" \
		"$TMP/plain" || fail "not an echo reply: $(cat "$TMP/plain")"
	equal "$(stat a rx-records)" 1 "records"
	equal "$(peer_stat a 6 rx-packets)" 1 "packets"
}

genuine_chacha_frame_is_delivered_and_answered() {
	CIPHER=chacha
	genuine_frame_is_delivered_and_answered
}

flipped_bits() {
	local frame

	half_pair
	frame=$(seal 7 "$(ping_plain)")
	pilot_frame flips <<<"$frame" | deliver
	wait_for 20 data_seen "$(sent_n)" || true
	untouched
	within 300 100000 "$(sent_n)" "frames sent"
	within 250 100000 "$(stat a rx-drop-auth)" "a's rx-drop-auth"
	within 24 100000 "$(socket_stat a drop-malformed)" "malformed frames"
	within 32 100000 "$(socket_stat a drop-no-index)" "unknown indexes"
	# None of them spoiled anything for the frame itself.
	deliver <<<"$frame"
	stat_rose a rx-records 1 0
}

# Whatever its type became, each datagram was counted somewhere.
data_seen() {
	local seen

	seen=$(($(socket_stat a rx-data) + $(socket_stat a drop-type) +
		$(socket_stat a rx-helper) + $(socket_stat a drop-limit) +
		$(socket_stat a drop-relay)))
	[ "$seen" -ge "$1" ]
}

every_flipped_bit_is_refused() {
	flipped_bits
}

every_flipped_bit_is_refused_with_chacha_over_ipv6() {
	CIPHER=chacha FAMILY=6
	flipped_bits
}

every_truncated_frame_is_refused() {
	local frame

	half_pair
	frame=$(seal 7 "$(ping_plain)")
	pilot_frame cuts <<<"$frame" | deliver
	wait_for 20 data_seen "$(sent_n)" || true
	untouched
	within 31 31 "$(socket_stat a drop-malformed)" "frames too short"
	deliver <<<"$frame"
	stat_rose a rx-records 1 0
	# And one that is longer than was sealed.
	echo "${frame}00" | deliver
	stat_rose a rx-drop-auth 25 0
}

replayed_frames_are_refused() {
	half_pair
	seal 0 "$(ping_plain)" "$(ping_plain)" "" >"$TMP/frames"
	deliver <"$TMP/frames"
	stat_rose a rx-records 3 0
	cat "$TMP/frames" "$TMP/frames" | deliver from 4711
	stat_rose a rx-drop-replay 6 0
	equal "$(stat a rx-records)" 3 "records after the replay"
	equal "$(peer_stat a 6 rx-packets)" 2 "packets after the replay"
	equal "$(key_stat a 6 1 rx-counter)" 3 "rx-counter after the replay"
}

# data_udp FIRST N: plaintexts of UDP datagrams "record-NN" to a's port 9.
data_udp() {
	local i

	for ((i = $1; i < $1 + $2; i++)); do
		pilot_frame short "$(pilot_frame udp6 "$(agent_ip 6)" \
			"$(agent_ip 5)" 9 9 0 "record-$i")"
	done
}

# data_tcp FIRST N: the same of TCP segments that follow each other, 1,000 bytes
# each.
data_tcp() {
	local i

	for ((i = $1; i < $1 + $2; i++)); do
		printf '000000000640000000090009%08x00000001501020000000%s\n' \
			$((i * 1000)) "0000$(printf '%02000d' 0)"
	done
}

# bent_batch COUNTER PLAINTEXT...: 12 frames, 9 of which are to be delivered: the
# third is bent, the fifth is the second once more, and the eighth is under a key
# that a does not know. The tenth is under another that it does.
bent_batch() {
	local counter=$1 frame
	shift

	mapfile -t frame < <(seal "$counter" "$@")
	frame[2]=$(pilot_frame flips 50 50 <<<"${frame[2]}" | sed -n 1p)
	frame[4]=${frame[1]}
	frame[7]=$(seal_under 3 "$counter" "${@:8:1}")
	frame[9]=$(seal_under 2 "$counter" "${@:10:1}")
	printf '%s\n' "${frame[@]}"
}

# seal_under EPOCH COUNTER PLAINTEXT
seal_under() {
	pilot_frame seal "$CIPHER" "$(key_hex 6 5 "$1")" \
		"$(key_index 5 6 "$1")" "${@:2}"
}

# batch_sent FILE: its frames, all of one size, leave b as one packet.
batch_sent() {
	deliver segment $(($(head -n 1 "$1" | wc -c) / 2)) <"$1"
}

# batch_told BATCHES: what a's counters say after so many bent batches.
batch_told() {
	stat_rose a rx-records $((9 * $1)) 0
	equal "$(stat a rx-drop-auth)" "$1" "a's rx-drop-auth"
	equal "$(stat a rx-drop-replay)" "$1" "a's rx-drop-replay"
	equal "$(socket_stat a drop-no-index)" "$1" "a's drop-no-index"
	equal "$(peer_stat a 6 rx-packets)" $((9 * $1)) "packets delivered"
}

bad_records_in_batches() {
	local batches=0 plain r i

	half_pair
	key a 5 6 2 next
	for r in R1 R3; do
		regime $r
		mapfile -t plain < <(data_udp 10 12)
		bent_batch $((100 * batches)) "${plain[@]}" >"$TMP/frames"
		spawn_ready "$TMP/got" in_ns a pilot_frame recv 9 9 60 6
		batch_sent "$TMP/frames"
		batches=$((batches + 1))
		batch_told $batches
		for i in 10 11 13 15 16 18 19 20 21; do
			wait_for 10 says "$TMP/got" "$(text_hex "record-$i")" ||
				fail "$r: record $i is not in $(cat "$TMP/got")"
		done
	done
	equal "$(socket_stat a rx-whole)" 1 "whole batches"
	within 1 12 "$(socket_stat a rx-chained)" "chained batches"
}

text_hex() {
	printf %s "$1" | od -An -tx1 | tr -d ' \n'
}

bad_records_within_a_batch_are_its_only_loss() {
	bad_records_in_batches
}

bad_records_within_a_chacha_batch_are_its_only_loss() {
	CIPHER=chacha
	bad_records_in_batches
}

# The same where records are opened into each other's place, as all are once the
# first batch has told how long their headers are.
bad_records_within_a_run_are_its_only_loss() {
	local batches=0 plain r

	half_pair
	key a 5 6 2 next
	for r in R1 R1 R3; do
		regime $r
		mapfile -t plain < <(data_tcp 10 12)
		bent_batch $((100 * batches)) "${plain[@]}" >"$TMP/frames"
		batch_sent "$TMP/frames"
		batches=$((batches + 1))
		batch_told $batches
	done
	equal "$(socket_stat a rx-whole)" 2 "whole batches"
	within 1 12 "$(socket_stat a rx-chained)" "chained batches"
	# Of a bent batch six can stay together, of the first only the last two.
	within 10 14 "$(stat a rx-merged)" "merged records"
}

replay_window_takes_late_frames() {
	half_pair
	seal 100000 "" | deliver
	stat_rose a rx-records 1 0
	# 8,192 counters are remembered at least, the newest among them.
	seal $((100000 - 8191)) "" | deliver
	stat_rose a rx-records 2 0
	seal 99999 "" | deliver
	stat_rose a rx-records 3 0
	{ seal $((100000 - 8191)) ""; seal 99999 ""; seal 100000 ""; } | deliver
	stat_rose a rx-drop-replay 3 0
	seal 1 "" | deliver
	stat_rose a rx-drop-replay 4 0
	equal "$(key_stat a 6 1 rx-counter)" 100001 "rx-counter"
}

counter_beyond_the_hard_limit_is_refused() {
	half_pair
	seal $((1 << 28)) "" | deliver
	stat_rose a rx-drop-expired 1 0
	seal 18446744073709551615 "" | deliver
	stat_rose a rx-drop-expired 2 0
	untouched
}

plaintext_that_breaks_the_format_is_dropped() {
	local n=0 plain icmp

	half_pair
	icmp=$(ping_plain)
	# No version but 0 and 6; short headers cut, with unknown bits set; a
	# partial checksum in what has none, or is too short for it.
	for plain in 50000000${icmp:8} 40000000${icmp:8} f0 00 00000000 \
		00000000000000 "${icmp:0:14}01${icmp:16}" \
		"${icmp:0:12}0200${icmp:16}" "${icmp:0:12}ff00${icmp:16}" \
		"${icmp:0:12}0100${icmp:16}" 0000000006400100 \
		000000001140010000; do
		one_drop rx-drop-inner "$n" "$plain"
		n=$((n + 1))
	done
	equal "$(peer_stat a 6 rx-packets)" 0 "packets delivered"
	equal "$(peer_stat a 6 rx-drops)" "$n" "drops charged to the peer"
}

whole_header_that_does_not_fit_its_packet_is_dropped() {
	local n=0 plain full

	half_pair
	full=$(ping_full)
	for plain in "${full:0:78}" "${full:0:100}" "${full}00" 60 \
		"${full:0:8}ffff${full:12}" "${full:0:8}0000${full:12}"; do
		one_drop rx-drop-inner "$n" "$plain"
		n=$((n + 1))
	done
	seal "$n" "$full" | deliver
	stat_rose a rx-records $((n + 1)) 0
	equal "$(peer_stat a 6 rx-packets)" 1 "packets delivered"
}

keepalives_are_counted_and_not_delivered() {
	half_pair
	seal 0 "" | deliver
	stat_rose a rx-keepalives 1 0
	equal "$(peer_stat a 6 rx-packets)" 0 "packets delivered"
	within 0 60000 "$(peer_stat a 6 since-rx)" "since-rx"
}

datagrams_of_the_helper_reach_it_and_others_do_not() {
	local before

	half_pair
	before=$(socket_stat a rx-helper)
	printf '%s\n' 0001 01ff 0300 6401 9100 9200 9300 9500 | deliver
	wait_for 10 helper_got $((before + 8)) || fail "the helper got" \
		"$(socket_stat a rx-helper), not $((before + 8))"
	printf '%s\n' 04 50 63 65 90 97 3f ff 7f | deliver
	wait_for 10 data_seen $((before + 17)) || true
	equal "$(socket_stat a drop-type)" 9 "drop-type"
	# What says that it is carried, and has nothing in it.
	printf '%s\n' 40 4001 40010000 400100010000 4fff0004 96 \
		9600000001000000 | deliver
	wait_for 10 malformed 7 || true
	equal "$(socket_stat a drop-malformed)" 7 "drop-malformed"
	equal "$(socket_stat a rx-helper)" $((before + 8)) "rx-helper"
	kill -USR1 "$(held a)"
	wait_for 10 says "$TMP/hold.a" "got $((before + 8))" ||
		fail "the socket's owner read: $(cat "$TMP/hold.a")"
}

malformed() {
	[ "$(socket_stat a drop-malformed)" -ge "$1" ]
}

helper_got() {
	[ "$(socket_stat a rx-helper)" -eq "$1" ]
}

# A stranger may not make the helper's problem of a flood.
flood_of_handshakes_is_limited_by_source() {
	local start

	half_pair
	start=$SECONDS
	pilot_frame flips 4 200 <<<"91$(printf '%0400d' 0)" | deliver
	wait_for 20 data_seen "$(sent_n)" || true
	within 1 $((300 + 64 * (SECONDS + 1 - start))) \
		"$(socket_stat a rx-helper)" "datagrams the helper got"
	within 500 100000 "$(socket_stat a drop-limit)" "datagrams dropped"
}

# Nor of what peers say to each other: that has a limit for each peer.
control_of_a_peer_passes_a_flood_of_its_neighbours() {
	local before index

	half_pair
	index=$(printf '%08x' "$(key_index 5 6 1)" |
		sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')
	pilot_frame flips 4 100 <<<"95$(printf '%0400d' 0)" |
		in_ns b pilot_frame send "$(underlay 1)" $PORT from 4001 \
			>"$TMP/sent"
	wait_for 20 data_seen "$(sent_n)" || true
	# The slower they come, the more of them may.
	within $((PILOT_DEBUG_KERNEL ? 200 : 500)) 100000 \
		"$(socket_stat a drop-limit)" "datagrams dropped"
	# 100 at once are more than that prefix may have now.
	before=$(socket_stat a rx-helper)
	for n in $(seq 100 199); do
		printf '95000000%s%016d%064d\n' "$index" "$n" 0
	done | deliver from $PORT
	wait_for 10 socket_at_least a rx-helper $((before + 100)) || true
	within $((before + 100)) 100000 "$(socket_stat a rx-helper)" \
		"datagrams the helper got"
	# From elsewhere they are like any other's.
	before=$(socket_stat a drop-limit)
	for n in $(seq 1000 1999); do
		printf '95000000%s%016d%064d\n' "$index" "$n" 0
	done | in_ns b pilot_frame send "$(underlay 1)" $PORT from 4001 >/dev/null
	wait_for 10 socket_at_least a drop-limit $((before + 300)) ||
		fail "only $(($(socket_stat a drop-limit) - before)) were dropped"
}

device_that_is_down_receives_nothing() {
	half_pair
	ipn a link set pilot0 down
	seal 0 "$(ping_plain)" | deliver
	stat_rose a rx-drop-down 1 0
	equal "$(stat a rx-records)" 0 "records"
}

run_tests genuine_frame_is_delivered_and_answered \
	genuine_chacha_frame_is_delivered_and_answered \
	every_flipped_bit_is_refused \
	every_flipped_bit_is_refused_with_chacha_over_ipv6 \
	every_truncated_frame_is_refused replayed_frames_are_refused \
	bad_records_within_a_batch_are_its_only_loss \
	bad_records_within_a_chacha_batch_are_its_only_loss \
	bad_records_within_a_run_are_its_only_loss \
	replay_window_takes_late_frames \
	counter_beyond_the_hard_limit_is_refused \
	plaintext_that_breaks_the_format_is_dropped \
	whole_header_that_does_not_fit_its_packet_is_dropped \
	keepalives_are_counted_and_not_delivered \
	datagrams_of_the_helper_reach_it_and_others_do_not \
	flood_of_handshakes_is_limited_by_source \
	control_of_a_peer_passes_a_flood_of_its_neighbours \
	device_that_is_down_receives_nothing
