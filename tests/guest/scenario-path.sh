#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The outer path: a hop that silently drops large segments, in one direction or both, before and after a
# reconnect; then a path on which nothing arrives any more.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log

ue_start() {
	: >"$ue_log"
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
}
up() { wait_for "${2:-30}" "holds 'tunnel up' $ue_log $1" "tunnel up, $1 times"; }
answers() { in_ns ue ping -q -c 1 -W 1 "$PCSCF"; }
back_within() { wait_for "$1" "in_ns ue ping -q -c 1 -W 1 $PCSCF" "an answer of the P-CSCF"; }
value() { in_ns "$1" eftfctl --json tunnel show | jq ".tunnels[0].$2"; }
shrinks() { in_ns "$1" eftfctl --json stats | jq '.tunnels[0].path_shrinks'; }
downs() { grep -c 'tunnel down' "$ue_log"; }

# hole DEVICE...: what leaves inet by these devices in TCP packets of more than 1300 bytes is dropped
hole() {
	local dev rules=

	for dev; do rules+="oifname $dev meta l4proto tcp meta length > 1300 counter drop; "; done
	in_ns inet nft -f - <<-END
		table ip hole
		delete table ip hole
		table ip hole { chain forward { type filter hook forward priority 0; $rules }; }
	END
}
no_hole() { in_ns inet nft delete table ip hole; }
dropped() { in_ns inet nft list table ip hole | awk '{ for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'; }

# cut_off, cut_over: nothing to or from the EFTF passes, in either family
cut_off() {
	in_ns inet nft -f - <<-END
		table inet cut { chain forward { type filter hook forward priority 0; meta l4proto tcp th sport 443 drop; meta l4proto tcp th dport 443 drop; }; }
	END
}
cut_over() { in_ns inet nft delete table inet cut; }

