# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network of the scenarios: one namespace per machine, joined by veth pairs. Source lib.sh first.
#
#    +----+ .77.2  .77.1 +----+ 203.0.113.2    .1 +------+ 198.51.100.254      .1 +----+
#    | ue |--------------| fw |-------------------| inet |-----------------------| gw |
#    +----+ 192.168.77/24+----+ 203.0.113.0/24    +------+ 198.51.100.0/24       +----+
#                          | .78.1                    | 192.0.2.1            10.20.0.1 |
#                          |  192.168.78/24           |  192.0.2.0/24     10.20.0.0/24 |
#                          | .78.2                    | 192.0.2.2           10.20.0.10 |
#                       +-------+                     |                             +-----+
#                       | proxy |                     +-----------------------------| ims |
#                       +-------+                                                   +-----+
#                                                                         10.20.1.1 |
#                                                                      10.20.1.0/24 |
#                                                                        10.20.1.20 |
#                                                                              +--------+
#                                                                              | callee |
#                                                                              +--------+
# ue      the user's machine, behind
# fw      a firewall with NAT; what it lets out is the scenario's choice (fw_*, counted)
# proxy   an HTTP proxy may run here (proxy.sh)
# inet    a router; may add delay, loss and a bottleneck (link_delay)
# gw      the EFTF: TLS on 198.51.100.1:443, inner pool 10.64.0.0/16
# ims     P-CSCF, registrar (sip.sh); reaches the inner pool only through gw. The core is routed from inet
#         too: what keeps the ue out is the firewall, not a missing route
# callee  the other phone
#
# IPv6: every IPv4 subnet has one: fd00:77::/64 and fd00:78::/64 (local), 2001:db8:203::/64,
# 2001:db8:198::/64 and 2001:db8:192::/64 (outer), fd00:20::/64 and fd00:21::/64 (core), fd00:64::/48
# (inner pool); the last part of the address is the same, written in hexadecimal digits as in IPv4.

topo_namespaces=(ue fw proxy inet gw ims callee)
GW_OUTER=198.51.100.1
GW_OUTER6=2001:db8:198::1
GW_NAME=eftf.ims.example
PCSCF=10.20.0.10
PCSCF6=fd00:20::10
CALLEE=10.20.1.20
CALLEE6=fd00:21::20
PROXY=192.168.78.2
INNER_POOL=10.64.0.0/16
INNER_POOL6=fd00:64::/48
export GW_OUTER GW_OUTER6 GW_NAME PCSCF PCSCF6 CALLEE CALLEE6 PROXY INNER_POOL INNER_POOL6

# topo_link NS_A DEV_A NS_B DEV_B IPv4_PREFIX LAST_A LAST_B IPv6_PREFIX: prints the words for ip -batch,
# with the namespace in front. Many commands in one process: to start one is what takes time in the guest.
topo_link() {
	echo "- link add $2 netns $1 type veth peer name $4 netns $3"
	echo "$1 addr add $5.$6/24 dev $2"
	echo "$1 addr add $8::$6/64 dev $2 nodad"
	echo "$1 link set $2 up"
	echo "$3 addr add $5.$7/24 dev $4"
	echo "$3 addr add $8::$7/64 dev $4 nodad"
	echo "$3 link set $4 up"
}

# topo_route NS IPv4_GATEWAY IPv6_GATEWAY NET...: the same for routes
topo_route() {
	local ns=$1 via4=$2 via6=$3 net

	shift 3
	for net; do
		case $net in
		default)
			echo "$ns route add default via $via4"
			echo "$ns route add ::/0 via $via6"
			;;
		*:*) echo "$ns route add $net via $via6" ;;
		*) echo "$ns route add $net via $via4" ;;
		esac
	done
}

