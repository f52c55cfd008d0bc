/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a living transport must not miss: data that can be read, room that came
 * back, packets that wait, also while a swap puts another transport in its
 * place. life.pml is the other half: how transports and the tunnel end.
 *
 * process here   in kmod, or in the kernel around it
 * ------------   ----------------------------------------------------------
 * Start          eftf_tunnel_create, eftf_transport_start, later the same for
 *                the second transport in eftf_tunnel_swap
 * Xmit           eftf_wake_xmit
 * Tx             eftf_tx_work, eftf_tx_next, eftf_tx_blocked
 * Rx             eftf_rx_work, eftf_rx_once
 * Timer          eftf_timer_fired, eftf_timer_stall_check, eftf_timer_foreign_check
 * Peer           records and FIN that come in: kTLS makes them readable and
 *                announces each once (tls_data_ready, tls_strp_work); or not at
 *                all, if a foreign reader was there (with FOREIGN)
 * Foreign        another holder of the socket's file, which leaves at some time
 * Helper         the answer to EVENT_KEY_UPDATE: eftf_key_change (with KEYS)
 * Room           TCP: an acknowledgement makes room; a wake-up only if a
 *                sender has left SOCK_NOSPACE behind (sk_stream_write_space)
 * Ack            the same with HOLD: what is acknowledged makes room under the bound
 *
 * state here     in kmod, or in the kernel around it
 * ------------   ----------------------------------------------------------
 * queued         packets in tunnel->queue
 * batch[t]       tp->batch holds something that is not accepted yet
 * cur            tunnel->transport
 * waiting[t]     tp->wait is in sk_sleep(): a wake-up calls eftf_wake_woken
 * readable[t]    records that recvmsg would give; ended[t]: it gives the end
 * keyless        TLS has read a KeyUpdate, the first record, and has no key for the next
 * awaited        tp->key_since; brought: EFTF_TP_KEY_RX; asked: the event was sent
 * room[t]        sendmsg would accept; nospace[t]: SOCK_NOSPACE
 * out            records outstanding, at most BOUND of bulk (with HOLD): eftf_hold_outstanding;
 *                held: EFTF_TP_HELD; UNTIL: tp->hold_until
 * foreign        file_count() of the socket is more than the module's own
 * stalled[t]     stalled_since of the transport; soon: the timer is armed for at most
 *                a second; late: it is armed for the next keep-alive
 *
 * Work items and memory are as in life.pml. Every loop is bounded; what must
 * happen "eventually" is asserted where nothing moves any more (Quiet):
 * the one thing that may go on for ever is to try again while there is no room.
 * NO_RETRY: without the timer's help. The timer that is armed late does not fire here: to wait for it is to be late.
 */

#ifdef SWAP
#define N	2
#define BOTH(x)	x
#else
#define N	1
#define BOTH(x)
#endif
#define NIL	2	/* no transport */

#define RECORDS	2	/* that come in, on each transport */
#ifdef HOLD
#define PACKETS	4	/* that go out */
#else
#define PACKETS	2
#endif
#define BOUND	2
#define UNTIL	1
#ifndef STALLS
#define STALLS	1	/* times that memory is short, in each direction */
#endif
#ifdef SWAP
#define BUDGET	9
#else
#define BUDGET	1	/* reads, batches in one run of a worker */
#endif

bit tx_pend[N], tx_busy[N], rx_pend[N], rx_busy[N];
bit waiting[N], batch[N], room[N], nospace[N];
byte readable[N];
bit ended[N], seen_end[N];
byte cur = NIL;
byte queued;
#ifdef BROKEN_STALL_SHARED
bit stalled[1];
#define STALLED(t)	stalled[0]
#else
bit stalled[N];
#define STALLED(t)	stalled[t]
#endif
bit soon, late, timer_busy;
bit draining;	/* the old transport */
bit keyless, awaited, brought, asked, updated;
bit foreign;
byte out;
bit held;

inline kick_tx(t)
{
	tx_pend[t] = 1
}

inline kick_rx(t)
{
#ifdef BROKEN_RX_KICK_WHILE_BUSY
	rx_pend[t] = rx_pend[t] || !rx_busy[t]
#else
	rx_pend[t] = 1
#endif
}

/* eftf_wake_woken(), under the wait queue's lock */
inline wake_in(t)
{
	if
	:: waiting[t] -> kick_rx(t)
	:: else
	fi
}

inline wake_out(t)
{
	if
#ifndef BROKEN_ROOM_IGNORED
	:: waiting[t] -> kick_tx(t)
#endif
	:: else
	fi
}

/* eftf_hold_goes_on() is asked first; the socket's lock keeps the next acknowledgement away */
inline wake_out_held(t)
{
	if
	:: held && out > UNTIL ->
#ifndef BROKEN_HOLD_FORGETS
		nospace[t] = 1
#else
		skip
#endif
	:: else -> wake_out(t)
	fi
}

/* mod_timer(), timer_reduce() to a second from now */
inline arm_soon()
{
	soon = 1;
	late = 0
}

