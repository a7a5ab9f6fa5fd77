#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=400
#
# Every queue, table and rate has a bound; what a large population took comes
# back.

. "$(dirname "$0")/lib.sh"

# flood NS NODE N [NODE]...: N datagrams to each, as fast as they go.
flood() {
	local ns=$1 n=$3 node to=()

	for node in "$2" "${@:4}"; do
		to+=("$(agent_ip "$node")")
	done
	in_ns "$ns" bash -c 'for to in "${@:2}"; do
		exec 3>"/dev/udp/$to/9"
		for ((i = 0; i < $1; i++)); do echo $i >&3; done
		done' flood "$n" "${to[@]}" 2>/dev/null || true
}

queue_of_a_peer_is_bounded() {
	ns_add a b
	wire a b
	agent_up a 5
	peer a 6 2
	flood a 6 100
	equal "$(peer_stat a 6 queued)" 16 "packets that wait"
	within 80 84 "$(stat a tx-drop-queue-full)" "packets dropped"
}

# The newest are kept: what has waited longest is worth least.
queue_of_a_device_without_peers_is_bounded() {
	ns_add a
	agent_up a 5
	flood a 101 20 102 103 104 105 106 107 108 109 110
	wait_for 15 all_given_up || fail "given up: $(stat a tx-drop-unanswered)," \
		"full: $(stat a tx-drop-queue-full)"
	within 1 64 "$(stat a tx-drop-unanswered)" "packets that could wait"
}

# With its peer, and with the link; or by its time, on a slow machine.
what_waits_is_counted_when_it_goes() {
	ns_add a
	agent_up a 5
	peer a 6 2
	flood a 6 5
	in_ns a pilot_ctl peer-del pilot0 "$(agent 6)"
	equal "$(stat a tx-drop-unanswered)" 5 "packets of the peer"
	peer a 6 2
	flood a 6 2 7
	ipn a link set pilot0 down
	equal "$(stat a tx-drop-unanswered)" 9 "packets of the peer and the link"
}

all_given_up() {
	[ $(($(stat a tx-drop-unanswered) + $(stat a tx-drop-queue-full))) -eq \
		200 ]
}

packet_rate_of_a_peer_is_bounded() {
	local got

	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" packet-rate 10
	flood b 5 300
	got=$(peer_stat a 6 rx-packets)
	within 1 150 "$got" "packets delivered"
	within 100 300 "$(stat a rx-drop-limit)" "packets dropped"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" packet-rate 0
	pings b 5
}

# More than a full bucket, at a rate that refills next to nothing.
byte_rate_of_a_peer_is_bounded() {
	pair
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" byte-rate 100
	in_ns b ping -n -c 200 -i 0.01 -s 1392 -W 1 "$(agent_ip 5)" \
		>/dev/null 2>&1 || true
	within 10 200 "$(stat a rx-drop-limit)" "packets dropped"
	in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" byte-rate 0
	pings b 5
}

# many FROM TO VERB: lines for pilot_ctl.
many() {
	seq "$1" "$2" | awk -v verb="$3" -v more="${4:-}" '{
		printf "%s pilot0 0x1%08x%s\n", verb, 5000 + $1, more}'
}

ten_thousand_peers_come_and_go() {
	local n before

	n=$(scaled 10000)
	ns_add a
	agent_up a 5
	# Once before measuring, for what the kernel keeps for the next time.
	population "$n"
	before=$(memory_used)
	population "$n"
	population "$n"
	memory_back "$before" 4000
}

population() {
	many 1 "$1" peer-new " endpoint 10.0.0.2 7740" | in_ns a pilot_ctl -b
	equal "$(in_ns a pilot_ctl dev-get pilot0 | word peers)" "$1" "peers"
	equal "$(in_ns a pilot_ctl peer-get pilot0 | grep -c '^peer ')" "$1" \
		"peers in the dump"
	many 1 "$1" peer-del | in_ns a pilot_ctl -b
	equal "$(in_ns a pilot_ctl dev-get pilot0 | word peers)" 0 "peers"
}

# The kernel keeps some pages for the next time; what leaks adds up.
ten_thousand_peers_go_with_their_link() {
	local n before i

	n=$(scaled 10000)
	ns_add a
	agent_up a 5
	many 1 "$n" peer-new | in_ns a pilot_ctl -b
	ipn a link del pilot0
	before=$(memory_used)
	for i in 1 2 3; do
		device a 5
		many 1 "$n" peer-new | in_ns a pilot_ctl -b
		ipn a link del pilot0
	done
	memory_back "$before" 8000
}

dump_survives_concurrent_changes() {
	local n i

	n=$(scaled 1000)
	ns_add a
	agent_up a 5
	spawn "$TMP/dump" in_ns a pilot_ctl dump peers pilot0 15
	for i in 1 2 3; do
		many 1 "$n" peer-new | in_ns a pilot_ctl -b
		many 1 "$n" peer-del | in_ns a pilot_ctl -b
	done
	wait_for 60 says "$TMP/dump" 'end well' || fail "$(cat "$TMP/dump")"
	within 1 10000000 "$(word dumps <"$TMP/dump")" "dumps"
}

