/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State and steps of the model; life.pml has the processes, and says what is what. */

#ifdef SWAP
#define N	2
#define BOTH(x)	x
#else
#define N	1
#define BOTH(x)
#endif
#define NIL	2	/* no transport */

#ifndef TICKS
#define TICKS	1	/* runs of drain_work before the deadline */
#endif

#ifndef LEAN
#define LEAN	N
#endif

/* why something ends, as far as the code makes a difference */
#define R_DELETED	1	/* DELETED, OWNER: graceful, after a flush */
#define R_GRACEFUL 2	/* TIMEOUT, FRAMING, KEY_LIMIT, ...: alert, then wait */
#define R_RELEASED	3	/* the peer's close_notify */
#define R_ABRUPT	4	/* RESET, TRUNCATED, ERROR, LINK */

/* work items of transport t */
#define TX(t)	((t) * 3)
#define RX(t)	((t) * 3 + 1)
#define DR(t)	((t) * 3 + 2)

/* the two kinds of RCU reader */
#define IN_XMIT		1
#define IN_TIMER	2

bit pend[3 * N], busy[3 * N];
bit c_pend, c_busy;	/* close_work */
bit rel[N];		/* release, an rcu_work, was queued */
byte gp[N];		/* readers that its grace period still waits for */

bit alive[N];		/* memory of the transport */
bit file[N];		/* its socket's file is held, sk_user_data set */
bit waiting[N], listed[N];
bit released[N], draining[N], await_close[N], alerted[N], fin[N], rx_end[N];
byte ticks[N], swapped[N];	/* EVENT_SWAPPED sent */

bit t_alive, t_dying;	/* memory of the tunnel; given to RCU */
byte t_ref, t_gp;
byte cur = NIL;
bit closing, force;
byte end_why;
bit in_table, in_list, owned;
bit timer_armed, timer_busy, timer_shut;
bit queued;		/* packets in tunnel->queue */
bit q_closed;		/* tunnel->queue.closed */
byte up, down;		/* events sent */
bit swap_done;

byte d_ref;		/* references on the device */
bit dying, unlisted;	/* edev->dying; not to be found by its index any more */
bit gone;		/* unregister has returned */
byte rcu;		/* readers inside */
bit elock, tlock, olock;

#define HAVE(t)		assert(alive[t] && t_alive)
#define HAVE_TUNNEL	assert(t_alive)

/* queue_work() */
inline queue(t, w)
{
	HAVE(t);
	pend[w] = 1
}

#define begin(w) atomic { pend[w] && !busy[w] -> pend[w] = 0; busy[w] = 1 }

/*
 * cancel_..._sync(). That it holds the work off while it waits is left out:
 * a work that runs once more before this step ends no later than this step.
 */
#define cancel_sync(w) atomic { !busy[w] -> pend[w] = 0 }

/* The memory of the tunnel goes: nothing may be left that leads to it. */
inline reclaim()
{
	assert(!queued && !c_pend && !timer_armed && !timer_busy);
	assert(!owned && !in_table && !in_list && t_ref == 0);
	t_alive = 0;
	q_closed = 0;
	force = 0;
	end_why = 0
}

inline rcu_leave(me)
{
	rcu = rcu & (3 - me);
	gp[0] = gp[0] & (3 - me);
	BOTH(gp[1] = gp[1] & (3 - me);)
	t_gp = t_gp & (3 - me);
	if
	:: t_dying && t_alive && t_gp == 0 -> reclaim()
	:: else
	fi
}

inline put(last)
{
	d_step { HAVE_TUNNEL; assert(t_ref > 0); t_ref--; last = (t_ref == 0) }
	if
	:: last ->
		atomic { !elock; in_list = 0 }
		d_step {
			queued = 0;	/* eftf_queue_close */
#ifndef BROKEN_QUEUE_STAYS_OPEN
			q_closed = 1;
#endif
			assert(d_ref > 0);
			d_ref--;
			t_dying = 1;
#ifndef BROKEN_TUNNEL_NO_RCU
			t_gp = rcu;
#endif
			if
			:: t_gp == 0 -> reclaim()
			:: else
			fi
		}
	:: else
	fi
}

/* @first: in: who may end it, out: who did */
inline close(why, first)
{
	atomic {
		!tlock;
		HAVE_TUNNEL;
#ifndef BROKEN_CLOSE_TWICE
		first = (first && !closing);
#endif
		if
		:: first ->
			end_why = why;
			closing = 1;
			c_pend = 1
		:: else
		fi
	}
}

inline release(t, was)
{
	atomic {
		HAVE(t);
		was = released[t];
#ifdef BROKEN_RELEASE_NOT_ONCE
		was = 0;
#endif
		released[t] = 1;
		if
		:: !was ->
#ifndef BROKEN_WAIT_LEFT_LATE
			waiting[t] = 0
#endif
		:: else
		fi
	}
	if
	:: was
	:: else ->
		d_step {
			HAVE(t);
			if
			:: cur == t -> cur = NIL
			:: else
			fi;
			assert(!rel[t]);
			rel[t] = 1;
#ifndef BROKEN_RELEASE_NO_RCU
			gp[t] = rcu
#endif
		}
	fi
}

/* tunnel's lock held */
inline drain(t)
{
	d_step {
		HAVE(t);
		draining[t] = draining[t] || !released[t]
	}
	d_step {
		if
		:: draining[t] ->
			queue(t, TX(t));
			queue(t, RX(t));
#ifndef BROKEN_NO_DEADLINE
			queue(t, DR(t))
#endif
		:: else
		fi
	}
}

/* tunnel's lock held */
inline start(t)
{
	d_step { listed[t] = 1; cur = t }
	d_step { waiting[t] = 1; queue(t, RX(t)); queue(t, TX(t)) }
}

/* eftf_end_close() by a transport; @yes: it ended the tunnel */
inline close_by(t, why, yes)
{
#ifdef BROKEN_CURRENT_UNLOCKED
	d_step { HAVE(t); yes = (cur == t) }
#endif
	atomic {
		!tlock;
		HAVE(t);
#ifndef BROKEN_CURRENT_UNLOCKED
		yes = (cur == t);
#endif
		yes = (yes && !closing);
		if
		:: yes ->
			/* a swap is not undone by the end of the old transport */
			assert(cur == t);
			end_why = why;
			closing = 1;
			c_pend = 1
		:: else
		fi
	}
}

inline fail(t, why, yes)
{
	close_by(t, why, yes);
	if
	:: yes
	:: !yes && (why != R_RELEASED || fin[t]) -> release(t, yes)
	:: else -> queue(t, TX(t))
	fi
}
