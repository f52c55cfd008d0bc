# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by what attacks a gateway: UEs that come meanwhile, and their times.

attack=${EFTF_TEST_TOOLS:?}/gw-attack
# Each connection of an attack comes from another /48 of it.
export far=2001:db9::

# ues N SECONDS: UEs that come one after the other, until there is an offer, for so long at most
ues() { in_ns ue "$attack" measure "$GW_OUTER" 443 "$2" "$1" >"$EFTF_RESULTS/ues"; }
seen() { sed -n "s/^$1 //p" "$EFTF_RESULTS/ues"; }
# figures WHAT: of the last ues, as a line and as JSON in figures.json
figures() {
	echo "        $1: $(seen good) UEs, ms: least $(seen least), median $(seen median), p99 $(seen p99)"
	jq -nc --arg attack "$1" '$ARGS.positional | map(tonumber) | {part: "attack", attack: $attack, good: .[0], failed: .[1],
		least_ms: .[2], median_ms: .[3], p99_ms: .[4]}' \
		--args "$(seen good)" "$(seen failed)" "$(seen least)" "$(seen median)" "$(seen p99)" >>"$EFTF_RESULTS/figures.json"
}
