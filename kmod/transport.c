// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transport: one TCP socket with kTLS in both directions that carries the
 * envelopes of a tunnel.
 *
 * The module hangs itself into the socket's wait queue instead of replacing
 * sk_data_ready and sk_write_space: when kTLS completes a record in its own
 * work (the socket was owned, or memory was short) it calls the callback that
 * it saved before the module came, so a replaced sk_data_ready misses it. The
 * wait queue is woken on every path, and leaving it waits for a wake-up that
 * is under way. sk_user_data marks the socket as taken.
 *
 * Life: new -> start -> (drain ->) release. Whoever takes a transport down
 * calls eftf_transport_release(); the rest is done by its work, in process
 * context, after a grace period for senders that still see the transport:
 * wake-ups first, then the works, then the socket.
 *
 * tests/model/life.pml is this life, step by step, with everybody who may end
 * it: released, draining, patient, alerted, fin, rx_end there are the flags
 * EFTF_TP_* here, listed and waiting are @node and @wait, rel and gp are
 * @release and its grace period. tests/model/wake.pml is what a living
 * transport must not miss. Who changes an order here, or adds somebody who
 * queues a work, changes it there first and runs tests/model/check.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "device.h"
#include "event.h"
#include "keepalive.h"
#include "transport.h"

#define EFTF_CLAIM_TRIES	50		/* of a millisecond or two */
#define EFTF_LAST_WORD_JIFFIES	HZ		/* hundreds of workers may be at it at the same time */
#define EFTF_SHUT_JIFFIES	(HZ / 50)	/* between two tries to shut the window */

/**
 * eftf_transport_is_current - does the transport take from the tunnel's queue?
 * @tp: transport
 *
 * Context: any.
 */
bool eftf_transport_is_current(const struct eftf_transport *tp)
{
	return rcu_access_pointer(tp->tunnel->transport) == tp;
}

static int eftf_transport_woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct eftf_transport *tp = container_of(wait, struct eftf_transport, wait);
	__poll_t events = key_to_poll(key);

	/* a state change comes without events: look at everything */
	if (!events || (events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)))
		eftf_transport_kick_rx(tp);
	if (!events || (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		eftf_transport_kick_tx(tp);
	return 0;
}

/* Checks that the socket can be a transport: connected, kTLS in both directions, unused. */
static int eftf_transport_check(struct sock *sk, struct netlink_ext_ack *extack)
{
	int err;

	if (sk->sk_state != TCP_ESTABLISHED || sk->sk_shutdown) {
		NL_SET_ERR_MSG(extack, "the socket is not connected (any more) in both directions");
		return -ENOTCONN;
	}
	if (sk->sk_err) {
		NL_SET_ERR_MSG(extack, "the socket has a pending error");
		return -sk->sk_err;
	}
	err = eftf_ktls_check(sk, extack);
	if (err)
		return err;
	if (rcu_access_pointer(__sk_user_data(sk))) {
		NL_SET_ERR_MSG(extack, "the socket is in use by the kernel already");
		return -EBUSY;
	}
	return 0;
}

/* Return: as eftf_transport_check(); -EAGAIN: the socket is locked just now. */
static int eftf_transport_try_claim(struct eftf_transport *tp, struct netlink_ext_ack *extack)
{
	struct sock *sk = tp->sock->sk;
	int err = -EAGAIN;

	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user_nocheck(sk))
		err = eftf_transport_check(sk, extack);
	if (!err) {
		write_lock(&sk->sk_callback_lock);
		rcu_assign_sk_user_data(sk, tp);
		write_unlock(&sk->sk_callback_lock);
		/* override the caller's Nagle and SO_RCVLOWAT settings */
		tcp_sk(sk)->nonagle = TCP_NAGLE_OFF;
		WRITE_ONCE(sk->sk_rcvlowat, 1);
	}
	bh_unlock_sock(sk);
	local_bh_enable();
	return err;
}

/*
 * Takes the socket for @tp, all or nothing, without waiting for long: who owns
 * it may be asleep in a page fault, and generic netlink's own lock is held here.
 */
