#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Voice does not wait behind an upload and a download in the same tunnel, and what makes bulk yield is what is configured.
# tests/bench/voice.sh measures more. Voice that waits in the bottleneck's buffer behind bulk is late by one to four seconds.
# For uml-travel, whose clock stands still while it computes: on any other kernel a busy machine makes voice late, too.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ../bench/path.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH

# field NS NAME: a number from "tunnel show", or nothing
field() { in_ns "$1" eftfctl --json tunnel show | sed -n "s/^ *\"$2\": \([0-9]*\).*/\1/p"; }

# unmarked PORT: a packet without DSCP goes through the tunnel, from the UE
unmarked() { in_ns ue bash -c "echo >/dev/udp/10.9.0.1/$1"; }

# figures WAY FILE: median and p99 in ms, packets lost, bulk in kbit/s, of voice.sh's line for this direction
figures() {
	read -r median p99 lost bulk < <(awk -v way="$1" '$3 == way { print int($5), int($6), $9, int($13 * 1000) }' "$2")
}

say "2 Mbit/s, 50 ms, a buffer of 200 packets"
../bench/voice.sh 2000:50:200:both:1:steady:20 >"$EFTF_RESULTS/figures" 2>&1
cat "$EFTF_RESULTS/figures"
for way in up down; do
	figures "$way" "$EFTF_RESULTS/figures"
	check_range "voice $way, median delay in ms" 20 100 "$median"
	check_range "voice $way, 99 of 100 packets, ms" 20 200 "$p99"
	check_range "voice $way, packets lost of 750" 0 75 "$lost"
	check_range "bulk $way beside it, kbit/s" 500 2000 "$bulk"
done

say "the outer connection is replaced while bulk is bounded, every eight seconds"
../bench/voice.sh 2000:50:200:up:1:swap:8 >"$EFTF_RESULTS/swaps" 2>&1
cat "$EFTF_RESULTS/swaps"
figures up "$EFTF_RESULTS/swaps"
check_range "voice, median delay in ms" 20 100 "$median"
check_range "voice, 99 of 100 packets, ms" 20 400 "$p99"
check_is "voice, packets lost" 0 "$lost"
check_range "bulk beside it, kbit/s" 1400 2000 "$bulk"

say "what makes bulk yield"
peer eftf
path_up
path_shape 2000 2000 50 200
check "a tunnel, in which bulk yields for three seconds" peer_renew flight-hold 3 sip-ports 5070
spawn_in gw sink traffic sink 5001 100
sleep 1
spawn_in ue push traffic push 10.9.0.1 5001 90
check "bulk runs, and nothing bounds it" wait_for 20 '[[ $(field ue flight_rate_bytes_per_s) -gt 50000 && -z $(field ue flight_bound_bytes) ]]' "a rate without a bound"
unmarked 5060
sleep 0.3
check_is "an unmarked packet that is no signalling changes nothing" '' "$(field ue flight_bound_bytes)"
unmarked 5070
check "one to a port of SIP bounds it" wait_for 5 '[[ -n $(field ue flight_bound_bytes) ]]' "a bound"
check "bulk was held back" wait_for 5 '[[ $(field ue flight_held) -gt 0 ]]' "held"
check "after the hold time the bound goes" wait_for 10 '[[ -z $(field ue flight_bound_bytes) ]]' "no bound"
check "link set pcscf" in_ns ue eftfctl link set eftf0 pcscf 10.9.0.1
unmarked 9
check "a packet to the P-CSCF bounds it, too" wait_for 5 '[[ -n $(field ue flight_bound_bytes) ]]' "a bound"
check "link set flight-target 0" in_ns ue eftfctl link set eftf0 flight-target 0
check "nothing bounds it any more" wait_for 5 '[[ -z $(field ue flight_bound_bytes) ]]' "no bound"
stop_all
path_down
finish
