// SPDX-License-Identifier: GPL-2.0-or-later
/* What eftfctl shows of links and tunnels; the counters are in counters.c. */
#include "fields.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/tls.h>

#include "addr.h"
#include "alert.h"
#include "nl.h"
#include "reason.h"

struct word {
	unsigned int number;
	const char *word;
};

static json_t *word_of(const struct word *words, unsigned int number, const char *what)
{
	char text[32];

	for (; words->word; words++)
		if (words->number == number)
			return json_string(words->word);
	snprintf(text, sizeof(text), "%s %u", what, number);
	return json_string(text);
}

static json_t *get_role(const void *obj, const struct eftf_out_field *f)
{
	static const struct word words[] = {{EFTF_ROLE_UE, "ue"}, {EFTF_ROLE_GW, "gw"}, {0, NULL}};

	return word_of(words, *((const uint8_t *)obj + f->offset), "role");
}

/* ---- links --------------------------------------------------------------- */

/* A list as one word, as "link set" takes it. */
static json_t *get_ports(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_link_ports *ports = (const void *)((const char *)obj + f->offset);
	char text[EFTF_SIP_PORTS_MAX * 6 + 8] = "none";
	size_t i, len = 0;

	for (i = 0; i < ports->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "",
					ports->v[i]);
	return json_string(text);
}

static json_t *get_addrs(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_link_addrs *addrs = (const void *)((const char *)obj + f->offset);
	char text[EFTF_PCSCF_MAX * (INET6_ADDRSTRLEN + 1) + 8] = "none", addr[INET6_ADDRSTRLEN];
	size_t i, len = 0;

	for (i = 0; i < addrs->n; i++) {
		if (IN6_IS_ADDR_V4MAPPED(&addrs->v[i]))
			inet_ntop(AF_INET, &addrs->v[i].s6_addr[12], addr, sizeof(addr));
		else
			inet_ntop(AF_INET6, &addrs->v[i], addr, sizeof(addr));
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "", addr);
	}
	return json_string(text);
}

#define LINK(n, unit, get, m) {n, EFTF_OUT_##unit, get, offsetof(struct eftf_link_info, m), 0}

static const struct eftf_out_field link_fields[] = {
	LINK("dev", PLAIN, eftf_out_chars, name),
	LINK("ifindex", PLAIN, eftf_out_u32, ifindex),
	LINK("role", PLAIN, get_role, role),
	LINK("up", PLAIN, eftf_out_bool, up),
	LINK("carrier", PLAIN, eftf_out_bool, carrier),
	LINK("mtu", PLAIN, eftf_out_u32, mtu),
	LINK("ue_to_ue", ONOFF, eftf_out_bool, ue_to_ue),
	LINK("key_update", PLAIN, eftf_out_bool, key_update),
	LINK("flight_target", LIMIT_MS, eftf_out_u32, flight_target),
	LINK("flight_hold", HOLD_S, eftf_out_u32, flight_hold),
	LINK("sip_ports", PLAIN, get_ports, sip_ports),
	LINK("pcscf", PLAIN, get_addrs, pcscf),
	LINK("tunnels", PLAIN, eftf_out_u32, tunnels),
	LINK("rx_packets", PLAIN, eftf_out_u64, rx_packets),
	LINK("rx", BYTES, eftf_out_u64, rx_bytes),
	LINK("rx_dropped", PLAIN, eftf_out_u64, rx_dropped),
	LINK("rx_errors", PLAIN, eftf_out_u64, rx_errors),
	LINK("tx_packets", PLAIN, eftf_out_u64, tx_packets),
	LINK("tx", BYTES, eftf_out_u64, tx_bytes),
	LINK("tx_dropped", PLAIN, eftf_out_u64, tx_dropped),
	LINK("tx_errors", PLAIN, eftf_out_u64, tx_errors),
	{NULL, EFTF_OUT_PLAIN, NULL, 0, 0},
};

const struct eftf_out_table eftf_link_table = {.fields = link_fields};

/* ---- tunnels ------------------------------------------------------------- */

static bool tunnel_has(const void *obj, unsigned int attr)
{
	const struct eftf_tunnel_info *info = obj;

	return info->present >> attr & 1;
}

static json_t *get_addr4(const void *obj, const struct eftf_out_field *f)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, (const char *)obj + f->offset, text, sizeof(text));
	return json_string(text);
}

static json_t *get_addr6(const void *obj, const struct eftf_out_field *f)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, (const char *)obj + f->offset, text, sizeof(text));
	return json_string(text);
}