proctype Tx(byte t)
{
	byte budget, nomem;

end:	do
	:: atomic { tx_pend[t] && !tx_busy[t] -> tx_pend[t] = 0; tx_busy[t] = 1; budget = BUDGET }
again:
#ifdef HOLD
		if	/* eftf_hold_bulk */
		:: batch[t] || cur != t || queued == 0 || out < BOUND
		:: else ->
			held = 1;
			nospace[t] = 1;
#ifndef BROKEN_HOLD_ONE_LOOK
			if
			:: out < BOUND -> held = 0
			:: else -> goto rest
			fi
#else
			goto rest
#endif
		fi;
#endif
		if
		:: batch[t]
		:: !batch[t] && cur == t ->	/* eftf_tx_next */
			d_step { batch[t] = (queued > 0); queued = (queued -> queued - 1 : 0) }
		:: else
		fi;
		atomic {
			if
			:: !batch[t] -> goto done
			:: batch[t] && budget == 0 ->
#ifndef BROKEN_TX_BUDGET
				kick_tx(t);
#endif
				goto done
			:: else -> budget--
			fi
		}
#ifdef HOLD
		held = 0;	/* eftf_hold_end */
#endif
		if
		:: atomic {
				room[t] ->
				batch[t] = 0;
				STALLED(t) = 0;	/* eftf_timer_sent */
				if
#ifdef HOLD
				:: out++
#else
#ifndef SWAP
				:: room[t] = 0	/* what is unsent now fills it */
#endif
				:: skip
#endif
				fi;
				goto again
			}
		:: atomic { !room[t] -> nospace[t] = 1 }	/* EAGAIN */
		:: nomem < STALLS ->
			nomem++;
			if
			:: skip			/* ENOMEM */
			:: d_step { kick_rx(t) }	/* EBADMSG: the reader finds out why */
			fi
		fi;
rest:
#ifndef NO_RETRY
		d_step { STALLED(t) = 1; arm_soon() }	/* eftf_timer_stalled */
#endif
done:		atomic { tx_busy[t] = 0; budget = 0 }
	od
}

proctype Rx(byte t)
{
	byte budget, nomem;

end:	do
	:: atomic { rx_pend[t] && !rx_busy[t] -> rx_pend[t] = 0; rx_busy[t] = 1; budget = BUDGET }
#ifdef KEYS
		if	/* eftf_key_receive */
		:: brought -> keyless = 0; awaited = 0; brought = 0
		:: else
		fi;
#endif
again:		if
		:: seen_end[t] -> goto done
		:: !seen_end[t] && budget == 0 ->
#ifndef BROKEN_RX_BUDGET
			d_step { kick_rx(t) }
#endif
			goto done
		:: else -> budget--
		fi;
		if
#ifdef KEYS
		:: keyless ->	/* EKEYEXPIRED */
			assert(awaited);
			goto done
		:: atomic { !updated && readable[t] -> readable[t]--; updated = 1; keyless = 1 }
#ifdef BROKEN_KEY_ASKED_FIRST
			asked = 1;
			awaited = 1;
#else
			awaited = 1;	/* eftf_key_announced */
			asked = 1;
#endif
			goto look
		:: atomic { updated && !keyless && readable[t] -> readable[t]-- }
#else
		:: atomic { readable[t] -> readable[t]-- }
#endif
#ifdef BROKEN_RX_ONE_RECORD
			goto done
#else
			goto look
#endif
		:: atomic { !readable[t] && ended[t] -> seen_end[t] = 1 }
		:: atomic { !readable[t] && !ended[t] -> skip }		/* EAGAIN */
		:: nomem < STALLS ->					/* ENOMEM */
			nomem++;
#ifndef BROKEN_RX_NOMEM
			d_step { kick_rx(t) }	/* after a while */
#endif
			if
			:: skip
			:: d_step { kick_tx(t) }	/* it may have seen TLS's mark */
			fi
		fi;
		goto done;
look:		/* eftf_ktls_readable: no second read where there is nothing */
		atomic {
			if
#ifdef BROKEN_RX_LOOKS_AT_ONE
			:: readable[t] > 1 || ended[t] -> goto again
#else
			:: readable[t] || ended[t] -> goto again
#endif
			:: else
			fi
		}
done:		atomic { rx_busy[t] = 0; budget = 0 }
	od
}

/* Records, then the end. Each is announced once, after it can be read. */
proctype Peer(byte t)
{
	byte n;

	do
	:: n < RECORDS ->
#ifdef FOREIGN
		if
		:: d_step { foreign -> readable[t]++; n++ }	/* it has made TLS take the record in */
		:: readable[t]++;
			d_step { wake_in(t); n++ }
		fi
#else
		readable[t]++;
		d_step { wake_in(t); n++ }
#endif
	:: break
	od;
	if
	:: ended[t] = 1;
#ifndef BROKEN_STATE_CHANGE
		d_step { wake_in(t); wake_out(t) }
#endif
	:: skip
	fi
}

proctype Foreign()
{
	foreign = 0
}

