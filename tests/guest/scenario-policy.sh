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

say "SIGTERM"
stop gw
check_is "exit status" 0 $?
check_is "no table" 0 "$(in_ns gw nft list tables | grep -c eftf-gw)"
finish
