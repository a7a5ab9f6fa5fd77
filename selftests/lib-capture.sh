# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What is on a wire, and whether it tells who the agents are; sourced after
# lib-helper.sh.
#
# shellcheck disable=SC2154

# capture NAME SIDE DEVICE: all of it to $TMP/NAME.pcap until capture_end.  A frame may
# be as long as an IP packet, and each takes that much room until it is written: there
# are 16 MiB for those that wait.
capture() {
	command -v tcpdump >/dev/null || skip "tcpdump is missing"
	spawn "$TMP/$1.said" in_ns "$2" tcpdump --immediate-mode -U -n \
		-s $((14 + 65535)) -B $((16 << 10)) -i "$3" -w "$TMP/$1.pcap"
	echo "$SPAWNED" >"$TMP/$1.pid"
	soon 30 grep -q "listening on" "$TMP/$1.said"
}

capture_end() {
	end_process "$(cat "$TMP/$1.pid")" -INT
	grep -q "^0 packets dropped" "$TMP/$1.said" ||
		fail "the capture lost packets: $(cat "$TMP/$1.said")"
}

# captured NAME <FORMS: the frames that have any of these, see private.py.
captured() {
	"$dir/private.py" find "$TMP/$1.pcap"
}

# private_forms SIDE [HOST]: of the agent there.
private_forms() {
	"$dir/private.py" forms "$1" "$(did "$1")" "$(inet6 "$1")" \
		"$(pilot-link -j -p id show "$TMP/$1/id" network 1 |
			member address)" "${@:2}"
}

is_captured() {
	captured "$1" <"$TMP/forms" | grep -q "^[0-9]*$2\$"
}

# tells_nothing NAME SIDE ADDRESS: the capture ends, and has none of $TMP/forms.
# To show that the search finds it, one datagram that has all of it goes from SIDE
# to ADDRESS, where nobody answers.  An IPv4 address may be there by chance, each
# form of it once in 4 GB of what is sealed: let it be a short life without flows.
tells_nothing() {
	local all found

	all=$(awk '{printf " %s", $1}' "$TMP/forms")
	in_ns "$2" "$dir/private.py" send "$3" 9 <"$TMP/forms"
	soon 20 is_captured "$1" "$all"
	capture_end "$1"
	found=$(captured "$1" <"$TMP/forms")
	[[ $found =~ ^[0-9]+"$all"$ ]] || fail "frames, and what they tell: $found"
	note "nothing private in $(wc -c <"$TMP/$1.pcap") bytes"
}
