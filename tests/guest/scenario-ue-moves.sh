#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network around the UE changes while a tunnel runs: a link flaps, the address is another one, a host route is
# taken away, another network comes and goes, the machine sleeps. eftf-ue sees it by itself; the inner address, and so the call, goes on.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./asleep.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log

gateway() { gw_tunnel_config "pcscf = $PCSCF" "routes = $1" && gw_start; }
ue_start() {
	ue_tunnel_config "hook = $work/hook"
	sed -i 's/^routes = .*/routes = all/' "$work/ue.conf"
	: >"$work/hook.out"
	spawn_in ue ue "${may_sleep[@]}" eftf-ue -v -c "$work/ue.conf"
}
answers() { in_ns ue ping -q -c 1 -W 1 "$PCSCF"; }
route_of() { in_ns ue ip -4 route get "$1" | head -n 1; }
inner() { in_ns ue ip -4 -o addr show dev eftf0 | awk '{ print $4 }'; }
# Well under a second, on a machine that has nothing else to do. Where a change is not seen it takes 10 s at least.
seen_ms=8000
# the connection of before is given up
old_one_gone() {
	wait_for 30 "[[ \$(in_ns ue eftfctl --json tunnel show) =~ \\\"transports\\\":\ *1[^0-9] ]]" "one connection"
}
# milliseconds until the P-CSCF answers again; small packets often, since a lost one must not count as a second
back_after() {
	local start=${EPOCHREALTIME/./}

	until in_ns ue ping -q -c 1 -W 0.2 "$PCSCF" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} - start < 20000000)) || break
	done
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
# What a DHCP client does
lan0_default() { in_ns ue ip route replace default via 192.168.77.1 dev lan0 metric 100; }
# the way is the right one, the call goes on
goes_on() {
	check_is "the inner address" "$address" "$(inner)"
	check_is "times that the phone saw no tunnel" 1 "$(wc -l <"$work/hook.out")"
	check "the EFTF is reached by $1" grep -q "dev $1" <(route_of "$GW_OUTER")
}

# Another network beside lan0, with its own way to the internet
second_network() {
	ip link add lan1 netns ue type veth peer name ue1 netns inet &&
		ip -n ue addr add 172.16.5.2/24 dev lan1 && ip -n inet addr add 172.16.5.1/24 dev ue1 &&
		ip -n inet link set ue1 up && ip -n gw route add 172.16.5.0/24 via 198.51.100.254
}

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
check "second network" second_network
printf '#!/bin/sh\necho "$EFTF_REASON" >>%s\n' "$work/hook.out" >"$work/hook"
chmod +x "$work/hook"
lan0_default
in_ns ue ip route del default via 192.168.77.1 dev lan0 metric 0

for routes in 0.0.0.0/0 10.20.0.0/16; do
	say "$routes goes into the tunnel"
	check "gateway" gateway "$routes"
	ue_start
	check "up" up 1
	check "P-CSCF" answers
	address=$(inner)

	say "... the link flaps"
	in_ns ue ip link set lan0 down
	sleep 3
	in_ns ue ip link set lan0 up
	lan0_default
	check_range "milliseconds until the P-CSCF answers" 0 $seen_ms "$(back_after)"
	goes_on lan0

	say "... another address on the same link"
	in_ns ue ip addr del 192.168.77.2/24 dev lan0
	in_ns ue ip addr add 192.168.77.9/24 dev lan0
	lan0_default
	check_range "milliseconds until the P-CSCF answers" 0 $seen_ms "$(back_after)"
	goes_on lan0

	say "... a better network comes: make-before-break"
	check "the connection of before is gone" old_one_gone
	in_ns ue ip link set lan1 up
	check "a ping" ping_first ue 1 "$PCSCF"
	spawn_in ue pings ping -e 1 -i 0.05 -W 2 "$PCSCF"
	in_ns ue ip route add default via 172.16.5.1 dev lan1 metric 50
	check "moved" wait_for 20 "in_ns ue ss -Htn dst $GW_OUTER src 172.16.5.2 | grep -q ESTAB" "a connection from 172.16.5.2"
	sleep 1
	stop pings INT
	check_range "pings lost" 0 2 "$(unanswered pings | wc -w)"
	check "no break" grep -q 'outer connection replaced (another way to the EFTF), no break' "$log"
	goes_on lan1

	say "... and goes"
	in_ns ue ip link set lan1 down
	lan0_default
	check_range "milliseconds until the P-CSCF answers" 0 $seen_ms "$(back_after)"
	goes_on lan0
	check "by the first network" grep -q 192.168.77.9 <(in_ns ue ss -Htn dst "$GW_OUTER")
	in_ns ue ip addr del 192.168.77.9/24 dev lan0
	in_ns ue ip addr add 192.168.77.2/24 dev lan0
	lan0_default
	check_range "milliseconds until the P-CSCF answers" 0 $seen_ms "$(back_after)"

	if [[ $routes == 0.0.0.0/0 ]]; then
		say "... another program takes the host route away"
		check "it is there" wait_for 20 "in_ns ue ip route show $GW_OUTER metric 24 | grep -q lan0" "the host route"
		check "the connection of before is gone" old_one_gone
		check "taken away" in_ns ue ip route del "$GW_OUTER" metric 24
		check "it is there again" wait_for 20 "in_ns ue ip route show $GW_OUTER | grep -q lan0" "the host route"
		check "P-CSCF" answers

		say "... the machine sleeps for ten minutes"
		check "the connection of before is gone" old_one_gone
		sleeps 600
		check "it is noticed" wait_for 20 "holds 'this machine has slept for 600 s' $log" "these words"
		check "a new connection" wait_for 20 "holds 'outer connection replaced .after sleep., no break' $log" "these words"
		goes_on lan0
	fi
	stop ue
	check_is "exit status" 0 $?
	check_is "routes left over" "" "$(in_ns ue ip route show metric 24)"
	stop gw
done
finish
