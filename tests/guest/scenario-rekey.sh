#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The peer changes its TLS 1.3 key while a tunnel runs: eftf-ue and eftf-gw, each against a peer of OpenSSL that
# shares no code with it. Where the kernel takes new keys nobody inside notices; elsewhere the tunnel ends with the
# reason "rekey", and the UE comes back.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
gw_log=$EFTF_RESULTS/gw.log
peer_log=$EFTF_RESULTS/peer.log
inner=10.64.0.2
# packets a second, for as long as the changes take
pace=20 traffic_seconds=30
((patience == 1)) || pace=5 traffic_seconds=200
declare -A marks=()

# mark LOG; fresh LOG: what has been written to it since
mark() { marks[$1]=$(wc -c <"$1"); }
fresh() { tail -c "+$((${marks[$1]:-0} + 1))" "$1"; }
# count LOG REGEX: of the lines since the mark
count() { fresh "$1" | grep -cE "$2"; }

# gw_config [LINE...]
gw_config() { gw_tunnel_config "hold = 0" "$@"; }

# peer_start NS PROGRAM [ARGUMENT...]
peer_start() {
	local ns=$1 program=$2
	shift 2
	rm -f "$work/orders"
	mkfifo "$work/orders"
	marks[$peer_log]=0
	# shellcheck disable=SC2016  # the inner shell expands it
	spawn_in "$ns" peer bash -c 'exec "$@" <>"$0"' "$work/orders" "$PWD/../interop/$program" "$@"
}
foreign_eftf() {
	peer_start gw peer-eftf --cert "$work/pki/eftf.pem" --key "$work/pki/eftf.key" --first "$inner" --keepalive 15
	wait_for 30 "holds ready $peer_log" "the foreign EFTF"
}
foreign_ue() {
	peer_start ue peer-ue --connect "$GW_NAME:443" --ca "$work/pki/ca.pem"
	wait_for 40 "holds '^address ' $peer_log" "the foreign UE" && inner=$(sed -n 's/^address //p' "$peer_log")
}
order() { echo "$1" >"$work/orders"; }

up() { wait_for 40 "[[ \$(count $ue_log 'tunnel up') -ge $1 ]]" "tunnel up, $1 times"; }
pings() { in_ns "$1" ping -q -c 2 -i 0.2 -W 3 "$2"; }
# tunnel NS FIELD, dropped NS: of the one tunnel there is
tunnel() { in_ns "$1" eftfctl --json tunnel show dev eftf0 | jq -r ".tunnels[0].$2"; }
dropped() { in_ns "$1" eftfctl --json stats dev eftf0 | jq '.tunnels[0].dropped'; }
kernel_can() { [[ $(in_ns "$1" eftfctl --json link show eftf0 | jq '.links[0].key_update') == true ]]; }
events() { grep -cE "$2" "$EFTF_RESULTS/$1-events.log"; }
listen() {
	spawn_in "$1" "$1-events" eftfctl monitor --timeout 900
	wait_for 20 "holds listening $EFTF_RESULTS/$1-events.log" "listening"
}

# As video, of which nothing but a full queue drops any: a loss is a fault.
traffic_start() {
	check "a ping" ping_first "$1" 1 "$2"
	spawn_in "$1" ping ping -Q 0x88 -e 1 -i "$(printf '0.%03d' $((1000 / pace)))" -c $((traffic_seconds * pace)) -W 10 "$2"
}
traffic_runs() { [[ $(cut -d' ' -f3 "/proc/$(pid_of ping)/stat" 2>/dev/null) == [SRD] ]]; }
traffic_ends() {
	check "traffic all the time" traffic_runs
	wait_for $((traffic_seconds * 3)) "! traffic_runs" "the last packet"
	stop ping
	check_is "packets without an answer" "" "$(unanswered ping)"
}

# order_and_wait ORDER FIELD N NS: an order, and the counter that it makes N
order_and_wait() {
	order "$1" && wait_for 15 "[[ \$(tunnel $4 $2) -ge $3 ]]" "$2 $3"
}

# changes NS WHO LOG: the peer changes its key in every way, under traffic
changes() {
	local ns=$1 who=$2 log=$3 n before rx tx
	before=$(tunnel "$ns" id)
	rx=$(tunnel "$ns" key_updates_rx)
	tx=$(tunnel "$ns" key_updates_tx)
	mark "$peer_log"
	mark "$log"
	for n in 1 2 3; do
		check "the peer's key, time $n" order_and_wait update key_updates_rx $((rx += 1)) "$ns"
		check "both keys, time $n" order_and_wait update-request key_updates_rx $((rx += 1)) "$ns"
		check "both keys, time $n: our own" wait_for 15 "[[ \$(tunnel $ns key_updates_tx) -ge $((tx += 1)) ]]" "it"
	done
	# as fast as they can be read: the next waits in the socket while the last one is answered
	order update
	order update
	order update-request
	order update
	check "four at once" wait_for 20 "[[ \$(tunnel $ns key_updates_rx) -ge $((rx += 4)) ]]" "them"
	check "the answer" wait_for 15 "[[ \$(tunnel $ns key_updates_tx) -ge $((tx += 1)) ]]" "it"
	sleep 1
	check_is "receiving keys in use" "$rx" "$(tunnel "$ns" key_updates_rx)"
	check_is "sending keys in use" "$tx" "$(tunnel "$ns" key_updates_tx)"
	check_is "KeyUpdates that reached the peer" 4 "$(count "$peer_log" 'KeyUpdate received not requested')"
	check_is "none of them wants an answer" 0 "$(count "$peer_log" 'KeyUpdate received requested')"
	check_is "lines in the log" 10 "$(count "$log" "TLS receiving key changed by the $who")"
	check_is "with both keys" 4 "$(count "$log" "changed by the $who, sending key as well")"
	check_is "the same tunnel" "$before" "$(tunnel "$ns" id)"
	check_is "and no other came up" 0 "$(count "$log" 'tunnel( [0-9]+)? (up|down)')"
}

