// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnel descriptions as netlink messages, taken apart by a table. */
#include "nl_sock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <linux/genetlink.h>

enum kind { NUMBER, BOOL, ADDRESS, STRING, SOCKADDR, STATS, SOJOURN, LENGTH };

/* NUMBER and BOOL: only min to max is possible; anything else is skipped. */
static const struct field {
	uint8_t attr, kind;
	uint16_t offset, size;
	uint64_t min, max;
} fields[] = {
#define MEMBER(a, k, m, lo, hi) {EFTF_A_##a, k, offsetof(struct eftf_tunnel_info, m), \
				 sizeof(((struct eftf_tunnel_info *)NULL)->m), lo, hi}
#define FREE(a, m) MEMBER(a, NUMBER, m, 0, UINT64_MAX)
	MEMBER(IFINDEX, NUMBER, ifindex, 1, INT32_MAX),
	MEMBER(IFNAME, STRING, ifname, 0, 0),
	MEMBER(ID, NUMBER, id, 1, UINT32_MAX),
	MEMBER(INNER4, ADDRESS, inner4, 0, 0),
	MEMBER(INNER6, ADDRESS, inner6, 0, 0),
	MEMBER(INNER6_PLEN, NUMBER, inner6_plen, 1, 128),
	MEMBER(GATEWAY4, ADDRESS, gateway4, 0, 0),
	MEMBER(GATEWAY6, ADDRESS, gateway6, 0, 0),
	FREE(KEEPALIVE, keepalive),
	FREE(TIMEOUT, timeout),
	MEMBER(PERSISTENT, BOOL, persistent, 0, 1),
	FREE(RECORD_LIMIT, record_limit),
	MEMBER(ROLE, NUMBER, role, 0, EFTF_ROLE_GW),
	FREE(REASON, reason),
	MEMBER(REASON_NAME, STRING, reason_name, 0, 0),
	FREE(ALERT, alert),
	MEMBER(ERRNO, NUMBER, sock_errno, 0, 4095),
	MEMBER(DIRECTION, NUMBER, direction, 0, EFTF_DIRECTION_RX),
	MEMBER(TICKET, LENGTH, ticket_len, 0, 0),
	MEMBER(OUTER_LOCAL, SOCKADDR, outer_local, 0, 0),
	MEMBER(OUTER_PEER, SOCKADDR, outer_peer, 0, 0),
	FREE(TLS_VERSION, tls_version),
	FREE(TLS_CIPHER, tls_cipher),
	FREE(UPTIME, uptime),
	FREE(RX_AGE, rx_age),
	FREE(TX_AGE, tx_age),
	FREE(SRTT, srtt),
	FREE(UNSENT, unsent),
	FREE(QUEUE_PACKETS, queue_packets),
	FREE(QUEUE_BYTES, queue_bytes),
	FREE(KEY_RECORDS_TX, key_records_tx),
	FREE(KEY_RECORDS_RX, key_records_rx),
	MEMBER(STATS, STATS, stats, 0, 0),
	MEMBER(SOJOURN, SOJOURN, sojourn, 0, 0),
	FREE(TRANSPORTS, transports),
	MEMBER(TRANSPORT, NUMBER, transport, 1, UINT32_MAX),
	MEMBER(UPDATE_REQUESTED, BOOL, update_requested, 0, 1),
#undef FREE
#undef MEMBER
};

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
