#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest: the commands that README.md names for the way by packages are typed, for a UE and, as it says, with
# eftf-gw in the place of eftf-ue for a gateway, until there is a tunnel; then all packages are installed once more
# under it. Two things are stood in for: the editor, and systemctl, as systemd does not run here: it starts what the
# installed unit says. The module is the guest's; that DKMS builds it is tested by tests/dist/dkms.
#   EFTF_DEBS: the folder that "make deb" has filled
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/guest/lib.sh
. ../guest/lib.sh
# shellcheck source=tests/guest/topology.sh
. ../guest/topology.sh

debs=${EFTF_DEBS:?folder of the packages}
readme=$PWD/../../README.md
pki=$PWD/../lib/pki.sh
work=$(mktemp -d)
export DEBIAN_FRONTEND=noninteractive

# the five lines below the words "By packages", without their comments
commands() { sed -n '/^\*\*By packages\*\*/,$p' "$readme" | sed -n '/^```/,/^```/ { /^```/!p }; /^systemctl/q' | sed 's/ *#.*//'; }
# in the place of the operator with an editor
editor() {
	case $1 in
	*ue.conf) sed -i "s|^address = .*|address = $GW_NAME|; s|^ca = .*|ca = $work/pki/ca.pem|; s|^pcscf = .*|pcscf = $PCSCF|" "$1" ;;
	# a limit of flows needs nft_connlimit, which only Debian's kernels have
	*gw.conf) sed -i "s|^cert = .*|cert = $work/pki/eftf.pem|; s|^key = .*|key = $work/pki/eftf.key|; s|^pcscf = .*|pcscf = $PCSCF|
		s|^routes = .*|routes = 10.20.0.0/16|; \$a max_flows = 0" "$1" ;;
	esac
}
# systemctl enable --now UNIT: in the namespace of its end
systemctl() {
	local end=${*: -1} line
	end=${end#eftf-}
	[[ "$*" == "enable --now eftf-$end" ]] || return
	line=$(sed -n 's/^ExecStart=//p' "/lib/systemd/system/eftf-$end.service") && [[ $line ]] || return
	read -ra line <<<"$line"
	spawn_in "$end" "$end" "${line[@]}"
}
# typed COMMAND: as if at this place; each question is answered by yes, as by that of apt-get
typed() { eval "$1" < <(yes 2>/dev/null); }

say "set-up"
check "topology" topo_up
check "certificates" "$pki" "$work/pki"
fw_restrict
mkdir "$work/build"
ln -s "$debs" "$work/build/deb"
cd "$work" || exit 1
# dpkg renames folders that it makes, which a layer over the host's files does not let it without CONFIG_TMPFS_XATTR
for deb in "$debs"/eftf*.deb; do
	dpkg-deb -c "$deb" | awk '/^d/ { print substr($6, 2) }' | xargs -d '\n' mkdir -p
done
# dkms would build the module for each kernel whose headers this machine has, for minutes
mount -t tmpfs tmpfs /lib/modules
mapfile -t five < <(commands)
check_is "README.md names five commands, the first of which was typed before" "5 make deb" "${#five[@]} ${five[0]-}"

say "a gateway"
for line in "${five[@]:1}"; do
	check "${line//eftf-ue/eftf-gw}" typed "${line//eftf-ue/eftf-gw}"
done
((checks_failed == 0)) || finish	# nothing else can work
check "it is ready" wait_for 30 "holds ready $EFTF_RESULTS/gw.log" "the gateway: $(tail -n 5 "$EFTF_RESULTS/gw.log")"

say "a UE"
check_fails "the core is out of reach" in_ns ue ping -q -c 1 -W 2 "$PCSCF"
for line in "${five[@]:1}"; do
	check "$line" typed "$line"
done
check "tunnel up" up 1 60
((checks_failed == 0)) || finish
check "the core is there" in_ns ue ping -q -c 3 -i 0.2 -W 20 "$PCSCF"

say "the packages once more, under the tunnel"
before=$(pid_of gw)-$(pid_of ue)
rounds=0 lost=''
spawn upgrade dpkg -i "$debs"/eftf-ue_*.deb "$debs"/eftf-gw_*.deb "$debs"/eftfctl_*.deb
while runs "$(pid_of upgrade)"; do
	seen=$(in_ns ue ping -q -c 5 -i 0.2 -W 60 "$PCSCF")
	[[ $seen == *" 0% packet loss"* ]] || lost+=$seen
	rounds=$((rounds + 1))
done
wait "$(pid_of upgrade)"
check_is "exit status of dpkg" 0 $?
unset "spawned[upgrade]"
check_range "rounds of five pings meanwhile" 1 10000 "$rounds"
check_is "packets lost" "" "$lost"
check_is "gateway and UE are those of before" "$before" "$(pid_of gw)-$(pid_of ue)"
check "and run" eval 'alive gw && alive ue'
check_is "tunnels that were made" 1 "$(grep -c 'tunnel up' "$EFTF_RESULTS/ue.log")"
stop ue
check_is "eftf-ue ends well" 0 $?
stop gw
check_is "eftf-gw ends well" 0 $?
finish
