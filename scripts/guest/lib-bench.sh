# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The paths that are compared, side by side between the namespaces a and b of a
# guest: one wire, on it WireGuard, ESP and a pilot link.  Sourced by
# scripts/guest/bench and scripts/guest/profile, after selftests/lib.sh and
# selftests/lib-lanes.sh.
#
# shellcheck disable=SC2034,SC2154

epoch=1
lanes=1
cipher_now=
esp_is_up=0

note() {
	echo "${0##*/}: $*"
}

# path_up PATH...: the module and everything those paths need.
path_up() {
	local path

	busy_start
	module_is_loaded || module_load || fail "the pilot module does not load"
	pair
	for path; do
		case $path in
		wireguard) wireguard ;;
		esp) esp_up ;;
		esac
	done
	# From now on in memory.
	pilot_load >/dev/null 2>&1 || true
	ping -V >/dev/null
	busy_end
}

# While a processor with an instruction clock is idle, as it is when it waits for
# the host's disk, its clock leaps from timer to timer: what waits for a module to
# be loaded would find that a minute has passed.  A busy one has no such leaps.
busy_start() {
	[ -n "${PILOT_ICOUNT:-}" ] || return 0
	chrt -i 0 sh -c 'while :; do :; done' &
	busy=$!
}

busy_end() {
	[ -n "${PILOT_ICOUNT:-}" ] || return 0
	kill "$busy"
	wait "$busy" 2>/dev/null || true
}

# path_ready PATH: chooses the cipher, and waits for neighbours, handshakes, keys.
path_ready() {
	# With any policy in a namespace every packet asks for its own.
	[ "$1" = esp ] || esp_down
	case $1 in
	esp) esp_up ;;
	pilot-aes) pilot_cipher aes ;;
	pilot-chacha) pilot_cipher chacha ;;
	esac
	in_ns a ping -n -q -c 3 -i 0.05 -W 5 "$(path_address "$1" 2)" \
		>"$TMP/ping" || fail "no answer over $1: $(cat "$TMP/ping")"
}

# path_address PATH END
path_address() {
	case $1 in
	plain) echo "fd00::$2" ;;
	wireguard) echo "fd99::$2" ;;
	esp) echo "fd98::$2" ;;
	*) agent_ip $((4 + $2)) ;;
	esac
}

wireguard() {
	local ns key_a key_b

	key_a=$(wg genkey)
	key_b=$(wg genkey)
	for ns in a b; do
		ipn "$ns" link add wg0 type wireguard ||
			fail "this kernel has no WireGuard"
	done
	wireguard_end a 1 "$key_a" "$key_b"
	wireguard_end b 2 "$key_b" "$key_a"
}

# wireguard_end NS END OWN-KEY OTHER-KEY
wireguard_end() {
	in_ns "$1" wg set wg0 listen-port 5555 private-key <(echo "$3") \
		peer "$(wg pubkey <<<"$4")" endpoint "10.0.0.$((3 - $2)):5555" \
		allowed-ips fd99::/64
	ipn "$1" link set wg0 mtu $((${WIRE_MTU:-1500} - 80))
	ipn "$1" addr add "fd99::$2/64" dev wg0 nodad
	ipn "$1" link set wg0 up
}

# ESP as a tunnel with AES-256-GCM, IPv6 in IPv4 as the others are.
esp_up() {
	[ "$esp_is_up" -eq 0 ] || return 0
	modprobe -q -a esp4 xfrm_user esp4_offload 2>/dev/null || true
	esp_end a 1 2
	esp_end b 2 1
	esp_is_up=1
}

esp_down() {
	local ns

	[ "$esp_is_up" -eq 1 ] || return 0
	for ns in a b; do
		ipn "$ns" xfrm policy flush
		ipn "$ns" xfrm state flush
	done
	esp_is_up=0
}

# esp_end NS OWN OTHER
esp_end() {
	local own=$2 other=$3 dir src

	for dir in out in; do
		src=$own
		[ "$dir" = out ] || src=$other
		ipn "$1" xfrm state add src "10.0.0.$src" \
			dst "10.0.0.$((3 - src))" proto esp spi "0x100$src" \
			reqid 1 mode tunnel aead 'rfc4106(gcm(aes))' \
			"0x$(key_hex "$src" $((3 - src)) 1)0badcafe" 128 \
			sel src "fd98::$src/128" dst "fd98::$((3 - src))/128" ||
			fail "this kernel has no ESP with AES-GCM"
		ipn "$1" xfrm policy add dir "$dir" src "fd98::$src/128" \
			dst "fd98::$((3 - src))/128" tmpl src "10.0.0.$src" \
			dst "10.0.0.$((3 - src))" proto esp reqid 1 mode tunnel
	done
	ipn "$1" addr replace "fd98::$own/64" dev wire nodad
}

# pilot_cipher CIPHER: new keys, unless it is the cipher of those in use.
pilot_cipher() {
	local cpu

	[ "$1" != "$cipher_now" ] || return 0
	CIPHER=$1
	cipher_now=$1
	epoch=$((epoch + 1))
	keys "$epoch" hard-age 86400
	[ "$lanes" -eq 1 ] || second_lane
	# A lane is chosen by processor, and its key is used with its first packet.
	for ((cpu = 0; cpu < lanes; cpu++)); do
		in_ns a taskset -c "$cpu" ping -n -q -c 2 -i 0.05 -W 5 \
			"$(agent_ip 6)" >"$TMP/ping" ||
			fail "no answer with keys of $1"
	done
	wait_for 10 key_is_current b 5 "$epoch" || fail "b did not take the key"
	[ "$lanes" -eq 1 ] || lanes_work 2 "$epoch"
}

# A second lane from now on, for the cipher that is chosen next.
two_lanes() {
	local ns

	for ns in a b; do
		hold "$ns" "4:$(lane_port 1)" "6:$(lane_port 1)"
		lane_bind "$ns" 1 10
	done
	lanes=2
	cipher_now=
}

second_lane() {
	local port

	port="port $(lane_port 1)"
	lane_key b 6 5 "$epoch" 1 next "$port" hard-age 86400
	lane_key a 5 6 "$epoch" 1 current "$port" hard-age 86400
}

# Both lanes have had a part in what was sent, or two of them is not what was measured.
lanes_shared() {
	local lane sent=()

	for lane in 0 1; do
		sent+=("$(in_ns a pilot_ctl key-get pilot0 "$(agent 6)" \
			epoch "$epoch" lane $lane | word tx-counter key)")
	done
	for lane in 0 1; do
		[ $((4 * sent[lane])) -ge $((sent[0] + sent[1])) ] ||
			fail "the lanes sent ${sent[*]} records"
	done
}

# The names of the code that ciphers, at both ends.
pilot_driver() {
	key_stat a 6 "$epoch" driver
}

# regime_set N: as "regime", but also back to R1.
regime_set() {
	local ns

	if [ "$1" = R1 ]; then
		for ns in a b; do
			in_ns "$ns" ethtool -K wire tso on gro off \
				tx-udp-segmentation on >/dev/null
		done
	else
		regime "$1"
	fi
}
