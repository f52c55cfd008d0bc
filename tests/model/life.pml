/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one tunnel and its transports in the kernel module, step by step
 * as in kmod: who may take it down, in what order, and what may still run.
 * wake.pml is the other half: what a living transport must not miss.
 *
 * process here   in kmod                                    runs as
 * ------------   ----------------------------------------   -------------------------
 * New            eftf_tunnel_create, eftf_tunnel_insert     genl commands, any number
 * Swap           eftf_nl_tunnel_swap, eftf_tunnel_swap      at a time
 * Del            eftf_nl_tunnel_del
 * Link           eftf_dellink, eftf_end_abort, then         RTNL
 *                netdev_wait_allrefs
 * Owner          eftf_owner_notify                          close of the helper's socket
 * Timer          eftf_timer_fired                           softirq, RCU
 * Xmit           eftf_xmit, eftf_wake_xmit                  any, RCU
 * Wake           eftf_wake_woken                            under the wait queue's lock
 * Tx             eftf_tx_work, eftf_tx_blocked,             workqueue
 *                eftf_tx_finish, eftf_tx_final_alert
 * Rx             eftf_rx_work, eftf_rx_once                 workqueue
 * Drain          eftf_end_drain_work                        workqueue
 * Release        eftf_transport_release_work                workqueue, after RCU
 * Close          eftf_tunnel_close_work                     workqueue
 *
 * inline here    in kmod                 |  state here    in kmod
 * ------------   ----------------------  |  ------------  --------------------------
 * start          eftf_transport_start    |  cur           tunnel->transport
 * drain          eftf_end_drain          |  listed[t]     tp->node in the list
 * release        eftf_end_release        |  waiting[t]    tp->wait in sk_sleep()
 * fail           eftf_end_fail           |  t_ref, d_ref  kref, netdev_hold
 * close          eftf_end_close          |  elock         edev->lock
 * put            eftf_tunnel_put, _free  |  tlock, olock  tunnel->lock, owner's lock
 *
 * A work item: queue_work() does nothing if it is pending, a running one may
 * be queued again, it never runs twice at a time; cancel_..._sync() holds it
 * off while it waits for the run to end, afterwards it may be queued again.
 * A grace period waits for the readers that are inside when it begins.
 *
 * One step here is what others can see at once in kmod; steps that nobody can
 * tell apart are one (a lock that is held for one access, flags that only go up).
 * What the socket answers is left open: every run of a worker may find nothing,
 * work, no room, or any end; a deadline may be near or far. So nothing here
 * rests upon a peer that behaves. Every loop is bounded, so every execution
 * ends (checked), and what must happen "eventually" is asserted where nothing
 * moves any more (process Quiet). Memory is sequentially consistent here:
 * barriers are not looked at.
 *
 * Transport 0 is the first, transport 1 the one of a swap. Compiled with
 *   SWAP       with Swap; otherwise transport 1 does not exist
 *   LEAN=n     only transports below n do all that their works can do; the
 *              others do not send, and fail at most by a reset
 *   CALM       transport 1 does not fail
 *   NO_...     without that process
 *   BROKEN_... with a fault that must be found, see check
 * All of them together are too many states: check takes the processes in
 * groups, everything else being there.
 */

#include "life-steps.pml"

proctype Tx(byte t)
{
	bit yes;

end:	do
	:: begin(TX(t));
again:		if
		:: atomic { released[t] || alerted[t] -> goto rest }
		:: atomic { !released[t] && !alerted[t] -> HAVE(t) }
			if
			:: goto rest		/* nothing to send */
			:: goto blocked		/* EAGAIN, ENOMEM */
			:: goto dead
			:: atomic { queued && cur == t -> queued = 0; goto again }
			fi
		fi;
blocked:	atomic { HAVE(t); timer_armed = !timer_shut; goto done }
dead:		if
		:: atomic { !rx_end[t] -> skip }
			atomic { queue(t, RX(t)); goto done }
		:: true ->
			fail(t, R_ABRUPT, yes);
			goto done
		fi;
rest:		atomic {
			HAVE(t);
			if
			:: !draining[t] || released[t] -> goto done	/* eftf_tx_final_alert */
			:: !draining[t] && !released[t] && !closing -> goto worn
			:: draining[t] && await_close[t] && !rx_end[t] && !closing -> goto done
			:: else
			fi
		}
		goto finish;
worn:		close_by(t, R_GRACEFUL, yes);	/* eftf_record_exhausted */
#ifdef BROKEN_WORN_RELEASES
		if
		:: yes
		:: else ->
			assert(closing);	/* a swap lets the old transport finish */
			release(t, yes)
		fi;
#endif
		goto done;
finish:		/* eftf_tx_finish */
		if
		:: atomic { !alerted[t] -> goto done }	/* no room for the alert */
		:: atomic { !alerted[t] -> skip }	/* a dead socket */
			release(t, yes);
			goto done
		:: atomic {
				HAVE(t);
				/* the peer says close_notify first */
				assert(!await_close[t] || rx_end[t] || closing);
				alerted[t] = 1
			}
			if
			:: goto done	/* TLS holds records back */
			:: fin[t] = 1
			fi
		fi;
		if
		:: rx_end[t] -> release(t, yes)
		:: else
		fi;
done:		atomic { HAVE(t); busy[TX(t)] = 0; yes = 0 }
	od
}

