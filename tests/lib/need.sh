#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes sure that Debian packages are there.
#   tests/lib/need.sh @build @guest tcpdump
# "@x" stands for the names listed in tests/lib/packages-x. Nothing missing: says nothing, needs
# neither root nor network. Something missing: root installs it, anybody else is told what to install.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
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
	done | tr -s ' \t' '\n' | sed '/^$/d' | sort -u
}

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
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

names=$(wanted "$@") || exit 1
missing=()
for name in $names; do
	installed "$name" || missing+=("$name")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -ne 0 ]]; then
	die "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}"
fi

echo "installing: ${missing[*]}" >&2
log=$(mktemp)
trap 'restore_services; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 ||
	echo "need.sh: apt-get update failed, going on with the lists at hand: $(tail -n 1 "$log")" >&2
forbid_services
if ! apt-get -q -y -o DPkg::Lock::Timeout=300 -o DPkg::Options::=--force-confold \
	install --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; then
	tail -n 20 "$log" >&2
	die "could not install: ${missing[*]}"
fi
