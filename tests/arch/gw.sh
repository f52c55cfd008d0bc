#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gateway's end of a tunnel between two guests with different processors; ue.sh is the other one.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/guest/lib.sh
. ../guest/lib.sh
# shellcheck source=tests/arch/ends.sh
. ./ends.sh

wire 198.51.100.1
# the core: what UEs may reach is behind the gateway, not the gateway itself
ip netns add core
ip link add core0 type veth peer name eth0 netns core
ip addr add 10.20.0.1/24 dev core0
ip addr add fd00:20::1/64 dev core0 nodad
ip link set core0 up
ip -n core addr add "$CORE/24" dev eth0
ip -n core addr add "$CORE6/64" dev eth0 nodad
ip -n core link set eth0 up
ip -n core route add "$POOL" via 10.20.0.1
ip -n core -6 route add "$POOL6" via fd00:20::1
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
cat >"$work/gw.conf" <<END
[gateway]
cert = $EFTF_OUT/pki/eftf.pem
key = $EFTF_OUT/pki/eftf.key
pool = $POOL
pool6 = $POOL6
routes = 10.20.0.0/16 fd00:20::/64
reach = 10.20.0.0/16 fd00:20::/64
max_flows = 0
END
spawn gw eftf-gw -v -c "$work/gw.conf"
spawn_in core echo busybox nc -ll -p 7 -e cat
check "eftf-gw is ready on $(uname -m)" wait_for 120 "holds ready $EFTF_RESULTS/gw.log" "the gateway"
check "a UE of another processor has a tunnel" wait_for 900 "[[ \$(tunnels) == 1 ]]" "a tunnel"
check "and ends it" wait_for 900 "[[ \$(tunnels) == 0 ]]" "no tunnel"
check "it has released its addresses" wait_for 60 "holds [Rr]eleas $EFTF_RESULTS/gw.log" "the release"
stop gw
check_is "eftf-gw ends well" 0 $?
finish
