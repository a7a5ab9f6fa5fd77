#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# The entries of a relay: their caps, their lives, and whom they follow.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-relay.sh"

# burst COUNT SIZE: so many data frames of SIZE bytes on the wire.
burst() {
	local i line

	line=$(data_frame $(($2 - 40)) | behind $ID5)
	for ((i = 0; i < $1; i++)); do
		echo "$line"
	done | say
}

packet_rate_holds() {
	local start

	bare_relay packet-rate 10
	start=$SECONDS
	burst 400 100
	wait_for 10 all_counted 400 || true
	# 64 at once, then 10 a second.
	within 64 $((64 + 10 * (SECONDS - start + 1))) \
		"$(socket_stat r rx-relayed)" "frames forwarded"
	equal "$(relay_stat $ID5 drops)" "$(socket_stat r drop-relay)" \
		"frames refused by the entry"
}

all_counted() {
	[ $(($(socket_stat r rx-relayed) + $(socket_stat r drop-relay))) -ge "$1" ]
}

byte_rate_holds() {
	local start

	bare_relay byte-rate 1000
	start=$SECONDS
	burst 300 1000
	wait_for 10 all_counted 300 || true
	# 128 KiB at once, then 1,000 a second.
	within 131 $((132 + SECONDS - start + 1)) \
		"$(socket_stat r rx-relayed)" "frames forwarded"
	equal "$(relay_stat $ID5 bytes-done)" \
		$((1000 * $(socket_stat r rx-relayed))) "bytes forwarded"
}

bytes_in_all_hold_until_renewed() {
	bare_relay bytes 5050
	burst 80 100
	wait_for 10 all_counted 80 || true
	equal "$(socket_stat r rx-relayed)" 50 "frames forwarded"
	equal "$(relay_stat $ID5 bytes)" 50 "bytes left"
	equal "$(relay_stat $ID6 bytes)" 5050 "bytes left the other way"
	entry $ID5 5 6 $ID6 replace bytes 200
	burst 10 100
	wait_for 10 all_counted 90 || true
	equal "$(socket_stat r rx-relayed)" 52 "frames forwarded after all"
	equal "$(relay_stat $ID5 bytes)" 0 "bytes left after all"
	entry $ID5 5 6 $ID6 replace
	equal "$(relay_stat $ID5 bytes)" "" "bytes left without a cap"
	burst 10 100
	wait_for 10 all_counted 100 || true
	equal "$(socket_stat r rx-relayed)" 62 "frames forwarded without a cap"
}

relay_is_gone() {
	! in_ns r pilot_ctl relay-get pilot0 "$1" >/dev/null 2>&1
}

lifetime_holds_until_renewed() {
	bare_relay
	entry $ID5 5 6 $ID6 replace seconds 1
	wait_for 10 relay_is_gone $ID5 || fail "the entry is still there"
	within 200000 300000 "$(relay_stat $ID6 left-ms)" "what the other has left"
	burst 3 100
	socket_rose r drop-no-index 3 0
	equal "$(socket_stat r rx-relayed)" 0 "frames forwarded"
	# A short time is not cut by a longer one, nor a renewed one by its past.
	entry $ID5 5 6 $ID6 seconds "$(patience 2)"
	entry $ID5 5 6 $ID6 replace seconds 300
	entry 7 5 6 8 seconds "$(patience 3)"
	wait_for 10 relay_is_gone 7 || fail "the shorter entry is still there"
	burst 3 100
	socket_rose r rx-relayed 3 0
	within 200000 300000 "$(relay_stat $ID5 left-ms)" "what is left of it"
}

expired_entry_forwards_nothing() {
	local end

	bare_relay
	entry 7 5 6 8 seconds 1
	end=$((SECONDS + 3))
	while [ $SECONDS -lt $end ]; do
		pause
	done
	data_frame 20 | behind 7 | say
	wait_for 10 one_dropped || fail "the frame was not counted"
	equal "$(socket_stat r rx-relayed)" 0 "frames forwarded"
}

one_dropped() {
	[ $(($(socket_stat r drop-no-index) + $(socket_stat r drop-relay))) -eq 1 ]
}

entries_are_shown_in_order() {
	relay_up 4001
	entry 30 5 6 1
	entry 4294967295 5 6 2
	entry 0 6 5 3 packet-rate 5 byte-rate 6 bytes 7 flags 1 seconds 9
	entry 7 6 5 4
	in_ns r pilot_ctl relay-get pilot0 >"$TMP/shown"
	equal "$(awk '/^relay/ {print $3}' "$TMP/shown" | xargs)" \
		"0 7 30 4294967295" "ids in the order shown"
	[[ $(head -n 1 "$TMP/shown") == "relay id 0 from 0x000100000006 to "* ]] ||
		fail "shown: $(head -n 1 "$TMP/shown")"
	[[ $(relay_line 0) == *" next 3 flags 1 packet-rate 5 byte-rate 6 bytes 7 seconds 9 "* ]] ||
		fail "shown: $(relay_line 0)"
	in_ns r pilot_ctl relay-del pilot0 7
	in_ns r pilot_ctl relay-del pilot0 0
	equal "$(in_ns r pilot_ctl relay-get pilot0 | awk '{print $3}' | xargs)" \
		"30 4294967295" "ids after two were deleted"
}

relay_line() {
	in_ns r pilot_ctl relay-get pilot0 "$1"
}

