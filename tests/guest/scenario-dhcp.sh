#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ordinary DHCP clients, dhclient and udhcpc, at the inside of a UE that only carries packets, against eftf-gw.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log

logged() { wait_for "$(($1 + 15))" "holds '$2' $log" "$2"; }
peer_start() {
	in_ns ue ip link del inside0 2>/dev/null
	spawn_in ue peer ../interop/peer-tap --connect "$GW_NAME:443" --ca "$work/pki/ca.pem" --tap inside0 "$@"
	wait_for 20 "holds connected $EFTF_RESULTS/peer.log" "the UE's connection"
	in_ns ue ip link set inside0 up
}
# What both clients run at a change: the address, and a route to the core by the router that they were told.
cat >"$work/script" <<'END'
#!/bin/sh
case "$reason$1" in
BOUND | REBOOT | RENEW | bound | renew)
	ip=${new_ip_address:-$ip} router=${new_routers:-$router} dev=${interface}
	ip addr flush dev "$dev"
	ip addr add "$ip/32" dev "$dev"
	ip route replace "$router" dev "$dev"
	ip route replace 10.20.0.0/16 via "$router" src "$ip"
	;;
esac
END
chmod +x "$work/script"
cat >"$work/dhclient.conf" <<-END
	timeout 20;
	retry 5;
	request subnet-mask, routers, domain-name-servers;
END
# dhclient NAME [OPTION...]
dhclient_run() {
	in_ns ue timeout 40 dhclient -4 -v -1 -cf "$work/dhclient.conf" -lf "$work/$1.leases" -pf "$work/dhclient.pid" \
		-sf "$work/script" "${@:2}" inside0 >"$EFTF_RESULTS/dhclient-$1.log" 2>&1
}
dhclient_kill() {
	kill -KILL "$(cat "$work/dhclient.pid")"
	in_ns ue ip addr flush dev inside0
}
said() { holds "$2" "$EFTF_RESULTS/dhclient-$1.log"; }
udhcpc_run() {
	in_ns ue timeout 40 udhcpc -i inside0 -s "$work/script" -f -n -q -t 4 "$@" >"$EFTF_RESULTS/udhcpc.log" 2>&1
}
address() { in_ns ue ip -4 -br addr show dev inside0 | grep -o '10\.64\.[0-9.]*' | head -n 1; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "dns = 10.20.0.10"
spawn_in gw gw eftf-gw -v -c "$work/gw.conf"
check "gateway" wait_for 20 "holds ready $log" "the gateway"

say "dhclient"
check "a UE" peer_start
touch "$work/one.leases"
check "lease" dhclient_run one
check_is "address" 10.64.0.2 "$(address)"
check "DNS server told" grep -q 'option domain-name-servers 10.20.0.10;' "$work/one.leases"
check_fails "and nothing that it has not asked for" grep -q 'interface-mtu\|unknown-125' "$work/one.leases"
check "traffic" in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"
# It knows its address, and asks for it from 0.0.0.0, inside the tunnel that it has.
dhclient_kill
check "killed and started again" dhclient_run one
check "it asks for its address" said one 'DHCPREQUEST for 10.64.0.2 on'
check_fails "and need not begin anew" said one DHCPDISCOVER
check_is "address" 10.64.0.2 "$(address)"
dhclient_kill
touch "$work/two.leases"
check "started without its leases" dhclient_run two
check "it begins anew" said two DHCPDISCOVER
check_is "and has the address of its tunnel" 10.64.0.2 "$(address)"
check "traffic" in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"
check "released" dhclient_run two -r
check "the gateway knows" logged 5 'tunnel 1 down: .* \(address released\)$'
stop peer

say "udhcpc"
check "a UE" peer_start
check "lease" udhcpc_run
check_is "another address: the last one is in quarantine" 10.64.0.3 "$(address)"
check "traffic" in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"
check "once more, in the tunnel" udhcpc_run -r 10.64.0.3
check_is "the same address" 10.64.0.3 "$(address)"
check "without a client identifier" udhcpc_run -C
stop peer
check "the tunnel ends with its UE" logged 5 'tunnel 2 down'

say "an address in use"
check "a UE" peer_start --in-use
# asks by ARP before it takes the address; what it does after that is its own affair
udhcpc_run -a -t 2 -T 1
check "the gateway is told" logged 5 'its UE has found the address in use and declines it'
stop peer
check_is "the gateway complains of nothing else" 0 "$(grep -c 'error' "$log")"
stop gw
finish
