/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "statics.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf.h"

#define CERT_OCTETS EFTF_IDENTITY_CERT_OCTETS
#define LINE_MAX_OCTETS 512

/* One line as text: an identity, one or two addresses, and what is too much. */
struct words {
	char *w[4];
	size_t n;
};

static void split(char *line, struct words *words)
{
	static const char blank[] = " \t\r\n";
	char *rest = NULL;

	words->n = 0;
	for (char *w = strtok_r(line, blank, &rest); w && *w != '#' && words->n < 4; w = strtok_r(NULL, blank, &rest))
		words->w[words->n++] = w;
}

/* "cert:" and the fingerprint's first 16 octets, or all of it; of openssl's colons between them, any. */
static bool parse_identity(const char *text, uint8_t cert[CERT_OCTETS])
{
	size_t n = 0;

	if (!strncmp(text, "cert:", 5))
		text += 5;
	for (; text[0]; text += 2 + (text[2] == ':')) {
		unsigned int octet;

		if (n == EFTF_CERT_ID_LEN || !isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		sscanf(text, "%2x", &octet);
		if (n++ < CERT_OCTETS)
			cert[n - 1] = (uint8_t)octet;
	}
	return n == CERT_OCTETS || n == EFTF_CERT_ID_LEN;
}

/* One that the pool may give to a UE. */
static bool is_host(const struct eftf_gw_conf *conf, struct in_addr inner)
{
	uint32_t i = eftf_ranges_number(&conf->ranges, inner);
	const struct eftf_range *r;

	if (i == EFTF_RANGES_NONE || inner.s_addr == conf->gateway.s_addr)
		return false;
	r = &conf->ranges.r[eftf_ranges_of(&conf->ranges, i)];
	return i > r->first && i < r->first + r->size - 1;
}

static const char no_address[] = "is no address that a UE can have of pool or pool6";

/* Returns NULL, or what is wrong with the word. */
static const char *parse_address(const struct eftf_gw_conf *conf, const char *word, struct in_addr *inner)
{
	struct in6_addr a6;
	struct in_addr a;

	if (inet_pton(AF_INET6, word, &a6) == 1)
		a = eftf_gw_inner4(conf, &a6);
	else if (conf->ipv6_only || inet_pton(AF_INET, word, &a) != 1)
		return no_address;
	if (!is_host(conf, a))
		return no_address;
	if (inner->s_addr && inner->s_addr != a.s_addr)
		return "and the address before it do not go together, see pool6";
	*inner = a;
	return NULL;
}

static int wrong(const char *path, unsigned int line, const char *word, const char *why, struct eftf_err *err)
{
	return eftf_err_set(err, EINVAL, "file of static addresses %.200s, line %u: %.80s %s", path, line, word, why);
}

/* A line with something in it. */
static int read_line(const struct eftf_gw_conf *conf, const char *path, const struct words *words,
		     struct eftf_static *to, struct eftf_err *err)
{
	const char *why;

	if (!parse_identity(words->w[0], to->cert))
		return wrong(path, to->line, words->w[0],
			     "is no identity of a certificate: cert: and 32 or 64 hexadecimal digits", err);
	if (words->n < 2 || words->n > 3)
		return wrong(path, to->line, words->w[0], "has to have one address, or two, behind it", err);
	for (size_t i = 1; i < words->n; i++) {
		why = parse_address(conf, words->w[i], &to->inner);
		if (why)
			return wrong(path, to->line, words->w[i], why, err);
	}
	return 0;
}

static int add(struct eftf_statics *s, const struct eftf_static *one, struct eftf_err *err)
{
	/* doubled when it is full, at each power of 2 */
	if (!(s->n & (s->n - 1))) {
		struct eftf_static *v = reallocarray(s->v, s->n ? s->n * 2 : 1, sizeof(*v));

		if (!v)
			return eftf_err_set(err, ENOMEM, "no memory for the static addresses");
		s->v = v;
	}
	s->v[s->n++] = *one;
	return 0;
}

/* Who can write to it can take addresses away. */
static int check_mode(FILE *f, const char *path, struct eftf_err *err)
{
	struct stat st;

	if (fstat(fileno(f), &st) || !(st.st_mode & S_IWOTH))
		return 0;
	return eftf_err_set(err, EACCES, "file of static addresses %.200s: everybody can write to it (mode %04o): chmod o-w",
			    path, (unsigned int)st.st_mode & 07777);
}

static int read_lines(struct eftf_statics *s, FILE *f, const char *path, const struct eftf_gw_conf *conf,
		      struct eftf_err *err)
{
	char line[LINE_MAX_OCTETS];
	struct words words;
	int ret = 0;

	for (unsigned int n = 1; !ret && fgets(line, sizeof(line), f); n++) {
		struct eftf_static one = { .line = n };

		if (!strchr(line, '\n') && !feof(f))
			return wrong(path, n, "the line", "is too long", err);
		split(line, &words);
		if (!words.n)
			continue;
		ret = read_line(conf, path, &words, &one, err);
		if (!ret)
			ret = add(s, &one, err);
	}
	if (!ret && ferror(f))
		ret = eftf_err_set(err, EIO, "file of static addresses %.200s: it cannot be read", path);
	return ret;
}

static int by_inner(const void *a, const void *b)
{
	const struct eftf_static *x = a, *y = b;
	int d = memcmp(&x->inner, &y->inner, sizeof(x->inner));

	return d ? d : (x->line > y->line) - (x->line < y->line);
}

static int by_cert(const void *a, const void *b)
{
	const struct eftf_static *x = a, *y = b;
	int d = memcmp(x->cert, y->cert, CERT_OCTETS);

	return d ? d : (x->line > y->line) - (x->line < y->line);
}

/* Each address is of one certificate, each certificate has one. Leaves them sorted by certificate. */
static int check_once(struct eftf_statics *s, const char *path, struct eftf_err *err)
{
	char other[48];

	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof(*s->v), by_inner);
	for (size_t i = 1; i < s->n; i++) {
		if (s->v[i].inner.s_addr != s->v[i - 1].inner.s_addr)
			continue;
		snprintf(other, sizeof(other), "is that of line %u, too", s->v[i - 1].line);
		return wrong(path, s->v[i].line, "its address", other, err);
	}
	qsort(s->v, s->n, sizeof(*s->v), by_cert);
	for (size_t i = 1; i < s->n; i++) {
		if (memcmp(s->v[i].cert, s->v[i - 1].cert, CERT_OCTETS))
			continue;
		snprintf(other, sizeof(other), "is that of line %u, too", s->v[i - 1].line);
		return wrong(path, s->v[i].line, "its certificate", other, err);
	}
	return 0;
}

int eftf_statics_load(struct eftf_statics *s, const char *path, const struct eftf_gw_conf *conf,
		      struct eftf_err *err)
{
	FILE *f;
	int ret;

	memset(s, 0, sizeof(*s));
	if (!path)
		return 0;
	f = fopen(path, "re");
	if (!f)
		return eftf_err_set(err, errno, "file of static addresses %.200s: %s", path, strerror(errno));
	ret = check_mode(f, path, err);
	if (!ret)
		ret = read_lines(s, f, path, conf, err);
	fclose(f);
	if (!ret)
		ret = check_once(s, path, err);
	if (ret)
		eftf_statics_free(s);
	return ret;
}

void eftf_statics_free(struct eftf_statics *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}