# A peer that is there throughout is in every dump, whatever goes around it.
dump_misses_nobody_that_stays() {
	local n i

	n=$(scaled 500)
	ns_add a
	agent_up a 5
	many 1 "$n" peer-new | in_ns a pilot_ctl -b
	in_ns a pilot_ctl peer-new pilot0 "$(agent 77)"
	spawn "$TMP/changes" changes "$n"
	for i in 1 2 3 4 5 6 7 8; do
		in_ns a pilot_ctl peer-get pilot0 >"$TMP/all"
		equal "$(grep -c "address 0x00010000004d" "$TMP/all")" 1 \
			"times the peer is in dump $i"
	done
}

changes() {
	while :; do
		many 1 "$1" peer-del | in_ns a pilot_ctl -b
		many 1 "$1" peer-new | in_ns a pilot_ctl -b
	done
}

dump_ends_when_the_device_goes() {
	local n i

	n=$(scaled 1000)
	ns_add a
	agent_up a 5
	for i in 1 2 3; do
		many 1 "$n" peer-new | in_ns a pilot_ctl -b
		spawn "$TMP/dump" in_ns a pilot_ctl dump peers pilot0 30
		pause
		ipn a link del pilot0
		wait_for 40 says "$TMP/dump" 'end ENODEV' ||
			fail "$(cat "$TMP/dump")"
		device a 5
	done
}

# links N add|del: devices d1 to dN.
links() {
	seq "$1" | sed "s/.*/link $2 dev d& type pilot/" | in_ns a ip -batch -
}

# relays VERB FROM TO: relay entries from agent 6 to agent 8.
relays() {
	seq "$2" "$3" | awk -v verb="relay-$1" -v more="$([ "$1" = del ] ||
		echo " from $(agent 6) to $(agent 8) next 1 seconds 900")" '{
		printf "%s pilot0 %d%s\n", verb, $1, more}' | in_ns a pilot_ctl -b
}

# A dump that the kernel says was interrupted may miss some, as any dump of links.
dump_of_devices_survives_concurrent_changes() {
	local n i

	n=$(scaled 200)
	ns_add a
	ipn a link add pilot0 type pilot
	spawn "$TMP/dump" in_ns a pilot_ctl dump devices 15
	for i in 1 2 3; do
		links "$n" add
		equal "$(in_ns a pilot_ctl dev-get | grep -c '^dev ')" \
			$((n + 1)) "devices in the dump"
		links "$n" del &
		until in_ns a pilot_ctl dev-get >"$TMP/all" 2>"$TMP/err"; do
			grep -q '^EINTR' "$TMP/err" || fail "$(cat "$TMP/err")"
		done
		equal "$(grep -c 'ifname pilot0' "$TMP/all")" 1 \
			"times the device that stays is in the dump"
		wait $!
	done
	wait_for 60 says "$TMP/dump" 'end well' || fail "$(cat "$TMP/dump")"
	within 1 10000000 "$(word devices <"$TMP/dump")" "devices dumped"
}

dump_of_relays_survives_concurrent_changes() {
	local n i

	n=$(scaled 500)
	ns_add a
	agent_up a 5
	in_ns a pilot_ctl peer-new pilot0 "$(agent 6)"
	in_ns a pilot_ctl peer-new pilot0 "$(agent 8)"
	relays new 1 "$n"
	spawn "$TMP/dump" in_ns a pilot_ctl dump relays pilot0 15
	spawn "$TMP/changes" relay_changes "$n"
	for i in 1 2 3 4 5 6; do
		in_ns a pilot_ctl relay-get pilot0 >"$TMP/all"
		equal "$(grep -c "^relay.* id $((n / 2)) " "$TMP/all")" 1 \
			"times the entry that stays is in dump $i"
	done
	in_ns a pilot_ctl peer-del pilot0 "$(agent 8)"
	wait_for 60 says "$TMP/dump" 'end well' || fail "$(cat "$TMP/dump")"
	within 1 10000000 "$(word relays <"$TMP/dump")" "entries dumped"
}

# All but the one in the middle.
relay_changes() {
	while :; do
		relays del $(($1 / 2 + 1)) "$1"
		relays del 1 $(($1 / 2 - 1))
		relays new 1 $(($1 / 2 - 1))
		relays new $(($1 / 2 + 1)) "$1"
	done
}

run_tests queue_of_a_peer_is_bounded \
	queue_of_a_device_without_peers_is_bounded \
	what_waits_is_counted_when_it_goes \
	packet_rate_of_a_peer_is_bounded byte_rate_of_a_peer_is_bounded \
	ten_thousand_peers_come_and_go ten_thousand_peers_go_with_their_link \
	dump_survives_concurrent_changes dump_misses_nobody_that_stays \
	dump_ends_when_the_device_goes \
	dump_of_devices_survives_concurrent_changes \
	dump_of_relays_survives_concurrent_changes
