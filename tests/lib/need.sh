#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes sure that Debian packages are there.
#   tests/lib/need.sh @build @guest tcpdump
# "@x" stands for the names listed in tests/lib/packages-x, where "a | b" is b in a Debian that has no a. Nothing missing:
# says nothing, needs
# neither root nor network. Something missing: root installs it, anybody else is told what to install.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/progress.sh
. "$here/progress.sh"
policy=/usr/sbin/policy-rc.d
made_policy=
saved_policy=

die() { echo "need.sh: $*" >&2; exit 1; }

wanted() {
	local arg
	for arg; do
		case $arg in
		@*)
			[[ -r $here/packages-${arg#@} ]] || die "no list of packages named $arg"
			sed 's/#.*//' "$here/packages-${arg#@}"
			;;
		*)
			echo "$arg"
			;;
		esac
	done | sed 's/[ \t]*|[ \t]*/|/g' | tr -s ' \t' '\n' | sed '/^$/d' | sort -u
}

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# there A|B...: one of them is installed
there() {
	local names name
	IFS='|' read -ra names <<<"$1"
	for name in "${names[@]}"; do
		installed "$name" && return
	done
	return 1
}

# choose A|B...: the first that the package lists know
choose() {
	local names name
	IFS='|' read -ra names <<<"$1"
	for name in "${names[@]}"; do
		if [[ ${#names[@]} -eq 1 || $(apt-cache policy "$name" 2>/dev/null | grep 'Candidate: [^(]') ]]; then
			echo "$name"
			return
		fi
	done
	echo "${names[0]}"
}

# An install must not start daemons on the machine: they belong into the guest.
forbid_services() {
	if [[ -e $policy || -L $policy ]]; then
		saved_policy=$policy.eftf.$$
		mv "$policy" "$saved_policy"
	fi
	made_policy=1
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

restore_services() {
	[[ $made_policy ]] || return
	rm -f "$policy"
	[[ -z $saved_policy ]] || mv "$saved_policy" "$policy"
	made_policy=
}

all=$(wanted "$@") || exit 1
missing=()
for name in $all; do
	there "$name" || missing+=("$name")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -ne 0 ]]; then
	die "missing packages; as root: apt-get install --no-install-recommends $(for name in "${missing[@]}"; do choose "$name"; done | paste -sd' ')"
fi

log=$(mktemp)
trap 'restore_services; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
export DEBIAN_FRONTEND=noninteractive
with_progress "reading package lists" "$log" apt-get -q -o DPkg::Lock::Timeout=300 update ||
	echo "need.sh: apt-get update failed, going on with the lists at hand: $(tail -n 1 "$log")" >&2
chosen=()
for name in "${missing[@]}"; do chosen+=("$(choose "$name")"); done
echo "installing: ${chosen[*]}" >&2
forbid_services
# the figures go where the log is, so that its last line is one of them
if ! EFTF_PROGRESS=5 with_progress "installing" "$log" apt-get -q -y -o APT::Status-Fd=1 -o DPkg::Lock::Timeout=300 -o DPkg::Options::=--force-confold \
	install --no-install-recommends "${chosen[@]}" </dev/null; then
	grep -vE '^(pm|dl)status:' "$log" | tail -n 30 >&2
	die "could not install: ${chosen[*]}"
fi
