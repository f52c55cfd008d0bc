# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An eftf-gw on the loopback address, with no network around it. Source lib.sh first; its files are in $work.

# the module, the link, the certificates in $work/pki
loopback_up() {
	modprobe -aq tls eftf
	# beside other guests the ends of so many tunnels take longer than 10 s; a lost reference takes for ever
	echo 60 >/proc/sys/net/core/netdev_unregister_timeout_secs
	ip link set lo up
	../lib/pki.sh "${work:?}/pki"
}

# loopback_config LINE...: $work/gw.conf with these lines of [gateway] besides
loopback_config() {
	printf '%s\n' "[gateway]" "listen = 127.0.0.1:4443" "cert = $work/pki/eftf.pem" "key = $work/pki/eftf.key" \
		"pool = 10.64.0.0/16" "policy = open" "$@" "[status]" "socket = $work/gw.sock" >"$work/gw.conf"
}

# gw_start NAME: until it is ready; its log has this name
gw_start() {
	: >"$EFTF_RESULTS/$1.log"
	spawn "$1" eftf-gw -c "$work/gw.conf"
	wait_for 60 "holds ready $EFTF_RESULTS/$1.log" "the gateway"
}

# counter NAME: a figure of the gateway's status, by jq
counter() { eftf-gw status -s "$work/gw.sock" -j | jq ".$1"; }
