#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The problem that the tunnel solves: with an open firewall the phone registers and calls; with one that
# lets only TCP 443 out it cannot even register.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./sip.sh

check "the network comes up" topo_up
check "the core starts, the callee registers" sip_start

say "an open firewall"
fw_open
check "the phone registers over UDP" sip_register u1
check "the phone registers over TCP" sip_register t1
check "the phone calls and talks for 5 s" sip_call 5
rtp_check 5 3 60
check_range "the firewall let it out" 1 9999 "$(fw_count let_out_other)"

say "a firewall that lets only TCP 443 out"
fw_restrict drop
check "the phone does not register over UDP" sip_register_fails u1
udp=$(fw_count stopped_sip)
check_range "the firewall stopped the requests" 1 99 "$udp"
check "the phone does not register over TCP" sip_register_fails t1
check_range "the firewall stopped the connection too" $((udp + 1)) 99 "$(fw_count stopped_sip)"
check_is "packets that got out" 0 "$(fw_count let_out_443)"

sip_stop
topo_down
finish
