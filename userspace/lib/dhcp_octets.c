/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp_octets.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void eftf_out_put(struct eftf_out *o, const void *data, size_t len)
{
	if (o->full || len > o->size - o->len) {
		o->full = true;
		return;
	}
	memcpy(o->p + o->len, data, len);
	o->len += len;
}

void eftf_out_put8(struct eftf_out *o, uint8_t v)
{
	eftf_out_put(o, &v, 1);
}

void eftf_out_put16(struct eftf_out *o, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	eftf_out_put(o, b, sizeof(b));
}

void eftf_out_put32(struct eftf_out *o, uint32_t v)
{
	eftf_out_put16(o, (uint16_t)(v >> 16));
	eftf_out_put16(o, (uint16_t)v);
}

size_t eftf_dhcp_name_put(const char *name, uint8_t *out, size_t size)
{
	size_t used = 0, len;

	while (*name) {
		len = strcspn(name, ".");
		if (!len || len > 63 || used + 1 + len + 1 > size)
			return 0;
		out[used++] = (uint8_t)len;
		memcpy(out + used, name, len);
		used += len;
		name += len;
		if (*name == '.')
			name++;
	}
	out[used++] = 0;
	return used;
}

/* RFC 1035 2.3.4: 255 octets of labels, which are 253 characters. */
static int get_name(const uint8_t *p, size_t len, char *to)
{
	size_t pos = 0, used = 0, n;

	while (pos < len && p[pos]) {
		n = p[pos++];
		if (n > 63 || n > len - pos || pos + n > EFTF_DHCP_MAX_LABELS - 1)
			return -EBADMSG;
		if (used)
			to[used++] = '.';
		for (size_t i = 0; i < n; i++, pos++) {
			if (!isalnum(p[pos]) && p[pos] != '-' && p[pos] != '_')
				return -EBADMSG;
			to[used++] = (char)p[pos];
		}
	}
	if (pos >= len || !used)
		return -EBADMSG;
	to[used] = 0;
	return 0;
}

int eftf_dhcp_name_get(const uint8_t *p, size_t len, char to[EFTF_DHCP_NAME])
{
	int ret = get_name(p, len, to);

	if (ret)
		to[0] = 0;
	return ret;
}

void eftf_dhcp_text_get(const uint8_t *p, size_t len, char *to, size_t size)
{
	size_t n = len < size - 1 ? len : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = isprint(p[i]) ? (char)p[i] : '?';
	while (n && p[n - 1] == 0)	/* some servers end it with a NUL */
		n--;
	to[n] = 0;
}

void eftf_dhcp_say(char *text, size_t size, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	if (len)
		len += (size_t)snprintf(text + len, size - len, ", ");
	if (len >= size)
		return;
	va_start(ap, fmt);
	vsnprintf(text + len, size - len, fmt, ap);
	va_end(ap);
}

void eftf_dhcp_warn(struct eftf_dhcp_warning *w, const char *words)
{
	if (!words[0] || !strcmp(words, w->text))
		return;
	snprintf(w->text, sizeof(w->text), "%s", words);
	w->is_new = true;
}

const char *eftf_dhcp_warning(struct eftf_dhcp_warning *w)
{
	bool is_new = w->is_new;

	w->is_new = false;
	return is_new ? w->text : NULL;
}
