#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-gw with eftf-ue as its guest, and with guests that nobody invited.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?}:$PATH
gw=eftf-gw ue=eftf-ue ctl=eftfctl
work=$(mktemp -d)
log=$EFTF_RESULTS/gw.log
ue_log=$EFTF_RESULTS/ue.log

# gw_config [LINE...]
gw_config() {
	gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "lease = 60" "handshake_timeout = 3" \
		"negotiate_timeout = 3" "max_handshakes_per_source = 8" "$@"
}

# ue_config NAME [LINE...]: lines belong to [eftf]
ue_config() {
	local name=$1 line
	shift
	cat >"$work/$name.conf" <<-END
		[detect]
		mode = always
		[eftf]
		address = $GW_NAME
		ca = $work/pki/ca.pem
	END
	for line; do echo "$line" >>"$work/$name.conf"; done
}

gw_start() {
	: >"$log"
	spawn_in gw gw "$gw" -v -c "$work/gw.conf"
	wait_for 20 "holds ready $log" "the gateway"
}
ue_start() {
	spawn_in ue "$1" "$ue" -v -c "$work/$1.conf"
}
count() { grep -c "$1" "$log"; }
logged() { wait_for "$(($1 + 4))" "holds '$2' $log" "$2"; }
pings() { in_ns ue ping -q -c 2 -i 0.2 -W 3 "$1"; }
# shellcheck disable=SC2120
s_client() { in_ns ue timeout 10 openssl s_client -connect "$GW_OUTER:443" -quiet "$@"; }
# shown [OPTION...]: the certificate that a client with these options gets
shown() { in_ns ue openssl s_client -connect "$GW_OUTER:443" "$@" </dev/null 2>/dev/null | openssl x509 -noout -text; }
# a DHCPRELEASE from inside the tunnel, as a client of another make would send it
release() {
	in_ns ue python3 - "$1" <<-END
		import socket, sys
		addr = socket.inet_aton(sys.argv[1])
		msg = bytes([1, 1, 0, 0]) + b"abcd" + bytes(4) + addr + bytes(220) + b"\\x63\\x82\\x53\\x63"
		msg += bytes([53, 1, 7, 54, 4, 10, 64, 0, 1, 255])
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)	# the UE may be renewing
		s.bind((sys.argv[1], 68))
		s.sendto(msg, ("10.64.0.1", 67))
	END
}
# tunnels of the module with an inner address
tunnels() { in_ns gw "$ctl" tunnel show | grep -cw "$1"; }
# seconds of the guest's clock that a command takes
lasts() {
	local start=${EPOCHREALTIME/./}
	"$@" >/dev/null 2>&1
	echo $(((${EPOCHREALTIME/./} - start) / 1000000))
}
# connections refused by the cap per source, all lines together
refused() { sed -n 's/.* \([0-9]*\) by max_handshakes_per_source.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum }'; }
# By one process: the last is to be there before the first one's time is over.
idle_connections() {
	spawn_in ue idle python3 -c 'import socket, sys, time
s = [socket.create_connection((sys.argv[1], 443)) for i in range(int(sys.argv[2]))]
time.sleep(30)' "$GW_OUTER" "$1"
}

say "set-up"
check "topology" topo_up
check "watch over the outer link" outer_watch
check "certificates" ../lib/pki.sh "$work/pki"
gw_config
ue_config ue
check "test of the configuration" "$gw" -t -c "$work/gw.conf"
check "gateway" gw_start
alive gw || finish
check "device" grep -q "10.64.0.1/16" <(in_ns gw ip -br addr show dev eftf0)