static int eftf_transport_claim(struct eftf_transport *tp, struct netlink_ext_ack *extack)
{
	int tries = EFTF_CLAIM_TRIES;
	int err;

	while ((err = eftf_transport_try_claim(tp, extack)) == -EAGAIN && tries--)
		usleep_range(1000, 2000);
	if (err != -EAGAIN)
		return err;
	NL_SET_ERR_MSG(extack, "the socket is busy: somebody sends or receives on it");
	return -EBUSY;
}

static void eftf_transport_unclaim(struct eftf_transport *tp)
{
	struct sock *sk = tp->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
}

/*
 * The last close may be ours: it must not wait for a peer, however long somebody
 * wants it to linger.
 */
static void eftf_transport_no_linger(struct sock *sk)
{
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	release_sock(sk);
}

/* Does somebody have the socket's lock, if only to sleep with it? */
static bool eftf_transport_owned(struct eftf_transport *tp)
{
	struct sock *sk = tp->sock->sk;
	bool owned;

	spin_lock_bh(&sk->sk_lock.slock);
	owned = sock_owned_by_user_nocheck(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
	return owned;
}

/*
 * TLS does not return from a read while one empty record follows the other, and
 * the reader has the socket's lock all the time: a peer could hold up the end for
 * as long as it likes. It is given no more window, and TCP drops what is sent
 * beyond. This cannot be done under the lock, for it is the lock that is waited
 * for; TCP only compares with the clamp, but raises it whenever its buffer grows,
 * and that may do so until the last octet is read: so the clamp is set again for
 * as long as the lock is not free.
 */
static void eftf_transport_shut_window(struct eftf_transport *tp)
{
	unsigned long end = jiffies + EFTF_LAST_WORD_JIFFIES;

	do
		WRITE_ONCE(tcp_sk(tp->sock->sk)->window_clamp, 0);
	while (!wait_for_completion_timeout(&tp->last_word, EFTF_SHUT_JIFFIES) &&
	       (time_before(jiffies, end) || eftf_transport_owned(tp)));
}

/*
 * Last steps of a transport's life. The wait queue was left and the RCU
 * readers are gone; off the list nobody can drain it any more. The RX and the
 * drain work queue TX work; the TX worker that finds the connection gone queues
 * RX work, once: a reader started after EFTF_TP_RELEASED does nothing.
 *
 * The last word of a transport that could not finish in peace is said by the
 * TX worker. A foreign sender on a dup'ed descriptor may hold TLS's lock for as
 * long as it likes: the worker waits for it a little, and no longer than the
 * shutdown lets it. Who holds the socket's own lock holds up this work, and so
 * the device, but nobody else: releases have a queue of the device's own.
 */
static void eftf_transport_release_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(to_rcu_work(work), struct eftf_transport, release);
	struct eftf_tunnel *tunnel = tp->tunnel;

	spin_lock_bh(&tunnel->lock);
	list_del(&tp->node);
	spin_unlock_bh(&tunnel->lock);

	set_bit(EFTF_TP_LAST_WORD, &tp->flags);
	eftf_transport_kick_tx(tp);
	if (!wait_for_completion_timeout(&tp->last_word, EFTF_LAST_WORD_JIFFIES))
		eftf_transport_shut_window(tp);
	/* also frees a worker of ours that a foreign sender or reader blocks */
	kernel_sock_shutdown(tp->sock, SHUT_RDWR);
	eftf_transport_no_linger(tp->sock->sk);
	cancel_delayed_work_sync(&tp->rx_work);
	cancel_delayed_work_sync(&tp->drain_work);
	cancel_work_sync(&tp->tx_work);
	cancel_delayed_work_sync(&tp->rx_work);

	/* close_work tells DOWN with this lock held */
	mutex_lock(&tunnel->edev->lock);
	if (!READ_ONCE(tunnel->closing))
		eftf_event_swapped(tunnel, &tp->end);
	mutex_unlock(&tunnel->edev->lock);
	eftf_transport_unclaim(tp);
	/*
	 * The file was taken by eftf_transport_new(). If this is the last of its
	 * references, the close is done here and not by the thread that does it
	 * for the whole machine: somebody may have set a linger meanwhile.
	 */
	__fput_sync(tp->sock->file);
	eftf_tx_purge(tp);
	eftf_rx_purge(tp);
	eftf_tunnel_put(tunnel);	/* taken by eftf_transport_new() */
	kfree_sensitive(tp);	/* a key may wait in it */
}

