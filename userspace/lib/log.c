/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

const char *const eftf_log_levels[] = { "error", "warn", "info", "debug", NULL };

static struct {
	const char *name;
	enum eftf_log_level max;
	bool to_syslog, to_journal, as_json;
} log_to = { .name = "eftf", .max = EFTF_LOG_INFO };

static struct {
	struct eftf_log_line line[EFTF_LOG_KEPT];
	size_t n;		/* that were ever kept */
} kept;

static const struct {
	const char *word;
	int priority;
} levels[] = {
	[EFTF_LOG_ERROR] = { "error", LOG_ERR },
	[EFTF_LOG_WARN] = { "warning", LOG_WARNING },
	[EFTF_LOG_INFO] = { "info", LOG_INFO },
	[EFTF_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

/* Is stderr the stream of the journal that the environment names? It may be redirected. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		!fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

void eftf_log_open(const char *name, enum eftf_log_level max, bool to_syslog)
{
	if (log_to.to_syslog)
		closelog();
	log_to.name = name;
	log_to.max = max;
	log_to.to_syslog = to_syslog;
	log_to.to_journal = is_journal();
	if (to_syslog)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void eftf_log_as_json(bool json)
{
	time_t now = 0;
	struct tm tm;

	log_to.as_json = json;
	gmtime_r(&now, &tm);	/* looks for a file, once; later there may be none to be had */
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

static void keep(enum eftf_log_level level, const char *text)
{
	struct eftf_log_line *line = &kept.line[kept.n++ % EFTF_LOG_KEPT];

	line->at = eftf_clock_ms(CLOCK_REALTIME);
	line->level = level;
	snprintf(line->text, sizeof(line->text), "%.*s", (int)sizeof(line->text) - 1, text);
}

size_t eftf_log_kept(struct eftf_log_line out[EFTF_LOG_KEPT])
{
	size_t n = kept.n < EFTF_LOG_KEPT ? kept.n : EFTF_LOG_KEPT, i;

	for (i = 0; i < n; i++)
		out[i] = kept.line[(kept.n - n + i) % EFTF_LOG_KEPT];
	return n;
}

static void write_json(enum eftf_log_level level, const char *text, const struct eftf_log_field *fields,
		       size_t n_fields)
{
	struct eftf_log_entry entry = { .program = log_to.name, .level = levels[level].word, .text = text,
					.fields = fields, .n_fields = n_fields };
	char line[2048];
	size_t n = 0;

	clock_gettime(CLOCK_REALTIME, &entry.at);
	if (log_to.to_journal && !log_to.to_syslog)
		n = (size_t)snprintf(line, sizeof(line), "<%d>", levels[level].priority);
	n += eftf_log_json(line + n, sizeof(line) - n - 1, &entry);
	if (log_to.to_syslog) {
		syslog(levels[level].priority, "%s", line);
		return;
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

static void write_line(enum eftf_log_level level, const char *text)
{
	char line[1152];
	int n;

	if (log_to.to_journal)	/* which knows the name */
		n = snprintf(line, sizeof(line), "<%d>%s\n", levels[level].priority, text);
	else
		n = snprintf(line, sizeof(line), "%s: %s: %s\n", log_to.name, levels[level].word, text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	/* One write for one line; there is nowhere to report a failure to. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

static void say(enum eftf_log_level level, const struct eftf_log_field *fields, size_t n_fields,
		const char *fmt, va_list ap)
{
	char text[1024];

	if (level > log_to.max && level > EFTF_LOG_INFO)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	flatten(text);
	if (level <= EFTF_LOG_INFO)
		keep(level, text);
	if (level > log_to.max)
		return;
	if (log_to.as_json)
		write_json(level, text, fields, n_fields);
	else if (log_to.to_syslog)
		syslog(levels[level].priority, "%s: %s", levels[level].word, text);
	else
		write_line(level, text);
}

void eftf_log(enum eftf_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(level, NULL, 0, fmt, ap);
	va_end(ap);
}

void eftf_log_with(enum eftf_log_level level, const struct eftf_log_field *fields, size_t n_fields,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(level, fields, n_fields, fmt, ap);
	va_end(ap);
}
