# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A path with a bottleneck in both directions, and a tunnel over it. Source tests/guest/lib.sh first.
#
#   +----+ .2   10.1.0.0/24   .1 +----+ .1  10.2.0.0/24  .2 +----+ .1  10.3.0.0/24   .2 +----+
#   | ue |----------------------| r1 |--------------------| r2 |----------------------| gw |
#   +----+ <- delay              +----+ rate, buffer ->     +----+              delay -> +----+
#     eftf0 10.9.0.2                        <- rate, buffer                  eftf0 10.9.0.1
#
#   path_up                          the namespaces, without limits
#   path_shape UP DOWN RTT BUFFER    kbit/s in each direction, ms, packets; again and again, if wanted
#   path_tunnel                      a new tunnel, made after the shaping: TCP remembers the link it began on
#   path_down

path_up() {
	local ns

	for ns in ue r1 r2 gw; do
		ip netns add "$ns" && ip -n "$ns" link set lo up || return
	done
	path_link ue 10.1.0.2 r1 10.1.0.1 && path_link r1 10.2.0.1 r2 10.2.0.2 && path_link gw 10.3.0.2 r2 10.3.0.1 || return
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

path_down() {
	local ns

	for ns in ue r1 r2 gw; do ip netns del "$ns" 2>/dev/null; done
	return 0
}

# path_rate NS DEV KBIT BUFFER
path_rate() {
	in_ns "$1" tc qdisc replace dev "$2" root handle 1: tbf rate "${3}kbit" burst 1600 limit 100000000 &&
		in_ns "$1" tc qdisc replace dev "$2" parent 1:1 handle 2: pfifo limit "$4"
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

# The ends run in the namespaces; $A and $B are the sockets.
path_attach() {
	# shellcheck disable=SC2016 # ktls-pair sets A and B
	ktls-pair --netns-a ue --addr-a 10.1.0.2 --netns-b gw --addr-b 10.3.0.2 -- sh -c '
		ip netns exec ue eftfctl tunnel add dev eftf0 fd $A inner4 10.9.0.2 gateway4 10.9.0.1 id 1 &&
		ip netns exec gw eftfctl tunnel add dev eftf0 fd $B inner4 10.9.0.2 gateway4 10.9.0.1 id 1'
}

# path_tunnel WORDS...: of eftfctl link set
path_tunnel() {
	local ns inner

	for ns in ue gw; do
		ip -n $ns link del eftf0 2>/dev/null
		inner=10.9.0.$([[ $ns == ue ]] && echo 2 || echo 1)
		in_ns $ns eftfctl link add eftf0 role $ns || return
		[[ $# -eq 0 ]] || in_ns $ns eftfctl link set eftf0 "$@" || return
		ip -n $ns addr add "$inner/32" dev eftf0 && ip -n $ns link set eftf0 up &&
			ip -n $ns route add 10.9.0.0/24 dev eftf0 || return
	done
	path_attach
}