/**
 * eftf_transport_release - take a transport down, without further ado
 * @tp: transport; not to be used by the caller afterwards, unless the caller is
 *	one of its works
 *
 * May be called several times, by anybody who knows that the transport is
 * still there: its own works, or a holder of the tunnel's lock who found it in
 * the tunnel's list.
 *
 * Context: any that may take the socket's wait queue lock; not under RCU only.
 */
void eftf_transport_release(struct eftf_transport *tp)
{
	if (test_and_set_bit(EFTF_TP_RELEASED, &tp->flags))
		return;
	remove_wait_queue(sk_sleep(tp->sock->sk), &tp->wait);
	unrcu_pointer(cmpxchg(&tp->tunnel->transport, RCU_INITIALIZER(tp), RCU_INITIALIZER(NULL)));
	queue_rcu_work(tp->tunnel->edev->release_wq, &tp->release);
}

static void eftf_transport_drain_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(to_delayed_work(work), struct eftf_transport,
						 drain_work);

	if (time_after_eq(jiffies, READ_ONCE(tp->drain_until)) || READ_ONCE(tp->tunnel->force)) {
		eftf_transport_release(tp);
		return;
	}
	/*
	 * TLS may hold records back; there is no wake-up for when they left.
	 * Nor is there one for the end of patience.
	 */
	if (!test_bit(EFTF_TP_FIN, &tp->flags))
		eftf_transport_kick_tx(tp);
	queue_delayed_work(eftf_wq, &tp->drain_work, HZ / 50);
}

/**
 * eftf_transport_drain - let a transport finish: what it has begun to send,
 *	close_notify, FIN, then the peer's end of stream
 * @tp: transport
 * @patience: jiffies after which it is released in any case
 *
 * Context: any, tunnel's lock held.
 */
void eftf_transport_drain(struct eftf_transport *tp, unsigned long patience)
{
	lockdep_assert_held(&tp->tunnel->lock);
	if (test_bit(EFTF_TP_RELEASED, &tp->flags))
		return;
	if (!test_bit(EFTF_TP_DRAINING, &tp->flags) ||
	    time_before(jiffies + patience, tp->drain_until))
		WRITE_ONCE(tp->drain_until, jiffies + patience);
	set_bit(EFTF_TP_DRAINING, &tp->flags);
	eftf_transport_kick_tx(tp);
	eftf_transport_kick_rx(tp);
	queue_delayed_work(eftf_wq, &tp->drain_work, HZ / 50);
}

/**
 * eftf_transport_fail - the stream of a transport has ended
 * @tp: transport
 * @end: why
 *
 * The current transport takes the tunnel with it; the old one of a swap goes
 * alone.
 *
 * Context: process; the transport's TX or RX worker.
 */
void eftf_transport_fail(struct eftf_transport *tp, const struct eftf_end *end)
{
	struct eftf_tunnel *tunnel = tp->tunnel;

	if (eftf_tunnel_close(tunnel, tp, end))
		return;	/* the tunnel's close_work goes on from here */
	spin_lock_bh(&tunnel->lock);
	if (tp->end.reason == EFTF_REASON_SWAPPED)	/* the other worker may be here, too */
		tp->end = *end;
	spin_unlock_bh(&tunnel->lock);
	/* after the peer's close_notify, the TX worker still has to send ours */
	if (end->reason != EFTF_REASON_RELEASED || test_bit(EFTF_TP_FIN, &tp->flags))
		eftf_transport_release(tp);
	else
		eftf_transport_kick_tx(tp);
}

/**
 * eftf_transport_read_end - nothing more is read
 * @tp: transport
 * @end: why
 *
 * Context: process; the transport's RX worker.
 */
void eftf_transport_read_end(struct eftf_transport *tp, const struct eftf_end *end)
{
	set_bit(EFTF_TP_RX_END, &tp->flags);
	eftf_transport_fail(tp, end);
}

