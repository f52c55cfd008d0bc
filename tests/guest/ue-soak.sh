#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A line that has to stay up: for EFTF_SOAK_SECONDS (1800, not more) something happens to the network around eftf-ue every few
# seconds, drawn from EFTF_SEED (printed), and each time the P-CSCF answers again over the same inner address. A part of
# "make soak".
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
. ./topology.sh
. ./asleep.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
seconds=${EFTF_SOAK_SECONDS:-1800}
((seconds <= 1800)) || seconds=1800
RANDOM=${EFTF_SEED:=$$}
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log
# where lan0 is now, and what the machine's clock says too much
last=2 ahead=0
patience_s=90	# until the line is up again, at the latest
declare -A times=() longest=()

# the shell's own seconds go with the clock, which is set here
uptime_s() { local s; read -r s _ </proc/uptime; echo "${s%.*}"; }
answers() { in_ns ue ping -q -c 1 -W 1 "$PCSCF"; }
inner() { in_ns ue ip -4 -o addr show dev eftf0 | awk '{ print $4 }'; }
lan0_default() { in_ns ue ip route replace default via 192.168.77.1 dev lan0 metric 100; }
# octets in memory, open files, threads and children of eftf-ue's first process
weight() {
	local pid
	pid=$(pid_of ue)
	echo "$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") $(ls "/proc/$pid/fd" | wc -l) $(pgrep -c -P "$pid")"
}

# ---- what happens; each leaves a network that works -------------------------------------------------
link_flap() {
	in_ns ue ip link set lan0 down
	sleep $((RANDOM % 5))
	in_ns ue ip link set lan0 up
	lan0_default
}
other_address() {
	local next=$((last == 2 ? 9 : 2))

	in_ns ue ip addr del 192.168.77.$last/24 dev lan0
	in_ns ue ip addr add 192.168.77.$next/24 dev lan0
	lan0_default
	last=$next
}
better_network() {
	in_ns ue ip link set lan1 up
	in_ns ue ip route replace default via 172.16.5.1 dev lan1 metric 50
	sleep $((2 + RANDOM % 15))
	in_ns ue ip link set lan1 down
	lan0_default
}
nat_forgets() { in_ns fw conntrack -F 2>/dev/null; }
silence() {
	link_delay fw wan0 loss 100%
	sleep $((3 + RANDOM % 20))
	link_delay fw wan0
}
lossy() {
	link_delay fw wan0 delay 30ms loss 5%
	sleep $((5 + RANDOM % 10))
	link_delay fw wan0
}
gateway_restarts() {
	stop gw
	sleep $((RANDOM % 4))
	gw_start
}
gateway_dies() {
	stop gw KILL
	gw_start
}
only_the_proxy() {
	fw_proxy_only reject
	sleep $((10 + RANDOM % 20))
	fw_restrict drop
}
new_firewall() { fw_restrict "$( ((RANDOM % 2)) && echo drop || echo reject)"; }
clock_jumps() {
	local by=$((RANDOM % 2 * 3600 * (1 + RANDOM % 700) - ahead))	# certificates are valid all the time

	clock_moves "$by"
	ahead=$((ahead + by))
}
# not as long as a lease, which the gateway, awake, still counts on
machine_sleeps() {
	local by=$((5 + RANDOM % 50))

	sleeps "$by"
	ahead=$((ahead + by))
}
program_sleeps() {
	kill -STOP "$(pid_of ue)"
	sleep $((3 + RANDOM % 20))
	kill -CONT "$(pid_of ue)"
}
asked_for() { kill -USR1 "$(pid_of ue)"; }

events=(link_flap other_address better_network nat_forgets silence lossy gateway_restarts gateway_dies only_the_proxy
	new_firewall clock_jumps machine_sleeps program_sleeps asked_for)

happens() {
	local start

	"$1"
	times[$1]=$((${times[$1]:-0} + 1))
	start=$(uptime_s)
	until answers >/dev/null 2>&1; do
		if (($(uptime_s) - start > patience_s)); then
			not_ok "the line is up again after $1 (seed $EFTF_SEED, event $n)" "within $patience_s s" \
				"$(tail -n 15 "$log"; in_ns ue ip route; in_ns ue eftfctl tunnel show)"
			return 1
		fi
		sleep 0.3
	done
	start=$(($(uptime_s) - start))
	((start <= ${longest[$1]:-0})) || longest[$1]=$start
	alive ue || { not_ok "eftf-ue runs after $1" "yes" "$(tail -n 15 "$log")"; return 1; }
}

say "set-up, EFTF_SEED=$EFTF_SEED"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
ip link add lan1 netns ue type veth peer name ue1 netns inet
ip -n ue addr add 172.16.5.2/24 dev lan1
ip -n inet addr add 172.16.5.1/24 dev ue1
ip -n inet link set ue1 up
ip -n gw route add 172.16.5.0/24 via 198.51.100.254
lan0_default
in_ns ue ip route del default via 192.168.77.1 dev lan0 metric 0
cat >"$work/tinyproxy.conf" <<-END
	Port 3128
	Listen $PROXY
	Timeout 60
	LogLevel Warning
	ConnectPort 443
END
spawn_in proxy tinyproxy tinyproxy -d -c "$work/tinyproxy.conf"
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$work/tokens"
chmod 600 "$work/tokens"
gw_tunnel_config "pcscf = $PCSCF" "lease = 120" "token_keys = $work/tokens"
check "gateway" gw_start
ue_tunnel_config "keepalive = 15" "[proxy]" "fallback = yes"
: >"$log"
spawn_in ue ue "${may_sleep[@]}" "https_proxy=http://$PROXY:3128" eftf-ue -v -c "$work/ue.conf"
check "up" up 1 60
check "the P-CSCF answers" answers
address=$(inner)
before=$(weight)

say "$seconds s"
n=0
end=$(($(uptime_s) + seconds))
while (($(uptime_s) < end)); do
	n=$((n + 1))
	event=${events[RANDOM % ${#events[@]}]}
	say "event $n: $event" >>"$EFTF_RESULTS/events.log"
	happens "$event" || break
	sleep $((RANDOM % 6))
done
for event in "${events[@]}"; do
	echo "        $event: ${times[$event]:-0} times, up again after ${longest[$event]:-0} s at most"
done
check_range "events" 5 100000 "$n"

say "afterwards"
((ahead == 0)) || clock_moves $((-ahead))
check_is "the inner address is that of before" "$address" "$(inner)"
check "tunnels at the gateway, once what was left behind has ended: one" wait_for 120 \
	"[[ \$(in_ns gw eftfctl --json tunnel show | grep -c '\"id\"') == 1 ]]" "one tunnel"
check_is "tunnels of the UE" 1 "$(in_ns ue eftfctl --json tunnel show | grep -c '"id"')"
echo "        memory in KiB, open files, children: $before at the beginning, $(weight) now"
read -r memory files children <<<"$before"
read -r memory_now files_now children_now < <(weight)
check_range "memory that eftf-ue has more than at the beginning, KiB" -100000 1024 $((memory_now - memory))
check_range "open files that it has more" -100 2 $((files_now - files))
check_range "children that it has more" -10 1 $((children_now - children))
stop ue
check_is "exit status" 0 $?
check_is "routes left over" "" "$(in_ns ue ip route show metric 24)"
check_fails "device left over" in_ns ue ip link show dev eftf0
stop gw
stop tinyproxy
finish
