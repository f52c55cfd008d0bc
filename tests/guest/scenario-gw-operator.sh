#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an operator does with a gateway in service: takes it out of service.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
socket=$work/gw.sock

status() { in_ns gw eftf-gw status -s "$socket" "$@"; }
counter() { status -j | jq -r ".$1"; }
health() { in_ns gw curl -s -m 5 -w ' %{http_code}' http://127.0.0.1:9469/health; }
# connects: is there somebody to talk TLS to?
connects() { in_ns inet timeout 5 openssl s_client -connect "$GW_OUTER:443" </dev/null; }
gw_config() { gw_tunnel_config "[status]" "socket = $socket" "metrics_listen = 127.0.0.1:9469"; }
# ues: both, each until its tunnel is up
ues() {
	ue_tunnel_config
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
	spawn_in proxy ue2 eftf-ue -v -c "$work/ue.conf"
	up 1 30 && wait_for 30 "grep -q 'tunnel up' $EFTF_RESULTS/ue2.log" "the second UE"
}
no_ues() {
	stop ue
	stop ue2
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"

say "drain"
gw_config
check_fails "no gateway, no drain" in_ns gw eftf-gw drain -s "$socket"
check "gateway" gw_start
check "UEs" ues
check_is "state" ready "$(counter state)"
check_is "health" "ready 200" "$(health)"
check_fails "no number" in_ns gw eftf-gw drain -s "$socket" --over soon
check "eftf-gw drain" in_ns gw eftf-gw drain -s "$socket" --over 600
check_is "state" draining "$(counter state)"
check_is "health" "draining 503" "$(health)"
check_is "tunnels go on meanwhile" 2 "$(counter tunnels.now)"
check "nobody is let in" wait_for 10 "! connects" "refusal"
check "those inside are served" in_ns ue ping -q -c 2 -i 0.2 -W 3 10.64.0.1
check "a worker that dies" kill -SEGV "$(pgrep -n -P "$(pid_of gw)")"
check "is replaced" wait_for 10 "grep -q 'ended by signal 11' $log && pgrep -P $(pid_of gw)" "another"
check_fails "and lets nobody in" connects
check "in less time" in_ns gw eftf-gw drain -s "$socket" --over 8
check "one tunnel first" wait_for 10 "[[ \$(counter tunnels.drained) -ge 1 ]]" "the end of one"
check "the program ends" wait_for 20 "! alive gw" "its end"
wait "$(pid_of gw)"
check_is "exit status" 0 $?
unset "spawned[gw]"
check_is "tunnels ended" 2 "$(grep -c 'tunnel [0-9]* down' "$log")"
check_fails "the device is gone" in_ns gw ip link show eftf0
no_ues

say "drain by a signal"
check "gateway" gw_start
check "SIGUSR1" kill -USR1 "$(pid_of gw)"
check "the program ends when nothing is left" wait_for 20 "! alive gw" "its end"
wait "$(pid_of gw)"
check_is "exit status" 0 $?
unset "spawned[gw]"
finish
