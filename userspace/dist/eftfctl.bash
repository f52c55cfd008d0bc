# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of eftfctl for bash.
# shellcheck shell=bash

_eftfctl_links() {
	eftfctl link show 2>/dev/null | sed -n 's/^dev  *//p'
}

# ids of the tunnels, of one link if "dev NAME" stands on the line
_eftfctl_ids() {
	local i dev=()
	for ((i = 1; i < COMP_CWORD - 1; i++)); do
		[[ ${COMP_WORDS[i]} == dev ]] && dev=(dev "${COMP_WORDS[i + 1]}")
	done
	eftfctl tunnel show "${dev[@]}" 2>/dev/null | sed -n 's/^id  *//p'
}

# words that may follow the verb, without those that are there already
_eftfctl_keys() {
	local word left=()
	for word in "$@"; do
		[[ " ${COMP_WORDS[*]} " == *" $word "* ]] || left+=("$word")
	done
	printf '%s\n' "${left[@]}"
}

_eftfctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words='' w verb=()
	for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $w == --json ]] || verb+=("$w")
	done
	case "${#verb[@]}:${verb[0]-} ${verb[1]-}" in
	0:*) words='link tunnel stats monitor --json --help --version' ;;
	1:link*) words='add set del show' ;;
	1:tunnel*) words='show add set swap del' ;;
	2:link\ del | 2:link\ set | 2:link\ show) words=$(_eftfctl_links) ;;
	2:link\ add) words='' ;;
	*)
		case $prev in
		dev) words=$(_eftfctl_links) ;;
		id) words=$(_eftfctl_ids) ;;
		role) words='ue gw' ;;
		persistent | ue-to-ue) words='on off' ;;
		fd | inner4 | inner6 | gateway4 | gateway6 | keepalive | timeout | stall | mtu | record-limit | flight-target | flight-hold | sip-ports | pcscf | --count | --timeout) ;;
		*)
			case "${verb[0]} ${verb[1]-}" in
			'link add') words=$(_eftfctl_keys role mtu ue-to-ue) ;;
			'link set') words=$(_eftfctl_keys ue-to-ue flight-target flight-hold sip-ports pcscf) ;;
			'tunnel show' | stats*) words=$(_eftfctl_keys dev id) ;;
			'tunnel add') words=$(_eftfctl_keys dev fd inner4 inner6 gateway4 gateway6 id keepalive timeout stall persistent record-limit negotiated) ;;
			'tunnel set') words=$(_eftfctl_keys dev id keepalive timeout stall persistent record-limit) ;;
			'tunnel swap') words=$(_eftfctl_keys dev id fd) ;;
			'tunnel del') words=$(_eftfctl_keys dev id) ;;
			monitor*) words=$(_eftfctl_keys --count --timeout) ;;
			esac
			;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _eftfctl eftfctl
