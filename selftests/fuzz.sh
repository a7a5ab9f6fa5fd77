#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=300
#
# Random requests and random datagrams: no crash, no reply, no leak, and the
# device still works.

. "$(dirname "$0")/lib.sh"

# The requests are random, the seed is not: a failure can be had again.
fuzzed() {
	in_ns a pilot_fuzz "$2" "$1" pilot0 pilot1 >"$TMP/fuzz" 2>&1 || {
		cat "$TMP/fuzz"
		fail "the fuzzer failed"
	}
	within 1 100000000 "$(word accepted <"$TMP/fuzz")" "requests accepted"
	equal "$(word silent <"$TMP/fuzz")" 0 \
		"refusals without a text: $(grep '^#' "$TMP/fuzz" | head -n 5)"
}

random_requests_are_survived() {
	local seed

	ns_add a b
	wire a b
	agent_up a 5
	agent_up b 6
	ipn a link add pilot1 type pilot
	for seed in 1 2 3; do
		fuzzed "$seed" "$(scaled 10000)"
	done
	fresh_device_works
}

random_requests_under_traffic_are_survived() {
	pair
	ipn a link add pilot1 type pilot
	spawn "$TMP/stream1" in_ns a ping -n -i 0.01 "$(agent_ip 6)"
	spawn "$TMP/stream2" in_ns b ping -n -i 0.01 "$(agent_ip 5)"
	fuzzed 4 "$(scaled 10000)"
	fresh_device_works
}

# Whatever became of the old one.
fresh_device_works() {
	ipn a link del pilot0
	ipn a link del pilot1
	end_process "$(held a)" -KILL
	agent_up a 5
	in_ns b pilot_ctl peer-del pilot0 "$(agent 5)" 2>/dev/null || true
	peer a 6 2
	peer b 5 1
	keys 9
	pings a 6
}

# random_datagrams FAMILY: none is answered, none is taken for a record.
random_datagrams() {
	local n before errors

	FAMILY=$1
	half_pair
	n=$(scaled 500000)
	in_ns b pilot_frame random "$(underlay 1)" $PORT 2000 7 >/dev/null
	before=$(memory_used)
	errors=$(icmp_errors)
	in_ns b pilot_frame random "$(underlay 1)" $PORT "$n" 8 wait 1000 \
		>"$TMP/random"
	equal "$(word sent <"$TMP/random")" "$n" "datagrams sent"
	equal "$(word answers <"$TMP/random")" 0 "answers"
	equal "$(icmp_errors)" "$errors" "ICMP messages of a"
	equal "$(stat a rx-records)" 0 "records taken for authentic"
	equal "$(peer_stat a 6 endpoint)" "$(underlay 2)" "the endpoint"
	equal "$(peer_stat a 6 since-rx)" "" "since-rx"
	memory_back "$before" 3000
	pilot_frame seal aes "$(key_hex 6 5 1)" "$(key_index 5 6 1)" 0 "" |
		in_ns b pilot_frame send "$(underlay 1)" $PORT >/dev/null
	stat_rose a rx-records 1 0
}

# Errors that a sent: IPv4 and IPv6.
icmp_errors() {
	in_ns a cat /proc/net/snmp /proc/net/snmp6 | awk '
		/^Icmp: [0-9]/ {n += $15}
		/^Icmp6OutErrors|^Icmp6OutDestUnreachs/ {n += $2}
		END {print n + 0}'
}

half_a_million_random_datagrams_over_ipv4() {
	random_datagrams 4
}

half_a_million_random_datagrams_over_ipv6() {
	random_datagrams 6
}

run_tests random_requests_are_survived \
	random_requests_under_traffic_are_survived \
	half_a_million_random_datagrams_over_ipv4 \
	half_a_million_random_datagrams_over_ipv6
