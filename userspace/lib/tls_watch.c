/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_watch.h"

#include <stdlib.h>
#include <string.h>

#include "alert.h"

#define CHANGE_CIPHER_SPEC 20
#define HANDSHAKE 22

#define CLIENT_HELLO 1
#define SERVER_KEY_EXCHANGE 12
#define CERTIFICATE_VERIFY 15

#define HELLO_MAX 16384			/* octets of a ClientHello */
#define KEY_EXCHANGE_MAX 512		/* of the front of a ServerKeyExchange: point and algorithm */

#define EXT_SERVER_NAME 0
#define EXT_GROUPS 10
#define EXT_SIGNATURES 13
#define EXT_VERSIONS 43
#define TLS13 0x0304
#define NAMED_CURVE 3

/* RFC 8446 4.2.3, with RFC 5246's reading of the same numbers. */
#define RSA_PKCS1 0x01
#define ECDSA 0x03
#define RSA_PSS 0x08

struct view {
	const uint8_t *p;
	size_t len;
};

static bool take(struct view *in, size_t n, struct view *out)
{
	if (n > in->len)
		return false;
	if (out)
		*out = (struct view){ in->p, n };
	in->p += n;
	in->len -= n;
	return true;
}

static bool take_number(struct view *in, unsigned int octets, unsigned int *n)
{
	struct view v;

	if (!take(in, octets, &v))
		return false;
	for (*n = 0; v.len; v.p++, v.len--)
		*n = *n << 8 | *v.p;
	return true;
}

/* A vector with its length in front (RFC 8446 3.4). */
static bool take_vector(struct view *in, unsigned int octets, struct view *out)
{
	unsigned int n;

	return take_number(in, octets, &n) && take(in, n, out);
}

static bool has_number(struct view list, unsigned int wanted)
{
	unsigned int n;

	while (take_number(&list, 2, &n))
		if (n == wanted)
			return true;
	return false;
}

/* ---- what a client says ----------------------------------------------------- */

struct hello {
	struct view groups, signatures, name;	/* p is NULL if the extension is absent */
	bool tls13;
};

/* RFC 6066 3: a list with one host_name (0). */
static bool parse_name(struct hello *h, struct view body)
{
	struct view list;
	unsigned int type;

	return take_vector(&body, 2, &list) && take_number(&list, 1, &type) &&
		(type || take_vector(&list, 2, &h->name));
}

static bool parse_extension(struct hello *h, unsigned int type, struct view body)
{
	struct view list;

	switch (type) {
	case EXT_SERVER_NAME:
		parse_name(h, body);	/* wolfSSL judges it; here it is a wish */
		return true;
	case EXT_GROUPS:
		return !h->groups.p && take_vector(&body, 2, &h->groups) && !body.len;
	case EXT_SIGNATURES:
		return !h->signatures.p && take_vector(&body, 2, &h->signatures) && !body.len;
	case EXT_VERSIONS:
		if (!take_vector(&body, 1, &list) || body.len)
			return false;
		h->tls13 = has_number(list, TLS13);
		return true;
	default:
		return true;
	}
}

static bool parse_hello(struct hello *h, struct view in)
{
	struct view skipped, extensions, body;
	unsigned int type;

	memset(h, 0, sizeof(*h));
	if (!take(&in, 2 + 32, NULL) || !take_vector(&in, 1, &skipped) ||
	    !take_vector(&in, 2, &skipped) || !take_vector(&in, 1, &skipped))
		return false;
	if (!in.len)
		return true;
	if (!take_vector(&in, 2, &extensions) || in.len)
		return false;
	while (extensions.len)
		if (!take_number(&extensions, 2, &type) ||
		    !take_vector(&extensions, 2, &body) || !parse_extension(h, type, body))
			return false;
	return true;
}

static unsigned int group_of(enum eftf_x509_key key)
{
	return key == EFTF_X509_KEY_P256 ? EFTF_TLS_P256 : key == EFTF_X509_KEY_P384 ?
		EFTF_TLS_P384 : key == EFTF_X509_KEY_P521 ? EFTF_TLS_P521 : 0;
}

