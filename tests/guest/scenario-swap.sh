#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make-before-break: eftf-ue replaces the outer connection of a running tunnel, and nobody inside notices.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
ue_log=$EFTF_RESULTS/ue.log
inner=10.64.0.2
# packets a second, records per key, and seconds in which two or more keys wear out; the last tenth of a key's records
# has to last for the swap, also on a busy machine
pace=50 limit=1600 wear_seconds=40
[[ ! -e /sys/kernel/debug/kmemleak ]] || pace=5 limit=800 wear_seconds=200	# a debug kernel: slow

# gw_config [LINE...]
gw_config() { gw_tunnel_config "pcscf = $PCSCF" "lease = 3600" "$@"; }

gw_start() {
	spawn_in gw gw eftf-gw -v -c "$work/gw.conf"
	wait_for 30 "holds ready $log" "the gateway"
}
# up TIMES: tunnels that eftf-ue has had
up() { wait_for 40 "holds 'tunnel up' $ue_log $1" "tunnel up, $1 times"; }
start() {
	gw_start && spawn_in ue ue eftf-ue -v -c "$work/ue.conf" && up 1
}
stop_both() {
	stop ue
	stop gw
}

pings() { in_ns ue ping -q -c 2 -i 0.2 -W 3 "$1"; }
outer_connections() { in_ns gw ss -Htn state established sport = :443 | wc -l; }
moved() { grep -c 'outer address .* -> ' "$log"; }
replaced() { grep -c "outer connection replaced ($1), no break" "$ue_log"; }
# tunnels of the gateway's module: "id inner"
sessions() { in_ns gw eftfctl tunnel show | grep -cw "$inner"; }
records_sent() { in_ns ue eftfctl --json tunnel show | jq '.tunnels[0].key_records_tx'; }
record_limit() { in_ns ue eftfctl tunnel set dev eftf0 id 1 record-limit "$1"; }
# The key in use is near its end: a tenth is left, of which a packet or two tell the module.
wear() {
	in_ns ue ping -q -i 0.01 -c 300 "$PCSCF"
	record_limit $(($(records_sent) * 11 / 10)) && pings "$PCSCF"
}

# Datagrams in both directions and a stream, for so many seconds; as video, of which nothing but a full
# queue drops any: a loss is a fault of the swap.
traffic_start() {
	local seconds=$1 pace_s
	pace_s=$(printf '0.%03d' $((1000 / pace)))
	check "a ping out" ping_first ue 1 "$PCSCF"
	check "a ping in" ping_first ims 2 "$inner"
	spawn_in ue ping-out ping -Q 0x88 -e 1 -i "$pace_s" -c $((seconds * pace)) -W 10 "$PCSCF"
	spawn_in ims ping-in ping -Q 0x88 -e 2 -i "$pace_s" -c $((seconds * pace)) -W 10 "$inner"
	spawn_in ue talk ./numbered talk "$PCSCF" 7777 $(((pace + 1) / 2)) "$seconds"
}
# What else may have dropped a packet, if one is missing: counters of both ends that are not 0
evidence() {
	local ns
	for ns in ue gw; do
		in_ns "$ns" ip -s link show dev eftf0
		in_ns "$ns" nstat -as | grep -iE 'drop|discard|err|noroute'
	done
	in_ns gw conntrack -S
	in_ns gw nft list counters
	cp "$EFTF_RESULTS/ping-out.log" "$EFTF_RESULTS/ping-out-missing.log"
	cp "$EFTF_RESULTS/ping-in.log" "$EFTF_RESULTS/ping-in-missing.log"
}
traffic_ends() {
	local name status failed=$checks_failed
	for name in ping-out ping-in talk; do
		wait_for $((120 + wear_seconds * 2)) "! runs $(pid_of $name)" "$name"
	done
	stop talk
	status=$?
	check_is "pings out of the tunnel without an answer" "" "$(unanswered ping-out)"
	check_is "pings into the tunnel without an answer" "" "$(unanswered ping-in)"
	check_is "numbered datagrams and stream" 0 "$status"
	sed 's/^/        /' "$EFTF_RESULTS/talk.log"
	((checks_failed == failed)) || evidence 2>&1 | sed 's/^/        /'
	stop ping-out
	stop ping-in
	check_is "drops by the UE's queue" "{}" "$(drops ue)"
	check_is "drops by the EFTF's queue" "{}" "$(drops gw)"
}
# drops NS: the module's counters of dropped packets that are not 0
drops() { in_ns "$1" eftfctl --json stats dev eftf0 | jq -c '.tunnels[0].drops | with_entries(select(.value > 0))'; }
# swap N: the Nth by SIGUSR1, complete at both ends
swap() {
	kill -USR1 "$(pid_of ue)" &&
		wait_for 30 "[[ \$(replaced SIGUSR1) -ge $1 ]]" "swap $1" &&
		wait_for 15 "[[ \$(outer_connections) -eq 1 ]]" "the old connection's end"
}

