// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that change while a tunnel runs: KeyUpdate of TLS 1.3, RFC 8446 4.6.3.
 *
 * The next key follows from a secret that only the helper has. When the peer
 * announces a new key, the helper is asked for it by EVENT_KEY_UPDATE, nothing
 * is read meanwhile, and TUNNEL_REKEY brings it; the same command brings a new
 * sending key. Both wait in the transport for its own workers, which are the
 * only ones that use the socket: so an announcement and the change of key
 * cannot be torn apart, and no key is used for what it is not meant for.
 */
#include "end.h"
#include "event.h"
#include "key.h"
#include "ktls.h"
#include "record.h"
#include "timer.h"
#include "types.h"
#include "wake.h"

static int eftf_key_check(const struct eftf_transport *tp, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	if (eftf_ktls_key_fits(tp->sock->sk, nla_data(attr), nla_len(attr)))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "the key is not one of the connection's TLS version and cipher");
	return -EINVAL;
}

static int eftf_key_check_change(const struct eftf_transport *tp, const struct eftf_key_change *c,
				 struct netlink_ext_ack *extack)
{
	int err = 0;

	if (!eftf_ktls_can_rekey(tp->sock->sk)) {
		NL_SET_ERR_MSG(extack, "this kernel, or this connection's TLS, cannot take new keys: make a new connection (TUNNEL_SWAP)");
		return -EOPNOTSUPP;
	}
	if (c->rx && (!READ_ONCE(tp->key_since) || test_bit(EFTF_TP_KEY_RX, &tp->flags))) {
		NL_SET_ERR_MSG_ATTR(extack, c->rx, "the peer has announced no other key than the one in use");
		return -EALREADY;
	}
	if (c->tx && test_bit(EFTF_TP_KEY_TX, &tp->flags)) {
		NL_SET_ERR_MSG_ATTR(extack, c->tx, "the last new sending key waits to be used");
		return -EBUSY;
	}
	if (c->rx)
		err = eftf_key_check(tp, c->rx, extack);
	if (!err && c->tx)
		err = eftf_key_check(tp, c->tx, extack);
	return err;
}

/**
 * eftf_key_change - give new keys to the current transport of a tunnel
 * @tunnel: tunnel
 * @change: the keys
 * @extack: told why not
 *
 * The keys are used by the transport's workers a little later; one that TLS
 * does not take ends the tunnel.
 *
 * Context: process, device's lock held.
 * Return: 0; -ESTALE: the keys are of another transport; -EALREADY, -EBUSY,
 * -EINVAL, -EOPNOTSUPP. After an error neither key is used.
 */
int eftf_key_change(struct eftf_tunnel *tunnel, const struct eftf_key_change *change,
		    struct netlink_ext_ack *extack)
{
	struct eftf_transport *tp;
	int err;

	spin_lock_bh(&tunnel->lock);
	tp = rcu_dereference_protected(tunnel->transport, lockdep_is_held(&tunnel->lock));
	if (!tp || tp->serial != change->transport) {
		NL_SET_ERR_MSG(extack, "the tunnel goes on with another transport than the keys are for");
		err = -ESTALE;
		goto out;
	}
	err = eftf_key_check_change(tp, change, extack);
	if (err)
		goto out;
	/* the flags are set last: the workers look at them without the lock */
	if (change->tx) {
		nla_memcpy(&tp->key_tx, change->tx, sizeof(tp->key_tx));
		tp->key_request = change->request;
		smp_mb__before_atomic();
		set_bit(EFTF_TP_KEY_TX, &tp->flags);
		eftf_wake_tx(tp);
	}
	if (change->rx) {
		nla_memcpy(&tp->key_rx, change->rx, sizeof(tp->key_rx));
		smp_mb__before_atomic();
		set_bit(EFTF_TP_KEY_RX, &tp->flags);
		eftf_wake_rx(tp);
	}
out:
	spin_unlock_bh(&tunnel->lock);
	return err;
}

/**
 * eftf_key_send - announce the new sending key, if there is one, and change to it
 * @tp: transport
 *
 * Context: process; TX worker, between two calls of sendmsg.
 * Return: 0, or the socket's negative errno; -EAGAIN and -ENOMEM: not begun,
 * try again; -EKEYREJECTED: TLS does not take the key, the stream has ended.
 */
int eftf_key_send(struct eftf_transport *tp)
{
	u8 message[EFTF_KEY_UPDATE_LEN] = { EFTF_HANDSHAKE_KEY_UPDATE, 0, 0, 1, 0 };
	int ret;

	if (!test_bit(EFTF_TP_KEY_TX, &tp->flags))
		return 0;
	smp_rmb();	/* pairs with the barrier in eftf_key_change() */
	message[4] = tp->key_request;
	ret = eftf_ktls_send_record(tp->sock, EFTF_RECORD_HANDSHAKE, message, sizeof(message));
	if (ret)
		return ret;
	eftf_timer_sent(tp);
	eftf_record_count(tp, EFTF_DIRECTION_TX);	/* the last of the old key */
	ret = eftf_ktls_install_key(tp->sock, EFTF_DIRECTION_TX, &tp->key_tx);
	if (ret)
		return -EKEYREJECTED;
	WRITE_ONCE(tp->tx_records, 0);
	clear_bit(EFTF_TP_REKEY_NOTIFIED_TX, &tp->flags);
	eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_KEY_UPDATES_TX);
	smp_mb__before_atomic();
	clear_bit(EFTF_TP_KEY_TX, &tp->flags);
	return 0;
}

/**
 * eftf_key_receive - change to the new receiving key, if there is one
 * @tp: transport
 *
 * Context: process; RX worker.
 */
void eftf_key_receive(struct eftf_transport *tp)
{
	struct eftf_end end = { .reason = EFTF_REASON_ERROR };
	int err;

	if (!test_bit(EFTF_TP_KEY_RX, &tp->flags))
		return;
	smp_rmb();	/* pairs with the barrier in eftf_key_change() */
	err = eftf_ktls_install_key(tp->sock, EFTF_DIRECTION_RX, &tp->key_rx);
	if (err) {
		end.error = -err;
		eftf_end_read(tp, &end);
		return;
	}
	WRITE_ONCE(tp->rx_records, 0);
	clear_bit(EFTF_TP_REKEY_NOTIFIED_RX, &tp->flags);
	eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_KEY_UPDATES_RX);
	WRITE_ONCE(tp->key_since, 0);
	smp_mb__before_atomic();
	clear_bit(EFTF_TP_KEY_RX, &tp->flags);
}

/**
 * eftf_key_announced - the peer has announced its next key
 * @tp: transport
 * @requested: it wants one from us, too
 *
 * Context: process; RX worker.
 * Return: false if no helper can bring the key: the stream ends here.
 */
bool eftf_key_announced(struct eftf_transport *tp, bool requested)
{
	struct eftf_tunnel *tunnel = tp->tunnel;

	/* not worth it for the old transport of a swap, which ends within seconds */
	if (!eftf_ktls_can_rekey(tp->sock->sk) || !eftf_end_is_current(tp))
		return false;
	/* before the event: the answer to it may be quick */
	eftf_timer_await_key(tp);
	/* one that waits to be sent answers this request, too */
	if (test_bit(EFTF_TP_KEY_TX, &tp->flags))
		requested = false;
	return eftf_event_key_update(tunnel, tp->serial, requested);
}
