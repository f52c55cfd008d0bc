#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-ue and what strange EFTFs offer: routes, addresses and servers that are somebody's here already,
# and DHCP as it is found in the wild. The EFTF shares no code with it (tests/interop/peer-eftf).
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

ue=${EFTF_BUILD:?run it by tests/guest/run}/eftf-ue
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log
lan_router=192.168.77.1

# config [LINE...] of [tunnel]
config() {
	local line

	cat >"$work/ue.conf" <<-END
		[eftf]
		address = $GW_NAME
		ca = $work/pki/ca.pem
		[detect]
		mode = always
		[tunnel]
		hook = $work/hook
	END
	for line; do echo "$line" >>"$work/ue.conf"; done
}

hook() {
	cat >"$work/hook" <<-END
		#!/bin/bash
		echo "\$EFTF_REASON \$EFTF_ADDRESS dns \$EFTF_DNS" >>$work/hook.out
	END
	chmod +x "$work/hook"
}

peer_start() {
	rm -f "$work/orders"
	mkfifo "$work/orders"
	: >"$EFTF_RESULTS/peer.log"
	# shellcheck disable=SC2016  # the inner shell expands it
	spawn_in gw peer bash -c 'exec "$@" <>"$0"' "$work/orders" "$PWD/../interop/peer-eftf" \
		--cert "$work/pki/eftf.pem" --key "$work/pki/eftf.key" --pcscf "$PCSCF" "$@"
	wait_for 20 "holds ready $EFTF_RESULTS/peer.log" "the peer"
}

order() { echo "$*" >"$work/orders"; }
up() {
	: >"$log"
	: >"$work/hook.out"
	spawn_in ue ue "$ue" -c "$work/ue.conf" -v
	wait_for 20 "holds 'tunnel up' $log" "tunnel up"
}
down() { stop ue; stop peer; }
pings() { in_ns ue ping -q -c 1 -W 2 "$1"; }
route_of() { in_ns ue ip -4 route get "$1" | head -n 1; }
into_tunnel() { grep -q "dev eftf0" <(route_of "$1"); }
beside() { grep -q "dev lan0" <(route_of "$1"); }
says() { grep -q "$1" "$log"; }

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
check "an open firewall" fw_open
rm -f /etc/resolv.conf
echo "nameserver 192.0.2.1" >/etc/resolv.conf
hook

say "routes that cover what is here"
config
check "peer" peer_start --route 192.168.77.0/24 --route 192.168.0.0/16 --route 127.0.0.0/8 --route 192.0.2.0/24 \
	--route "$GW_OUTER/32" --route 198.51.100.0/24 --route 0.0.0.0/0 --route 10.20.0.0/16 \
	--dns "$lan_router" --dns 10.20.0.53
check "up" up
check "the good route is in" into_tunnel 10.20.9.9
check "the P-CSCF" pings "$PCSCF"
check "the LAN is not" beside 192.168.77.9
check "the networks behind its router are not" beside "$PROXY"
check "the name server is not" beside 192.0.2.1
check "the router answers" pings "$lan_router"
check "the EFTF is not" beside "$GW_OUTER"
check "its network is" into_tunnel 198.51.100.9
for what in 'route 192.168.77.0/24 is left out: the network of a link' 'route 192.168.0.0/16 is left out' \
	'route 127.0.0.0/8 is left out: loopback' 'route 192.0.2.0/24 is left out: a name server' \
	"route $GW_OUTER is left out: the EFTF's outer address" \
	"route 198.51.100.0/24 is used but for the EFTF's outer address" \
	'route 0.0.0.0/0 is left out: more than half' "name server $lan_router is left out"; do
	check "it says: $what" says "offer of the EFTF: $what"
done
check "the hook is told of the other name server" wait_for 20 "holds ' dns 10.20.0.53\$' $work/hook.out" "the hook's line"
order close
check "up again" wait_for 20 "holds 'tunnel up' $log 2" "tunnel up, twice"
check_is "the conflicts are said once" 1 "$(grep -c 'route 127.0.0.0/8 is left out' "$log")"
down

