# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of eftf-ue and eftf-gw for bash. The options are what the program says itself, so that no list here can
# be out of date.
# shellcheck shell=bash

_eftf_ends() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	case $prev in
	-c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	-m | --mode)
		mapfile -t COMPREPLY < <(compgen -W 'auto always off' -- "$cur")
		;;
	*)
		# a command has options of its own
		local command=()
		case ${COMP_WORDS[1]} in status | kick | drain) command=("${COMP_WORDS[1]}") ;; esac
		if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null |
				sed -n 's/^ *eftf-[a-z]* \([a-z|]*\) \[--help\]$/\1/p' | tr '|' ' ')" -- "$cur")
			return
		fi
		# the lines of options begin with two blanks and a hyphen, or with more blanks and two
		mapfile -t COMPREPLY < <(compgen -W \
			"$("$1" "${command[@]}" --help 2>/dev/null | sed -n 's/^  *\(-., \)*\(--[a-z-]*\).*/\2/p')" -- "$cur")
		;;
	esac
}

complete -o filenames -F _eftf_ends eftf-ue eftf-gw
