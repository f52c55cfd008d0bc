# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tells a scenario as a story when EFTF_STORY=1 (tests/guest/demo), as plain checks else. Source it after lib.sh.
#
#   step TITLE               a new step; numbered in the story
#   tell WORDS...            something to know before the checks of the step; in the story only
#   quote                    the same for standard input, line by line, as it is
#   row SEEN FIGURES         the summary's line about this step; whether its checks passed stands in front
#   story_table              the summary
# EFTF_STORY_COLOUR=1 allows colours.

EFTF_STORY=${EFTF_STORY:-}
step_number=0 step_title='' step_failed_before=0
rows=()
if [[ ${EFTF_STORY_COLOUR:-} == 1 ]]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

step() {
	step_number=$((step_number + 1))
	step_title=$1
	step_failed_before=$checks_failed
	if [[ $EFTF_STORY ]]; then
		printf '\n%s%d. %s%s\n' "$bold" "$step_number" "$1" "$plain"
	else
		say "$1"
	fi
}

tell() { [[ -z $EFTF_STORY ]] || fold -s -w 92 <<<"$*" | sed 's/^/   /; s/ *$//'; }

quote() {
	if [[ $EFTF_STORY ]]; then
		sed "s/^[[:space:]]*/       $dim/; s/\$/$plain/"
	else
		cat >/dev/null
	fi
}

if [[ $EFTF_STORY ]]; then
	ok() {
		checks_passed=$((checks_passed + 1))
		echo "   ${green}ok${plain}  $1"
	}

	not_ok() {
		checks_failed=$((checks_failed + 1))
		echo "   ${red}NOT OK${plain}  $1"
		printf '           expected: %s\n           seen:     %s\n' "$2" \
			"${3//$'\n'/$'\n'                     }"
	}
fi

row() {
	local mark=ok

	((checks_failed == step_failed_before)) || mark='NOT OK'
	rows+=("$(printf '%-6s  %d. %-13s  %-36s  %s' "$mark" "$step_number" "$step_title" "$1" "$2")")
}

story_table() {
	local line

	[[ $EFTF_STORY ]] || return 0
	printf '\n%s%-6s  %-16s  %-36s  %s%s\n' "$bold" '' Step Seen Figures "$plain"
	for line in "${rows[@]}"; do
		case $line in
		ok*) echo "$green${line:0:6}$plain${line:6}" ;;
		*) echo "$red${line:0:6}$plain${line:6}" ;;
		esac
	done
	echo
}
