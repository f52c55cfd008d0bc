#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What UEs may reach through eftf-gw, and what not.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
# too_many: packets dropped by max_flows
too_many() { in_ns gw nft list counters | awk '/counter too_many_flows/ { it = 1 } it && /packets/ { print $2; exit }'; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
# the core's own network is all that UEs are told of
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/24"
ue_tunnel_config
check "gateway" gw_start
alive gw || finish
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE" wait_for 20 "holds 'tunnel up' $ue_log" "tunnel"

say "policy"
check "allowed: the P-CSCF" in_ns ue ping -q -c 2 -i 0.2 -W 10 "$PCSCF"
check "allowed: echo of the gateway" in_ns ue ping -q -c 1 -W 10 10.64.0.1
check_fails "refused: the gateway's other address" in_ns ue ping -q -c 1 -W 1 10.20.0.1
check_fails "refused: a host of the core beyond the routes" in_ns ue ping -q -c 1 -W 1 "$CALLEE"

say "connections of one UE"
# What a limit needs in the kernel, not every one has.
if ! modprobe -q nft_connlimit; then
	skip "max_flows" "this kernel has no nft_connlimit"
else
	gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/24" "max_flows = 60"
	kill -HUP "$(pid_of gw)"
	check "max_flows = 60" wait_for 20 "holds 'certificate reloaded' $EFTF_RESULTS/gw.log" "reload"
	# longer than this scenario may take
	check "connections stay known" in_ns gw sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600
	spawn_in proxy ue2 eftf-ue -v -c "$work/ue.conf"
	check "another UE" wait_for 20 "holds 'tunnel up' $EFTF_RESULTS/ue2.log" "tunnel"
	# A flow is a socket with a packet to the P-CSCF, where nobody listens.
	check "one UE begins 80" in_ns ue python3 -c '
import socket, sys
for _ in range(80):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], 0))
    try:
        s.sendto(b"x", (sys.argv[2], 9))
    except OSError:
        pass
' 10.64.0.2 "$PCSCF"
	# kernels differ by one or two, as they count some that are about to be known
	check "those beyond 60 are dropped, and counted" wait_for 20 "[[ \$(too_many) -ge 15 ]]" "15 packets or more"
	check_range "not more than those" 15 30 "$(too_many)"
	check_fails "the first one's next connection is dropped" in_ns ue ping -q -c 1 -W 1 "$PCSCF"
	check "the other UE is not concerned" in_ns proxy ping -q -c 2 -i 0.2 -W 10 "$PCSCF"
	stop ue2
fi

say "SIGTERM"
stop gw
check_is "exit status" 0 $?
check_is "no table" 0 "$(in_ns gw nft list tables | grep -c eftf-gw)"
finish
