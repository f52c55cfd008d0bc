/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eftf-gw: the EFTF. TLS server for many UEs, then everything goes through eftf.ko. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/capability.h>

#include "clock.h"
#include "gw.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "sandbox.h"
#include "session.h"
#include "state.h"
#include "status.h"
#include "eftf_version.h"

#define HOUSEKEEPING_S 1.0
#define STAPLES_EVERY 60			/* housekeepings */
#define CLOSE_DEADLINE_S 2.0		/* for the ends of all tunnels */

static const char usage[] =
	"Usage: eftf-gw [-c FILE] [-t] [-v]\n"
	"       eftf-gw status|kick|drain [--help]\n"
	"The operator's end of FTT-IMS tunnels (3GPP TS 24.322). Stays in the foreground.\n"
	"\n"
	"  -c, --config FILE   configuration (default " EFTF_GW_CONF_FILE ")\n"
	"  -t, --test-config   check the configuration and the files that it names\n"
	"  -v, --verbose       log everything\n"
	"      --show-policy   print the table that nft gets for the configuration\n"
	"      --help-config   print a configuration with all keys and their meaning\n"
	"  -V, --version\n"
	"  -h, --help\n"
	"\n"
	"SIGTERM: all tunnels are released. SIGQUIT: they go on for a successor.\n"
	"SIGUSR1: they are released one after the other, as by eftf-gw drain.\n"
	"SIGHUP: configuration and certificate are reloaded.\n"
	"Exit status: 0 stopped or all well, 1 failure, 2 wrong usage or configuration.\n";

struct flags {
	const char *conf_path;
	bool test, verbose, show_policy;
};

/* Returns -1 to go on, or the exit status. */
static int parse_flags(int argc, char **argv, struct flags *f)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test-config", no_argument, NULL, 't' },
		{ "test", no_argument, NULL, 't' },	/* its name before */
		{ "verbose", no_argument, NULL, 'v' },
		{ "help-config", no_argument, NULL, 'H' },
		{ "show-policy", no_argument, NULL, 'P' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:tvVh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			f->conf_path = optarg;
			break;
		case 't':
			f->test = true;
			break;
		case 'v':
			f->verbose = true;
			break;
		case 'H':
			eftf_gw_conf_help(stdout);
			return 0;
		case 'P':
			f->show_policy = true;
			break;
		case 'V':
			printf("eftf-gw %s\n", EFTF_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "eftf-gw: '%s' is too much\n", argv[optind]);
		return 2;
	}
	return -1;
}

static void on_stop(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)revents;
	log_info("stopping: %s", w->signum == SIGTERM ? "SIGTERM" : "SIGINT");
	ev_break(loop, EVBREAK_ALL);
}

static void on_leave(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct eftf_gw *gw = w->data;

	(void)revents;
	gw->leaving = gw->state;
	log_info("stopping: SIGQUIT: %s", gw->leaving ? "tunnels go on for a successor" :
		 "tunnels are released, as persistent = no");
	ev_break(loop, EVBREAK_ALL);
}

static void on_drain(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop;
	(void)revents;
	eftf_gw_drain(w->data, EFTF_GW_DRAIN_S);
}

static void on_reload(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop;
	(void)revents;
	eftf_notify_reloading();
	eftf_gw_reload(w->data);
	eftf_notify("READY=1");
}

/* The service manager, if there is one: how many tunnels, and that the loop goes its rounds. */
static void tell_manager(const struct eftf_gw *gw)
{
	static uint64_t tunnels = UINT64_MAX, told_at;
	uint64_t watchdog_ms = eftf_notify_watchdog_ms();

	if (gw->n_sessions != tunnels)
		eftf_notify("STATUS=tunnels: %llu", (unsigned long long)gw->n_sessions);
	tunnels = gw->n_sessions;
	if (watchdog_ms && eftf_now_ms() - told_at >= watchdog_ms) {
		told_at = eftf_now_ms();
		eftf_notify("WATCHDOG=1");
	}
}

