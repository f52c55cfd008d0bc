#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a full handshake costs an EFTF, beside the least that wolfSSL needs for it (tests/lib/tls-loop.c): processor time of
# the servers alone, of one processor that they share with who connects. Run it by tests/guest/run --icount, where a
# nanosecond of guest time is an instruction. Output: handshakes for each second of processor time, of a bare loop and of
# eftf-gw with one worker and with two; of two workers the share that the busier one has had; as JSON in figures.json.
set -u
cd "$(dirname "$0")/../guest" || exit 1
# shellcheck source=tests/guest/lib.sh
. ./lib.sh
# shellcheck source=tests/guest/loopback.sh
. ./loopback.sh

PATH=$tools:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
seconds=${EFTF_BENCH_SECONDS:-6} status=0

# ticks PID...: processor time of each, in hundredths of a second
ticks() {
	local pid

	for pid; do awk '{ print $14 + $15 }' "/proc/$pid/stat"; done
}
# shakes: handshakes of so many seconds
shakes() { gw-attack handshake 127.0.0.1 4443 "$seconds" 4 | awk '{ v[$1] = $2 } END { print v["opened"] - v["refused"] }'; }
# measure SERVER PID...: of a server with these processes
measure() {
	local server=$1 before after n values
	shift
	gw-attack handshake 127.0.0.1 4443 1 4 >/dev/null
	mapfile -t before < <(ticks "$@")
	n=$(shakes)
	mapfile -t after < <(ticks "$@")
	values=$(paste -d' ' <(printf '%s\n' "${before[@]}") <(printf '%s\n' "${after[@]}") |
		awk -v n="$n" '{ d = $2 - $1; s += d; if (NR > 1 && d > most) most = d; if (NR > 1) w += d }
			END { printf "%.0f %.2f\n", s ? 100 * n / s : 0, w ? most / w : 1 }')
	echo "$server: $n handshakes; for a second of processor time, and the busier worker's share: $values"
	((n > 0)) || { echo "NOT OK  $server: no handshake"; status=1; }
	jq -nc --arg server "$server" --argjson n "$n" '$ARGS.positional | map(tonumber) |
		{part: "handshakes", server: $server, n: $n, per_second: .[0], share: .[1]}' --args $values >>"$EFTF_RESULTS/figures.json"
}
gateway() {
	loopback_config "workers = $1" "max_handshakes_per_source = 100000" "handshake_rate_per_source = 0"
	gw_start gw || { echo "NOT OK  $(cat "$EFTF_RESULTS/gw.log")"; exit 1; }
	# the first is the main process
	# shellcheck disable=SC2046
	measure "eftf-gw, $1 worker$([[ $1 == 1 ]] || echo s)" "$(pid_of gw)" $(pgrep -P "$(pid_of gw)")
	stop gw
}

loopback_up >/dev/null || exit
modprobe -q aesni_intel
spawn loop tls-loop "$work/pki/eftf.pem" "$work/pki/eftf.key" 127.0.0.1 4443
wait_for 30 "[[ -n \$(ss -Hltn sport = :4443) ]]" "tls-loop" || exit 1
measure "bare wolfSSL" "$(pid_of loop)"
stop loop KILL
gateway 1
gateway 2
trap - EXIT
exit "$status"
