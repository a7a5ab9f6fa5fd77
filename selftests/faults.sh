#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# needs: debug
# timeout=400
#
# Memory that runs out, on a kernel that lets allocations fail: a request is refused
# and has changed nothing, a packet is dropped and counted, and nothing is lost that
# the kernel would find at the end.

. "$(dirname "$0")/lib.sh"

KNOBS=/sys/kernel/debug

# knobs WORD VALUE...: of both kinds of allocation.
knobs() {
	local kind

	while [ $# -gt 0 ]; do
		for kind in failslab fail_page_alloc; do
			echo "$2" >"$KNOBS/$kind/$1"
		done
		shift 2
	done
}

# Every allocation is meant, of the processes that ask for it and of no other.
those_of_requests() {
	[ -d $KNOBS/failslab ] || skip "this kernel lets no allocation fail"
	knobs probability 0 times -1 verbose 0 task-filter Y ignore-gfp-wait N
	echo 0 >$KNOBS/fail_page_alloc/min-order
}

# withstands UNDO VERB...: of the allocations that a request of a takes, one after
# the other fails: the first hundred, and some of those that follow, which are the
# core's. When it was done all the same, or the answer was lost, it is undone. In the
# end it is done.
withstands() {
	local undo=$1 n text
	shift

	for ((n = 1; n < 1000; n += n < 100 ? 1 : 19)); do
		if text=$(in_ns a pilot_ctl -f $n "$@" 2>&1); then
			[[ $text != *"no fault" ]] || break
			in_ns a $undo
		elif [[ $text =~ (^|$'\n')ENOBUFS: ]]; then
			in_ns a $undo 2>/dev/null || true
		else
			# The latter is the core's, of a device without a name.
			[[ $text =~ (^|$'\n')(ENOMEM: .*|EINVAL: )$ ]] ||
				fail "$1, allocation $n: $text"
		fi
	done
	within 4 900 "$n" "allocations of $1"
	echo "# $1: $n allocations"
}

requests_without_memory_change_nothing() {
	local relay pid

	relay=(relay-new pilot0 1 from "$(agent 6)" to "$(agent 8)" next 1
		seconds 900)
	those_of_requests
	ns_add a b
	wire a b
	device a 5
	hold a "4:$PORT" "6:$PORT"
	agent_up b 6
	peer b 5 1
	pid=$(held a)

	withstands "ip link del pilot1" link-new pilot1 address "$(agent 7)"
	withstands "pilot_ctl dev-set pilot0 socket4 -1" \
		dev-set pilot0 socket4 "$pid:10"
	withstands "pilot_ctl dev-set pilot0 socket6 -1" \
		dev-set pilot0 socket6 "$pid:11"
	withstands "pilot_ctl peer-del pilot0 $(agent 6)" \
		$(peer_words pilot0 6 2)
	withstands true peer-set pilot0 "$(agent 6)" endpoint 10.0.0.2 $PORT
	withstands "pilot_ctl peer-del pilot0 $(agent 8)" \
		$(peer_words pilot0 8 2)
	withstands "pilot_ctl relay-del pilot0 1" "${relay[@]}"
	withstands "pilot_ctl key-del pilot0 $(agent 6) epoch 1" \
		$(key_words pilot0 5 6 1 current)
	withstands "pilot_ctl key-del pilot0 $(agent 6) epoch 2" \
		$(key_words pilot0 5 6 2 next)
	in_ns a pilot_ctl key-del pilot0 "$(agent 6)" epoch 2
	withstands true dev-get pilot0
	withstands true peer-get pilot0 "$(agent 6)"
	withstands true relay-get pilot0 1

	in_ns b pilot_ctl $(key_words pilot0 6 5 1 next)
	pings a 6
	withstands "pilot_ctl ${relay[*]}" relay-del pilot0 1
	withstands "pilot_ctl $(peer_words pilot0 8 2)" \
		peer-del pilot0 "$(agent 8)"
}

# Of what softirqs and senders take, who cannot wait for memory, a tenth fails,
# everywhere in the kernel.
some_of_packets() {
	[ -d $KNOBS/failslab ] || skip "this kernel lets no allocation fail"
	echo 0 >$KNOBS/fail_page_alloc/min-order
	trap none_fails EXIT
	knobs verbose 0 task-filter N ignore-gfp-wait Y times -1 probability 10
}

none_fails() {
	knobs probability 0
}

# A program that sends 20 datagrams at a time to an address until it is ended.
bursts() {
	cat <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_UDP, 103, 1200)
		while True:
		    try:
		        s.sendto(bytes(24000), (sys.argv[1], 7000))
		    except OSError:
		        pass
	EOF
}

# packets_without_memory REGIME: with somebody who looks at the wire and so has
# packets copied.
packets_without_memory() {
	local ns bursting

	pair
	regime "$1"
	bursts >"$TMP/bursts.py"
	listen b wire frames "$TMP/frames"
	some_of_packets
	spawn "$TMP/bursts" in_ns a python3 "$TMP/bursts.py" "$(agent_ip 6)"
	bursting=$SPAWNED
	spawn "$TMP/pings.a" in_ns a ping -n -q -i 0.1 "$(agent_ip 6)"
	spawn "$TMP/pings.b" in_ns b ping -n -q -i 0.1 "$(agent_ip 5)"
	wait_for 60 both_went_without || fail "nobody went without"
	none_fails
	end_process "$bursting"
	end_process "$LISTENER"
	pings a 6
	iperf a b 6 -n 200K
	iperf a b 6 -n 200K -R
	for ns in a b; do
		equal "$(stat $ns rx-drop-auth)" 0 "$ns's rx-drop-auth"
	done
}

both_went_without() {
	[ "$(stat a tx-drop-no-memory)" -gt 9 ] &&
		[ "$(stat b rx-drop-no-memory)" -gt 9 ]
}

packets_without_memory_whole_datagrams() {
	packets_without_memory R1
}

packets_without_memory_datagram_by_datagram() {
	packets_without_memory R3
}

run_tests requests_without_memory_change_nothing \
	packets_without_memory_whole_datagrams \
	packets_without_memory_datagram_by_datagram