proctype Rx(byte t)
{
	bit yes;
	byte why;

end:	do
	:: begin(RX(t));
		if
		:: atomic { rx_end[t] || released[t] -> skip }
		:: atomic { !rx_end[t] && !released[t] -> HAVE(t) }
			if
			:: why = 0		/* EAGAIN, with or without data before */
			:: why = R_ABRUPT
#ifndef SWAP
			:: t < LEAN -> why = R_GRACEFUL
#endif
			:: t < LEAN -> why = R_RELEASED
			fi;
			if
			:: why ->
				d_step { HAVE(t); rx_end[t] = 1 }
				fail(t, why, yes)
			:: else
			fi
		fi;
		atomic { HAVE(t); busy[RX(t)] = 0; yes = 0; why = 0 }
	od
}

proctype Drain(byte t)
{
	bit yes;

end:	do
	:: begin(DR(t));
		if
		:: release(t, yes)	/* the deadline */
		:: atomic {
				t < LEAN && ticks[t] < TICKS && !force ->
				ticks[t]++;
				if
				:: fin[t]
				:: else -> queue(t, TX(t))
				fi;
				queue(t, DR(t))
			}
		fi;
		atomic { HAVE(t); busy[DR(t)] = 0; yes = 0 }
	od
}

proctype Release(byte t)
{
	bit yes;

end:	atomic { rel[t] && gp[t] == 0; HAVE(t) }
#ifndef BROKEN_LISTED_TILL_LAST
	atomic { !tlock; listed[t] = 0 }
#endif
#ifndef BROKEN_FINAL_ALERT_LATE
	atomic { HAVE(t); queue(t, TX(t)) }	/* for the final alert; it may not come in time */
#endif
#ifdef BROKEN_TX_FIRST
	cancel_sync(TX(t));
#endif
	cancel_sync(RX(t));
	cancel_sync(DR(t));
#ifndef BROKEN_TX_FIRST
	cancel_sync(TX(t));
#endif
#ifndef BROKEN_RX_ONCE
	cancel_sync(RX(t));	/* the TX worker may have queued it */
#endif
#ifdef BROKEN_FINAL_ALERT_LATE
	atomic { HAVE(t); queue(t, TX(t)) }
#endif
#ifdef BROKEN_LISTED_TILL_LAST
	atomic { !tlock; listed[t] = 0 }
#endif
#ifdef BROKEN_WAIT_LEFT_LATE
	waiting[t] = 0;
#endif
#ifdef BROKEN_SWAPPED_UNLOCKED
	yes = closing;
#else
	atomic { !elock; elock = 1; yes = closing }
#endif
	d_step {
		assert(!gone);
		if
		:: yes
		:: else -> assert(up == 1 && down == 0); swapped[t]++
		fi;
		assert(file[t]);
		file[t] = 0;
#ifndef BROKEN_SWAPPED_UNLOCKED
		elock = 0
#endif
	}
#ifndef BROKEN_NO_TUNNEL_REF
	put(yes);
#endif
	/* kfree(tp): nothing may be left that leads to it */
	d_step {
		assert(alive[t] && !waiting[t] && !listed[t] && cur != t);
		assert(!pend[TX(t)] && !pend[RX(t)] && !pend[DR(t)]);
		assert(!busy[TX(t)] && !busy[RX(t)] && !busy[DR(t)]);
		alive[t] = 0;
		/* nobody looks at these any more: fewer states */
		released[t] = 0;
		draining[t] = 0;
		await_close[t] = 0;
		alerted[t] = 0;
		fin[t] = 0;
		rx_end[t] = 0;
		ticks[t] = 0;
		yes = 0
	}
	/* a second release is found by release() */
}

