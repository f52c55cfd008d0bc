/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <ini.h>

#define MAX_FILE 65536
#define MAX_LINE 512

/* Some builds of libinih let the program lift the limit of 200 octets a line. */
extern int ini_max_line;
#pragma weak ini_max_line

struct parser {
	const char *text, *end;
	const char *name;		/* of the file, for messages */
	unsigned int line;
	const struct eftf_cfg_key *keys;
	void *base;
	uint8_t *seen;			/* per key */
	int ret;
	struct eftf_err *err;
};

static int set_uint(const char *value, const struct eftf_cfg_key *key, unsigned int *member)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno || *end || v < key->min || v > key->max)
		return -EINVAL;
	*member = (unsigned int)v;
	return 0;
}

static int set_bool(const char *value, bool *member)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < 4; i++) {
		if (!strcasecmp(value, yes[i])) {
			*member = true;
			return 0;
		}
		if (!strcasecmp(value, no[i])) {
			*member = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_choice(const char *value, const struct eftf_cfg_key *key, int *member)
{
	for (int i = 0; key->choices[i]; i++) {
		if (!strcmp(value, key->choices[i])) {
			*member = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_string(const char *value, const struct eftf_cfg_key *key, char **member)
{
	char *copy;

	if (strlen(value) > key->max)
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

static void join_choices(char *out, size_t size, const struct eftf_cfg_key *key)
{
	size_t used = 0;
	int n;

	out[0] = 0;
	for (int i = 0; key->choices[i] && used < size; i++) {
		n = snprintf(out + used, size - used, "%s%s", i ? ", " : "one of ",
			     key->choices[i]);
		if (n > 0)
			used += (size_t)n;
	}
}

/* Returns 0, -EINVAL with what is allowed in allowed[], or -ENOMEM. */
static int set_value(const struct eftf_cfg_key *key, const char *value, void *base,
		     char *allowed, size_t size)
{
	void *member = (char *)base + key->offset;
	const char *phrase = "another value";
	int ret = -EINVAL;

	switch (key->type) {
	case EFTF_CFG_STRING:
		ret = set_string(value, key, member);
		snprintf(allowed, size, "at most %lu octets", key->max);
		break;
	case EFTF_CFG_BOOL:
		ret = set_bool(value, member);
		snprintf(allowed, size, "yes or no");
		break;
	case EFTF_CFG_UINT:
		ret = set_uint(value, key, member);
		snprintf(allowed, size, "a number from %lu to %lu", key->min, key->max);
		break;
	case EFTF_CFG_CHOICE:
		ret = set_choice(value, key, member);
		join_choices(allowed, size, key);
		break;
	case EFTF_CFG_CUSTOM:
		ret = key->parse(value, member, &phrase);
		snprintf(allowed, size, "%s", phrase);
		break;
	}
	return ret;
}

static const struct eftf_cfg_key *find_key(const struct eftf_cfg_key *keys, const char *section,
					   const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->section, section) && !strcmp(keys->name, name))
			return keys;
	return NULL;
}

static void explain_unknown(const struct eftf_cfg_key *keys, const char *section,
			    const char *name, char *out, size_t size)
{
	bool known = false;

	for (; keys->name && !known; keys++)
		known = !strcmp(keys->section, section);
	if (!known && section[0])
		snprintf(out, size, "section [%.40s] is not known", section);
	else if (section[0])
		snprintf(out, size, "[%.40s] has no key '%.40s'", section, name);
	else
		snprintf(out, size, "no key '%.40s' outside a section", name);
}

/* A failure with where it was: "file:line: ", or nothing for a flag. */
static int apply(const char *where, const char *section, const char *name, const char *value,
		 const struct eftf_cfg_key *key, const struct eftf_cfg_key *keys, void *base,
		 struct eftf_err *err)
{
	char text[160];
	int ret;

	if (!key) {
		explain_unknown(keys, section, name, text, sizeof(text));
		return eftf_err_set(err, EINVAL, "%s%s", where, text);
	}
	ret = set_value(key, value, base, text, sizeof(text));
	if (ret == -ENOMEM)
		return eftf_err_set(err, ENOMEM, "%sout of memory", where);
	if (ret)
		return eftf_err_set(err, EINVAL, "%s%s%s%s = '%.60s': allowed is %s", where,
				    section, section[0] ? "." : "", name, value, text);
	return 0;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *p = arg;
	const struct eftf_cfg_key *key = find_key(p->keys, section, name);
	char where[160];

	if (p->ret)
		return 0;
	snprintf(where, sizeof(where), "%.128s:%u: ", p->name, p->line);
	if (key && key->type != EFTF_CFG_CUSTOM && p->seen[key - p->keys]++)
		p->ret = eftf_err_set(p->err, EINVAL, "%s%s%s%s is given twice", where, section,
				      section[0] ? "." : "", name);
	else
		p->ret = apply(where, section, name, value, key, p->keys, p->base, p->err);
	return !p->ret;
}

/* libinih tells nobody of a section that has no keys: an unknown one is refused here. */
static void check_section(struct parser *p, const char *line)
{
	size_t len = strcspn(line + 1, "]");

	if (line[0] != '[' || line[1 + len] != ']')
		return;
	for (const struct eftf_cfg_key *k = p->keys; k->name; k++)
		if (strlen(k->section) == len && !strncmp(k->section, line + 1, len))
			return;
	p->ret = eftf_err_set(p->err, EINVAL, "%.128s:%u: section [%.*s] is not known", p->name,
			      p->line, len > 40 ? 40 : (int)len, line + 1);
}

/* fgets() over the text; ends the parsing after the first error. */
static char *next_line(char *buf, int size, void *arg)
{
	struct parser *p = arg;
	const char *nl;
	size_t len;

	if (p->ret || p->text == p->end)
		return NULL;
	p->line++;
	nl = memchr(p->text, '\n', (size_t)(p->end - p->text));
	len = nl ? (size_t)(nl - p->text) + 1 : (size_t)(p->end - p->text);
	if (len > MAX_LINE || len + 1 > (size_t)size) {
		p->ret = eftf_err_set(p->err, EINVAL, "%.128s:%u: the line is longer than %d octets",
				      p->name, p->line,
				      size - 1 < MAX_LINE ? size - 1 : MAX_LINE);
		return NULL;
	}
	if (memchr(p->text, 0, len)) {
		p->ret = eftf_err_set(p->err, EINVAL, "%.128s:%u: a NUL octet in the line",
				      p->name, p->line);
		return NULL;
	}
	memcpy(buf, p->text, len);
	buf[len] = 0;
	p->text += len;
	/* A leading blank would make libinih continue the value before. */
	len = strspn(buf, " \t");
	memmove(buf, buf + len, strlen(buf + len) + 1);
	check_section(p, buf);
	return p->ret ? NULL : buf;
}

int eftf_config_text(const char *text, size_t len, const char *name,
		     const struct eftf_cfg_key *keys, void *base, struct eftf_err *err)
{
	struct parser p = { .text = text, .end = text + len, .name = name, .keys = keys,
			    .base = base, .err = err };
	size_t n = 0;
	int line;

	if (len > MAX_FILE)
		return eftf_err_set(err, EFBIG, "%.128s: longer than %d octets", name, MAX_FILE);
	while (keys[n].name)
		n++;
	p.seen = calloc(n + 1, 1);
	if (!p.seen)
		return eftf_err_set(err, ENOMEM, "%.128s: out of memory", name);
	if (&ini_max_line)
		ini_max_line = MAX_LINE + 8;
	line = ini_parse_stream(next_line, &p, on_pair, &p);
	free(p.seen);
	if (p.ret)
		return p.ret;
	if (line < 0)
		return eftf_err_set(err, ENOMEM, "%.128s: out of memory", name);
	if (line > 0)
		return eftf_err_set(err, EINVAL,
				    "%.128s:%d: neither '[section]', 'key = value' nor a comment",
				    name, line);
	return 0;
}

/* The whole file into *text (malloc'ed). */
static int read_file(int fd, const char *path, char **text, size_t *len, struct eftf_err *err)
{
	ssize_t n;

	*text = malloc(MAX_FILE + 1);
	if (!*text)
		return eftf_err_set(err, ENOMEM, "%.200s: out of memory", path);
	*len = 0;
	while (*len <= MAX_FILE) {
		n = read(fd, *text + *len, MAX_FILE + 1 - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return eftf_err_set(err, errno, "%.200s: %s", path, strerror(errno));
		if (n == 0)
			return 0;
		*len += (size_t)n;
	}
	return eftf_err_set(err, EFBIG, "%.200s: longer than %d octets", path, MAX_FILE);
}

int eftf_config_file(const char *path, const struct eftf_cfg_key *keys, void *base,
		     struct eftf_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;
	int ret;

	if (fd < 0)
		return eftf_err_set(err, errno, "%.200s: %s", path, strerror(errno));
	ret = read_file(fd, path, &text, &len, err);
	close(fd);
	if (!ret)
		ret = eftf_config_text(text, len, path, keys, base, err);
	free(text);
	return ret;
}

int eftf_config_set(const char *section, const char *name, const char *value,
		    const struct eftf_cfg_key *keys, void *base, struct eftf_err *err)
{
	return apply("", section, name, value, find_key(keys, section, name), keys, base, err);
}

void eftf_config_free(const struct eftf_cfg_key *keys, void *base)
{
	for (; keys->name; keys++) {
		if (keys->type == EFTF_CFG_STRING) {
			char **member = (char **)((char *)base + keys->offset);

			free(*member);
			*member = NULL;
		}
	}
}