# The whole picture, in the form of topo_link and topo_route
topo_plan() {
	local ns

	for ns in "${topo_namespaces[@]}"; do
		echo "$ns link set lo up"
	done
	topo_link ue lan0 fw lan0 192.168.77 2 1 fd00:77
	topo_link proxy eth0 fw dmz0 192.168.78 2 1 fd00:78
	topo_link fw wan0 inet fw0 203.0.113 2 1 2001:db8:203
	topo_link inet gw0 gw outer0 198.51.100 254 1 2001:db8:198
	topo_link inet ims0 ims inet0 192.0.2 1 2 2001:db8:192
	topo_link gw core0 ims core0 10.20.0 1 10 fd00:20
	topo_link ims callee0 callee eth0 10.20.1 1 20 fd00:21
	topo_route ue 192.168.77.1 fd00:77::1 default
	topo_route proxy 192.168.78.1 fd00:78::1 default
	topo_route fw 203.0.113.1 2001:db8:203::1 default
	topo_route inet 192.0.2.2 2001:db8:192::2 10.20.0.0/16 fd00:20::/64 fd00:21::/64
	topo_route gw 198.51.100.254 2001:db8:198::254 default
	topo_route gw 10.20.0.10 fd00:20::10 10.20.1.0/24 fd00:21::/64
	topo_route ims 192.0.2.1 2001:db8:192::1 default
	topo_route ims 10.20.0.1 fd00:20::1 "$INNER_POOL" "$INNER_POOL6"
	topo_route callee 10.20.1.1 fd00:21::1 default
}

topo_names() {
	grep -q "$GW_NAME" /etc/hosts || cat >>/etc/hosts <<-EOF
		$GW_OUTER $GW_NAME
		$PCSCF pcscf.ims.example ims.example
	EOF
}

# The EFTF's name has an IPv6 address, too. Which of both is tried first depends on the version of libcurl.
topo_name6() { echo "$GW_OUTER6 $GW_NAME" >>/etc/hosts; }

topo_up() {
	local ns words
	local -A batch=()

	while read -r ns words; do batch[$ns]+=$words$'\n'; done < <(topo_plan)
	ip -batch - <<<"$(printf 'netns add %s\n' "${topo_namespaces[@]}")" || return
	for ns in "${topo_namespaces[@]}"; do
		# A router asks for a neighbour from its link-local address, which it has not while other nodes may object to
		# it (two seconds at most): until then it drops what it should forward. The ue is as phones are.
		[[ $ns == ue ]] || in_ns "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 || return
	done
	ip -batch - <<<"${batch[-]}" || return
	for ns in "${topo_namespaces[@]}"; do
		ip -n "$ns" -batch - <<<"${batch[$ns]}" || return
	done
	for ns in fw inet gw ims; do
		in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || return
	done
	topo_names
	fw_restrict drop
}

topo_down() {
	local ns

	for ns in "${topo_namespaces[@]}"; do
		ip netns del "$ns" 2>/dev/null
	done
	return 0
}

# fw_load VERDICT RULES: RULES decide about new connections from the inside, VERDICT is for the rest.
# NAT is on whatever the rules say. Counters start at 0, connections of before are not known any more.
fw_load() {
	in_ns fw nft -f - <<-EOF || return
		flush ruleset
		table inet fw {
			counter let_out_443 { }
			counter let_out_other { }
			counter let_out_proxy { }
			counter let_on { }
			counter stopped_sip { }
			counter stopped_443 { }
			counter stopped_other { }
			chain forward {
				type filter hook forward priority filter; policy drop;
				ct state established,related counter name let_on accept
				iifname wan0 drop
				$2
				meta l4proto { tcp, udp } th dport { 5060, 5061 } counter name stopped_sip $1
				tcp dport 443 counter name stopped_443 $1
				counter name stopped_other $1
			}
			chain input {
				type filter hook input priority filter; policy accept;
				iifname wan0 ct state new meta l4proto { tcp, udp } drop
			}
			chain nat {
				type nat hook postrouting priority srcnat; policy accept;
				oifname wan0 masquerade
			}
		}
	EOF
	in_ns fw conntrack -F 2>/dev/null
}

# fw_restrict [drop|reject]: only TCP to port 443 gets out; the rest is dropped, or refused
fw_restrict() {
	fw_load "${1:-drop}" "tcp dport 443 counter name let_out_443 accept"
}

# fw_open: everything gets out
fw_open() {
	fw_load drop "tcp dport 443 counter name let_out_443 accept
		counter name let_out_other accept"
}

