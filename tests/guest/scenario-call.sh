#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real call through a firewall that lets only TCP 443 out: kamailio is the IMS core, SIPp the phone and
# the callee, coturn the media side that answers STUN. A scenario of "make check", and with EFTF_STORY=1
# the story that "make demo" tells.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./sip.sh
. ./story.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
seconds=8 seconds6=3	# that the calls last
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
gw_log=$EFTF_RESULTS/gw.log
outer=$EFTF_RESULTS/outer.pcap
sip_words='REGISTER|INVITE|sip:'
tone_octets='\x1e\x0b\x0b\x1e\x9e\x8b\x8b\x9e\x1e\x0b\x0b\x1e\x9e\x8b\x8b\x9e'

configuration() {
	gw_tunnel_config "pool6 = $INNER_POOL6" "pcscf = $PCSCF, $PCSCF6" "routes = 10.20.0.0/16, fd00:20::/31"
	cat >"$work/ue.conf" <<-END
		[eftf]
		address = $GW_NAME
		ca = $work/pki/ca.pem
		[detect]
		mode = auto
		pcscf = $PCSCF
		media = $PCSCF:3478
		control = $GW_NAME:443
		[tunnel]
		keepalive = 25
	END
	eftf-gw -t -c "$work/gw.conf" && eftf-ue -t -c "$work/ue.conf"
}

stun_start() {
	spawn_in ims stun turnserver -n --stun-only -L "$PCSCF" -p 3478 --no-tls --no-dtls --no-cli \
		--simple-log -l stdout --pidfile "$work/stun.pid" --userdb "$work/stun.db"
	wait_for 30 'sip_listens ims 3478' "the STUN server"
}

gw_start() {
	spawn_in gw gw eftf-gw -v -c "$work/gw.conf"
	wait_for 20 "holds ready $gw_log" "the gateway"
}

# The buffer has room for 1000 packets of the largest size: as many as a call has.
outer_start() {
	spawn_in inet capture-outer tcpdump -i fw0 -n -s 65535 -B 65536 -Z root --immediate-mode -U -w "$outer"
	wait_for 20 "holds 'listening on' $EFTF_RESULTS/capture-outer.log" "tcpdump"
}

detect() { in_ns ue eftf-ue -c "$work/ue.conf" --detect >"$work/verdict" 2>"$work/errors"; }
# the verdict in standard input, a probe a line
evidence() { sed 's/^.*verdict: //; s/ (/: \n/; s/); /\n/; s/; /\n/g'; }
# what a machine's addresses and routes are
net_state() { in_ns "$1" ip -br addr | awk '{ $2 = ""; print }'; in_ns "$1" ip route; in_ns "$1" ip -6 route | sort; }
# tunnel_field NAME: a value from the module's answer about the ue's tunnel
tunnel_field() { sed -n "s/^ *\"$1\": \"*\([^\",]*\).*/\1/p" "$work/tunnel"; }
tunnels_of() { in_ns "$1" eftfctl --json tunnel show | grep -c '"id"'; }
echoes_sent() { in_ns ue eftfctl --json stats dev "$device" | jq '.tunnels[0].keepalives_tx'; }
route_to() { in_ns ue ip -4 -o route get "$1" | sed 's/ uid.*//; s/ *\\.*//'; }
ms_since() { echo $(((${EPOCHREALTIME/./} - $1) / 1000)); }
tenths() { echo "$(($1 / 1000)).$(($1 % 1000 / 100))"; }
occurrences() { LC_ALL=C grep -a -o -P -- "$1" "$2" | wc -l; }

set_up() {
	tell "Kernel $(uname -r) in a virtual machine; every machine of the picture is a network namespace."
	check "the network" topo_up
	check "certificates" ../lib/pki.sh "$work/pki"
	check "configurations of eftf-gw and eftf-ue" configuration
	check "IMS core: kamailio as P-CSCF and registrar; SIPp as callee has registered" sip_start
	check "STUN server on the media side: coturn" stun_start
	check "EFTF: eftf-gw" gw_start
	state=$(net_state ue)
	fw_open
	check "for comparison, an open firewall: the phone registers directly" sip_register u1
	check "... and eftf-ue sees no need of a tunnel" detect
	quote < <(evidence <"$work/verdict")
	check_is "... in one word" open "$(cut -d' ' -f1 "$work/verdict")"
	row "everything starts" "firewall open: SIP registers, verdict $(cut -d' ' -f1 "$work/verdict")"
}

