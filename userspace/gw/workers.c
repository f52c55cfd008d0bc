/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main process's view of its workers: their life, and what they ask. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gw.h"
#include "lease.h"
#include "log.h"
#include "message.h"
#include "packet.h"
#include "prefix.h"
#include "session.h"
#include "worker/worker.h"

#define UNANSWERED_MAX 5		/* pings, one a second */
#define YOUNG_S 2.0			/* one that dies so soon is not replaced at once */
#define SOCKET_BUFFER (1 << 20)
#define MESSAGES_AT_ONCE 64
#define RETIRED_MAX 16

/* A lease of a connection that has not been handed over. */
struct place {
	uint32_t serial;
	struct eftf_lease *lease;
};

struct eftf_worker_proc {
	struct eftf_worker_proc *next;
	struct eftf_gw *gw;
	uint32_t number;		/* not used again */
	unsigned int slot;		/* which listening sockets; slot 0 has the DHCP port */
	bool retired;			/* accepts no more */
	int pid, fd;
	double since;
	ev_io io;
	ev_child child;
	unsigned int unanswered;
	struct place *places;
	uint32_t n_places;
	unsigned int conns, keys;	/* as it said last */
	struct eftf_worker_counts counts;
};

static int start_one(struct eftf_gw *gw, unsigned int slot, struct eftf_err *err);

/* ---- to a worker ------------------------------------------------------------- */

/* Never waits: a worker whose socket is full does not read, and is of no use any more. */
static void tell(struct eftf_worker_proc *w, const struct eftf_msg *msg)
{
	if (send(w->fd, msg, sizeof(*msg), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*msg))
		return;
	log_error("worker %d takes no messages (%s): killed", w->pid, strerror(errno));
	kill(w->pid, SIGKILL);
}

static struct eftf_worker_proc *by_number(const struct eftf_gw *gw, uint32_t number)
{
	struct eftf_worker_proc *w = gw->workers;

	while (w && w->number != number)
		w = w->next;
	return w;
}

static struct eftf_worker_proc *by_slot(const struct eftf_gw *gw, unsigned int slot)
{
	struct eftf_worker_proc *w = gw->workers;

	while (w && (w->slot != slot || w->retired))
		w = w->next;
	return w;
}

/* Return: false: no worker has the tunnel's TLS state. */
static bool tell_keeper(const struct eftf_gw *gw, const struct eftf_session *s,
			enum eftf_msg_type type, bool tx_too)
{
	struct eftf_msg msg = { .type = type };
	struct eftf_worker_proc *w = s->keeper ? by_number(gw, s->keeper) : NULL;

	if (!w)
		return false;
	msg.keys.tunnel = s->id;
	msg.keys.transport = s->transport;
	msg.keys.tx_too = tx_too;
	tell(w, &msg);
	return true;
}

int eftf_workers_update(struct eftf_gw *gw, const struct eftf_session *s, bool tx_too)
{
	return tell_keeper(gw, s, EFTF_MSG_UPDATE, tx_too) ? 0 : -EOPNOTSUPP;
}

void eftf_workers_forget(struct eftf_gw *gw, const struct eftf_session *s)
{
	tell_keeper(gw, s, EFTF_MSG_FORGET, false);
}

bool eftf_workers_sync(struct eftf_gw *gw)
{
	struct eftf_msg msg = { .type = EFTF_MSG_SYNC };
	struct eftf_worker_proc *w = by_slot(gw, 0);

	if (!w)
		return false;
	tell(w, &msg);
	return true;
}

/* ---- what a worker says --------------------------------------------------------- */

/* Counts and lengths that an array is read by. */
static bool is_sane(const struct eftf_dhcp4_msg *m)
{
	return m->client_id_len <= sizeof(m->client_id) && m->token_len <= sizeof(m->token) &&
		m->n_params <= sizeof(m->params) && m->hlen <= sizeof(m->chaddr) &&
		m->n_dns <= EFTF_DHCP4_MAX_ADDRS && m->n_sip <= EFTF_DHCP4_MAX_ADDRS &&
		m->n_routes <= EFTF_DHCP4_MAX_ROUTES;
}

static bool is_sane6(const struct eftf_dhcp6_msg *m)
{
	return m->client.len <= sizeof(m->client.v) && m->server.len <= sizeof(m->server.v) &&
		m->token_len <= sizeof(m->token) && m->n_oro <= EFTF_DHCP6_MAX_ORO;
}

/* The lease of a connection, made if this is its first message. NULL: none can be had. */
static struct place *place_of(struct eftf_worker_proc *w, const struct eftf_asker *from)
{
	struct place *p;

