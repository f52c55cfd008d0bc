#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eftf-ue as a service: hooks that take their time, vpnc-script as a hook, what it says when asked, and to systemd.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./topology.sh
. ./manager.sh

PATH=${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
log=$EFTF_RESULTS/ue.log

status() { in_ns ue eftf-ue status "$@"; }
field() { status --json | jq -r "$1"; }
# is FIELD VALUE [SECONDS]: what the status says, soon
is() { wait_for "${3:-20}" "[[ \$(field '$1') == '$2' ]]" "$1 = $2, not $(field "$1")"; }
pings() { in_ns ue ping -q -c 2 -i 0.2 -W 3 "$PCSCF"; }

say "set-up"
check "certificates" ../lib/pki.sh "$work/pki"
check "topology" topo_up
gw_tunnel_config "pcscf = $PCSCF" "routes = 10.20.0.0/16" "dns = 10.20.0.53" "lease = 600"
check "gateway" gw_start
check "a service manager" manager_start "$work/notify"
check_fails "no eftf-ue, no status" status
status 2>"$work/out"
check "words" grep -q 'nothing answers there: is eftf-ue running?' "$work/out"

say "a hook that hangs"
printf '#!/bin/sh\necho "begun $EFTF_REASON"; sleep 600\n' >"$work/hook"
chmod +x "$work/hook"
ue_tunnel_config "hook = $work/hook" "hook_timeout = 8"
# without that an identity is made, but not by who only asks whether the configuration is good
rm -f /etc/machine-id
check "the configuration is good" eftf-ue --test-config -c "$work/ue.conf"
check "to ask that changes nothing" test ! -e /etc/eftf/client-id
spawn_in ue ue env NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=3000000 eftf-ue -v -c "$work/ue.conf"
check "up" up 1 30
((checks_failed == 0)) || finish	# nothing else can work
check "a UE without a machine's identity has made its own" test -s /etc/eftf/client-id
check "its output is in the log" wait_for 10 "holds 'hook .*: begun up' $log" "the line"
kill -USR1 "$(pid_of ue)"
check "the tunnel does not wait for it" wait_for 20 "holds 'outer connection replaced' $log" "replacement"
check "ping" pings
check "killed, and said" wait_for 20 "holds 'hook .*\(up\): took longer than 8.0 s, killed' $log" "the end of the hook"

say "status"
check "text" grep -Eq '^state +up$' <(status)
check_is "inner address" 10.64.0.2 "$(field .inner.address)"
check_is "P-CSCF" "$PCSCF" "$(field '.inner.pcscf[0]')"
check_is "name server" 10.20.0.53 "$(field '.inner.dns[0]')"
check_is "routes" 10.20.0.0/16 "$(field '.inner.routes | map(select(. == "10.20.0.0/16")) | .[0]')"
check_is "peer" "$GW_OUTER:443" "$(field .outer.peer)"
check_is "link" lan0 "$(field .outer.link)"
check_is "proxy" null "$(field .outer.proxy)"
check_range "seconds that the lease has" 1 600 "$(field .lease.left_s)"
check_range "octets that came in" 100 1000000 "$(field .tunnel.in_bytes)"
check_is "no next try" null "$(field .next_try_s)"
check "events" grep -q 'T.*Z info: tunnel up: 10.64.0.2' <(field '.events[]')
check_fails "not root" in_ns ue setpriv --reuid 65534 --clear-groups eftf-ue status
check_is "no core file" "0 0" "$(awk '/^Max core/ { print $5, $6 }' "/proc/$(pid_of ue)/limits")"

say "the service manager"
check "ready" told READY=1
check "status" told 'STATUS=up: 10.64.0.2 via eftf0'
check "it lives" told WATCHDOG=1
kill -HUP "$(pid_of ue)"
check "reloading" told RELOADING=1
check "with the time of it" told 'MONOTONIC_USEC=[0-9]'
check "ready again" wait_for 20 "holds '^READY=1' $EFTF_RESULTS/manager.log 2" "READY=1, twice"
stop gw
check "without the EFTF it waits" is .state waiting 60
check "and says until when" wait_for 20 '[[ $(field .next_try_s) =~ ^[0-9]+$ ]]' "seconds"
check "the reason of the end" is .tunnel.end released
check "gateway" gw_start
check "up again" up 2 60
stop ue
check_is "exit status" 0 $?
check "stopping" told STOPPING=1
check_fails "nothing answers" status

say "vpnc-script is the hook"
before=$(in_ns ue ip route show default)
rm -f /etc/resolv.conf
echo "nameserver 192.168.77.1" >/etc/resolv.conf
ue_tunnel_config "hook = /usr/share/vpnc-scripts/vpnc-script"
spawn_in ue ue eftf-ue -v -c "$work/ue.conf"
check "up" up 1 30
check "the name server is the tunnel's" wait_for 30 "holds '^nameserver 10.20.0.53' /etc/resolv.conf" "the name server"
check "it has done its work" wait_for 30 "holds 'hook .*\(up\): done in' $log" "its end"
check_is "the default route is as before" "$before" "$(in_ns ue ip route show default)"
check "the address is there" grep -q 10.64.0 <(in_ns ue ip -4 addr show dev eftf0)
check "ping" pings
sed -i 's/^mode = .*/mode = off/' "$work/ue.conf"
kill -HUP "$(pid_of ue)"
check "down, when the tunnel is not wanted any more" is .state off 60
check "the name server is as before" wait_for 30 "holds '^nameserver 192.168.77.1' /etc/resolv.conf" "the name server"
check_is "routes left over" "" "$(in_ns ue ip route show | grep "$GW_OUTER")"
check "exit status" stop ue

say "the journal, and secrets"
: >"$work/journal"
JOURNAL_STREAM=$(stat -c %d:%i "$work/journal") in_ns ue eftf-ue -c "$work/none.conf" 2>>"$work/journal"
check "a severity that the journal reads" grep -q '^<3>.*none.conf' "$work/journal"
ue_tunnel_config "[proxy]" "url = http://$PROXY:3128" "user = joe" "password = secret"
chmod 644 "$work/ue.conf"
check "a password that all can read" grep -q "password in $work/ue.conf: others than its owner" <(in_ns ue eftf-ue -t -c "$work/ue.conf" 2>&1)
chmod 600 "$work/ue.conf"
check_fails "for its owner alone" grep -q "others than its owner" <(in_ns ue eftf-ue -t -c "$work/ue.conf" 2>&1)
finish
