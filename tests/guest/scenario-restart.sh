#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-gw is killed, replaced, started wrongly: tunnels and leases go on without losing a packet.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
ue_log=$EFTF_RESULTS/ue.log
leases=$work/run/eftf0.leases

gw_kill() {
	kill -KILL "$(pid_of gw)"
	wait "$(pid_of gw)" 2>/dev/null
	unset "spawned[gw]"
}
logged() { wait_for "$(($1 + 4))" "holds '$2' $log" "$2"; }
status() { in_ns gw eftf-gw status -s "$work/run/gw.sock" "$@"; }
ups() { grep -c 'tunnel up' "$ue_log"; }
traffic_start() {
	check "a ping" ping_first ue 1 "$PCSCF"
	spawn_in ue ping ping -e 1 -i 0.05 -W 2 "$PCSCF"
}
traffic_stop() {
	stop ping INT
	check_is "packets without an answer" "" "$(unanswered ping)"
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
# keys N...: of these numbers, in the file of the tokens' keys
keys() { (umask 077 && printf '%064d\n' "$@" >"$work/tokens"); }
keys 1
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "state_dir = $work/run" "token_keys = $work/tokens"
printf '[status]\nsocket = %s\n' "$work/run/gw.sock" >>"$work/gw.conf"
ue_tunnel_config
sed -i '/^\[eftf\]/a client_id = phone-7' "$work/ue.conf"
check "gateway" gw_start
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE" wait_for 30 "[[ \$(ups) == 1 ]]" "tunnel"

say "killed"
traffic_start
sleep 1
gw_kill
sleep 1
check "started again" gw_start
check "the tunnel is taken over" grep -q '1 tunnels taken over, 0 ended' "$log"
sleep 1
traffic_stop
check_is "the UE has not noticed" 1 "$(ups)"
check_is "its identity is known" id:phone-7 "$(status -t -j | jq -r '.tunnels[].identity')"
check_is "its address is in use" 1 "$(status -j | jq .pool.owned)"

say "a successor"
traffic_start
sleep 1
stop gw QUIT
check_is "SIGQUIT: exit status" 0 $?
check "it says what becomes of the tunnels" grep -q 'tunnels go on for a successor' "$log"
sleep 1
check "successor" gw_start
check "the tunnel is taken over" grep -q '1 tunnels taken over, 0 ended' "$log"
sleep 1
traffic_stop
check_is "the UE has not noticed" 1 "$(ups)"

say "a wrong start"
gw_kill
sed 's/^\[gateway\]/&\nlisten = 192.0.2.77:443/' "$work/gw.conf" >"$work/wrong.conf"
in_ns gw timeout 20 eftf-gw -c "$work/wrong.conf" >"$work/wrong" 2>&1
check_is "exit status" 1 $?
check "the tunnel goes on" in_ns ue ping -q -c 2 -i 0.2 -W 10 "$PCSCF"
check "the right one" gw_start
check "takes it over" grep -q '1 tunnels taken over, 0 ended' "$log"
in_ns gw timeout 20 eftf-gw -c "$work/gw.conf" >"$work/second" 2>&1
check_is "a second one beside it: exit status" 1 $?
check "says why" grep -q 'another gateway has it' "$work/second"

say "leases go on"
check "the tunnel ends as before" in_ns gw eftf-gw kick -s "$work/run/gw.sock" id:phone-7
check "its line" logged 5 'tunnel 1 down: outer 203.0.113.2:[0-9]+, inner 10.64.0.2, .* [0-9]+ s, .* reason deleted'
check "the UE comes back" wait_for 20 "[[ \$(ups) == 2 ]]" "tunnel"

say "keys of tokens change"
# next_keys N...: a reload with these
next_keys() {
	local reloads
	reloads=$(grep -c 'certificate reloaded' "$log")
	keys "$@"
	kill -HUP "$(pid_of gw)"
	wait_for 20 "[[ \$(grep -c 'certificate reloaded' $log) -gt $reloads ]]" "reload"
}
# comes_back N: its tunnel ends, it has the N-th one then
comes_back() {
	in_ns gw eftf-gw kick -s "$work/run/gw.sock" id:phone-7 && wait_for 30 "[[ \$(ups) == $1 ]]" "tunnel"
}
good=$(status -j | jq .tokens.good)
check "a new one before the old one" next_keys 2 1
check "the UE comes back" comes_back 3
check_is "its token of the old key is good" $((good + 1)) "$(status -j | jq .tokens.good)"
check_is "so it has its address" 10.64.0.2 "$(status -t -j | jq -r '.tunnels[].inner')"
check "the old one is removed" next_keys 2
check "the UE comes back" comes_back 4
check_is "its token is of the new one" $((good + 2)) "$(status -j | jq .tokens.good)"
check "all of before are gone" next_keys 3
check "the UE comes back" comes_back 5
check_is "its token is counted as unknown" "1 $((good + 2))" "$(status -j | jq -r '.tokens | "\(.unknown) \(.good)"')"
check_is "it has another address" 10.64.0.3 "$(status -t -j | jq -r '.tunnels[].inner')"

say "nobody knows whose the tunnels are"
gw_kill
rm "$leases"
in_ns gw timeout 20 eftf-gw -c "$work/gw.conf" >"$work/unknown" 2>&1
check_is "exit status" 1 $?
check "says why" grep -q 'has 1 tunnels of another program' "$work/unknown"
in_ns gw ip link del eftf0

say "SIGTERM"
check "gateway" gw_start
check "the UE comes back" wait_for 60 "[[ \$(ups) -ge 6 ]]" "tunnel"
stop gw
check_is "exit status" 0 $?
check_fails "nothing is left: no leases" test -e "$leases"
check_fails "no device" in_ns gw ip link show dev eftf0
finish
