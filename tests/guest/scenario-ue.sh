#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-ue against an EFTF that shares no code with it (tests/interop/peer-eftf).
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

ue=${EFTF_BUILD:?run it by tests/guest/run}/eftf-ue
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log
inner=10.64.0.7

certificates() {
	(
		cd "$work" || exit
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
			-out ca.pem -days 30 -subj "/CN=test CA" &&
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key \
			-out other.pem -days 30 -subj "/CN=other CA" &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout eftf.key \
			-out eftf.csr -subj "/CN=$GW_NAME" &&
		printf 'subjectAltName=DNS:%s\n' "$GW_NAME" >ext &&
		openssl x509 -req -in eftf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
			-extfile ext -out eftf.pem
	) >/dev/null 2>&1
}

# config MODE [LINE...]: lines end up in [tunnel] unless they open another section
config() {
	local mode=$1 line
	shift
	cat >"$work/ue.conf" <<-END
		[eftf]
		address = $GW_NAME
		ca = $work/ca.pem
		[detect]
		mode = $mode
		pcscf = $PCSCF
		timeout_ms = 4000
		recheck = 10
		state_dir = $work/state
		[tunnel]
		keepalive = 20
		hook = $work/hook
	END
	for line; do echo "$line" >>"$work/ue.conf"; done
}

hook() {
	cat >"$work/hook" <<-END
		#!/bin/bash
		echo "\$EFTF_REASON \$EFTF_DEVICE \$EFTF_ADDRESS \$EFTF_GATEWAY \$EFTF_PCSCF \$EFTF_MTU" >>$work/hook.out
	END
	chmod +x "$work/hook"
	: >"$work/hook.out"
}

peer_start() {
	rm -f "$work/orders"
	mkfifo "$work/orders"
	# shellcheck disable=SC2016  # the inner shell expands it
	spawn_in gw peer bash -c 'exec "$@" <>"$0"' "$work/orders" "$PWD/../interop/peer-eftf" \
		--cert "$work/eftf.pem" --key "$work/eftf.key" "$@"
	wait_for 20 "holds ready $EFTF_RESULTS/peer.log" "the peer"
}

order() { echo "$*" >"$work/orders"; }
ue_start() { spawn_in ue ue "$ue" -c "$work/ue.conf" -v "$@"; }

pings() { in_ns ue ping -q -c 2 -i 0.2 -W 2 "$1"; }
device() { in_ns ue ip -br addr show dev eftf0; }
route_of() { in_ns ue ip -4 route get "$1" | head -n 1; }
# the exit status of eftf-ue, and how long it took to end
end() { stop ue; }

say "set-up"
check "topology" topo_up
check "watch over the outer link" outer_watch
check "certificates" certificates
hook
check "peer" peer_start --pcscf "$PCSCF" --keepalive 15
config always
check "configuration test" in_ns ue "$ue" -t -c "$work/ue.conf"

say "detection"
config auto
in_ns ue "$ue" -c "$work/ue.conf" --detect >"$work/out" 2>&1
check_is "firewall: exit status" 10 $?
check "firewall: words" grep -q '^firewall (SIP over UDP.*signalling fails' "$work/out"

say "tunnel up"
ue_start
check "up" up 1
((checks_failed == 0)) || finish	# nothing else can work
check "connected line" grep -q "connected to $GW_NAME ($GW_OUTER:443), TLSv1.3 TLS_" "$log"
check "up line" grep -q "tunnel up: $inner via eftf0, keep-alive 15 s, P-CSCF $PCSCF" "$log"
check "address" grep -q "$inner/32" <(device)
check "the P-CSCF goes into the tunnel" grep -q "dev eftf0 src $inner" <(route_of "$PCSCF")
check "the EFTF does not" grep -q "dev lan0" <(route_of "$GW_OUTER")
check "ping the EFTF" pings 10.64.0.1
check "ping the P-CSCF" pings "$PCSCF"
# peer-eftf tells 1400, which is not the default
check "MTU" grep -q "mtu 1400" <(in_ns ue ip link show dev eftf0)
check "hook" wait_for 20 "[[ \$(cat $work/hook.out) == 'up eftf0 $inner 10.64.0.1 $PCSCF 1400' ]]" "the hook's line"

