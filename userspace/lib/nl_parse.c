// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnel descriptions as netlink messages, taken apart by a table. */
#include "nl_sock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <linux/genetlink.h>

enum kind { NUMBER, BOOL, ADDRESS, STRING, SOCKADDR, STATS, SOJOURN, LENGTH };

/*
 * Every attribute that the kernel may send: its kind, its member, and for NUMBER
 * and BOOL what is possible; any other value is skipped.
 */
#define FIELDS(F) \
	F(IFINDEX, NUMBER, ifindex, 1, INT32_MAX) \
	F(IFNAME, STRING, ifname, 0, 0) \
	F(ID, NUMBER, id, 1, UINT32_MAX) \
	F(INNER4, ADDRESS, inner4, 0, 0) \
	F(INNER6, ADDRESS, inner6, 0, 0) \
	F(INNER6_PLEN, NUMBER, inner6_plen, 1, 128) \
	F(GATEWAY4, ADDRESS, gateway4, 0, 0) \
	F(GATEWAY6, ADDRESS, gateway6, 0, 0) \
	F(KEEPALIVE, NUMBER, keepalive, 0, UINT64_MAX) \
	F(TIMEOUT, NUMBER, timeout, 0, UINT64_MAX) \
	F(STALL, NUMBER, stall, 0, UINT64_MAX) \
	F(PERSISTENT, BOOL, persistent, 0, 1) \
	F(RECORD_LIMIT, NUMBER, record_limit, 0, UINT64_MAX) \
	F(ROLE, NUMBER, role, 0, EFTF_ROLE_GW) \
	F(REASON, NUMBER, reason, 0, UINT64_MAX) \
	F(REASON_NAME, STRING, reason_name, 0, 0) \
	F(ALERT, NUMBER, alert, 0, UINT64_MAX) \
	F(ERRNO, NUMBER, sock_errno, 0, 4095) \
	F(DIRECTION, NUMBER, direction, 0, EFTF_DIRECTION_RX) \
	F(TICKET, LENGTH, ticket_len, 0, 0) \
	F(OUTER_LOCAL, SOCKADDR, outer_local, 0, 0) \
	F(OUTER_PEER, SOCKADDR, outer_peer, 0, 0) \
	F(TLS_VERSION, NUMBER, tls_version, 0, UINT64_MAX) \
	F(TLS_CIPHER, NUMBER, tls_cipher, 0, UINT64_MAX) \
	F(UPTIME, NUMBER, uptime, 0, UINT64_MAX) \
	F(RX_AGE, NUMBER, rx_age, 0, UINT64_MAX) \
	F(TX_AGE, NUMBER, tx_age, 0, UINT64_MAX) \
	F(SRTT, NUMBER, srtt, 0, UINT64_MAX) \
	F(UNSENT, NUMBER, unsent, 0, UINT64_MAX) \
	F(UNACKED, NUMBER, unacked, 0, UINT64_MAX) \
	F(RETRANSMITS, NUMBER, retransmits, 0, UINT64_MAX) \
	F(PATH_MTU, NUMBER, path_mtu, 0, UINT64_MAX) \
	F(QUEUE_PACKETS, NUMBER, queue_packets, 0, UINT64_MAX) \
	F(QUEUE_BYTES, NUMBER, queue_bytes, 0, UINT64_MAX) \
	F(KEY_RECORDS_TX, NUMBER, key_records_tx, 0, UINT64_MAX) \
	F(KEY_RECORDS_RX, NUMBER, key_records_rx, 0, UINT64_MAX) \
	F(STATS, STATS, stats, 0, 0) \
	F(SOJOURN, SOJOURN, sojourn, 0, 0) \
	F(TRANSPORTS, NUMBER, transports, 0, UINT64_MAX) \
	F(TRANSPORT, NUMBER, transport, 1, UINT32_MAX) \
	F(UPDATE_REQUESTED, BOOL, update_requested, 0, 1) \
	F(FLIGHT_BOUND, NUMBER, flight_bound, 0, UINT64_MAX) \
	F(FLIGHT_BASE, NUMBER, flight_base, 0, UINT64_MAX) \
	F(FLIGHT_RATE, NUMBER, flight_rate, 0, UINT64_MAX)