ue_start() { spawn_in ue ue eftf-ue -v -c "$work/ue.conf" && up "$1"; }

ue_that_can() {
	say "the EFTF changes its key: no break"
	traffic_start ue 10.20.0.10
	changes ue EFTF "$ue_log"
	traffic_ends
	check_is "the monitor saw each" 10 "$(events ue ' event key-update ')"
	check_is "and what was requested" 4 "$(events ue 'key-update .*update_requested yes')"
	check_is "transport" 1 "$(tunnel ue transport)"
	check_is "dropped" 0 "$(dropped ue)"

	say "after a swap the keys are those of the new connection"
	mark "$peer_log"
	kill -USR1 "$(pid_of ue)"
	check "swapped" wait_for 30 "holds 'outer connection replaced' $ue_log" "a swap"
	check "the old connection ends" wait_for 20 "[[ \$(count $peer_log '(released|ended) by') -ge 1 ]]" "its end"
	check_is "transport" 2 "$(tunnel ue transport)"
	traffic_start ue 10.20.0.10
	changes ue EFTF "$ue_log"
	traffic_ends

	say "key_update = no"
	ue_tunnel_config "key_update = no"
	mark "$ue_log"
	kill -HUP "$(pid_of ue)"
	check "up again" up 1
	sleep 5		# a tunnel that lived shorter comes back after a pause
	order update
	check "a new tunnel at once" up 2
	check "the words" grep -q 'changes its TLS key, which is not followed here' "$ue_log"
	check "ping" pings ue 10.20.0.10
}

# ends N ORDER: the Nth tunnel ends by it
ends() {
	order "$2"
	check "$2: up again" up $(($1 + 1))
	check_is "$2: the words" "$1" "$(grep -c 'tunnel down after .*changes its TLS key, which was not followed' "$ue_log")"
	check_is "$2: the reason" "$1" "$(events ue ' event down .*reason rekey ')"
	check "$2: ping" pings ue 10.20.0.10
}

ue_that_cannot() {
	say "the EFTF changes its key: the tunnel ends, and the UE comes back"
	ends 1 update
	ends 2 update-request
	check_is "the same address" "$inner" "$(tunnel ue inner4)"
}

gw_that_can() {
	say "a UE changes its key: no break"
	traffic_start ims "$inner"
	changes gw UE "$gw_log"
	traffic_ends
	check_is "the monitor saw each" 10 "$(events gw ' event key-update ')"
	check_is "dropped" 0 "$(dropped gw)"

	say "key_update = no, for those who come from now on"
	gw_config "key_update = no"
	kill -HUP "$(pid_of gw)"
	check "reloaded" wait_for 15 "holds reloaded $gw_log" "it"
	check "the running tunnel does not mind" order_and_wait update key_updates_rx 11 gw
	stop peer
	check "its end" wait_for 20 "holds 'tunnel 1 down' $gw_log" "it"
	check "another" foreign_ue
	order update
	check "it ends" wait_for 15 "holds 'tunnel 2 down' $gw_log" "it"
	check "the words" grep -q 'tunnel 2: .*changes its TLS key, which is not followed here' "$gw_log"
	check "the UE is told" wait_for 15 "holds 'released by' $peer_log" "close_notify"
}

gw_that_cannot() {
	say "a UE changes its key: its tunnel ends, others do not notice"
	order update
	check "its end" wait_for 20 "holds 'tunnel 1 down: .*reason rekey' $gw_log" "it"
	check "the peer sees it" wait_for 20 "holds 'released by|ended by' $peer_log" "it"
	stop peer
	check "it comes back" foreign_ue
	check "ping" pings ims "$inner"
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
gw_config
ue_tunnel_config
check "a foreign EFTF" foreign_eftf
check "tunnel up" ue_start 1
((checks_failed == 0)) || finish	# nothing else can work
check "monitor" listen ue
check "ping" pings ue 10.20.0.10
if kernel_can ue; then
	ue_that_can
else
	ue_that_cannot
fi
stop ue
check_is "exit status" 0 $?
stop peer
stop ue-events

say "set-up of the other side"
check "gateway" eval 'spawn_in gw gw eftf-gw -v -c "$work/gw.conf" && wait_for 30 "holds ready $gw_log" "the gateway"'
check "monitor" listen gw
check "a foreign UE" foreign_ue
check "ping" pings ims "$inner"
if kernel_can gw; then
	gw_that_can
else
	gw_that_cannot
fi
stop peer
stop gw
check_is "exit status" 0 $?
finish
