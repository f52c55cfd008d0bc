// SPDX-License-Identifier: GPL-2.0-or-later
/* eftfctl monitor: events as they come; after a loss, the state. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "clock.h"
#include "ctl.h"
#include "fields.h"

#define MAX_TIMEOUT_S	86400000u

struct monitor {
	const struct eftf_ctl *ctl;
	uint64_t count, wanted;		/* wanted 0: no end */
	bool broken;			/* the output is closed */
};

/* First fields of each line, before those of the tunnel. */
struct head {
	char time[40];
	char event[16];
};

static const struct eftf_out_field head_fields[] = {
	{"time", EFTF_OUT_PLAIN, eftf_out_chars, offsetof(struct head, time), 0},
	{"event", EFTF_OUT_PLAIN, eftf_out_chars, offsetof(struct head, event), 0},
	{NULL, EFTF_OUT_PLAIN, NULL, 0, 0},
};

static const struct eftf_out_table head_table = {.fields = head_fields};

static const char *event_word(uint8_t cmd)
{
	switch (cmd) {
	case EFTF_CMD_EVENT_UP:
		return "up";
	case EFTF_CMD_EVENT_DOWN:
		return "down";
	case EFTF_CMD_EVENT_REKEY:
		return "rekey";
	case EFTF_CMD_EVENT_TICKET:
		return "ticket";
	case EFTF_CMD_EVENT_STALLED:
		return "stalled";
	case EFTF_CMD_EVENT_SWAPPED:
		return "swapped";
	case EFTF_CMD_EVENT_KEY_UPDATE:
		return "key-update";
	default:
		return "state";		/* a tunnel of a dump */
	}
}

static void fill_head(struct head *head, const char *event)
{
	char date[24] = "";
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(head->time, sizeof(head->time), "%s.%03ldZ", date, ts.tv_nsec / 1000000);
	snprintf(head->event, sizeof(head->event), "%s", event);
}

/* One line; info NULL: it is about no tunnel. */
static void print(struct monitor *m, const char *event, const struct eftf_tunnel_info *info)
{
	struct head head;
	json_t *object, *tunnel;

	fill_head(&head, event);
	if (m->ctl->json) {
		object = eftf_out_json(&head_table, &head);
		tunnel = info ? eftf_out_json(&eftf_tunnel_table, info) : NULL;
		if (object && tunnel)
			json_object_update(object, tunnel);
		if (!object || json_dumpf(object, stdout, JSON_COMPACT))
			m->broken = true;
		json_decref(tunnel);
		json_decref(object);
	} else {
		eftf_out_line(stdout, &head_table, &head);
		if (info) {
			putchar(' ');
			eftf_out_line(stdout, &eftf_tunnel_table, info);
		}
	}
	putchar('\n');
	if (fflush(stdout) || ferror(stdout))
		m->broken = true;
}

static void on_event(const struct eftf_tunnel_info *info, void *arg)
{
	struct monitor *m = arg;

	if (m->wanted && m->count >= m->wanted)
		return;
	m->count++;
	print(m, event_word(info->cmd), info);
}

static void on_state(const struct eftf_tunnel_info *info, void *arg)
{
	print(arg, "state", info);
}

/* Events were lost: what is true now comes from a dump. */
static int resync(struct eftf_ctl *ctl, struct monitor *m)
{
	int ret;

	eftf_ctl_error(0, "events lost, state follows");
	print(m, "lost", NULL);
	ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	if (eftf_nl_tunnel_get(ctl->nl, 0, 0, on_state, m, &ctl->err))
		return eftf_ctl_fail(ctl);
	return EFTF_CTL_OK;
}

/* Waits for something to read: 1; 0 at the deadline; -1 on an error; 2: not yet. */
static int wait_event(int fd, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int left = eftf_ms_left(deadline), ret;

	if (!left)
		return 0;
	ret = poll(&p, 1, left);
	if (ret > 0)
		return 1;
	return ret < 0 && errno != EINTR ? -1 : 2;
}

static int watch(struct eftf_ctl *ctl, struct monitor *m, struct eftf_nl *events,
		 uint64_t deadline)
{
	while (!m->broken && (!m->wanted || m->count < m->wanted)) {
		int ret = wait_event(eftf_nl_fd(events), deadline);

		if (ret < 0)
			return eftf_ctl_error(EFTF_CTL_FAILED, "monitor: %s", strerror(errno));
		if (ret == 0)
			break;
		if (ret != 1)
			continue;
		ret = eftf_nl_events_read(events, on_event, m, &ctl->err);
		if (ret == -ENOBUFS)
			ret = resync(ctl, m);
		else if (ret)
			return eftf_ctl_fail(ctl);
		if (ret)
			return ret;
	}
	if (m->broken)
		return eftf_ctl_error(EFTF_CTL_FAILED, "monitor: cannot write the output");
	return EFTF_CTL_OK;
}

int eftf_ctl_monitor(struct eftf_ctl *ctl, int argc, char **argv)
{
	struct monitor m = {.ctl = ctl};
	struct eftf_nl *events;
	uint32_t timeout = 0;
	bool has_timeout = false;
	const struct eftf_arg args[] = {
		{"--count", EFTF_ARG_U64, &m.wanted, NULL, false, 1, UINT32_MAX},
		{"--timeout", EFTF_ARG_U32, &timeout, &has_timeout, false, 1, MAX_TIMEOUT_S},
		{NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0},
	};
	int ret = eftf_args("monitor", argc, argv, args);

	if (ret)
		return ret;
	if (eftf_nl_events_open(&events, &ctl->err))
		return eftf_ctl_fail(ctl);
	/* The group is joined: a reader of this line misses no later event unnoticed. */
	print(&m, "listening", NULL);
	ret = watch(ctl, &m, events, has_timeout ? eftf_now_ms() + (uint64_t)timeout * 1000 :
		    UINT64_MAX);
	eftf_nl_close(events);
	if (!ret && m.count < m.wanted)
		ret = eftf_ctl_error(EFTF_CTL_FAILED, "monitor: %llu of %llu events came in %u s",
				     (unsigned long long)m.count, (unsigned long long)m.wanted,
				     timeout);
	return ret;
}
