// SPDX-License-Identifier: GPL-2.0-or-later
/* Who asks at the UNIX socket, and what the service manager is told by itself. */
#include "status.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "notify.h"
#include "ue.h"

void eftf_status_path(char out[108], const char *device)
{
	/* as the lock beside it: devices of other namespaces have the same names */
	snprintf(out, 108, "%s/%s.%lu.sock", EFTF_INSTANCE_DIR, device, eftf_instance_namespace());
}

void eftf_status_open(struct eftf_ue *ue)
{
	struct eftf_status *s = &ue->status;
	struct eftf_err err;

	s->watchdog_ms = eftf_notify_watchdog_ms();
	eftf_status_path(s->path, ue->conf.device);
	s->listener = eftf_ask_listen(s->path, &err);
	if (s->listener < 0)
		log_warn("%s: eftf-ue status will not know of this one", err.text);
}

static void drop(struct eftf_status *s, size_t i)
{
	eftf_ask_close(&s->client[i].ask);
	s->client[i].until = 0;
}

void eftf_status_close(struct eftf_ue *ue)
{
	struct eftf_status *s = &ue->status;
	size_t i;

	for (i = 0; i < EFTF_ASK_CLIENTS; i++)
		if (s->client[i].until)
			drop(s, i);
	if (s->listener < 0)
		return;
	close(s->listener);
	unlink(s->path);
	s->listener = -1;
}

void eftf_status_fds(const struct eftf_ue *ue, struct pollfd *pfd)
{
	const struct eftf_status *s = &ue->status;
	size_t i;

	pfd[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	for (i = 0; i < EFTF_ASK_CLIENTS; i++)
		pfd[1 + i] = (struct pollfd){
			.fd = s->client[i].until ? s->client[i].ask.fd : -1,
			.events = s->client[i].next == EFTF_ASK_WRITE ? POLLOUT : POLLIN,
		};
}

uint64_t eftf_status_due(const struct eftf_ue *ue)
{
	const struct eftf_status *s = &ue->status;
	uint64_t due = s->watchdog_ms ? s->watchdog_at : UINT64_MAX;
	size_t i;

	for (i = 0; i < EFTF_ASK_CLIENTS; i++)
		if (s->client[i].until && s->client[i].until < due)
			due = s->client[i].until;
	return due;
}

static char *answer(const char *request, void *arg)
{
	return eftf_status_answer(request, arg);
}

static void accept_client(struct eftf_status *s)
{
	struct eftf_ask ask;
	size_t i = 0;

	if (s->listener < 0 || !eftf_ask_accept(&ask, s->listener))
		return;
	while (i < EFTF_ASK_CLIENTS && s->client[i].until)
		i++;
	if (i == EFTF_ASK_CLIENTS) {
		eftf_ask_close(&ask);
		return;
	}
	s->client[i].ask = ask;
	s->client[i].next = EFTF_ASK_READ;
	s->client[i].until = eftf_now_ms() + EFTF_ASK_MS;
}

static void serve(struct eftf_ue *ue)
{
	struct eftf_status *s = &ue->status;
	size_t i;

	for (i = 0; i < EFTF_ASK_CLIENTS; i++) {
		if (!s->client[i].until)
			continue;
		s->client[i].next = eftf_ask_step(&s->client[i].ask, answer, ue);
		if (s->client[i].next == EFTF_ASK_DONE || eftf_ms_left(s->client[i].until) == 0)
			drop(s, i);
	}
}

static void tell_manager(struct eftf_ue *ue)
{
	struct eftf_status *s = &ue->status;
	char line[EFTF_STATUS_LINE_TEXT];

	eftf_status_line(ue, line);
	if (strcmp(line, s->told)) {
		memcpy(s->told, line, sizeof(line));
		eftf_notify("STATUS=%s", line);
	}
	if (s->watchdog_ms && eftf_ms_left(s->watchdog_at) == 0) {
		s->watchdog_at = eftf_now_ms() + s->watchdog_ms;
		eftf_notify("WATCHDOG=1");
	}
}

void eftf_status_step(struct eftf_ue *ue)
{
	accept_client(&ue->status);
	serve(ue);
	tell_manager(ue);
}

/* ---- who asks ---------------------------------------------------------------------- */

static const char usage[] =
"usage: eftf-ue status [-j] [-s SOCKET] [DEVICE]\n"
"Asks the eftf-ue that serves DEVICE (eftf0) of this network namespace what it is at.\n"
"\n"
"  -j, --json            as JSON\n"
"  -s, --socket SOCKET   where it answers, instead of a device\n"
"  -h, --help\n";

static int show(const char *path, bool json)
{
	struct eftf_err err;
	char *text = eftf_ask(path, json ? "status json" : "status text", "eftf-ue", &err);
	int ret;

	if (!text) {
		fprintf(stderr, "eftf-ue: %s\n", err.text);
		return EFTF_EXIT_ERROR;
	}
	ret = fputs(text, stdout) < 0 || fflush(stdout);
	free(text);
	return ret ? EFTF_EXIT_ERROR : EFTF_EXIT_OK;
}

int eftf_status_cli(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *socket_path = NULL;
	char path[108];
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "js:h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'h':
			return fputs(usage, stdout) < 0 ? EFTF_EXIT_ERROR : EFTF_EXIT_OK;
		default:
			fputs(usage, stderr);
			return EFTF_EXIT_USAGE;
		}
	}
	if (argc - optind > 1 || (socket_path && argc > optind)) {
		fputs(usage, stderr);
		return EFTF_EXIT_USAGE;
	}
	eftf_status_path(path, argc > optind ? argv[optind] : "eftf0");
	return show(socket_path ? socket_path : path, json);
}
