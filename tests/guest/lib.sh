# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scenarios in this folder have in common. Source it first; end the scenario with "finish".
#
#   ok WHAT                          a check passed
#   not_ok WHAT EXPECTED SEEN        a check failed
#   skip WHAT WHY                    a check cannot be made here
#   check WHAT COMMAND...            passes if the command succeeds; its output is shown if not
#   check_fails WHAT COMMAND...      passes if it fails
#   check_is WHAT EXPECTED SEEN      passes if both are equal
#   check_range WHAT LOW HIGH SEEN   passes if LOW <= SEEN <= HIGH (integers)
#   in_ns NS COMMAND...              runs the command in a network namespace
#   spawn NAME COMMAND...            starts it in the background, output to $EFTF_RESULTS/NAME.log
#   spawn_in NS NAME COMMAND...      the same in a network namespace
#   alive NAME, pid_of NAME, stop NAME [SIGNAL]
#   wait_for SECONDS CONDITION WHAT  polls a condition (shell text) until it holds; longer in a checked kernel
#   holds PATTERN FILE [TIMES]       so many lines of the file (1) match the extended regular expression, or more;
#                                    starts no program; the last of them is in $held
#   nap SECONDS                      waits; starts no program
#   runs PID                         it has not ended, whether or not its parent knows
#   watch_tls INTERFACE [PORT]       from now on looks at what passes there; "in_ns NS" may stand in front of INTERFACE
#   check_tls WHERE [PLAIN [OTHER]]  ends that; passes if there were TLS records and, but for PLAIN directions of
#                                    connections (0), nothing else, and OTHER packets of other kinds (0, or any)

EFTF_RESULTS=${EFTF_RESULTS:-$(mktemp -d)}
tools=${EFTF_TEST_TOOLS:-${EFTF_REPO:-}/build/test-tools} enter=$tools/in-ns
[[ -x $enter ]] || echo "lib.sh: no $enter; \"make test-tools\" builds it" >&2
checks_passed=0 checks_failed=0 checks_skipped=0 finished=
# A checked kernel under emulation takes its time: more patience there, and fewer programs started by polling.
patience=1 pause_ms=100
[[ ! -e /sys/kernel/debug/kmemleak && ! -e /sys/kernel/debug/kcsan ]] || patience=4 pause_ms=700
declare -A spawned=()
held=
# a pipe that nothing comes out of, for nap
exec {silence}<> <(:)

say() { echo "== $* ($SECONDS s)"; }

ok() {
	checks_passed=$((checks_passed + 1))
	echo "ok      $1"
}

not_ok() {
	checks_failed=$((checks_failed + 1))
	echo "NOT OK  $1"
	printf '        expected: %s\n        seen:     %s\n' "$2" "${3//$'\n'/$'\n'                  }"
}

skip() {
	checks_skipped=$((checks_skipped + 1))
	echo "skipped $1: $2"
}

# In this shell, not in a subshell: the command may start things that the scenario stops later.
check() {
	local what=$1 status
	shift
	"$@" >"$EFTF_RESULTS/.check" 2>&1
	status=$?
	if [[ $status -eq 0 ]]; then
		ok "$what"
	else
		not_ok "$what" "success of: $*" "status $status: $(tail -n 20 "$EFTF_RESULTS/.check")"
	fi
}

check_fails() {
	local what=$1
	shift
	if "$@" >"$EFTF_RESULTS/.check" 2>&1; then
		not_ok "$what" "failure of: $*" "success: $(tail -n 20 "$EFTF_RESULTS/.check")"
	else
		ok "$what"
	fi
}

check_is() {
	if [[ $3 == "$2" ]]; then
		ok "$1: $3"
	else
		not_ok "$1" "$2" "$3"
	fi
}

check_range() {
	if [[ $4 =~ ^-?[0-9]+$ ]] && (($4 >= $2 && $4 <= $3)); then
		ok "$1: $4"
	else
		not_ok "$1" "$2 to $3" "$4"
	fi
}

# Not "ip netns exec", which takes longer than most commands; /sys stays that of the first namespace.
in_ns() { "$enter" "$@"; }

spawn() {
	local name=$1
	shift
	# before it runs, so that nobody reads what its predecessor said
	: >"$EFTF_RESULTS/$name.log"
	"$@" </dev/null >"$EFTF_RESULTS/$name.log" 2>&1 &
	spawned[$name]=$!
}

