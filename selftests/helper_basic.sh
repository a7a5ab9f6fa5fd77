#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=600
#
# Two agents as a user makes them: by command and by file, with and without a
# psk, in pilotd's namespace and in another, and refused when they are wrong.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"

first_packet_waits_for_the_key() {
	two_sides
	agents_pair
	reaches a "$(inet6 b)"
	equal "$(shown a state)" established "a's state"
	soon 10 peer_state b established
	equal "$(shown b state)" established "b's state"
	equal "$(shown a endpoint)" "$(endpoint_at 2)" "where a has b"
	reaches b "$(inet6 a)"
}

first_packet_waits_for_the_key_over_ipv4() {
	first_packet_waits_for_the_key
}

first_packet_waits_for_the_key_over_ipv6() {
	FAMILY=6
	first_packet_waits_for_the_key
}

tcp_flows_both_ways() {
	two_sides
	agents_pair
	flow_start a b "$(inet6 b)" 2
	flow_end a "from a to b"
	flow_start a b "$(inet6 b)" 2 -R
	flow_end a "from b to a"
}

a_file_does_what_the_commands_do() {
	two_sides
	agents_of_files
	reaches a "$(inet6 b)"
	equal "$(shown a source)" file "the peer's source"
	equal "$(shown a name)" the-other "its name"
	# What a file brought, the file takes away.
	sed -i '/^peer/,$d' "$TMP/a/conf"
	kill -HUP "$(helper_pid a)"
	soon 20 grep -q reloaded "$TMP/a/log"
	equal "$(pl a peer show)" "" "what is left of the peer"
	hears_not a "$(inet6 b)"
}

psk() {
	printf '%064d\n' "$2" >"$TMP/$1/psk"
	chmod 600 "$TMP/$1/psk"
}

# psk_pair: as agents_pair, each with its file psk.
psk_pair() {
	identity a
	identity b
	helper_start a
	helper_start b
	must pl a link add pilot0 identity "$TMP/a/id"
	must pl b link add pilot0 identity "$TMP/b/id"
	must pl a peer add "$(did b)" endpoint "$(endpoint_at 2)" \
		psk "$TMP/a/psk"
	must pl b peer add "$(did a)" endpoint "$(endpoint_at 1)" \
		psk "$TMP/b/psk"
}

a_psk_on_both_sides_connects() {
	two_sides
	psk a 7
	psk b 7
	psk_pair
	reaches a "$(inet6 b)"
	equal "$(shown a psk)" true "whether a shows the psk"
}

a_psk_on_one_side_does_not_and_says_so() {
	two_sides
	agents_pair
	psk a 7
	must pl a peer set "$(did b)" psk "$TMP/a/psk"
	hears_not a "$(inet6 b)"
	hears_not b "$(inet6 a)"
	soon 90 peer_state a backing-off
	pl a peer show |
		grep -q "last_error \"no answer from $(endpoint_at 2)" ||
		fail "a does not say why: $(pl a peer show)"
	# Set right, it works without a restart.
	psk b 7
	must pl b peer set "$(did a)" psk "$TMP/b/psk"
	soon 60 in_ns a ping -n -c 1 -W 2 "$(inet6 b)"
}

# x25519_secret SEED: of the identity with this seed, which is in no file.
x25519_secret() {
	python3 -c 'if True:
		import hashlib, sys
		key = bytearray(hashlib.sha512(bytes.fromhex(sys.argv[1]))
			.digest()[:32])
		key[0] &= 248
		key[31] = key[31] & 127 | 64
		print(key.hex())' "$1"
}

# forms_of DIGITS: how that might be written by mistake, whole or in part.
forms_of() {
	fold -w 16 <<<"$1"
	basenc -d --base16 <<<"${1^^}" | base64 | cut -c 1-32
	basenc -d --base16 <<<"${1^^}" | basenc --base64url | cut -c 1-32
}

# damaged FILE: one digit of its secret is lost, and the copy is not accepted.
damaged() {
	sed 's/[0-9a-f]$/x/' "$1" >"$1.damaged"
	chmod 600 "$1.damaged"
}

