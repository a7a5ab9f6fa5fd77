# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scripts/check runs beside what.

pids=()
max_jobs=2

# job COMMAND...: in the background, as soon as one of two places is free.
job() {
	local alive=() p

	while :; do
		alive=()
		for p in "${pids[@]}"; do
			! kill -0 "$p" 2>/dev/null || alive+=("$p")
		done
		pids=("${alive[@]}")
		[ ${#pids[@]} -ge "$max_jobs" ] || break
		wait -n "${pids[@]}" || true
	done
	"$@" </dev/null &
	pids+=($!)
}

wait_jobs() {
	local p

	for p in "${pids[@]}"; do
		wait "$p" || true
	done
	pids=()
}

stop_jobs() {
	local p

	for p in "${pids[@]}"; do
		pkill -P "$p" 2>/dev/null || true
		kill "$p" 2>/dev/null || true
	done
}
