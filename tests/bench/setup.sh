#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From the start of eftf-ue to the first answered packet, in the topology of the scenarios; run it by tests/guest/run --icount.
# UE, firewall, proxy and gateway share one processor, which does 10^9 instructions a second. The gateway is there before; the
# question is asked each 5 ms. Output, a line for each way and round trip: lowest, median, highest of EFTF_BENCH_RUNS (5), ms;
# the same as JSON in $EFTF_RESULTS/figures.json.
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/topology.sh
. ./topology.sh
# shellcheck source=tests/guest/proxy.sh
. ./proxy.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
runs=${EFTF_BENCH_RUNS:-5} work=$(mktemp -d) status=0

# once: prints ms, or nothing
once() { in_ns ue traffic first "$PCSCF" 7 20 eftf-ue -c "$work/ue.conf" 2>"$EFTF_RESULTS/ue.log"; }

# setup WAY RTT
setup() {
	local values=() run
	for ((run = 0; run < runs; run++)); do
		values+=("$(once)") || { echo "NOT OK  $1, $2 ms: no answer within 20 s: $(tail -n 3 "$EFTF_RESULTS/ue.log")"; status=1; return; }
	done
	printf '%-8s %3d ms  %s ms\n' "$1" "$2" "$(printf '%s\n' "${values[@]}" | sort -g |
		awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }')"
	jq -nc --arg way "$1" --argjson rtt "$2" '{part: "setup", way: $way, rtt_ms: $rtt,
		values: ($ARGS.positional | map(tonumber))}' --args "${values[@]}" >>"$EFTF_RESULTS/figures.json"
}

"$EFTF_REPO/tests/lib/pki.sh" "$work/pki" && topo_up || exit 1
modprobe -aq tls aesni_intel
gw_tunnel_config "routes = 10.20.0.0/16"
spawn_in gw gw eftf-gw -v -c "$work/gw.conf"
wait_for 30 "holds ready $EFTF_RESULTS/gw.log" "the gateway"
spawn_in ims echo traffic echo 7 86400
for rtt in 0 50; do
	if ((rtt)); then
		link_delay inet fw0 delay $((rtt / 2))ms
		link_delay inet gw0 delay $((rtt / 2))ms
	fi
	fw_restrict drop
	ue_tunnel_config
	setup direct "$rtt"
	proxy_start squid none || status=1
	fw_proxy_only drop
	ue_tunnel_config "[proxy]" "url = $PROXY_URL"
	setup proxy "$rtt"
	proxy_stop
done
stop_all
topo_down
trap - EXIT
exit "$status"
