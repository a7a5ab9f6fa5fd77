#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The user header says what the netlink specification says, and the comparison
# notices when it does not: a copy of the header is changed in one place each.
#
# needs: 6.1
# timeout=180

here=$(dirname -- "$(readlink -f -- "$0")")
header=$here/../include/uapi/linux/pilot.h
ksft_skip=4
cases=0
failed=0

skip_all() {
	echo "1..0 # SKIP $*"
	exit "$ksft_skip"
}

result() {
	cases=$((cases + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $cases $2"
	else
		echo "not ok $cases $2"
		failed=1
	fi
}

python3 -c 'import yaml' 2>/dev/null || skip_all "needs python3 with yaml"
[ -r "$header" ] || skip_all "not in the source tree"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# notices NAME SED-EXPRESSION WORDS: the changed header is refused with WORDS.
notices() {
	local rc=1

	sed -E "$2" "$header" >"$work/pilot.h"
	if cmp -s "$header" "$work/pilot.h"; then
		echo "# nothing to change for: $2"
	elif "$here/spec.py" --header "$work/pilot.h" >"$work/out" 2>&1; then
		echo "# taken for equal after: $2"
	elif grep -qF -- "$3" "$work/out"; then
		rc=0
	else
		sed 's/^/# /' "$work/out"
	fi
	result "$rc" "$1"
}

echo "TAP version 13"
echo "1..8"
"$here/spec.py" >"$work/out" 2>&1
rc=$?
sed 's/^/# /' "$work/out"
result "$rc" "the header is what the specification says"
notices "a changed constant is noticed" \
	's/(define PILOT_KEY_LEN\t+)32/\116/' "PILOT_KEY_LEN is 16"
notices "a changed name of the family is noticed" \
	's/(define PILOT_FAMILY_NAME\t+)"pilot"/\1"other"/' "PILOT_FAMILY_NAME"
notices "a changed first value of an enum is noticed" \
	's/(PILOT_EVENT_ACQUIRE =) 1/\1 2/' "PILOT_EVENT_ACQUIRE is 2"
notices "a changed flag is noticed" \
	's/(FIXED_ENDPOINT = 1 <<) 1/\1 2/' "PILOT_PEER_F_FIXED_ENDPOINT is 4"
notices "a missing attribute is noticed" \
	'/^\tPILOT_A_KEY_CIPHER,/d' "PILOT_A_KEY_CIPHER is missing"
notices "attributes in another order are noticed" \
	'/^\tPILOT_A_DEV_SOCKET4_FD,/d
	s/^\tPILOT_A_DEV_SOCKET6_FD,/&\n\tPILOT_A_DEV_SOCKET4_FD,/' \
	"PILOT_A_DEV_SOCKET4_FD is 4"
notices "a command that the specification lacks is noticed" \
	's/^\tPILOT_CMD_EVENT,/&\n\tPILOT_CMD_MORE,/' \
	"PILOT_CMD_MORE is not in the specification"
exit "$failed"