/* Once a second: expires held addresses, looks after the workers, logs refused connections in one line. */
static void on_housekeeping(struct ev_loop *loop, ev_timer *timer, int revents)
{
	static struct eftf_gw_counts told;
	static unsigned int calls;
	struct eftf_gw *gw = timer->data;
	const struct eftf_gw_counts *c = &gw->counts;

	(void)loop;
	(void)revents;
	eftf_pool_expire(gw->pool, eftf_gw_now());
	eftf_workers_check(gw);
	tell_manager(gw);
	if (++calls % STAPLES_EVERY == 0)
		eftf_gw_check_staples(gw);
	if (c->evicted != told.evicted || c->refused_source != told.refused_source ||
	    c->refused_rate != told.refused_rate || c->refused_tunnels != told.refused_tunnels)
		log_warn("connections refused: %llu by max_handshakes_per_source, %llu by handshake_rate_per_source, %llu by max_tunnels_per_source; %llu ended early by max_handshakes",
			 (unsigned long long)(c->refused_source - told.refused_source),
			 (unsigned long long)(c->refused_rate - told.refused_rate),
			 (unsigned long long)(c->refused_tunnels - told.refused_tunnels),
			 (unsigned long long)(c->evicted - told.evicted));
	told = *c;
}

static int state_open(struct eftf_gw *gw, struct eftf_err *err)
{
	char path[256];

	if (!gw->conf.persistent)
		return 0;
	snprintf(path, sizeof(path), "%.200s/%s.leases", gw->conf.state_dir, gw->conf.device);
	return eftf_state_open(&gw->state, path, &gw->conf.ranges, err);
}

static int gw_open(struct eftf_gw *gw, struct eftf_err *err)
{
	int ret = eftf_tls_kernel_check(err);

	if (!ret)
		ret = eftf_gw_pool_open(gw, err);
	if (!ret)
		ret = state_open(gw, err);
	if (!ret)
		ret = eftf_gw_device_open(gw, err);
	/* Before there is a tunnel. */
	if (!ret)
		ret = eftf_policy_load(&gw->nft, &gw->conf, err);
	if (!ret)
		ret = eftf_sessions_open(gw, err);
	if (!ret)
		ret = eftf_gw_events_open(gw, err);
	/* After that, so that no end is missed. */
	if (!ret)
		ret = eftf_sessions_adopt(gw, err);
	if (!ret)
		ret = eftf_announce_open(gw, err);
	if (!ret)
		ret = eftf_elsewhere_open(gw, err);
	if (!ret)
		ret = eftf_gw_dhcp_open(gw, err);
	/* Last: a UE that can connect is served from then on. */
	if (!ret)
		ret = eftf_gw_listen_open(gw, err);
	if (!ret)
		ret = eftf_status_open(gw, err);
	if (!ret)
		ret = eftf_metrics_open(gw, err);
	if (!ret)
		ret = eftf_workers_start(gw, err);
	return ret;
}

static void gw_close(struct eftf_gw *gw)
{
	double deadline = eftf_gw_now() + CLOSE_DEADLINE_S;
	bool nothing_left;

	eftf_gw_listen_close(gw);
	eftf_status_close(gw);
	eftf_metrics_close(gw);
	eftf_workers_stop(gw);
	eftf_gw_dhcp_close(gw);
	if (!gw->leaving) {
		eftf_sessions_end_all(gw, deadline);
		eftf_gw_events_drain(gw, deadline);
	}
	eftf_gw_events_close(gw);
	eftf_elsewhere_close(gw);
	eftf_workers_wait(gw, deadline);
	/* what did not end in time is a successor's, unless it ends with the device */
	nothing_left = !gw->leaving && (!gw->n_sessions || gw->made_device);
	if (!gw->leaving)
		eftf_announce_close(gw);
	eftf_sessions_close(gw);
	eftf_policy_close(&gw->nft, gw->leaving);
	eftf_gw_device_close(gw);
	eftf_state_close(gw->state, nothing_left);
	eftf_pool_free(gw->pool);
	eftf_statics_free(&gw->statics);
	eftf_tokens_free(gw->tokens);
	eftf_gw_free_tls(&gw->tls);
	eftf_gw_conf_free(&gw->conf);
}

