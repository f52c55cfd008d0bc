/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../gw.h"
#include "log.h"
#include "packet.h"
#include "sandbox.h"

#define TURN_S 0.05
#define MESSAGES_AT_ONCE 64

void eftf_worker_send(struct eftf_worker *w, const struct eftf_msg *msg, int fd)
{
	struct pollfd pfd = { .fd = w->start->main_fd, .events = POLLOUT };
	int ret;

	while ((ret = eftf_packet_send(pfd.fd, msg, sizeof(*msg), fd))) {
		if (ret != -EAGAIN)
			_exit(1);	/* the main process is gone */
		poll(&pfd, 1, -1);
	}
}

bool eftf_worker_turn_over(const struct eftf_worker *w)
{
	return eftf_gw_now() > w->turn_ends;
}

static void on_turn(struct ev_loop *loop, ev_check *check, int revents)
{
	struct eftf_worker *w = check->data;

	(void)loop;
	(void)revents;
	w->turn_ends = eftf_gw_now() + TURN_S;
}

void eftf_worker_maybe_end(struct eftf_worker *w)
{
	if (!w->draining || w->n_conns || w->n_keys)
		return;
	log_debug("worker %d: nothing is left to do", getpid());
	_exit(0);
}

static void say_alive(struct eftf_worker *w)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ALIVE };

	msg.alive.conns = w->n_conns;
	msg.alive.keys = w->n_keys;
	msg.alive.counts = w->counts;
	eftf_worker_send(w, &msg, -1);
}

static void sync_port(struct eftf_worker *w)
{
	struct eftf_msg msg = { .type = EFTF_MSG_SYNCED };

	eftf_port_read_all(w);
	eftf_worker_send(w, &msg, -1);
}

static void drain(struct eftf_worker *w)
{
	w->draining = true;
	eftf_worker_listen_no_more(w);
	eftf_port_close(w);
	eftf_worker_maybe_end(w);
}

static void on_message(struct eftf_worker *w, const struct eftf_msg *msg)
{
	switch ((enum eftf_msg_type)msg->type) {
	case EFTF_MSG_ANSWER:
	case EFTF_MSG_ANSWER6:
		if (msg->answer.to.conn.serial)
			eftf_conn_on_answer(w, msg);
		else
			eftf_port_on_answer(w, msg);
		break;
	case EFTF_MSG_ATTACHED:
		eftf_conn_on_attached(w, msg);
		break;
	case EFTF_MSG_UPDATE:
		eftf_keys_update(w, msg);
		break;
	case EFTF_MSG_FORGET:
		eftf_keys_forget(w, msg->keys.tunnel, msg->keys.transport);
		break;
	case EFTF_MSG_PING:
		say_alive(w);
		break;
	case EFTF_MSG_SYNC:
		sync_port(w);
		break;
	case EFTF_MSG_CLOSE_DOOR:
		eftf_worker_listen_no_more(w);
		break;
	case EFTF_MSG_DRAIN:
		drain(w);
		break;
	default:
		break;
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_worker *w = io->data;
	struct eftf_msg msg;
	ssize_t n;

	(void)loop;
	(void)revents;
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		n = recv(w->start->main_fd, &msg, sizeof(msg), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {		/* the gateway ends */
			eftf_conns_close(w);
			_exit(0);
		}
		if (n == sizeof(msg))
			on_message(w, &msg);
	}
	explicit_bzero(&msg, sizeof(msg));
	eftf_worker_maybe_end(w);
}

/* What is the parent's alone: signals meant for it, descriptors, privileges. */
static int shut_in(const struct eftf_worker_start *start, struct eftf_err *err)
{
	int keep[EFTF_GW_MAX_LISTEN + 3];
	size_t n = 0;
	int ret;

	signal(SIGTERM, SIG_IGN);	/* of a terminal or service manager, to all of the group */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < start->n_listen; i++)
		keep[n++] = start->listen_fd[i];
	keep[n++] = start->main_fd;
	keep[n++] = start->port_fd;
	keep[n++] = start->port6_fd;
	eftf_sandbox_close_others(keep, n);
	/* its socket to syslog was among them */
	eftf_log_open("eftf-gw", start->log_level, start->conf->syslog);
	ret = eftf_sandbox_become(&start->user, err);
	if (!ret)
		ret = eftf_sandbox_capabilities(NULL, 0, err);
	if (!ret)
		ret = eftf_sandbox_no_dumps(err);
	if (!ret)
		ret = eftf_sandbox_die_with(start->parent, err);
	return ret;
}

static int open_all(struct eftf_worker *w, struct eftf_err *err)
{
	int ret = shut_in(w->start, err);
	bool needs_random = false;

	for (size_t i = 0; !ret && i < w->start->n_tls; i++) {
		ret = eftf_tls_ctx_without_files(w->start->tls[i], err);
		if (ret == -EOPNOTSUPP) {
			needs_random = true;
			ret = 0;
		}
	}
	w->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOINOTIFY);
	if (!ret && !w->loop)
		ret = eftf_err_set(err, ENOMEM, "no event loop");
	if (!ret)
		ret = eftf_watches_open(w, err);
	if (!ret)
		ret = eftf_worker_conns_open(w, err);
	if (!ret)
		ret = eftf_keys_open(w, err);
	if (!ret)
		ret = eftf_port_open(w, err);
	if (ret)
		return ret;
	/* The last step: from here on there are only the system calls that it needs. */
	ret = eftf_sandbox_system_calls(needs_random, err);
	if (ret != -EOPNOTSUPP)
		return ret;
	log_debug("worker: %s", err->text);
	return 0;
}

noreturn void eftf_worker_run(const struct eftf_worker_start *start)
{
	static struct eftf_worker w;
	struct eftf_err err;

	w.start = start;
	w.conf = start->conf;
	if (open_all(&w, &err)) {
		log_error("worker: %s", err.text);
		_exit(1);
	}
	ev_check_init(&w.turn, on_turn);
	w.turn.data = &w;
	ev_check_start(w.loop, &w.turn);
	ev_io_init(&w.main_io, on_readable, start->main_fd, EV_READ);
	w.main_io.data = &w;
	ev_set_priority(&w.main_io, EV_MAXPRI);
	ev_io_start(w.loop, &w.main_io);
	eftf_worker_listen(&w);
	ev_run(w.loop, 0);
	_exit(0);
}