/* SHA-256, SHA-384, SHA-512: 4, 5, 6. */
static bool signature_is_good(unsigned int alg)
{
	unsigned int hash = alg >> 8, kind = alg & 0xff;

	if (hash == RSA_PSS)
		return kind >= 4 && kind <= 6;	/* rsa_pss_rsae */
	return hash >= 4 && hash <= 6 && (kind == RSA_PKCS1 || kind == ECDSA);
}

static bool can_sign(struct view offered, bool rsa)
{
	unsigned int alg;

	while (take_number(&offered, 2, &alg))
		if (signature_is_good(alg) && rsa == (alg >> 8 == RSA_PSS || (alg & 0xff) == RSA_PKCS1))
			return true;
	return false;
}

bool eftf_tls_hello_parse(struct eftf_tls_hello *hello, const uint8_t *record, size_t len)
{
	struct view in = { record, len }, message, body;
	unsigned int type, version;
	struct hello h;

	memset(hello, 0, sizeof(*hello));
	if (!take_number(&in, 1, &type) || type != HANDSHAKE || !take_number(&in, 2, &version) ||
	    !take_vector(&in, 2, &message) || !take_number(&message, 1, &type) ||
	    type != CLIENT_HELLO || !take_vector(&message, 3, &body) || !parse_hello(&h, body))
		return false;
	/* A NUL would make another name of it. */
	if (h.name.p && h.name.len < sizeof(hello->name) && !memchr(h.name.p, 0, h.name.len))
		memcpy(hello->name, h.name.p, h.name.len);
	hello->ecdsa = can_sign(h.signatures, false) || (!h.signatures.p && h.tls13);
	hello->rsa = can_sign(h.signatures, true) || (!h.signatures.p && h.tls13);
	return true;
}

static unsigned int judge_hello(const struct eftf_tls_profile *profile, struct view body,
				const char **why)
{
	unsigned int curve = group_of(profile->key);
	struct hello h;

	*why = "the client's hello is malformed";
	if (!parse_hello(&h, body))
		return EFTF_ALERT_DECODE_ERROR;
	*why = "the client offers none of the groups X25519, P-256 and P-384";
	if (h.groups.p && !has_number(h.groups, EFTF_TLS_P256) &&
	    !has_number(h.groups, EFTF_TLS_P384) &&
	    (!profile->x25519 || !has_number(h.groups, EFTF_TLS_X25519)))
		return EFTF_ALERT_HANDSHAKE_FAILURE;
	*why = "the client takes no signature with SHA-256, SHA-384 or SHA-512 by the key of this certificate";
	if ((h.signatures.p || !h.tls13) &&
	    !can_sign(h.signatures, profile->key == EFTF_X509_KEY_RSA))
		return EFTF_ALERT_HANDSHAKE_FAILURE;
	/* RFC 8422 5.1: up to TLS 1.2 the groups are those of the certificate's key, too. */
	*why = "the client does not offer the curve of this certificate";
	if (!h.tls13 && h.groups.p && curve && !has_number(h.groups, curve))
		return EFTF_ALERT_HANDSHAKE_FAILURE;
	return 0;
}

/* ---- what both say in TLS 1.2 ----------------------------------------------- */

static unsigned int judge_key_exchange(const struct eftf_tls_profile *profile, struct view body,
				       const char **why)
{
	unsigned int kind, group, alg;
	struct view point;

	*why = "the peer's key exchange is malformed";
	if (!take_number(&body, 1, &kind) || !take_number(&body, 2, &group) ||
	    !take_vector(&body, 1, &point) || !take_number(&body, 2, &alg))
		return EFTF_ALERT_DECODE_ERROR;
	*why = "the peer chose a group that was not offered";
	if (kind != NAMED_CURVE || (group != EFTF_TLS_P256 && group != EFTF_TLS_P384 &&
				    (!profile->x25519 || group != EFTF_TLS_X25519)))
		return EFTF_ALERT_ILLEGAL_PARAMETER;
	*why = "the peer signs with less than SHA-256";
	return signature_is_good(alg) ? 0 : EFTF_ALERT_ILLEGAL_PARAMETER;
}