say "tunnel"
ue_start ue
check "up" up 1
check "line" logged 5 'tunnel 1 up: outer 203.0.113.2:[0-9]+, inner 10.64.0.2, keep-alive 110 s$'
check "ping the EFTF" pings 10.64.0.1
check "ping the P-CSCF" pings "$PCSCF"
# forward: nothing has a time of day as its end. A new connection would need certificates that are valid then.
real=$(date +%s)
date -s '2060-01-01 00:00:00' >/dev/null
check "lease renewed, in another year" wait_for 45 "holds 'lease renewed for 60 s' $ue_log" "renewal"
check "and the gateway knows" logged 1 'tunnel 1: lease renewed'
check "the tunnel goes on" pings "$PCSCF"
date -s "@$((real + 60))" >/dev/null
check_is "tunnels that ended" 0 "$(count 'tunnel 1 down')"

say "lost and resumed"
check "end it at the gateway" in_ns gw "$ctl" tunnel del dev eftf0 id 1
check "up again" up 2
check "the session's line" logged 5 'tunnel 1 down: outer 203.0.113.2:[0-9]+, inner 10.64.0.2, identity [^ ]+, TLS 1.[23] [^ ]+, [0-9]+ s, in=[1-9][0-9]* packets, [1-9][0-9]* octets; out=[1-9][0-9]* packets, [1-9][0-9]* octets, reason deleted$'
check "the same address" logged 5 'tunnel 2 up: .* inner 10.64.0.2, .* resumed$'
check "ping" pings "$PCSCF"

say "newest connection wins"
port=$(in_ns ue "$ctl" --json tunnel show | jq -r '.tunnels[0].outer_local' | sed 's/.*://')
check "the firewall forgets the connection" in_ns fw nft insert rule inet fw forward iifname lan0 tcp sport "$port" drop
kill -HUP "$(pid_of ue)"
check "the UE reads its configuration, and keeps its tunnel" wait_for 10 "holds 'configuration read again' $ue_log" "SIGHUP"
check_is "the gateway still has it" 1 "$(tunnels 10.64.0.2)"
check "the tunnel goes on with the new connection" logged 30 "tunnel 2: outer address 203.0.113.2:[0-9]+ -> 203.0.113.2:[0-9]+$"
# the UE moves a little later, and what it has sent on the old one until then is lost
check "so does the UE's end" wait_for 20 "holds 'outer connection replaced' $ue_log" "replacement"
check "ping" pings "$PCSCF"
check_is "tunnels in the module" 1 "$(tunnels 10.64.0.2)"
check "all connections may pass again" fw_restrict drop

say "uninvited"
check_range "HTTP in TLS: seconds" 0 6 "$(lasts s_client < <(echo "GET / HTTP/1.0"; sleep 8))"
check "HTTP in TLS: line" logged 5 'does not speak FTT-IMS: its first envelope has type 71'
check_range "plain HTTP: seconds" 0 6 "$(lasts in_ns ue timeout 10 bash -c "exec 3<>/dev/tcp/$GW_OUTER/443; echo 'GET / HTTP/1.0' >&3; cat <&3")"
check "plain HTTP: line" logged 5 'does not speak TLS: it begins with "GET /"'
check_range "silence after TLS: seconds" 2 7 "$(lasts s_client < <(sleep 9))"
check "silence after TLS: line" logged 5 'no address was agreed upon in time'
check_range "silence before TLS: seconds" 2 6 "$(lasts in_ns ue timeout 10 bash -c "exec 3<>/dev/tcp/$GW_OUTER/443; read -r <&3")"
check "silence before TLS: line" logged 5 'the TLS handshake took too long'
idle_connections 12
check "cap per source" wait_for 15 "[[ \$(refused) -eq 4 ]]" "4 connections refused"
check "the tunnel does not mind" pings "$PCSCF"
check "they are gone" wait_for 10 "holds 'handshake took too long' $log 9" "deadlines"
check_fails "TLS 1.1" s_client -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null
check_fails "no ephemeral key" s_client -tls1_2 -cipher AES128-GCM-SHA256 </dev/null

