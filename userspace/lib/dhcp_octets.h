/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names and words as both versions of DHCP have use for them. */
#ifndef EFTF_DHCP_OCTETS_H
#define EFTF_DHCP_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFTF_DHCP_MAX_LABELS 255	/* RFC 1035 2.3.4, the last empty label included */
#define EFTF_DHCP_NAME 256		/* text of a name with its terminator */

/* Octets with room for more; once full it stays full and len is of no use. */
struct eftf_out {
	uint8_t *p;
	size_t size, len;
	bool full;
};

void eftf_out_put(struct eftf_out *o, const void *data, size_t len);
void eftf_out_put8(struct eftf_out *o, uint8_t v);
void eftf_out_put16(struct eftf_out *o, uint16_t v);
void eftf_out_put32(struct eftf_out *o, uint32_t v);

static inline uint16_t eftf_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t eftf_get32(const uint8_t *p)
{
	return (uint32_t)eftf_get16(p) << 16 | eftf_get16(p + 2);
}

/* Labels of a dotted name; returns octets, 0 if it is no name or out is too small. */
size_t eftf_dhcp_name_put(const char *name, uint8_t *out, size_t size);
/*
 * The first name of a list of labels. It ends up in environments of scripts:
 * letters, digits, - and _ only. Returns 0, or -EBADMSG with to as "".
 */
int eftf_dhcp_name_get(const uint8_t *p, size_t len, char to[EFTF_DHCP_NAME]);
/* Text of a stranger: what is not printable becomes '?'; NULs at its end are left out. */
void eftf_dhcp_text_get(const uint8_t *p, size_t len, char *to, size_t size);
/* Adds to a list of words in text, with commas between; what does not fit is left out. */
__attribute__((format(printf, 3, 4)))
void eftf_dhcp_say(char *text, size_t size, const char *fmt, ...);

/* What was wrong in the last answer that counted all the same. Starts as 0. */
struct eftf_dhcp_warning {
	char text[160];
	bool is_new;
};

/* words: of an answer, may be ""; those of the last warning again are not new. */
void eftf_dhcp_warn(struct eftf_dhcp_warning *w, const char *words);
/* One that was not given out yet, or NULL. */
const char *eftf_dhcp_warning(struct eftf_dhcp_warning *w);

#endif
