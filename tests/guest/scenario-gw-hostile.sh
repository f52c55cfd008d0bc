#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-gw under attack: what strangers send must not keep a UE out, nor the gateway from its end.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
# shellcheck source=tests/guest/attack.sh
. ./attack.sh

PATH=${EFTF_BUILD:?}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
# Seconds of each attack; more for a soak.
length=${EFTF_ATTACK_SECONDS:-4}

# Without -v: an attack is not to be logged line by line.
gw_start() {
	: >"$log"
	started=${EPOCHREALTIME/./}
	spawn_in gw gw eftf-gw -c "$work/gw.conf"
	wait_for 20 "holds ready $log" "the gateway"
}
counter() { in_ns gw eftf-gw status -s "$work/gw.sock" -j | jq ".$1"; }
# attack MODE N [PREFIX]: from the router before the gateway, in the background. An attacker has a processor of his own, but
# there is one here: he has of it what the gateway and UEs leave, so that what UEs wait for is the gateway.
attack() { spawn_in inet "attack" chrt --idle 0 "$attack" "$1" "$GW_OUTER6" 443 1000 "$2" ${3:+"$3"}; }
# DHCPINFORMs of the UE with this inner address, as fast as they leave
inform='
import socket, sys
addr = socket.inet_aton(sys.argv[1])
msg = bytes([1, 1, 0, 0]) + b"abcd" + bytes(4) + addr + bytes(220) + b"\x63\x82\x53\x63\x35\x01\x08\xff"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 68))
while True:
    try:
        s.sendto(msg, ("10.64.0.1", 67))
    except OSError:
        pass
'
# DHCPREQUESTs that renew, each with another keep-alive interval than the one before, for so many seconds. What it counts is
# checked by its own clock.
renew='
import socket, sys, time
addr = socket.inet_aton(sys.argv[1])
def request(keepalive):
    vendor = (32473).to_bytes(4, "big") + bytes([4, 1, 2]) + keepalive.to_bytes(2, "big")
    return (bytes([1, 1, 0, 0]) + b"abcd" + bytes(4) + addr + bytes(220) + b"\x63\x82\x53\x63\x35\x01\x03\x7d" +
            bytes([len(vendor)]) + vendor + b"\xff")
requests = [request(100), request(200)]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 68))
s.setblocking(False)
start, sent, answers = time.monotonic(), 0, 0
while time.monotonic() - start < float(sys.argv[2]):
    try:
        s.sendto(requests[sent % 2], ("10.64.0.1", 67))
        sent += 1
    except OSError:
        pass
    try:
        answers += s.recv(2048)[4:8] == b"abcd"
    except OSError:
        pass
print("sent", sent)
print("answers", answers)
print("may", int(20 + 3 * (time.monotonic() - start)), flush=True)
'
# Connections that say nothing, each ended by a RST as soon as it is there
mute='
import socket, struct, sys
for _ in range(20):
    s = socket.create_connection((sys.argv[1], 443), timeout=20)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
