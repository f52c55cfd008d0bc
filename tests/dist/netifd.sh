# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
# In the place of OpenWrt's netifd-proto.sh, functions.sh and jshn.sh: what a protocol handler or an init script calls
# goes to the file RECORD, one call a line; an option NAME is the variable UCI_NAME.
for name in add_protocol proto_config_add_string proto_config_add_int proto_config_add_array proto_config_add_boolean \
	proto_export proto_run_command proto_kill_command proto_notify_error proto_block_restart proto_setup_failed \
	proto_init_update proto_send_update proto_add_ipv4_address proto_add_ipv4_route proto_add_ipv6_address proto_add_ipv6_prefix proto_add_ipv6_route proto_add_dns_server \
	proto_add_data proto_close_data json_add_string json_add_int \
	procd_open_instance procd_set_param procd_close_instance procd_add_reload_trigger config_load; do
	eval "$name() { echo $name \"\$@\" >>\"\$RECORD\"; }"
done
json_get_vars() {
	for name; do
		eval "$name=\${UCI_$name-}"
	done
}
json_get_var() { eval "$1=\${UCI_$2-}"; }
# of a list: its words
json_get_values() { eval "$1=\${UCI_$2-}"; }
config_get() { eval "$1=\${UCI_$3:-\$4}"; }
config_get_bool() { config_get "$@"; }
config_foreach() { "$1" main; }
