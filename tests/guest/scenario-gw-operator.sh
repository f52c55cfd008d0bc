#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an operator does with a gateway in service: takes it out of service, has routes announced, reads the log by a program;
# limits that are too low.
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
# gw_config [LINE...]: of [gateway]
gw_config() { gw_tunnel_config "$@" "[status]" "socket = $socket" "metrics_listen = 127.0.0.1:9469"; }
# ues: both, 10.64.0.2 and 10.64.0.3, each until its tunnel is up
ues() {
	ue_tunnel_config
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
	up 1 30 || return
	spawn_in proxy ue2 eftf-ue -v -c "$work/ue.conf"
	wait_for 30 "holds 'tunnel up' $EFTF_RESULTS/ue2.log" "the second UE"
}
no_ues() {
	stop ue
	stop ue2
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"

say "drain"
gw_config "workers = 2"
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
check "is replaced" wait_for 10 "holds 'ended by signal 11' $log && pgrep -P $(pid_of gw)" "another"
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

say "announce = main"
# routes ADDRESS: how many of the gateway's own; metric ADDRESS
routes() { in_ns gw ip -4 route show table all proto 233 | grep -c "^$1[0-9.]* dev eftf0"; }
metric() { in_ns gw ip -4 route show proto 233 "$1" | sed -n 's/.*metric \([0-9]*\).*/\1/p'; }
# routes6 [PREFIX]: the metrics of those to IPv6 addresses
routes6() { in_ns gw ip -6 route show table all proto 233 | sed -n "s/^$1[0-9a-f:]* dev eftf0.* metric \([0-9]*\).*/\1/p"; }
gw_config "announce = main" "pool6 = $INNER_POOL6" "routes = 10.20.0.0/16, fd00:20::/64"
check "gateway" gw_start
check "UEs" ues
check_is "a route for each" 2 "$(routes 10.64.0)"
check_is "and of IPv6" 2 "$(routes6 fd00:64 | wc -l)"
check_is "with the same metric" "$(metric 10.64.0.2)" "$(routes6 fd00:64::2)"
check_is "and its IPv6 address" fd00:64::1/128 "$(in_ns gw ip -6 -o addr show dev eftf0 scope global | awk '{ print $4 }')"
check "the core reaches a UE by IPv6" in_ns ims ping -6 -I "$PCSCF6" -q -c 2 -i 0.2 -W 3 fd00:64::2
check_is "the device has the gateway's address alone" 10.64.0.1/32 "$(in_ns gw ip -4 -o addr show dev eftf0 | awk '{ print $4 }')"
latest=$((0xffffffff - 4 * ($(date +%s) + 1 - 1300000000)))
check_range "metric: the later, the lower" "$latest" $((latest + 480)) "$(metric 10.64.0.2)"
check "the core reaches a UE" in_ns ims ping -q -c 2 -i 0.2 -W 3 10.64.0.2
before=$(metric 10.64.0.2)
sleep 1
check "the UE changes its connection" kill -USR1 "$(pid_of ue)"
check "a newer route" wait_for 20 "[[ \$(metric 10.64.0.2) -lt $before ]]" "a lower metric"
check_is "takes the place of the other" 1 "$(routes 10.64.0.2)"
check_is "IPv6 likewise" "$(metric 10.64.0.2)" "$(routes6 fd00:64::2)"
stop ue2
check "a UE that leaves has none" wait_for 10 "[[ \$(routes 10.64.0) == 1 ]]" "the end of its route"
check "another gateway's route, older" in_ns gw ip route add 10.64.0.2/32 via 10.20.0.10 proto 12 metric $((0xffffffff))
check_is "takes no UE" 1 "$(routes 10.64.0)"
check "a newer one" in_ns gw ip -6 route add fd00:64::2/128 via "$PCSCF6" proto 12 metric $((latest - 4000))
check "ends its tunnel" wait_for 10 "holds 'tunnel .* down: .*reason elsewhere' $log" "its end"
check_is "which is counted" 1 "$(counter tunnels.elsewhere)"
in_ns gw ip route del 10.64.0.2/32 proto 12
in_ns gw ip -6 route del fd00:64::2/128 proto 12
check "the UE comes back" wait_for 30 "[[ \$(routes 10.64.0) == 1 ]]" "its route"
before=$(metric 10.64.0.2)
kill -KILL "$(pid_of gw)"
wait "$(pid_of gw)" 2>/dev/null
check "what is not a tunnel's" in_ns gw ip route add 10.64.9.9/32 dev eftf0 proto 233 metric 77
check "killed and started again" gw_start
check_is "it is gone" 0 "$(routes 10.64.9.9)"
check_is "the tunnel's route has stayed" "$before" "$(metric 10.64.0.2)"
check_is "that of IPv6, too, alone" "$before" "$(routes6 fd00:64)"
check "the core reaches the UE" in_ns ims ping -q -c 2 -i 0.2 -W 3 10.64.0.2
check "eftf-gw drain" in_ns gw eftf-gw drain -s "$socket" --over 4
check "takes it back" wait_for 20 "[[ \$(routes 10.64.0) == 0 && ! \$(routes6 fd00) ]]" "the end of the routes"
stop ue
stop gw

say "announce = 77, lines of the log as JSON"
gw_config "announce = 77" "[log]" "format = json"
check "gateway" gw_start
check "UEs" ues
check_is "routes of that table" 2 "$(in_ns gw ip route show table 77 proto 233 | wc -l)"
check_is "of any other" 2 "$(routes 10.64.0)"
check "the core reaches a UE" in_ns ims ping -q -c 2 -i 0.2 -W 3 10.64.0.2
kill -STOP "$(pid_of gw)"
check "more routes than there is room for, and a newer one of a UE" in_ns gw ip -batch - < <(
	for i in {0..31}; do printf "route add 10.99.$i.%d/32 dev lo table 78\n" {0..255}; done
	echo "route add 10.64.0.3/32 via 10.20.0.10 table 77 metric 1000")
kill -CONT "$(pid_of gw)"
check "it is found among those that are there" wait_for 30 "holds 'inner 10.64.0.3, .*reason elsewhere' $log" "the end of its tunnel"
in_ns gw ip route flush table 78
in_ns gw ip route del 10.64.0.3/32 table 77 metric 1000
stop gw
check_is "none is left" 0 "$(routes 10.64.0)"
check_is "lines that are no object" 0 "$(grep -cv '^{.*}$' "$log")"
check "they are JSON" jq -e '.time and .level and .text' "$log"
jq -r 'select(.event == "tunnel-down") | "\(.inner) \(.tls) \(.cipher) \(.reason) \(.in_octets > 0)"' "$log" | sort >"$work/ends"
check_is "ends of tunnels" "10.64.0.2 TLS 1.3 AES-128-GCM deleted true" "$(head -n 1 "$work/ends")"
check "with the identity" jq -es 'any(.[]; .event == "tunnel-down" and (.identity | startswith("id:")))' "$log"
no_ues

say "as a user of its own, as by the systemd unit"
mkdir "$work/run"
gw_config "state_dir = $work/run"
chown -R 65534 "$work"
caps=+net_admin,+net_bind_service
spawn_in gw gw setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="$caps" --ambient-caps="$caps" \
	--bounding-set="-all,$caps" --no-new-privs eftf-gw -v -c "$work/gw.conf"
check "gateway" wait_for 20 "holds ready $log" "the gateway"
# CAP_NET_ADMIN alone, once the port is there
check_is "capabilities that it has" 0000000000001000 "$(awk '$1 == "CapPrm:" { print $2 }' "/proc/$(pid_of gw)/status")"
ue_tunnel_config
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE" up 1 30
check "a worker that hangs" kill -STOP "$(pgrep -n -P "$(pid_of gw)")"
check "is killed without any capability" wait_for 20 "holds 'worker [0-9]* hangs: killed' $log" "that"
check "and another lets the UE in" eval 'stop ue; spawn_in ue ue eftf-ue -v -c "$work/ue.conf"; up 1 30'
stop ue
stop gw
check_is "exit status" 0 $?
chown -R 0 "$work"

say "limits of open files"
files=$(cat /proc/sys/fs/file-max)
gw_config "max_handshakes = 5000" "workers = 1"
few=(prlimit --nofile=300:300 setpriv --bounding-set=-sys_resource)
in_ns gw "${few[@]}" eftf-gw -c "$work/gw.conf" 2>"$work/limit"
check_is "too few descriptors at the start: exit status" 1 $?
check "says what needs them" grep -q 'max_handshakes and workers need [0-9]* file descriptors' "$work/limit"
sed 's/= 5000/= 100/' "$work/gw.conf" >"$work/few.conf"
echo 5000 >/proc/sys/fs/file-max
spawn_in gw gw "${few[@]}" eftf-gw -v -c "$work/few.conf"
check "fewer connections need fewer" wait_for 20 "holds ready $log" "the gateway"
check "the machine has too few for the tunnels" grep -q 'need 10100 open files, this machine has 5000' "$log"
cp "$work/gw.conf" "$work/few.conf"
kill -HUP "$(pid_of gw)"
check "too few for a reload" wait_for 10 "holds 'reload: max_handshakes and workers need' $log" "that it is said"
check_is "it goes on" ready "$(counter state)"
stop gw
check_is "exit status" 0 $?
echo "$files" >/proc/sys/fs/file-max
finish
