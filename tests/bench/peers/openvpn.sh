# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# OpenVPN over TCP, AES-128-GCM; VARIANT "dco" with the data channel in the kernel, by the module $EFTF_BENCH_DCO
inner_ue=10.9.0.2 inner_gw=10.9.0.1

# certificate NAME: a key and a certificate, of which the other end knows the fingerprint
openvpn_certificate() {
	[[ -e $peer_files/$1.pem ]] ||
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
			-keyout "$peer_files/$1.key" -out "$peer_files/$1.pem" 2>/dev/null
}

openvpn_fingerprint() { openssl x509 -in "$peer_files/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//'; }

# openvpn_end NS OTHER WORDS...
openvpn_end() {
	local ns=$1 other=$2 mine=inner_$1 theirs=inner_$2

	shift 2
	spawn_in "$ns" "openvpn-$ns" openvpn --dev tun0 --dev-type tun --ifconfig "${!mine}" "${!theirs}" \
		--cert "$peer_files/$ns.pem" --key "$peer_files/$ns.key" --peer-fingerprint "$(openvpn_fingerprint "$other")" \
		--data-ciphers AES-128-GCM --cipher AES-128-GCM --socket-flags TCP_NODELAY --verb 3 "$@"
}

peer_up() {
	local kind=(--disable-dco) ns

	peer_down
	if [[ ${1:-} == dco ]]; then
		if [[ ! -e ${EFTF_BENCH_DCO:-} ]]; then
			echo "no module ovpn-dco-v2 for this kernel"
			return 3
		fi
		if [[ ! -d /sys/module/ovpn_dco_v2 ]]; then
			for ns in $(modinfo -F depends "$EFTF_BENCH_DCO" | tr , ' '); do modprobe "$ns" || return; done
			insmod "$EFTF_BENCH_DCO" || return
		fi
		kind=()
	else
		need_tun || return
	fi
	for ns in ue gw; do openvpn_certificate $ns || return; done
	openvpn_end gw ue --proto tcp-server --local "$outer_gw" --port 1194 --tls-server --dh none "${kind[@]}"
	sleep 0.3
	openvpn_end ue gw --proto tcp-client --remote "$outer_gw" 1194 --nobind --tls-client "${kind[@]}"
	wait_for 30 "in_ns ue ping -q -c 1 -W 1 $inner_gw" "OpenVPN" || return
	[[ ${1:-} != dco ]] || ip -d -n ue link show tun0 | grep -q ovpn-dco || { echo "OpenVPN does not use DCO"; return 3; }
}

peer_down() {
	stop openvpn-ue
	stop openvpn-gw
}
