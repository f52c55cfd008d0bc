# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What takes minutes shows that it goes on. Source this file.

# with_progress WHAT LOG COMMAND...: runs the command, its output to LOG; every half minute a line on stderr says how
# far the log is. The exit status is the command's.
with_progress() {
	local what=$1 log=$2 start=$SECONDS teller status
	shift 2
	(
		while sleep 30; do
			printf '%s: %d s, %s\n' "$what" $((SECONDS - start)) \
				"$(tail -n 1 "$log" 2>/dev/null | tr -s ' \t\r' '   ' | cut -c 1-90)" >&2
		done
	) &
	teller=$!
	"$@" >"$log" 2>&1
	status=$?
	kill "$teller" 2>/dev/null
	wait "$teller" 2>/dev/null
	return "$status"
}
