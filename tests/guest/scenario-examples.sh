#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The examples for those who have a TLS library of their own: both ends of a tunnel by them, and what they say when
# the kernel refuses.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh

repo=$(realpath ../..)
PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
declare -A example=([Python]=$repo/userspace/dist/examples/ktls-tunnel.py [OpenSSL]=$tools/ktls-openssl [GnuTLS]=$tools/ktls-gnutls)
export EFTF_YAML=$repo/include/netlink/eftf.yaml

"$repo/tests/lib/pki.sh" "$work/pki" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
ip netns add ue
ip netns add gw
ip link add outer netns ue type veth peer name outer netns gw
for end in "ue 198.51.100.7 10.0.0.2" "gw 198.51.100.1 10.0.0.1"; do
	read -r ns outer inner <<<"$end"
	in_ns "$ns" ip addr add "$outer/24" dev outer
	in_ns "$ns" ip link set lo up
	in_ns "$ns" ip link set outer up
	in_ns "$ns" eftfctl link add eftf0 role "$ns"
	in_ns "$ns" ip addr add "$inner/24" dev eftf0
	in_ns "$ns" ip link set eftf0 up
done
# listen NAME, call NAME: the two ends of 10.0.0.1 and 10.0.0.2, by an example
listen() { spawn_in gw gw "${example[$1]}" listen 198.51.100.1 "$work/pki/eftf.pem" "$work/pki/eftf.key" eftf0 10.0.0.2 10.0.0.1; }
call() { spawn_in ue ue "${example[$1]}" connect 198.51.100.1 "$work/pki/ca.pem" "${2:-eftf0}" 10.0.0.2 10.0.0.1; }
tell() { # NAME...: what the examples said
	for name; do
		echo "$name: $(tail -n 3 "$EFTF_RESULTS/$name.log")"
	done
}

# pair UE GW VERSION
pair() {
	say "TLS by $1 and $2, keys to the kernel, socket to the module"
	watch_tls in_ns ue outer
	listen "$2"
	wait_for 60 "[[ \$(in_ns gw ss -Hltn sport = :443) ]]" "the EFTF's end"
	call "$1"
	check "both ends have a tunnel" wait_for 60 "holds 'tunnel up' $EFTF_RESULTS/ue.log && holds 'tunnel up' $EFTF_RESULTS/gw.log" \
		"$(tell ue gw)"
	check "a packet there and back" in_ns ue ping -q -c 1 -W 30 10.0.0.1
	check "and from the other side" in_ns gw ping -q -c 3 -i 0.2 -W 30 10.0.0.2
	check_is "the kernel knows it as" "$3" "$(in_ns ue eftfctl --json tunnel show | jq -r '.tunnels[0].tls')"
	stop ue
	check "the tunnel ends with its program" wait_for 30 "[[ \$(in_ns ue eftfctl --json tunnel show | jq '.tunnels | length') == 0 ]]" "no tunnel"
	check "at the other end, too" wait_for 30 "[[ \$(in_ns gw eftfctl --json tunnel show | jq '.tunnels | length') == 0 ]]" "no tunnel"
	stop gw
	check_tls "the connection"
}
pair Python Python "TLS 1.3"
pair GnuTLS Python "TLS 1.3"
# Before 3.2 its part of kernel TLS does not receive by TLS 1.3.
[[ $(openssl version) =~ ^OpenSSL\ 3\.[01]\. ]] && version="TLS 1.2" || version="TLS 1.3"
pair OpenSSL OpenSSL "$version"

say "the kernel's reason is shown"
for name in Python OpenSSL GnuTLS; do
	peer=$name
	[[ $name != GnuTLS ]] || peer=Python
	listen "$peer"
	wait_for 60 "[[ \$(in_ns gw ss -Hltn sport = :443) ]]" "the EFTF's end"
	call "$name" outer
	wait "${spawned[ue]}"
	check_is "$name: a device of another kind" "the device is not of kind eftf" "$(tail -n 1 "$EFTF_RESULTS/ue.log" | sed 's/.*\] //; s/^tunnel: //')"
	stop ue
	stop gw
done
finish