say "routes = all"
config "routes = all"
check "peer" peer_start --route 0.0.0.0/0 --route 192.168.78.0/24
check "up" up
check "everything goes into the tunnel" into_tunnel 192.0.2.1
check "and the network behind the router" into_tunnel "$PROXY"
check "but not the outer connection" beside "$GW_OUTER"
check "ping" pings 192.0.2.77
check_fails "no conflict" says 'offer of the EFTF'
down

say "a second one on the same device, and what kill -9 leaves"
check "peer" peer_start --route 0.0.0.0/0
check "up" up
in_ns ue "$ue" -c "$work/ue.conf" --once >"$work/out" 2>&1
check_is "the second: exit status" 1 $?
check "words" grep -q "another eftf-ue, process [0-9]* serves device eftf0" "$work/out"
check "the first goes on" pings 192.0.2.77
kill -KILL "$(pid_of ue)"
wait "$(pid_of ue)" 2>/dev/null
check "routes are left" grep -q "$GW_OUTER" <(in_ns ue ip route show proto 232)
stop peer
in_ns ue timeout -s TERM 3 "$ue" -c "$work/ue.conf" -v >"$work/out" 2>&1
check "they are taken away at the next start" grep -q "routes of an earlier run taken away" "$work/out"
check_is "routes" "" "$(in_ns ue ip route show proto 232)"
check_fails "no device" in_ns ue ip link show dev eftf0

say "the inner pool is numbered as the LAN"
config
check "peer" peer_start --gateway "$lan_router" --first 192.168.77.50
check "up" up
check "the P-CSCF" pings "$PCSCF"
check "the router is still the router" beside "$lan_router"
check "it answers" pings "$lan_router"
check "words" says "gateway $lan_router is left out: a router of this machine"
check "words for the address" says 'inner address 192.168.77.50 is used, and hides'
down

say "the inner address is the router's"
check "peer" peer_start --first "$lan_router"
: >"$log"
spawn_in ue ue "$ue" -c "$work/ue.conf" -v --once
wait "$(pid_of ue)"
check_is "exit status" 1 $?
check "words" says "the inner address $lan_router is a router of this machine: one of the two networks must be numbered anew"
check "the router answers" pings "$lan_router"
stop peer

say "the P-CSCF has the EFTF's outer address"
check "peer" peer_start --pcscf "$GW_OUTER"
check "up" up
check "the outer connection stays outside" beside "$GW_OUTER"
check "the tunnel works" pings 10.64.0.1
check "words" says "P-CSCF $GW_OUTER is left out: the EFTF's outer address"
down

say "odd DHCP"
check "peer" peer_start --odd --mtu 68 --lease 1 --route 10.20.0.0/16
check "up" up
check "the route in two pieces" into_tunnel 10.21.9.9
check "the P-CSCF" pings "$PCSCF"
check_is "a MTU of 68 is none" 1500 "$(ip netns exec ue cat /sys/class/net/eftf0/mtu)"
check "words" says 'DHCP answer of the EFTF: .*option 6 is wrong, ignored, lease of 1 s, taken as 10 s, .*MTU 68, ignored'
check "renewed" wait_for 15 "holds 'lease renewed for 10 s' $log" "renewal"
check_is "the faults are said once" 1 "$(grep -c 'DHCP answer of the EFTF' "$log")"
check_range "requests in these seconds" 2 4 "$(grep -c 'DHCP request' "$EFTF_RESULTS/peer.log")"
down

say "the server of the lease is gone, another one answers"
check "peer" peer_start --lease 12 --broadcast-only
check "up" up
check "rebound" wait_for 20 "holds 'lease renewed for 12 s' $log" "rebinding"
check_is "without a new tunnel" 1 "$(grep -c 'tunnel up' "$log")"

say "a NAK by broadcast"
order nak moved away
check "the lease is void at once" wait_for 20 "holds 'EFTF refused to renew the lease: moved away' $log" "the refusal"
order nak
check "up again" wait_for 20 "holds 'tunnel up' $log 2" "tunnel up, twice"
down

finish
