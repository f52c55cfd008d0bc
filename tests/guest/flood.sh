#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A flood of connections that say nothing, EFTF_FLOOD_CONNECTIONS (50000) from 1000 prefixes, 1000 a second, at an
# eftf-gw as it is without settings: UEs get in meanwhile, one after the other, and their times are printed. They are
# far below the bound when the machine has nothing else to do. A part of "make soak"; scenario-gw-hostile has a short one.
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
. ./topology.sh
# shellcheck source=tests/guest/attack.sh
. ./attack.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
socket=$work/gw.sock
connections=${EFTF_FLOOD_CONNECTIONS:-50000}
rate=1000
length=$((connections / rate))

counter() { in_ns gw eftf-gw status -s "$socket" -j | jq ".connections.$1"; }

say "set-up"
check "topology" topo_up
check "certificates" ../lib/pki.sh "$work/pki"
check "addresses of strangers" in_ns inet ip -6 route add local "$far/32" dev lo
gw_tunnel_config "[status]" "socket = $socket"
ue_tunnel_config
check "gateway" gw_start
ues 100 $((length * 4))
check_is "UEs that got no offer" 0 "$(seen failed)"
figures "quiet"

say "$connections silent connections"
spawn_in inet attack "$attack" silent "$GW_OUTER6" 443 "$length" "$rate" "$far"
check "the gateway is full" wait_for "$length" "[[ \$(counter evicted) -gt 0 ]]" "evictions"
ues $((length * 6)) $((length * 4))
check_range "UEs that got no offer, of $((length * 6))" 0 $((length / 5)) "$(seen failed)"
check_range "p99 of TLS and offer, ms" 1 8000 "$(seen p99)"
figures "flooded"
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "a UE has a tunnel" up 1 60
stop ue
check "the flood ends" wait_for $((length * 4)) "holds '^opened' $EFTF_RESULTS/attack.log" "its end"
check_range "connections that it made" $((connections * 9 / 10)) "$connections" "$(sed -n 's/^opened //p' "$EFTF_RESULTS/attack.log")"
stop attack

say "afterwards"
echo "        accepted $(counter accepted), ended early $(counter evicted), refused by source $(counter refused_source), by rate $(counter refused_rate)"
check_range "connections that the gateway has taken" $((connections / 2)) $((connections * 3)) "$(counter accepted)"
ues 50 $((length * 4))
check_is "UEs that got no offer" 0 "$(seen failed)"
figures "quiet again"
stop gw
check_is "exit status after SIGTERM" 0 $?
finish
