#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-ue and the addresses of the EFTF: one that connects and is dead, a name server that is inside the
# tunnel, a network that has IPv6 only.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log
router=192.168.77.1
router6=fd00:77::1

ue_start() { : >"$log"; spawn_in ue ue "$EFTF_BUILD/eftf-ue" -c "$work/ue.conf" -v; }
gw_start() {
	spawn_in gw gw "$EFTF_BUILD/eftf-gw" -c "$work/gw.conf" -v
	wait_for 15 '[[ -n $(in_ns gw ss -Hltn sport = :443) ]]' "the gateway"
}
seconds() { echo $(((${EPOCHREALTIME/./} - begun) / 1000000)); }
pings() { in_ns ue ping -q -c 1 -W 2 "$PCSCF"; }

# dns.py ADDRESS: answers A for any name, and AAAA for ipv4only.arpa
dns() {
	cat >"$work/dns.py" <<-END
		import socket, struct, sys
		s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
		s.bind((sys.argv[1], 53))
		print("ready", flush=True)
		while True:
		    d, p = s.recvfrom(512)
		    q = d[12:d.index(b"\\0", 12) + 5]
		    kind, a = q[-4:-2], b""
		    if kind == b"\\0\\1":
		        a = socket.inet_aton("$GW_OUTER")
		    elif b"ipv4only" in q.lower():
		        a = socket.inet_pton(socket.AF_INET6, "64:ff9b::192.0.0.170")
		    record = b"\\xc0\\x0c" + kind + b"\\0\\1\\0\\0\\0\\5" + struct.pack(">H", len(a)) + a if a else b""
		    s.sendto(d[:2] + b"\\x81\\x80\\0\\1" + struct.pack(">H", 1 if a else 0) + b"\\0\\0\\0\\0" + q + record, p)
	END
}

# Over IPv4 TCP connects, and then only small packets pass. IPv6, which newer libcurl tries first, is not there until then.
hole() {
	in_ns inet nft -f - <<-END
		table ip6 later {
			chain fw {
				type filter hook forward priority 0
				tcp dport 443 drop
			}
		}
	END
	in_ns inet nft -f - <<-END
		table ip hole {
			chain fw {
				type filter hook forward priority 0
				meta l4proto tcp meta length > 200 drop
			}
		}
	END
}

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
topo_name6
dns
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "dns = $PCSCF"
check "gateway" gw_start

say "the first address connects and then is dead"
check "large packets vanish over IPv4" hole
ue_tunnel_config
begun=${EPOCHREALTIME/./}
ue_start
check "it connects over IPv4" wait_for 20 '[[ -n $(in_ns gw ss -Hn4t state established sport = :443) ]]' "a connection"
in_ns inet nft delete table ip6 later
check "up" up 1 60
# the gateway may give up first, and its FIN is small enough to pass
check "the first attempt got as far as TLS, and no further" grep -qE 'error: TLS: (no handshake in|the peer closed)' "$log"
check_range "seconds" 0 45 "$(seconds)"
check "over IPv6" grep -q "connected to $GW_NAME (\[$GW_OUTER6\]:443)" "$log"
check "ping" pings
say "and is not tried first again"
stop gw
check "gateway" gw_start
begun=${EPOCHREALTIME/./}
check "up again" up 2 30
check_range "seconds" 0 12 "$(seconds)"
stop ue
check "the hole is gone" in_ns inet nft delete table ip hole

say "the name server that the hook sets is inside the tunnel"
cat >"$work/hook" <<END
#!/bin/bash
case \$EFTF_REASON in
up) echo "nameserver \${EFTF_DNS%% *}" >/etc/resolv.conf ;;
down) echo "nameserver $router" >/etc/resolv.conf ;;
esac
END
chmod +x "$work/hook"
spawn_in fw dns1 python3 "$work/dns.py" "$router"
spawn_in ims dns2 python3 "$work/dns.py" "$PCSCF"
check "name servers" wait_for 10 "holds ready $EFTF_RESULTS/dns1.log && holds ready $EFTF_RESULTS/dns2.log" "name servers"
sed "/eftf/d" /etc/hosts >"$work/hosts"
cat "$work/hosts" >/etc/hosts
rm -f /etc/resolv.conf
echo "nameserver $router" >/etc/resolv.conf
ue_tunnel_config "hook = $work/hook"
ue_start
check "up" up 1
check "the hook has set it" wait_for 5 "holds $PCSCF /etc/resolv.conf" "the hook"
stop gw
check "gateway" gw_start
begun=${EPOCHREALTIME/./}
check "up again" up 2 60
check_range "seconds" 0 8 "$(seconds)"
check "by the address that was known" grep -q "cannot resolve $GW_NAME: .*: the addresses known of it are used" "$log"
check "the hook was not bothered" grep -q "$PCSCF" /etc/resolv.conf
stop ue

say "an IPv4 address, and IPv6 only"
in_ns gw ip addr add 64:ff9b::c633:6401/128 dev lo
in_ns inet ip -6 route add 64:ff9b::/96 via "$GW_OUTER6"
in_ns ue ip -4 route del default
stop dns1
spawn_in fw dns1 python3 "$work/dns.py" "$router6"
echo "nameserver $router6" >/etc/resolv.conf
ue_tunnel_config
sed -i "s/^address = $GW_NAME/address = $GW_OUTER\nname = $GW_NAME/" "$work/ue.conf"
ue_start
check "up" up 1
check "by the translator's address" grep -q "(\[64:ff9b::c633:6401\]:443)" "$log"
check "ping" pings
stop ue

finish
