// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transport: one TCP socket with kTLS in both directions that carries the
 * envelopes of a tunnel. sk_user_data marks the socket as taken.
 *
 * Life: create -> start -> (drain ->) release. eftf_end_release() begins the
 * end, in any context; the rest is done here by the release work, in process
 * context, after a grace period for senders that still see the transport:
 * wake-ups first, then the works, then the socket.
 *
 * tests/model/life.pml is this life, step by step: released, draining,
 * await_close, alerted, fin, rx_end there are the flags EFTF_TP_* here, listed
 * and waiting are @node and @wait, rel and gp are @release and its grace
 * period. An order of steps, or a place that queues a work, is changed there
 * first, and tests/model/check run.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "end.h"
#include "event.h"
#include "hold.h"
#include "ktls.h"
#include "record.h"
#include "rx.h"
#include "tcp.h"
#include "timer.h"
#include "transport.h"
#include "tunnel.h"
#include "tx.h"
#include "types.h"
#include "wake.h"

#define EFTF_CLAIM_TRIES	50		/* of a millisecond or two */
#define EFTF_FINAL_ALERT_JIFFIES	HZ	/* hundreds of workers may be at it at the same time */
#define EFTF_SHUT_JIFFIES	(HZ / 50)	/* between two tries to shut the window */

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
		eftf_tcp_hasten(sk);
		eftf_ktls_expect_no_padding(sk);
		WRITE_ONCE(sk->sk_rcvlowat, 1);
	}
	bh_unlock_sock(sk);
	local_bh_enable();
	return err;
}

/*
 * Takes the socket for @tp, all or nothing. Does not wait for long: the thread
 * that has the socket's lock may sleep in a page fault, and generic netlink's
 * own lock is held here.
 */
static int eftf_transport_claim(struct eftf_transport *tp, struct netlink_ext_ack *extack)
{
	int tries = EFTF_CLAIM_TRIES;
	int err;

	while ((err = eftf_transport_try_claim(tp, extack)) == -EAGAIN && tries--)
		usleep_range(1000, 2000);
	if (err != -EAGAIN)
		return err;
	NL_SET_ERR_MSG(extack, "the socket is busy: another thread sends or receives on it");
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
 * The last close may be the module's: it must not wait for the peer, whatever
 * SO_LINGER says.
 */
static void eftf_transport_no_linger(struct sock *sk)
{
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	release_sock(sk);
}

/* Is the socket's lock held by a thread, which may sleep meanwhile? */
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
 * the reader holds the socket's lock all the time: a peer could hold up the end
 * for as long as it likes. So the window is shut, and TCP drops what comes
 * beyond it. This is done without the lock, which is what is waited for; TCP
 * only compares with the clamp. But TCP raises the clamp whenever the receive
 * buffer grows, which goes on until the last byte is read: so it is set again
 * for as long as the lock is held.
 */
static void eftf_transport_shut_window(struct eftf_transport *tp)
{
	unsigned long end = jiffies + EFTF_FINAL_ALERT_JIFFIES;

	do
		WRITE_ONCE(tcp_sk(tp->sock->sk)->window_clamp, 0);
	while (!wait_for_completion_timeout(&tp->final_alert, EFTF_SHUT_JIFFIES) &&
	       (time_before(jiffies, end) || eftf_transport_owned(tp)));
}

/*
 * Last steps of a transport's life. The wait queue was left and the RCU readers
 * are gone; off the list, nothing can drain it any more. The RX and the drain
 * work queue TX work; the TX worker that finds the connection gone queues RX
 * work, once: a reader started after EFTF_TP_RELEASED does nothing.
 *
 * If the closing alert was not sent while draining, the TX worker sends it now.
 * A foreign sender on a dup'ed descriptor may hold TLS's lock for as long as it
 * likes: the worker waits for it a little, and no longer than the shutdown lets
 * it. A thread that keeps the socket's own lock holds up this work, and so the
 * device, but nothing else: releases have a queue of the device's own.
 */
static void eftf_transport_release_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(to_rcu_work(work), struct eftf_transport, release);
	struct eftf_tunnel *tunnel = tp->tunnel;

	spin_lock_bh(&tunnel->lock);
	list_del(&tp->node);
	spin_unlock_bh(&tunnel->lock);

	set_bit(EFTF_TP_FINAL_ALERT, &tp->flags);
	eftf_wake_tx(tp);
	if (!wait_for_completion_timeout(&tp->final_alert, EFTF_FINAL_ALERT_JIFFIES))
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
	 * The file was taken by eftf_transport_create(). If this is its last
	 * reference, the close is done here and not by the thread that does it
	 * for the whole machine: SO_LINGER may have been set again meanwhile.
	 */
	__fput_sync(tp->sock->file);
	eftf_tx_purge(tp);
	eftf_rx_purge(tp);
	eftf_tunnel_put(tunnel);	/* taken by eftf_transport_create() */
	kfree_sensitive(tp);	/* a key may wait in it */
}

/**
 * eftf_transport_create - make a transport of a socket
 * @tunnel: tunnel that it will belong to; a reference is taken
 * @fd: file descriptor of the calling process; its file is held
 * @admin: the caller has CAP_NET_ADMIN in the initial user namespace
 * @extack: told why not
 *
 * Waits a little if a foreign user holds the socket's lock: nothing else should
 * be locked.
 *
 * Context: process, file table of the netlink caller.
 * Return: transport, not started yet; ERR_PTR on refusal.
 */
struct eftf_transport *eftf_transport_create(struct eftf_tunnel *tunnel, int fd, bool admin,
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
	 * A process that holds the socket's lock holds up the end of the device,
	 * and so of its namespace. A socket of another namespace does not keep
	 * the device's alive, so that the kernel's own clean-up, which serves
	 * all namespaces, would be what is held up.
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
	eftf_hold_init(tp);
	eftf_tx_init(tp);
	eftf_wake_init(tp);
	INIT_WORK(&tp->tx_work, eftf_tx_work);
	INIT_DELAYED_WORK(&tp->rx_work, eftf_rx_work);
	INIT_DELAYED_WORK(&tp->drain_work, eftf_end_drain_work);
	INIT_RCU_WORK(&tp->release, eftf_transport_release_work);
	tp->tunnel = tunnel;
	eftf_tunnel_get(tunnel);	/* dropped by the release work */
	return tp;

err_put:
	sockfd_put(tp->sock);
err_free:
	kfree(tp);
	return ERR_PTR(err);
}

/**
 * eftf_transport_destroy - undo eftf_transport_create()
 * @tp: transport that was never started; the socket is its user's again, with
 *	TCP_NODELAY and early retransmissions, without SO_RCVLOWAT
 *
 * Context: process.
 */
void eftf_transport_destroy(struct eftf_transport *tp)
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
	eftf_wake_join(tp);
	eftf_timer_start(tp->tunnel);
}
