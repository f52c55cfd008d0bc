# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real SIP for the scenarios: kamailio in ims, SIPp as the ue's phone and as the callee, RTP both ways.
# Source lib.sh and topology.sh first; topo_up must have run.
#
#   sip_start                the core and a registered callee
#   sip_over 4|6             from now on SIP and RTP go by that family (4); the callee registers anew
#   sip_register [u1|t1]     the ue's phone registers (UDP or TCP)
#   sip_register_fails       ... must not succeed within 8 s
#   sip_call SECONDS [u1|t1] the phone calls the callee and talks for so long; both ends are captured
#                            (the ue on $sip_device, or all of its devices)
#   rtp_report               "up packets lost max_jitter_ms" as seen by the callee, "down ..." by the ue
#   rtp_check SECONDS LOST JITTER  checks of the last call: both directions, at most LOST packets lost
#   rtp_delay                "packets median_ms p99_ms lost" of the last call's voice, both directions together
#   sip_stop

sip_files=$EFTF_REPO/tests/guest/sip
phone_port=5062
# by the family in use: addresses of P-CSCF and callee, the P-CSCF as SIP writes it, who is called
sip_core=$PCSCF sip_callee=$CALLEE sip_uri=$PCSCF sip_user=callee

# G.711 mu-law, 1 kHz at 0 dBm0 (ITU-T G.711 table 6): 8 octets a millisecond, 1 s
tone() {
	local i

	for ((i = 0; i < 1000; i++)); do
		printf '\x1e\x0b\x0b\x1e\x9e\x8b\x8b\x9e'
	done
}

# sip_source NS: the address from which NS reaches the P-CSCF
sip_source() {
	ip -n "$1" -o route get "$sip_core" | sed -n 's/.* src \([^ ]*\).*/\1/p'
}

# sipp_args NS SCENARIO USER PORT TRANSPORT: sets "sipp"
sipp_args() {
	local address

	address=$(sip_source "$1")
	sipp=(sipp -sf "$sip_files/$2.xml" -s "$3" -au "$3" -ap secret -i "$address" -mi "$address" -p "$4" -t "$5" -nostdin
		-key contact_port "$4" -key callee "$sip_user" -trace_err -error_file "$EFTF_RESULTS/$2-$3.errors")
}

# sip_listens NS PORT: is there a UDP socket?
sip_listens() {
	in_ns "$1" ss -Hlun "sport = :$2" | grep -q .
}

sip_start() {
	tone >"$EFTF_RESULTS/tone.ulaw"
	spawn_in ims kamailio kamailio -f "$sip_files/kamailio.cfg" -DD -E -m 32 -M 8 -Y "$EFTF_RESULTS"
	wait_for 30 'sip_listens ims 5060' "kamailio" || return
	sip_callee_start
}

sip_callee_start() {
	local sipp

	sipp_args callee register "$sip_user" 5060 u1
	in_ns callee "${sipp[@]}" -m 1 -timeout 20 -timeout_error "$sip_uri:5060" \
		>"$EFTF_RESULTS/callee-register.log" 2>&1 </dev/null || return
	sipp_args callee callee "$sip_user" 5060 u1
	(cd "$EFTF_RESULTS" && exec ip netns exec callee "${sipp[@]}" </dev/null >callee.log 2>&1) &
	# shellcheck disable=SC2034,SC2154
	spawned[callee]=$!
	wait_for 20 'sip_listens callee 5060' "the callee"
}

sip_over() {
	sip_core=$PCSCF sip_callee=$CALLEE sip_uri=$PCSCF sip_user=callee
	[[ $1 == 4 ]] || sip_core=$PCSCF6 sip_callee=$CALLEE6 sip_uri="[$PCSCF6]" sip_user=callee6
	stop callee
	sip_callee_start
}

sip_stop() {
	stop callee
	stop kamailio
}

