#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=150
#
# What the netlink interface refuses, with which error, and that it says why.
#
# shellcheck disable=SC2046

. "$(dirname "$0")/lib.sh"

# refused ERRNO COMMAND...: pilot_ctl in namespace a; any text must be there.
refused() {
	local errno=$1 text
	shift

	if text=$(in_ns a pilot_ctl "$@" 2>&1 >/dev/null); then
		fail "accepted: $*"
	fi
	[[ $text == "$errno: "?* ]] || fail "'$*' gave '$text', not $errno: text"
}

accepted() {
	in_ns a pilot_ctl "$@" >/dev/null || fail "refused: $*"
}

one() {
	ns_add a b
	wire a b
	agent_up a 5
}

one_peer() {
	one
	peer a 6 2
}

# new_key [ARGS]...: words for a good key, to be overruled by later ones.
new_key() {
	echo key-new pilot0 "$(agent 6)" epoch 1 slot current cipher aes \
		rx-index 1 tx-index 2 rx-key "$(key_hex 1 2 3)" \
		tx-key "$(key_hex 2 1 3)"
}

devices_that_are_not_ours() {
	one
	refused EOPNOTSUPP dev-get lo
	refused EOPNOTSUPP dev-get wire
	refused ENODEV dev-get 4711
	refused ENODEV peer-get wire
	refused EOPNOTSUPP peer-new wire "$(agent 6)"
	refused EINVAL raw 1
	refused EINVAL raw 5
	refused EINVAL raw 5 dump
	refused ERANGE raw 1 u32:1=0
}

attributes_that_are_missing() {
	one_peer
	refused EINVAL raw 2 if:1=pilot0
	refused EINVAL raw 3 if:1=pilot0
	refused EINVAL raw 3 if:1=pilot0 '3{' '}'
	refused EINVAL raw 6 if:1=pilot0
	refused EINVAL raw 6 if:1=pilot0 '3{' '}'
	refused EINVAL raw 7 if:1=pilot0 '3{' u64:2=0x100000006 '}'
	refused EINVAL raw 7 if:1=pilot0 '3{' u64:2=0x100000006 '}' '4{' '}'
	refused EINVAL raw 9 if:1=pilot0 '3{' u64:2=0x100000006 '}'
	refused EINVAL raw 9 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u8:2=0 '}'
	refused EINVAL raw 10 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u32:3=0 '}'
}

attributes_that_only_answers_carry() {
	one_peer
	refused EINVAL raw 2 if:1=pilot0 '2{' u32:7=1 '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2=0x100000006 u32:10=1 '}'
	refused EINVAL raw 8 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u8:2=0 u32:3=1 u64:14=1 '}'
	refused EINVAL raw 1 if:1=pilot0 '5{' u8:1=1 '}'
	refused EINVAL raw 1 if:1=pilot0 u32:77=1
}

agent_addresses_that_nobody_has() {
	ns_add a
	ipn a link add pilot0 type pilot
	refused EINVAL dev-set pilot0 address 0x100000000
	refused EINVAL dev-set pilot0 address 0x1ffffffff
	refused ERANGE dev-set pilot0 address 0x1000000000000
	refused EADDRNOTAVAIL peer-new pilot0 "$(agent 6)"
	accepted dev-set pilot0 address "$(agent 5)"
	accepted dev-set pilot0 address "$(agent 6)"
	accepted peer-new pilot0 "$(agent 5)"
	refused EBUSY dev-set pilot0 address "$(agent 7)"
	accepted dev-set pilot0 address "$(agent 6)"
}

peers_that_cannot_be() {
	one_peer
	refused EEXIST peer-new pilot0 "$(agent 6)"
	refused EINVAL peer-new pilot0 "$(agent 5)"
	refused EINVAL peer-new pilot0 0x200000006
	refused EINVAL peer-new pilot0 0x100000000
	refused ENOENT peer-set pilot0 "$(agent 7)"
	refused ENOENT peer-del pilot0 "$(agent 7)"
	refused ENOENT peer-get pilot0 "$(agent 7)"
	refused EINVAL peer-set pilot0 "$(agent 6)" flags 4
	refused ERANGE peer-set pilot0 "$(agent 6)" keepalive 86401
	refused ERANGE peer-set pilot0 "$(agent 6)" silence 86401
	refused ERANGE peer-set pilot0 "$(agent 6)" idle 86401
	accepted peer-set pilot0 "$(agent 6)" keepalive 86400 flags 3
}