static void run(struct eftf_gw *gw)
{
	/* watched until exit: a second SIGTERM must not kill the program while it cleans up */
	static ev_signal term, intr, quit, usr1, hup;

	ev_signal_init(&term, on_stop, SIGTERM);
	ev_signal_init(&intr, on_stop, SIGINT);
	ev_signal_init(&quit, on_leave, SIGQUIT);
	quit.data = gw;
	ev_signal_start(gw->loop, &quit);
	ev_signal_init(&usr1, on_drain, SIGUSR1);
	usr1.data = gw;
	ev_signal_start(gw->loop, &usr1);
	ev_signal_init(&hup, on_reload, SIGHUP);
	hup.data = gw;
	ev_signal_start(gw->loop, &term);
	ev_signal_start(gw->loop, &intr);
	ev_signal_start(gw->loop, &hup);
	ev_timer_init(&gw->housekeeping, on_housekeeping, HOUSEKEEPING_S, HOUSEKEEPING_S);
	gw->housekeeping.data = gw;
	ev_timer_start(gw->loop, &gw->housekeeping);
	log_info("ready: device %s, up to %u tunnels", gw->conf.device, gw->conf.max_tunnels);
	eftf_notify("READY=1");
	ev_run(gw->loop, 0);
	eftf_notify("STOPPING=1");
	ev_timer_stop(gw->loop, &gw->housekeeping);
}

/*
 * The tunnels, and workers that come later. Those of a gateway started as root become another user (SETUID, SETGID), so
 * that one that was taken over can do nothing to this process; then it takes CAP_KILL to end one that hangs. A gateway
 * that was started as its own user, as by the systemd unit, has CAP_NET_ADMIN alone from here on.
 */
static int give_up_privileges(struct eftf_err *err)
{
	static const int keep[] = { CAP_NET_ADMIN, CAP_SETUID, CAP_SETGID, CAP_KILL };

	return eftf_sandbox_capabilities(keep, sizeof(keep) / sizeof(keep[0]), err);
}

/* Reads configuration, certificate and keys; --test-config does no more. Returns an exit status. */
static int load(struct eftf_gw *gw)
{
	struct eftf_err err;

	if (eftf_gw_conf_load(&gw->conf, gw->conf_path, &err) ||
	    eftf_sandbox_find_user(gw->conf.user, &gw->user, &err) ||
	    eftf_gw_load_tls(&gw->conf, NULL, &gw->tls, &err) ||
	    eftf_tokens_new(&gw->tokens, gw->conf.token_keys, &err) ||
	    eftf_statics_load(&gw->statics, gw->conf.static_addresses, &gw->conf, &err)) {
		log_error("%s", err.text);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct flags flags = { .conf_path = EFTF_GW_CONF_FILE };
	static struct eftf_gw gw;
	struct eftf_err err;
	int status;

	if (argc > 1 && eftf_status_cli_knows(argv[1]))
		return eftf_status_cli(argc - 1, argv + 1);
	status = parse_flags(argc, argv, &flags);
	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	eftf_log_open("eftf-gw", EFTF_LOG_INFO, false);
	gw.conf_path = flags.conf_path;
	gw.verbose = flags.verbose;
	gw.dhcp_fd = gw.dhcp6_fd = -1;
	gw.loop = ev_default_loop(0);
	if (!gw.loop) {
		log_error("no event loop");
		return 1;
	}
	gw.status = load(&gw);
	if (flags.show_policy && !gw.status)
		eftf_policy_write(stdout, &gw.conf);
	else if (flags.test && !gw.status)
		puts("configuration is good");
	if (!flags.test && !flags.show_policy && !gw.status) {
		gw.since = eftf_gw_now();
		eftf_gw_apply(&gw);
		if (eftf_sandbox_no_dumps(&err) || eftf_gw_raise_fd_limit(&gw.conf, &err) ||
		    gw_open(&gw, &err)) {
			log_error("%s", err.text);
			gw.status = 1;
			/* a wrong start must not end what runs */
			gw.leaving = gw.state && eftf_state_is_continued(gw.state);
		} else if (give_up_privileges(&err)) {
			log_error("%s", err.text);
			gw.status = 1;
		} else {
			run(&gw);
		}
	}
	gw_close(&gw);
	return gw.status;
}