say "the EFTF goes away, in several ways"
order close
check "released: up again" up 2
check "released: words" grep -q 'tunnel down after .*released' "$log"
check "resumed with the token" grep -q "request .* token $inner" "$EFTF_RESULTS/peer.log"
check "released: ping" pings "$PCSCF"
order reset
check "reset: up again" up 3
check "reset: words" grep -q 'tunnel down after .*reset' "$log"
order cut
check "cut: up again" up 4
check "cut: words" grep -q 'without close_notify' "$log"
check "ping again" pings "$PCSCF"
check_is "the hook was not bothered" 1 "$(wc -l <"$work/hook.out")"

say "SIGHUP"
config always "routes = 0.0.0.0/1" "routes = 128.0.0.0/1"
kill -HUP "$(pid_of ue)"
check "up with new routes" up 5
check "everything goes into the tunnel" grep -q "dev eftf0" <(route_of 192.0.2.1)
check "but not the outer connection" grep -q "via 192.168.77.1 dev lan0" <(route_of "$GW_OUTER")
check "ping through it" pings 192.0.2.77
order close
check "up again with all routes" up 6
check "ping through it again" pings 192.0.2.77
cp "$work/ue.conf" "$work/good.conf"
echo "nonsense = 1" >>"$work/ue.conf"
kill -HUP "$(pid_of ue)"
check "a wrong file is refused" wait_for 10 "holds 'the old configuration stays' $log" "the refusal"
check "and the tunnel stays" pings 192.0.2.77

say "SIGUSR1"
before=$(grep -c 'released by' "$EFTF_RESULTS/peer.log")
kill -USR1 "$(pid_of ue)"
check "another outer connection" wait_for 20 "holds 'outer connection replaced \(SIGUSR1\), no break' $log" "replacement"
check "the old one is released" wait_for 30 "holds 'released by' $EFTF_RESULTS/peer.log $((before + 1))" "release"
check "ping" pings "$PCSCF"
check_is "tunnels that came up" 6 "$(grep -c 'tunnel up' "$log")"

say "SIGTERM"
released=$(($(grep -c 'released by' "$EFTF_RESULTS/peer.log") + 1))
before=$(date +%s%N)
end
check_is "exit status" 0 $?
check_range "milliseconds" 0 9000 $((($(date +%s%N) - before) / 1000000))
check "the EFTF saw DHCPRELEASE" wait_for 20 "holds 'DHCP release id .* $inner' $EFTF_RESULTS/peer.log" "release"
check "the EFTF saw close_notify" wait_for 20 "holds 'released by' $EFTF_RESULTS/peer.log $released" "release"
check_fails "no device" in_ns ue ip link show dev eftf0
check_fails "no host route" grep -q "$GW_OUTER" <(in_ns ue ip route)
check_is "hook" down "$(tail -n 1 "$work/hook.out" | cut -d' ' -f1)"

say "refusals"
config always
order nak no address left
ue_start --once
check "refused, with the EFTF's words" wait_for 20 "holds 'EFTF refused: no address left' $log" "refusal"
wait "$(pid_of ue)"
check_is "exit status" 1 $?
order nak
sed -i "s|ca.pem|other.pem|" "$work/ue.conf"
in_ns ue "$ue" --once -c "$work/ue.conf" >"$log" 2>&1
check_is "wrong CA: exit status" 3 $?
check "wrong CA: words" grep -q 'intercepted or misconfigured' "$log"
config always
sed -i "s|^ca = .*|&\nname = other.example|" "$work/ue.conf"
in_ns ue "$ue" --once -c "$work/ue.conf" >"$log" 2>&1
check_is "wrong name: exit status" 3 $?
stop peer

