// SPDX-License-Identifier: GPL-2.0-only
/*
 * The description of a tunnel in netlink attributes, the same for GET, the
 * dump and the events.
 */
#include <linux/ipv6.h>
#include <net/inet_sock.h>

#include "describe.h"
#include "ktls.h"
#include "tcp.h"
#include "types.h"

static int eftf_describe_config(struct sk_buff *msg, const struct eftf_tunnel *tunnel)
{
	const struct eftf_tunnel_config *c = &tunnel->config;

	if (c->has_inner4 && nla_put_in_addr(msg, EFTF_A_INNER4, c->inner4))
		return -EMSGSIZE;
	if (c->has_inner6 && (nla_put_in6_addr(msg, EFTF_A_INNER6, &c->inner6) ||
			      nla_put_u8(msg, EFTF_A_INNER6_PLEN, c->plen)))
		return -EMSGSIZE;
	if (c->has_gateway4 && nla_put_in_addr(msg, EFTF_A_GATEWAY4, c->gateway4))
		return -EMSGSIZE;
	if (c->has_gateway6 && nla_put_in6_addr(msg, EFTF_A_GATEWAY6, &c->gateway6))
		return -EMSGSIZE;
	if (nla_put_u8(msg, EFTF_A_ROLE, tunnel->edev->role) ||
	    nla_put_u32(msg, EFTF_A_KEEPALIVE, READ_ONCE(c->keepalive)) ||
	    nla_put_u32(msg, EFTF_A_TIMEOUT, READ_ONCE(c->timeout)) ||
	    nla_put_u32(msg, EFTF_A_STALL, READ_ONCE(c->stall)) ||
	    nla_put_u8(msg, EFTF_A_PERSISTENT, READ_ONCE(c->persistent)))
		return -EMSGSIZE;
	return 0;
}

static int eftf_put_age(struct sk_buff *msg, int attr, unsigned long since)
{
	return nla_put_u64_64bit(msg, attr, jiffies64_to_msecs(jiffies - since), EFTF_A_PAD);
}

static int eftf_describe_counters(struct sk_buff *msg, struct eftf_tunnel *tunnel)
{
	u64 sojourn[EFTF_SOJOURN_BUCKETS];
	struct nlattr *nest;
	int i;

	spin_lock_bh(&tunnel->queue.lock);
	memcpy(sojourn, tunnel->queue.sojourn, sizeof(sojourn));
	spin_unlock_bh(&tunnel->queue.lock);

	if (nla_put_u64_64bit(msg, EFTF_A_UPTIME,
			      jiffies64_to_msecs(get_jiffies_64() - tunnel->created), EFTF_A_PAD) ||
	    eftf_put_age(msg, EFTF_A_RX_AGE, READ_ONCE(tunnel->last_rx)) ||
	    eftf_put_age(msg, EFTF_A_TX_AGE, READ_ONCE(tunnel->last_tx)) ||
	    nla_put_u32(msg, EFTF_A_QUEUE_PACKETS, READ_ONCE(tunnel->queue.packets)) ||
	    nla_put_u32(msg, EFTF_A_QUEUE_BYTES, READ_ONCE(tunnel->queue.bytes)) ||
	    nla_put_64bit(msg, EFTF_A_SOJOURN, sizeof(sojourn), sojourn, EFTF_A_PAD))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, EFTF_A_STATS);
	if (!nest)
		return -EMSGSIZE;
	for (i = EFTF_STAT_PAD + 1; i <= EFTF_STAT_MAX; i++)
		if (nla_put_u64_64bit(msg, i, atomic64_read(&tunnel->stats.v[i]), EFTF_STAT_PAD))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int eftf_put_sockaddr(struct sk_buff *msg, int attr, const struct sock *sk, bool peer)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (sk->sk_family == AF_INET) {
		struct sockaddr_in sin = {
			.sin_family = AF_INET,
			.sin_port = peer ? inet->inet_dport : inet->inet_sport,
			.sin_addr.s_addr = peer ? inet->inet_daddr : inet->inet_saddr,
		};

		return nla_put(msg, attr, sizeof(sin), &sin);
	}
#if IS_ENABLED(CONFIG_IPV6)
	{
		struct sockaddr_in6 sin6 = {
			.sin6_family = AF_INET6,
			.sin6_port = peer ? inet->inet_dport : inet->inet_sport,
			.sin6_addr = peer ? sk->sk_v6_daddr : inet6_sk(sk)->saddr,
		};

		return nla_put(msg, attr, sizeof(sin6), &sin6);
	}