firewall() {
	local udp tcp out

	fw_restrict drop
	check "capture of all that passes the firewall" outer_start
	tell "What the firewall lets out, the rest is dropped and counted:"
	in_ns fw nft list chain inet fw forward | grep -E 'accept|drop' | grep -v policy | quote
	tell "The phone tries to register directly, without a tunnel, for 8 s by UDP and by TCP:"
	check "REGISTER over UDP fails" sip_register_fails u1
	udp=$(fw_count stopped_sip)
	check_range "packets that the firewall stopped" 1 999 "$udp"
	check "REGISTER over TCP fails" sip_register_fails t1
	tcp=$(($(fw_count stopped_sip) - udp))
	check_range "packets that the firewall stopped" 1 999 "$tcp"
	out=$(($(fw_count let_out_443) + $(fw_count let_on) + $(fw_count let_out_other)))
	check_is "packets that got out" 0 "$out"
	row "REGISTER fails by UDP and by TCP" "stopped: $udp by UDP, $tcp by TCP; $out got out"
}

detection() {
	local verdict

	tell "eftf-ue starts with mode = auto: it looks before it acts."
	ue_start=${EPOCHREALTIME/./}
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
	check "it finds out" wait_for 30 "holds verdict: $ue_log" "the verdict"
	verdict=$(grep -m 1 verdict: "$ue_log")
	evidence <<<"$verdict" | quote
	check "verdict: firewall" grep -q 'verdict: firewall (' <<<"$verdict"
	check "SIP over UDP and over TCP have no answer" grep -q 'SIP over UDP to [^;]*no answer.*SIP over TCP to [^;]*no answer' <<<"$verdict"
	check "media (STUN) has no answer" grep -q 'media (STUN) to [^;]*no answer' <<<"$verdict"
	check "TCP 443 answers" grep -q 'control to [^;]*answered' <<<"$verdict"
	check "the way is type I: TLS without a proxy" grep -q 'way: type I, direct;' <<<"$verdict"
	row "verdict firewall, way type I, direct" "$(grep -o 'no answer' <<<"$verdict" | wc -l) probes without answer, $(grep -o 'answered in' <<<"$verdict" | wc -l) answered"
}

tunnel() {
	local connected pcscf

	check "the tunnel comes up" wait_for 30 "holds 'tunnel up' $ue_log" "tunnel up"
	up_ms=$(ms_since "$ue_start")
	connected=$(sed -n 's/.*info: connected to //p' "$ue_log")
	in_ns ue eftfctl --json tunnel show >"$work/tunnel"
	inner=$(tunnel_field inner4)
	device=$(tunnel_field dev)
	check "outer connection: $connected" test -n "$connected"
	check_is "TLS in the kernel" "TLS 1.3" "$(tunnel_field tls)"
	check "cipher: $(tunnel_field cipher)" grep -q GCM <<<"$(tunnel_field cipher)"
	check "inner address from the EFTF's pool: $inner" grep -q '^10\.64\.' <<<"$inner"
	check "device $device has it" grep -q "$inner/32" <(in_ns ue ip -br addr show dev "$device")
	check_range "keep-alive drawn from the 25 s that both agreed upon" 20 25 "$(tunnel_field keepalive_s)"
	pcscf=$(sed -n 's/.*P-CSCF \([0-9.]*\)$/\1/p' "$ue_log")
	check_is "P-CSCF, told by the EFTF" "$PCSCF" "$pcscf"
	check "route: $(route_to "$PCSCF")" grep -q " dev $device src $inner" <(route_to "$PCSCF")
	check "route: $(route_to "$GW_OUTER")" grep -q " dev lan0 " <(route_to "$GW_OUTER")
	check_is "tunnels at the EFTF" 1 "$(tunnels_of gw)"
	row "tunnel up, P-CSCF told, routes set" "$inner, $(tunnel_field tls) $(tunnel_field cipher), up in $(tenths "$up_ms") s"
}

