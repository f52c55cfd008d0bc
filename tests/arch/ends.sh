# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What gw.sh and ue.sh have in common. Source ../guest/lib.sh first.

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
CORE=10.20.0.10
CORE6=fd00:20::10
POOL=10.64.0.0/16
POOL6=fd00:64::/48
export work CORE CORE6 POOL POOL6

# wire ADDRESS: the cable to the other guest
wire() {
	modprobe virtio_net
	wait_for 60 "[[ -e /sys/class/net/eth0 ]]" "the network device" || ip link
	ip addr add "$1/24" dev eth0
	ip link set eth0 up
}

tunnels() { eftfctl --json tunnel show | jq '.tunnels | length'; }
