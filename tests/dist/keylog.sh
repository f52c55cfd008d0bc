#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a guest: Wireshark's dissector on a tunnel of the programs, with the key log of an eftf-ue that was built for tests.
#   EFTF_KEYLOG_BUILD: the folder of that eftf-ue
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/guest/lib.sh
. ../guest/lib.sh
# shellcheck source=tests/guest/topology.sh
. ../guest/topology.sh

PATH=${EFTF_KEYLOG_BUILD:?folder of the eftf-ue for tests}:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
capture=$EFTF_RESULTS/outer.pcap keys=$EFTF_RESULTS/keys

# see FIELD...: of each frame with envelopes
see() {
	local words=()
	for field; do words+=(-e "$field"); done
	tshark -X "lua_script:$PWD/../../userspace/dist/ftt-ims.lua" -o "tls.keylog_file:$keys" -r "$capture" -Y ftt_ims \
		-T fields -E separator='|' "${words[@]}" 2>"$EFTF_RESULTS/tshark.log"
}

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
fw_restrict
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16"
check "gateway" gw_start
ue_tunnel_config
spawn_in inet tcpdump tcpdump --immediate-mode -i fw0 -U -w "$capture" tcp port 443
check "capture" wait_for 20 "holds 'listening on' $EFTF_RESULTS/tcpdump.log" "tcpdump"

say "a tunnel with a key log"
spawn_in ue ue eftf-ue --keylog "$keys" -c "$work/ue.conf"
check "tunnel up" up 1 60
((checks_failed == 0)) || finish	# nothing else can work
check "the core is there" in_ns ue ping -q -c 3 -i 0.2 -W 20 "$PCSCF"
check_is "nobody else may read the secrets" 600 "$(stat -c %a "$keys")"
kill -USR1 "$(pid_of ue)"
check "another outer connection" wait_for 30 "holds 'outer connection replaced' $EFTF_RESULTS/ue.log" "its line"
check "the core is there" in_ns ue ping -q -c 3 -i 0.2 -W 20 "$PCSCF"
stop ue
check_is "eftf-ue ends well" 0 $?
stop gw
stop tcpdump INT
check_range "connections with their secrets in the file" 2 20 "$(cut -d' ' -f1,2 "$keys" | sort -u | grep -c .)"

say "what Wireshark sees"
check_range "envelopes of DHCP: discover, offer, request, acknowledgement" 4 1000 "$(see ftt_ims.type dhcp.option.dhcp | grep -cE '\|.+')"
check_range "echoes and their answers in envelopes" 12 1000 "$(see icmp.type icmp.seq | tr ',' '\n' | grep -cE '^[08]')"
check_is "remarks of the dissector" "" "$(see _ws.expert.message | tr ',' '\n' | grep -iE 'envelope|skips it|IPv4 nor|stream cannot' | sort -u)"
mv "$keys" "$keys.away"
touch "$keys"
check_is "without the keys" "" "$(see ftt_ims.type)"
finish
