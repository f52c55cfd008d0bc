#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs scripts of this folder one after the other in one guest, where a boot takes long. Each finds what it would find
# in a guest of its own: files and processes that nobody else has changed or left, and a module that has just been loaded.
#   tests/guest/run --modules ... tests/guest/in-turn.sh NAME...
# tests/check tells their output apart by the lines "guest: NAME begins" and "guest: NAME ended: STATUS, SECONDS s".
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# In namespaces of its own: a layer over the files, empty /tmp and /run, its processes; then the script NAME
alone() {
	local dir

	mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
		mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root && cd /mnt/root || return 125
	for dir in dev sys lib/modules results; do
		! mountpoint -q "/$dir" || mount --move "/$dir" "$dir" || return 125
	done
	mount -t proc proc proc && mount -t tmpfs -o mode=755 tmpfs run && mkdir -p run/lock run/netns &&
		pivot_root . mnt && cd "$here" && umount -l /mnt || return 125
	mkdir -p "/results/$1"
	EFTF_RESULTS=/results/$1 "./$1.sh"
}

module_goes() {
	local tries

	# devices go with their network namespaces, which takes a moment
	for ((tries = 0; tries < 120; tries++)); do
		[[ -d /sys/module/eftf ]] || return 0
		rmmod eftf 2>/dev/null || sleep 0.5
	done
	return 1
}

if [[ ${1:-} == --alone ]]; then
	alone "$2"
	exit
fi

failed=0
for name; do
	SECONDS=0
	echo "guest: $name begins"
	echo "guest: $name" >/dev/kmsg
	[[ -d /sys/module/eftf ]] || insmod "$EFTF_KO" || exit 125
	unshare --mount --pid --fork "$0" --alone "$name"
	status=$?
	if ! module_goes; then
		printf 'NOT OK  %s\n        expected: %s\n        seen:     %s\n' "the module can be unloaded afterwards" \
			"rmmod eftf within 60 s" "$(rmmod eftf 2>&1)"
		status=1
	fi
	echo "guest: $name ended: $status, $SECONDS s"
	((status == 0)) || failed=1
done
exit "$failed"