	if (from->conn.place >= w->n_places)
		return NULL;
	p = &w->places[from->conn.place];
	if (p->lease && p->serial == from->conn.serial)
		return p;
	eftf_lease_free(p->lease);
	p->serial = from->conn.serial;
	p->lease = eftf_lease_new(w->gw, &from->outer, from->has_cert ? from->cert : NULL);
	return p->lease ? p : NULL;
}

/* To a message of a connection, or of a UE inside its tunnel. */
static enum eftf_dhcps_result decide(struct eftf_worker_proc *w, const struct eftf_msg *ask,
				     struct eftf_dhcp4_msg *reply)
{
	const struct eftf_asker *from = &ask->ask.from;
	struct place *p;

	if (!is_sane(&ask->ask.msg))
		return EFTF_DHCPS_IGNORED;
	if (!from->conn.serial)
		return eftf_gw_dhcp_input(w->gw, from->inner.sin_addr, &ask->ask.msg, reply);
	p = place_of(w, from);
	return p ? eftf_lease_input(p->lease, &ask->ask.msg, reply) : EFTF_DHCPS_IGNORED;
}

static enum eftf_dhcps_result decide6(struct eftf_worker_proc *w, const struct eftf_msg *ask,
				      struct eftf_dhcp6_msg *reply)
{
	const struct eftf_asker *from = &ask->ask.from;
	struct place *p;

	if (!is_sane6(&ask->ask.msg6))
		return EFTF_DHCPS_IGNORED;
	if (!from->conn.serial)
		return eftf_gw_dhcp6_input(w->gw, &from->inner6.sin6_addr, &ask->ask.msg6, reply);
	p = place_of(w, from);
	return p ? eftf_lease_input6(p->lease, &ask->ask.msg6, reply) : EFTF_DHCPS_IGNORED;
}

static void on_ask(struct eftf_worker_proc *w, const struct eftf_msg *ask)
{
	bool v6 = ask->type == EFTF_MSG_ASK6;
	struct eftf_msg answer = { .type = v6 ? EFTF_MSG_ANSWER6 : EFTF_MSG_ANSWER };

	answer.answer.to = ask->ask.from;
	answer.answer.result = v6 ? decide6(w, ask, &answer.answer.reply6) :
		decide(w, ask, &answer.answer.reply);
	tell(w, &answer);
	explicit_bzero(&answer, sizeof(answer));
}

static struct eftf_lease *take_lease(struct eftf_worker_proc *w, const struct eftf_conn_id *id)
{
	struct eftf_lease *l;
	struct place *p;

	if (id->place >= w->n_places)
		return NULL;
	p = &w->places[id->place];
	if (p->serial != id->serial)
		return NULL;
	l = p->lease;
	p->lease = NULL;
	return l;
}

static void on_attach(struct eftf_worker_proc *w, const struct eftf_msg *msg, int fd)
{
	struct eftf_msg answer = { .type = EFTF_MSG_ATTACHED };
	struct eftf_lease *l = take_lease(w, &msg->conn.id);
	struct eftf_session *s = l && fd >= 0 ? eftf_lease_attach(l, fd) : NULL;

	eftf_lease_free(l);
	answer.attached.id = msg->conn.id;
	if (s) {
		s->keeper = msg->conn.has_keys ? w->number : 0;
		answer.attached.tunnel = s->id;
		answer.attached.transport = s->transport;
	}
	tell(w, &answer);
}

#define SINCE(field) (now->field - w->counts.field)

static void on_alive(struct eftf_worker_proc *w, const struct eftf_msg *msg)
{
	const struct eftf_worker_counts *now = &msg->alive.counts;
	struct eftf_gw_counts *all = &w->gw->counts;

	w->unanswered = 0;
	w->conns = msg->alive.conns;
	w->keys = msg->alive.keys;
	all->accepted += SINCE(accepted);
	all->evicted += SINCE(evicted);
	all->refused_source += SINCE(refused_source);
	all->refused_rate += SINCE(refused_rate);
	all->failed_tls += SINCE(failed_tls);
	all->failed_dhcp += SINCE(failed_dhcp);
	all->refused_inside += SINCE(refused_inside);
	all->dropped_early += SINCE(dropped_early);
	all->dropped_dhcp += SINCE(dropped_dhcp);
	w->counts = *now;
}

