// SPDX-License-Identifier: GPL-2.0-or-later
/* The envelope codec, fed in pieces, against a reader of the whole stream. */
#include "fuzz.h"

#include "ftt_ims.h"

/* Where the reader of the whole stream is. */
struct model {
	const uint8_t *data;
	size_t size, at;	/* at: of the current envelope's header */
	size_t seen;		/* payload octets that came out of the decoder */
};

/* Length of the envelope at m->at; 0: its header is not all there. */
static size_t whole_length(const struct model *m)
{
	if (m->size - m->at < 3)
		return 0;
	return (size_t)m->data[m->at + 1] * 256 + m->data[m->at + 2];
}

static void check_piece(struct model *m, const struct ftt_ims_piece *piece)
{
	size_t len = whole_length(m);
	uint8_t header[FTT_IMS_HDR_LEN];

	must(len >= 3);
	must(piece->type == m->data[m->at]);
	must(piece->payload_len == len - 3);
	must(piece->first == (m->seen == 0));
	must(m->seen + piece->len <= len - 3);
	must(piece->len > 0 || len == 3);
	must(!memcmp(piece->data, m->data + m->at + 3 + m->seen, piece->len));
	ftt_ims_put_header(header, piece->type, piece->payload_len);
	must(!memcmp(header, m->data + m->at, sizeof(header)));
	m->seen += piece->len;
	must(piece->last == (m->seen == len - 3));
	if (piece->last) {
		m->at += len;
		m->seen = 0;
	}
}

/* Returns false after a Length below 3. fed: octets of the stream before this piece of it. */
static bool feed(struct ftt_ims_decoder *d, struct model *m, const uint8_t *p, size_t len,
		 size_t fed)
{
	struct ftt_ims_piece piece;

	while (len) {
		int used = ftt_ims_decode(d, p, len, &piece);

		if (used < 0) {
			must(fed + len - m->at >= 3);
			must(whole_length(m) < 3);
			return false;
		}
		must(used > 0 && (size_t)used <= len);
		if (piece.valid) {
			must(piece.data >= p && piece.data + piece.len == p + used);
			check_piece(m, &piece);
		}
		p += used;
		len -= (size_t)used;
		fed += (size_t)used;
	}
	/* everything that was given has come out, but for a header or what is after it */
	if (fed - m->at >= 3)
		must(fed - m->at - 3 == m->seen);
	else
		must(m->seen == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ftt_ims_decoder d = {.have = 0};
	struct model m;
	uint32_t random;
	size_t fed = 0, most;

	if (size < 3)
		return 0;
	random = (uint32_t)data[0] << 8 | data[1] | 1;
	most = data[2] ? data[2] : 65536;
	m = (struct model){.data = data + 3, .size = size - 3};
	while (fed < m.size) {
		size_t n;
		uint8_t *piece;
		bool good;

		random = random * 1103515245 + 12345;
		n = (random >> 8) % most + 1;
		if (n > m.size - fed)
			n = m.size - fed;
		piece = fuzz_exact(m.data + fed, n);
		good = feed(&d, &m, piece, n, fed);
		free(piece);
		if (!good)
			break;
		fed += n;
	}
	return 0;
}
