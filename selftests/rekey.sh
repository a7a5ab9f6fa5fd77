#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=240
#
# Keys change under load, and nobody but the helper notices.

. "$(dirname "$0")/lib.sh"

# rekey EPOCH: b first, which sends under the old key until a's first packet.
rekey() {
	keys "$1"
	wait_for 10 key_is_current b 5 "$1" || fail "b did not take key $1"
}

pings_survive_rekeys() {
	local epoch

	pair
	spawn "$TMP/pings" in_ns a ping -n -i "$(paced 0.02)" -W 20 \
		-c "$(scaled 1000)" "$(agent_ip 6)"
	for epoch in 2 3 4; do
		rekey "$epoch"
	done
	wait_for 100 says "$TMP/pings" 'packet loss' || fail "ping did not end"
	says "$TMP/pings" ' 0% packet loss' || fail "$(tail -n 3 "$TMP/pings")"
	equal "$(stat a rx-drop-auth)$(stat b rx-drop-auth)" 00 "failed tags"
}

udp_survives_rekeys_without_loss() {
	local epoch

	pair
	spawn "$TMP/server" in_ns b iperf3 -s -1
	wait_for 20 listens b 5201 || fail "iperf3 does not listen"
	spawn "$TMP/udp" in_ns a iperf3 -u -b "$(scaled 1000)K" -l 500 \
		-t "$(patience 15)" -c "$(agent_ip 6)"
	for epoch in 2 3 4; do
		rekey "$epoch"
	done
	wait_for 60 says "$TMP/udp" receiver || fail "iperf3 did not end"
	grep -q ' 0/[0-9]* (0%) *receiver' "$TMP/udp" ||
		fail "lost: $(grep receiver "$TMP/udp")"
	equal "$(key_stat a 6 4 slot)" current "the last key's slot"
}

swap_by_request_loses_nothing_either() {
	local epoch

	pair
	spawn "$TMP/pings" in_ns a ping -n -i "$(paced 0.02)" -W 20 \
		-c "$(scaled 500)" "$(agent_ip 6)"
	for epoch in 2 3; do
		key b 6 5 "$epoch" next
		key a 5 6 "$epoch" next
		in_ns a pilot_ctl key-swap pilot0 "$(agent 6)" epoch "$epoch"
	done
	wait_for 100 says "$TMP/pings" 'packet loss' || fail "ping did not end"
	says "$TMP/pings" ' 0% packet loss' || fail "$(tail -n 3 "$TMP/pings")"
}

late_frames_under_the_previous_key_are_taken() {
	local index

	half_pair
	index=$(key_index 5 6 1)
	key a 5 6 2 current
	equal "$(key_stat a 6 1 slot)" previous "the old key's slot"
	pilot_frame seal aes "$(key_hex 6 5 1)" "$index" 0 "" |
		in_ns b pilot_frame send 10.0.0.1 $PORT >/dev/null
	stat_rose a rx-records 1 0
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 1
	pilot_frame seal aes "$(key_hex 6 5 1)" "$index" 1 "" |
		in_ns b pilot_frame send 10.0.0.1 $PORT >/dev/null
	wait_for 10 unknown_index || fail "the deleted key still receives"
	equal "$(stat a rx-records)" 1 "records"
}

unknown_index() {
	[ "$(socket_stat a drop-no-index)" -eq 1 ]
}

# Both ciphers at once: the old key is of the other kind.
cipher_changes_with_the_key() {
	pair
	CIPHER=chacha
	keys 2
	pings a 6
	equal "$(key_stat a 6 2 cipher)" chacha "the cipher"
	CIPHER=aes
	keys 3
	pings b 5
}

driver_is_told() {
	local driver

	pair
	driver=$(key_stat a 6 1 driver)
	[ -n "$driver" ] || fail "no driver"
	# The instructions are of no use to the generic code.
	if grep -q '^driver *:.*gcm.*aesni' /proc/crypto; then
		[[ $driver != gcm_base\(* ]] || fail "the driver is $driver"
	fi
	equal "$(stat a aead-fallbacks)" 0 "records done by the generic code"
}

run_tests pings_survive_rekeys udp_survives_rekeys_without_loss \
	swap_by_request_loses_nothing_either \
	late_frames_under_the_previous_key_are_taken \
	cipher_changes_with_the_key driver_is_told
