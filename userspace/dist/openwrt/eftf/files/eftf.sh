#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# netifd's protocol handler "eftf". The options in /etc/config/network are the keys of eftf-ue.conf(5) by the names in
# eftf_each. metric, ip4table, defaultroute, peerdns and dns are netifd's own, as of every interface.
# shellcheck shell=dash

[ -n "$INCLUDE_ONLY" ] || {
	. /lib/functions.sh
	. ../netifd-proto.sh
	init_proto "$@"
}

EFTF_RUN=${EFTF_RUN:-/var/run/eftf}

# eftf_each FUNCTION: calls it for each option with section and key in eftf-ue.conf(5), the name here, and its type.
# Not among them: what eftf_conf sets, and the proxy of the environment, which netifd's programs do not have.
eftf_each() {
	local section key option type

	while read -r section key option type; do
		"$1" "$section" "$key" "$option" "$type"
	done <<-END
		eftf address server string
		eftf port server_port int
		eftf name server_name string
		eftf ca ca string
		eftf crl crl string
		eftf cert cert string
		eftf key key string
		eftf alpn alpn string
		eftf client_id client_id string
		eftf enterprise enterprise int
		tunnel family family string
		tunnel mtu mtu int
		tunnel keepalive keepalive int
		tunnel timeout timeout int
		tunnel record_limit record_limit int
		tunnel key_update key_update boolean
		tunnel routes routes list
		tunnel address ipaddr string
		tunnel gateway gateway string
		tunnel address6 ip6addr string
		tunnel gateway6 ip6gw string
		proxy url proxy string
		proxy user proxy_user string
		proxy password proxy_password string
		proxy auth proxy_auth string
		detect mode mode string
		detect pcscf pcscf string
		detect sip_port sip_port int
		detect sips_port sips_port int
		detect ipsec ipsec string
		detect media media string
		detect control control string
		detect timeout_ms probe_timeout int
		detect recheck recheck int
		detect remember remember int
		detect state_dir state_dir string
		log level log_level string
	END
}

eftf_declare() {
	case $4 in
	list) proto_config_add_array "$3:list(string)" ;;
	*) "proto_config_add_$4" "$3" ;;
	esac
}

proto_eftf_init_config() {
	# shellcheck disable=SC2034	# netifd reads them
	{
		no_device=1
		available=1
		lasterror=1
		renew_handler=1
	}
	eftf_each eftf_declare
}

# eftf_line KEY VALUE: one line of the configuration, if there is a value. A value with a line break would be more than one.
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

# The lines of one option, and its section, if that is not the one of the line before.
eftf_lines() {
	local value="" each

	# the proxy's other options say nothing without one
	[ "$1" != proxy ] || [ -n "$eftf_proxy" ] || return 0
	if [ "$1" != "$eftf_section" ]; then
		eftf_section=$1
		echo "[$1]"
	fi
	case $4 in
	list)
		json_get_values value "$3"
		for each in $value; do
			eftf_line "$2" "$each"
		done
		return
		;;
	esac
	json_get_var value "$3"
	case $4:$value in
	boolean:1) value=yes ;;
	boolean:0) value=no ;;
	esac
	# on a router it is asked for
	[ "$3" != mode ] || value=${value:-always}
	eftf_line "$2" "$value"
}

# eftf_conf DEVICE: the configuration, of the options that netifd has
eftf_conf() {
	local eftf_section="" eftf_proxy

	json_get_var eftf_proxy proxy
	eftf_each eftf_lines
	echo "[log]"
	echo "syslog = yes"
	echo "[tunnel]"
	eftf_line device "$1"
	# netifd puts address and routes in, as the hook tells it
	eftf_line configure no
	eftf_line hook /lib/netifd/eftf-hook
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
	local config="$1" device file server ca

	json_get_vars server ca
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
