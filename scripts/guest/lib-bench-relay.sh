# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a host in the middle costs: agents' datagrams from a to b by a router, by the
# relay in its kernel, or by coturn.  In namespaces of their own beside those of
# the other paths.  Sourced by scripts/guest/bench and scripts/guest/profile after
# selftests/lib.sh and selftests/lib-relay.sh.
#
# shellcheck disable=SC2034,SC2154

# shellcheck source=selftests/lib-coturn.sh
. "$top/selftests/lib-coturn.sh"

HOP_PORT=4001
TURN_PORT=3478

# What lib-relay.sh makes goes by the names a, r and b.
hop_names() {
	local NSP=$NSP-hop

	"$@"
}

# hop_up: the wires, the router and the relay.
hop_up() {
	local ns

	bare_relay seconds 86400
	in_ns r sysctl -qw net.ipv4.ip_forward=1
	ipn a route add default via 10.0.1.1
	ipn b route add default via 10.0.2.1
	for ns in "a 10.0.2.2" "b 10.0.2.1"; do
		in_ns "${ns% *}" ping -n -q -c 2 -i 0.05 -W 5 "${ns#* }" \
			>"$TMP/ping" || fail "no way from ${ns% *} to ${ns#* }"
	done
	pilot_hop >/dev/null 2>&1 || true
}

# hop_command PATH SIZE COUNT [WORDS]...: sets command.
hop_command() {
	local path=$1 size=$2 count=$3 to=b at=10.0.2.2
	shift 3

	case $path in
	direct) to=r at=10.0.1.1 ;;
	router) ;;
	relay) set -- "$@" relay 10.0.1.1 "$PORT" "$ID5" ;;
	coturn) set -- "$@" turn 10.0.1.1 "$TURN_PORT" ;;
	coturn-back) set -- "$@" turn 10.0.1.1 "$TURN_PORT" reverse ;;
	*) fail "unknown path '$path'" ;;
	esac
	command=(pilot_hop "$NSP-a" "$NSP-$to" "$at" "$HOP_PORT" "$size"
		"$count" "$@")
}

# The same, and runs it.
hop() {
	local command

	hop_command "$@"
	"${command[@]}"
}

# The agents themselves, by the router or by the relay.
hop_agents_up() {
	in_ns r pilot_ctl peer-set pilot0 "$(agent 5)" endpoint 10.0.1.2 "$PORT"
	in_ns r pilot_ctl peer-set pilot0 "$(agent 6)" endpoint 10.0.2.2 "$PORT"
	agent_up a 5
	agent_up b 6
	by_relay a 6 1 "$ID5" peer-new
	by_relay b 5 2 "$ID6" peer-new
	CIPHER=aes
	keys 1 hard-age 86400
	wait_for 10 key_is_current b 5 1 || fail "b never saw a's first packet"
}

# hop_agents_by PATH
hop_agents_by() {
	# Fixed, so that what is under way does not pull it back.
	if [ "$1" = relay ]; then
		by_relay a 6 1 "$ID5" peer-set
		by_relay b 5 2 "$ID6" peer-set
	else
		in_ns a pilot_ctl peer-set pilot0 "$(agent 6)" \
			endpoint 10.0.2.2 "$PORT" flags 2
		in_ns b pilot_ctl peer-set pilot0 "$(agent 5)" \
			endpoint 10.0.1.2 "$PORT" flags 2
	fi
	pings a 6
}

# coturn_up: as a TURN server that asks nobody who he is.
coturn_up() {
	need_servers
	coturn_start r --no-auth --listening-ip 10.0.1.1 --relay-ip 10.0.2.1
}
