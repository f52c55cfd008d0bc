#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing that a stranger on the way can say, and no passing state of the machine, ends eftf-ue: it says what is wrong,
# waits, and has its tunnel as soon as all is well.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log

# gateway [CERTIFICATE]
gateway() {
	gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16"
	sed -i "s|/eftf\.|/${1:-eftf}.|" "$work/gw.conf"
	gw_start
}
ue_start() { spawn_in ue ue eftf-ue -v -c "$work/ue.conf"; }
# says WORDS [SECONDS]
says() { check "it says: $1" wait_for "${2:-20}" "holds '$1' $log" "these words"; }
pings() { in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"; }
# A stranger in the place of the EFTF, who answers every ClientHello by the alert of this number
alerts_start() {
	spawn_in gw alerts python3 -c '
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("198.51.100.1", 443))
s.listen(5)
while True:
    c, _ = s.accept()
    c.recv(2000)
    c.sendall(bytes([21, 3, 3, 0, 2, 2, int(sys.argv[1])]))
    c.close()' "$1"
	wait_for 10 '[[ -n $(in_ns gw ss -Hltn sport = :443) ]]' "the stranger"
}

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
ue_tunnel_config

say "forged alerts"
for alert in 48 42 46 116; do
	check "a stranger who says $alert" alerts_start $alert
	in_ns ue timeout 30 eftf-ue --once -c "$work/ue.conf" >"$log" 2>&1
	check_is "--once: exit status" 1 $?
	says "station on the way.* \\($alert\\)"
	stop alerts
done
check "a stranger who says 48" alerts_start 48
ue_start
says 'unknown_ca \(48\)'
check "it goes on" alive ue
stop alerts
check "gateway" gateway
check "up as soon as the EFTF answers" up 1 30
stop ue
stop gw

say "another certificate"
check "gateway with a foreign certificate" gateway foreign
in_ns ue timeout 30 eftf-ue --once -c "$work/ue.conf" >"$log" 2>&1
check_is "--once: exit status" 3 $?
ue_start
says 'intercepted or misconfigured'
says 'next attempt in (1[6-9]|2[0-9]|3[0-2])\.'
check "it goes on" alive ue
stop ue

say "a captive portal"
# the foreign certificate stays
portal_start() {
	spawn_in gw portal python3 -c '
import socket
s = socket.create_server(("", 80), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, _ = s.accept()
    c.recv(2000)
    c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/?a=b\r\n\r\n")
    c.close()'
	wait_for 10 '[[ -n $(in_ns gw ss -Hltn sport = :80) ]]' "the portal"
}
check "the portal" portal_start
check "HTTP passes" fw_open
ue_start
says "a captive portal answers for $GW_NAME: log in at http://login.example/.a=b$"
says 'next attempt in (1[6-9]|2[0-9]|3[0-2])\.'
check_is "the verdict, when asked" portal "$(in_ns ue eftf-ue status --json | jq -r .detection.verdict.verdict)"
stop ue
stop gw
# one that lets nothing out but HTTP, which it answers itself
check "gateway" gateway
check "only HTTP passes, the rest is refused" fw_load reject "tcp dport 80 accept"
sed "s/^mode = always/mode = auto\npcscf = $PCSCF/" "$work/ue.conf" >"$work/auto.conf"
in_ns ue timeout 60 eftf-ue --detect -c "$work/auto.conf" >"$log" 2>&1
check_is "--detect: exit status" 12 $?
says '^portal .*SIP over UDP to .*: refused.*control to .*: a captive portal, found in .*http://login.example'
ue_start
says 'connection refused'
says "a captive portal answers for $GW_NAME: log in at http://login.example/.a=b$" 40
says 'next attempt in (1[6-9]|2[0-9]|3[0-2])\.' 5
check "only TLS passes" fw_restrict drop
# an address more on the link: what a portal's login looks like is not known here, but such a thing often goes with it
check "another network" in_ns ue ip addr add 192.168.177.2/24 dev lan0
says 'the network has changed' 15
check "up" up 1 30
stop ue
stop portal

say "the clock is not set"
real=$(date +%s)
date -s '2000-01-01 00:00:00' >/dev/null
ue_start
says 'not valid yet, if it is 2000-01-01 as this machine.s clock has it: is the clock wrong'
check "it goes on" alive ue
date -s "@$((real + 10))" >/dev/null
# the pause would be 16 s and more
check "up soon after it is set" up 1 14
date -s '2060-01-01 00:00:00' >/dev/null
stop gw
check "the gateway starts anew" gateway
says 'has expired, if it is 2060-01-01'
check "it goes on" alive ue
date -s "@$((real + 40))" >/dev/null
check "up again soon after it is set" up 2 14
check "ping" pings
stop ue

say "the clock is not set, and the revocation lists seem out of date"
ue_tunnel_config
sed -i "s|^ca = .*|&\ncrl = $work/pki/none.crl|" "$work/ue.conf"
date -s '2060-01-01 00:00:00' >/dev/null
in_ns ue timeout 30 eftf-ue --once -c "$work/ue.conf" >"$log" 2>&1
check_is "--once: exit status" 2 $?
ue_start
says 'a list in it is out of date since'
check "it goes on" alive ue
date -s "@$((real + 60))" >/dev/null
check "up soon after it is set" up 1 30
stop ue
ue_tunnel_config

say "names cannot be resolved"
sed "s/^address = .*/address = nowhere.ims.example/" "$work/ue.conf" >"$work/nowhere.conf"
spawn_in ue ue eftf-ue -v -c "$work/nowhere.conf"
says 'cannot resolve nowhere.ims.example'
says 'next attempt'
check "it goes on" alive ue
echo "$GW_OUTER nowhere.ims.example" >>/etc/hosts
says 'for another name than nowhere' 60
check "it goes on" alive ue
stop ue
stop gw

say "the module is not there"
check "rmmod" rmmod eftf
in_ns ue eftf-ue --once -c "$work/ue.conf" >"$log" 2>&1
check_is "--once: exit status" 1 $?
ue_start
says 'module eftf is not loaded: insmod eftf.ko'
check "it goes on" alive ue
check "insmod" insmod "$EFTF_KO"
check "gateway" gateway
check "up" up 1 30
check "ping" pings

say "SIGHUP"
before=$(in_ns ue ip -o link show eftf0 | cut -d: -f1)
kill -HUP "$(pid_of ue)"
says 'configuration read again: the tunnel stays'
says 'outer connection replaced .SIGHUP., no break'
check_is "tunnels that ended" 0 "$(grep -c 'tunnel down' "$log")"
check_is "the device is the same" "$before" "$(in_ns ue ip -o link show eftf0 | cut -d: -f1)"
check "ping" pings
stop ue
check_is "exit status" 0 $?
finish
