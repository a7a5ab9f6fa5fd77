#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout=500
#
# Agents that know each other's identity and one introducer: data starts by its
# relay and goes on by better paths, whatever dies on the way.

# shellcheck source=selftests/lib-helper.sh
. "$(dirname "$0")/lib-helper.sh"
# shellcheck source=selftests/lib-reach.sh
. "$(dirname "$0")/lib-reach.sh"

# between KIND KIND: agents at such sites.
between() {
	command -v nft >/dev/null || skip "nft is missing"
	lab_up
	agents
	site a "$1"
	site b "$2"
	agent_start a b
	agent_start b a
}

kind_is() {
	[ "$(path_kind "$1" "$(other "$1")")" = "$2" ]
}

other() {
	[ "$1" = a ] && echo b || echo a
}

# both_are KIND: for both ends, in good time.
both_are() {
	soon 30 kind_is a "$1"
	soon 30 kind_is b "$1"
}

# In the middle nothing passes between the sites.
middle_cut() {
	in_ns inet nft -f - <<-END
		table inet cut {
			chain forward {
				type filter hook forward priority -10;
				iifname != "introducer" oifname != "introducer" drop
			}
		}
	END
}

relayed() {
	pl introducer -j relay show | python3 -c 'import json, sys
print(sum(entry["packets"] for entry in json.load(sys.stdin)))'
}

a_path_is_found_and_becomes_direct() {
	between eim-apdf eim-apdf
	ping_start a "${agent_inet6[b]}" 0.1
	both_are direct
	equal "$(ping_end a)" 0 "pings lost"
	[ "$(relayed)" -gt 0 ] || fail "nothing went by the relay"
	pl a path show >"$TMP/path"
	says "$TMP/path" in-use || fail "$(cat "$TMP/path")"
}

a_relay_serves_those_that_find_no_other() {
	local before

	between apdm apdm
	reaches a "${agent_inet6[b]}"
	both_are relay
	before=$(relayed)
	flow_start a b "${agent_inet6[b]}" "$(patience 4)"
	flow_end a "by the relay"
	[ "$(relayed)" -gt $((before + 100)) ] || fail "the relay saw none of it"
	kind_is a relay || fail "the path became $(path_kind a b)"
}

a_flow_moves_from_relay_to_direct_and_back() {
	between eim-apdf eim-apdf
	flow_start a b "${agent_inet6[b]}" "$(patience 30)" -b 5M
	both_are direct
	middle_cut
	both_are relay
	in_ns inet nft delete table inet cut
	flow_is_on || fail "the flow ended too early to prove anything"
	flow_end a "by relay, directly, and by relay"
}

the_introducers_worker_may_die() {
	between apdm apdm
	reaches a "${agent_inet6[b]}"
	both_are relay
	ping_start a "${agent_inet6[b]}" 0.1
	kill -KILL "$(worker_pid introducer)"
	soon 20 worker_pid introducer
	reaches b "${agent_inet6[a]}"
	# Longer than a grant is left to itself.
	soon 60 pl introducer ping "${agent_did[a]}" count 1
	equal "$(ping_end a)" 0 "pings lost"
}

an_agents_worker_may_die() {
	between eim-apdf eim-apdf
	reaches a "${agent_inet6[b]}"
	both_are direct
	ping_start a "${agent_inet6[b]}" 0.1
	kill -KILL "$(worker_pid a)"
	soon 20 worker_pid a
	soon 60 pl a ping "${agent_did[b]}" count 1
	equal "$(ping_end a)" 0 "pings lost"
}

without_an_introducer_nothing_is_sent() {
	between public public
	end_process "$(helper_pid introducer)" -KILL
	hears_not a "${agent_inet6[b]}"
	pl a path show "${agent_did[b]}" >"$TMP/path"
	! says "$TMP/path" in-use || fail "$(cat "$TMP/path")"
	says "$TMP/path" "looking for a way" || fail "$(cat "$TMP/path")"
}

helper_tests \
	a_path_is_found_and_becomes_direct \
	a_relay_serves_those_that_find_no_other \
	a_flow_moves_from_relay_to_direct_and_back \
	the_introducers_worker_may_die \
	an_agents_worker_may_die \
	without_an_introducer_nothing_is_sent
