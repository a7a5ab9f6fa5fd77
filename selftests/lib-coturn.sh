# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# coturn as a STUN and TURN server, from where scripts/setup keeps servers that
# must not run on the machine by themselves, or as it is installed, which it is in
# the folder of kernel 7.  Sourced after lib.sh.
#
# shellcheck disable=SC2034,SC2154

servers=${PILOT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pilot-link}/servers
[ -e "$servers/complete" ] || servers=
libraries=$(echo "$servers"/usr/lib/*-linux-gnu)

# need_servers: without coturn and miniupnpd the test fails.
need_servers() {
	local program

	for program in usr/bin/turnserver usr/sbin/miniupnpd; do
		[ -x "$servers/$program" ] || fail "/$program is missing: scripts/setup"
	done
}

# What coturn hears beside UDP: nothing, but see coturn_streams.
coturn_by=(--no-tcp --no-tls)

# From here on it serves by TCP as well, and by TLS with a certificate of its own.
coturn_streams() {
	certificate "$TMP/coturn.cert" "$TMP/coturn.key" turn.example.org
	coturn_by=(--cert "$TMP/coturn.cert" --pkey "$TMP/coturn.key")
}

# coturn_start NS ARG...: COTURN is the process, which hears COTURN_PORT.
coturn_start() {
	local ns=$1
	shift

	spawn "$TMP/coturn" in_ns "$ns" env LD_LIBRARY_PATH="$libraries" \
		"$servers/usr/bin/turnserver" -n --no-cli --no-dtls \
		"${coturn_by[@]}" --log-file stdout --simple-log \
		--pidfile "$TMP/coturn.pid" --userdb "$TMP/coturn.db" "$@"
	COTURN=$SPAWNED
	wait_for 30 hears "$ns" "${COTURN_PORT:-3478}" ||
		fail "coturn: $(tail -n 5 "$TMP/coturn")"
}

# turn_start NS ADDRESS [ARG]...: as a relay for user u with the password secret.
turn_start() {
	coturn_start "$1" --lt-cred-mech --user u:secret --realm example.org \
		--listening-ip "$2" --relay-ip "$2" "${@:3}"
}