static unsigned int judge_verify(struct view body, const char **why)
{
	unsigned int alg;

	*why = "the peer's signature is malformed";
	if (!take_number(&body, 2, &alg))
		return EFTF_ALERT_DECODE_ERROR;
	*why = "the peer signs with less than SHA-256";
	return signature_is_good(alg) ? 0 : EFTF_ALERT_ILLEGAL_PARAMETER;
}

/* ---- messages in records ---------------------------------------------------- */

/* How much of a message is wanted; 0: none of it. */
static size_t wanted(unsigned int type, bool server)
{
	if (server)
		return type == CLIENT_HELLO ? HELLO_MAX : type == CERTIFICATE_VERIFY ? 2 : 0;
	return type == SERVER_KEY_EXCHANGE ? KEY_EXCHANGE_MAX : 0;
}

static void end_message(struct eftf_tls_watch *w)
{
	free(w->body);
	w->body = NULL;
	w->n_body = w->max_body = 0;
	w->n_message = 0;
}

static unsigned int begin_message(struct eftf_tls_watch *w, bool server, const char **why)
{
	size_t max = wanted(w->message[0], server);

	w->in_message = (size_t)w->message[1] << 16 | (size_t)w->message[2] << 8 | w->message[3];
	if (w->message[0] == CLIENT_HELLO && w->in_message > HELLO_MAX) {
		*why = "the client's hello is too long";
		return EFTF_ALERT_DECODE_ERROR;
	}
	w->max_body = w->in_message < max ? w->in_message : max;
	w->body = w->max_body ? malloc(w->max_body) : NULL;
	if (w->max_body && !w->body) {
		*why = "out of memory";
		return EFTF_ALERT_INTERNAL_ERROR;
	}
	return 0;
}

static unsigned int judge(const struct eftf_tls_watch *w, bool server,
			  const struct eftf_tls_profile *profile, const char **why)
{
	struct view body = { w->body, w->n_body };

	if (!wanted(w->message[0], server))
		return 0;
	switch (w->message[0]) {
	case CLIENT_HELLO:
		return judge_hello(profile, body, why);
	case SERVER_KEY_EXCHANGE:
		return judge_key_exchange(profile, body, why);
	default:
		return judge_verify(body, why);
	}
}

/* One octet of a handshake record. */
static unsigned int feed(struct eftf_tls_watch *w, bool server,
			 const struct eftf_tls_profile *profile, uint8_t octet, const char **why)
{
	unsigned int alert = 0;

	if (w->n_message < sizeof(w->message)) {
		w->message[w->n_message++] = octet;
		if (w->n_message < sizeof(w->message))
			return 0;
		alert = begin_message(w, server, why);
	} else {
		if (w->n_body < w->max_body)
			w->body[w->n_body++] = octet;
		w->in_message--;
	}
	if (alert || w->in_message)
		return alert;
	alert = judge(w, server, profile, why);
	end_message(w);
	return alert;
}

unsigned int eftf_tls_watch(struct eftf_tls_watch *w, bool server,
			    const struct eftf_tls_profile *profile, const uint8_t *p, size_t len,
			    const char **why)
{
	unsigned int alert = 0;

	for (; len && !w->done && !alert; p++, len--) {
		if (w->n_record < sizeof(w->record)) {
			w->record[w->n_record++] = *p;
			if (w->n_record < sizeof(w->record))
				continue;
			w->in_record = (size_t)w->record[3] << 8 | w->record[4];
			/* Encrypted from here on, or no TLS at all. */
			w->done = w->record[0] <= CHANGE_CIPHER_SPEC || w->record[0] > HANDSHAKE;
		} else {
			w->in_record--;
			if (w->record[0] == HANDSHAKE)
				alert = feed(w, server, profile, *p, why);
		}
		if (!w->in_record)
			w->n_record = 0;
	}
	return alert;
}

void eftf_tls_watch_end(struct eftf_tls_watch *w)
{
	end_message(w);
	w->done = true;
}
