/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

const char *const eftf_log_levels[] = { "error", "warn", "info", "debug", NULL };

static struct {
	const char *name;
	enum eftf_log_level max;
	bool to_syslog;
} log_to = { "eftf", EFTF_LOG_INFO, false };

static const struct {
	const char *word;
	int priority;
} levels[] = {
	[EFTF_LOG_ERROR] = { "error", LOG_ERR },
	[EFTF_LOG_WARN] = { "warning", LOG_WARNING },
	[EFTF_LOG_INFO] = { "info", LOG_INFO },
	[EFTF_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

void eftf_log_open(const char *name, enum eftf_log_level max, bool to_syslog)
{
	if (log_to.to_syslog)
		closelog();
	log_to.name = name;
	log_to.max = max;
	log_to.to_syslog = to_syslog;
	if (to_syslog)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void eftf_log_suspend(void)
{
	if (log_to.to_syslog)
		closelog();
}

void eftf_log_resume(void)
{
	if (log_to.to_syslog)
		openlog(log_to.name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

/* Texts may quote a peer: a line stays one line and no terminal is steered. */
static void flatten(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void eftf_log(enum eftf_log_level level, const char *fmt, ...)
{
	char text[1024], line[1152];
	va_list ap;
	int n;

	if (level > log_to.max)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	flatten(text);
	if (log_to.to_syslog) {
		syslog(levels[level].priority, "%s: %s", levels[level].word, text);
		return;
	}
	n = snprintf(line, sizeof(line), "%s: %s: %s\n", log_to.name, levels[level].word, text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* One write for one line; there is nowhere to report a failure to. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}
