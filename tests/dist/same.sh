# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How the checks of this folder tell. Source this file.

# same WHAT EXPECTED SEEN
same() {
	if [[ $2 == "$3" ]]; then
		echo "ok      $1"
	else
		printf 'NOT OK  %s\n        expected: %s\n        seen:     %s\n' "$1" "${2//$'\n'/$'\n'          }" "${3//$'\n'/$'\n'          }"
	fi
}
# has WHAT TEXT WORDS: WORDS (grep -E) are in TEXT
has() {
	if grep -qE -- "$3" <<<"$2"; then
		echo "ok      $1"
	else
		printf 'NOT OK  %s\n        expected: %s\n        seen:     %s\n' "$1" "$3" "$(tail -n 8 <<<"$2" | sed '2,$s/^/          /')"
	fi
}
