#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftfctl against the module: every verb, text and JSON, refusals, events, what is lost when nobody reads.
# shellcheck disable=SC1091,SC2016 # lib.sh is next to this file; wait_for takes its condition as text
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh

PATH=${EFTF_TEST_TOOLS:?run it by tests/check}:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
export PATH EFTF_RESULTS
ip link set lo up

# eftfctl and its two answers: the line on stderr, and the exit status
refused() { # STATUS PATTERN ARGUMENT...
	local status=$1 pattern=$2 line
	shift 2
	line=$(eftfctl "$@" 2>&1 >/dev/null)
	local seen=$?
	if [[ $seen -eq $status && $line == eftfctl:\ *$pattern* && $line != *$'\n'* ]]; then
		ok "refused: eftfctl $*"
	else
		not_ok "refused: eftfctl $*" "status $status, one line with \"$pattern\"" "status $seen, $line"
	fi
}
json() { jq -r "$@" 2>&1; }
# run a part of this scenario with socket pairs: $A and $B
if [[ ${1:-} == inside ]]; then
	read -r a1 _ <<<"$A"
	read -r b1 b2 b3 <<<"$B"
	exec 60</dev/null

	say "tunnels are made"
	check_is "tunnel add prints the id" 5 \
		"$(eftfctl tunnel add dev ue0 fd "$a1" inner4 10.0.0.2 gateway4 10.0.0.1 id 5 keepalive 30)"
	check_is "with --json as well" '{"dev":"gw0","id":77}' "$(eftfctl --json tunnel add dev gw0 fd "$b1" \
		inner4 10.0.0.2 inner6 2001:db8:1::/64 gateway4 10.0.0.1 id 77 | jq -c .)"
	t=$(eftfctl --json tunnel show dev gw0 id 77 | jq '.tunnels[0]')
	check_is "all of it is there" 'gw 77 10.0.0.2 2001:db8:1::/64 10.0.0.1 TLS 1.3 AES-128-GCM 110 330 true 1' \
		"$(json '[.role, .id, .inner4, .inner6, .gateway4, .tls, .cipher, .keepalive_s, .timeout_s, .persistent, .transports] | map(tostring) | join(" ")' <<<"$t")"
	check_is "text has as many lines as JSON has members" "$(json length <<<"$t")" \
		"$(eftfctl tunnel show dev gw0 id 77 | wc -l)"
	check_is "all tunnels of the namespace" '5 77' "$(eftfctl --json tunnel show | json '[.tunnels[].id] | sort | join(" ")')"
	check_is "one link only" 5 "$(eftfctl --json tunnel show dev ue0 | json '[.tunnels[].id] | join(" ")')"
	check_is "link show counts them" 1 "$(eftfctl --json link show gw0 | json '.links[0].tunnels')"

	say "the kernel refuses, in its own words"
	refused 1 'tunnel add on gw0: ' tunnel add dev gw0 fd "$a1" inner4 10.0.0.9
	refused 1 'tunnel add on gw0: ' tunnel add dev gw0 fd "$b2" inner4 10.0.0.2
	refused 1 'tunnel add 77 on gw0: ' tunnel add dev gw0 fd "$b2" inner4 10.0.0.3 id 77
	refused 1 'tunnel add on gw0: ' tunnel add dev gw0 fd 60 inner4 10.0.0.9
	refused 1 'tunnel add on gw0: ' tunnel add dev gw0 fd "$b2" inner4 10.0.0.9 keepalive 30
	refused 1 'tunnel add on lo: ' tunnel add dev lo fd "$b2" inner4 10.0.0.9
	refused 1 'tunnel del 78 on gw0: ' tunnel del dev gw0 id 78
	refused 1 'tunnel set 78 on gw0: ' tunnel set dev gw0 id 78 keepalive 20
	refused 1 'no device has a tunnel 78' tunnel show id 78
	refused 1 'link nosuch: ' tunnel show dev nosuch

	say "tunnels are changed"
	check "tunnel set" eftfctl tunnel set dev gw0 id 77 keepalive 20 timeout 70 record-limit 1000
	check_is "and it is so" '20 70 1000' "$(eftfctl --json tunnel show id 77 |
		json '.tunnels[0] | [.keepalive_s, .timeout_s, .record_limit] | map(tostring) | join(" ")')"

	say "counters"
	ip addr add 10.0.0.2/32 dev ue0
	ip route add 10.9.0.0/16 dev ue0
	ping -q -c 3 -i 0.2 -W 1 10.9.0.1 >/dev/null
	check_range "packets went into the tunnel" 3 99 "$(eftfctl --json stats dev ue0 | json '.tunnels[0].tx_packets')"
	check_range "and came out at the other end" 3 99 "$(eftfctl --json stats id 77 | json '.tunnels[0].rx_packets')"
	s=$(eftfctl --json stats dev ue0 | jq '.tunnels[0]')
	check_is "the histogram has every packet that left" "$(json '.tx_packets' <<<"$s")" \
		"$(json '[.sojourn[].packets] | add' <<<"$s")"
	check_is "the sum of the drops" "$(json '.dropped' <<<"$s")" "$(json '[.drops[]] | add' <<<"$s")"
	check "text shows the percentiles" grep -q '^sojourn p99 below ' <(eftfctl stats dev ue0)

	say "a tunnel is carried on with another connection"
	before=$(eftfctl --json tunnel show id 77 | json '.tunnels[0].outer_peer')
	check "swap at the gateway" eftfctl tunnel swap dev gw0 id 77 fd "$b2"
	check "the old one is released, and the UE's tunnel with it" wait_for 20 \
		'! eftfctl tunnel show dev ue0 id 5 2>/dev/null' "tunnel 5 gone"
	check "the old transport goes" wait_for 20 \
		'[[ $(eftfctl --json tunnel show id 77 | json ".tunnels[0].transports") == 1 ]]' "one transport"
	after=$(eftfctl --json tunnel show id 77 | json '.tunnels[0].outer_peer')
	check_fails "its peer is another one than before: $before, $after" test "$before" = "$after"
	check "tunnel del" eftfctl tunnel del dev gw0 id 77

	say "not persistent: gone with eftfctl"
	check "tunnel add persistent off" eftfctl tunnel add dev gw0 fd "$b3" inner4 10.0.0.8 id 8 persistent off
	check "it ends" wait_for 10 '! eftfctl tunnel show dev gw0 id 8 2>/dev/null' "tunnel 8 gone"
	finish
