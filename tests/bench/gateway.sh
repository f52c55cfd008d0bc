#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many tunnels of one gateway under load; run it by tests/guest/run --icount, where a nanosecond of guest time is an
# instruction. Arguments: PEER... (eftf, wireguard, plain), or tunnels:N...: what N of eftf's cost one by one (bench_many.c).
# So many UEs (EFTF_BENCH_TUNNELS, 1000), each with a device of its own in the namespace ue, talk with one device in gw, each a
# packet of 200 octets every 200 ms, each way, one after the other: one emulated processor carries no more for all of them, and
# a packet comes alone at 20 ms as it does at 200. Output: instructions for a packet, both ends: lowest, median, highest of
# EFTF_BENCH_RUNS (3) windows, and the memory of one tunnel at both ends; the same as JSON in $EFTF_RESULTS/figures.json.
#
# UE n is 10.9.1.0 + n; what it talks with is 10.8.1.0 + n, which is local in gw.
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/path.sh
. ../bench/path.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
runs=${EFTF_BENCH_RUNS:-3} n=${EFTF_BENCH_TUNNELS:-1000} status=0

# addresses FORM: a line for each UE, of printf's form with n, its address and that of what it talks with
addresses() { awk -v n="$n" -v form="$1\n" 'BEGIN { for (i = 0; i < n; i++) { last = int(i / 256) + 1 "." i % 256; printf form, i, "10.9." last, "10.8." last } }'; }

