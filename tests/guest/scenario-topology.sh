#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network itself: who reaches whom, what the firewall counts, and which proxies and certificates
# there are.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./proxy.sh

pki=$EFTF_RESULTS/pki
answers() { in_ns "$1" ping -q -c 1 -W 2 "$2"; }
tcp() { in_ns "$1" timeout 3 bash -c "exec 3<>/dev/tcp/$2/$3"; }

say "the network comes up, firewall restricted"
check "topo_up" topo_up
check "ims reaches the callee" answers ims "$CALLEE"
check "gw reaches the P-CSCF" answers gw "$PCSCF"
check "gw reaches the callee over IPv6" answers gw fd00:21::20
check_fails "the ue's ping to the P-CSCF is dropped" answers ue "$PCSCF"
check_range "... and counted" 1 9 "$(fw_count stopped_other)"

say "TCP port 443 gets out, another port does not"
check "the certificates are made" ../lib/pki.sh "$pki"
spawn_in gw https openssl s_server -accept 443 -cert "$pki/eftf.pem" -key "$pki/eftf.key" -www
check "something listens on 443" wait_for 10 '[[ -n $(in_ns gw ss -Hltn sport = :443) ]]' "port 443"
check "the ue reaches $GW_NAME port 443 over IPv4" tcp ue "$GW_OUTER" 443
check "the ue reaches it over IPv6" tcp ue "$GW_OUTER6" 443
check_range "the firewall counts two new connections" 2 9 "$(fw_count let_out_443)"
check_fails "the ue does not reach TCP port 5060 of the P-CSCF" tcp ue "$PCSCF" 5060
check_range "the firewall counts what it stopped" 1 9 "$(fw_count stopped_sip)"

say "the watch over the outer link sees what is no TLS"
check "watch" outer_watch
check "a page over TLS" in_ns ue curl -s -m 20 -o /dev/null --cacert "$pki/ca.pem" "https://$GW_NAME/"
outer_check
check "watch" outer_watch
check "a page over TLS" in_ns ue curl -s -m 20 -o /dev/null --cacert "$pki/ca.pem" "https://$GW_NAME/"
# an IP packet envelope in the clear, as a module that bypasses TLS would send it; and a word of HTTP after a TLS record
envelope='\x01\x00\x1f\x45\x00\x00\x1c\x00\x00\x40\x00\x40\x01'
plain() { in_ns ue timeout 10 bash -c "exec 3<>/dev/tcp/$GW_OUTER/443; printf '$1' >&3; cat <&3 >/dev/null" 2>/dev/null || true; }
check "an envelope in the clear" plain "$envelope"
check "plaintext after a record" plain '\x15\x03\x03\x00\x02\x01\x5aGET / HTTP/1.0'
outer_check 2
check "watch" outer_watch
tcp ue "$GW_OUTER" 443 && answers ue "$PCSCF" >/dev/null
stop tls-only
check_is "a connection without a word, and a ping that the firewall stops: plaintext, other" "0 0" \
	"$(awk '/^(plaintext|other) / { print $2 }' "$EFTF_RESULTS/tls-only.log" | paste -sd' ')"

say "only the proxy gets out"
check "fw_proxy_only" fw_proxy_only reject
check_fails "the ue does not reach port 443" tcp ue "$GW_OUTER" 443
check_range "the firewall counts the refusal" 1 9 "$(fw_count stopped_443)"
check "the proxy reaches it" tcp proxy "$GW_OUTER" 443
check "the ue reaches the proxy" answers ue "$PROXY"

# fetch CURL_OPTION...: an HTTPS request through the proxy; prints its answer to CONNECT
fetch() {
	in_ns ue curl -s -m 20 -o /dev/null -w '%{http_connect}' --cacert "$pki/ca.pem" -x "$PROXY_URL" "$@" "https://$GW_NAME/"
}
user=$PROXY_USER:$PROXY_PASSWORD

say "proxies with and without passwords"
check "squid" proxy_start squid none
check_is "... lets a request through" 200 "$(fetch)"
check "squid that asks for a password (Basic)" proxy_start squid basic
check_is "... refuses a request without" 407 "$(fetch)"
check_is "... lets one with it through" 200 "$(fetch -U "$user")"
check "squid that asks for a password (Digest)" proxy_start squid digest
check_is "... refuses a request with Basic" 407 "$(fetch -U "$user")"
check_is "... lets one with Digest through" 200 "$(fetch --proxy-digest -U "$user")"
check "tinyproxy" proxy_start tinyproxy none
check_is "... lets a request through" 200 "$(fetch)"
check "tinyproxy that asks for a password (Basic)" proxy_start tinyproxy basic
check_is "... refuses a request without" 407 "$(fetch)"
check_is "... lets one with it through" 200 "$(fetch -U "$user")"
check "it logs CONNECT" grep -q "CONNECT $GW_NAME:443" <(proxy_log)
proxy_stop

say "certificates that are not the EFTF's"
fw_open
# prints curl's exit status: 0, or 60 for a certificate that it does not accept
direct() {
	in_ns ue curl -s -m 20 -o /dev/null --cacert "$pki/ca.pem" "https://$GW_NAME/"
	echo $?
}
for name in eftf-rsa expired wrong-name foreign; do
	stop https
	spawn_in gw https openssl s_server -accept 443 -cert "$pki/$name.pem" -key "$pki/$name.key" -www
	wait_for 10 '[[ -n $(in_ns gw ss -Hltn sport = :443) ]]' "port 443"
	expected=60
	[[ $name != eftf-rsa ]] || expected=0
	check_is "curl's status with $name" $expected "$(direct)"
done

say "an open firewall, then none of the network any more"
check "the ue's ping to the P-CSCF is answered" answers ue "$PCSCF"
check "... and over IPv6" answers ue "$PCSCF6"
check "a delayed link" link_delay inet gw0 delay 50ms
check "... answers later" bash -c "ip netns exec ue ping -c 1 -W 2 $GW_OUTER | grep -E 'time=([5-9][0-9]|[0-9]{3})'"
stop https
check "topo_down" topo_down
check_is "namespaces left" "" "$(ip netns list)"
finish
