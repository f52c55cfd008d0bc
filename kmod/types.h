/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nouns: device, tunnel, transport, batch, end, and the table that finds
 * tunnels. What is done with them is in the file of each one's name; README.md
 * says who may hold which lock.
 */
#ifndef EFTF_TYPES_H
#define EFTF_TYPES_H

#include <linux/completion.h>
#include <linux/eftf.h>
#include <linux/in6.h>
#include <linux/kref.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "flight.h"
#include "ftt_ims.h"
#include "ktls.h"
#include "queue.h"
#include "stats.h"

struct eftf_owner;
struct eftf_signalling;
struct eftf_transport;

/* Different prefix lengths that one device's tunnels may have at a time. */
#define EFTF_TABLE_PLENS 4

/**
 * struct eftf_key6 - key of the IPv6 table
 * @prefix: masked to @plen
 * @plen: prefix length, u32 so that the key has no padding
 */
struct eftf_key6 {
	struct in6_addr prefix;
	u32 plen;
};

/**
 * struct eftf_table - finds tunnels by id, inner IPv4 address, inner IPv6 prefix
 * @ids: by id
 * @next_id: where the search for a free id starts
 * @by4: by inner IPv4 address
 * @by6: by struct eftf_key6
 * @plens: prefix lengths in use, longest first, 0 = unused slot
 * @plen_users: tunnels that use each of them
 * @count: tunnels
 *
 * Changed under the device's lock, read under RCU.
 */
struct eftf_table {
	struct xarray ids;
	u32 next_id;
	struct rhashtable by4;
	struct rhashtable by6;
	u8 plens[EFTF_TABLE_PLENS];
	u32 plen_users[EFTF_TABLE_PLENS];
	u32 count;
};

/**
 * struct eftf_dev - private part of an eftf net_device
 * @dev: the device
 * @role: enum eftf_role, fixed when the link is made
 * @ue_to_ue: packets that came in by this device may leave by it
 * @flight: how much bulk may be on its way while there is voice
 * @signalling: how to know unmarked signalling; RCU, changed under RTNL; never
 *	NULL once the link is made
 * @wq: TX and RX workers of its tunnels. A foreign user of a socket can block
 *	them; on a queue of their own they hold up no other device
 * @release_wq: the works that release its transports. They free a blocked
 *	worker, so they have a queue of their own. A foreign user can block them,
 *	too, and then holds up the end of this device, but not of others; only
 *	the unloading of a module with links waits for every device that ends
 * @queued: bytes of memory in the queues of all tunnels
 * @napi_dev: dummy device that the tunnels' NAPI contexts belong to
 * @lock: serialises changes of @table and @tunnels; taken in process context,
 *	may be taken under RTNL
 * @table: lookup of tunnels; read under RCU
 * @tunnels: every tunnel that is not freed yet, also closing ones
 * @dying: set under @lock when the link goes: no new tunnels
 */
struct eftf_dev {
	struct net_device *dev;
	u8 role;
	bool ue_to_ue;
	struct eftf_flight_settings flight;
	struct eftf_signalling __rcu *signalling;
	struct workqueue_struct *wq;
	struct workqueue_struct *release_wq;
	atomic_long_t queued;
	struct net_device *napi_dev;
	struct mutex lock;
	struct eftf_table table;
	struct list_head tunnels;
	bool dying;
};

/**
 * struct eftf_tunnel_config - what TUNNEL_NEW asks for
 * @id: 0 = to be chosen
 * @has_inner4: @inner4 is set
 * @has_inner6: @inner6 and @plen are set
 * @has_gateway4: @gateway4 is set
 * @has_gateway6: @gateway6 is set
 * @inner4: the UE's inner address
 * @inner6: the UE's inner address or prefix, as given
 * @plen: prefix length of @inner6
 * @gateway4: the EFTF's inner IPv4 address
 * @gateway6: the EFTF's inner IPv6 address
 * @keepalive: seconds without sending before an echo request; 0 = none
 * @timeout: seconds without receiving before the end; 0 = never
 * @stall: seconds without acknowledgement until listeners are told; 0 = never
 * @persistent: outlives the netlink socket that made it
 * @negotiated: the helper has exchanged envelopes on the connection
 * @record_limit: records per key; 0 = the cipher's own
 */
struct eftf_tunnel_config {
	u32 id;
	bool has_inner4, has_inner6, has_gateway4, has_gateway6;
	__be32 inner4, gateway4;
	struct in6_addr inner6, gateway6;
	u8 plen;
	u32 keepalive, timeout, stall;
	bool persistent, negotiated;
	u64 record_limit;
};

/**
 * struct eftf_end - why a tunnel or transport ended
 * @reason: enum eftf_reason
 * @alert: TLS alert description, with %EFTF_REASON_ALERT
 * @error: positive errno, with %EFTF_REASON_ERROR
 */
struct eftf_end {
	u32 reason;
	u8 alert;
	int error;
};