say "renewal"
config always
check "peer with short leases" peer_start --pcscf "$PCSCF" --lease 12 --t1 2 --route 10.20.0.0/16
ue_start
check "up" up 1
check "renewed" wait_for 15 "holds 'lease renewed' $log" "renewal"
check "route of the lease" grep -q "dev eftf0" <(route_of 10.20.9.9)
kill -USR1 "$(pid_of ue)"
check "no token, another address: no replacement" wait_for 20 "holds 'offers another address than the tunnel.s; the old one goes on' $log" "refusal"
check "ping" pings 10.64.0.1
check "the default keep-alive" grep -q "keep-alive 20 s" "$log"
end
stop peer

say "static address, TLS 1.2"
config always "address = 10.64.3.3" "gateway = 10.64.0.1" "address6 = fd00:64::3:3" "gateway6 = fd00:64::1" \
	"routes = 10.20.0.0/16, fd00:20::/64"
check "peer with TLS 1.2" peer_start --tls 1.2
ue_start
check "up" up 1
check "TLS 1.2" grep -q 'TLSv1.2' "$log"
check "ping" pings "$PCSCF"
check "IPv6 beside it" pings "$PCSCF6"
check_is "the addresses' source" "configuration configuration" \
	"$(in_ns ue "$ue" status --json | jq -r '"\(.lease.by) \(.lease6.by)"')"
kill -USR1 "$(pid_of ue)"
check "another outer connection" wait_for 20 "holds 'connected to' $log 2" "the second connection"
check "ping" pings "$PCSCF6"
end

say "static address of IPv6 alone"
config always "address6 = fd00:64::3:3" "gateway6 = fd00:64::1" "routes = fd00:20::/64"
ue_start
check "up" up 1
check "ping" pings "$PCSCF6"
check_is "no IPv4 address" "" "$(in_ns ue ip -4 -br addr show dev eftf0)"
end

say "only an HTTP proxy gets out"
check "fw_proxy_only" fw_proxy_only reject
cat >"$work/tinyproxy.conf" <<END
Port 3128
Listen $PROXY
ConnectPort 443
BasicAuth joe xyzzy
END
spawn_in proxy tinyproxy tinyproxy -d -c "$work/tinyproxy.conf"
check "tinyproxy" wait_for 10 "[[ -n \$(in_ns proxy ss -Hltn sport = :3128) ]]" "the proxy"
config always "routes = 192.168.0.0/16" "[proxy]" "url = http://$PROXY:3128"
in_ns ue "$ue" -c "$work/ue.conf" --once >"$log" 2>&1
check_is "without user: exit status" 1 $?
check "without user: words" grep -q 'the proxy wants a user name (407)' "$log"
printf '%s\n' "user = joe" "password = xyzzy" >>"$work/ue.conf"
in_ns ue "$ue" -c "$work/ue.conf" --once >"$log" 2>&1
check "basic must be asked for" grep -q 'basic must be asked for' "$log"
echo "auth = basic" >>"$work/ue.conf"
ue_start
check "up" up 1
check "connected line" grep -q "connected to $GW_NAME (by proxy $PROXY:3128), TLSv1.2" "$log"
check "the proxy is not routed into the tunnel" grep -q "via 192.168.77.1 dev lan0" <(route_of "$PROXY")
check "its neighbour is" grep -q "dev eftf0" <(route_of 192.168.78.3)
check "ping" pings 192.168.99.1
for pid in $(ip netns pids ue); do cat "/proc/$pid/cmdline" "/proc/$pid/environ"; done >"$work/seen" 2>/dev/null
check "arguments and environment of eftf-ue" grep -aq "$work/ue.conf.*PATH=" <(tr '\0\n' '  ' <"$work/seen")
check_fails "... without the password, as the log" grep -aqE 'xyzzy|am9lOnh5enp5' "$work/seen" "$log"
end
check_is "exit status" 0 $?
stop tinyproxy
stop peer

outer_check

