# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# WireGuard of the kernel, over UDP
inner_ue=10.9.0.2 inner_gw=10.9.0.1

peer_up() {
	local ns inner key_ue key_gw

	peer_down
	if ! ip -n gw link add wg0 type wireguard 2>/dev/null || ! ip -n ue link add wg0 type wireguard; then
		echo "the kernel has no WireGuard"
		return 3
	fi
	key_ue=$(wg genkey) key_gw=$(wg genkey)
	in_ns gw wg set wg0 listen-port 51820 private-key <(echo "$key_gw") \
		peer "$(wg pubkey <<<"$key_ue")" allowed-ips "$inner_ue/32" &&
		in_ns ue wg set wg0 private-key <(echo "$key_ue") \
			peer "$(wg pubkey <<<"$key_gw")" endpoint "$outer_gw:51820" allowed-ips 10.9.0.0/24 || return
	for ns in ue gw; do
		inner=inner_$ns
		ip -n $ns addr add "${!inner}/24" dev wg0 && ip -n $ns link set wg0 up || return
	done
	# a handshake that is lost is repeated after 5 s
	in_ns ue ping -q -c 1 -w 20 "$inner_gw" >/dev/null
}

peer_down() {
	local ns

	for ns in ue gw; do ip -n $ns link del wg0 2>/dev/null; done
	return 0
}
