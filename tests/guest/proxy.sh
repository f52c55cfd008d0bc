# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An HTTP proxy in the namespace "proxy", 192.168.78.2:3128, CONNECT to port 443 only.
# Source lib.sh and topology.sh first; topo_up must have run.
#
#   proxy_start squid none|basic|digest
#   proxy_start tinyproxy none|basic
#   proxy_log                what the proxy wrote about its requests
#   proxy_stop

PROXY_PORT=3128
PROXY_USER=phone
PROXY_PASSWORD=secret
PROXY_URL=http://$PROXY:$PROXY_PORT
export PROXY_USER PROXY_PASSWORD PROXY_URL

# squid_auth none|basic|digest DIR: the part of the configuration about users
squid_auth() {
	local hash

	case $1 in
	none)
		echo "http_access allow all"
		return
		;;
	basic)
		echo "$PROXY_USER:$(openssl passwd -apr1 "$PROXY_PASSWORD")" >"$2/users"
		echo "auth_param basic program /usr/lib/squid/basic_ncsa_auth $2/users"
		echo "auth_param basic realm proxy"
		;;
	digest)
		hash=$(printf %s "$PROXY_USER:proxy:$PROXY_PASSWORD" | md5sum | cut -d' ' -f1)
		echo "$PROXY_USER:proxy:$hash" >"$2/users"
		echo "auth_param digest program /usr/lib/squid/digest_file_auth -c $2/users"
		echo "auth_param digest realm proxy"
		;;
	*)
		return 1
		;;
	esac
	echo "acl known proxy_auth REQUIRED"
	echo "http_access allow known"
}

squid_config() {
	local dir=$2

	cat <<-EOF
		http_port $PROXY_PORT
		acl to_443 port 443
		http_access deny !to_443
	EOF
	squid_auth "$1" "$dir" || return
	cat <<-EOF
		http_access deny all
		cache deny all
		cache_mem 8 MB
		max_filedescriptors 1024
		access_log stdio:$dir/access.log
		cache_log $dir/cache.log
		cache_store_log none
		pid_filename $dir/pid
		coredump_dir $dir
		visible_hostname proxy
		pinger_enable off
		dns_nameservers 127.0.0.1
		shutdown_lifetime 1 second
	EOF
}

tinyproxy_config() {
	cat <<-EOF
		Port $PROXY_PORT
		Timeout 600
		MaxClients 50
		ConnectPort 443
		LogFile "$2/access.log"
		LogLevel Info
	EOF
	case $1 in
	none) ;;
	basic) echo "BasicAuth $PROXY_USER $PROXY_PASSWORD" ;;
	*) return 1 ;;
	esac
}

proxy_start() {
	local dir

	proxy_stop
	# not in the results: the proxies give up root, and that folder may belong to anybody
	dir=$(mktemp -d /run/proxy.XXXXXX) && chmod 777 "$dir" || return
	proxy_dir=$dir
	"$1_config" "$2" "$dir" >"$dir/config" || return
	[[ ! -e $dir/users ]] || chmod 644 "$dir/users"
	case $1 in
	squid) spawn_in proxy proxy squid -N -f "$dir/config" ;;
	tinyproxy) spawn_in proxy proxy tinyproxy -d -c "$dir/config" ;;
	esac
	wait_for 30 "in_ns proxy ss -Hltn 'sport = :$PROXY_PORT' | grep -q ." "$1"
}

proxy_log() { cat "$proxy_dir/access.log"; }

proxy_stop() { stop proxy || true; }