'
# deferred: how often the kernel has kept a connection without data to itself
deferred() {
	in_ns gw cat /proc/net/netstat | awk '/^TcpExt/ && !n { for (i in name) delete name[i]; n = split($0, name); next }
		/^TcpExt/ { for (i = 2; i <= NF; i++) if (name[i] == "TCPDeferAcceptDrop") print $i }'
}
# only_who_speaks: of 20 mute connections and one UE the gateway accepts the UE's. The kernel keeps the others for a second:
# on a machine that was too slow to end them by then it is tried again.
only_who_speaks() {
	local before try

	for try in {1..5}; do
		before=$(counter connections.accepted)
		in_ns inet python3 -c "$mute" "$GW_OUTER" || return
		ues 1 60
		wait_for 20 "[[ \$(counter connections.accepted) -gt $before ]]" "the UE's connection" || return
		[[ $(counter connections.accepted) -ne $((before + 1)) ]] || return 0
		echo "try $try: $(($(counter connections.accepted) - before)) connections accepted"
	done
	return 1
}
worker() { pgrep -n -P "$(pid_of gw)"; }
# of_worker WORD: the line of /proc/PID/status, its first value
of_worker() { awk -v word="$1:" '$1 == word { print $2 }' "/proc/$(worker)/status"; }
# worker_ms: processor time that the worker has had
worker_ms() { awk '{ print ($14 + $15) * 10 }' "/proc/$(worker)/stat"; }
# seconds from the end of the handshake until the gateway ends a connection of its own accord
ended_after() {
	local line start=

	# the shell that sleeps is not to hold the pipe that is read
	while read -r line; do
		[[ $line != *ESTABLISHED* ]] || start=${EPOCHREALTIME/./}
	done < <(in_ns ue timeout 40 openssl s_client -connect "$GW_OUTER:443" -brief 2>&1 < <(exec sleep 35 2>/dev/null))
	echo $((start ? (${EPOCHREALTIME/./} - start) / 1000000 : -1))
}
# under MODE N [PREFIX]: the gateway under one attack
under() {
	local before

	say "$*"
	check "gateway" gw_start
	attack "$@"
	# What is sent without a pause is left in the socket: else the worker does nothing but read. On a machine that is slow, or
	# has much else to do, each record costs more of the guest's time.
	if [[ $1 == octets ]]; then
		sleep 1
		before=$(worker_ms)
		sleep 3
		check_range "ms of processor that the worker spends on it in 3 s" 0 2000 $(($(worker_ms) - before))
	fi
	sleep 2
	ues $((length * 5)) 60
	figures "$1"
	# A gateway that an attack closes gives none; UEs and gateway share one processor here, of a machine with more to do
	check_range "UEs that got no offer, of $((length * 5))" 0 $((length * 5 / 3)) "$(seen failed)"
	check_range "p99 of TLS and offer, ms ($quiet when quiet)" 1 "$bound" "$(seen p99)"
	check_range "a silent TLS connection is ended, s ($quiet_end when quiet)" 2 $((quiet_end + 6)) "$(ended_after)"
	# 20 a second of each process, with a line about those that are left out before each, and one a second of refusals
	check_range "lines in the log" 1 $((60 + 45 * $(nproc) * (${EPOCHREALTIME/./} - started) / 1000000)) "$(grep -c . "$log")"
	before=${EPOCHREALTIME/./}
	stop gw
	check_is "exit status after SIGTERM" 0 $?
	check_range "ms until then ($quiet_stop when quiet)" 0 $((quiet_stop + 4000)) $(((${EPOCHREALTIME/./} - before) / 1000))
	check "the attack was on until then" alive attack
	stop attack KILL
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
check "addresses of strangers" in_ns inet ip -6 route add local "$far/32" dev lo
gw_tunnel_config "handshake_timeout = 3" "negotiate_timeout = 3" "max_handshakes = 256" "[status]" "socket = $work/gw.sock"
check "gateway" gw_start
ues 20 60
figures quiet
check_is "UEs that got no offer" 0 "$(seen failed)"
quiet=$(seen p99)
# That they are served at all, well within a UE's patience: the machine has more to do. The bench has the figures.
bound=$((quiet * 3 > 8000 ? quiet * 3 : 8000))
quiet_end=$(ended_after)
before=${EPOCHREALTIME/./}
stop gw
quiet_stop=$(((${EPOCHREALTIME/./} - before) / 1000))

under empty 4
under octets 4
under discover 4
under handshake 16
# each more than max_handshakes within a second
under drip 600 "$far"
under silent 300 "$far"

say "DHCP from inside a tunnel, without a pause"
ue_tunnel_config
check "gateway" gw_start
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "tunnel up" wait_for 20 "holds 'tunnel up' $EFTF_RESULTS/ue.log" "it"
check_fails "no TLS inside the tunnel" in_ns ue timeout 5 openssl s_client -connect 10.64.0.1:443 </dev/null
spawn_in ue inside chrt --idle 0 python3 -c "$inform" 10.64.0.2
sleep 2
ues $((length * 3)) 60
figures "DHCP inside"
check_is "UEs that got no offer" 0 "$(seen failed)"
check_range "p99 of TLS and offer, ms ($quiet when quiet)" 1 "$bound" "$(seen p99)"
check "the flood was on until then" alive inside
stop inside KILL

say "renewals without a pause, each with another keep-alive interval"
before=$(counter packets.dropped_dhcp)
spawn_in ue inside chrt --idle 0 python3 -c "$renew" 10.64.0.2 $((length * 3))
sleep 1
ues $((length * 2)) 60
figures "renewals inside"
check_is "UEs that got no offer" 0 "$(seen failed)"
check_range "p99 of TLS and offer, ms ($quiet when quiet)" 1 "$bound" "$(seen p99)"
check "the flood ends" wait_for 120 "holds '^may ' $EFTF_RESULTS/inside.log" "its end"
may=${held#may }
holds '^answers ' "$EFTF_RESULTS/inside.log"
check_range "renewals that were answered" 1 "$may" "${held#answers }"
check "the others are counted" wait_for 20 "[[ \$(counter packets.dropped_dhcp) -gt $((before + 20)) ]]" "more than $before"
stop inside
check "the tunnel does not mind" in_ns ue ping -q -c 2 -i 0.2 -W 3 10.64.0.1
stop ue
stop gw

say "a worker that hangs, one that dies"
check "gateway" gw_start
# CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_ADMIN
check_is "capabilities of the main process" 00000000000010e0 "$(awk '$1 == "CapPrm:" { print $2 }' "/proc/$(pid_of gw)/status")"
check_is "its capabilities" 0000000000000000 "$(of_worker CapPrm)"
check_is "no new privileges" 1 "$(of_worker NoNewPrivs)"
check_is "its user" 65534 "$(of_worker Uid)"
check "it hangs" kill -STOP "$(worker)"
ues 1 60
check_is "UEs that got no offer meanwhile" 0 "$(seen failed)"
check "it was killed" grep -q 'error: worker [0-9]* hangs: killed' "$log"
check "it dies" kill -SEGV "$(worker)"
check "that is said" wait_for 5 "holds 'ended by signal 11' $log" "the worker's end"
ues 3 60
check_is "UEs that got no offer then" 0 "$(seen failed)"
check "it has no core file" eval '! ls core* /tmp/core*'

say "reloads while UEs come"
before=$(grep -c 'certificate reloaded' "$log")
(for _ in {1..5}; do kill -HUP "$(pid_of gw)"; sleep 0.4; done) &
reloads=$!
ues 20 60
check_is "UEs that got no offer" 0 "$(seen failed)"
wait $reloads
check "they were during that" wait_for 20 "[[ \$(grep -c 'certificate reloaded' $log) -gt $before ]]" "reloads"
stop gw

say "one address"
check "gateway" gw_start
before=$(deferred)
check "connections without data do not reach the program" only_who_speaks
check_range "but stay with the kernel" 20 1000000 $(($(deferred) - before))
attack silent 50
check "the cap per source" wait_for 15 "holds 'refused: [1-9][0-9]* by max_handshakes_per_source' $log" "refusals"
stop attack KILL
finish