static json_t *get_prefix6(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	char text[INET6_ADDRSTRLEN + 5], addr[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, (const char *)obj + f->offset, addr, sizeof(addr));
	snprintf(text, sizeof(text), "%s/%u", addr, tunnel_has(info, EFTF_A_INNER6_PLEN) ?
		 info->inner6_plen : 128u);
	return json_string(text);
}

static json_t *get_sockaddr(const void *obj, const struct eftf_out_field *f)
{
	char text[EFTF_ADDR_TEXT];

	eftf_addr_text(text, (const void *)((const char *)obj + f->offset));
	return json_string(text);
}

static json_t *get_tls_version(const void *obj, const struct eftf_out_field *f)
{
	static const struct word words[] = {{0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}, {0, NULL}};

	(void)f;
	return word_of(words, ((const struct eftf_tunnel_info *)obj)->tls_version, "version");
}

static json_t *get_cipher(const void *obj, const struct eftf_out_field *f)
{
	/* The last four by number: older systems' linux/tls.h does not define them. */
	static const struct word words[] = {
		{TLS_CIPHER_AES_GCM_128, "AES-128-GCM"}, {TLS_CIPHER_AES_GCM_256, "AES-256-GCM"},
		{TLS_CIPHER_AES_CCM_128, "AES-128-CCM"},
		{TLS_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305"},
		{55, "SM4-GCM"}, {56, "SM4-CCM"}, {57, "ARIA-128-GCM"}, {58, "ARIA-256-GCM"},
		{0, NULL},
	};

	(void)f;
	return word_of(words, ((const struct eftf_tunnel_info *)obj)->tls_cipher, "cipher");
}

/* The kernel's own word, which a newer module may have more of; or ours; or the number. */
static json_t *get_reason(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	const char *word = eftf_reason_word(info->reason);
	static const struct word none[] = {{0, NULL}};

	(void)f;
	if (tunnel_has(info, EFTF_A_REASON_NAME))
		return eftf_out_string(info->reason_name);
	return word ? json_string(word) : word_of(none, info->reason, "reason");
}

static json_t *get_reason_text(const void *obj, const struct eftf_out_field *f)
{
	const char *text = eftf_reason_text(((const struct eftf_tunnel_info *)obj)->reason);

	(void)f;
	return text ? json_string(text) : NULL;
}

static json_t *get_alert_name(const void *obj, const struct eftf_out_field *f)
{
	(void)f;
	return eftf_out_string(eftf_alert_name(((const struct eftf_tunnel_info *)obj)->alert));
}

static json_t *get_error_text(const void *obj, const struct eftf_out_field *f)
{
	(void)f;
	return eftf_out_string(strerror((int)((const struct eftf_tunnel_info *)obj)->sock_errno));
}

static json_t *get_direction(const void *obj, const struct eftf_out_field *f)
{
	static const struct word words[] = {
		{EFTF_DIRECTION_TX, "tx"}, {EFTF_DIRECTION_RX, "rx"}, {0, NULL},
	};

	(void)f;
	return word_of(words, ((const struct eftf_tunnel_info *)obj)->direction, "direction");
}

/* Name, unit, getter, member, attribute that must be there. */
#define TUNNEL_FIELDS(F) \
	F("dev", PLAIN, eftf_out_chars, ifname, IFNAME) \
	F("ifindex", PLAIN, eftf_out_u32, ifindex, IFINDEX) \
	F("id", PLAIN, eftf_out_u32, id, ID) \
	F("reason", PLAIN, get_reason, reason, REASON) \
	F("reason_text", PLAIN, get_reason_text, reason, REASON) \
	F("reason_number", PLAIN, eftf_out_u32, reason, REASON) \
	F("alert", PLAIN, get_alert_name, alert, ALERT) \
	F("alert_number", PLAIN, eftf_out_u8, alert, ALERT) \
	F("error", PLAIN, get_error_text, sock_errno, ERRNO) \
	F("errno", PLAIN, eftf_out_u32, sock_errno, ERRNO) \
	F("direction", PLAIN, get_direction, direction, DIRECTION) \
	F("update_requested", PLAIN, eftf_out_bool, update_requested, UPDATE_REQUESTED) \
	F("ticket", BYTES, eftf_out_u32, ticket_len, TICKET) \
	F("role", PLAIN, get_role, role, ROLE) \
	F("inner4", PLAIN, get_addr4, inner4, INNER4) \
	F("inner6", PLAIN, get_prefix6, inner6, INNER6) \
	F("gateway4", PLAIN, get_addr4, gateway4, GATEWAY4) \
	F("gateway6", PLAIN, get_addr6, gateway6, GATEWAY6) \
	F("outer_local", PLAIN, get_sockaddr, outer_local, OUTER_LOCAL) \
	F("outer_peer", PLAIN, get_sockaddr, outer_peer, OUTER_PEER) \
	F("tls", PLAIN, get_tls_version, tls_version, TLS_VERSION) \
	F("cipher", PLAIN, get_cipher, tls_cipher, TLS_CIPHER) \
	F("keepalive", LIMIT_S, eftf_out_u32, keepalive, KEEPALIVE) \
	F("timeout", LIMIT_S, eftf_out_u32, timeout, TIMEOUT) \
	F("stall", LIMIT_S, eftf_out_u32, stall, STALL) \
	F("persistent", ONOFF, eftf_out_bool, persistent, PERSISTENT) \
	F("uptime", MS, eftf_out_u64, uptime, UPTIME) \
	F("rx_age", MS, eftf_out_u64, rx_age, RX_AGE) \
	F("tx_age", MS, eftf_out_u64, tx_age, TX_AGE) \
	F("srtt", US, eftf_out_u32, srtt, SRTT) \
	F("unsent", BYTES, eftf_out_u32, unsent, UNSENT) \
	F("unacked", BYTES, eftf_out_u32, unacked, UNACKED) \
	F("retransmits", PLAIN, eftf_out_u32, retransmits, RETRANSMITS) \
	F("path_mtu", PLAIN, eftf_out_u32, path_mtu, PATH_MTU) \
	F("flight_bound", BYTES, eftf_out_u32, flight_bound, FLIGHT_BOUND) \
	F("flight_base", US, eftf_out_u32, flight_base, FLIGHT_BASE) \
	F("flight_rate", BYTES_S, eftf_out_u32, flight_rate, FLIGHT_RATE) \
	F("flight_held", PLAIN, eftf_out_u64, stats[EFTF_STAT_TX_HELD], STATS) \
	F("flight_probes", PLAIN, eftf_out_u64, stats[EFTF_STAT_FLIGHT_PROBES], STATS) \
	F("flight_releases", PLAIN, eftf_out_u64, stats[EFTF_STAT_FLIGHT_RELEASES], STATS) \
	F("queue_packets", PLAIN, eftf_out_u32, queue_packets, QUEUE_PACKETS) \
	F("queue", BYTES, eftf_out_u32, queue_bytes, QUEUE_BYTES) \
	F("key_records_tx", PLAIN, eftf_out_u64, key_records_tx, KEY_RECORDS_TX) \
	F("key_records_rx", PLAIN, eftf_out_u64, key_records_rx, KEY_RECORDS_RX) \
	F("key_updates_tx", PLAIN, eftf_out_u64, stats[EFTF_STAT_KEY_UPDATES_TX], STATS) \
	F("key_updates_rx", PLAIN, eftf_out_u64, stats[EFTF_STAT_KEY_UPDATES_RX], STATS) \
	F("record_limit", CIPHER_LIMIT, eftf_out_u64, record_limit, RECORD_LIMIT) \
	F("transport", PLAIN, eftf_out_u32, transport, TRANSPORT) \
	F("transports", PLAIN, eftf_out_u32, transports, TRANSPORTS)

static const struct eftf_out_field tunnel_fields[] = {
#define ROW(n, unit, get, m, a) \
	{n, EFTF_OUT_##unit, get, offsetof(struct eftf_tunnel_info, m), EFTF_A_##a},
	TUNNEL_FIELDS(ROW)
#undef ROW
	{NULL, EFTF_OUT_PLAIN, NULL, 0, 0},
};

/* REASON_NAME is shown as reason, INNER6_PLEN in inner6; "eftfctl stats" has SOJOURN. */
#define BIT_OF(n, unit, get, m, a) | EFTF_NL_BIT(a)
_Static_assert((EFTF_NL_BIT(REASON_NAME) | EFTF_NL_BIT(INNER6_PLEN) | EFTF_NL_BIT(SOJOURN)
		TUNNEL_FIELDS(BIT_OF)) == EFTF_NL_READABLE, "every readable attribute is shown");

const struct eftf_out_table eftf_tunnel_table = {.fields = tunnel_fields, .has = tunnel_has};
