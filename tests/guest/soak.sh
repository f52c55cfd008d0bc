#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module for a long time in a debug kernel, EFTF_SOAK_SECONDS (3600) at least, in cycles of about five minutes:
#   faults   tunnels of several devices come and go under traffic (fuzz_churn) while a share of the module's
#            allocations fails; TCP has no memory then for some FIN and RST, which fuzz_churn counts
#   netlink  the same without faults, and random netlink messages
#   stream   the same, and a hostile peer
#   rest     none of it: now and then the lives of test_rounds, always what the kernel's memory looks like
# Each cycle ends with a line of figures, on the terminal and in $EFTF_RESULTS/figures. Something hangs if
# none of the programs gets any further for EFTF_SOAK_PATIENCE (300) seconds. The host looks for splats.
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=${EFTF_KERNEL_TESTS:?the folder of the test programs}
seconds=${EFTF_SOAK_SECONDS:-3600}
patience=${EFTF_SOAK_PATIENCE:-300}
work=$(mktemp -d)
figures=$EFTF_RESULTS/figures
start=$SECONDS
cycle=0 faults=0 leaks=0 sums_rounds=0 sums_made=0 sums_ended=0 sums_refused=0 sums_swaps=0 sums_out=0 sums_in=0 sums_untold=0 sums_slowest=0

# a cycle's length, and its parts'
length=$((seconds / 4 < 300 ? seconds / 4 : 300))
((length >= 120)) || length=120
part=$((length / 4))

# ---- programs --------------------------------------------------------------------

# run_out NAME SECONDS: waits until it has ended; fails if neither it nor the churn says anything new for too long
run_out() {
	local pid before='' now last=$SECONDS

	pid=$(pid_of "$1")
	while runs "$pid"; do
		# the churn's sums come whether they have changed or not
		now=$(cat "$EFTF_RESULTS/$1.log" "$EFTF_RESULTS/churn.log" 2>/dev/null | sort -u | cksum)
		if [[ $now != "$before" ]]; then
			before=$now
			last=$SECONDS
		elif ((SECONDS - last > patience)); then
			hang "$1"
			return 1
		fi
		sleep 1
	done
	stop "$1"
}

