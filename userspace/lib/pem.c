/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (16u << 20)		/* octets */
#define BEGIN "-----BEGIN "
#define DASHES "-----"

/* Returns the text with a NUL behind it, or NULL. */
static char *read_file(const char *path, size_t *len, struct eftf_err *err)
{
	FILE *f = fopen(path, "re");
	char *text = NULL, *more;
	size_t size = 0, n = 0, got;

	if (!f) {
		eftf_err_set(err, errno, "%.200s: %s", path, strerror(errno));
		return NULL;
	}
	do {
		size = size ? size * 2 : 4096;
		more = size <= 2 * FILE_MAX ? realloc(text, size + 1) : NULL;
		if (!more) {
			eftf_err_set(err, EFBIG, "%.200s: it has more than 16 MiB", path);
			break;
		}
		text = more;
		got = fread(text + n, 1, size - n, f);
		n += got;
	} while (n == size);
	if (more && ferror(f)) {
		eftf_err_set(err, EIO, "%.200s: %s", path, strerror(errno));
		more = NULL;
	}
	fclose(f);
	if (!more || !text) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	*len = n;
	return text;
}

static int digit(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 :
		c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Returns the octets, or NULL if it is no base64. */
static uint8_t *decode(const char *p, const char *end, size_t *len)
{
	uint8_t *out = malloc((size_t)(end - p) + 1);
	uint32_t bits = 0;
	unsigned int n_bits = 0;
	bool padded = false;

	*len = 0;
	for (; out && p < end; p++) {
		if (*p == '\n' || *p == '\r' || *p == ' ' || *p == '\t')
			continue;
		padded |= *p == '=';
		if (*p == '=')
			continue;
		if (padded || digit(*p) < 0) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)digit(*p);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[(*len)++] = (uint8_t)(bits >> n_bits);
		}
	}
	return out;
}

/* Does a label stand here, with its dashes? Returns what is behind it. */
static const char *skip_label(const char *p, const char *label)
{
	size_t n = label ? strlen(label) : 0;

	if (!n || strncmp(p, label, n) || strncmp(p + n, DASHES, strlen(DASHES)))
		return NULL;
	return p + n + strlen(DASHES);
}

static int each_block(const char *text, const char *label, const char *label2, eftf_pem_fn fn,
		      void *arg, struct eftf_err *err)
{
	const char *p = text, *body, *end;
	int n = 0, ret;
	uint8_t *der;
	size_t len;

	while ((p = strstr(p, BEGIN))) {
		p += strlen(BEGIN);
		body = skip_label(p, label);
		if (!body)
			body = skip_label(p, label2);
		if (!body)
			continue;
		end = strstr(body, "-----END ");
		der = end ? decode(body, end, &len) : NULL;
		if (!der)
			return eftf_err_set(err, EINVAL, "block %d is no PEM", n + 1);
		ret = fn(arg, der, len, err);
		if (ret < 0)
			return ret;
		n++;
		p = end;
	}
	return n;
}

int eftf_pem_file(const char *path, const char *label, const char *label2, eftf_pem_fn fn,
		  void *arg, struct eftf_err *err)
{
	struct eftf_err why = { "" };
	size_t len;
	char *text = read_file(path, &len, err);
	uint8_t *der;
	int ret;

	if (!text)
		return -ENOENT;
	if (len && (uint8_t)text[0] == 0x30) {
		der = malloc(len);
		if (der)
			memcpy(der, text, len);
		ret = der ? fn(arg, der, len, &why) : -ENOMEM;
		ret = ret < 0 ? ret : 1;
	} else {
		ret = each_block(text, label, label2, fn, arg, &why);
	}
	free(text);
	return ret < 0 ? eftf_err_set(err, -ret, "%.150s: %.200s", path, why.text) : ret;
}