/**
 * eftf_transport_new - make a transport of a socket
 * @tunnel: tunnel that it will belong to; a reference is taken
 * @fd: file descriptor of the calling process; its file is held
 * @admin: the caller may do everything, in every namespace
 * @extack: told why not
 *
 * Waits a little if a foreign user holds the socket's lock: nothing else should
 * be locked.
 *
 * Context: process, file table of the netlink caller.
 * Return: transport, not started yet; ERR_PTR on refusal.
 */
struct eftf_transport *eftf_transport_new(struct eftf_tunnel *tunnel, int fd, bool admin,
					  struct netlink_ext_ack *extack)
{
	struct eftf_transport *tp;
	struct sock *sk;
	int err;

	tp = kzalloc(sizeof(*tp), GFP_KERNEL_ACCOUNT);
	if (!tp)
		return ERR_PTR(-ENOMEM);
	tp->sock = sockfd_lookup(fd, &err);
	if (!tp->sock) {
		if (err == -ENOTSOCK)
			NL_SET_ERR_MSG(extack, "the file descriptor is no socket");
		else
			NL_SET_ERR_MSG(extack, "no such file descriptor in the calling process");
		goto err_free;
	}
	sk = tp->sock->sk;
	err = -EPROTONOSUPPORT;
	if (!sk || sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)) {
		NL_SET_ERR_MSG(extack, "the socket is not a TCP socket");
		goto err_put;
	}
	/*
	 * Whoever holds up the socket holds up the end of the device, and so of
	 * its namespace. If the socket is of another one, its file does not
	 * keep this one alive: then the end is everybody's business.
	 */
	err = -EPERM;
	if (!net_eq(sock_net(sk), dev_net(tunnel->edev->dev)) && !admin) {
		NL_SET_ERR_MSG(extack, "a socket of another network namespace than the device's needs CAP_NET_ADMIN of the initial user namespace");
		goto err_put;
	}
	err = eftf_transport_claim(tp, extack);
	if (err)
		goto err_put;

	tp->rx_fresh = !tunnel->config.negotiated;
	tp->end.reason = EFTF_REASON_SWAPPED;
	eftf_record_init(tp);
	__skb_queue_head_init(&tp->urgent);
	__skb_queue_head_init(&tp->segs);
	__skb_queue_head_init(&tp->batch.skbs);
	init_waitqueue_func_entry(&tp->wait, eftf_transport_woken);
	INIT_WORK(&tp->tx_work, eftf_tx_work);
	INIT_DELAYED_WORK(&tp->rx_work, eftf_rx_work);
	INIT_DELAYED_WORK(&tp->drain_work, eftf_transport_drain_work);
	INIT_RCU_WORK(&tp->release, eftf_transport_release_work);
	init_completion(&tp->last_word);
	tp->tunnel = tunnel;
	kref_get(&tunnel->kref);	/* dropped by the release work */
	return tp;

err_put:
	sockfd_put(tp->sock);
err_free:
	kfree(tp);
	return ERR_PTR(err);
}

/**
 * eftf_transport_abandon - undo eftf_transport_new()
 * @tp: transport that was never started; the socket is its user's again, with
 *	TCP_NODELAY and without SO_RCVLOWAT
 *
 * Context: process.
 */
void eftf_transport_abandon(struct eftf_transport *tp)
{
	eftf_transport_unclaim(tp);
	sockfd_put(tp->sock);
	eftf_tunnel_put(tp->tunnel);
	kfree(tp);
}

/**
 * eftf_transport_start - join the tunnel and begin to send and receive
 * @tp: new transport
 *
 * Context: process, tunnel's lock held.
 */
void eftf_transport_start(struct eftf_transport *tp)
{
	lockdep_assert_held(&tp->tunnel->lock);
	tp->serial = ++tp->tunnel->serial;
	eftf_record_limit(tp, tp->tunnel->config.record_limit);
	list_add(&tp->node, &tp->tunnel->transports);
	rcu_assign_pointer(tp->tunnel->transport, tp);
	add_wait_queue(sk_sleep(tp->sock->sk), &tp->wait);
	/* whatever came before the wait queue was joined */
	eftf_transport_kick_rx(tp);
	eftf_transport_kick_tx(tp);
	eftf_keepalive_start(tp->tunnel);
}
