#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A /64 of its own for each UE (pool6_each = 64): the UE is told so, a network behind it has addresses of it, and that goes on
# over a new connection, a gateway's successor and a killed UE.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$tools:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
UE6=fd00:64:0:2::ef7f UE_PREFIX=fd00:64:0:2::/64 HOST6=fd00:64:0:2::7

# ue_up [LINE...]: of [tunnel]
ue_up() {
	ue_tunnel_config "hook = $work/hook" "$@" "[eftf]" "cert = $work/pki/client.pem" "key = $work/pki/client.key"
	: >"$ue_log"
	: >"$work/env"
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
	up 1
}
# pings NS ADDRESS
pings() { in_ns "$1" ping -6 -q -c 1 -W 9 "$2"; }
said() { holds "$1" "$ue_log"; }
told() { sed -n "s/^$1=//p" "$work/env" | tail -n 1; }
# the UE's field of inner6 in its status
status() { in_ns ue eftf-ue status -j | python3 -c "import json, sys
print(json.load(sys.stdin)['inner6']['$1'])"; }
# module NS: what its tunnel takes
module() { in_ns "$1" eftfctl --json tunnel show | python3 -c "import json, sys
for t in json.load(sys.stdin)['tunnels']: print(t['inner6'])"; }
nowhere() { in_ns ue ip -6 route show type unreachable "$UE_PREFIX"; }
replaced() { wait_for 20 "said 'outer connection replaced'" "replacement"; }
# asks_dhcp6 NS ADDRESS: does the gateway answer an information-request of DHCPv6 from this address?
asks_dhcp6() {
	in_ns "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 546))
s.settimeout(3)
for _ in range(2):
    s.sendto(b"\x0babc", ("fd00:64:0:1::ef7f", 547))
    try:
        sys.exit(s.recv(1500)[1:4] != b"abc")
    except socket.timeout:
        pass
sys.exit(1)' "$2"
}
# what the core gets to hear from an address of the /64 that nobody has: unreachable, and that by the UE
nobody_there() { in_ns ims ping -6 -c 1 -W 5 fd00:64:0:2::99 | grep -i unreachable; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
cat >"$work/hook" <<-END
	#!/bin/sh
	env | grep ^EFTF_ >>$work/env
END
chmod +x "$work/hook"
# the same one again, whenever it is released
echo "cert:$(openssl x509 -in "$work/pki/client.pem" -outform der | sha256sum | cut -c 1-64) 10.64.0.2 $UE6" >"$work/static"
gw_tunnel_config "pool6 = $INNER_POOL6" "pool6_each = 64" "pcscf = $PCSCF6" "routes = 10.20.0.0/16, fd00:21::/64" "lease = 60" \
	"announce = main" "client_ca = $work/pki/ca.pem" "static_addresses = $work/static"
check "gateway" gw_start

say "a tunnel"
check "a UE" ue_up
check_is "the gateway's module takes all of its /64" "$UE6/64" "$(module gw)"
check_is "the UE's module, too" "$UE6/64" "$(module ue)"
check_is "its status names it" "$UE_PREFIX" "$(status prefix)"
check_is "the hook is told" "$UE_PREFIX" "$(told EFTF_PREFIX6)"
check_is "and of the address in it" "$UE6" "$(told EFTF_ADDRESS6)"
check "the P-CSCF" pings ue "$PCSCF6"
check "the gateway has a route to all of it" grep -q "dev eftf0 proto 233" <(in_ns gw ip -6 route show "$UE_PREFIX")
check "at the UE what nobody has leads nowhere" test -n "$(nowhere)"
check "the core hears of it" nobody_there

say "a network behind the UE"
ip netns add behind
check "a host" ip link add behind0 netns ue type veth peer name eth0 netns behind
in_ns ue sysctl -qw net.ipv6.conf.all.forwarding=1
in_ns ue ip link set behind0 up
in_ns ue ip addr add fd00:64:0:2::1/64 dev behind0 nodad
in_ns behind sh -c "ip link set lo up; ip link set eth0 up; ip addr add $HOST6/64 dev eth0 nodad; ip route add default via fd00:64:0:2::1"
check "it reaches the P-CSCF" wait_for 20 "in_ns behind ping -6 -q -c 1 -W 5 $PCSCF6" "an answer"
check "and what a router advertisement brought" pings behind fd00:21::20
check "the core reaches it" pings ims "$HOST6"
in_ns behind ip addr add fd00:64:0:3::7/128 dev eth0 nodad
check_fails "another UE's /64 as a source does not get out of the tunnel" in_ns behind ping -6 -q -c 1 -W 2 -I fd00:64:0:3::7 "$PCSCF6"
in_ns behind ip addr del fd00:64:0:3::7/128 dev eth0
check "the gateway's DHCPv6 answers the UE" asks_dhcp6 ue "$UE6"
check_fails "but no machine of the network behind it, whose lease it is not" asks_dhcp6 behind "$HOST6"
check "the lease is renewed at T1, 30 s" wait_for 90 "said 'IPv6 lease renewed'" "a renewal"
check_is "the /64 stays" "$UE_PREFIX" "$(status prefix)"

say "it goes on"
kill -USR1 "$(pid_of ue)"
check "the outer connection is replaced" replaced
check "the host reaches the P-CSCF" pings behind "$PCSCF6"
check_is "nothing of it is a conflict" "" "$(grep 'offer of the EFTF: ' "$ue_log")"
stop gw KILL
check "a killed gateway's successor" gw_start
check_is "has the tunnel, with all of its /64" "$UE6/64" "$(module gw)"
check "and still its own address" pings ue fd00:64:0:1::ef7f
check "the host reaches the P-CSCF" pings behind "$PCSCF6"
stop ue KILL
check "a killed UE's successor" ue_up
check_is "has the same /64, although its network has it already" "$UE_PREFIX" "$(status prefix)"
check "the host reaches the P-CSCF" wait_for 20 "in_ns behind ping -6 -q -c 1 -W 5 $PCSCF6" "an answer"
# the operator ends it by an address of the network behind
in_ns gw eftf-gw kick "$HOST6" >"$work/kick"
check "the UE comes back" wait_for 30 "[[ \$(grep -c 'tunnel up' $ue_log) -ge 2 ]]" "another tunnel"
check_is "with the same /64" "$UE_PREFIX" "$(status prefix)"
in_ns ue ip link del eftf0
check "and if its device is deleted" wait_for 30 "[[ \$(grep -c 'tunnel up' $ue_log) -ge 3 ]]" "another tunnel"
check_is "one route leads nowhere" 1 "$(nowhere | wc -l)"
check "the host reaches the P-CSCF" wait_for 20 "in_ns behind ping -6 -q -c 1 -W 5 $PCSCF6" "an answer"

# a gateway that gets none of its packets would not notice
check "it gives its address back to the killed gateway's successor" stop ue
check "by DHCPv6, too" wait_for 20 "holds 'address released' $EFTF_RESULTS/gw.log" "release"
check "a UE" ue_up
check_is "has the same /64, as its network has it still" "$UE_PREFIX" "$(status prefix)"

say "beside another eftf-ue"
printf '[detect]\nmode = off\n[eftf]\naddress = %s\nca = %s\n[tunnel]\ndevice = eftf1\n' "$GW_NAME" \
	"$work/pki/ca.pem" >"$work/other.conf"
spawn_in ue other eftf-ue -v -c "$work/other.conf"
check "one that has no tunnel" wait_for 20 "holds 'mode is off' $EFTF_RESULTS/other.log" "start"
stop ue KILL
check "what a killed one leaves leads nowhere still" test -n "$(nowhere)"
check "a successor that has IPv4 alone" ue_up "family = 4"
check_is "takes that away" "" "$(nowhere)"
check "it ends" stop ue
check "the other one ends" stop other
check "a UE" ue_up
check_is "has the same /64, as its network has it still" "$UE_PREFIX" "$(status prefix)"

say "what another network of the UE has is not taken"
check "it ends" stop ue
check_is "its route to nowhere, too" "" "$(nowhere)"
in_ns ue sh -c "ip addr del fd00:64:0:2::1/64 dev behind0; ip addr add fd00:64:0:2::1/56 dev behind0 nodad"
check "a UE whose link has more than the /64" ue_up
check "says so" said "prefix $UE_PREFIX is left out: here is fd00:64::/56 "
check_is "its module takes the address alone" "$UE6/128" "$(module ue)"
check_is "it has no route to nowhere" "" "$(nowhere)"
check "it ends" stop ue

say "nor a /64 that a network of the UE has from elsewhere"
in_ns ue sh -c "ip addr del fd00:64:0:2::1/56 dev behind0; ip addr add fd00:64:0:2::1/64 dev behind0 nodad"
in_ns ue sh -c 'rm /run/eftf/eftf0.*.ue'
check "a UE that has not given it to that network" ue_up
check "says so" said "prefix $UE_PREFIX is left out: here is fd00:64:0:2::1 "
check_is "its module takes the address alone" "$UE6/128" "$(module ue)"
in_ns ue ip addr del fd00:64:0:2::1/64 dev behind0
kill -USR1 "$(pid_of ue)"
check "the outer connection is replaced" replaced
check_is "a tunnel that runs does not get more than its module takes" None "$(status prefix)"
check_is "nor a route for it" "" "$(nowhere)"
check "it ends" stop ue

say "without announced routes at a restart"
stop gw KILL
sed -i '/^announce/d' "$work/gw.conf"
check "a killed gateway's successor" gw_start
check "has an address with the pool's prefix length" grep -q "fd00:64:0:1::ef7f/48" <(in_ns gw ip -6 addr show dev eftf0)

say "another size at a restart"
check "the gateway ends" stop gw
gw_tunnel_config "pool6 = $INNER_POOL6" "pcscf = $PCSCF6" "routes = 10.20.0.0/16"
check "a gateway that gives addresses" gw_start
check "a UE" ue_up
check_is "has an address alone" fd00:64::2/128 "$(module gw)"
check "the P-CSCF" pings ue "$PCSCF6"
check "it ends" stop ue
stop gw
ip netns del behind
topo_down
finish
