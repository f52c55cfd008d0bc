# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# A tunnel of eftf.ko at both ends, over a socket with kernel TLS. VARIANT "unbound" sets no bound on what is on its way.
# Further words are for "eftfctl link set".
inner_ue=10.9.0.2 inner_gw=10.9.0.1
inner6_ue=fd09::2 inner6_gw=fd09::1

peer_up() {
	local ns inner inner6 words=("${@:2}")

	[[ ${1:-} != unbound ]] || words+=(flight-target 0)
	peer_down
	for ns in ue gw; do
		inner=inner_$ns
		in_ns $ns eftfctl link add eftf0 role $ns || return
		[[ ${#words[@]} -eq 0 ]] || in_ns $ns eftfctl link set eftf0 "${words[@]}" || return
		inner6=inner6_$ns
		ip -n $ns addr add "${!inner}/32" dev eftf0 && ip -n $ns addr add "${!inner6}/128" dev eftf0 nodad &&
			ip -n $ns link set eftf0 up && ip -n $ns route add 10.9.0.0/24 dev eftf0 &&
			ip -n $ns route add fd09::/64 dev eftf0 || return
	done
	peer_connect 'tunnel add' inner4 10.9.0.2 inner6 fd09::2 gateway4 10.9.0.1
}

# peer_swap: the tunnel gets a new outer connection, the gateway's end first: it is the UE that leaves the old one
peer_swap() { peer_connect 'tunnel swap'; }

# peer_connect VERB WORDS...: with a new outer connection
peer_connect() {
	# shellcheck disable=SC2016 # ktls-pair sets A and B, the sockets; the ends run in the namespaces
	ktls-pair --netns-a ue --addr-a "$outer_ue" --netns-b gw --addr-b "$outer_gw" -- sh -c '
		verb=$1
		shift
		ip netns exec gw eftfctl $verb dev eftf0 id 1 fd $B "$@" && ip netns exec ue eftfctl $verb dev eftf0 id 1 fd $A "$@"' \
		sh "$@" >/dev/null
}

peer_down() {
	local ns

	for ns in ue gw; do ip -n $ns link del eftf0 2>/dev/null; done
	return 0
}