static void on_message(struct eftf_worker_proc *w, struct eftf_msg *msg, int fd)
{
	switch ((enum eftf_msg_type)msg->type) {
	case EFTF_MSG_ASK:
	case EFTF_MSG_ASK6:
		on_ask(w, msg);
		break;
	case EFTF_MSG_GONE:
		eftf_lease_free(take_lease(w, &msg->conn.id));
		break;
	case EFTF_MSG_ATTACH:
		on_attach(w, msg, fd);
		break;
	case EFTF_MSG_KEYS:
		eftf_gw_events_keys(w->gw, msg, w->number);
		break;
	case EFTF_MSG_ALIVE:
		on_alive(w, msg);
		break;
	case EFTF_MSG_SYNCED:
		if (!w->slot && !w->retired)
			eftf_gw_events_synced(w->gw);
		break;
	default:
		break;
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_worker_proc *w = io->data;
	struct eftf_msg msg;
	int fd, ret;

	(void)revents;
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		ret = eftf_packet_recv(w->fd, &msg, sizeof(msg), &fd);
		if (ret == -EAGAIN)
			break;
		if (ret == -EPROTO)
			continue;
		if (ret) {		/* its end is about to be told by SIGCHLD */
			ev_io_stop(loop, io);
			break;
		}
		on_message(w, &msg, fd);
		if (fd >= 0)
			close(fd);
	}
	explicit_bzero(&msg, sizeof(msg));
}

/* ---- its life ------------------------------------------------------------------ */

static void drop(struct eftf_worker_proc *w)
{
	struct eftf_worker_proc **at = &w->gw->workers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	ev_io_stop(w->gw->loop, &w->io);
	ev_child_stop(w->gw->loop, &w->child);
	close(w->fd);
	for (uint32_t i = 0; i < w->n_places; i++)
		eftf_lease_free(w->places[i].lease);
	free(w->places);
	free(w);
}

/* Its connections without a tunnel are lost, nothing else is. */
static void on_exit_of(struct ev_loop *loop, ev_child *child, int revents)
{
	struct eftf_worker_proc *w = child->data;
	struct eftf_gw *gw = w->gw;
	unsigned int slot = w->slot;
	bool retired = w->retired, young = eftf_gw_now() - w->since < YOUNG_S;
	int status = child->rstatus;
	struct eftf_err err;

	(void)loop;
	(void)revents;
	on_readable(loop, &w->io, 0);	/* what it said last */
	if (WIFSIGNALED(status))
		log_error("worker %d was ended by signal %d with %u connections", w->pid,
			  WTERMSIG(status), w->conns);
	else if (!retired)
		log_error("worker %d ended with status %d", w->pid, WEXITSTATUS(status));
	gw->counts.workers_lost += !retired;
	drop(w);
	if (retired)
		return;
	eftf_prefixes_forget(gw->prefixes, slot);
	if (!slot)
		eftf_gw_events_synced(gw);	/* its SYNCED will not come */
	/* else the next check does it, in a second */
	if (!young && start_one(gw, slot, &err))
		log_error("%s", err.text);
}

/* What the main process has and a worker need not have: its secrets are not to be found there. */
static void forget_all(struct eftf_gw *gw)
{
	gw->workers = NULL;
	eftf_sessions_wipe(gw);
	eftf_pool_free(gw->pool);
	gw->pool = NULL;
	eftf_statics_free(&gw->statics);
	eftf_tokens_free(gw->tokens);
	gw->tokens = NULL;
}

static void become_worker(struct eftf_gw *gw, unsigned int slot, int fd, int parent)
{
	struct eftf_worker_start start = {
		.conf = &gw->conf,
		.policy = &gw->policy,
		.tls = gw->tls.ctx,
		.n_tls = gw->tls.n,
		.log_level = eftf_gw_log_level(gw),
		.can_update = gw->can_update,
		.max_conns = eftf_gw_conns_of_worker(gw),
		.prefixes = gw->prefixes,
		.main_fd = fd,
		.port_fd = slot ? -1 : gw->dhcp_fd,
		.port6_fd = slot ? -1 : gw->dhcp6_fd,
		.listen_fd = gw->listen_fd + (size_t)slot * gw->n_listen,
		.n_listen = gw->n_listen,
		.parent = parent,
		.user = gw->user,
	};

	forget_all(gw);
	eftf_prefixes_become(gw->prefixes, slot);
	eftf_worker_run(&start);
}