hang() {
	local task

	not_ok "$1 gets further" "something new within $patience s" \
		"nothing: $(tail -n 5 "$EFTF_RESULTS/$1.log" "$EFTF_RESULTS/churn.log" 2>/dev/null)"
	for task in /proc/[0-9]*/task/*; do
		grep -qE '^State:.*[DR] ' "$task/status" 2>/dev/null || continue
		echo "        $(tr '\0' ' ' <"$task/cmdline" 2>/dev/null): $(paste -sd' ' "$task/stack" 2>/dev/null)"
	done
	"$programs/fault_switch" 0 >/dev/null
	finish
}

# ends_well NAME WHAT: its exit status is 0
ends_well() {
	local status

	run_out "$1"
	status=$?
	((status == 0)) && return
	not_ok "cycle $cycle: $2" "exit status 0" "status $status: $(grep -E \
		'^(seed |did: |ERROR: |to see it again: |slab )|--- |  FAILED  ' "$EFTF_RESULTS/$1.log" | tail -n 60)"
	cp "$EFTF_RESULTS/$1.log" "$EFTF_RESULTS/$1-failed-$cycle.log"
}

# takes the churn's sums into those of the whole soak
take_sums() {
	local pair name

	for pair in $(grep '^sums: ' "$EFTF_RESULTS/churn.log" | tail -n 1 | cut -d' ' -f2-); do
		name=sums_${pair%%=*}
		if [[ $name == sums_slowest ]]; then
			((${pair#*=} <= sums_slowest)) || sums_slowest=${pair#*=}
			continue
		fi
		printf -v "$name" %d $((${!name} + ${pair#*=}))
	done
}

# churn_for SECONDS: in the background
churn_for() { spawn churn "$programs/fuzz_churn" 0 "$1"; }

faulty() {
	local percent=$1

	churn_for "$part"
	"$programs/fault_switch" "$percent" >/dev/null
	ends_well churn "tunnels come and go, $percent % of the module's allocations fail"
	faults=$((faults + $("$programs/fault_switch" 0)))
	take_sums
}

# quiet NAME: fuzz_NAME and the churn, without faults
quiet() {
	churn_for "$part"
	spawn "$1" "$programs/fuzz_$1" 0 "$part"
	ends_well "$1" "fuzz_$1"
	ends_well churn "tunnels come and go, besides fuzz_$1"
	take_sums
}

# ---- memory ------------------------------------------------------------------------

objects() { awk -v name="$1" '$1 == name { print $2 }' /proc/slabinfo; }

# Namespaces that are still on their way out, what caches hold, and what KASAN keeps back of freed memory
settle() {
	local before=-1 now

	for ((i = 0; i < 30; i++)); do
		now=$(objects net_namespace)
		[[ $now != "$before" ]] || break
		before=$now
		sleep 1
	done
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done 2>/dev/null
}

# measure FILE: MemAvailable in KiB, and of each cache the objects in use and their size
measure() {
	settle
	{
		awk '/^MemAvailable/ { print "MemAvailable", $2, 1024 }' /proc/meminfo
		awk 'NR > 2 { print $1, $2, $4 }' /proc/slabinfo
	} >"$1"
}

# grown FILE_BEFORE FILE_AFTER: "KiB NAME OBJECTS" of each cache that has changed, the biggest first
grown() {
	awk 'NR == FNR { had[$1] = $2; next }
		$1 != "MemAvailable" && $2 != had[$1] { printf "%d %s %d\n", ($2 - had[$1]) * $3 / 1024, $1, $2 - had[$1] }' \
		"$1" "$2" | sort -rn
}
available() { awk '$1 == "MemAvailable" { print $2 }' "$1"; }
slabs_kib() { grown "$1" "$2" | awk '{ sum += $1 } END { print sum + 0 }'; }

# What kmemleak has found so far; a second scan, as it says nothing about young memory
scan() {
	local file=/sys/kernel/debug/kmemleak

	[[ -w $file ]] || return 0
	echo scan >$file
	sleep 6
	echo scan >$file
	leaks=$(grep -c '^unreferenced object' $file)
	((leaks == 0)) || cp $file "$EFTF_RESULTS/kmemleak-$cycle"
}

# ---- the soak -------------------------------------------------------------------------

rest() {
	if ((cycle % 4 == 2)); then
		spawn rounds "$programs/test_rounds"
		ends_well rounds "test_rounds"
	fi
	scan
	measure "$work/now"
	[[ -e $work/warm ]] || cp "$work/now" "$work/warm"
	cp "$work/now" "$EFTF_RESULTS/memory-$cycle"
}

line() {
	printf '%5d s  cycle %d: %d rounds, %d tunnels made, %d ended, %d refused, %d swaps; packets %d out, %d in; %d faults, %d ends that TCP could not tell; slowest link deletion %d ms; slabs %+d KiB, free memory %+d KiB; kmemleak %d\n' \
		$((SECONDS - start)) "$cycle" "$sums_rounds" "$sums_made" "$sums_ended" "$sums_refused" "$sums_swaps" \
		"$sums_out" "$sums_in" "$faults" "$sums_untold" "$sums_slowest" "$(slabs_kib "$work/warm" "$work/now")" \
		$(($(available "$work/now") - $(available "$work/warm"))) "$leaks" | tee -a "$figures"
}

# What must not have grown since the first cycle. What is the checks' own grows with what they have seen.
memory_check() {
	local most=$((sums_made / 8 + 500)) bad

	bad=$(grown "$work/warm" "$work/now" | grep -vE ' (kmemleak_|debug_objects|radix_tree_node|.*inode_cache|dentry)' |
		awk -v most="$most" '$3 > most { print $2 ": " $3 " objects, " $1 " KiB" }')
	check_is "caches that have grown by more than $most objects since the first cycle" "" "$bad"
	check_range "free memory lost since the first cycle, KiB" -999999 65536 \
		$(($(available "$work/warm") - $(available "$work/now")))
}

[[ -e /sys/kernel/debug/failslab ]] || skip "faults" "this kernel has no fault injection"
say "$seconds s in cycles of $length s"
while ((SECONDS - start < seconds || cycle < 2)); do
	cycle=$((cycle + 1))
	before=$checks_failed
	[[ ! -e /sys/kernel/debug/failslab ]] || faulty $((cycle % 3 == 0 ? 8 : cycle % 3 == 1 ? 1 : 3))
	quiet netlink
	quiet stream
	rest
	line
	((checks_failed > before)) || ok "cycle $cycle"
done

say "sums"
check_range "tunnels made" 20 99999999 "$sums_made"
check_range "packets that the peers got" 100 999999999 "$sums_out"
check_range "packets that the peers sent" 100 999999999 "$sums_in"
[[ ! -e /sys/kernel/debug/failslab ]] || check_range "faults" 100 999999999 "$faults"
check_is "what kmemleak found" 0 "$leaks"
memory_check
grown "$work/warm" "$work/now" | head -n 12 | sed 's/^/        slab KiB, name, objects: /' | tee -a "$figures"
check_fails "kmemleak is still at work" grep -q 'kmemleak: .*\(disabled\|Cannot allocate\)' <(dmesg)
check "rmmod" rmmod eftf
finish
