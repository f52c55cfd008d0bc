#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an operator is told: eftf-gw status and kick, the figures for Prometheus.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./manager.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
socket=$work/run/gw.sock
prom=$work/gw.prom

status() { in_ns gw eftf-gw status -s "$socket" "$@"; }
counter() { status -j | jq ".$1"; }
kick() { in_ns gw eftf-gw kick -s "$socket" "$1"; }
table() { status -t "$@" >"$work/table"; }
fetch() { in_ns gw curl -s -m 5 -o "$work/fetched" -w '%{http_code}' "$@"; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
gw_tunnel_config "routes = 10.20.0.0/16" "[status]" "socket = $socket" "metrics_file = $prom" "metrics_listen = 127.0.0.1:9469"
# the lines that gw_tunnel_config adds belong to [gateway]
sed -i '/^max_flows/d; s/^\[status\]/max_flows = 0\n[status]/' "$work/gw.conf"
ue_tunnel_config
sed -i '/^\[eftf\]/a client_id = phone-7' "$work/ue.conf"
check_fails "no gateway, no status" status
check "gateway" gw_start
alive gw || finish
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE" up 1 30
sed 's/phone-7/phone-8/' "$work/ue.conf" >"$work/ue2.conf"
spawn_in proxy ue2 eftf-ue -v -c "$work/ue2.conf"
check "another" wait_for 30 "holds 'tunnel up' $EFTF_RESULTS/ue2.log" "tunnel"
check "traffic" in_ns ue ping -q -c 3 -i 0.2 -W 3 "$PCSCF"

say "counters"
check "text" grep -Eq '^tunnels +now +2$' <(status)
check_is "tunnels made" 2 "$(counter tunnels.attached)"
check_is "addresses in use" 2 "$(counter pool.owned)"
check_is "of" 65533 "$(counter pool.size)"

say "tunnels"
check "table" table
check_is "head" "ID INNER OUTER IDENTITY UP IN OUT IDLE" "$(head -n 1 "$work/table" | xargs)"
check "a line for each" grep -Eq '^ *1 +10\.64\.0\.2 +203\.0\.113\.2:[0-9]+ +id:phone-7 +[0-9]+ +[1-9][0-9]+ +[1-9][0-9]+ +[0-9]+$' "$work/table"
check_is "lines" 3 "$(wc -l <"$work/table")"
check "chosen and sorted" table -o inner,id -S inner
check_is "lines" "INNER ID 10.64.0.2 1 10.64.0.3 2" "$(xargs <"$work/table")"
check "filter" table -o id -f phone-8
check_is "lines" "ID 2" "$(xargs <"$work/table")"
status -t -o nonsense 2>"$work/wrong"
check_is "a column that is none: exit status" 2 $?
check "says which" grep -q "no column 'nonsense'" "$work/wrong"
check_is "JSON" id:phone-8 "$(status -t -j -f 10.64.0.3 | jq -r '.tunnels[].identity')"

say "kick"
check "by inner address" kick 10.64.0.2
check "the UE comes back" up 2 30
check "with its address" wait_for 10 "holds 'tunnel 3 up: .* inner 10.64.0.2, .* resumed$' $log" "the same address"
check "by identity" kick id:phone-8
check_fails "nobody" kick id:phone
check_is "counted" 2 "$(counter tunnels.kicked)"
check_is "tokens that were good" 2 "$(wait_for 20 "[[ \$(counter tokens.good) == 2 ]]" "" && counter tokens.good)"

say "clients of the socket that are no good"
check_fails "not root" in_ns gw setpriv --reuid 65534 --clear-groups eftf-gw status -s "$socket"
spawn_in gw silent python3 -c "
import socket, time
s = [socket.socket(socket.AF_UNIX) for i in range(8)]
[x.connect('$socket') for x in s]
print('silent', flush=True)
time.sleep(60)"
wait_for 10 "holds silent $EFTF_RESULTS/silent.log" "silent clients"
check "after their time there is an answer" wait_for 15 "status | grep -q attached" "an answer"
stop silent
check_is "nonsense" '"unknown request: known are status, tunnels, kick WHO and drain SECONDS"' "$(in_ns gw python3 -c "
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('$socket')
s.sendall(b'\x1b[2J\0 GET /\n')
print(s.recv(1000).decode())" | jq .error)"
in_ns gw python3 -c "
import socket
s = socket.socket(socket.AF_UNIX)
s.connect('$socket')
s.sendall(b'x' * 100000)" 2>/dev/null
check "a line without end" status

say "Prometheus"
check "file" wait_for 20 "holds '^eftf_gw_tunnels_now 2$' $prom" "figures"
check_is "HTTP" 200 "$(fetch http://127.0.0.1:9469/metrics)"
check "figures" grep -q '^eftf_gw_tunnels_kicked_total 2$' "$work/fetched"
# a pool's prefix ends with .0
check_fails "nothing of a UE in it" grep -qE 'phone|10\.64\.[0-9.]*[1-9]|203\.0' "$work/fetched"
check_is "another page" 404 "$(fetch http://127.0.0.1:9469/)"
check_is "POST" 000 "$(fetch -d x=1 http://127.0.0.1:9469/metrics)"
check_is "from outside" 000 "$(in_ns ims curl -s -m 3 -o /dev/null -w '%{http_code}' http://10.20.0.1:9469/metrics)"
sed 's/127.0.0.1:9469/0.0.0.0:9469/' "$work/gw.conf" >"$work/open.conf"
check_fails "an address for all is refused" eftf-gw -t -c "$work/open.conf"

say "ends"
sed 's/^\[gateway\]/&\ndevice = eftf7\nlisten = 127.0.0.1:4433/' "$work/gw.conf" >"$work/second.conf"
in_ns gw timeout 20 eftf-gw -c "$work/second.conf" 2>"$work/second"
check_is "a second gateway: exit status" 1 $?
check "says why" grep -q "another program answers at $socket" "$work/second"
check "and the first goes on" status
kill -KILL "$(pid_of gw)"
wait "$(pid_of gw)" 2>/dev/null
in_ns gw ip link del eftf0 2>/dev/null

say "the service manager"
check "one" manager_start "$work/notify"
: >"$log"
spawn_in gw gw env NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=3000000 eftf-gw -v -c "$work/gw.conf"
check "killed and started again" wait_for 20 "holds ready $log" "the gateway"
check "it answers" status
check "ready" told READY=1
check "status" told 'STATUS=tunnels: [0-9]'
check "it lives" told WATCHDOG=1
kill -HUP "$(pid_of gw)"
check "reloading" told RELOADING=1
check "ready again" wait_for 20 "holds '^READY=1' $EFTF_RESULTS/manager.log 2" "READY=1, twice"
echo 'nonsense = 1' >>"$work/gw.conf"
kill -HUP "$(pid_of gw)"
check "a reload that fails is said" wait_for 20 "holds 'error: reload: .*nonsense' $log" "the error"
check "and it goes on" wait_for 20 "holds '^READY=1' $EFTF_RESULTS/manager.log 3" "READY=1, three times"
stop gw
check_is "SIGTERM: exit status" 0 $?
check "its end" told STOPPING=1
check_fails "the socket is gone" test -e "$socket"
check_fails "and the file" test -e "$prom"
finish
