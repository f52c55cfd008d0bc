#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Voice beside bulk in a tunnel, measured; run it by tests/guest/run. Arguments are cells, measured one after the other:
#   [RUNSx][PEER/]KBIT:RTT:BUFFER:DIRECTION:FLOWS[:CASE[:ARGUMENT]]
# so many times (1) the tunnel of that name in tests/bench/peers (eftf) over a link of KBIT each way, RTT in ms, a buffer of
# so many packets; bulk goes up, down, both, or not at all (none); voice always goes both ways, and is shown for the
# direction of bulk, or for both. CASE:
#   steady[:S]        (without a case) bulk and voice begin together; shown are 5 to S (35) s
#   begin:S           voice begins 10 s after bulk, with marked signalling S seconds before it (0: none); shown are 12 s
#                     from then
#   unmarked:S        likewise, with signalling that has no DSCP, between SIP's ports
#   beside            a plain TCP beside the tunnel in the same direction; shown are 30 to 60 s, and the other's rate
#   loss:PERCENT      of all packets, in both directions
#   reorder:PERCENT   of all packets overtake those before them by half of the round trip, in both directions
#   video:KBIT        50 packets/s of video (AF41) each way with that rate, besides; their delays are shown, too
#   swap:S            the outer connection is replaced every S seconds; shown are 5 to 25 s
#   ip6               all traffic in the tunnel is IPv6
# (the last two: eftf alone)
#   towards:KBIT      the rate towards the UE; KBIT of the cell is the one from it
#   rtt:MS            the round trip becomes that after 5 s; shown are 5 to 35 s
#   rate:KBIT         likewise the rate
# Output, a line for each cell and direction: the cell, the direction, voice in ms one-way: p50 p99 longest, lost of sent,
# bulk Mbit/s (other Mbit/s). The same goes as JSON into $EFTF_RESULTS/figures.json.
# EFTF_VOICE_LINK: words for "eftfctl link set", as "flight-hold 3".
# EFTF_VOICE_TRACE=N: leaves in $EFTF_RESULTS/CELL.inc the first N rows of what the UE's flight.c was told, for
# tests/unit/traces; in a kernel that can trace.
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/path.sh
. ../bench/path.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
read -ra link <<<"${EFTF_VOICE_LINK:-}"

# bulk_start NS-OF-SINK ADDRESS NS-OF-SENDER PORT SECONDS FLOWS NAME
bulk_start() {
	spawn_in "$1" "$7" traffic sink "$4" $(($5 + 1))
	sleep 0.1
	spawn_in "$3" "$7-push" traffic push "$2" "$4" "$5" "$6"
}

# media_start NAME PORT SECONDS [DSCP OCTETS]
media_start() {
	spawn_in gw "$1-up" traffic listen "$2" $(($3 + 8))
	spawn_in ue "$1-down" traffic listen "$2" $(($3 + 8))
	sleep 0.1
	spawn_in ue "$1-to-gw" traffic talk "$to_gw" "$2" "${@:3}"
	spawn_in gw "$1-to-ue" traffic talk "$to_ue" "$2" "${@:3}"
}

# signal CASE SECONDS: packets of signalling each way, as the phones exchange them
signal() {
	local n

	for ((n = 0; n < $2 * 2; n++)); do
		if [[ $1 == unmarked ]]; then
			in_ns ue bash -c "echo >/dev/udp/$to_gw/5060"
			in_ns gw bash -c "echo >/dev/udp/$to_ue/5060"
		else
			in_ns ue ping -q -c 1 -W 1 -Q 96 "$to_gw" >/dev/null &
			in_ns gw ping -q -c 1 -W 1 -Q 96 "$to_ue" >/dev/null &
		fi
		sleep 0.5
	done
}

