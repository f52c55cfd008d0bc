#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest: the installed packages under systemd itself, as process 1 of a PID namespace: the units shut the programs in and
# these do what they have to, the hook among it; reload, restart, upgrade, several UEs, removal; beside systemd-networkd.
# systemd's own targets for the start of a machine are stood in for by empty ones: the machine is up.
#   EFTF_DEBS: the folder that "make deb" has filled
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/guest/lib.sh
. ../guest/lib.sh
# shellcheck source=tests/guest/topology.sh
. ../guest/topology.sh

debs=${EFTF_DEBS:?folder of the packages}
units=/etc/systemd/system
vpnc=/usr/share/vpnc-scripts/vpnc-script
manager=
export DEBIAN_FRONTEND=noninteractive

# drop_in UNIT LINE...: lines for its section [Service]
drop_in() {
	mkdir -p "$units/$1.d"
	printf '%s\n' '[Service]' "${@:2}" >"$units/$1.d/test.conf"
}

manager_start() {
	local target

	for target in sysinit basic network network-online test; do
		printf '[Unit]\nDescription=stand-in\nDefaultDependencies=no\n' >"$units/$target.target"
		rm -rf {"$units",/lib/systemd/system}/"$target.target.wants"
	done
	# shellcheck disable=SC2016
	spawn systemd unshare --mount --pid --fork --cgroup --propagation slave --mount-proc sh -c '
		mkdir -p /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
		exec env -i container=eftf "PATH=$PATH" /lib/systemd/systemd --system --unit=test.target --log-target=kmsg --show-status=no'
	wait_for 30 'manager=$(pgrep -P "$(pid_of systemd)")' "systemd" &&
		wait_for 120 '[[ $(systemctl is-system-running 2>/dev/null) =~ running|degraded ]]' "systemd: $(systemctl is-system-running 2>&1)"
}
# inside COMMAND...: where the numbers of processes are those of systemd's namespace, as it knows its callers by them
inside() { nsenter -t "$manager" -m -p -r "$@"; }
systemctl() { inside systemctl "$@"; }

of() { systemctl show -P "$2" "$1"; }
main() { of "$1" MainPID; }
proc() { inside sed -n "s/^$2:[ \t]*//p" "/proc/$1/status"; }
is_active() { wait_for "${2:-30}" "[[ \$(systemctl is-active $1) == active ]]" "$1: $(systemctl status "$1" 2>&1 | tail -n 5)"; }
ping_core() { in_ns ue ping -q -c 3 -i 0.2 -W 20 "$PCSCF"; }

say "systemd"
check "topology" topo_up
fw_restrict
rm -f /usr/sbin/policy-rc.d
check "it is process 1 of a namespace" manager_start
((checks_failed == 0)) || finish	# nothing else can work

# The UE's own link is systemd-networkd's.
networkd=
networkd_is_done() { wait_for 60 "holds 'lan0: State changed: .*-> configured' $EFTF_RESULTS/networkd.log" "the link"; }
routes() { in_ns ue ip -o route show proto 232 | sed 's/ *$//' | sort; }
if [[ -x /lib/systemd/systemd-networkd ]] && getent passwd systemd-network >/dev/null; then
	networkd=1
	mkdir -p /etc/systemd/network
	printf '[Match]\nName=lan0\n[Network]\nAddress=192.168.77.2/24\nGateway=192.168.77.1\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n' >/etc/systemd/network/10-lan.network
	# without udev, which it does without where /sys cannot be written
	drop_in systemd-networkd.service NetworkNamespacePath=/run/netns/ue ProtectKernelTunables=yes \
		"StandardError=append:$EFTF_RESULTS/networkd.log" "Environment=SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console"
	systemctl mask systemd-networkd.socket >/dev/null 2>&1
	systemctl daemon-reload
	ip -n ue -4 addr flush dev lan0
	: >"$EFTF_RESULTS/networkd.log"
	check "systemctl start systemd-networkd" systemctl start systemd-networkd
	check "it has configured the link" networkd_is_done
fi

say "packages"
# dpkg renames folders that it makes, which a layer over the host's files may not let it
for deb in "$debs"/eftf-ue_*.deb "$debs"/eftf-gw_*.deb "$debs"/eftfctl_*.deb; do
	dpkg-deb -c "$deb" | awk '/^d/ { print substr($6, 2) }' | xargs -d '\n' mkdir -p
