# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where big, reproducible things are kept between runs. Source this file.

# eftf_cache NAME: prints the folder for NAME, made if it is not there
eftf_cache() {
	local base=${XDG_CACHE_HOME:-${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}/.cache}

	mkdir -p "$base/eftf/$1" && echo "$base/eftf/$1"
}
