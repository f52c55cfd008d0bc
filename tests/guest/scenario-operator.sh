#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an operator has of eftf-gw: its policy for UEs, its figures, the end of a tunnel, and restarts that lose nothing.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
ue_log=$EFTF_RESULTS/ue.log
socket=$work/run/gw.sock

gw_start() {
	: >"$log"
	spawn_in gw gw eftf-gw -v -c "$work/gw.conf"
	wait_for 20 "grep -q ready $log" "the gateway"
}
status() { in_ns gw eftf-gw status -s "$socket" "$@"; }
ups() { grep -c 'tunnel up' "$ue_log"; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
# the core's own network is all that UEs are told of
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/24" "state_dir = $work/run"
printf '[status]\nsocket = %s\nmetrics_file = %s\nmetrics_listen = 127.0.0.1:9469\n' "$socket" "$work/gw.prom" >>"$work/gw.conf"
ue_tunnel_config
sed -i '/^\[eftf\]/a client_id = phone-7' "$work/ue.conf"
check "gateway" gw_start
alive gw || finish
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE" wait_for 20 "grep -q 'tunnel up' $ue_log" "tunnel"

say "policy"
check "allowed: the P-CSCF" in_ns ue ping -q -c 2 -i 0.2 -W 2 "$PCSCF"
check "allowed: echo of the gateway" in_ns ue ping -q -c 1 -W 2 10.64.0.1
check_fails "refused: the gateway's other address" in_ns ue ping -q -c 1 -W 1 10.20.0.1
check_fails "refused: a host of the core beyond the routes" in_ns ue ping -q -c 1 -W 1 "$CALLEE"

say "figures"
check "status" status
check "table" status -t
check_is "identity" id:phone-7 "$(status -t -j | jq -r '.tunnels[].identity')"
check "HTTP" in_ns gw curl -sf -m 3 -o /dev/null http://127.0.0.1:9469/metrics
check "file" grep -q eftf_gw_tunnels_now "$work/gw.prom"

say "killed"
spawn_in ue ping ping -i 0.1 -W 2 "$PCSCF"
sleep 0.5
kill -KILL "$(pid_of gw)"
wait "$(pid_of gw)" 2>/dev/null
sleep 0.3
check "started again" gw_start
check "the tunnel is taken over" grep -q '1 tunnels taken over, 0 ended' "$log"
sleep 0.5
stop ping INT
check "no packet is lost" grep -q ' 0% packet loss' "$EFTF_RESULTS/ping.log"
check_is "the UE has not noticed" 1 "$(ups)"

say "a successor, and a tunnel that ends"
stop gw QUIT
check_is "SIGQUIT: exit status" 0 $?
check "successor" gw_start
check "the tunnel is taken over" grep -q '1 tunnels taken over, 0 ended' "$log"
check "kick" in_ns gw eftf-gw kick -s "$socket" id:phone-7
check "the UE comes back" wait_for 15 "[[ \$(ups) == 2 ]]" "tunnel"

say "SIGTERM"
stop gw
check_is "exit status" 0 $?
check_fails "nothing is left: no leases" test -e "$work/run/eftf0.leases"
check_fails "no device" in_ns gw ip link show dev eftf0
check_is "no table" 0 "$(in_ns gw nft list tables | grep -c eftf-gw)"
finish