done
check "installed" inside dpkg -i "$debs"/eftf-ue_*.deb "$debs"/eftf-gw_*.deb "$debs"/eftfctl_*.deb
check_is "nothing runs yet" "inactive inactive" "$(systemctl is-active eftf-ue eftf-gw | paste -sd' ')"
work=/etc/eftf
check "certificates" ../lib/pki.sh $work/pki
chmod 755 $work/pki && chmod 644 $work/pki/*.pem && chgrp eftf $work/pki/eftf.key && chmod 640 $work/pki/eftf.key
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "dns = 10.20.0.53"
mv /etc/eftf/gw.conf /etc/eftf/eftf-gw.conf
hook=()
[[ ! -x $vpnc ]] || hook=("hook = $vpnc")
ue_tunnel_config "${hook[@]}"
mv /etc/eftf/ue.conf /etc/eftf/eftf-ue.conf
ue_tunnel_config "device = eftf2"
mv /etc/eftf/ue.conf /etc/eftf/eftf-ue-two.conf
chmod 600 /etc/eftf/eftf-ue*.conf
for end in ue gw; do
	: >"$EFTF_RESULTS/$end.log"
	drop_in "eftf-$end.service" "NetworkNamespacePath=/run/netns/$end" "StandardError=append:$EFTF_RESULTS/$end.log"
done
: >"$EFTF_RESULTS/two.log"
# elsewhere: its routes are those of the first one
drop_in eftf-ue@.service NetworkNamespacePath=/run/netns/inet "StandardError=append:$EFTF_RESULTS/two.log"
systemctl daemon-reload
rm -f /etc/resolv.conf
echo "nameserver 192.168.77.1" >/etc/resolv.conf

say "services"
check "systemctl enable --now eftf-gw" systemctl enable --now eftf-gw
check "the gateway is active" is_active eftf-gw
check "systemctl enable --now eftf-ue" systemctl enable --now eftf-ue
check "the UE is active" is_active eftf-ue
check "tunnel up" up 1 90
((checks_failed == 0)) || finish
check "the core is there" ping_core
check_is "capabilities that the UE can ever have: CAP_NET_ADMIN" 0000000000001000 "$(proc "$(main eftf-ue)" CapBnd)"
check_is "it can gain none, and has a filter" "1 2" "$(proc "$(main eftf-ue)" NoNewPrivs) $(proc "$(main eftf-ue)" Seccomp)"
check "what the filter forbids the UE's processes need not" test ! "$(grep -sh 'Operation not permitted' "$EFTF_RESULTS/ue.log")"
if ((${#hook[@]})); then
	check "its hook, vpnc-script, has put the name server in" wait_for 20 "holds '^nameserver 10.20.0.53' /etc/resolv.conf" "$(cat /etc/resolv.conf)"
	check "and was not refused anything" test ! "$(grep -E 'hook .*(denied|Read-only|not permitted|exit status [1-9])' "$EFTF_RESULTS/ue.log")"
else
	skip "a hook" "no $vpnc"
fi
check "systemctl reload eftf-ue" systemctl reload eftf-ue
check "it is active" is_active eftf-ue
# as DHCP clients do it
echo "nameserver 192.168.77.1" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf
pid=$(main eftf-ue)
check "another network: the hook of network managers" inside sh /usr/libexec/eftf/network-changed lan0
check "the tunnel moves" wait_for 60 "holds 'outer connection replaced' $EFTF_RESULTS/ue.log" "its line"
check "the core is there" ping_core
check_is "the same process" "$pid" "$(main eftf-ue)"

say "two of them"
check "systemctl start eftf-ue@two" systemctl start eftf-ue@two
check "tunnel up" wait_for 90 "holds 'tunnel up' $EFTF_RESULTS/two.log" "its line: $(tail -n 3 "$EFTF_RESULTS/two.log")"
check "systemctl stop eftf-ue@two" systemctl stop eftf-ue@two
check_is "the first one goes on, and can be asked" up "$(in_ns ue eftf-ue status --json | jq -r .state)"

say "systemd-networkd restarts"
if [[ $networkd ]]; then
	before=$(routes)
	check_range "routes with a protocol number of their own" 2 100 "$(grep -c . <<<"$before")"
	: >"$EFTF_RESULTS/networkd.log"
	check "systemctl restart systemd-networkd" systemctl restart systemd-networkd
	check "it has configured the link" networkd_is_done
	check "the routes are there" wait_for 30 '[[ $(routes) == "$before" ]]' "$before, not $(routes)"
	check "the core is there" ping_core
	check_is "it is one tunnel all the time" 1 "$(grep -c 'tunnel up' "$EFTF_RESULTS/ue.log")"
else
	skip "routes that systemd-networkd leaves alone" "it is not here"
fi

say "killed, upgraded"
pid=$(main eftf-ue)
check "killed" inside kill -KILL "$pid"
check "it is started again" wait_for 60 '[[ $(main eftf-ue) != "$pid" && $(main eftf-ue) != 0 ]]' "another process"
check "tunnel up" up 2 90
check "the core is there" ping_core
pids="$(main eftf-gw) $(main eftf-ue)"
check "the packages once more" inside dpkg -i "$debs"/eftf-ue_*.deb "$debs"/eftf-gw_*.deb "$debs"/eftfctl_*.deb
check_is "the processes are those of before" "$pids" "$(main eftf-gw) $(main eftf-ue)"
check "systemctl restart eftf-gw" systemctl restart eftf-gw
check "the gateway is active" is_active eftf-gw
check "the core is there" ping_core

say "removed"
check "eftf-ue" inside dpkg -r eftf-ue
check_is "it has ended" 0 "$(of eftf-ue MainPID)"
check_is "routes and device are gone" "" "$(in_ns ue ip -o route show proto 232; in_ns ue ip -o link show type eftf)"
((${#hook[@]} == 0)) || check_is "the hook has put the name server back" "nameserver 192.168.77.1" "$(cat /etc/resolv.conf)"
check "eftf-gw, eftfctl" inside dpkg -r eftf-gw eftfctl
check_is "the gateway has ended" 0 "$(of eftf-gw MainPID)"
check "purged" inside dpkg -P eftf-ue eftf-gw eftfctl
check_is "what is left of their units" "" "$(find "$units" /lib/systemd /var/lib/systemd -name '*eftf*' ! -path '*.service.d*' 2>/dev/null)"
stop systemd KILL
finish