say "SIGHUP: another certificate"
gw_config "log_level = debug"
sed -i 's/eftf\.\(pem\|key\)/eftf-rsa.\1/' "$work/gw.conf"
kill -HUP "$(pid_of gw)"
check "reloaded" logged 5 'configuration and certificate reloaded'
check "the tunnel stays" pings "$PCSCF"
check "the new certificate is shown" grep -q rsaEncryption <(shown)
gw_config "log_level = debug" "cert = $work/pki/eftf-rsa.pem" "key = $work/pki/eftf-rsa.key"
kill -HUP "$(pid_of gw)"
check "two certificates" wait_for 5 "[[ \$(count 'certificate reloaded') -eq 2 ]]" "reload"
check "ECDSA is preferred" grep -q id-ecPublicKey <(shown)
check "RSA for who takes nothing else" grep -q rsaEncryption <(shown -sigalgs RSA-PSS+SHA256)
sed -i 's/^pool = .*/pool = nonsense/' "$work/gw.conf"
kill -HUP "$(pid_of gw)"
check "a wrong file is refused" logged 5 'reload: .*going on as before'

say "release"
check "DHCPRELEASE" release 10.64.0.2
check "frees the address" logged 5 'tunnel 2 down: .* reason deleted \(address released\)$'
check "up again" up 3
check "the old token is void: a free address, but nothing resumed" logged 5 'tunnel 3 up: .* keep-alive 110 s$'

say "SIGTERM"
before=${EPOCHREALTIME/./}
stop gw
check_is "exit status" 0 $?
check_range "milliseconds" 0 3000 $(((${EPOCHREALTIME/./} - before) / 1000))
check "the UE was told" wait_for 5 "holds 'tunnel down after .*released' $ue_log" "release"
check "the session's line" logged 1 'tunnel 3 down: .* reason deleted$'
check_fails "the device is gone" in_ns gw ip link show dev eftf0
stop ue

say "exhausted pool, client certificates"
gw_config "pool = 10.64.0.0/30" "pool6 = $INNER_POOL6" "client_ca = $work/pki/ca.pem" "hold = 5"
ue_config ue "cert = $work/pki/client.pem" "key = $work/pki/client.key" "client_id = one"
ue_config ue2 "cert = $work/pki/client.pem" "key = $work/pki/client.key" "client_id = two"
sed -i '/^\[eftf\]/i [tunnel]\ndevice = eftf1' "$work/ue2.conf"
ue_config ue3
sed -i '/^\[eftf\]/i [tunnel]\ndevice = eftf2' "$work/ue3.conf"
check "gateway" gw_start
ue_start ue
check "up" up 1
ue_start ue2
check "the second is told why" wait_for 15 "holds 'no address left' $EFTF_RESULTS/ue2.log" "refusal"
check "the gateway too" logged 5 'closed: no inner address left'
stop ue2
ue_start ue3
check "without a certificate" logged 15 'client.s certificate is refused: there is none'
stop ue3
# Without its token, but with its certificate and identifier, the UE gets its address back.
kill -KILL "$(pid_of ue)"
wait "$(pid_of ue)" 2>/dev/null
check "lost" logged 10 'tunnel 1 down'
ue_start ue
check "up with the certificate alone" up 1
check "the same addresses" logged 5 'tunnel 2 up: .* inner 10.64.0.2, fd00:64::2, .* resumed$'
stop ue
stop gw