# fw_proxy_only [drop|reject]: only the proxy gets out, the ue reaches nothing but the proxy
fw_proxy_only() {
	fw_load "${1:-drop}" "iifname dmz0 tcp dport 443 counter name let_out_443 accept
		iifname lan0 oifname dmz0 counter name let_out_proxy accept"
}

# fw_counters: a line "name packets octets" for each counter
fw_counters() {
	in_ns fw nft list counters table inet fw |
		awk '$1 == "counter" { name = $2 } $1 == "packets" { print name, $2, $4 }'
}

# fw_count NAME: packets that the counter has seen
fw_count() {
	fw_counters | awk -v name="$1" '$1 == name { print $2 }'
}

# link_delay NS DEV [NETEM...]: what leaves through the device is delayed, lost, limited; no words: as before
link_delay() {
	local ns=$1 dev=$2
	shift 2
	in_ns "$ns" tc qdisc del dev "$dev" root 2>/dev/null
	[[ $# -eq 0 ]] || in_ns "$ns" tc qdisc add dev "$dev" root netem "$@"
}

# outer_watch, outer_check [PLAIN [OTHER]]: what passes between firewall and internet, by watch_tls and check_tls
outer_watch() { watch_tls in_ns inet fw0 443; }
outer_check() { check_tls "outer link" "$@"; }

# gw_tunnel_config [LINE...]: an eftf-gw with the certificate "eftf" and, unless lines name others, the usual pool
# and reach, in $work/gw.conf
gw_tunnel_config() {
	cat >"${work:?}/gw.conf" <<-END
		[gateway]
		cert = $work/pki/eftf.pem
		key = $work/pki/eftf.key
	END
	[[ $* == *pool\ =* ]] || echo "pool = $INNER_POOL" >>"$work/gw.conf"
	[[ $* == *routes\ =* ]] || echo "reach = 10.20.0.0/16" >>"$work/gw.conf"
	# a limit needs nft_connlimit, which only Debian's kernels have
	[[ $* == *max_flows\ =* ]] || echo "max_flows = 0" >>"$work/gw.conf"
	for line; do echo "$line" >>"$work/gw.conf"; done
}

# ue_tunnel_config [LINE...]: an eftf-ue that always wants a tunnel, in $work/ue.conf; lines belong to [tunnel]
ue_tunnel_config() {
	cat >"${work:?}/ue.conf" <<-END
		[detect]
		mode = always
		[eftf]
		address = $GW_NAME
		ca = $work/pki/ca.pem
		[tunnel]
		routes = 10.20.0.0/16
	END
	for line; do echo "$line" >>"$work/ue.conf"; done
}

# ping_first NS ID ADDRESS: one ping ahead of a flow of pings with this identifier. When the first packets of a flow
# pass a router's connection tracking as one batch, each makes an entry, the first one's is kept, and the other packets
# are dropped (UDP has a remedy, ICMP none): a flow in which none may be missing has to be known before.
ping_first() { in_ns "$1" ping -q -e "$2" -c 1 -W 10 "$3"; }

# unanswered NAME: numbers of the packets of spawned ping NAME (without -q) that were not answered, but for the latest five
# without an answer: it waits for those for two round trips only, or was ended before they came
unanswered() {
	awk 'match($0, /icmp_seq=[0-9]+/) { n = substr($0, RSTART + 9, RLENGTH - 9) + 0; seen[n] = 1; if (n > last) last = n }
		/packets transmitted/ { sent = $1 }
		END {
			for (n = 1; n < last; n++) if (!(n in seen)) printf "%d ", n
			if (!sent || sent - last > 5) printf "all after %d", last
		}' "$EFTF_RESULTS/$1.log"
}

# gw_start: eftf-gw with $work/gw.conf, until it is ready; its log is gw.log
gw_start() {
	: >"$EFTF_RESULTS/gw.log"
	spawn_in gw gw eftf-gw -v -c "${work:?}/gw.conf"
	wait_for 20 "holds ready $EFTF_RESULTS/gw.log" "the gateway"
}

# up TIMES [SECONDS]: the log ue.log tells of so many tunnels
up() { wait_for "${2:-20}" "holds 'tunnel up' $EFTF_RESULTS/ue.log $1" "tunnel up, $1 times"; }