say "an open network"
# where a firewall has been, one is taken for granted for a day
rm -rf "$work/state"
check "peer" peer_start --pcscf "$PCSCF"
config auto
check "fw_open" fw_open
check "watch over the outer link" outer_watch
spawn_in ims sip python3 -c '
import re, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 5060))
while True:
    data, peer = s.recvfrom(4096)
    keep = [l for l in data.decode().split("\r\n") if re.match("Via|From|To|Call-ID|CSeq", l)]
    s.sendto(("SIP/2.0 200 OK\r\n" + "\r\n".join(keep) + "\r\n\r\n").encode(), peer)' "$PCSCF"
# shellcheck disable=SC2016  # wait_for expands it
wait_for 10 '[[ -n $(in_ns ims ss -Hlun sport = :5060) ]]' "the responder"
in_ns ue "$ue" -c "$work/ue.conf" --detect --json >"$work/out" 2>&1
check_is "open: exit status" 0 $?
check "open: JSON" grep -q '"verdict":"open"' "$work/out"
ue_start
check "no tunnel" wait_for 20 "holds 'no tunnel is needed' $log" "the verdict"
check_fails "no device" in_ns ue ip link show dev eftf0
check "fw_restrict" fw_restrict drop
check "the re-check finds the firewall and connects" up 1
say "the firewall goes while the tunnel is in use"
spawn_in ue call ping -i 0.2 "$PCSCF"
check "what stands for a call has answers" wait_for 20 "holds 'time=' $EFTF_RESULTS/call.log 3" "the third answer"
check "... through the tunnel" grep -q 'dev eftf0' <(in_ns ue ip route get "$PCSCF")
check "fw_open" fw_open
in_ns ue sysctl -qw net.ipv4.conf.lan0.rp_filter=1
check "strict filtering is said to hide that" wait_for 60 "holds 'the direct way cannot be found .*rp_filter of lan0 is 1' $log" "the words"
check "... and is evidence" grep -q 'rp_filter of lan0 is 1' <(in_ns ue "$ue" status)
in_ns ue sysctl -qw net.ipv4.conf.lan0.rp_filter=0
check "the direct way is found" wait_for 40 "holds 'the direct way is open: the tunnel is left when it is quiet' $log" "the words"
slack=1 check_fails "the tunnel is not left under a call" wait_for 45 "holds 'it is left' $log" ""
check "... which goes on" runs "$(pid_of call)"
stop call INT
check "it is left when that is over" wait_for 60 "holds 'no call is in the tunnel: it is left' $log" "the words"
check "no tunnel" wait_for 20 "holds 'no tunnel is needed' $log 2" "the verdict"
check_fails "no device" in_ns ue ip link show dev eftf0
check "the EFTF has the address back" grep -q 'DHCP release' "$EFTF_RESULTS/peer.log"
check "fw_restrict" fw_restrict drop
check "the re-check finds the firewall and connects" up 2
end
check "it is remembered with the router" grep -Eq '^lan0 [0-9a-f:]{17} configured [0-9]+$' "$work/state/eftf0.networks"
# as after a start of the machine: who is the router is not known
in_ns ue ip neigh flush all >/dev/null 2>&1
ue_start
check "a known network: connects" up 1
check "... without a probe" grep -q 'verdict: firewall (as before on this network); way: type I, direct; path S0 S2$' "$log"
check_fails "... none at all" grep -q 'SIP over UDP' "$log"
end
stop peer
check "fw_open" fw_open
ue_start
check "the known way fails: looks anew at once" wait_for 30 "holds 'verdict: open \(' $log" "the verdict"
check "... and says why" grep -q 'way that was good here before is not' "$log"
check_fails "... and it is known no longer" grep -q lan0 "$work/state/eftf0.networks"
end
check "peer" peer_start
check "fw_restrict" fw_restrict drop
echo nonsense >"$work/state/eftf0.networks"
ue_start
check "a file with nonsense hinders nothing" up 1
check "... but is warned of" grep -q "eftf0.networks: not of eftf-ue's making" "$log"
end
check "... and replaced" grep -q '^lan0 ' "$work/state/eftf0.networks"
# the SIP that an open network lets pass
outer_check 0 any

finish
