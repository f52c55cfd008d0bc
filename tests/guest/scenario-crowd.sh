#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many UEs (tests/interop/peer-crowd) make their next connection at the same moment: each keeps its one tunnel and its address.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./loopback.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
crowd_log=$EFTF_RESULTS/crowd.log
many=${EFTF_CROWD:-100}

# says WORD: what the crowd has said of it
says() { wait_for 240 "holds '^$1 ' $crowd_log" "$1" >&2 && echo "${held#* }"; }

say "set-up"
check "module, link, certificates" loopback_up
loopback_config "state_dir = $work" "max_tunnels_per_source = 0" "max_handshakes = 4096" "max_handshakes_per_source = 100000" \
	"handshake_rate_per_source = 0" "handshake_timeout = 120" "negotiate_timeout = 120"
check "gateway" gw_start gw

say "$many UEs"
ulimit -n 8192
spawn crowd ../interop/peer-crowd --connect 127.0.0.1:4443 --name eftf.ims.example --ca "$work/pki/ca.pem" --number "$many"
check_is "UEs with an address of their own" "$many" "$(says up)"
check_is "that have the same one by their next connection" "$many" "$(says moved)"
check_is "connections of before that are ended" "$many" "$(says ended)"
sed -n 's/^after/        after/p' "$crowd_log"
check_is "tunnels" "$many" "$(counter tunnels.now)"
check_is "in the module" "$many" "$(eftfctl --json tunnel show | jq '.tunnels | length')"
check_is "tunnels that went on with the next connection" "$many" "$(counter tunnels.moved)"
check_is "tunnels made" "$many" "$(counter tunnels.attached)"
check_is "good tokens" "$many" "$(counter tokens.good)"
check_is "addresses in use" "$many" "$(counter pool.owned)"
check_is "held or in quarantine" 0 "$(counter "pool | .held + .quarantined")"
check_is "workers lost" 0 "$(counter workers.lost)"

say "killed"
stop gw KILL
check "a successor" gw_start gw2
check "takes over all" grep -q "$many tunnels taken over, 0 ended" "$EFTF_RESULTS/gw2.log"
stop crowd KILL
check "SIGTERM" stop gw2
finish