proctype Helper()
{
end:	atomic {
		asked ->
		if
		:: !awaited -> goto refused
		:: else
		fi
	}
#ifdef BROKEN_KEY_KICKS_FIRST
	d_step { kick_rx(0) }
	brought = 1;
#else
	brought = 1;
	d_step { kick_rx(0) }
#endif
refused: skip
}

/* Room comes back in the end: without it nothing could be owed. */
proctype Room(byte t)
{
end:	do
	:: atomic {
			!room[t] ->
			room[t] = 1;
			if
			:: nospace[t] -> nospace[t] = 0; wake_out(t)
			:: else
			fi
		}
	od
}

/* Everything is acknowledged in the end. TCP moves snd_una, then looks at SOCK_NOSPACE. */
proctype Ack()
{
end:	do
	:: out > 0 ->
		out--;
		atomic {
			if
			:: nospace[0] -> nospace[0] = 0; wake_out_held(0)
			:: else
			fi
		}
	od
}

/* The same timer; with a foreign reader it comes back every second. */
proctype ForeignTimer()
{
	bit some;

end:	do
	:: atomic { soon -> soon = 0; some = 0 }
		if
		:: cur == NIL -> skip
		:: else ->
			/* eftf_timer_foreign_check */
#ifdef BROKEN_FOREIGN_KICK_FIRST
			d_step { kick_rx(0) }
			some = foreign
#else
			some = foreign;
			d_step { kick_rx(0) }
#endif
		fi;
		d_step {
			if
			:: some -> arm_soon()
			:: else
			fi
		}
	od
}

proctype Timer()
{
	byte tp, next;

end:	do
	:: atomic { soon -> soon = 0; timer_busy = 1 }
		/* eftf_timer_stall_check */
		tp = cur;
		if
		:: tp != NIL && STALLED(tp) -> kick_tx(tp)
		:: else
		fi;
		next = (tp != NIL && STALLED(tp));
		d_step {
			if
			:: next -> arm_soon()
#ifdef BROKEN_TIMER_PUT_OFF
			:: else -> late = 1; soon = 0	/* mod_timer */
#else
			:: else -> late = !soon		/* timer_reduce */
#endif
			fi;
			timer_busy = 0;
			next = 0;
			tp = 0
		}
	od
}

/* eftf_end_drain_work, every 20 ms as long as the old one has something to say */
proctype Drain()
{
end:	do
	:: atomic { draining && batch[0] && !tx_pend[0] -> kick_tx(0) }
	od
}

proctype Xmit()
{
	byte n, tp;

	do
	:: n < PACKETS ->
		n++;
#ifdef BROKEN_XMIT_LOOKS_FIRST
		tp = cur;
#endif
#ifdef BROKEN_XMIT_KICKS_FIRST
		tp = cur;
		d_step {
			if
			:: tp != NIL -> kick_tx(tp)
			:: else
			fi
		}
		queued++
#else
		queued++;
#ifndef BROKEN_XMIT_LOOKS_FIRST
		tp = cur;
#endif
		d_step {
			if
			:: tp != NIL -> kick_tx(tp)
			:: else
			fi;
			tp = 0
		}
#endif
	:: break
	od
}

/* eftf_transport_start(), tunnel's lock held */
inline start(t)
{
	cur = t;
#ifdef BROKEN_START_KICKS_FIRST
	d_step { kick_rx(t); kick_tx(t) }
	waiting[t] = 1
#else
	waiting[t] = 1;
#ifndef BROKEN_START_NO_KICK
	kick_rx(t);
	kick_tx(t)
#endif
#endif
#ifndef BROKEN_START_ARMED_FIRST
	;
	d_step { arm_soon() }	/* eftf_timer_start */
#endif
}

proctype Start()
{
	start(0);
#ifdef SWAP
	start(1);
	/* eftf_end_drain(old) */
	kick_tx(0);
	kick_rx(0);
	draining = 1;
#endif
	skip
}

proctype Quiet()
{
	timeout;
#ifdef IN
	assert(readable[0] == 0 && seen_end[0] == ended[0]);
	BOTH(assert(readable[1] == 0 && seen_end[1] == ended[1]);)
#else
	/* room is there again, so nothing may wait */
	assert(queued == 0 && !batch[0]);
	BOTH(assert(!batch[1]);)
#endif
}

init
{
	atomic {
		room[0] = 1;
#ifdef BROKEN_START_ARMED_FIRST
		soon = 1;
#endif
		run Start();
		run Quiet();
#ifdef IN
		run Rx(0); run Peer(0);
#ifdef KEYS
		run Helper();
#endif
#ifdef FOREIGN
		foreign = 1;
		run Foreign(); run ForeignTimer();
#endif
		BOTH(run Rx(1); run Peer(1);)
#else
		BOTH(room[1] = 1; run Tx(1); run Room(1); run Drain();)
		run Tx(0);
#ifdef HOLD
		run Ack();
#else
		run Room(0);
#endif
		run Timer();
		run Xmit()
#endif
	}
}
