# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# openconnect to ocserv, over TLS only (no DTLS): the nearest in form to eftf, in user space
inner_ue=10.9.0.2 inner_gw=10.9.0.1

ocserv_files() {
	[[ ! -e $peer_files/ocserv.conf ]] || return 0
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=gw -addext "subjectAltName=IP:$outer_gw" \
		-keyout "$peer_files/ocserv.key" -out "$peer_files/ocserv.pem" 2>/dev/null || return
	echo secret >"$peer_files/ocserv.password"
	yes secret | ocpasswd -c "$peer_files/ocserv.users" ue || return
	mkdir -p "$peer_files/ocserv.each" && echo "explicit-ipv4 = $inner_ue" >"$peer_files/ocserv.each/ue"
	chmod -R a+rX "$peer_files"
	cat >"$peer_files/ocserv.conf" <<-END
		auth = "plain[passwd=$peer_files/ocserv.users]"
		listen-host = $outer_gw
		tcp-port = 443
		run-as-user = nobody
		run-as-group = nogroup
		socket-file = $peer_files/ocserv.socket
		pid-file = $peer_files/ocserv.pid
		server-cert = $peer_files/ocserv.pem
		server-key = $peer_files/ocserv.key
		isolate-workers = false
		max-clients = 4
		keepalive = 32400
		dpd = 3600
		mobile-dpd = 3600
		device = tun
		predictable-ips = true
		ipv4-network = 10.9.0.0
		ipv4-netmask = 255.255.255.0
		ping-leases = false
		compression = false
		config-per-user = $peer_files/ocserv.each
		tls-priorities = "NORMAL:-CIPHER-ALL:+AES-128-GCM"
	END
	cat >"$peer_files/ocserv.script" <<-'END'
		#!/bin/sh
		[ "$reason" = connect ] || exit 0
		ip link set "$TUNDEV" mtu "$INTERNAL_IP4_MTU" up
		ip addr add "$INTERNAL_IP4_ADDRESS" peer 10.9.0.1 dev "$TUNDEV"
	END
	chmod +x "$peer_files/ocserv.script"
}

peer_up() {
	peer_down
	need_tun && ocserv_files || return
	spawn_in gw ocserv ocserv --foreground --config "$peer_files/ocserv.conf"
	wait_for 20 "in_ns gw ss -Hltn 'sport = 443' | grep -q ." "ocserv" || return
	spawn_in ue openconnect sh -c 'exec openconnect --protocol=anyconnect --no-dtls --non-inter --passwd-on-stdin --user=ue \
		--cafile "$0/ocserv.pem" --interface tun0 --script "$0/ocserv.script" "https://$1/" <"$0/ocserv.password"' \
		"$peer_files" "$outer_gw"
	wait_for 30 "in_ns ue ping -q -c 1 -W 1 $inner_gw" "openconnect"
}

peer_down() {
	stop openconnect
	stop ocserv
}