endpoints_that_nothing_can_be_sent_to() {
	local a

	one_peer
	a=$(agent 6)
	refused EINVAL peer-set pilot0 "$a" endpoint 0.0.0.0 1
	refused EINVAL peer-set pilot0 "$a" endpoint 224.0.0.1 1
	refused EINVAL peer-set pilot0 "$a" endpoint 255.255.255.255 1
	refused EINVAL peer-set pilot0 "$a" endpoint :: 1
	refused EINVAL peer-set pilot0 "$a" endpoint ff02::1 1
	refused EINVAL peer-set pilot0 "$a" endpoint ::ffff:10.0.0.2 1
	refused EINVAL peer-set pilot0 "$a" endpoint fe80::1 1
	refused EINVAL peer-set pilot0 "$a" endpoint fd00::2 1 scope 3
	refused ERANGE peer-set pilot0 "$a" endpoint 10.0.0.2 0
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' be16:4=1 '}' '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' hex:2=0a000002 \
		'}' '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' hex:2=0a000002 \
		hex:3=fd000000000000000000000000000002 be16:4=1 '}' '}'
	refused ERANGE raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' u8:1=3 \
		hex:2=0a000002 be16:4=1 '}' '}'
	# A relay and a channel have a number, a direct endpoint has none.
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' u8:1=1 \
		hex:2=0a000002 be16:4=1 '}' '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' u8:1=2 \
		hex:2=0a000002 be16:4=1 '}' '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' u8:1=0 u32:6=1 \
		hex:2=0a000002 be16:4=1 '}' '}'
	refused EINVAL raw 4 if:1=pilot0 '3{' u64:2="$a" '3{' u32:6=0x4001 \
		hex:2=0a000002 be16:4=1 '}' '}'
	refused ERANGE peer-set pilot0 "$a" endpoint 10.0.0.2 1 turn 0x3fff
	refused ERANGE peer-set pilot0 "$a" endpoint 10.0.0.2 1 turn 0x5000
	refused ERANGE peer-set pilot0 "$a" endpoint 10.0.0.2 1 turn 0x14001
	refused ERANGE peer-set pilot0 "$a" endpoint 10.0.0.2 0 relay 5
	refused EINVAL peer-set pilot0 "$a" endpoint 0.0.0.0 1 relay 5
	equal "$(peer_stat a 6 endpoint)" 10.0.0.2 "the endpoint after all that"
	accepted peer-set pilot0 "$a" forget
	equal "$(peer_stat a 6 endpoint)" "" "the endpoint after it was forgotten"
}

# relay_words ID FROM TO [ARGS]...
relay_words() {
	local id=$1 from=$2 to=$3
	shift 3

	echo relay-new pilot0 "$id" from "$(agent "$from")" \
		to "$(agent "$to")" next 1 seconds 600 "$@"
}

relays_that_cannot_be() {
	local from=u64:3=0x100000006 to=u64:4=0x100000008

	one_peer
	accepted peer-new pilot0 "$(agent 8)"
	accepted $(relay_words 1 6 8)
	refused EEXIST $(relay_words 1 6 8)
	refused EEXIST $(relay_words 1 8 6 replace)
	accepted $(relay_words 1 6 8 replace)
	refused EINVAL $(relay_words 9 6 6)
	refused ENOENT $(relay_words 9 6 7)
	refused ENOENT $(relay_words 9 7 6)
	refused ENOENT $(relay_words 9 6 5)
	refused ERANGE $(relay_words 9 6 8 seconds 0)
	refused ERANGE $(relay_words 9 6 8 seconds 86401)
	refused EINVAL $(relay_words 9 6 8 flags 2)
	refused ENOENT relay-get pilot0 9
	refused ENOENT relay-del pilot0 9
	refused EINVAL raw 12 if:1=pilot0
	refused EINVAL raw 12 if:1=pilot0 '6{' '}'
	refused EINVAL raw 12 if:1=pilot0 '6{' u32:2=9 $from $to u32:5=1 '}'
	refused EINVAL raw 12 if:1=pilot0 '6{' u32:2=9 $from $to u32:10=5 '}'
	refused EINVAL raw 12 if:1=pilot0 '6{' u32:2=9 $to u32:5=1 u32:10=5 '}'
	refused EINVAL raw 12 if:1=pilot0 '6{' u32:2=9 $from u32:5=1 \
		u32:10=5 '}'
	refused ERANGE raw 12 if:1=pilot0 '6{' u32:2=9 \
		u64:3=0x1000000000000 '}'
	refused EINVAL raw 12 if:1=pilot0 '6{' u32:2=9 u64:11=1 '}'
	refused EINVAL raw 13 if:1=pilot0
	refused EINVAL raw 13 if:1=pilot0 '6{' '}'
	refused EINVAL raw 13 dump
	refused EOPNOTSUPP raw 13 dump if:1=wire
	refused EINVAL raw 14 if:1=pilot0 '6{' '}'
	accepted dev-set pilot0 socket4 -1 socket6 -1
	refused ENOTCONN $(relay_words 9 6 8)
	accepted relay-del pilot0 1
	refused ENOENT relay-get pilot0 1
}