# bulk_server: takes what comes to port 7001, and gives 2 MB at port 7002
bulk_server() {
	spawn_in ims bulk python3 -c "
import socket, threading
def serve(port, each):
    s = socket.create_server(('', port))
    while True: threading.Thread(target=each, args=s.accept()[:1]).start()
def take(c):
    while c.recv(65536): pass
    c.sendall(b'sent'); c.close()
def give(c):
    try: c.sendall(bytes(2000000))
    except OSError: pass
    c.close()
threading.Thread(target=serve, args=(7001, take)).start()
serve(7002, give)"
	wait_for 10 "[[ \$(in_ns ims ss -Hltn '( sport = :7001 or sport = :7002 )' | wc -l) -eq 2 ]]" "two servers"
}
# upload BYTES, download BYTES: until the last one has arrived
upload() {
	in_ns ue timeout 60 python3 -c "
import socket
s = socket.create_connection(('$PCSCF', 7001)); s.sendall(bytes($1)); s.shutdown(1); print(s.recv(4).decode())"
}
download() {
	in_ns ue timeout 60 python3 -c "
import socket
s = socket.create_connection(('$PCSCF', 7002)); n = 0
while n < $1: n += len(s.recv(65536))
print(n)"
}
# ms COMMAND...: how long it takes
ms() {
	local start=${EPOCHREALTIME/./}

	"$@" >/dev/null && echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
modprobe -aq tls aesni_intel 2>/dev/null
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
# so that the hop sees what the wire would carry, segment by segment
in_ns ue ip link set lan0 gso_max_segs 1
in_ns gw ip link set outer0 gso_max_segs 1
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16"
ue_tunnel_config "keepalive = 10" "timeout = 120"
check "the gateway starts" gw_start
check "servers for bulk" bulk_server

# through WHICH END COMMAND: 200 kB of END's through the hole, twice
through() {
	local which=$1 end=$2 command=$3 before

	before=$(dropped)
	check_range "$which: ms until 200 kB have arrived" 1 $((6000 * patience)) "$(ms "$command" 200000)"
	check_range "$which: packets that the hop has dropped" 1 100000 $(($(dropped) - before))
	check_range "$which: smaller segments at the $end, times" 1 3 "$(shrinks "$end")"
	check_range "$which: outer packets of the $end, bytes" 500 1300 "$(value "$end" path_mtu)"
	check "$which: the P-CSCF answers" back_within 2
	check_is "$which: tunnels that ended" 0 "$(downs)"
	before=$(dropped)
	check_range "$which: ms the next time" 1 $((3000 * patience)) "$(ms "$command" 200000)"
	# TCP goes on to look for a larger size, by packets that nothing waits for
	check_range "... and packets that the hop has dropped" 0 3 $(($(dropped) - before))
}

say "UE to EFTF"
ue_start
check "a tunnel" up 1
check "the P-CSCF answers" back_within 5
hole gw0
through "up" ue upload

say "the network is known now"
stop ue
ue_start
check "a tunnel after a reconnect" up 1
before=$(dropped)
check_range "ms until 200 kB have arrived after the reconnect" 1 $((3000 * patience)) "$(ms upload 200000)"
check_is "dropped by the hop after the reconnect" "$before" "$(dropped)"
stop ue
in_ns ue ip route flush cache
in_ns gw ip route flush cache

say "EFTF to UE"
hole fw0
ue_start
check "a tunnel" up 1
check "the P-CSCF answers" back_within 5
through "down" gw download
stop ue
in_ns ue ip route flush cache
in_ns gw ip route flush cache

say "both, with bulk in both directions"
hole gw0 fw0
ue_start
check "a tunnel" up 1
spawn upload upload 2000000
spawn download download 2000000
check "2 MB up arrive" wait_for 20 "holds sent $EFTF_RESULTS/upload.log" "the upload"
check "2 MB down arrive" wait_for 20 "holds 2000000 $EFTF_RESULTS/download.log" "the download"
stop upload
stop download
check "the P-CSCF answers" back_within 2
check_is "tunnels that ended" 0 "$(downs)"
no_hole
stop ue

say "a path that is gone for a moment is no black hole"
in_ns ue ip route flush cache
in_ns gw ip route flush cache
ue_start
check "a tunnel" up 1
cut_off
answers	# no matter whether: a packet is in flight
sleep 2.5
cut_over
check "an answer within 5 s" back_within 5
check_is "what the route remembers" "" "$(in_ns ue ip route get "$GW_OUTER" | grep -o 'mtu [0-9]*')"

say "nothing arrives any more that way, but another"
topo_name6
spawn_in ue monitor eftfctl --json monitor --timeout 120
in_ns inet nft "table ip cut { chain forward { type filter hook forward priority 0; tcp sport 443 drop; tcp dport 443 drop; }; }"
answers	# no matter whether: a packet is in flight
check "told as stalled after 10 s" wait_for 15 "holds stalled $EFTF_RESULTS/monitor.log" "the event"
check "... with what is in flight" jq -se 'map(select(.event == "stalled" and .unacked_bytes > 0 and .retransmits > 0)) | length > 0' "$EFTF_RESULTS/monitor.log"
check "the UE says so" wait_for 5 "holds 'tunnel stalled' $ue_log" "the words"
check "the UE goes on by IPv6" wait_for 15 "holds 'outer connection replaced' $ue_log" "the other way"
check "the P-CSCF answers" back_within 5
check_is "tunnels that ended" 0 "$(downs)"
in_ns inet nft delete table ip cut
stop ue

say "nothing arrives any more"
ue_start
check "a tunnel" up 1
cut_off
answers	# no matter whether: a packet is in flight
check "after 30 s the tunnel ends as stalled" wait_for 45 "holds '\"reason\":\"stalled\"' $EFTF_RESULTS/monitor.log" "the end"
cut_over
check "the UE says so" wait_for 30 "holds 'tunnel down.*acknowledged nothing' $ue_log" "the words"
check "and comes back" up 2 120
check "the P-CSCF answers" back_within 5
stop_all

say "an inner MTU of 9000"
gw_tunnel_config "mtu = 9000"
check "the gateway starts" gw_start
ue_start
check "a tunnel" up 1
check_is "MTU of the UE's device" 9000 "$(ip netns exec ue cat /sys/class/net/eftf0/mtu)"
check "9000 bytes in one packet, there and back" in_ns ue ping -q -c 2 -W 5 -M "do" -s 8972 10.64.0.1
stop_all
finish