/**
 * struct eftf_tunnel - one peer
 * @edev: device; the tunnel holds a reference on it by @dev_tracker
 * @dev_tracker: of that reference
 * @kref: one for being in use (dropped by @close_work), one for each transport
 * @config: as asked for; keepalive, timeout, stall, persistent and record_limit change
 *	under the device's lock
 * @node4: in the table's by4
 * @node6: in the table's by6
 * @key6: key of @node6
 * @all: in the device's list of tunnels, under its lock
 * @owner: netlink socket that the tunnel dies with, or NULL; under owner.c's lock
 * @owned: in @owner's list
 * @lock: protects @closing, @force, @end, @transports and the change of @transport
 * @closing: the tunnel has ended: @end is valid, @close_work queued
 * @force: the device goes: no flushing, no lingering
 * @end: why
 * @transports: every transport that is not released yet, newest first
 * @transport: the one that sends; RCU; NULL when released
 * @serial: of the last transport; under @lock
 * @first: the first transport between eftf_tunnel_create() and _insert()
 * @close_work: takes the tunnel out of the tables and its transports down
 * @queue: packets that wait for the transport
 * @ready: received packets that wait for the stack
 * @ready_bytes: bytes of memory of them
 * @napi: gives them to it
 * @timer: see timer.c
 * @last_tx: jiffies when something was last sent
 * @last_rx: jiffies when something was last received
 * @last_echo: jiffies when an echo request was last queued
 * @echo_seq: sequence number of the next echo request
 * @created: jiffies64 at the start
 * @stats: counters
 * @rcu: frees the tunnel
 */
struct eftf_tunnel {
	struct eftf_dev *edev;
	netdevice_tracker dev_tracker;
	struct kref kref;
	struct eftf_tunnel_config config;
	struct rhash_head node4;
	struct rhash_head node6;
	struct eftf_key6 key6;
	struct list_head all;
	struct eftf_owner *owner;
	struct list_head owned;
	spinlock_t lock;
	bool closing;
	bool force;
	struct eftf_end end;
	struct list_head transports;
	struct eftf_transport __rcu *transport;
	u32 serial;
	struct eftf_transport *first;
	struct work_struct close_work;
	struct eftf_queue queue;
	struct sk_buff_head ready;
	atomic_t ready_bytes;
	struct napi_struct napi;
	struct timer_list timer;
	unsigned long last_tx;
	unsigned long last_rx;
	unsigned long last_echo;
	u16 echo_seq;
	u64 created;
	struct eftf_stats stats;
	struct rcu_head rcu;
};

/* With these a transport has just less than 4 KiB. */
#define EFTF_BATCH_PACKETS	64
#define EFTF_BATCH_VECS		128
#define EFTF_BATCH_HEADERS	1024

/**
 * struct eftf_batch - envelopes on their way into one record
 * @skbs: packets that nothing more is to be sent of, freed when the last byte was accepted
 * @vec: headers and packet data in turn
 * @header: headers of envelopes; of segments of a packet, those of IP and TCP behind it
 * @n_vecs: used in @vec
 * @header_len: used in @header
 * @n: envelopes
 * @len: bytes in all
 * @done: bytes that TLS has accepted
 * @inner: bytes of the packets alone
 */
struct eftf_batch {
	struct sk_buff_head skbs;
	struct kvec vec[EFTF_BATCH_VECS];
	u8 header[EFTF_BATCH_HEADERS] __aligned(4);
	unsigned int n_vecs;
	unsigned int header_len;
	unsigned int n;
	size_t len;
	size_t done;
	size_t inner;
};

/**
 * enum eftf_transport_flag - bits of eftf_transport.flags
 * @EFTF_TP_DRAINING: to be closed: flush, close_notify, FIN
 * @EFTF_TP_AWAIT_CLOSE: draining, but the peer says close_notify first
 * @EFTF_TP_ALERTED: the closing alert was accepted by TLS
 * @EFTF_TP_FIN: our FIN was sent
 * @EFTF_TP_RX_END: nothing more will be read
 * @EFTF_TP_RESET: the sender was told of a reset
 * @EFTF_TP_RX_TOO_LONG: the sender was told of a record that is too long for TLS
 * @EFTF_TP_RELEASED: the release work is queued; set once
 * @EFTF_TP_FINAL_ALERT: the release work waits for the closing alert
 * @EFTF_TP_REKEY_NOTIFIED_TX: EVENT_REKEY was sent for the sending key
 * @EFTF_TP_REKEY_NOTIFIED_RX: EVENT_REKEY was sent for the receiving key
 * @EFTF_TP_KEY_TX: key_tx waits for the TX worker
 * @EFTF_TP_KEY_RX: key_rx waits for the RX worker
 * @EFTF_TP_HELD: the TX worker waits for hold_until, and for nothing else
 */