nothing_secret_is_told() {
	local side seed forms=$TMP/forms told

	two_sides
	od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$TMP/a/psk"
	echo >>"$TMP/a/psk"
	chmod 600 "$TMP/a/psk"
	cp -p "$TMP/a/psk" "$TMP/b/"
	psk_pair
	for side in a b; do
		seed=$(sed -n 's/^seed //p' "$TMP/$side/id")
		forms_of "$seed" >>"$forms"
		forms_of "$(x25519_secret "$seed")" >>"$forms"
		forms_of "$(cat "$TMP/$side/psk")" >>"$forms"
	done
	reaches a "$(inet6 b)"
	told=$TMP/a/told
	# A worker that gets everything anew, and what is wrong with files.
	kill -KILL "$(worker_pid a)"
	soon 20 pl a stats pilotd
	damaged "$TMP/a/id"
	damaged "$TMP/a/psk"
	! pl a link add pilot1 identity "$TMP/a/id.damaged" >>"$told" 2>&1 ||
		fail "a damaged identity is taken"
	! pl a peer set "$(did b)" psk "$TMP/a/psk.damaged" >>"$told" 2>&1 ||
		fail "a damaged psk is taken"
	! pilot-link id show "$TMP/a/id.damaged" >>"$told" 2>&1 ||
		fail "a damaged identity is shown"
	pilot-link -j id show "$TMP/a/id" >>"$told"
	pl a -d -s -j peer show >>"$told"
	pl a -d -s -j link show >>"$told"
	for side in a b; do
		grep -q "pilotd-worker: this host has" "$TMP/$side/log" ||
			fail "$side does not log what is for debugging"
	done
	equal "$(grep -c . "$forms")" 36 "forms of secrets"
	for side in a/log b/log a/told; do
		! tr -d ' :,' <"$TMP/$side" | grep -iF -f "$forms" ||
			fail "$side has a secret"
	done
}

invariant_6_revocation_is_in_force_at_return() {
	local before

	two_sides
	agents_pair
	ping_start a "$(inet6 b)" 0.01
	soon 10 peer_state b established
	must pl b peer delete "$(did a)"
	before=$(device_count b rx_packets)
	# What was under way has come after these, had it been let in.
	hears_not a "$(inet6 b)"
	equal "$(device_count b rx_packets)" "$before" "what b has taken"
	equal "$(pl b peer show)" "" "what is left of the peer"
}

an_agent_lives_in_another_namespace() {
	two_sides
	ns_add c
	identity a
	identity b
	helper_start a
	helper_start b
	must pl a link add pilot0 identity "$TMP/a/id" netns "$NSP-c"
	must pl b link add pilot0 identity "$TMP/b/id"
	must pl a peer add "$(did b)" endpoint "$(endpoint_at 2)"
	must pl b peer add "$(did a)" endpoint "$(endpoint_at 1)"
	must has_device c
	refused has_device a
	reaches b "$(inet6 a)"
	reaches c "$(inet6 b)"
	must pl a link delete pilot0
	refused has_device c
}

one_helper_serves_two_agents() {
	local i

	two_sides
	helper_start a
	helper_start b
	for i in 0 1; do
		identity a "$i"
		identity b "$i"
		must pl a link add "pilot$i" identity "$TMP/a/id$i" \
			network $((i + 1))
		must pl b link add "pilot$i" identity "$TMP/b/id$i" \
			network $((i + 1))
		must pl a peer add "$(did b "$i")" link "pilot$i" \
			endpoint "$(endpoint_at 2)"
		must pl b peer add "$(did a "$i")" link "pilot$i" \
			endpoint "$(endpoint_at 1)"
	done
	reaches a "$(inet6 b 0 1)"
	reaches a "$(inet6 b 1 2)"
	equal "$(pl a peer show | grep -c "state established")" 2 \
		"how many peers of a are established"
}

# That of a has the device, this one has none.
the_command_works_in_another_namespace() {
	local far=(pilot-link -n "$NSP-a" --control "$TMP/a/sock")

	two_sides
	agents_pair
	reaches a "$(inet6 b)"
	equal "$(pilot-link --control "$TMP/a/sock" stats)" "" "links here"
	"${far[@]}" link show >"$TMP/out"
	grep -q "^[0-9]*: pilot0: " "$TMP/out" || fail "$(cat "$TMP/out")"
	"${far[@]}" stats >"$TMP/out"
	within 4 40 "$(word rx_packets pilot0: <"$TMP/out")" "packets received"
	within 4 40 "$(word tx_packets pilot0: <"$TMP/out")" "packets sent"
	grep -Eq "^  socket inet port $PORT devices 1 drops [0-9]+$" \
		"$TMP/out" || fail "$(cat "$TMP/out")"
	grep -Eq "^    tx_records +[1-9][0-9]*$" "$TMP/out" ||
		fail "$(cat "$TMP/out")"
	"${far[@]}" -j -p stats >"$TMP/out"
	equal "$(member ifname <"$TMP/out")" pilot0 "the link in JSON"
	within 4 40 "$(member rx_packets <"$TMP/out")" "packets in JSON"
	# A link is added where the command works.
	ns_add c
	identity a 2
	must pilot-link -n "$NSP-c" --control "$TMP/a/sock" link add pilot2 \
		identity "$TMP/a/id2"
	must has_device c pilot2
	refused has_device a pilot2
	answers_with 1 "Cannot open network namespace \"$NSP-d\"" \
		pilot-link -n "$NSP-d" link show
}

