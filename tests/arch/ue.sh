#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The UE's end of a tunnel between two guests with different processors; gw.sh is the other one.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/guest/lib.sh
. ../guest/lib.sh
# shellcheck source=tests/arch/ends.sh
. ./ends.sh

# there_and_back: a mebibyte through TCP in the tunnel
there_and_back() {
	head -c 1048576 /dev/urandom >"$work/there"
	timeout 600 busybox nc "$CORE" 7 <"$work/there" >"$work/back" && cmp "$work/there" "$work/back"
}
counter() { eftfctl --json stats | jq "[.tunnels[].$1][0] // 0"; }

wire 198.51.100.2
# a name, which a thread resolves
echo "198.51.100.1 eftf.ims.example" >>/etc/hosts
cat >"$work/ue.conf" <<END
[detect]
mode = always
[eftf]
address = eftf.ims.example
ca = $EFTF_OUT/pki/ca.pem
client_id = $(uname -m)
[tunnel]
routes = 10.20.0.0/16
END
# the other guest is as slow to start
check "the gateway's machine answers" wait_for 600 "ping -q -c 1 -W 5 198.51.100.1" "an answer"
check "its eftf-gw does" wait_for 600 "busybox nc -w 5 198.51.100.1 443 </dev/null" "a connection"
spawn ue eftf-ue -v -c "$work/ue.conf"
check "eftf-ue on $(uname -m) has a tunnel" wait_for 180 "holds 'tunnel up' $EFTF_RESULTS/ue.log" "$(tail -n 5 "$EFTF_RESULTS/ue.log")"
check "packets there and back" ping -q -c 3 -i 0.5 -W 60 "$CORE"
check "IPv6 too" ping -q -c 3 -i 0.5 -W 60 "$CORE6"
check "a mebibyte by TCP, and the same comes back" there_and_back
check "the module's counters of packets" wait_for 10 "[[ \$(counter rx_packets) -ge 100 && \$(counter tx_packets) -ge 100 ]]" "100 packets"
eftfctl --json tunnel show >"$EFTF_RESULTS/tunnel.json"
ip addr show dev eftf0 >"$EFTF_RESULTS/addresses"
stop ue
check_is "eftf-ue ends well" 0 $?
check_is "and takes its device back" "" "$(ip -o link show type eftf)"
finish
