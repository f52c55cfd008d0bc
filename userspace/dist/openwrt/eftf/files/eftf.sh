#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# netifd's protocol handler "eftf". The options in /etc/config/network are the keys of eftf-ue.conf(5) by the names in
# proto_eftf_init_config. metric, ip4table, defaultroute, peerdns and dns are netifd's own, as of every interface.
# shellcheck shell=dash

[ -n "$INCLUDE_ONLY" ] || {
	. /lib/functions.sh
	. ../netifd-proto.sh
	init_proto "$@"
}

EFTF_RUN=${EFTF_RUN:-/var/run/eftf}

proto_eftf_init_config() {
	# shellcheck disable=SC2034	# netifd reads them
	{
		no_device=1
		available=1
		lasterror=1
		renew_handler=1
	}
	proto_config_add_string server
	proto_config_add_int server_port
	proto_config_add_string server_name
	proto_config_add_string ca
	proto_config_add_string crl
	proto_config_add_string cert
	proto_config_add_string key
	proto_config_add_string client_id
	proto_config_add_string mode
	proto_config_add_string pcscf
	proto_config_add_string media
	proto_config_add_string control
	proto_config_add_string proxy
	proto_config_add_string proxy_user
	proto_config_add_string proxy_password
	proto_config_add_string proxy_auth
	proto_config_add_array 'routes:list(string)'
	proto_config_add_string family
	proto_config_add_int mtu
	proto_config_add_int keepalive
}

# line KEY VALUE: one line of the configuration, if there is a value. A value with a line break would be more than one.
eftf_line() {
	[ -n "$2" ] || return 0
	case $2 in
	*"
"*)
		echo "eftf: option for $1 has a line break: left out" >&2
		return 0
		;;
	esac
	echo "$1 = $2"
}

# eftf_conf DEVICE: the configuration, of the variables that proto_eftf_setup has
eftf_conf() {
	echo "[eftf]"
	eftf_line address "$server"
	eftf_line port "$server_port"
	eftf_line name "$server_name"
	eftf_line ca "$ca"
	eftf_line crl "$crl"
	eftf_line cert "$cert"
	eftf_line key "$key"
	eftf_line client_id "$client_id"
	echo "[tunnel]"
	eftf_line device "$1"
	# netifd puts address and routes in, as the hook tells it
	eftf_line configure no
	eftf_line hook /lib/netifd/eftf-hook
	eftf_line family "$family"
	eftf_line mtu "$mtu"
	eftf_line keepalive "$keepalive"
	for route in $routes; do
		eftf_line routes "$route"
	done
	echo "[detect]"
	eftf_line mode "${mode:-always}"
	eftf_line pcscf "$pcscf"
	eftf_line media "$media"
	eftf_line control "$control"
	if [ -n "$proxy" ]; then
		echo "[proxy]"
		eftf_line url "$proxy"
		eftf_line user "$proxy_user"
		eftf_line password "$proxy_password"
		eftf_line auth "$proxy_auth"
	fi
	echo "[log]"
	echo "syslog = yes"
}

# A name of at most 15 octets, as the kernel wants it, in which no two interfaces meet.
eftf_device() {
	if [ ${#1} -le 10 ]; then
		echo "eftf-$1"
	else
		echo "eftf-$(printf %s "$1" | md5sum | cut -c 1-10)"
	fi
}

proto_eftf_setup() {
	local config="$1" device file routes route
	local server server_port server_name ca crl cert key client_id mode pcscf media control
	local proxy proxy_user proxy_password proxy_auth family mtu keepalive

	json_get_vars server server_port server_name ca crl cert key client_id mode pcscf media control \
		proxy proxy_user proxy_password proxy_auth family mtu keepalive
	json_get_values routes routes
	if [ -z "$server" ] || [ -z "$ca" ]; then
		echo "eftf: interface $config needs the options server and ca" >&2
		proto_notify_error "$config" MISSING_OPTION
		proto_block_restart "$config"
		return 1
	fi
	device=$(eftf_device "$config")
	file=$EFTF_RUN/$config.conf
	mkdir -p "$EFTF_RUN"
	# it may hold a password
	(umask 077 && eftf_conf "$device" >"$file")
	# for the hook, which is told of the device alone
	echo "$config" >"$EFTF_RUN/$device"
	proto_export "INTERFACE=$config"
	proto_run_command "$config" /usr/sbin/eftf-ue --config "$file"
}

# ERROR is the exit status of eftf-ue, if it has ended by itself.
proto_eftf_teardown() {
	local config="$1"

	case "$ERROR" in
	'' | 0) ;;
	2)
		# it cannot become better before somebody changes the configuration
		proto_notify_error "$config" INVALID_CONFIG
		proto_block_restart "$config"
		;;
	3) proto_notify_error "$config" WRONG_CERTIFICATE ;;
	*) proto_notify_error "$config" FAILED ;;
	esac
	# it gives address and tunnel back
	proto_kill_command "$config" 15
	rm -f "$EFTF_RUN/$config.conf" "$EFTF_RUN/$(eftf_device "$config")"
}

# A new outer connection, without a break of the tunnel.
proto_eftf_renew() {
	proto_kill_command "$1" "$(kill -l USR1)"
}

[ -n "$INCLUDE_ONLY" ] || add_protocol eftf
