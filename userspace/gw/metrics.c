/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr.h"
#include "file.h"
#include "log.h"
#include "status.h"

#define FILE_PERIOD_S 15.0
#define HTTP_CONNECTIONS 16
#define HTTP_TIMEOUT_S 5
#define HTTP_POLL_S 1.0			/* timeouts of connections that say nothing */

static ev_timer file_timer, http_timer;
static ev_io http_io;
static struct MHD_Daemon *http;
static char *written;			/* the file that is there because of us, or NULL */

/* ---- file ------------------------------------------------------------------- */

/* Old figures would look like a gateway that runs. */
static void remove_file(void)
{
	if (written)
		unlink(written);
	free(written);
	written = NULL;
}

static void on_file_time(struct ev_loop *loop, ev_timer *timer, int revents)
{
	static int told;
	struct eftf_gw *gw = timer->data;
	struct eftf_err err;
	char *text;
	int ret;

	(void)loop;
	(void)revents;
	if (written && (!gw->conf.metrics_file || strcmp(written, gw->conf.metrics_file)))
		remove_file();		/* a reload has named another, or none */
	text = gw->conf.metrics_file ? eftf_status_metrics(gw, eftf_gw_now()) : NULL;
	if (!text)
		return;
	if (!written)
		written = strdup(gw->conf.metrics_file);
	ret = eftf_file_replace(gw->conf.metrics_file, 0644, text, strlen(text), &err);
	free(text);
	if (ret && ret != told)		/* once, not every 15 s */
		log_warn("metrics: %s", err.text);
	told = ret;
}

/* ---- HTTP ------------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *c, unsigned int code, char *text)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ret;

	if (!r) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
	ret = MHD_queue_response(c, code, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *size, void **state)
{
	struct eftf_gw *gw = arg;
	char *text;

	(void)version;
	(void)data;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) || *size)
		return MHD_NO;
	if (!strcmp(url, "/health")) {
		text = strdup(eftf_status_word(gw));
		return text ? reply(c, gw->drain.on ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, text) : MHD_NO;
	}
	if (strcmp(url, "/metrics")) {
		text = strdup("there are /metrics and /health\n");
		return text ? reply(c, MHD_HTTP_NOT_FOUND, text) : MHD_NO;
	}
	text = eftf_status_metrics(gw, eftf_gw_now());
	return text ? reply(c, MHD_HTTP_OK, text) : MHD_NO;
}

static void on_http(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)io;
	(void)revents;
	MHD_run(http);
}

static void on_http_time(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	MHD_run(http);
}

static int open_http(struct eftf_gw *gw, struct eftf_err *err)
{
	const struct sockaddr_storage *at = &gw->conf.metrics_listen;
	const union MHD_DaemonInfo *info;
	char text[EFTF_ADDR_TEXT];

	if (at->ss_family == AF_UNSPEC)
		return 0;
	eftf_addr_text(text, at);
	/* In our own loop: one thread, and no lock around what is counted. */
	http = MHD_start_daemon(MHD_USE_EPOLL | (at->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0), 0, NULL, NULL,
				on_request, gw, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)at,
				MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
	info = http ? MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return eftf_err_set(err, EADDRINUSE,
				    "cannot serve metrics at %s: %s: choose another by status.metrics_listen",
				    text, strerror(errno));
	ev_io_init(&http_io, on_http, info->epoll_fd, EV_READ);
	ev_io_start(gw->loop, &http_io);
	ev_timer_init(&http_timer, on_http_time, HTTP_POLL_S, HTTP_POLL_S);
	ev_timer_start(gw->loop, &http_timer);
	return 0;
}

int eftf_metrics_open(struct eftf_gw *gw, struct eftf_err *err)
{
	/* Also without a file: a reload may name one. */
	ev_timer_init(&file_timer, on_file_time, 0.0, FILE_PERIOD_S);
	file_timer.data = gw;
	ev_timer_start(gw->loop, &file_timer);
	return open_http(gw, err);
}

void eftf_metrics_close(struct eftf_gw *gw)
{
	ev_timer_stop(gw->loop, &file_timer);
	remove_file();
	if (!http)
		return;
	ev_io_stop(gw->loop, &http_io);
	ev_timer_stop(gw->loop, &http_timer);
	MHD_stop_daemon(http);
	http = NULL;
}
