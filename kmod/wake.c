// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes the two workers of a transport run: the socket's wait queue, a
 * packet to be sent, and every caller of eftf_wake_tx() and eftf_wake_rx().
 *
 * The module joins the socket's wait queue instead of replacing sk_data_ready
 * and sk_write_space: when kTLS completes a record in its own work (the socket
 * was locked, or memory was short) it calls the callback that it saved before
 * the module came, so a replaced sk_data_ready misses it. The wait queue is
 * woken on every path, and leaving it waits for a wake-up that is under way.
 *
 * tests/model/wake.pml is what a living transport must not miss. An order of
 * steps is changed there first, and tests/model/check run.
 */
#include <linux/poll.h>
#include <net/sock.h>

#include "hold.h"
#include "signalling.h"
#include "wake.h"

#define EFTF_WAKE_RX_LATER	(HZ / 50)

static int eftf_wake_woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct eftf_transport *tp = container_of(wait, struct eftf_transport, wait);
	__poll_t events = key_to_poll(key);

	/* a state change comes without events: look at everything */
	if (!events || (events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)))
		eftf_wake_rx(tp);
	if (!events || (events & (EPOLLERR | EPOLLHUP)) ||
	    ((events & EPOLLOUT) && !eftf_hold_goes_on(tp)))
		eftf_wake_tx(tp);
	return 0;
}

/**
 * eftf_wake_init - prepare eftf_wake_join()
 * @tp: new transport
 *
 * Context: any.
 */
void eftf_wake_init(struct eftf_transport *tp)
{
	init_waitqueue_func_entry(&tp->wait, eftf_wake_woken);
}

/**
 * eftf_wake_join - begin to hear of the socket
 * @tp: transport with its works initialised, and current already
 *
 * Context: any that may take the wait queue's lock.
 */
void eftf_wake_join(struct eftf_transport *tp)
{
	add_wait_queue(sk_sleep(tp->sock->sk), &tp->wait);
	/* for what came before the wait queue was joined */
	eftf_wake_rx(tp);
	eftf_wake_tx(tp);
}

/**
 * eftf_wake_leave - hear no more of the socket
 * @tp: transport
 *
 * Returns when no wake-up by the socket is under way any more.
 *
 * Context: any that may take the wait queue's lock.
 */
void eftf_wake_leave(struct eftf_transport *tp)
{
	remove_wait_queue(sk_sleep(tp->sock->sk), &tp->wait);
}

/**
 * eftf_wake_rx_later - let the RX worker run after a while
 * @tp: transport
 *
 * Also puts off a run that the wait queue has asked for meanwhile.
 *
 * Context: any.
 */
void eftf_wake_rx_later(struct eftf_transport *tp)
{
	mod_delayed_work(tp->tunnel->edev->wq, &tp->rx_work, EFTF_WAKE_RX_LATER);
}

/**
 * eftf_wake_xmit - queue a packet for the peer, and let the TX worker run
 * @tunnel: tunnel
 * @skb: packet, network header at its start; taken over
 *
 * Context: RCU read side, any but hard interrupt.
 */
void eftf_wake_xmit(struct eftf_tunnel *tunnel, struct sk_buff *skb)
{
	struct eftf_transport *tp;

	eftf_queue_add(&tunnel->queue, skb, !eftf_queue_is_marked(skb) &&
		       eftf_signalling_is(tunnel->edev, skb));
	/*
	 * The transport that a swap or the start makes current meanwhile has
	 * either seen the packet or is woken here: it is current before its
	 * worker is queued, and that is a full barrier, too.
	 */
	smp_mb();
	tp = rcu_dereference(tunnel->transport);
	if (tp)
		eftf_wake_tx(tp);
}