static int open_pair(int pair[2], struct eftf_err *err)
{
	int size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		return eftf_err_set(err, errno, "no socket for a worker: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int start_one(struct eftf_gw *gw, unsigned int slot, struct eftf_err *err)
{
	struct eftf_worker_proc *w = calloc(1, sizeof(*w));
	static uint32_t numbers;
	int pair[2], parent = getpid(), ret;

	if (!w)
		return eftf_err_set(err, ENOMEM, "no memory for a worker");
	w->n_places = eftf_gw_conns_of_worker(gw);
	w->places = calloc(w->n_places, sizeof(*w->places));
	if (!w->places || open_pair(pair, err)) {
		ret = eftf_err_set(err, ENOMEM, "no memory or no socket for a worker");
		goto free_worker;
	}
	w->pid = fork();
	if (!w->pid)
		become_worker(gw, slot, pair[1], parent);
	close(pair[1]);
	if (w->pid < 0) {
		ret = eftf_err_set(err, errno, "no process for a worker: %s", strerror(errno));
		close(pair[0]);
		goto free_worker;
	}
	w->gw = gw;
	w->number = ++numbers;
	w->slot = slot;
	w->fd = pair[0];
	w->since = eftf_gw_now();
	ev_io_init(&w->io, on_readable, w->fd, EV_READ);
	w->io.data = w;
	ev_io_start(gw->loop, &w->io);
	ev_child_init(&w->child, on_exit_of, w->pid, 0);
	w->child.data = w;
	ev_child_start(gw->loop, &w->child);
	w->next = gw->workers;
	gw->workers = w;
	log_debug("worker %d started", w->pid);
	return 0;

free_worker:
	free(w->places);
	free(w);
	return ret;
}

int eftf_workers_start(struct eftf_gw *gw, struct eftf_err *err)
{
	struct eftf_prefixes *prefixes;
	int ret = eftf_prefixes_new(&prefixes, gw->conf.max_handshakes, gw->conf.workers, err);

	if (ret)
		return ret;
	eftf_prefixes_free(gw->prefixes);	/* those that accept no more count for themselves */
	gw->prefixes = prefixes;
	for (unsigned int slot = 0; slot < gw->conf.workers && !ret; slot++)
		ret = start_one(gw, slot, err);
	return ret;
}

void eftf_workers_replace(struct eftf_gw *gw)
{
	struct eftf_msg msg = { .type = EFTF_MSG_DRAIN };
	struct eftf_worker_proc *w, *first;
	unsigned int retired = 0;
	struct eftf_err err;

	for (w = gw->workers; w; w = w->next)
		w->retired = true;
	first = gw->workers;
	if (eftf_workers_start(gw, &err))
		log_error("%s: trying again in a second", err.text);
	for (w = first; w; w = w->next) {
		tell(w, &msg);
		/* only keys are left in those of long ago; their UEs connect anew when they change one */
		if (++retired > RETIRED_MAX * gw->conf.workers)
			kill(w->pid, SIGKILL);
	}
}

void eftf_workers_close_door(struct eftf_gw *gw)
{
	struct eftf_msg msg = { .type = EFTF_MSG_CLOSE_DOOR };

	for (struct eftf_worker_proc *w = gw->workers; w; w = w->next)
		if (!w->retired)
			tell(w, &msg);
}

void eftf_workers_check(struct eftf_gw *gw)
{
	struct eftf_msg msg = { .type = EFTF_MSG_PING };
	struct eftf_err err;

	for (struct eftf_worker_proc *w = gw->workers; w; w = w->next) {
		if (w->unanswered >= UNANSWERED_MAX) {
			log_error("worker %d hangs: killed", w->pid);
			kill(w->pid, SIGKILL);
			continue;
		}
		w->unanswered++;
		tell(w, &msg);
	}
	for (unsigned int slot = 0; slot < gw->conf.workers; slot++)
		if (!by_slot(gw, slot) && start_one(gw, slot, &err))
			log_error("%s", err.text);
}

void eftf_workers_load(const struct eftf_gw *gw, struct eftf_workers_load *load)
{
	*load = (struct eftf_workers_load){ 0 };
	for (const struct eftf_worker_proc *w = gw->workers; w; w = w->next) {
		load->workers++;
		load->conns += w->conns;
		load->keys += w->keys;
	}
}

void eftf_workers_stop(struct eftf_gw *gw)
{
	for (struct eftf_worker_proc *w = gw->workers; w; w = w->next) {
		ev_io_stop(gw->loop, &w->io);
		ev_child_stop(gw->loop, &w->child);
		w->retired = true;	/* nothing is asked of it any more */
		shutdown(w->fd, SHUT_RDWR);
	}
}

void eftf_workers_wait(struct eftf_gw *gw, double deadline)
{
	while (gw->workers) {
		struct eftf_worker_proc *w = gw->workers;

		while (waitpid(w->pid, NULL, WNOHANG) == 0) {
			if (eftf_gw_now() > deadline)
				kill(w->pid, SIGKILL);
			usleep(10000);
		}
		drop(w);
	}
	eftf_prefixes_free(gw->prefixes);
	gw->prefixes = NULL;
}
