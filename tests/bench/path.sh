# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A path between two ends, with a bottleneck in both directions, and what can be made over it. Source
# tests/guest/lib.sh first.
#
#   +----+ .2   10.1.0.0/24   .1 +----+ .1  10.2.0.0/24  .2 +----+ .1  10.3.0.0/24   .2 +----+
#   | ue |----------------------| r1 |--------------------| r2 |----------------------| gw |
#   +----+ <- delay              +----+ rate, buffer ->     +----+              delay -> +----+
#                                           <- rate, buffer
#
#   path_up                          the namespaces, without limits
#   path_direct                      only ue and gw, joined by one pair of devices, with GSO
#   path_shape UP DOWN RTT BUFFER    kbit/s in each direction, ms, packets (or "codel": fq_codel instead of a plain queue);
#                                    again and again, if wanted. Shape before a tunnel is made: TCP remembers the link it
#                                    began on
#   path_down
#   peer NAME                        the tunnel of that name, from peers/: plain, eftf, eftf-unbound, wireguard, ...; then
#                                    peer_up, peer_down, $inner_ue, $inner_gw are its own
#   peer_renew [WORDS...]            makes it anew
# shellcheck disable=SC2034 # for the scripts of peers/
outer_ue=10.1.0.2 outer_gw=10.3.0.2
# shellcheck disable=SC2034
peer_files=$(mktemp -d)

path_up() {
	local ns

	for ns in ue r1 r2 gw; do
		ip netns add "$ns" && ip -n "$ns" link set lo up || return
	done
	path_link ue "$outer_ue" r1 10.1.0.1 && path_link r1 10.2.0.1 r2 10.2.0.2 && path_link gw "$outer_gw" r2 10.3.0.1 || return
	ip -n ue route add default via 10.1.0.1
	ip -n r1 route add 10.3.0.0/24 via 10.2.0.2
	ip -n r2 route add 10.1.0.0/24 via 10.2.0.1
	ip -n gw route add default via 10.3.0.1
	in_ns r1 sysctl -qw net.ipv4.ip_forward=1
	in_ns r2 sysctl -qw net.ipv4.ip_forward=1
}

# path_link NS ADDRESS NS ADDRESS: devices are named by the namespace at the other end. A packet that is counted
# is one on the wire: no GSO, or a buffer of 200 packets is several times as deep.
path_link() {
	ip link add "$3" netns "$1" type veth peer name "$1" netns "$3" &&
		ip -n "$1" link set "$3" gso_max_segs 1 up && ip -n "$3" link set "$1" gso_max_segs 1 up &&
		ip -n "$1" addr add "$2/24" dev "$3" && ip -n "$3" addr add "$4/24" dev "$1"
}

path_direct() {
	local ns

	for ns in ue gw; do
		ip netns add $ns && ip -n $ns link set lo up || return
	done
	ip link add gw netns ue type veth peer name ue netns gw &&
		ip -n ue addr add "$outer_ue" peer "$outer_gw/32" dev gw && ip -n ue link set gw up &&
		ip -n gw addr add "$outer_gw" peer "$outer_ue/32" dev ue && ip -n gw link set ue up
}

path_down() {
	local ns

	for ns in ue r1 r2 gw; do ip netns del "$ns" 2>/dev/null; done
	return 0
}

# path_rate NS DEV KBIT BUFFER
path_rate() {
	local queue=(pfifo limit "$4")

	[[ $4 != codel ]] || queue=(fq_codel)
	in_ns "$1" tc qdisc replace dev "$2" root handle 1: tbf rate "${3}kbit" burst 1600 limit 100000000 &&
		in_ns "$1" tc qdisc replace dev "$2" parent 1:1 "${queue[@]}"
}

# path_delay NS DEV MS WORDS...: of netem, loss for instance
path_delay() {
	local ns=$1 dev=$2 ms=$3

	shift 3
	in_ns "$ns" tc qdisc replace dev "$dev" root netem delay "${ms}ms" limit 100000 "$@"
}

path_shape() {
	path_rate r1 r2 "$1" "$4" && path_rate r2 r1 "$2" "$4" &&
		path_delay r2 gw $(($3 / 2)) "${@:5}" && path_delay r1 ue $(($3 / 2)) "${@:5}"
}

peer() {
	peer_variant=
	[[ $1 != *-* ]] || peer_variant=${1#*-}
	# shellcheck source=tests/bench/peers/eftf.sh
	. "$EFTF_REPO/tests/bench/peers/${1%%-*}.sh"
}

peer_renew() { peer_up "$peer_variant" "$@"; }

# need_tun: what programs in user space read and write packets by
need_tun() {
	[[ -e /dev/net/tun ]] || modprobe -q tun
	[[ -e /dev/net/tun ]] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
}