eftf_up() {
	local i address other

	in_ns gw eftfctl link add eftf0 role gw && ip -n gw link set eftf0 up && ip -n gw route add 10.9.0.0/16 dev eftf0 || return
	addresses 'eftfctl link add ue%d role ue' | in_ns ue sh -e || return
	addresses 'link set ue%d up' | ip -n ue -batch - || return
	addresses '%d %s %s' >"$peer_files/ues"
	# shellcheck disable=SC2016
	ktls-pair --pairs "$n" --netns-a ue --addr-a "$outer_ue" --netns-b gw --addr-b "$outer_gw" -- sh -c '
		set -e
		while read -r i address _; do set -- $A; A=${A#* }; echo "eftfctl tunnel add dev ue$i fd $1 inner4 $address id 1"; done <"$0/ues" >"$0/a"
		while read -r i address _; do set -- $B; B=${B#* }; echo "eftfctl tunnel add dev eftf0 fd $1 inner4 $address"; done <"$0/ues" >"$0/b"
		ip netns exec ue sh -e "$0/a"
		ip netns exec gw sh -e "$0/b"' "$peer_files" >/dev/null || return
	while read -r i address other; do printf 'addr add %s/32 dev ue%s\nroute add %s dev ue%s\n' "$address" "$i" "$other" "$i"; done \
		<"$peer_files/ues" | ip -n ue -batch -
}

wireguard_up() {
	local gw_key public i address other key

	gw_key=$(wg genkey) public=$(wg pubkey <<<"$gw_key")
	ip -n gw link add wg0 type wireguard || return
	printf '[Interface]\nListenPort = 51820\nPrivateKey = %s\n' "$gw_key" >"$peer_files/wg0"
	addresses 'link add ue%d type wireguard' | ip -n ue -batch - || return
	while read -r i address other; do
		key=$(wg genkey)
		printf '[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\n' "$(wg pubkey <<<"$key")" "$address" >>"$peer_files/wg0"
		echo "$key" >"$peer_files/key"
		in_ns ue wg set "ue$i" private-key "$peer_files/key" peer "$public" endpoint "$outer_gw:51820" allowed-ips "$other/32" || return
	done < <(addresses '%d %s %s')
	in_ns gw wg setconf wg0 "$peer_files/wg0" && ip -n gw link set wg0 up && ip -n gw route add 10.9.0.0/16 dev wg0 || return
	addresses 'x %d %s %s' | awk '{ print "addr add", $3 "/32 dev ue" $2; print "link set ue" $2, "up"; print "route add", $4, "dev ue" $2 }' |
		ip -n ue -batch -
}

# Without a tunnel it is one neighbour, too: with one for each address the kernel's table of 1024 neighbours overflows
plain_up() {
	addresses 'x %d %s %s' | awk '{ print "addr add", $3 "/32 dev lo" }' | ip -n ue -batch - &&
		ip -n ue route add 10.8.0.0/16 via "$outer_gw" dev gw src 10.9.1.0 && ip -n gw route add 10.9.0.0/16 via "$outer_ue" dev ue
}

# Free memory, once what is being freed is free, in octets
memory() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(MemFree|Buffers|Cached|SReclaimable):/ { sum += $2 } END { printf "%.0f\n", sum * 1024 }' /proc/meminfo
}

# load: rows of the meter in gw, with as much traffic in the other direction
load() {
	local pids=() pid

	ip netns exec ue traffic meter udp 5001 0.5 1 100 >/dev/null &
	pids+=($!)
	ip netns exec gw traffic meter udp 5001 0.5 1 "$runs" >"$EFTF_RESULTS/rows" &
	local meter=$!
	sleep 0.2
	ip netns exec ue traffic offer 10.8.1.0 5001 600 $((n * 5)) "$n" 10.9.1.0 &
	pids+=($!)
	ip netns exec gw traffic offer 10.9.1.0 5001 600 $((n * 5)) "$n" 10.8.1.0 &
	pids+=($!)
	wait $meter
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
	cat "$EFTF_RESULTS/rows"
}

# WireGuard's gateway answers a crowd of handshakes by cookies, after which a UE waits for five seconds
wireguard_ready() { [[ -z $(in_ns gw wg show wg0 latest-handshakes | awk '$2 == 0') ]]; }
eftf_ready() { true; }
plain_ready() { true; }

# warm PEER: every tunnel has to have carried something, or a handshake would be measured
warm() {
	local meter try

	for try in 1 2 3 4 5 6; do
		ip netns exec gw traffic meter udp 5001 1 1 1 >/dev/null &
		meter=$!
		sleep 0.2
		ip netns exec ue traffic offer 10.8.1.0 5001 $((try > 1 ? 8 : 2)) $((try > 1 ? n / 4 : n)) "$n" 10.9.1.0
		wait $meter
		"$1_ready" && return
	done
	echo "NOT OK  $1: not all tunnels are there"
	status=1
}

measure() {
	local peer=$1 before after values rows lost

	path_direct && ip -n gw route add local 10.8.0.0/16 dev lo || return
	before=$(memory)
	"${peer}_up" || { echo "NOT OK  $peer cannot be set up"; status=1; return; }
	after=$(memory)
	warm "$peer"
	load >"$EFTF_RESULTS/all"
	# as many packets in the other direction
	mapfile -t values < <(awk '$1 > 0 { printf "%.0f\n", $4 / $1 / 2 }' "$EFTF_RESULTS/all")
	rows=$(awk '{ s += $1 } END { print s }' "$EFTF_RESULTS/all") lost=$(awk '{ s += $2 } END { print s }' "$EFTF_RESULTS/all")
	printf '%-12s %d tunnels: %s instructions for a packet, %d octets of memory each, %s packets counted, %s lost\n' "$peer" "$n" \
		"$(printf '%s\n' "${values[@]}" | sort -g | awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }')" \
		$(((before - after) / n)) "$rows" "$lost"
	jq -nc --arg peer "$peer" --argjson tunnels "$n" --argjson memory $(((before - after) / n)) --argjson lost "$lost" --argjson counted "$rows" \
		'{part: "gateway", peer: $peer, tunnels: $tunnels, octets_each: $memory, lost: $lost, counted: $counted,
		values: ($ARGS.positional | map(tonumber))}' --args "${values[@]}" >>"$EFTF_RESULTS/figures.json"
	path_down
}

# one_by_one N
one_by_one() {
	local figures out

	ip link set lo up
	out=$(EFTF_MANY=$1 "${EFTF_KERNEL_TESTS:-$EFTF_REPO/build/kernel-tests}/bench_many" 2>&1)
	read -ra figures < <(sed -n 's/.*figures //p' <<<"$out")
	[[ ${#figures[@]} -eq 6 ]] || { echo "NOT OK  $1 tunnels: $out"; status=1; return; }
	echo "tunnels ${figures[0]}: instructions to make ${figures[1]}, look up ${figures[2]}, dump ${figures[3]}, delete ${figures[4]}; ${figures[5]} octets"
	jq -nc '$ARGS.positional | map(tonumber) | {part: "tunnels", tunnels: .[0], make: .[1], lookup: .[2], dump: .[3], delete: .[4],
		octets: .[5]}' --args "${figures[@]}" >>"$EFTF_RESULTS/figures.json"
}

modprobe -aq tls aesni_intel
ulimit -n 100000
for p; do
	case $p in
	tunnels:*) one_by_one "${p#*:}" ;;
	*) measure "$p" ;;
	esac
done
trap - EXIT
exit "$status"
