#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What traffic costs, in instructions; run it by tests/guest/run --icount, where guest time counts instructions: a nanosecond
# is one. Both ends and the tunnel between them share the one processor, so a figure is for both ends together.
# Arguments are peers (tests/bench/peers; ktls-SIZE: a program that writes SIZE octets at a time to a socket with kernel TLS).
# Output, a line for each figure: peer, what, way, flows, then of the windows (EFTF_BENCH_RUNS, 3): lowest, median, highest;
# the same as JSON in $EFTF_RESULTS/figures.json:
#   bulk         Mbit/s of TCP for 10^9 instructions
#   saturated    packets/s of 172 octets (200 with IP and UDP) for 10^9 instructions, and the share that is lost
#   rate-N       instructions for a packet, at N packets/s, in a tunnel that had no bulk before
#   idle         round trip of a ping of 172 octets in an idle tunnel, instructions
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/path.sh
. ../bench/path.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
runs=${EFTF_BENCH_RUNS:-3}
rates=${EFTF_BENCH_RATES:-50 1000 8000}

# figure WHAT WAY FLOWS UNIT LOSS VALUES...
figure() {
	local what=$1 way=$2 flows=$3 unit=$4 loss=$5

	shift 5
	printf '%-14s %-10s %-4s %3s  %s %s%s\n' "$peer" "$what" "$way" "$flows" "$(printf '%s\n' "$@" | sort -g |
		awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }')" "$unit" "${loss:+, lost $loss}"
	jq -nc --arg peer "$peer" --arg what "$what" --arg way "$way" --argjson flows "$flows" --arg unit "$unit" \
		--arg loss "$loss" '{part: "cost", peer: $peer, what: $what, way: $way, flows: $flows, unit: $unit,
		lost: ($loss | tonumber? // null), values: ($ARGS.positional | map(tonumber))}' --args "$@" >>"$EFTF_RESULTS/figures.json"
}

# per_busy FACTOR: of rows of the meter, what was taken for 10^9 instructions, times the factor
per_busy() { awk -v factor="$1" '$4 > 0 { printf "%.4g\n", $1 * factor * 1e9 / $4 }'; }
# for_each SIZE: instructions for each packet, or each SIZE octets
for_each() { awk -v size="$1" '$1 > 0 { printf "%.0f\n", $4 * size / $1 }'; }
lost() { awk '{ n += $1; lost += $2 } END { if (n + lost) printf "%.4f", lost / (n + lost) }'; }

# metered KIND WINDOW NS-OF-SENDER NS-OF-RECEIVER WORDS...: the rows, with the sender "traffic WORDS..." running
metered() {
	local kind=$1 window=$2 from=$3 to=$4

	shift 4
	# not by in_ns: the process that is ended has to be the program itself; one that gets nothing would wait for ever
	timeout 60 ip netns exec "$to" traffic meter "$kind" 5001 0.3 "$window" "$runs" >"$EFTF_RESULTS/rows" &
	local meter=$! sender
	sleep 0.2
	ip netns exec "$from" traffic "$@" 2>/dev/null &
	sender=$!
	wait $meter
	kill $sender 2>/dev/null
	wait $sender 2>/dev/null
	cat "$EFTF_RESULTS/rows"
}

measure_tunnel() {
	local flows way rows from to address rate loss window

	for way in up down; do
		from=ue to=gw address=$inner_gw
		[[ $way == up ]] || from=gw to=ue address=$inner_ue
		for flows in 1 4; do
			mapfile -t rows < <(metered tcp 0.3 $from $to push "$address" 5001 300 "$flows" | per_busy 8e-6)
			figure bulk "$way" "$flows" "Mbit for 10^9 instructions" '' "${rows[@]}"
		done
	done
	for flows in 1 100; do
		metered udp 0.3 ue gw offer "$inner_gw" 5001 300 0 "$flows" >"$EFTF_RESULTS/all"
		loss=$(lost <"$EFTF_RESULTS/all")
		mapfile -t rows < <(per_busy 1 <"$EFTF_RESULTS/all")
		figure saturated up "$flows" "packets for 10^9 instructions" "$loss" "${rows[@]}"
	done
	for rate in $rates; do
		# of slow ones there have to be some in a window
		window=0.5
		((rate >= 100)) || window=2
		# what TCP learnt from bulk changes what a packet costs
		peer_renew >/dev/null || return
		mapfile -t rows < <(metered udp $window ue gw offer "$inner_gw" 5001 300 "$rate" | for_each 1)
		figure "rate-$rate" up 1 "instructions for a packet" '' "${rows[@]}"
	done
	mapfile -t rows < <(in_ns ue ping -c 21 -i 0.02 -s 172 "$inner_gw" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | tail -n +2 |
		awk '{ printf "%.0f\n", $1 * 1e6 }')
	figure idle both 1 "instructions for a round trip" '' "${rows[@]}"
}

# ktls WINDOW WRITER-WORDS...: rows of a writer and a reader on a pair of sockets
ktls() {
	# shellcheck disable=SC2016
	ktls-pair --netns-a ue --addr-a "$outer_ue" --netns-b gw --addr-b "$outer_gw" -- sh -c '
		traffic write $A 300 $3 $4 & traffic meter fd $B 0.3 $1 $2; kill $!; wait' ktls "$1" "$runs" "$2" "${3:-0}" 2>/dev/null
}

measure_ktls() {
	local size=$1 rows rate window

	mapfile -t rows < <(ktls 0.3 "$size" | per_busy 8e-6)
	figure bulk up 1 "Mbit for 10^9 instructions" '' "${rows[@]}"
	((size < 1000)) || return 0
	mapfile -t rows < <(ktls 0.3 "$size" | per_busy "$(awk "BEGIN { print 1 / $size }")")
	figure saturated up 1 "packets for 10^9 instructions" '' "${rows[@]}"
	for rate in $rates; do
		window=0.5
		((rate >= 100)) || window=2
		mapfile -t rows < <(ktls $window "$size" "$rate" | for_each "$size")
		figure "rate-$rate" up 1 "instructions for a packet" '' "${rows[@]}"
	done
}

measure() {
	local peer=$1

	path_direct || return
	if [[ $peer == ktls-* ]]; then
		measure_ktls "${peer#*-}"
	else
		peer "$peer"
		if peer_renew >"$EFTF_RESULTS/why"; then
			measure_tunnel
		else
			printf '%-14s %s\n' "$peer" "not to be had: $(tail -n 1 "$EFTF_RESULTS/why")"
			jq -nc --arg peer "$peer" --arg why "$(tail -n 1 "$EFTF_RESULTS/why")" \
				'{part: "cost", peer: $peer, what: "none", why: $why}' >>"$EFTF_RESULTS/figures.json"
		fi
		peer_down
	fi
	stop_all
	path_down
}

modprobe -aq tls aesni_intel
for p; do measure "$p"; done
trap - EXIT