keys_that_cannot_be() {
	local new half

	one_peer
	new=$(new_key)
	half=$(key_hex 1 2 3 | cut -c 1-62)
	refused EINVAL $new lane 1
	refused ERANGE raw 7 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u8:2=0 u32:3=1 u8:4=2 '}'
	refused ERANGE raw 7 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u8:2=0 u32:3=1 u8:4=0 u8:5=3 '}'
	refused ERANGE raw 7 if:1=pilot0 '3{' u64:2=0x100000006 '}' \
		'4{' u8:2=0 u32:3=1 u8:4=0 u8:5=1 hex:8="$half" '}'
	refused EINVAL ${new/ cipher aes/}
	refused EINVAL ${new/ slot current/}
	refused EINVAL ${new/ rx-index 1/}
	refused EINVAL ${new/ tx-index 2/}
	refused EINVAL ${new/ rx-key $(key_hex 1 2 3)/}
	refused EINVAL ${new/ tx-key $(key_hex 2 1 3)/}
	refused ERANGE $new hard-packets $((1 << 29))
	refused ERANGE $new soft-packets $((1 << 29))
	refused ERANGE $new hard-packets 0
	refused EINVAL $new soft-packets 10 hard-packets 9
	refused EINVAL $new soft-age 10 hard-age 9
	refused ERANGE $new soft-age 0
	refused ERANGE $new hard-age 86401
	accepted $new
	refused EEXIST $new
	refused EEXIST ${new/epoch 1/epoch 2}
	refused ENOENT key-get pilot0 "$(agent 6)" epoch 2
	refused ENOENT key-del pilot0 "$(agent 6)" epoch 2
	refused ENOENT key-swap pilot0 "$(agent 6)" epoch 2
	refused EINVAL key-swap pilot0 "$(agent 6)" epoch 1
	refused ENOENT key-get pilot0 "$(agent 7)" epoch 1
}

keys_before_there_is_a_socket() {
	ns_add a
	device a 5
	accepted peer-new pilot0 "$(agent 6)"
	refused ENOTCONN $(new_key)
}

receiver_index_is_unique_on_a_socket() {
	one_peer
	ipn a link add pilot1 type pilot
	accepted dev-set pilot1 address "$(agent 7)" socket4 "$(held a):10"
	accepted peer-new pilot1 "$(agent 6)"
	accepted $(new_key)
	refused EEXIST $(new_key | sed s/pilot0/pilot1/)
	accepted $(new_key | sed 's/pilot0/pilot1/; s/rx-index 1/rx-index 9/')
}

sockets_of_the_wrong_kind() {
	ns_add a
	hold a 4:7740 6:7740 46:7741 4:7742
	ipn a link add pilot0 type pilot
	accepted dev-set pilot0 address "$(agent 5)"
	refused EBADF dev-set pilot0 socket4 999
	refused EAFNOSUPPORT dev-set pilot0 socket4 "$(held a):11"
	refused EAFNOSUPPORT dev-set pilot0 socket6 "$(held a):10"
	refused EINVAL dev-set pilot0 socket6 "$(held a):12"
	refused ERANGE dev-set pilot0 socket4 -2
	in_ns a pilot_ctl dev-set pilot0 socket4 0 2>"$TMP/err" &&
		fail "standard input passed for a socket"
	grep -q '^[A-Z]*: .' "$TMP/err" || fail "no text: $(cat "$TMP/err")"
	accepted dev-set pilot0 socket4 "$(held a):10"
	accepted dev-set pilot0 socket4 "$(held a):13"
}

