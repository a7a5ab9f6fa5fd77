#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# Agents and an introducer on bad links: a fifth is lost, all is late, and comes
# in another order.  They still connect, and stay connected.
#
# ROUNDS is how often each is tried; each time with other packets lost.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

ROUNDS=${ROUNDS:-2}
STREAM_INTERVAL=0.2

# Each attempt to reach a peer has 30 s, and the kernel asks for another one up to
# 10 s later.  A single one seldom fails: of some eight handshakes in it two
# fifths get through by the relay, and two thirds otherwise.
CONNECTS=$(patience 40)
# Three rounds of punching, then one after 5 s, 10 s, 20 s and 40 s: by the relay,
# where two fifths of what asks for a round get there.
IMPROVES=$(patience 90)

# bad_end NS DEVICE: what leaves there.
bad_end() {
	tc -n "$NSP-$1" qdisc replace dev "$2" root netem \
		delay 200ms 60ms reorder 10% loss 20% 2>"$TMP/tc" ||
		skip "no netem here: $(cat "$TMP/tc")"
}

# Each of the three links in both directions: between the agents and the
# introducer, which is two of them by its relay, and between the agents.
bad_links() {
	bad_end a "a${nat_number[${site_of[a]}]}"
	bad_end b "b${nat_number[${site_of[b]}]}"
	bad_end introducer net
}

# connects KIND KIND PATH LOSS: by such a path in the end, with at most so many
# per cent of the pings lost.
connects() {
	local round first sent lost gap

	command -v tc >/dev/null || skip "tc is missing"
	sites "$1" "$2"
	bad_links
	for ((round = 1; round <= ROUNDS; round++)); do
		agent_start a b
		agent_start b a
		stream_start a "${agent_inet6[b]}"
		soon "$CONNECTS" is_answered
		both_are "$3" "$IMPROVES"
		# It is a bad path, and not a dead one.
		goes_on 60 40
		both_are "$3"
		read -r first sent lost gap < <(stream_end)
		note "$3, round $round: first answer after $first ms," \
			"$lost of $sent pings lost, $gap ms without any"
		within 400 "$((CONNECTS * 1000))" "$first" \
			"the time to the first answer in ms"
		within 0 "$4" $((100 * lost / sent)) "per cent lost"
		agent_stop a
		agent_stop b
	done
}

# Two links there and two back let two fifths through.
a_relay_is_found_on_bad_links() {
	connects apdm apdm relay 80
}

# One there and one back let two thirds through, after a while by the relay.
a_direct_path_is_found_on_bad_links() {
	connects eim-apdf eim-apdf direct 70
}

helper_tests \
	a_relay_is_found_on_bad_links \
	a_direct_path_is_found_on_bad_links