# sip_phone SCENARIO TRANSPORT ARGUMENT...: runs the phone to its end
sip_phone() {
	local sipp scenario=$1 transport=$2

	shift 2
	sipp_args ue "$scenario" phone "$phone_port" "$transport"
	# one that does not end when its time is over cannot register, nor call
	(cd "$EFTF_RESULTS" && exec timeout -k 5 120 ip netns exec ue "${sipp[@]}" -m 1 -timeout_error "$@" "$sip_uri:5060" \
		</dev/null >"phone-$scenario.log" 2>&1)
}

sip_register() { sip_phone register "${1:-u1}" -timeout "${2:-20}"; }

sip_register_fails() { ! sip_register "${1:-u1}" 8; }

# capture NS DEVICE NAME: to $EFTF_RESULTS/NAME.pcap
capture() {
	spawn_in "$1" "capture-$3" tcpdump -i "$2" -n -s 256 -B 8192 -Z root --immediate-mode -U -w "$EFTF_RESULTS/$3.pcap" udp
	wait_for 20 "holds 'listening on' $EFTF_RESULTS/capture-$3.log" "tcpdump on $2"
}

# capture_end NAME: stops it when it has written all that it has seen
capture_end() {
	local size=-1 before tries=20

	# after a call that went wrong one of its ends may go on sending
	while before=$size; size=$(stat -c %s "$EFTF_RESULTS/$1.pcap"); [[ $size -ne $before ]]; do
		((tries-- > 0)) || break
		sleep 0.5
	done
	stop "capture-$1" INT
}

sip_call() {
	local status

	capture ue "${sip_device:-any}" ue && capture callee eth0 callee || return
	sip_phone caller "${2:-u1}" -d "$(($1 * 1000))" -timeout "$(($1 + 60))"
	status=$?
	capture_end ue
	capture_end callee
	return "$status"
}

# rtp_stream DIRECTION CAPTURE FILTER: sums up the RTP packets of a capture in one direction
rtp_stream() {
	tcpdump -r "$EFTF_RESULTS/$2.pcap" -n -tt -T rtp "udp and not port 5060 and $3" 2>/dev/null |
		awk -v direction="$1" -f "$sip_files/rtp.awk"
}

rtp_report() {
	rtp_stream up callee "dst host $sip_callee"
	rtp_stream down ue "src host $sip_callee"
}

# rtp_times CAPTURE FILTER: "sequence seconds" of each RTP packet
rtp_times() {
	tcpdump -r "$EFTF_RESULTS/$1.pcap" -n -tt -T rtp "udp and not port 5060 and $2" 2>/dev/null |
		awk '/ udp\/rtp / { print $(NF - 1), $1 }'
}

# one_way SENDER'S RECEIVER'S FILTER: the delay in ms of each packet between two captures; "lost" for one without
one_way() {
	awk 'NR == FNR { at[$1] = $2; next } { print $1 in at ? (at[$1] - $2) * 1000 : "lost" }' \
		<(rtp_times "$2" "$3") <(rtp_times "$1" "$3")
}

rtp_delay() {
	{ one_way ue callee "dst host $sip_callee"; one_way callee ue "src host $sip_callee"; } | sort -n |
		awk '$1 == "lost" { lost++; next } { d[++n] = $1 }
			END { printf "%d %.0f %.0f %d\n", n, d[int((n + 1) / 2)], d[int(n * 0.99)], lost }'
}

rtp_check() {
	local direction packets lost jitter report

	report=$(rtp_report)
	for direction in up down; do
		read -r packets lost jitter < <(sed -n "s/^$direction //p" <<<"$report")
		# 50 packets a second; the ends of a call cost a few
		check_range "RTP packets ${direction}stream in $1 s" $(($1 * 40)) $(($1 * 50 + 100)) "${packets:-0}"
		check_range "... lost" 0 "$2" "${lost:-}"
		check_range "... largest jitter, ms" 0 "$3" "${jitter:-}"
	done
}