#else
	return 0;
#endif
}

/**
 * eftf_describe_path - put what TCP knows of the outer path into a message
 * @msg: message
 * @tp: transport in the tunnel's list, or under RCU
 *
 * Context: any; read without the socket lock, so values may be inconsistent.
 * Return: 0 or -EMSGSIZE.
 */
int eftf_describe_path(struct sk_buff *msg, const struct eftf_transport *tp)
{
	const struct sock *sk = tp->sock->sk;

	if (nla_put_u32(msg, EFTF_A_UNACKED, eftf_tcp_unacked(sk)) ||
	    nla_put_u32(msg, EFTF_A_RETRANSMITS, eftf_tcp_retransmits(sk)) ||
	    nla_put_u32(msg, EFTF_A_PATH_MTU, eftf_tcp_path_mtu(sk)))
		return -EMSGSIZE;
	return 0;
}

/* Reads without the socket's lock: the values may not be of the same moment. */
static int eftf_describe_transport(struct sk_buff *msg, const struct eftf_transport *tp)
{
	const struct sock *sk = tp->sock->sk;
	const struct tcp_sock *tcp = tcp_sk(sk);
	const struct tls_crypto_info *tls = eftf_ktls_info(sk);
	/* figures for people, of a state machine that takes no notice of readers */
	u32 bound = data_race(READ_ONCE(tp->flight.bound));
	u32 base = data_race(READ_ONCE(tp->flight.base_us));
	u32 rate = data_race(READ_ONCE(tp->flight.rate));

	if ((bound != EFTF_FLIGHT_NONE && nla_put_u32(msg, EFTF_A_FLIGHT_BOUND, bound)) ||
	    (base != EFTF_FLIGHT_NONE && nla_put_u32(msg, EFTF_A_FLIGHT_BASE, base)) ||
	    nla_put_u32(msg, EFTF_A_FLIGHT_RATE, rate))
		return -EMSGSIZE;
	if (eftf_put_sockaddr(msg, EFTF_A_OUTER_LOCAL, sk, false) ||
	    eftf_put_sockaddr(msg, EFTF_A_OUTER_PEER, sk, true) ||
	    nla_put_u16(msg, EFTF_A_TLS_VERSION, tls->version) ||
	    nla_put_u16(msg, EFTF_A_TLS_CIPHER, tls->cipher_type) ||
	    nla_put_u64_64bit(msg, EFTF_A_RECORD_LIMIT, READ_ONCE(tp->record_limit), EFTF_A_PAD) ||
	    nla_put_u64_64bit(msg, EFTF_A_KEY_RECORDS_TX, READ_ONCE(tp->tx_records), EFTF_A_PAD) ||
	    nla_put_u64_64bit(msg, EFTF_A_KEY_RECORDS_RX, READ_ONCE(tp->rx_records), EFTF_A_PAD) ||
	    nla_put_u32(msg, EFTF_A_TRANSPORT, tp->serial) ||
	    nla_put_u32(msg, EFTF_A_SRTT, READ_ONCE(tcp->srtt_us) >> 3) ||
	    nla_put_u32(msg, EFTF_A_UNSENT, eftf_tcp_unsent(sk)))
		return -EMSGSIZE;
	return eftf_describe_path(msg, tp);
}

/**
 * eftf_describe - put everything about a tunnel into a message
 * @msg: message with IFINDEX, IFNAME and ID in it
 * @tunnel: tunnel
 *
 * Context: process; the device's lock held, or the tunnel's close_work.
 * Return: 0 or -EMSGSIZE.
 */
int eftf_describe(struct sk_buff *msg, struct eftf_tunnel *tunnel)
{
	struct eftf_transport *tp;
	u32 transports = 0;
	int err = 0;

	if (eftf_describe_config(msg, tunnel) || eftf_describe_counters(msg, tunnel))
		return -EMSGSIZE;
	/* a transport in the list has its socket */
	spin_lock_bh(&tunnel->lock);
	list_for_each_entry(tp, &tunnel->transports, node)
		if (!transports++)	/* the newest is the first */
			err = eftf_describe_transport(msg, tp);
	spin_unlock_bh(&tunnel->lock);
	return err ?: nla_put_u32(msg, EFTF_A_TRANSPORTS, transports);
}
