# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What takes minutes shows that it goes on. Source this file.

# The last line of a log. Of apt's "dlstatus:1:33.0:Retrieving x", percent and text.
last_of() {
	tail -n 1 "$1" 2>/dev/null | tr -s ' \t\r' '   ' | sed -E 's/^(dl|pm)status:[^:]*:([0-9]+)[^:]*:/\2 %, /' | cut -c 1-90
}

# with_progress WHAT LOG COMMAND...: runs the command, its output to LOG; every EFTF_PROGRESS seconds (30) a line on
# stderr says how far the log is, by apt's own figures (APT::Status-Fd) if it has them. The exit status is the command's.
with_progress() {
	local what=$1 log=$2 start=$SECONDS teller status
	shift 2
	(
		# not by sleep: it would outlive this shell, and keep the locks that it inherits for its half minute
		exec {silence}<> <(:)
		while ! read -rt "${EFTF_PROGRESS:-30}" -u "$silence"; do
			printf '%s: %d s, %s\n' "$what" $((SECONDS - start)) "$(last_of "$log")" >&2
		done
	) &
	teller=$!
	"$@" >"$log" 2>&1
	status=$?
	kill "$teller" 2>/dev/null
	wait "$teller" 2>/dev/null
	return "$status"
}
