/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TRANSPORT_H
#define EFTF_TRANSPORT_H

#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "device.h"
#include "ftt_ims.h"
#include "ktls.h"
#include "tunnel.h"

#define EFTF_ALERT_CLOSE_NOTIFY		0	/* descriptions of alerts, RFC 8446 6 */
#define EFTF_ALERT_UNEXPECTED_MESSAGE	10
#define EFTF_ALERT_BAD_RECORD_MAC	20
#define EFTF_ALERT_DECODE_ERROR		50
#define EFTF_ALERT_USER_CANCELED	90
#define EFTF_BATCH_PACKETS	64
#define EFTF_BATCH_VECS		192
#define EFTF_DRAIN_JIFFIES	(2 * HZ)
#define EFTF_SWAP_DRAIN_JIFFIES	(10 * HZ)

/**
 * struct eftf_batch - envelopes on their way into one sendmsg
 * @skbs: the packets, freed when the last octet was accepted
 * @vec: headers and packet data in turn
 * @hdr: the envelope headers
 * @n_vecs: used in @vec
 * @n: envelopes
 * @len: octets in all
 * @done: of them accepted by TLS
 * @inner: octets of the packets alone
 */
struct eftf_batch {
	struct sk_buff_head skbs;
	struct kvec vec[EFTF_BATCH_VECS];
	u8 hdr[EFTF_BATCH_PACKETS][FTT_IMS_HDR_LEN];
	unsigned int n_vecs;
	unsigned int n;
	size_t len;
	size_t done;
	size_t inner;
};

enum eftf_transport_flag {
	EFTF_TP_DRAINING,	/* to be closed: flush, close_notify, FIN */
	EFTF_TP_PATIENT,	/* draining, but the peer says close_notify first */
	EFTF_TP_ALERTED,	/* the closing alert was accepted by TLS */
	EFTF_TP_FIN,		/* our FIN was sent */
	EFTF_TP_RX_END,		/* nothing more will come */
	EFTF_TP_RESET,		/* the sender was told of a reset */
	EFTF_TP_RELEASED,	/* release work queued; set once */
	EFTF_TP_LAST_WORD,	/* the release work waits for the closing alert */
	EFTF_TP_TOLD_TX,	/* EVENT_REKEY sent for the sending key */
	EFTF_TP_TOLD_RX,
	EFTF_TP_KEY_TX,		/* @key_tx waits for the TX worker */
	EFTF_TP_KEY_RX,		/* @key_rx waits for the RX worker */
};

/**
 * struct eftf_transport - one kTLS socket of a tunnel
 * @tunnel: holds a reference on it
 * @sock: its file is held from eftf_transport_new() to the release work
 * @serial: 1 for the first transport of the tunnel, 1 more for each next
 * @node: in the tunnel's transports, under the tunnel's lock
 * @flags: enum eftf_transport_flag
 * @wait: on the socket's wait queue; how the module learns of data, room, errors
 * @tx_work: the only sender
 * @rx_work: the only reader; delayed after a failed allocation, or behind a foreign reader
 * @drain_work: watches over the end of a draining transport
 * @release: takes the transport down after a grace period
 * @last_word: the TX worker has tried to send the closing alert after the release
 * @drain_until: jiffies; when draining is given up
 * @end: why it ended, for EVENT_SWAPPED; under the tunnel's lock
 * @close_alert: description of the alert that closes, 0 = close_notify; RX worker writes
 * @batch: being sent; TX worker only
 * @urgent: finished packets that go before anything else; TX worker only
 * @segs: finished packets of the bulk band; TX worker only
 * @failing_since: jiffies of the first failure of TLS since anything was sent, 0 = none; TX
 *	worker only
 * @decoder: place in the received stream; RX worker only
 * @rx_skb: packet being put together; NULL: the envelope's payload is skipped
 * @rx_unknown: useless envelopes in a row; RX worker only
 * @rx_fresh: no envelope was seen on the connection yet; RX worker only
 * @tickets: events sent for tickets; RX worker only
 * @hs_skip: octets of a handshake message still to be skipped; RX worker only
 * @stalled_since: jiffies when the socket took no more, 0 = it takes; TX worker writes
 * @stall_told: EVENT_STALLED was sent for this stall
 * @record_limit: records per key before TX stops; U64_MAX = none
 * @tx_records: records sent under the current key
 * @rx_records: records received under the current key
 * @key_tx: next sending key, with EFTF_TP_KEY_TX
 * @key_rx: next receiving key, with EFTF_TP_KEY_RX
 * @key_request: with @key_tx: ask the peer for a new key, too
 * @key_since: jiffies when the peer announced a key that has not come yet; 0 =
 *	none; RX worker writes
 */
struct eftf_transport {
	struct eftf_tunnel *tunnel;
	struct socket *sock;
	u32 serial;
	struct list_head node;
	unsigned long flags;
	wait_queue_entry_t wait;
	struct work_struct tx_work;
	struct delayed_work rx_work;
	struct delayed_work drain_work;
	struct rcu_work release;
	struct completion last_word;
	unsigned long drain_until;
	struct eftf_end end;
	u8 close_alert;
	struct eftf_batch batch;
	struct sk_buff_head urgent;
	struct sk_buff_head segs;
	unsigned long failing_since;
	struct ftt_ims_decoder decoder;
	struct sk_buff *rx_skb;
	unsigned int rx_unknown;
	bool rx_fresh;
	unsigned int tickets;
	u32 hs_skip;
	unsigned long stalled_since;
	bool stall_told;
	u64 record_limit;
	u64 tx_records;
	u64 rx_records;
	union eftf_ktls_key key_tx;
	union eftf_ktls_key key_rx;
	bool key_request;
	unsigned long key_since;
};

struct eftf_transport *eftf_transport_new(struct eftf_tunnel *tunnel, int fd, bool admin,
					  struct netlink_ext_ack *extack);
void eftf_transport_abandon(struct eftf_transport *tp);
void eftf_transport_start(struct eftf_transport *tp);
void eftf_transport_drain(struct eftf_transport *tp, unsigned long patience);
void eftf_transport_release(struct eftf_transport *tp);
void eftf_transport_fail(struct eftf_transport *tp, const struct eftf_end *end);
void eftf_transport_read_end(struct eftf_transport *tp, const struct eftf_end *end);
bool eftf_transport_is_current(const struct eftf_transport *tp);

void eftf_tx_work(struct work_struct *work);
void eftf_tx_purge(struct eftf_transport *tp);
void eftf_rx_work(struct work_struct *work);
void eftf_rx_purge(struct eftf_transport *tp);

int eftf_record_send_alert(struct eftf_transport *tp);
bool eftf_record_exhausted(const struct eftf_transport *tp);
void eftf_record_init(struct eftf_transport *tp);
void eftf_record_limit(struct eftf_transport *tp, u64 records);
void eftf_record_count(struct eftf_transport *tp, enum eftf_direction direction);
void eftf_record_control(struct eftf_transport *tp, u8 type, const u8 *data, size_t len);

static inline void eftf_transport_kick_tx(struct eftf_transport *tp)
{
	queue_work(tp->tunnel->edev->wq, &tp->tx_work);
}

static inline void eftf_transport_kick_rx(struct eftf_transport *tp)
{
	queue_delayed_work(tp->tunnel->edev->wq, &tp->rx_work, 0);
}

#endif