fi

say "wrong usage: status 2, and what is allowed"
refused 2 'allowed: link, tunnel, stats, monitor'
refused 2 'allowed: link, tunnel, stats, monitor' lin show
refused 2 'allowed: add, set, del, show' link
refused 2 'allowed: show, add, set, swap, del' tunnel ad
refused 2 "link's name is missing" link add
refused 2 'role is missing' link add x0
refused 2 'must be ue or gw' link add x0 role UE
refused 2 'a number from 68 to 65532' link add x0 role ue mtu 1400x
refused 2 'a number from 68 to 65532' link add x0 role ue mtu 65533
refused 2 'a number from 68 to 65532' link add x0 role ue mtu +1400
refused 2 'must be on or off' link add x0 role gw ue-to-ue yes
refused 2 'said twice' link add x0 role gw role ue
refused 2 'role needs a value' link add x0 role
refused 2 '1 to 15 octets' link add 1234567890123456 role ue
refused 2 'nothing to change' link set x0
refused 2 'a number from 0 to 10000' link set x0 flight-target 10001
refused 2 'a number from 0 to 3600' link set x0 flight-hold 1h
refused 2 '1 to 8 ports' link set x0 sip-ports 5060,
refused 2 '1 to 8 ports' link set x0 sip-ports 1,2,3,4,5,6,7,8,9
refused 2 '1 to 8 IPv4 or IPv6 addresses' link set x0 pcscf 10.0.0.1,10.0.0
refused 2 'no more arguments' link del x0 y0
refused 2 'open file descriptor' tunnel add dev x0 fd 200 inner4 10.0.0.1
refused 2 'an IPv4 address' tunnel add dev x0 fd 0 inner4 10.0.0
refused 2 'an IPv6 address' tunnel add dev x0 fd 0 inner6 2001:db8::/129
refused 2 'inner4 or inner6 is missing' tunnel add dev x0 fd 0
refused 2 'allowed: dev, id' tunnel del device x0 id 1
refused 2 'from 1 to 4294967295' tunnel del dev x0 id 0
refused 2 'from 1 to 4294967295' tunnel del dev x0 id 99999999999999999999
refused 2 'nothing to change' tunnel set dev x0 id 1
refused 2 'allowed: --count, --timeout' monitor --number 3

say "links"
check_is "no link: nothing" '{"links":[]}' "$(eftfctl link show --json | jq -c .)"
check "link add ue0" eftfctl link add ue0 role ue mtu 1380
check "link add gw0" eftfctl link add gw0 role gw ue-to-ue on
refused 1 'link add gw0: ' link add gw0 role gw
refused 1 'not of kind eftf' link del lo
refused 1 'link nosuch: ' link del nosuch
refused 1 'not of kind eftf' link show lo
check_is "what was asked for" 'ue0 ue 1380 false' "$(eftfctl --json link show ue0 |
	json '.links[0] | [.dev, .role, .mtu, .ue_to_ue] | map(tostring) | join(" ")')"
check_is "ue-to-ue" on "$(eftfctl link show gw0 | sed -n 's/^ue to ue  *//p')"
check_is "how bulk yields to voice, to begin with" '10 10 5060,5061 none' "$(eftfctl --json link show ue0 |
	json '.links[0] | [.flight_target_ms, .flight_hold_s, .sip_ports, .pcscf] | map(tostring) | join(" ")')"
