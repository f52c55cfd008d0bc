#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both families inside the tunnel: addresses, routes and servers of both, renewal, make-before-break, another program
# that puts them in, one alone.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$tools:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
gw_log=$EFTF_RESULTS/gw.log
UE4=10.64.0.2 UE6=fd00:64::2 GW6=fd00:64::1

# ue_run [LINE...] of [tunnel]
ue_run() {
	ue_tunnel_config "hook = $work/hook" "$@"
	: >"$ue_log"
	: >"$work/env"
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
}
ue_up() {
	ue_run "$@"
	up 1
}
pings4() { in_ns ue ping -q -c 1 -W 9 "$1"; }
pings6() { in_ns ue ping -6 -q -c 1 -W 9 "$1"; }
said() { holds "$1" "$ue_log"; }
told() { sed -n "s/^$1=//p" "$work/env" | tail -n 1; }
inner() { in_ns gw eftf-gw status -j -t | python3 -c "import json, sys
print(*[t['inner'] + '+' + t['inner6'] for t in json.load(sys.stdin)['tunnels']])"; }
status() { in_ns ue eftf-ue status -j | python3 -c "import json, sys
s = json.load(sys.stdin)
print(s['inner']['address'] + '+' + s['inner6']['address'])"; }
# what both ends said, if it does not come
renewed() {
	wait_for 90 "holds 'IPv6 lease renewed' $ue_log" "a renewal" && return
	tail -n 12 "$ue_log" "$gw_log"
	return 1
}
# a line to the P-CSCF's machine and back, and more than one window of octets
tcp6() {
	in_ns ims python3 -c "
import socket
s = socket.create_server(('$PCSCF6', 7000), family=socket.AF_INET6)
c, _ = s.accept()
c.sendall(c.recv(100000)[:5] + b' back')
c.close()" &
	wait_for 10 "in_ns ims ss -6ltn | grep -q :7000" "the listener" || return
	in_ns ue python3 -c "
import socket, sys
s = socket.create_connection(('$PCSCF6', 7000), 10)
s.sendall(b'there' + bytes(60000))
sys.exit(s.recv(100) != b'there back')"
}

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
cat >"$work/hook" <<-END
	#!/bin/sh
	env | grep ^EFTF_ >>$work/env
END
chmod +x "$work/hook"
gw_tunnel_config "pool6 = $INNER_POOL6" "pcscf = $PCSCF, $PCSCF6" "dns = 10.20.0.53, fd00:20::53" \
	"routes = 10.20.0.0/16, fd00:21::/64, fd00:77::/64, fd00:53::/64" "lease = 60"
rm -f /etc/resolv.conf
echo "nameserver fd00:53::1" >/etc/resolv.conf
check "gateway with pool6" gw_start

say "both families"
watch_tls in_ns inet fw0
check "a UE gets a tunnel" ue_up
check_is "at the gateway it has both addresses" "$UE4+$UE6" "$(inner)"
check "IPv4 through the tunnel" pings4 "$PCSCF"
check "IPv6 through the tunnel, to the P-CSCF" pings6 "$PCSCF6"
check "to the gateway's inner address" pings6 "$GW6"
check "to a prefix that a router advertisement brought" grep -q "dev eftf0" <(in_ns ue ip -6 route get fd00:21::20)
check "TCP over IPv6" tcp6
check_is "the hook is told the address" "$UE6" "$(told EFTF_ADDRESS6)"
check_is "the status has both" "$UE4+$UE6" "$(status)"
check "a route to the link's own network is left out" said 'route fd00:77::/64 is left out: here is fd00:77::'
check "so is one to this machine's name server" said 'route fd00:53::/64 is left out: here is fd00:53::1 '
check_is "the status names both" 2 "$(in_ns ue eftf-ue status -j | python3 -c "import json, sys
print(len(json.load(sys.stdin)['inner6']['conflicts']))")"
check_is "the P-CSCF" "$PCSCF6" "$(told EFTF_PCSCF6)"
check_is "the name server" "fd00:20::53" "$(told EFTF_DNS6)"
check_fails "a foreign IPv6 source does not get out of the gateway" in_ns ue sh -c \
	"ip addr add fd00:99::1/128 dev eftf0 nodad; ping -6 -q -c 1 -W 1 -I fd00:99::1 $PCSCF6"
in_ns ue ip addr del fd00:99::1/128 dev eftf0
check_fails "beyond reach is nothing" in_ns ue sh -c \
	"ip route add 2001:db8:192::/64 dev eftf0; ping -6 -q -c 1 -W 1 2001:db8:192::2"
in_ns ue ip route del 2001:db8:192::/64 dev eftf0

say "renewal"
check "the IPv6 lease is renewed at T1, 30 s" renewed
check "IPv6 goes on" pings6 "$PCSCF6"

say "make-before-break"
kill -USR1 "$(pid_of ue)"
check "the outer connection is replaced" wait_for 20 "said 'outer connection replaced'" "replacement"
check_is "with the same addresses, in the same tunnel" "$UE4+$UE6" "$(inner)"
check "IPv6 goes on" pings6 "$PCSCF6"
check "IPv4 goes on" pings4 "$PCSCF"
check_is "what conflicts was said once" 2 "$(grep -c 'offer of the EFTF: ' "$ue_log")"
check_tls "on the outer link" 0 any

say "the end"
# the device is deleted while the release is still on its way to the module
link_delay ue eftf0 delay 300ms
check "the UE ends" stop ue
check "both addresses were given back" wait_for 30 "holds 'address released' $gw_log" "the release"
check_fails "the UE has no IPv6 route into a tunnel" grep -q eftf0 <(in_ns ue ip -6 route show)

say "another program puts addresses and routes in, as netifd does"
check "a UE with configure = no" ue_up "configure = no" "routes = 198.51.100.0/24"
check "the hook is told" wait_for 20 "holds '^EFTF_REASON=up' $work/env" "EFTF_REASON=up"
own4=$(told EFTF_ADDRESS) own6=$(told EFTF_ADDRESS6)
check_is "of the addresses" "$(inner)" "$own4+$own6"
check_is "its device has no address" "" "$(in_ns ue ip addr show dev eftf0 scope global | grep inet)"
check_is "and no route leads into it" "" "$( (in_ns ue ip route show; in_ns ue ip -6 route show) | grep eftf0 | grep -vE "^(fe80:|multicast)")"
check "the outer connection keeps its own way" grep -q "$GW_OUTER .*dev lan0" <(in_ns ue ip route show)
in_ns ue sh -c "ip addr add $own4/32 dev eftf0; ip addr add $own6/128 dev eftf0 nodad"
for route in $(told EFTF_ROUTES) $(told EFTF_ROUTES6); do in_ns ue ip route add "$route" dev eftf0; done
check "IPv4 through the tunnel" pings4 "$PCSCF"
check "IPv6 through the tunnel" pings6 "$PCSCF6"
kill -USR1 "$(pid_of ue)"
check "the outer connection is replaced" wait_for 20 "said 'outer connection replaced'" "replacement"
check "IPv4 goes on" pings4 "$PCSCF"
check "IPv6 goes on" pings6 "$PCSCF6"
check "it ends" stop ue
check_is "and takes its own route back" "" "$(in_ns ue ip route show | grep "^$GW_OUTER")"
check "fw_restrict" fw_restrict drop

say "IPv6 alone"
check "a UE that wants IPv6 alone gets a tunnel" ue_up "family = 6"
check_is "with an address of IPv6 only" 1 "$(inner | grep -c '^+fd00:64::')"
check "IPv6 through it" pings6 "$PCSCF6"
check_is "no IPv4 address on its device" "" "$(in_ns ue ip -4 -br addr show dev eftf0 | awk '{ print $3 }')"
check "it ends" stop ue

say "IPv4 alone, and a gateway without IPv6"
check "a UE that wants IPv4 alone" ue_up "family = 4"
check_is "has no IPv6" 1 "$(inner | grep -c '^10\.64\.[0-9.]*+$')"
check "it ends" stop ue

say "the end, under an upload that never lets the queue be empty"
link_delay fw wan0 rate 4mbit
spawn_in ims sink traffic sink 5001 600
queue_is_filled() { [[ $(in_ns ue eftfctl --json tunnel show) =~ \"queue_packets\":\ *[1-9] ]]; }
released() { said 'the release of the address is sent'; }
# a machine that stood still for the whole time of waiting, once or twice, would not be the program's fault
for _ in 1 2 3; do
	check "a UE" ue_up "family = 4"
	spawn_in ue upload traffic push "$PCSCF" 5001 60 8
	check "packets wait" wait_for 20 queue_is_filled "a queue"
	stop ue
	stop upload
	released && break
done
check "what gives the address back is sent, and is not waited for any longer" released
link_delay fw wan0
stop sink
stop gw
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16"
check "gateway without pool6" gw_start
check "a UE that wants any family gets IPv4" ue_up
check "IPv4 through the tunnel" pings4 "$PCSCF"
check "it ends" stop ue
check_fails "it has IPv6" pings6 "$PCSCF6"
ue_run "family = both"
check "a UE that wants both is told that there is no IPv6" wait_for 10 "said 'EFTF refused'" "the refusal"
stop ue
stop gw

say "a gateway of IPv6 alone"
gw_tunnel_config "pool = none" "pool6 = $INNER_POOL6" "pcscf = $PCSCF6" "routes = fd00:21::/64" "token_keys = $work/tokens"
openssl rand -hex 32 >"$work/tokens"
chmod 600 "$work/tokens"
check "gateway" gw_start
check "a UE that wants any family gets a tunnel" ue_up
check_is "with IPv6 only" 1 "$(inner | grep -c '^+fd00:64::')"
check "IPv6 through it" pings6 "$PCSCF6"
check_is "no IPv4 address at the gateway's device" "" "$(in_ns gw ip -4 -br addr show dev eftf0 | awk '{ print $3 }')"
before=$(inner)
kill -USR1 "$(pid_of ue)"
check "its connection is replaced" wait_for 20 "said 'outer connection replaced'" "replacement"
stop gw KILL
check "a killed gateway's successor" gw_start
check_is "has its tunnel" "$before" "$(inner)"
check "IPv6 goes on" pings6 "$PCSCF6"
check "it ends" stop ue
stop gw

say "everything into the tunnel, whose outer connection is of IPv6"
gw_tunnel_config "pool = none" "pool6 = $INNER_POOL6" "pcscf = $PCSCF6" "routes = ::/0"
check "gateway" gw_start
topo_name6
in_ns fw nft insert rule inet fw forward ip daddr "$GW_OUTER" reject
eftf_way() { in_ns ue ip -6 route show "$GW_OUTER6"; }
check "a UE" ue_up "routes = all"
check "IPv6 through the tunnel" pings6 "$PCSCF6"
check "so does all else" grep -q "dev eftf0" <(in_ns ue ip -6 route get 2001:db8:192::77)
check "but not the outer connection" grep -q "dev lan0" <(in_ns ue ip -6 route get "$GW_OUTER6")
in_ns ue ip -6 route del "$GW_OUTER6"
check "its own way is put back" wait_for 10 "[[ \$(eftf_way) == *lan0* ]]" "the host route"
kill -USR1 "$(pid_of ue)"
check "its connection is replaced" wait_for 20 "said 'outer connection replaced'" "replacement"
check "IPv6 goes on" pings6 "$PCSCF6"
stop ue KILL
in_ns ue ip link del eftf0
check "killed, without its device: its way is left" test -n "$(eftf_way)"
check "a new start" ue_up "routes = all"
check "takes it away" said 'routes of an earlier run taken away: 1'
check "IPv6 through the tunnel" pings6 "$PCSCF6"
check "it ends" stop ue
check_is "and leaves none" "" "$(eftf_way)"
stop gw
topo_down
finish