call() {
	sip_device=$device
	tell "The same phone, the same REGISTER, now with the tunnel:"
	check "REGISTER by UDP" sip_register u1
	check "REGISTER by TCP" sip_register t1
	tell "INVITE, $seconds s of G.711 in both directions, BYE:"
	check "INVITE, talk, BYE" sip_call "$seconds"
	rtp_check "$seconds" 8 100
	report=$(rtp_report)
	read -r _ up_packets up_lost up_jitter < <(grep '^up ' <<<"$report")
	read -r _ down_packets down_lost down_jitter < <(grep '^down ' <<<"$report")
	row "REGISTER, INVITE, RTP both ways, BYE" "RTP $up_packets + $down_packets packets, lost $up_lost + $down_lost, jitter $up_jitter, $down_jitter ms"
}

call6() {
	local inner6

	inner6=$(tunnel_field inner6)
	inner6=${inner6%/*}
	check "the EFTF has told an IPv6 address, too: $inner6" grep -q '^fd00:64::' <<<"$inner6"
	check "callee and phone change to IPv6" sip_over 6
	check "REGISTER over IPv6" sip_register u1
	tell "INVITE, $seconds6 s of G.711 in both directions, BYE:"
	check "INVITE, talk, BYE" sip_call "$seconds6"
	check_is "SIP and voice go from the inner address" "$inner6" "$(sip_source ue)"
	# that it works; how well is seen in the call before
	rtp_check "$seconds6" 75 1000
	report=$(rtp_report)
	read -r _ up_packets up_lost _ < <(grep '^up ' <<<"$report")
	read -r _ down_packets down_lost _ < <(grep '^down ' <<<"$report")
	check "back to IPv4" sip_over 4
	row "the same call over IPv6" "$inner6, RTP $up_packets + $down_packets packets, lost $up_lost + $down_lost"
}

# The phone keeps its own way open, so that the module has no need to.
keep() {
	local said echoes

	tell "The phone asks the P-CSCF whether it may send keep-alives (RFC 6223), and does, twice a second:"
	check "something was sent just now" in_ns ue ping -q -c 1 -W 10 "$PCSCF"
	check "the module would send an echo after 10 s" in_ns ue eftfctl tunnel set dev "$device" id "$(tunnel_field id)" keepalive 10
	echoes=$(echoes_sent)
	said=$(in_ns ue "$sip_files/keep" "$inner" "$PCSCF" 12 2>&1)
	check "kamailio wants one every 30 s, and answers each: $said" grep -Eq '^keep=30 pings=([1-9][0-9]*) pongs=\1$' <<<"$said"
	check_is "echoes that the module has sent meanwhile" "$echoes" "$(echoes_sent)"
	check "afterwards it sends them" wait_for 60 "[[ \$(echoes_sent) -gt $echoes ]]" "an echo"
	row "the phone's own keep-alives" "$said, echoes 0"
}

# As IMS AKA has it (TS 33.203 annex H): ESP in transport mode between phone and P-CSCF, here with fixed keys.
ipsec() {
	local ns up down

	for ns in ue ims; do
		up=in down=out
		[[ $ns == ims ]] || up=out down=in
		in_ns $ns ip -batch - <<-END || return
			xfrm state add src $inner dst $PCSCF proto esp spi 0x1001 mode transport auth hmac(sha1) 0x$(printf %040d 1) enc cbc(aes) 0x$(printf %032d 1)
			xfrm state add src $PCSCF dst $inner proto esp spi 0x1002 mode transport auth hmac(sha1) 0x$(printf %040d 2) enc cbc(aes) 0x$(printf %032d 2)
			xfrm policy add src $inner dst $PCSCF dir $up tmpl src $inner dst $PCSCF proto esp mode transport
			xfrm policy add src $PCSCF dst $inner dir $down tmpl src $PCSCF dst $inner proto esp mode transport
		END
	done
}

inside_ipsec() {
	local ns

	tell "IPsec inside: ESP in transport mode between phone and P-CSCF, as IMS AKA has it."
	check "security associations at both ends" ipsec
	spawn_in ue esp tcpdump -i "$device" -n -l --immediate-mode "host $PCSCF"
	check "capture inside the tunnel" wait_for 20 "holds 'listening on' $EFTF_RESULTS/esp.log" "tcpdump"
	check "REGISTER by UDP" sip_register u1
	check "REGISTER by TCP" sip_register t1
	stop esp INT
	check_range "packets of ESP" 8 999 "$(grep -c 'ESP(spi=0x0000100[12]' "$EFTF_RESULTS/esp.log")"
	check_is "packets of anything else" 0 "$(grep ' IP ' "$EFTF_RESULTS/esp.log" | grep -vc 'ESP(spi=')"
	for ns in ue ims; do in_ns $ns ip xfrm state flush && in_ns $ns ip xfrm policy flush; done
	row "SIP by ESP inside the tunnel" "$(grep -c 'ESP(spi=' "$EFTF_RESULTS/esp.log") packets"
}

release() {
	local before line

	tell "SIGTERM to eftf-ue:"
	before=${EPOCHREALTIME/./}
	stop ue
	check_is "its exit status" 0 $?
	end_ms=$(ms_since "$before")
	check_range "milliseconds that it took" 0 5000 "$end_ms"
	check "the EFTF notes the end" wait_for 10 "holds 'tunnel 1 down' $gw_log" "the session's line"
	line=$(sed -n 's/.*info: \(tunnel 1 down.*\)/\1/p' "$gw_log")
	quote <<<"$line"
	check "how long, how much: both ways" grep -Eq ' [1-9][0-9]* s, in=[1-9][0-9]* packets, [1-9][0-9]* octets; out=[1-9][0-9]* packets, [1-9]' <<<"$line"
	check "why: the UE gave its address back and said good-bye" grep -Eq 'reason (released|deleted) \(address released\)$' <<<"$line"
	check_fails "the UE has no device $device any more" in_ns ue ip link show dev "$device"
	check "its addresses and routes are those of before the tunnel" diff <(echo "$state") <(net_state ue)
	check_is "tunnels at the EFTF" 0 "$(tunnels_of gw)"
	[[ $line =~ ,\ ([0-9]+)\ s,\ in=([0-9]+)\ .*out=([0-9]+)\  ]]
	row "release, close_notify; all clean" "tunnel of ${BASH_REMATCH[1]:-?} s, packets in ${BASH_REMATCH[2]:-?}, out ${BASH_REMATCH[3]:-?}; end took $end_ms ms"
}

# figure NAME: from outer.awk
figure() { sed -n "s/^$1 //p" "$work/figures"; }

proof() {
	local payload records sip voice

	tell "The firewall's counters (packets, octets); let_on are the later packets of what was let out:"
	fw_counters | grep -v proxy | quote
	check_range "connections let out to TCP 443" 1 20 "$(fw_count let_out_443)"
	check_is "anything else let out" 0 "$(fw_count let_out_other)"
	capture_end outer
	check_is "packets that the capture missed" 0 \
		"$(sed -n 's/ packets dropped by kernel//p' "$EFTF_RESULTS/capture-outer.log")"
	tell "tshark reads the capture of the link between firewall and internet:"
	tshark -r "$outer" -T fields -e frame.protocols -e tcp.stream -e tcp.srcport -e tcp.dstport -e tcp.seq -e tcp.len \
		-e icmpv6.type -e tcp.payload 2>"$work/errors" | awk -f outer.awk >"$work/figures"
	check_is "the UE's last record, octets: an encrypted alert's, close_notify" 19 "$(figure last_up)"
	payload=$(($(figure payload_up) + $(figure payload_down)))
	check_range "packets of TCP port 443" 100 999999 "$(figure tcp443)"
	check_is "packets of anything else (but ARP and neighbour discovery: $(figure link))" 0 "$(figure other)"
	check_is "... all accounted for" "$(figure frames)" "$(($(figure tcp443) + $(figure link)))"
	check_is "packets in which tshark sees another protocol than TLS" 0 "$(figure foreign)"
	check_range "octets of TCP payload" 50000 99999999 "$payload"
	check_is "octets of them that belong to whole TLS records" "$payload" "$(figure record_octets)"
	check_is "records of another type than 20 to 23" 0 "$(($(figure bad) + $(figure gap)))"
	check_range "records of type 23, application data" 100 999999 "$(figure t23)"
	sip=$(occurrences "$sip_words" "$outer")
	voice=$(occurrences "$tone_octets" "$outer")
	check_range "\"REGISTER\", \"INVITE\", \"sip:\" inside the tunnel" 10 9999 "$(occurrences "$sip_words" "$EFTF_RESULTS/ue.pcap")"
	check_is "... outside" 0 "$sip"
	check_range "the voice's octets inside the tunnel" 100 999999 "$(occurrences "$tone_octets" "$EFTF_RESULTS/ue.pcap")"
	check_is "... outside" 0 "$voice"
	records=$(($(figure t20) + $(figure t21) + $(figure t22) + $(figure t23)))
	row "outside only TCP 443, only TLS" "$(figure tcp443) packets, $payload octets, $records records; SIP $sip, voice $voice"
}

# Both phones mark their media as phones do (EF), not their signalling: the module knows the P-CSCF.
mark_media() {
	local ns

	for ns in ue callee; do
		in_ns "$ns" nft "table ip media { chain out { type filter hook output priority mangle;
			udp dport != 5060-5063 ip dscp set ef; }; }" || return
	done
}

# 2 Mbit/s each way with a buffer of 200 packets, 50 ms there and back
narrow() {
	local dev

	for dev in fw0 gw0; do
		in_ns inet tc qdisc add dev "$dev" root handle 1: tbf rate 2mbit burst 3200 limit 100000000 &&
			in_ns inet tc qdisc add dev "$dev" parent 1:1 handle 2: pfifo limit 200 || return
	done
	in_ns ue ip link set lan0 gso_max_segs 1 && in_ns gw ip link set outer0 gso_max_segs 1 &&
		link_delay fw wan0 delay 25ms && link_delay gw outer0 delay 25ms
}

# bulk_rate NAME: Mbit/s of the last seconds
bulk_rate() { traffic rate 3 "$((seconds + 3))" <"$EFTF_RESULTS/$1.log"; }

busy_call() {
	local up down median p99 lost

	tell "A narrow way: 2 Mbit/s, 50 ms, a buffer of 200 packets, which bulk alone fills with a second and more."
	check "the way becomes narrow" narrow
	check "the phones mark their media" mark_media
	spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
	check "the tunnel comes up" wait_for 60 "holds 'tunnel up' $ue_log 1" "tunnel up"
	in_ns ue eftfctl --json tunnel show >"$work/tunnel"
	sip_device=$(tunnel_field dev)
	check "REGISTER" sip_register u1
	spawn_in callee upload traffic sink 5001 $((seconds + 60))
	spawn_in ue download traffic sink 5002 $((seconds + 60))
	check "the receivers listen" wait_for 10 '[[ -n $(in_ns callee ss -Hltn sport = :5001) && -n $(in_ns ue ss -Hltn sport = :5002) ]]' "both"
	spawn_in ue push traffic push "$CALLEE" 5001 $((seconds + 50))
	spawn_in callee pull traffic push "$(tunnel_field inner4)" 5002 $((seconds + 50))
	check "INVITE, talk, BYE, with an upload and a download in the tunnel" sip_call "$seconds"
	up=$(bulk_rate upload) down=$(bulk_rate download)
	read -r _ median p99 lost < <(rtp_delay)
	check_range "voice: median delay one-way, ms (drowned: 1000 and more)" 1 400 "${median:-}"
	check_range "voice: packets lost" 0 $((seconds * 10)) "${lost:-}"
	check "bulk goes on beside it: $up Mbit/s up, $down down" awk -v up="$up" -v down="$down" 'BEGIN { exit !(up > 0.1 && down > 0.1) }'
	stop push
	stop pull
	stop upload
	stop download
	stop ue
	row "the same call beside up- and download" "voice delayed by $median ms, 99 of 100 by $p99 at most, lost $lost; bulk $up + $down Mbit/s"
}

if [[ $EFTF_STORY ]]; then
	echo "${bold}A call through a firewall that lets only TCP port 443 out${plain}"
	cat <<-END

		   phone (SIPp)                                               callee (SIPp)
		   eftf-ue                                  eftf-gw                 |
		     [UE] ------- [firewall, NAT] ------- [EFTF] ------- [IMS core: kamailio]
		        only TCP 443      internet
	END
fi
part() {
	step "$1"
	"$2"
	# nothing else can work
	((checks_failed == 0)) || { story_table; finish; }
}
part "Set-up" set_up
part "The firewall" firewall
part "eftf-ue looks" detection
part "The tunnel" tunnel
part "The call" call
part "IPv6 inside" call6
# What hardly depends on the kernel: not with the oldest, too, where all of this is slow
if [[ ! $EFTF_STORY && $(uname -r) != 6.1.* ]]; then
	part "The phone's own keep-alive" keep
	# User Mode Linux's configuration has no IPsec
	[[ ! -d $EFTF_KERNEL/lib/modules ]] || part "IPsec inside" inside_ipsec
fi
part "Release" release
part "Proof" proof
part "A busy line" busy_call
sip_stop
story_table
finish