check "link set" eftfctl link set ue0 flight-target 20 flight-hold 0 sip-ports 5070 pcscf 10.1.1.1,2001:db8::1
check_is "and it is so" '20 0 5070 10.1.1.1,2001:db8::1' "$(eftfctl --json link show ue0 |
	json '.links[0] | [.flight_target_ms, .flight_hold_s, .sip_ports, .pcscf] | map(tostring) | join(" ")')"
check "one of them alone" eftfctl link set ue0 pcscf none
check_is "changes nothing else" '20 5070 none' "$(eftfctl --json link show ue0 |
	json '.links[0] | [.flight_target_ms, .sip_ports, .pcscf] | map(tostring) | join(" ")')"
refused 1 'not of kind eftf' link set lo flight-target 0
check_is "both" 'gw0 ue0' "$(eftfctl --json link show | json '[.links[].dev] | sort | join(" ")')"
ip link set ue0 up
ip link set gw0 up

say "without privileges"
check_is "showing links is allowed" 0 "$(setpriv --reuid 65534 --clear-groups eftfctl link show >/dev/null 2>&1; echo $?)"
line=$(setpriv --reuid 65534 --clear-groups eftfctl tunnel show 2>&1)
check "showing tunnels is not, and it says why: $line" grep -q 'needs CAP_NET_ADMIN' <<<"$line"
check_is "changing is not, and it says why" 'eftfctl: link del ue0: Operation not permitted (needs CAP_NET_ADMIN)' \
	"$(setpriv --reuid 65534 --clear-groups eftfctl link del ue0 2>&1)"

say "events are watched meanwhile"
spawn events eftfctl monitor --json --timeout 120
check "the monitor listens" wait_for 10 'holds listening "$EFTF_RESULTS/events.log"' listening
watch_tls lo 0
ktls-pair --pairs 3 -- "$0" inside
check_is "the checks with sockets" 0 $?
check_tls "the connections of the tunnels" 0 any
check "the UE's tunnel went down" wait_for 10 \
	'grep -q "\"event\":\"down\",\"dev\":\"ue0\"" "$EFTF_RESULTS/events.log"' "down of ue0"
check_is "order of what happened to 77" 'up swapped down' \
	"$(grep '"id":77,' "$EFTF_RESULTS/events.log" | json -s 'map(.event) | join(" ")')"
check_is "reason of 5" released "$(grep '"id":5,' "$EFTF_RESULTS/events.log" | json 'select(.event == "down").reason')"
check_is "its reason" deleted "$(grep '"id":77,' "$EFTF_RESULTS/events.log" | json 'select(.event == "down").reason')"
check_is "the reason of 8" owner-gone "$(grep '"id":8,' "$EFTF_RESULTS/events.log" | json 'select(.event == "down").reason')"
stop events

say "monitor's limits"
check_is "--timeout alone ends well" 0 "$(eftfctl monitor --timeout 1 >/dev/null; echo $?)"
refused 1 '0 of 1 events' monitor --count 1 --timeout 1

say "a monitor that does not read is told what it lost"
spawn slow eftfctl monitor --json --timeout 200
check "it listens" wait_for 10 'holds listening "$EFTF_RESULTS/slow.log"' listening
kill -STOP "$(pid_of slow)"
# its buffer has room for some hundred events; these are 1200
storm() {
	spawn storm ktls-pair --pairs 600 -- leave-tunnels gw0 "$EFTF_RESULTS/leases"
	wait_for 60 'holds "^left 600$" "$EFTF_RESULTS/storm.log"' "600 tunnels" && eftfctl link del gw0 || return
	stop storm
	eftfctl link add gw0 role gw
}
check "a storm of events" storm
check "a tunnel that is there afterwards" ktls-pair -- bash -c 'eftfctl tunnel add dev ue0 fd "$A" inner4 10.0.0.2 id 9
	kill -CONT '"$(pid_of slow)"'
	for ((i = 0; i < 100; i++)); do grep -q "\"event\":\"state\".*\"id\":9," "$EFTF_RESULTS/slow.log" && exit; sleep 0.1; done; exit 1'
check "it says that events were lost" grep -q '"event":"lost"' "$EFTF_RESULTS/slow.log"
check "also on stderr" grep -q '^eftfctl: events lost, state follows$' "$EFTF_RESULTS/slow.log"
stop slow

say "the module goes"
spawn last eftfctl monitor --timeout 60
check "it listens" wait_for 10 'holds listening "$EFTF_RESULTS/last.log"' listening
eftfctl link del ue0
eftfctl link del gw0
check "rmmod" rmmod eftf
check "the monitor ends and says why" wait_for 10 'holds "eftfctl: kernel module eftf was unloaded" "$EFTF_RESULTS/last.log"' message
refused 1 'kernel module eftf is not loaded: insmod eftf.ko (needs modprobe tls)' tunnel show
refused 1 'kernel module eftf is not loaded: insmod eftf.ko (needs modprobe tls)' link add ue0 role ue
finish
