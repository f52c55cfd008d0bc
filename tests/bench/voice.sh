#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Voice beside bulk in a tunnel, measured; run it by tests/guest/run. Arguments are cells, measured one after the other:
#   KBIT:RTT:BUFFER:DIRECTION:FLOWS[:CASE[:ARGUMENT]]
# a link of KBIT each way, RTT in ms, a buffer of so many packets; bulk goes up, down, both, or not at all (none); voice
# always goes both ways, and is shown for the direction of bulk, or for both. CASE:
#   steady[:S]        (without a case) bulk and voice begin together; shown are 5 to S (35) s
#   begin:S           voice begins 10 s after bulk, with signalling S seconds before it (0: none); shown are 12 s from then
#   beside            a plain TCP beside the tunnel in the same direction; shown are 30 to 60 s, and the other's rate
#   loss:PERCENT      of all packets, in both directions
#   rtt:MS            the round trip becomes that after 5 s; shown are 5 to 35 s
#   rate:KBIT         likewise the rate
# Output, a line for each cell and direction: the cell, the direction, voice in ms one-way: p50 p99 longest, lost of sent,
# bulk Mbit/s (other Mbit/s).
# EFTF_VOICE_LINK: words for "eftfctl link set", as "flight-target 0". EFTF_VOICE_SIGNAL: DSCP of the signalling (24).
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/path.sh
. ../bench/path.sh

tools=${EFTF_TEST_TOOLS:-$EFTF_REPO/build/test-tools}
PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
read -ra link <<<"${EFTF_VOICE_LINK:-}"
inner_ue=10.9.0.2 inner_gw=10.9.0.1

# bulk_start NS-OF-SINK ADDRESS NS-OF-SENDER PORT SECONDS FLOWS NAME
bulk_start() {
	spawn_in "$1" "$7" traffic sink "$4" $(($5 + 1))
	sleep 0.1
	spawn_in "$3" "$7-push" traffic push "$2" "$4" "$5" "$6"
}

# voice_start SECONDS
voice_start() {
	spawn_in gw voice-up traffic listen 4000 $(($1 + 8))
	spawn_in ue voice-down traffic listen 4000 $(($1 + 8))
	sleep 0.1
	spawn_in ue talk-up traffic talk $inner_gw 4000 "$1"
	spawn_in gw talk-down traffic talk $inner_ue 4000 "$1"
}

# A packet of signalling each way, as the phones exchange them.
signal() {
	local n

	for ((n = 0; n < $1 * 2; n++)); do
		in_ns ue traffic talk $inner_gw 5999 0 >/dev/null
		in_ns ue ping -q -c 1 -W 1 -Q $((${EFTF_VOICE_SIGNAL:-24} * 4)) $inner_gw >/dev/null
		in_ns gw ping -q -c 1 -W 1 -Q $((${EFTF_VOICE_SIGNAL:-24} * 4)) $inner_ue >/dev/null
		sleep 0.5
	done
}

# shown UP|DOWN CELL FROM TO BULK-FROM BULK-TO: a line of what came of it
shown() {
	local expected=$((($4 - $3) * 50)) bulk=- other=''

	[[ ! -s $EFTF_RESULTS/bulk-$1.log ]] || bulk=$(traffic rate "$5" "$6" <"$EFTF_RESULTS/bulk-$1.log")
	[[ ! -s $EFTF_RESULTS/other-$1.log ]] || other=" other $(traffic rate "$5" "$6" <"$EFTF_RESULTS/other-$1.log")"
	traffic delay "$3" "$4" "$expected" <"$EFTF_RESULTS/voice-$1.log" |
		awk -v cell="$2" -v way="$1" -v bulk="$bulk" -v other="$other" -v expected="$expected" '{
			printf "%-34s %-4s voice %6s %6s %6s lost %d of %d bulk %s%s\n", cell, way, $3, $4, $5, $2, expected, bulk, other }'
}

# Traffic of a cell, until all of it has ended
traffic_of() {
	local direction=$1 flows=$2 seconds=$3 kind=$4 argument=$5 rest=8 way

	[[ $direction == none || $direction == down ]] || bulk_start gw $inner_gw ue 5001 $((seconds + rest)) "$flows" bulk-up
	[[ $direction == none || $direction == up ]] || bulk_start ue $inner_ue gw 5002 $((seconds + rest)) "$flows" bulk-down
	case $kind in
	begin)
		sleep $((10 - argument))
		signal "$argument"
		;;
	beside)
		[[ $direction == down ]] || bulk_start gw 10.3.0.2 ue 5003 "$seconds" 1 other-up
		[[ $direction != down ]] || bulk_start ue 10.1.0.2 gw 5003 "$seconds" 1 other-down
		;;
	esac
	voice_start "$seconds"
	sleep 5
	[[ $kind != rtt ]] || path_shape "$kbit" "$kbit" "$argument" "$buffer"
	[[ $kind != rate ]] || path_shape "$argument" "$argument" "$rtt" "$buffer"
	sleep $((seconds - 5))
	for way in ${EFTF_VOICE_SHOW:+ue gw}; do in_ns "$way" eftfctl tunnel show | grep flight; done
	sleep 3
}

cell() {
	local kbit rtt buffer direction flows kind argument words=() seconds=37 from=5 to=35 late=0 way

	IFS=: read -r kbit rtt buffer direction flows kind argument <<<"$1"
	kind=${kind:-steady}
	case $kind in
	loss) words=(loss "$argument%") to=305 seconds=307 ;;
	beside) seconds=62 from=30 to=60 ;;
	begin) seconds=12 from=0 to=12 late=10 ;;
	steady) to=${argument:-35} seconds=$((to + 2)) ;;
	esac
	rm -f "$EFTF_RESULTS"/{voice,bulk,other}-*.log
	if ! path_shape "$kbit" "$kbit" "$rtt" "$buffer" "${words[@]}" || ! path_tunnel "${link[@]}" >/dev/null; then
		echo "$1 cannot be set up"
		return 1
	fi
	traffic_of "$direction" "$flows" "$seconds" "$kind" "$argument"
	for way in up down; do
		[[ ($direction == up && $way == down) || ($direction == down && $way == up) ]] ||
			shown $way "$1" $from "$to" $((from + late)) $((to + late))
	done
	stop_all
	if [[ -n ${EFTF_VOICE_KEEP:-} ]]; then
		mkdir -p "$EFTF_RESULTS/$1"
		mv "$EFTF_RESULTS"/{voice,bulk,other}*.log "$EFTF_RESULTS/$1/" 2>/dev/null
	fi
}

path_up || { echo "voice: the path cannot be made"; exit 1; }
for c; do cell "$c"; done
path_down
trap - EXIT
