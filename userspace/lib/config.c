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
	const struct eftf_config_key *keys;
	void *base;
	bool *seen;			/* per key */
	char current[MAX_LINE + 1];	/* the line that is being read */
	int ret;
	struct eftf_err *err;
};

static int set_uint(const char *value, const struct eftf_config_key *key, unsigned int *member)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno || *end || v > key->max || (v < key->min && (v || !key->zero)))
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

static int set_choice(const char *value, const struct eftf_config_key *key, int *member)
{
	for (int i = 0; key->choices[i]; i++) {
		if (!strcmp(value, key->choices[i])) {
			*member = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_string(const char *value, const struct eftf_config_key *key, char **member)
{
	char *copy = NULL;
	int ret;

	if (strlen(value) > key->max)
		return -EINVAL;
	if (value[0]) {
		ret = key->value ? key->value->parse(value, NULL) : 0;
		if (ret)
			return ret;
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
	}
	free(*member);
	*member = copy;
	return 0;
}

static void join_choices(char *out, size_t size, const struct eftf_config_key *key)
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

/* "a number from 10 to 600, or 0: off": what a key's value may be. */
static void describe_allowed(const struct eftf_config_key *key, char *out, size_t size)
{
	switch (key->type) {
	case EFTF_CONFIG_BOOL:
		snprintf(out, size, "yes or no");
		break;
	case EFTF_CONFIG_UINT:
		snprintf(out, size, "a number from %lu to %lu%s%s", key->min, key->max,
			 key->zero ? ", or 0: " : "", key->zero ? key->zero : "");
		break;
	case EFTF_CONFIG_CHOICE:
		join_choices(out, size, key);
		break;
	case EFTF_CONFIG_STRING:
		if (!key->value) {
			snprintf(out, size, "a text of at most %lu octets", key->max);
			break;
		}
		__attribute__((fallthrough));
	case EFTF_CONFIG_VALUE:
		snprintf(out, size, "%s", key->value->allowed);
		break;
	case EFTF_CONFIG_ALIAS:
		out[0] = 0;
		break;
	}
}

/* Returns 0, -EINVAL or -ENOMEM. */
static int set_value(const struct eftf_config_key *key, const char *value, void *base)
{
	void *member = (char *)base + key->offset;

	switch (key->type) {
	case EFTF_CONFIG_STRING:
		return set_string(value, key, member);
	case EFTF_CONFIG_BOOL:
		return set_bool(value, member);
	case EFTF_CONFIG_UINT:
		return set_uint(value, key, member);
	case EFTF_CONFIG_CHOICE:
		return set_choice(value, key, member);
	case EFTF_CONFIG_VALUE:
		return key->value->parse(value, member);
	case EFTF_CONFIG_ALIAS:
		break;
	}
	return -EINVAL;
}

/* The key that a name stands for, older names included; NULL: none. */
static const struct eftf_config_key *find_key(const struct eftf_config_key *keys,
					      const char *section, const char *name)
{
	const struct eftf_config_key *key = keys;

	while (key->name && (strcmp(key->section, section) || strcmp(key->name, name)))
		key++;
	if (key->type == EFTF_CONFIG_ALIAS)
		return find_key(keys, key->to_section, key->to);
	return key->name ? key : NULL;
}

static void explain_unknown(const struct eftf_config_key *keys, const char *section,
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
		 const struct eftf_config_key *key, const struct eftf_config_key *keys, void *base,
		 struct eftf_err *err)
{
	char text[200];
	int ret;

	if (!key) {
		explain_unknown(keys, section, name, text, sizeof(text));
		return eftf_err_set(err, EINVAL, "%s%s", where, text);
	}
	ret = set_value(key, value, base);
	if (ret == -ENOMEM)
		return eftf_err_set(err, ENOMEM, "%sout of memory", where);
	if (!ret)
		return 0;
	describe_allowed(key, text, sizeof(text));
	return eftf_err_set(err, EINVAL, "%s%s%s%s = '%.60s': allowed is %s", where, section,
			    section[0] ? "." : "", name, value, text);
}

/*
 * What stands behind the first '=' or ':' of the current line. libinih would cut
 * it at " ;", and all of it if it begins with ';'.
 */
static char *whole_value(struct parser *p)
{
	char *value = p->current + strcspn(p->current, "=:"), *end;

	value += *value != 0;
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	return value;
}

static bool may_repeat(const struct eftf_config_key *key)
{
	return key->type == EFTF_CONFIG_VALUE && key->value->list;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *p = arg;
	const struct eftf_config_key *key = find_key(p->keys, section, name);
	char where[160];

	if (p->ret)
		return 0;
	/* only a text can hold what would begin a remark behind any other value */
	if (key && key->type == EFTF_CONFIG_STRING)
		value = whole_value(p);
	snprintf(where, sizeof(where), "%.128s:%u: ", p->name, p->line);
	if (key && p->seen[key - p->keys] && !may_repeat(key))
		p->ret = eftf_err_set(p->err, EINVAL, "%s%s%s%s is given twice", where, section,
				      section[0] ? "." : "", name);
	else
		p->ret = apply(where, section, name, value, key, p->keys, p->base, p->err);
	if (key)
		p->seen[key - p->keys] = true;
	return !p->ret;
}

/* libinih reports keys only: an unknown section without keys is refused here. */
static void check_section(struct parser *p, const char *line)
{
	size_t len = strcspn(line + 1, "]");

	if (line[0] != '[' || line[1 + len] != ']')
		return;
	for (const struct eftf_config_key *k = p->keys; k->name; k++)
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
	memcpy(p->current, buf, strlen(buf) + 1);
	check_section(p, buf);
	return p->ret ? NULL : buf;
}

/* Defaults of the keys that the text did not give; what is needed must be there. */
static int complete(const struct parser *p)
{
	const struct eftf_config_key *key;
	int ret = 0;

	for (key = p->keys; key->name && !ret; key++) {
		void *member = (char *)p->base + key->offset;
		bool seen = p->seen[key - p->keys];

		if (key->type == EFTF_CONFIG_STRING)
			seen = *(char **)member;
		if (!seen && key->needed)
			ret = eftf_err_set(p->err, EINVAL, "%.128s: [%s] %s is missing: %s",
					   p->name, key->section, key->name, key->help);
		if (!seen && key->preset)
			ret = apply("", key->section, key->name, key->preset, key, p->keys,
				    p->base, p->err);
	}
	return ret;
}

int eftf_config_text(const char *text, size_t len, const char *name,
		     const struct eftf_config_key *keys, void *base, struct eftf_err *err)
{
	struct parser p = { .text = text, .end = text + len, .name = name, .keys = keys,
			    .base = base, .err = err };
	size_t n = 0;
	int line;

	if (len > MAX_FILE)
		return eftf_err_set(err, EFBIG, "%.128s: longer than %d octets", name, MAX_FILE);
	while (keys[n].name)
		n++;
	p.seen = calloc(n + 1, sizeof(*p.seen));
	if (!p.seen)
		return eftf_err_set(err, ENOMEM, "%.128s: out of memory", name);
	if (&ini_max_line)
		ini_max_line = MAX_LINE + 8;
	line = ini_parse_stream(next_line, &p, on_pair, &p);
	if (!p.ret && line < 0)
		p.ret = eftf_err_set(err, ENOMEM, "%.128s: out of memory", name);
	else if (!p.ret && line > 0)
		p.ret = eftf_err_set(err, EINVAL,
				     "%.128s:%d: neither '[section]', 'key = value' nor a comment",
				     name, line);
	if (!p.ret)
		p.ret = complete(&p);
	free(p.seen);
	/* a secret of the last line */
	explicit_bzero(p.current, sizeof(p.current));
	return p.ret;
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

int eftf_config_file(const char *path, const struct eftf_config_key *keys, void *base,
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
	/* there may be passwords in it */
	if (text)
		explicit_bzero(text, len);
	free(text);
	return ret;
}

int eftf_config_set(const char *section, const char *name, const char *value,
		    const struct eftf_config_key *keys, void *base, struct eftf_err *err)
{
	return apply("", section, name, value, find_key(keys, section, name), keys, base, err);
}

static bool same_value(const struct eftf_config_key *key, const void *a, const void *b)
{
	const char *x, *y;

	switch (key->type) {
	case EFTF_CONFIG_STRING:
		x = *(char *const *)a;
		y = *(char *const *)b;
		return x && y ? !strcmp(x, y) : x == y;
	case EFTF_CONFIG_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case EFTF_CONFIG_UINT:
		return *(const unsigned int *)a == *(const unsigned int *)b;
	case EFTF_CONFIG_CHOICE:
		return *(const int *)a == *(const int *)b;
	case EFTF_CONFIG_VALUE:
		return key->size && !memcmp(a, b, key->size);
	case EFTF_CONFIG_ALIAS:
		break;
	}
	return true;
}

bool eftf_config_same(const struct eftf_config_key *keys, const void *a, const void *b)
{
	for (; keys->name; keys++) {
		if (!keys->apart && !same_value(keys, (const char *)a + keys->offset,
						(const char *)b + keys->offset))
			return false;
	}
	return true;
}

void eftf_config_free(const struct eftf_config_key *keys, void *base)
{
	for (; keys->name; keys++) {
		if (keys->type == EFTF_CONFIG_STRING) {
			char **member = (char **)((char *)base + keys->offset);

			free(*member);
			*member = NULL;
		}
	}
}

static void help_key(FILE *out, const struct eftf_config_key *key)
{
	const char *value = key->preset ? key->preset : key->needed ? key->needed : key->example;
	char allowed[200];

	describe_allowed(key, allowed, sizeof(allowed));
	fprintf(out, "# %s.\n# Allowed: %s%s%s.%s\n", key->help, allowed,
		key->without ? ". Without it: " : "", key->without ? key->without : "",
		key->needed ? " Required." : "");
	fprintf(out, "%s%s = %s\n", key->without && !key->shown ? "#" : "", key->name, value);
}

void eftf_config_help(FILE *out, const char *title, const struct eftf_config_key *keys)
{
	const char *section = "";

	fprintf(out, "# %s\n", title);
	for (; keys->name; keys++) {
		if (keys->type == EFTF_CONFIG_ALIAS)
			continue;
		if (strcmp(section, keys->section))
			fprintf(out, "\n[%s]\n", keys->section);
		section = keys->section;
		help_key(out, keys);
	}
}