# in-ns execs the command: the pid is the command's own
spawn_in() {
	local ns=$1 name=$2
	shift 2
	spawn "$name" "$enter" "$ns" "$@"
}

pid_of() { echo "${spawned[$1]:-}"; }

alive() { [[ -n ${spawned[$1]:-} ]] && kill -0 "${spawned[$1]}" 2>/dev/null; }

# stop NAME [SIGNAL]: asks it to end, kills it after 10 s; the exit status is the command's
stop() {
	local pid=${spawned[$1]:-} status
	[[ -n $pid ]] || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	if ! wait_for 10 "! runs $pid" ''; then
		echo "        $1 did not end, killed"
		kill -KILL "$pid" 2>/dev/null
	fi
	wait "$pid" 2>/dev/null
	status=$?
	unset "spawned[$1]"
	return "$status"
}

stop_all() {
	local name
	for name in "${!spawned[@]}"; do
		stop "$name"
	done
}

# To start a program is what takes time in a guest: what is done again and again does without.
nap() { read -rt "$1" -u "$silence"; }

holds() {
	local line lines found=0

	[[ -r $2 ]] && mapfile -t lines 2>/dev/null <"$2" || return
	for line in "${lines[@]}"; do
		[[ $line =~ $1 ]] || continue
		# shellcheck disable=SC2034  # for the scenarios
		held=$line
		((++found < ${3:-1})) || return 0
	done
	return 1
}

runs() { holds '^State:.[^Z]' "/proc/$1/status"; }

# The longer it takes the more seldom it looks, twice a second at least. The time is what it takes on a machine that
# has nothing else to do; on a busy one it may take longer, so often as long: nothing is lost by waiting.
slack=2
wait_for() {
	local seconds=$(($1 * patience * slack))
	local deadline=$((${EPOCHREALTIME/./} + seconds * 1000000)) ms=$pause_ms text

	until eval "$2" >/dev/null 2>&1; do
		if ((${EPOCHREALTIME/./} > deadline)); then
			[[ -z $3 ]] || echo "        waited $seconds s in vain for: $3"
			return 1
		fi
		printf -v text %d.%03d $((ms / 1000)) $((ms % 1000))
		nap "$text"
		((ms >= 500)) || ms=$((ms * 5 / 4))
	done
}

# watch_tls [in_ns NS] INTERFACE [PORT]
watch_tls() {
	local ns=()
	[[ $1 != in_ns ]] || { ns=("$enter" "$2"); shift 2; }
	spawn tls-only "${ns[@]}" "$tools/tls-only" "$@"
	wait_for 20 "holds watching $EFTF_RESULTS/tls-only.log" "tls-only"
}

check_tls() {
	local where=$1 plain=${2:-0} other=${3:-0} file=$EFTF_RESULTS/tls-only.log
	local streams records octets plaintext gaps unknown others missed

	stop tls-only || { not_ok "$where: tls-only" "exit status 0" "$(cat "$file")"; return; }
	read -r -d '' streams records octets plaintext gaps unknown others missed < <(awk 'NF == 2 { print $2 }' "$file")
	if [[ $plaintext != "$plain" || $((gaps + unknown + missed)) != 0 ]] ||
		[[ $other != any && $others != "$other" ]] || ((records == 0)); then
		not_ok "$where: nothing but TLS records" \
			"records, plaintext $plain, gaps 0, unknown 0, other $other, missed 0" "$(cat "$file")"
	else
		ok "$where: nothing but TLS: $records records, $octets octets, $streams streams, $plaintext of them plaintext as intended"
	fi
}

summary() {
	local line="$checks_passed passed, $checks_failed failed"

	((checks_skipped == 0)) || line+=", $checks_skipped skipped"
	echo "$line"
}

# A filter that forbids what a program needs kills it, and the program is started anew: no other check would see it.
no_forbidden_calls() {
	local killed

	killed=$(grep -sh 'ended by signal 31' "$EFTF_RESULTS"/*.log) || return
	not_ok "no process was ended by its filter of system calls" "no such line in a log" "$killed"
}

finish() {
	finished=1
	stop_all
	no_forbidden_calls
	summary
	((checks_failed == 0 && checks_passed + checks_skipped > 0))
	exit
}

ended() {
	[[ -z $finished ]] || return
	stop_all
	not_ok "the scenario runs to its end" "a call of finish" "exit before it"
	summary
	exit 1
}
trap ended EXIT