# shown UP|DOWN RUN FROM TO BULK-FROM BULK-TO: a line of what came of it, and one of JSON
shown() {
	local video_lost=- video_p99=- expected=$((($4 - $3) * 50)) bulk=- other='' n lost p50 p99 longest name

	[[ ! -s $EFTF_RESULTS/bulk-$1.log ]] || bulk=$(traffic rate "$5" "$6" <"$EFTF_RESULTS/bulk-$1.log")
	[[ ! -s $EFTF_RESULTS/other-$1.log ]] || other=$(traffic rate "$5" "$6" <"$EFTF_RESULTS/other-$1.log")
	read -r n lost p50 p99 longest < <(traffic delay "$3" "$4" "$expected" <"$EFTF_RESULTS/voice-$1.log")
	[[ ! -s $EFTF_RESULTS/video-$1.log ]] ||
		read -r n video_lost _ video_p99 _ < <(traffic delay "$3" "$4" "$expected" <"$EFTF_RESULTS/video-$1.log")
	name=$kbit:$rtt:$buffer:$direction:$flows:$kind${argument:+:$argument}
	printf '%-12s %-32s %-4s voice %6s %6s %6s lost %d of %d bulk %s\n' "$peer" "$name" "$1" "$p50" "$p99" "$longest" \
		"$lost" "$expected" "$bulk${other:+ other $other}"
	[[ $video_p99 == - ]] || echo "             video beside it: p99 $video_p99, lost $video_lost of $expected"
	jq -nc --arg peer "$peer" --arg cell "$name" --arg way "$1" --argjson run "$2" --arg p50 "$p50" --arg p99 "$p99" \
		--arg longest "$longest" --argjson lost "$lost" --argjson sent "$expected" --arg bulk "$bulk" --arg other "$other" \
		--arg video_p99 "$video_p99" --arg video_lost "$video_lost" \
		--arg quantiles "$(traffic quantiles "$3" "$4" <"$EFTF_RESULTS/voice-$1.log")" '
		def figure: tonumber? // null;
		{part: "voice", peer: $peer, cell: $cell, way: $way, run: $run, p50_ms: $p50 | figure, p99_ms: $p99 | figure,
		 longest_ms: $longest | figure, lost: $lost, sent: $sent, bulk_mbit: $bulk | figure, other_mbit: $other | figure,
		 video_p99_ms: $video_p99 | figure, video_lost: $video_lost | figure,
		 quantiles_ms: $quantiles | split(" ") | map(tonumber)}' >>"$EFTF_RESULTS/figures.json"
}

# Traffic of a cell, until all of it has ended
traffic_of() {
	local direction=$1 flows=$2 seconds=$3 kind=$4 argument=$5 rest=8 way n

	[[ $direction == none || $direction == down ]] || bulk_start gw "$to_gw" ue 5001 $((seconds + rest)) "$flows" bulk-up
	[[ $direction == none || $direction == up ]] || bulk_start ue "$to_ue" gw 5002 $((seconds + rest)) "$flows" bulk-down
	case $kind in
	begin | unmarked)
		sleep $((10 - argument))
		signal "$kind" "$argument"
		;;
	beside)
		[[ $direction == down ]] || bulk_start gw "$outer_gw" ue 5003 "$seconds" 1 other-up
		[[ $direction != down ]] || bulk_start ue "$outer_ue" gw 5003 "$seconds" 1 other-down
		;;
	esac
	media_start voice 4000 "$seconds"
	[[ $kind != video ]] || media_start video 4001 "$seconds" 34 $((argument * 1000 / 8 / 50))
	sleep 5
	[[ $kind != rtt ]] || path_shape "$kbit" "$kbit" "$argument" "$buffer"
	[[ $kind != rate ]] || path_shape "$argument" "$argument" "$rtt" "$buffer"
	if [[ $kind == swap ]]; then
		for ((n = seconds - 5; n > argument; n -= argument)); do
			sleep "$argument"
			peer_swap || return
		done
		sleep "$n"
	else
		sleep $((seconds - 5))
	fi
	for way in ${EFTF_VOICE_SHOW:+ue gw}; do in_ns "$way" eftfctl tunnel show | grep flight; done
	sleep 3
}