say "set-up"
check "topology" topo_up
check "watch over the outer link" outer_watch
check "certificates" ../lib/pki.sh "$work/pki"
gw_config
ue_tunnel_config
check "configuration tests" eval 'eftf-gw -t -c "$work/gw.conf" && eftf-ue -t -c "$work/ue.conf"'
check "tunnel up" start
((checks_failed == 0)) || finish	# nothing else can work
spawn_in ims serve ./numbered serve "$PCSCF" 7777
check "a machine in the core" wait_for 20 "holds serving $EFTF_RESULTS/serve.log" "numbered"
spawn_in ue ue-events eftfctl monitor --timeout 900
spawn_in gw gw-events eftfctl monitor --timeout 900
check "monitors" wait_for 20 "holds listening $EFTF_RESULTS/ue-events.log &&
	holds listening $EFTF_RESULTS/gw-events.log" "listening"

say "by SIGUSR1, under traffic"
traffic_start 20
for n in 1 2 3 4; do
	check "swap $n" swap "$n"
done
traffic_ends
check_is "swaps at the EFTF" 4 "$(moved)"
check_is "tunnels that came up: the UE" 1 "$(grep -c 'tunnel up' "$ue_log")"
check_is "tunnels that came up: the EFTF" 1 "$(grep -c 'tunnel [0-9]* up' "$log")"
check_is "the same address, one session" 1 "$(sessions)"
check_is "the UE's monitor: swapped" 4 "$(grep -c swapped "$EFTF_RESULTS/ue-events.log")"
check_is "the EFTF's monitor: swapped" 4 "$(grep -c swapped "$EFTF_RESULTS/gw-events.log")"
check_is "and no tunnel went down" 0 "$(cat "$EFTF_RESULTS/ue-events.log" "$EFTF_RESULTS/gw-events.log" | grep -cw down)"

say "five signals at once are one swap, or two"
for ((i = 0; i < 5; i++)); do kill -USR1 "$(pid_of ue)"; done
check "swapped" wait_for 30 "[[ \$(replaced SIGUSR1) -ge 5 ]]" "a swap"
check "one connection" wait_for 15 "[[ \$(outer_connections) -eq 1 ]]" "the old connection's end"
check "ping" pings "$PCSCF"
check_range "swaps" 5 6 "$(replaced SIGUSR1)"

say "the new connection fails"
in_ns fw nft insert rule inet fw forward iifname lan0 tcp dport 443 ct state new reject with tcp reset
kill -USR1 "$(pid_of ue)"
check "the old one goes on" wait_for 30 "holds 'new outer connection: .*; the old one goes on$' $ue_log" "failure"
check "ping" pings "$PCSCF"
check "a worn key" wear
check "asks for a new connection" wait_for 40 "holds 'the old one goes on, next attempt in' $ue_log" "failure"
check "ping" pings "$PCSCF"
check "the firewall lets it out again" fw_restrict drop
check "swapped after all" wait_for 60 "[[ \$(replaced 'key limit') -ge 1 ]]" "a swap"
check "ping" pings "$PCSCF"
check_is "still the first tunnel" 1 "$(grep -c 'tunnel up' "$ue_log")"
check_is "still the first session" 1 "$(grep -c 'tunnel [0-9]* up' "$log")"