# answers_with STATUS TEXT COMMAND...
answers_with() {
	local expected=$1 text=$2 status=0
	shift 2

	"$@" >"$TMP/out" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] ||
		fail "status $status, not $expected, of $*: $(cat "$TMP/out")"
	grep -qF -- "$text" "$TMP/out" ||
		fail "no \"$text\" from $*: $(cat "$TMP/out")"
}

# wrong_file TEXT SAYS
wrong_file() {
	printf '%b\n' "$1" >"$TMP/conf"
	answers_with 1 "$TMP/conf:$2" pilotd --check-config -c "$TMP/conf"
}

a_wrong_configuration_is_refused_with_its_line() {
	mkdir "$TMP/a"
	identity a
	wrong_file "lisen 1" "1: unknown keyword \"lisen\""
	wrong_file "listen 70000" "1: bad port"
	wrong_file "agent p0\nmtu 12" "2: bad number"
	wrong_file "agent p0\npeer did:key:z6Mkxx" "2: bad did"
	wrong_file "agent p0\npeer $(did a)\nendpoint 1.2.3.4" \
		"3: bad endpoint"
	wrong_file "agent p0\nagent p0" "2: there is an agent"
	wrong_file "agent p0\npeer $(did a)\npeer $(did a)" \
		"3: this peer is in line 2"
	answers_with 1 "cannot open $TMP/none" pilotd --check-config -c "$TMP/none"
	printf 'agent p0\nidentity %s\n' "$TMP/a/id" >"$TMP/conf"
	must pilotd --check-config -c "$TMP/conf"
	answers_with 2 "pilotd --help" pilotd --no-such-option
	answers_with 2 "unexpected argument" pilotd now
}

wrong_commands_are_refused_and_change_nothing() {
	two_sides
	identity a
	identity b
	answers_with 2 "$TMP/a/sock" pl a peer add "$(did b)"
	helper_start a
	answers_with 2 "there is no link yet" pl a peer add "$(did b)"
	answers_with 2 "$TMP/a/none" pl a link add pilot0 \
		identity "$TMP/a/none"
	answers_with 2 "is not in $TMP/a" pl a link add pilot0 \
		identity "$TMP/b/id"
	must pl a link add pilot0 identity "$TMP/a/id"
	answers_with 2 "link pilot0 already" \
		pl a link add pilot0 identity "$TMP/a/id"
	answers_with 2 "another link has this agent's address" \
		pl a link add pilot1 identity "$TMP/a/id"
	refused has_device a pilot1
	answers_with 2 "there is no such peer" pl a peer delete "$(did b)"
	answers_with 2 "there is no such peer" pl a peer set "$(did b)" keepalive 5
	answers_with 2 "" pl a peer add "$(did a)" endpoint 10.0.0.2:7740
	answers_with 2 "$TMP/a/none" pl a peer add "$(did b)" \
		psk "$TMP/a/none"
	answers_with 2 "is not in $TMP/a" pl a peer add "$(did b)" \
		psk "$TMP/b/psk"
	psk a 1
	chmod 644 "$TMP/a/psk"
	answers_with 2 "open to others" pl a peer add "$(did b)" psk "$TMP/a/psk"
	equal "$(pl a peer show)" "" "the peers of a"
	must pl a peer add "$(did b)"
	answers_with 2 "has this peer already" pl a peer add "$(did b)"
	answers_with 1 "" pl a peer add
	answers_with 1 "" pl a peer add "$(did b)" endpoint 10.0.0.2
	answers_with 1 "" pl a peer add "$(did b)" keepalive -1
	answers_with 1 "" pl a peer frobnicate
	answers_with 1 "" pl a link add
	answers_with 1 "" pl a link delete pilot9
	equal "$(pl a peer show | grep -c "^1:")" 1 "how many peers a has"
}

helper_tests \
	first_packet_waits_for_the_key_over_ipv4 \
	first_packet_waits_for_the_key_over_ipv6 \
	tcp_flows_both_ways \
	a_file_does_what_the_commands_do \
	a_psk_on_both_sides_connects \
	a_psk_on_one_side_does_not_and_says_so \
	nothing_secret_is_told \
	invariant_6_revocation_is_in_force_at_return \
	an_agent_lives_in_another_namespace \
	one_helper_serves_two_agents \
	the_command_works_in_another_namespace \
	a_wrong_configuration_is_refused_with_its_line \
	wrong_commands_are_refused_and_change_nothing
