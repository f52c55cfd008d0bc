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
	spawn_in gw gw eftf-gw -c "$work/gw.conf"
	wait_for 20 "holds ready $log" "the gateway"
}
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
gw_tunnel_config "handshake_timeout = 3" "negotiate_timeout = 3" "max_handshakes = 256"
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
check "the tunnel does not mind" in_ns ue ping -q -c 2 -i 0.2 -W 3 10.64.0.1
stop ue
stop gw

say "a worker that hangs, one that dies"
check "gateway" gw_start
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
attack silent 50
check "the cap per source" wait_for 15 "holds 'refused: [1-9][0-9]* by max_handshakes_per_source' $log" "refusals"
stop attack KILL
finish