say "SIGTERM gives the address back"
stop ue
check_is "exit status" 0 $?
check "released" wait_for 10 "holds 'tunnel 1 down: .*\(address released\)' $log" "DHCPRELEASE"
check_fails "no device" in_ns ue ip link show dev eftf0
stop_both

say "keys that wear out, under traffic"
gw_config "record_limit = $limit"
ue_tunnel_config "record_limit = $limit"
: >"$ue_log"
: >"$log"
: >"$EFTF_RESULTS/ue-events.log"
check "tunnel up" start
traffic_start "$wear_seconds"
traffic_ends
check_range "swaps" 2 20 "$(replaced 'key limit')"
check_range "at the EFTF as well" 2 20 "$(moved)"
check "the module asked for them" grep -q rekey "$EFTF_RESULTS/ue-events.log"
check_is "tunnels that came up: the UE" 1 "$(grep -c 'tunnel up' "$ue_log")"
check_is "tunnels that came up: the EFTF" 1 "$(grep -c 'tunnel [0-9]* up' "$log")"
check_is "the same address, one session" 1 "$(sessions)"
stop_both
stop ue-events
stop gw-events

say "killed, with everything routed into the tunnel"
gw_config "routes = 0.0.0.0/0" "client_ca = $work/pki/ca.pem"
ue_tunnel_config
sed -i "s|^ca = .*|&\ncert = $work/pki/client.pem\nkey = $work/pki/client.key|; s/^routes = .*/routes = all/" "$work/ue.conf"
: >"$ue_log"
: >"$log"
default=$(in_ns ue ip -4 route show default)
check "tunnel up" start
check_is "the machine's default route" "$default" "$(in_ns ue ip -4 route show default)"
check "everything goes into the tunnel" grep -q "dev eftf0" <(in_ns ue ip -4 route get 192.0.2.77)
check "but not the outer connection" grep -q "dev lan0" <(in_ns ue ip -4 route get "$GW_OUTER")
check "ping" pings "$PCSCF"
kill -USR1 "$(pid_of ue)"
check "swapped" wait_for 30 "[[ \$(replaced SIGUSR1) -ge 1 ]]" "a swap"
check "ping" pings "$PCSCF"
kill -KILL "$(pid_of ue)"
wait "$(pid_of ue)" 2>/dev/null
check "the EFTF sees the end" wait_for 20 "holds 'tunnel 1 down' $log" "end"
check "the device is left over" in_ns ue ip link show dev eftf0
: >"$ue_log"
check "a new start" eval 'spawn_in ue ue eftf-ue -v -c "$work/ue.conf" && up 1'
check "takes it over" grep -q 'device eftf0 was left over' "$ue_log"
check "the same address" grep -q "tunnel 2 up: .* inner $inner, .* resumed$" "$log"
check "ping" pings "$PCSCF"
stop ue
check_is "exit status" 0 $?
check_fails "no device" in_ns ue ip link show dev eftf0
check_fails "no host route" grep -q "$GW_OUTER" <(in_ns ue ip route)
check_is "the machine's default route" "$default" "$(in_ns ue ip -4 route show default)"

say "a device of the administrator's own"
check "made" in_ns ue eftfctl link add eftf0 role ue
: >"$ue_log"
check "tunnel up" eval 'spawn_in ue ue eftf-ue -v -c "$work/ue.conf" && up 1'
check "ping" pings "$PCSCF"
stop_both
check "it stays" in_ns ue ip link show dev eftf0
outer_check
finish