enum eftf_transport_flag {
	EFTF_TP_DRAINING,
	EFTF_TP_AWAIT_CLOSE,
	EFTF_TP_ALERTED,
	EFTF_TP_FIN,
	EFTF_TP_RX_END,
	EFTF_TP_RESET,
	EFTF_TP_RX_TOO_LONG,
	EFTF_TP_RELEASED,
	EFTF_TP_FINAL_ALERT,
	EFTF_TP_REKEY_NOTIFIED_TX,
	EFTF_TP_REKEY_NOTIFIED_RX,
	EFTF_TP_KEY_TX,
	EFTF_TP_KEY_RX,
	EFTF_TP_HELD,
};

/**
 * struct eftf_path - what TCP's acknowledgements say of the outer path
 * @watched: the tunnel's timer looks at this transport twice a second
 * @una: TCP's snd_una at the last look; timer only, as the next five
 * @since: jiffies of the last progress while data is in flight, 0 = nothing is
 * @told: EVENT_STALLED was sent for this standstill
 * @step: steps that were made towards small segments; never goes back
 * @timeouts: retransmission time-outs in a row at the last step
 * @answered: something came from the peer during the standstill of the last step
 * @mtu: outer packet size in bytes that TCP was told to keep to, 0 = the route's own
 * @wanted: the same, waits for the TX worker; 0 = nothing to do
 * @proven: data passed in packets of @mtu after it did not in larger ones; the
 *	TX worker tells the route
 * @remembered: it did
 */
struct eftf_path {
	bool watched;
	u32 una;
	unsigned long since;
	bool told;
	u8 step;
	u8 timeouts;
	bool answered;
	u32 mtu;
	u32 wanted;
	bool proven;
	bool remembered;
};

/**
 * struct eftf_transport - one kTLS socket of a tunnel
 * @tunnel: holds a reference on it
 * @sock: its file is held from eftf_transport_create() to the release work
 * @serial: 1 for the first transport of the tunnel, 1 more for each next
 * @node: in the tunnel's transports, under the tunnel's lock
 * @flags: enum eftf_transport_flag
 * @wait: on the socket's wait queue; how the module learns of data, room, errors
 * @tx_work: the only sender
 * @rx_work: the only reader; delayed after a failed allocation, or behind a foreign reader
 * @drain_work: watches over the end of a draining transport
 * @release: takes the transport down after a grace period
 * @final_alert: the TX worker has tried to send the closing alert after the release
 * @drain_until: jiffies; when draining is given up
 * @end: why it ended, for EVENT_SWAPPED; under the tunnel's lock
 * @close_alert: description of the alert that closes, 0 = close_notify; RX worker writes
 * @batch: being sent; TX worker only
 * @flight: bound of what is outstanding; TX worker writes
 * @hold_until: bytes outstanding down to which bulk waits, with %EFTF_TP_HELD
 * @urgent: prepared packets that go before anything else; TX worker only
 * @segs: prepared packets of the bulk band; TX worker only
 * @failing_since: jiffies of the first failure of TLS since anything was sent, 0 = none; TX
 *	worker only
 * @decoder: place in the received stream; RX worker only
 * @rx_skb: packet being put together; NULL: the envelope's payload is skipped
 * @rx_unknown: envelopes of unknown type in a row; RX worker only
 * @rx_acks_at_once: reads since TCP has stopped to delay acknowledgements; RX worker only
 * @rx_fresh: no envelope was seen on the connection yet; RX worker only
 * @unfinished_since: jiffies when the envelope, or handshake message, began that has not ended
 *	yet; 0 = none; RX worker writes
 * @tickets: events sent for tickets; RX worker only
 * @hs_skip: bytes of a handshake message still to be skipped; RX worker only
 * @stalled_since: jiffies when the socket took no more, 0 = it takes; TX worker writes
 * @stall_told: EVENT_STALLED was sent for this stall
 * @path: what TCP's acknowledgements say of the outer path
 * @record_limit: records per key before TX stops; U64_MAX = none
 * @tx_records: records sent under the current key
 * @rx_records: records received under the current key
 * @key_tx: next sending key, with %EFTF_TP_KEY_TX
 * @key_rx: next receiving key, with %EFTF_TP_KEY_RX
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
	struct completion final_alert;
	unsigned long drain_until;
	struct eftf_end end;
	u8 close_alert;
	struct eftf_batch batch;
	struct eftf_flight flight;
	u32 hold_until;
	struct sk_buff_head urgent;
	struct sk_buff_head segs;
	unsigned long failing_since;
	struct ftt_ims_decoder decoder;
	struct sk_buff *rx_skb;
	unsigned int rx_unknown;
	unsigned int rx_acks_at_once;
	bool rx_fresh;
	unsigned long unfinished_since;
	unsigned int tickets;
	u32 hs_skip;
	unsigned long stalled_since;
	bool stall_told;
	struct eftf_path path;
	u64 record_limit;
	u64 tx_records;
	u64 rx_records;
	union eftf_ktls_key key_tx;
	union eftf_ktls_key key_rx;
	bool key_request;
	unsigned long key_since;
};

#endif