static const struct field {
	uint8_t attr, kind;
	uint16_t offset, size;
	uint64_t min, max;
} fields[] = {
#define ROW(a, k, m, lo, hi) {EFTF_A_##a, k, offsetof(struct eftf_tunnel_info, m), \
			      sizeof(((struct eftf_tunnel_info *)NULL)->m), lo, hi},
	FIELDS(ROW)
#undef ROW
};

#define BIT_OF(a, k, m, lo, hi) | EFTF_NL_BIT(a)
_Static_assert((0 FIELDS(BIT_OF)) == EFTF_NL_READABLE, "every readable attribute has its row");
_Static_assert(EFTF_A_MAX < 64, "struct eftf_tunnel_info keeps a bit for each attribute");
_Static_assert(sizeof(bool) == 1, "a bool attribute is one octet");

/* Host order integer of 1, 2, 4 or 8 octets; the size is that of the member. */
static bool get_number(const struct nlattr *attr, const struct field *f, void *to)
{
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t value;
	bool ok;

	switch (f->size) {
	case 1:
		ok = eftf_nl_attr_copy(attr, &u8, sizeof(u8));
		value = u8;
		break;
	case 2:
		ok = eftf_nl_attr_copy(attr, &u16, sizeof(u16));
		value = u16;
		break;
	case 4:
		ok = eftf_nl_attr_copy(attr, &u32, sizeof(u32));
		value = u32;
		break;
	default:
		ok = eftf_nl_attr_copy(attr, &value, sizeof(value));
		break;
	}
	return ok && value >= f->min && value <= f->max && eftf_nl_attr_copy(attr, to, f->size);
}

static bool get_sockaddr(const struct nlattr *attr, struct sockaddr_storage *to)
{
	size_t len = mnl_attr_get_payload_len(attr);
	sa_family_t family;

	if (len < sizeof(family))
		return false;
	memcpy(&family, mnl_attr_get_payload(attr), sizeof(family));
	if ((family != AF_INET || len != sizeof(struct sockaddr_in)) &&
	    (family != AF_INET6 || len != sizeof(struct sockaddr_in6)))
		return false;
	return eftf_nl_attr_copy(attr, to, len);
}

static void get_stats(const struct nlattr *nest, uint64_t *stats)
{
	const struct nlattr *attr = NULL;

	while ((attr = eftf_nl_attr_next(mnl_attr_get_payload(nest), eftf_nl_attr_end(nest),
					 attr))) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > EFTF_STAT_PAD && type <= EFTF_STAT_MAX)
			eftf_nl_attr_copy(attr, &stats[type], sizeof(stats[type]));
	}
}

static bool get_sojourn(const struct nlattr *attr, uint64_t *sojourn)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (!len || len % sizeof(*sojourn) || len > EFTF_SOJOURN_BUCKETS * sizeof(*sojourn))
		return false;
	return eftf_nl_attr_copy(attr, sojourn, len);
}

static bool get_field(const struct nlattr *attr, const struct field *f,
		      struct eftf_tunnel_info *info)
{
	void *to = (char *)info + f->offset;

	switch (f->kind) {
	case NUMBER:
	case BOOL:
		return get_number(attr, f, to);
	case ADDRESS:
		return eftf_nl_attr_copy(attr, to, f->size);
	case STRING:
		return eftf_nl_attr_string(attr, to, f->size);
	case SOCKADDR:
		return get_sockaddr(attr, to);
	case STATS:
		get_stats(attr, to);
		return true;
	case SOJOURN:
		return get_sojourn(attr, to);
	case LENGTH:
		info->ticket_len = mnl_attr_get_payload_len(attr);
		return true;
	}
	return false;
}

int eftf_nl_tunnel_parse(const struct nlmsghdr *nlh, struct eftf_tunnel_info *info)
{
	const struct nlattr *attr = NULL;
	struct genlmsghdr genl;
	const char *start, *end = (const char *)nlh + nlh->nlmsg_len;
	size_t i;

	memset(info, 0, sizeof(*info));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return -EBADMSG;
	memcpy(&genl, mnl_nlmsg_get_payload(nlh), sizeof(genl));
	info->cmd = genl.cmd;
	start = mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
	while ((attr = eftf_nl_attr_next(start, end, attr))) {
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			if (fields[i].attr != mnl_attr_get_type(attr))
				continue;
			if (get_field(attr, &fields[i], info))
				info->present |= 1ull << fields[i].attr;
			break;
		}
	}
	return info->ifindex && info->id ? 0 : -EBADMSG;
}