inline end_transport(t)
{
	if
	:: listed[t] && end_why != R_ABRUPT && !force -> drain(t)
	:: listed[t] && (end_why == R_ABRUPT || force) -> release(t, yes)
	:: else
	fi
}

proctype Close()
{
	bit yes;

end:	do
	:: atomic { c_pend && !c_busy -> c_pend = 0; c_busy = 1; HAVE_TUNNEL; assert(!gone) }
		atomic { !elock; elock = 1; in_table = 0 }
#ifndef BROKEN_OWNER_NOT_LEFT
		atomic { !olock; owned = 0 }
#endif
#ifndef BROKEN_TIMER_NOT_SHUT
		timer_shut = 1;
#endif
		atomic { !timer_busy; timer_armed = 0 }
		d_step {
			assert(!gone && up == 1 && down == 0);
			down++;
			elock = 0;
			queued = (queued && end_why == R_DELETED)
		}
		atomic { !tlock; tlock = 1 }
		BOTH(end_transport(1);)
		end_transport(0);
		tlock = 0;
#ifndef BROKEN_BASE_REF_KEPT
		put(yes);
#endif
		atomic { c_busy = 0; yes = 0 }
	od
}

/* A wake-up for data, room or a change of state; more would do no more. */
proctype Wake(byte t)
{
end:	atomic { waiting[t]; queue(t, RX(t)); queue(t, TX(t)) }
}

proctype Timer()
{
	byte tp;
	bit yes;

	/* fires once; more would do no more */
end:	atomic {
		timer_armed ->
		timer_armed = 0;
		timer_busy = 1;
		rcu = rcu | IN_TIMER;
		HAVE_TUNNEL
	}
	if
	:: d_step { HAVE_TUNNEL; tp = cur }	/* a stall, an echo request, a foreign reader */
		d_step {
			if
			:: tp != NIL -> queue(tp, TX(tp)); queue(tp, RX(tp))
			:: else
			fi;
			HAVE_TUNNEL;
			timer_armed = !timer_shut
		}
	:: yes = 1;				/* the timeout */
		close(R_GRACEFUL, yes)
	fi;
	d_step { rcu_leave(IN_TIMER) }
	timer_busy = 0
}

proctype Xmit()
{
	byte tp;

end:	atomic { in_table && !unlisted -> rcu = rcu | IN_XMIT }
	d_step { HAVE_TUNNEL; queued = !q_closed }
	d_step { HAVE_TUNNEL; tp = cur }
	d_step {
		if
		:: tp != NIL -> queue(tp, TX(tp))
		:: else
		fi;
		rcu_leave(IN_XMIT)
	}
}

proctype Owner()
{
	bit yes;

	if
	:: skip
	:: atomic { up == 1 && !olock -> olock = 1 }
		if
		:: owned ->
			yes = 1;
			close(R_DELETED, yes)
		:: else
		fi;
		d_step { owned = 0; olock = 0 }
	fi
}

proctype Link()
{
	bit yes;

	if
	:: skip
	:: atomic { !elock -> elock = 1; dying = 1; force = in_list; yes = 1 }
		if
		:: in_list ->
			close(R_ABRUPT, yes);
			if
			:: yes
			:: else ->
				atomic { !tlock; tlock = 1 }
#ifdef SWAP
				if
				:: listed[1] -> release(1, yes)
				:: else
				fi;
#endif
				if
				:: listed[0] -> release(0, yes)
				:: else
				fi;
				tlock = 0
			fi
		:: else
		fi;
		d_step { elock = 0; unlisted = 1 }
		atomic { d_ref == 0 && !(rcu & IN_XMIT); gone = 1 }
	fi
}

/* what a tunnel that nobody has ended looks like, its lock held or nothing moving */
#define WHOLE(t) assert(t_alive && cur == t && alive[t] && file[t] && listed[t] && waiting[t] && \
			!draining[t] && !released[t])

inline transport_new(t)
{
	alive[t] = 1;
	file[t] = 1;
#ifndef BROKEN_NO_TUNNEL_REF
	t_ref++
#endif
}

/* One more swap while the old transport drains, or with a socket that will not do. */
inline swap_refused()
{
	atomic { !tlock; tlock = 1 }
#ifdef BROKEN_REFUSED_DRAINS
	if
	:: cur != NIL -> drain(cur)
	:: else
	fi;
#endif
	atomic {
		if
		:: !closing -> WHOLE(cur)
		:: else
		fi;
		tlock = 0
	}
}