ids_are_unique_on_a_socket() {
	bare_relay
	ipn r link add pilot1 type pilot
	in_ns r pilot_ctl dev-set pilot1 address "$(agent 8)" \
		socket4 "$(held r):10"
	in_ns r pilot_ctl peer-new pilot1 "$(agent 5)"
	in_ns r pilot_ctl peer-new pilot1 "$(agent 6)"
	refused EEXIST in_ns r pilot_ctl relay-new pilot1 $ID5 \
		from "$(agent 5)" to "$(agent 6)" next 1 seconds 9
	in_ns r pilot_ctl relay-new pilot1 5 from "$(agent 5)" \
		to "$(agent 6)" next 1 seconds 9
	# On a socket of its own it may, and then that cannot be shared.
	in_ns r pilot_ctl dev-set pilot1 socket4 -1
	hold r 4:7750
	in_ns r pilot_ctl dev-set pilot1 socket4 "$(held r):10"
	in_ns r pilot_ctl relay-new pilot1 $ID5 from "$(agent 5)" \
		to "$(agent 6)" next 1 seconds 9
	refused EEXIST in_ns r pilot_ctl dev-set pilot0 socket4 "$(held r):10"
}

deleting_a_peer_deletes_its_entries() {
	bare_relay
	in_ns r pilot_ctl peer-new pilot0 "$(agent 8)" endpoint 10.0.1.2 4003
	entry 7 5 8 1
	entry 8 8 6 2
	in_ns r pilot_ctl peer-del pilot0 "$(agent 6)"
	equal "$(in_ns r pilot_ctl relay-get pilot0 | awk '{print $3}')" 7 \
		"entries left"
	in_ns r pilot_ctl peer-del pilot0 "$(agent 5)"
	equal "$(in_ns r pilot_ctl relay-get pilot0)" "" "entries left in the end"
	data_frame 5 | behind $ID5 | say
	socket_rose r drop-no-index 1 0
	equal "$(socket_stat r rx-relayed)" 0 "frames forwarded"
}

# Entries follow the peers, and wait for them.
entries_follow_the_peers() {
	bare_relay
	in_ns r pilot_ctl peer-set pilot0 "$(agent 5)" forget
	data_frame 5 | behind $ID5 | say
	socket_rose r drop-relay 1 0
	in_ns r pilot_ctl peer-set pilot0 "$(agent 5)" \
		endpoint 10.0.1.2 4001 relay 9
	data_frame 5 | behind $ID5 | say
	socket_rose r drop-relay 2 0
	in_ns r pilot_ctl peer-set pilot0 "$(agent 5)" endpoint 10.0.1.2 4002
	data_frame 5 | behind $ID5 | say
	socket_rose r drop-relay 3 0
	data_frame 5 | behind $ID5 | say from 4002
	socket_rose r rx-relayed 1 0
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" forget
	data_frame 5 | behind $ID5 | say from 4002
	socket_rose r drop-relay 4 0
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" \
		endpoint 10.0.2.2 4001 turn 0x4001
	data_frame 5 | behind $ID5 | say from 4002
	socket_rose r drop-relay 5 0
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.2.2 4001
	ipn r link set pilot0 down
	data_frame 5 | behind $ID5 | say from 4002
	socket_rose r drop-relay 6 0
	ipn r link set pilot0 up
	data_frame 5 | behind $ID5 | say from 4002
	socket_rose r rx-relayed 2 0
}

# A restarted helper binds new sockets; entries go on with them.
entries_go_on_with_the_next_socket() {
	relayed_pair
	pings a 6
	in_ns r pilot_ctl dev-set pilot0 socket4 -1
	is_silent a 6 || fail "the relay forwards by a socket it does not have"
	bind_sockets r
	pings a 6
	end_process "$(held r)" -KILL
	is_silent a 6 || fail "the relay forwards by a socket that is closed"
	hold r "4:$PORT" "6:$PORT"
	bind_sockets r
	pings a 6
}

bound_of_entries_holds() {
	local before

	[ -z "${PILOT_DEBUG_KERNEL:-}" ] || [ "$PILOT_DEBUG_KERNEL" = 0 ] ||
		skip "too slow with a debug kernel"
	relay_up 4001
	before=$(memory_used)
	awk -v dev="pilot0@$NSP-r" -v from="$(agent 5)" -v to="$(agent 6)" \
		'BEGIN {for (i = 0; i < 65536; i++)
			printf "relay-new %s %.0f from %s to %s next %d seconds 300\n",
				dev, i * 65521, from, to, i}' |
		pilot_ctl -b
	refused ENOSPC entry 1 5 6 1
	equal "$(in_ns r pilot_ctl relay-get pilot0 | wc -l)" 65536 \
		"entries shown"
	in_ns r pilot_ctl relay-del pilot0 0
	entry 1 5 6 1
	in_ns r pilot_ctl peer-del pilot0 "$(agent 6)"
	equal "$(in_ns r pilot_ctl relay-get pilot0)" "" "entries left"
	memory_back "$before" 3000
}

run_tests packet_rate_holds byte_rate_holds bytes_in_all_hold_until_renewed \
	lifetime_holds_until_renewed expired_entry_forwards_nothing \
	entries_are_shown_in_order ids_are_unique_on_a_socket \
	deleting_a_peer_deletes_its_entries entries_follow_the_peers \
	entries_go_on_with_the_next_socket bound_of_entries_holds