# refused_socket ERRNO TEXT SOCKET [ARGS]...: the text says what is wrong with it.
refused_socket() {
	local errno=$1 text=$2
	shift 2

	refused "$errno" dev-set pilot0 socket4 "$@"
	{ in_ns a pilot_ctl dev-set pilot0 socket4 "$@" 2>&1 || true; } |
		grep -q "$text" || fail "nothing of '$text' is said"
}

sockets_that_others_use() {
	ns_add a
	ipn a link set lo up
	hold a 4:7740:encap 4:7741:tcp 4:7742:connected 4:7743:unbound 4:7744
	ipn a link add pilot0 type pilot
	accepted dev-set pilot0 address "$(agent 5)"
	refused_socket EBUSY 'another encapsulation' "$(held a):10"
	refused_socket ESOCKTNOSUPPORT 'not a UDP socket' "$(held a):11"
	refused_socket EISCONN 'not be connected' "$(held a):12"
	refused_socket EADDRNOTAVAIL 'bind the socket' "$(held a):13"
	accepted dev-set pilot0 socket4 "$(held a):14"
	refused_socket EBUSY 'another lane' "$(held a):14" lane 1
	in_ns a pilot_ctl dev-get pilot0 | grep -q "^socket4.* port 7744" ||
		fail "the socket is not the one that was good"
}

binding_needs_capabilities() {
	local uid=65534 text

	one_peer
	command -v setpriv >/dev/null || skip "no setpriv here"
	for verb in "dev-get" "dev-get pilot0" "peer-get pilot0" \
		"relay-get pilot0" "relay-del pilot0 1" "peer-del pilot0 $(agent 6)"; do
		text=$(in_ns a setpriv --reuid $uid --clear-groups \
			--inh-caps=-all pilot_ctl $verb 2>&1) &&
			fail "anybody may $verb"
		[[ $text == EPERM* ]] || fail "$verb: '$text', not EPERM"
	done
	peer_stat a 6 address >/dev/null
}

# Who owns a device, but not the namespace of a socket that was left open for it.
binding_needs_the_namespace_of_the_socket() {
	local text

	ns_add a
	ipn a link set lo up
	# Descriptor 9 is of the namespace outside, 8 of the one inside.
	in_ns a bash -c 'exec 9<>/dev/udp/127.0.0.1/9 &&
		exec unshare -Urn bash -c "$1"' - "
		ip link set lo up && ip link add pilot0 type pilot || exit 7
		pilot_ctl dev-set pilot0 address $(agent 5) || exit 7
		pilot_ctl dev-set pilot0 socket4 9
		exec 8<>/dev/udp/127.0.0.1/9
		pilot_ctl dev-set pilot0 socket4 8
		true" >"$TMP/said" 2>&1 || {
		cat "$TMP/said"
		! grep -q unshare "$TMP/said" ||
			skip "no namespaces of users here"
		fail "no device in a namespace of its own"
	}
	text=$(<"$TMP/said")
	[[ $text == "EPERM: "*"over the socket's namespace"* ]] ||
		fail "the foreign socket: '$text'"
	# That of its own namespace is judged for what it is.
	[[ $text == *$'\n'"EISCONN: "* ]] || fail "its own socket: '$text'"
}

secrets_are_never_returned() {
	one_peer
	accepted $(new_key)
	in_ns a pilot_ctl key-get pilot0 "$(agent 6)" epoch 1 >"$TMP/shown"
	in_ns a pilot_ctl peer-get pilot0 >>"$TMP/shown"
	grep -q 'tx-index 2' "$TMP/shown" || fail "the key is not shown"
	! grep -qE 'rx-key|tx-key|0001000200000003' "$TMP/shown" ||
		fail "a secret is shown"
}

run_tests devices_that_are_not_ours attributes_that_are_missing \
	attributes_that_only_answers_carry agent_addresses_that_nobody_has \
	peers_that_cannot_be endpoints_that_nothing_can_be_sent_to \
	relays_that_cannot_be keys_that_cannot_be keys_before_there_is_a_socket \
	receiver_index_is_unique_on_a_socket sockets_of_the_wrong_kind \
	sockets_that_others_use binding_needs_capabilities \
	binding_needs_the_namespace_of_the_socket \
	secrets_are_never_returned