say "an address of a certificate"
identity=cert:$(openssl x509 -in "$work/pki/client.pem" -noout -fingerprint -sha256 | sed 's/.*=//')
echo "$identity fd00:64::9" >"$work/addresses"
gw_config "pool6 = $INNER_POOL6" "client_ca = $work/pki/ca.pem" "static_addresses = $work/addresses"
check "gateway" gw_start
ue_start ue
check "the UE has it" logged 15 'tunnel 1 up: .* inner 10.64.0.9, fd00:64::9,'
ue_start ue2
check "another with this certificate takes the tunnel" logged 15 'tunnel 1: outer address '
stop ue2
stop ue
echo "$identity 10.65.0.9" >>"$work/addresses"
kill -HUP "$(pid_of gw)"
check "a wrong line is named" logged 5 'addresses, line 2: 10.65.0.9 is no address that a UE can have .*going on as before'
echo "$identity 10.64.0.10" >"$work/addresses"
kill -HUP "$(pid_of gw)"
check "another address" logged 5 'configuration and certificate reloaded'
ue_start ue
check "the UE has that" logged 15 'up: .* inner 10.64.0.10, fd00:64::a,'
stop ue
stop gw

say "two pools"
gw_config "pool = 10.64.0.0/30" "pool = 10.66.0.0/30" "pool6 = $INNER_POOL6, fd66::/64" "[status]" "socket = $work/gw.sock"
sed '/^cert = .*client/d; /^key = .*client/d' "$work/ue.conf" >"$work/ue4.conf"
sed '/^cert = .*client/d; /^key = .*client/d' "$work/ue2.conf" >"$work/ue5.conf"
check "gateway" gw_start
ue_start ue4
check "the first is full with one UE" logged 15 'tunnel 1 up: .* inner 10.64.0.2[ ,]'
ue_start ue5
check "the next one is of the second" logged 15 'tunnel 2 up: .* inner 10.66.0.1, fd66::1,'
check "its UE reaches the gateway" in_ns ue ping -q -c 2 -i 0.2 -W 3 -I eftf1 10.64.0.1
check_is "addresses of IPv6 in use" 2 "$(in_ns gw "$gw" status -s "$work/gw.sock" -j | jq .pool6.owned)"
stop ue5
stop ue4
stop gw

say "revoked certificates"
cp "$work/pki/none.crl" "$work/client.crl"
gw_config "client_ca = $work/pki/ca.pem" "crl = $work/client.crl"
check "gateway" gw_start
ue_start ue
check "up, for nothing is revoked" up 1
stop ue
cp "$work/pki/client.crl" "$work/client.crl"
kill -HUP "$(pid_of gw)"
check "the list is read again" logged 5 'configuration and certificate reloaded'
ue_start ue
check "revoked" logged 15 'client.s certificate is refused: it is revoked'
stop ue
# In TLS 1.2 the client has sent more behind its certificate: a RST for that must not overtake the alert.
s_client -tls1_2 -cert "$work/pki/client.pem" -key "$work/pki/client.key" </dev/null >"$work/told" 2>&1
told() { cat "$work/told"; grep -q "$1" "$work/told"; }
check "TLS 1.2: the client reads the alert about its certificate" told 'SSL alert number 4[2-6]'
check_fails "and no reset" told '[Rr]eset\|errno=104'
rm "$work/client.crl"
kill -HUP "$(pid_of gw)"
check "a missing list is a warning" logged 5 'warning: CRL file .*/client.crl: No such file or directory; the lists that were read before stay in force'
ue_start ue
check "revoked as before" wait_for 15 "holds 'it is revoked' $log 2" "refusal"
stop ue
check_fails "at the start it is an error" "$gw" -t -c "$work/gw.conf"
cp "$work/pki/none.crl" "$work/client.crl"
kill -HUP "$(pid_of gw)"
check "a new list" wait_for 5 "holds 'certificate reloaded' $log 3" "reload"
ue_start ue
check "up again" up 1
stop ue

say "another program's port"
gw_config "pool = 10.65.0.0/16" "device = eftf7"
in_ns gw timeout 20 "$gw" -c "$work/gw.conf" >"$work/second" 2>&1
check_is "second gateway: exit status" 1 $?
check "says which" grep -q "cannot listen on 0.0.0.0:443: Address already in use: stop the program" "$work/second"
check_fails "and leaves no device behind" in_ns gw ip link show dev eftf7
stop gw
# the uninvited guest's HTTP
outer_check 1
finish
