#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ends: whichever side stops, orderly or not, at whatever moment, the other says why, is clean, and goes on.
# Then what must not even begin.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
ue_log=$EFTF_RESULTS/ue.log
gw_log=$EFTF_RESULTS/gw.log

# gw_config CERTIFICATE
# One address for UEs: the next can only come up when it has become free.
gw_config() {
	cat >"$work/gw.conf" <<-END
		[gateway]
		cert = $work/pki/$1.pem
		key = $work/pki/$1.key
		pool = 10.64.0.0/30
		pcscf = $PCSCF
		routes = 10.20.0.0/16
		hold = 1
		max_flows = 0
		persistent = no
	END
}

ue_config() {
	cat >"$work/ue.conf" <<-END
		[eftf]
		address = $GW_NAME
		ca = $work/pki/ca.pem
		[detect]
		mode = always
	END
}

ue_start() { spawn_in ue ue eftf-ue -v -c "$work/ue.conf"; }
up() { wait_for "${2:-30}" "holds 'tunnel up' $ue_log $1" "tunnel up, $1 times"; }
pings() { in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"; }
no_tunnel() { wait_for 30 "shown=\$(in_ns $1 eftfctl --json tunnel show) && [[ \$shown != *'\"id\"'* ]]" "no tunnel in $1"; }
# Whether the kernel still looked for another owner of an address is not the question.
net_state() {
	local state

	state=$(ip -n "$1" -o -batch - <<<$'addr show\nroute show') && echo "${state// tentative}"
}
# says WHO LOG WORDS: there is a line with these words (an extended regular expression); shows it
says() {
	if wait_for 30 "holds '$3' $2" ''; then
		[[ ! $held =~ ^[^:]*:\ [a-z]*:\ (.*) ]] || held=${BASH_REMATCH[1]}
		ok "$1 says: $held"
	else
		not_ok "$1 says why" "$3" "$(head -n 8 "$2")"
	fi
}
ue_says() { says "the UE" "$ue_log" "$1"; }
gw_says() { says "the gateway" "$gw_log" "$1"; }
# end NAME SIGNAL: checks that it ends at once, if it was asked to: well
end() {
	local before=${EPOCHREALTIME/./} status

	stop "$1" "$2"
	status=$?
	if [[ $2 == TERM ]]; then
		check_is "exit status of $1" 0 "$status"
		check_range "... milliseconds" 0 9000 $(((${EPOCHREALTIME/./} - before) / 1000))
	fi
}

# From here on the gateway takes no part until "go_on": the main process, and its workers.
freeze() {
	# shellcheck disable=SC2046  # one word for each
	kill -STOP "${spawned[gw]}" $(pgrep -P "${spawned[gw]}")
	wait_for 20 "holds '^State:.T' /proc/${spawned[gw]}/status" "a stopped gateway"
}
# shellcheck disable=SC2046
go_on() { kill -CONT "${spawned[gw]}" $(pgrep -P "${spawned[gw]}"); }
# A UE whose ClientHello waits at the gateway
in_handshake() {
	freeze && ue_start &&
		wait_for 20 "[[ \$(in_ns gw ss -Htn state established 'sport = :443') =~ (^|\$'\n')[1-9] ]]" "ClientHello"
}
# The gateway's DHCP answers do not arrive: what is larger than an alert and smaller than the handshake's flight
hold_offer() {
	in_ns fw nft -f - <<-END
		table inet hold {
			chain forward {
				type filter hook forward priority -10; policy accept;
				iifname wan0 tcp sport 443 meta length 300-700 counter drop
			}
		}
	END
}
offer_held() { [[ $(in_ns fw nft list chain inet hold forward) =~ counter\ packets\ [1-9] ]]; }
let_offer() { in_ns fw nft delete table inet hold; }
in_negotiation() { hold_offer && ue_start && wait_for 20 offer_held "an offer that was held"; }
traffic() {
	spawn_in ue flood ping -q -i 0.005 -s 1000 "$PCSCF"
	wait_for 30 "holds 'eftf0: *[0-9]+ +([6-9][0-9]|[0-9]{3,}) ' /proc/${spawned[gw]}/net/dev" "traffic"
}
under_traffic() { ue_start && up 1 && traffic; }

# clean SIDE: as it was before eftf ran there
ue_clean() { clean "the UE's" "$ue_state" "$(net_state ue)"; }
gw_clean() { clean "the gateway's" "$gw_state" "$(net_state gw)"; }
clean() {
	if [[ $2 && $2 == "$3" ]]; then
		ok "$1 addresses and routes are as before"
	else
		not_ok "$1 addresses and routes are as before" "$2" "$3"
	fi
}

# ue_ends MOMENT SIGNAL WORDS: the UE ends, the gateway says WORDS and serves the next
ue_ends() {
	say "UE, SIG$2, $1"
	check "gateway" gw_start
	check "the moment: $1" "$1"
	[[ $1 != in_handshake || $2 == TERM ]] || kill -KILL "$(pid_of ue)"
	end ue "$2"
	[[ $1 != in_handshake ]] || go_on
	[[ $1 != in_negotiation ]] || let_offer
	stop flood
	gw_says "$3"
	check "no tunnel in the UE" no_tunnel ue
	check "no tunnel at the gateway" no_tunnel gw
	[[ $2 != TERM ]] || ue_clean
	ue_start
	check "the next UE gets the address" up 1
	check "ping" pings
	stop ue
	# it was there when the next came: that does not delete it
	[[ $2 != KILL ]] || ip -n ue link del eftf0 2>/dev/null
	end gw TERM
	gw_clean
}

# gw_ends MOMENT SIGNAL WORDS: the gateway ends, the UE says WORDS and finds the next gateway by itself
gw_ends() {
	local ups

	say "gateway, SIG$2, $1"
	check "gateway" gw_start
	check "the moment: $1" "$1"
	# "end" sends it again: two are no shortcut
	if [[ $1 == in_handshake && $2 == TERM ]]; then
		kill -TERM "$(pid_of gw)"
		go_on
	fi
	end gw "$2"
	[[ $1 != in_negotiation ]] || let_offer
	[[ $2 != TERM ]] || gw_clean
	ue_says "$3"
	check "no tunnel at the gateway" no_tunnel gw
	check "no tunnel in the UE" no_tunnel ue
	check "the UE runs on" alive ue
	ups=$(grep -c 'tunnel up' "$ue_log")
	check "another gateway" gw_start
	check "the UE finds it by itself" up $((ups + 1)) 60
	check "ping" pings
	stop flood
	end ue TERM
	ue_clean
	end gw TERM
	[[ $2 != KILL ]] || ip -n gw link del eftf0
	gw_clean
}

say "set-up"
check "topology" topo_up
check "watch over the outer link" outer_watch
check "certificates" ../lib/pki.sh "$work/pki"
gw_config eftf
ue_config
ue_state=$(net_state ue)
gw_state=$(net_state gw)

for signal in TERM KILL; do
	ue_ends in_handshake $signal 'closed: the peer closed the connection during the TLS handshake'
	ue_ends in_negotiation $signal 'closed: (the UE left before|the peer closed the connection without)'
	ue_ends under_traffic $signal 'tunnel [0-9]+ down: .* reason (released|deleted)( \(address released\))?$'
	gw_ends in_handshake $signal '(during|after) the TLS handshake'
	gw_ends in_negotiation $signal 'error: .*(closed|reset) the connection'
	gw_ends under_traffic $signal 'tunnel down after [0-9]+ s: the peer released it'
done

say "the module goes away under both, and comes back"
check "gateway" gw_start
ue_start
check "up" up 1
check "rmmod" rmmod eftf
gw_says 'tunnel 1 down: .* reason (released|link-deleted)$'
gw_says 'error: kernel module eftf was unloaded: cannot go on'
wait "$(pid_of gw)"
check_is "exit status of the gateway" 1 $?
ue_says 'tunnel down after [0-9]+ s: the network device was deleted'
check "the UE runs on" alive ue
in_ns gw eftf-gw -c "$work/gw.conf" >"$gw_log" 2>&1
check_is "a gateway without the module: exit status" 1 $?
check_is "... lines" 1 "$(wc -l <"$gw_log")"
gw_says 'module eftf is not loaded: insmod eftf.ko'
# another device: the first UE has its lock
{ cat "$work/ue.conf"; printf '[tunnel]\ndevice = eftf9\n'; } >"$work/second.conf"
in_ns ue eftf-ue --once -c "$work/second.conf" >"$work/second" 2>&1
check_is "a UE without the module: exit status" 1 $?
check_is "... lines" 1 "$(wc -l <"$work/second")"
says "the UE" "$work/second" 'module eftf is not loaded: insmod eftf.ko'
check "insmod" insmod "$EFTF_KO"
check "gateway" gw_start
check "the UE is up again by itself" up 2 60
check "ping" pings
end ue TERM
ue_clean
end gw TERM
gw_clean

say "wrong certificates"
# refused CERTIFICATE WORDS
refused() {
	gw_config "$1"
	check "gateway with certificate: $1" gw_start
	in_ns ue timeout 60 eftf-ue --once -c "$work/ue.conf" >"$ue_log" 2>&1
	check_is "exit status of the UE" 3 $?
	ue_says "$2"
	ue_clean
	gw_says 'connection from [^ ]+ closed: .*alert'
	end gw TERM
}
refused foreign 'error: .*intercepted'
refused wrong-name 'error: .*name'
refused expired 'error: .*(expired|date|valid)'
outer_check
gw_config eftf

say "without CAP_NET_ADMIN"
for side in ue gw; do
	in_ns $side setpriv --bounding-set=-net_admin eftf-$side -c "$work/$side.conf" >"$work/out" 2>&1
	check_is "eftf-$side: exit status" 1 $?
	check_is "... lines" 1 "$(wc -l <"$work/out")"
	says "eftf-$side" "$work/out" 'CAP_NET_ADMIN'
done

say "wrong configurations"
# wrong PROGRAM LINE KEY: the line is added to a good configuration; file, line, key are named
wrong() {
	local file=$work/wrong.conf

	cp "$work/${1#eftf-}.conf" "$file"
	echo "$2" >>"$file"
	"$1" -c "$file" >"$work/out" 2>&1
	check_is "$1: \"$2\": exit status" 2 $?
	check_is "... lines" 1 "$(wc -l <"$work/out")"
	says "$1" "$work/out" "$file:$(wc -l <"$file"): .*$3"
}
wrong eftf-ue "nonsense = 1" nonsense
wrong eftf-ue "timeout_ms = soon" timeout_ms
wrong eftf-ue "pcscf = 10.20.0.300" pcscf
wrong eftf-gw "nonsense = 1" nonsense
wrong eftf-gw "lease = 59" lease
wrong eftf-gw "pool = 10.64.0.0/33" pool
wrong eftf-gw "routes = 10.20.0.0/16 via nobody" routes
finish