proctype New()
{
	/* eftf_tunnel_insert; nobody knows the tunnel before it is in the table */
	atomic {
		!elock;
		if
		:: dying -> goto out
		:: else
		fi;
		elock = 1;
		t_alive = 1;
		t_ref = 1;
		transport_new(0);
		owned = 1;
		in_table = 1;
		d_ref++;
		in_list = 1
	}
	timer_armed = 1;
	atomic { !tlock; tlock = 1 }
	start(0);
	tlock = 0;
	d_step { assert(up == 0 && down == 0); up = 1; elock = 0 }
out:	skip
}

/* eftf_nl_lock_tunnel(), and a reference on the tunnel; leaves the device's lock held */
#define FIND								\
	atomic {							\
		up == 1 && !elock && !unlisted;				\
		if							\
		:: in_table -> HAVE_TUNNEL; elock = 1; d_ref++; REF	\
		:: else -> goto out					\
		fi							\
	}

#define REF t_ref++
#ifdef SWAP
proctype Swap()
{
	bit yes, refused, gw;

end:	if
	:: goto out
	:: FIND
	fi;
	elock = 0;
	d_step { HAVE_TUNNEL; transport_new(1) }
	atomic { !elock; elock = 1 }
	atomic { !tlock; tlock = 1 }
	if
#ifndef BROKEN_SWAP_UNCHECKED
	:: closing -> refused = 1
#endif
	:: else ->
		if
		:: skip
		:: gw = 1
		fi;
		start(1);
#ifndef BROKEN_AWAIT_CLOSE_LATE
		await_close[0] = gw;
#endif
		drain(0);
#ifdef BROKEN_AWAIT_CLOSE_LATE
		await_close[0] = gw;
#endif
		swap_done = 1
	fi;
	tlock = 0;
	swap_refused();
	elock = 0;
	if
	:: refused ->	/* eftf_transport_destroy */
		d_step { HAVE(1); alive[1] = 0; file[1] = 0 }
		put(yes)
	:: else
	fi;
	put(yes);
	d_step { d_ref--; refused = 0; gw = 0 }
out:	skip
}
#endif
#undef REF

#ifdef BROKEN_DEL_NO_REF
#define REF skip
#else
#define REF t_ref++
#endif
proctype Del()
{
	bit yes;

end:	if
	:: goto out
	:: FIND
	fi;
	yes = 1;
	close(R_DELETED, yes);
	elock = 0;
	HAVE_TUNNEL;
	atomic { !c_pend && !c_busy -> HAVE_TUNNEL }
#ifndef BROKEN_DEL_NO_REF
	put(yes);
#endif
	d_ref--;
out:	skip
}

/* Nothing moves any more: what had to happen has happened. */
proctype Quiet()
{
	timeout;
	assert(!elock && !tlock && !olock && rcu == 0);
	assert(!dying || gone);
	if
	:: up == 0 -> assert(d_ref == 0 && !t_alive)
	:: up == 1 && closing ->
		assert(down == 1);
		assert(!t_alive && d_ref == 0);
		assert(!alive[0] && !file[0]);
		BOTH(assert(!alive[1] && !file[1] && swapped[1] == 0 && swapped[0] <= 1);)
	:: else ->
		assert(down == 0 && t_ref == 2 && d_ref == 1);
		WHOLE(cur);
		BOTH(assert(cur == swap_done && swapped[1] == 0);)
		BOTH(assert(!swap_done || (!alive[0] && !file[0] && swapped[0] == 1));)
	fi
}

init
{
	atomic {
		run New();
		run Close();
#if LEAN > 0
		run Tx(0);
#endif
		run Rx(0); run Drain(0); run Release(0);
#ifdef SWAP
		run Swap();
#if LEAN > 1
		run Tx(1);
#endif
#ifndef CALM
		run Rx(1);
#endif
		run Drain(1); run Release(1);
#endif
#ifndef NO_WAKE
		run Wake(0);
#endif
#ifndef NO_TIMER
		run Timer();
#endif
#ifndef NO_XMIT
		run Xmit();
#endif
#ifndef NO_OWNER
		run Owner();
#endif
#ifndef NO_LINK
		run Link();
#endif
#ifndef NO_DEL
		run Del();
#endif
		run Quiet()
	}
}