tracing=/sys/kernel/tracing
trace_start() {
	mountpoint -q "$tracing" || mount -t tracefs none "$tracing"
	echo 20000 >"$tracing/buffer_size_kb"
	echo >"$tracing/trace"
	echo "ifindex == $(ip netns exec ue cat /sys/class/net/eftf0/ifindex)" >"$tracing/events/eftf/eftf_flight/filter"
	echo 1 >"$tracing/events/eftf/eftf_flight/enable"
}
# Devices of both ends may have one number: of the two connections, the one that has carried more is the UE's.
# Time and sequence numbers are written as what they have grown by.
trace_end() {
	echo 0 >"$tracing/events/eftf/eftf_flight/enable"
	sed -n 's/.* row=//p' "$tracing/trace" | awk -F, -v most="$EFTF_VOICE_TRACE" '
		function grown(a, b) { return (a - b + 4294967296) % 4294967296 }
		function far(a, b) { a = grown(a, b); return a > 16777216 && a < 4278190080 }
		{ k = !NR || (n[0] && far($5, last[0])); rows[k, ++n[k]] = $0; last[k] = $5; if (n[k] == 1) first[k] = $5 }
		END {
			for (k = 0; k < 2; k++) carried[k] = grown(last[k], first[k])
			k = carried[1] > carried[0]
			for (i = 1; i <= n[k] && i <= most; i++) {
				split(rows[k, i], v)
				printf "{%d,%s,%s,%d,%d,%d,%s,%s,%s,%s},\n", v[1] - was[1], v[2], v[3], v[4] - was[4],
					grown(v[5], was[5]), grown(v[6], was[6]), v[7], v[8], v[9], v[10]
				split(rows[k, i], was)
			}
		}' >"$EFTF_RESULTS/${1//[\/:]/-}.inc"
}

# cell RUN [PEER/]CELL
cell() {
	local peer=eftf kbit rtt buffer direction flows kind argument towards words=() seconds=37 from=5 to=35 late=0 way

	[[ $2 != */* ]] || peer=${2%%/*}
	IFS=: read -r kbit rtt buffer direction flows kind argument <<<"${2#*/}"
	kind=${kind:-steady} towards=$kbit
	case $kind in
	reorder) words=(reorder "$argument%") ;;
	towards) towards=$argument ;;
	loss) words=(loss "$argument%") to=305 seconds=307 ;;
	beside) seconds=62 from=30 to=60 ;;
	begin | unmarked) seconds=12 from=0 to=12 late=10 ;;
	swap) to=25 seconds=27 ;;
	steady) to=${argument:-35} seconds=$((to + 2)) ;;
	esac
	rm -f "$EFTF_RESULTS"/{voice,video,bulk,other}-*.log
	peer "$peer"
	to_ue=$inner_ue to_gw=$inner_gw
	# shellcheck disable=SC2154 # inner6_*: of peers/eftf.sh
	[[ $kind != ip6 ]] || { to_ue=$inner6_ue to_gw=$inner6_gw; }
	if ! path_shape "$kbit" "$towards" "$rtt" "$buffer" "${words[@]}" || ! peer_renew "${link[@]}"; then
		echo "$2 cannot be set up"
		peer_down
		return 1
	fi
	[[ -z ${EFTF_VOICE_TRACE:-} ]] || trace_start
	traffic_of "$direction" "$flows" "$seconds" "$kind" "$argument"
	[[ -z ${EFTF_VOICE_TRACE:-} ]] || trace_end "$2"
	for way in up down; do
		[[ ($direction == up && $way == down) || ($direction == down && $way == up) ]] ||
			shown $way "$1" $from "$to" $((from + late)) $((to + late))
	done
	peer_down
	stop_all
	if [[ -n ${EFTF_VOICE_KEEP:-} ]]; then
		mkdir -p "$EFTF_RESULTS/$2"
		mv "$EFTF_RESULTS"/{voice,video,bulk,other}*.log "$EFTF_RESULTS/$2/" 2>/dev/null
	fi
}

path_up || { echo "voice: the path cannot be made"; exit 1; }
status=0
for c; do
	runs=1
	[[ ! $c =~ ^([0-9]+)x(.*)$ ]] || { runs=${BASH_REMATCH[1]} c=${BASH_REMATCH[2]}; }
	for ((run = 1; run <= runs; run++)); do cell "$run" "$c" || { status=1; break; }; done
done
path_down
trap - EXIT
exit "$status"
