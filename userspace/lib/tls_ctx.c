/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts: the defaults of common wolfSSL builds are unsafe, so all is said here. */
#include "tls_priv.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pem.h"

#define SUITS_KEY 4
#define SUITS_NAME 2
#define SUITS_ECDSA 1

/* TS 33.210 6.2: AEAD with ephemeral ECDH, nothing else. */
static const char *const suites[] = {
	"TLS13-AES128-GCM-SHA256", "TLS13-AES256-GCM-SHA384", "TLS13-CHACHA20-POLY1305-SHA256",
	"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
	"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
	"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
};

/* wolfSSL leaves AES round keys behind in freed memory. */
static void wiping_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *wiping_realloc(void *old, size_t size)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	void *p = malloc(size);

	if (!p)
		return NULL;
	if (old) {
		memcpy(p, old, had < size ? had : size);
		wiping_free(old);
	}
	return p;
}

int eftf_tls_init(struct eftf_err *err)
{
	static bool done;

	if (done)
		return 0;
	if (wolfSSL_SetAllocators(malloc, wiping_free, wiping_realloc))
		return eftf_err_set(err, EINVAL, "wolfSSL takes no allocators");
	if (wolfSSL_Init() != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EIO, "wolfSSL does not start");
	done = true;
	return 0;
}

/* TS 33.210 6.2.3: P-256 is a must, P-384 and X25519 are not. In the order of preference. */
static const struct {
	int group;
	const char *name;
	bool must;
} groups[] = {
	{ WOLFSSL_ECC_X25519, "X25519", false },
	{ WOLFSSL_ECC_SECP256R1, "P-256", true },
	{ WOLFSSL_ECC_SECP384R1, "P-384", false },
};

/* SHA-1 and SHA-224, which wolfSSL offers by itself, are not among them. */
static const char *const signatures[] = {
	"ECDSA+SHA256", "ECDSA+SHA384", "ECDSA+SHA512", "RSA-PSS+SHA256", "RSA-PSS+SHA384",
	"RSA-PSS+SHA512", "RSA+SHA256", "RSA+SHA384", "RSA+SHA512",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void join(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ":" : "", word);
}

/*
 * A name that wolfSSL does not know would vanish silently from a list, and
 * each call leaves traces of the one before: ask for each in a context that
 * is thrown away.
 */
static int set_suites(WOLFSSL_CTX *wolf, WOLFSSL_CTX *scratch, struct eftf_err *err)
{
	char list[512] = "";

	for (size_t i = 0; i < COUNT(suites); i++) {
		if (wolfSSL_CTX_set_cipher_list(scratch, suites[i]) == WOLFSSL_SUCCESS)
			join(list, sizeof(list), suites[i]);
		else if (!strstr(suites[i], "CHACHA20"))
			return eftf_err_set(err, EINVAL, "this wolfSSL lacks the cipher suite %s",
					    suites[i]);
	}
	if (wolfSSL_CTX_set_cipher_list(wolf, list) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL refuses the cipher list");
	return 0;
}

static int set_groups(struct eftf_tls_ctx *ctx, WOLFSSL_CTX *scratch, struct eftf_err *err)
{
	char list[64] = "";
	int have[COUNT(groups)];
	int n = 0;

	for (size_t i = 0; i < COUNT(groups); i++) {
		have[n] = groups[i].group;
		if (wolfSSL_CTX_set_groups(scratch, &have[n], 1) == WOLFSSL_SUCCESS) {
			join(list, sizeof(list), groups[i].name);
			ctx->profile.x25519 |= groups[i].group == WOLFSSL_ECC_X25519;
			n++;
		} else if (groups[i].must) {
			return eftf_err_set(err, EINVAL, "this wolfSSL lacks the group %s",
					    groups[i].name);
		}
	}
	/* The first disables all others in TLS 1.2; the second is for order and key share in 1.3. */
	if (wolfSSL_CTX_set1_curves_list(ctx->wolf, list) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set_groups(ctx->wolf, have, n) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL refuses the groups %s", list);
	return 0;
}

static int set_signatures(WOLFSSL_CTX *wolf, WOLFSSL_CTX *scratch, struct eftf_err *err)
{
	char list[256] = "";

	for (size_t i = 0; i < COUNT(signatures); i++)
		if (wolfSSL_CTX_set1_sigalgs_list(scratch, signatures[i]) == WOLFSSL_SUCCESS)
			join(list, sizeof(list), signatures[i]);
	if (wolfSSL_CTX_set1_sigalgs_list(wolf, list) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL refuses the signature algorithms %s",
				    list);
	return 0;
}

/*
 * The profile says "should". wolfSSL as a server resumes without a new key exchange (psk_ke)
 * if a client wants that, and by a ticket of a client whose certificate it does not look at
 * again; tests/unit/test_tls_resumption.c shows it, and what resumption would save.
 */
static int forbid_resumption(const struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	wolfSSL_CTX_set_session_cache_mode(ctx->wolf, WOLFSSL_SESS_CACHE_OFF);
	if (!ctx->server)
		return 0;
#ifdef HAVE_SESSION_TICKET
	if (wolfSSL_CTX_NoTicketTLSv12(ctx->wolf) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_no_ticket_TLSv13(ctx->wolf))
		return eftf_err_set(err, EINVAL, "wolfSSL does not turn session tickets off");
#endif
	return 0;
}

static int set_profile(struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	WOLFSSL_CTX *scratch = wolfSSL_CTX_new(ctx->server ? wolfTLS_server_method() :
					       wolfTLS_client_method());
	int ret;

	if (!scratch)
		return eftf_err_set(err, ENOMEM, "wolfSSL makes no context");
	if (wolfSSL_CTX_SetMinVersion(ctx->wolf, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS)
		ret = eftf_err_set(err, EINVAL, "wolfSSL refuses TLS 1.2 as the lowest version");
	else
		ret = forbid_resumption(ctx, err);
	if (!ret)
		ret = set_groups(ctx, scratch, err);
	if (!ret)
		ret = set_suites(ctx->wolf, scratch, err);
	if (!ret)
		ret = set_signatures(ctx->wolf, scratch, err);
	wolfSSL_CTX_free(scratch);
	return ret;
}

/* Tells a missing file from a wrong one. */
static int check_file(const char *what, const char *path, struct eftf_err *err)
{
	if (access(path, R_OK))
		return eftf_err_set(err, errno, "%s %.200s: %s", what, path, strerror(errno));
	return 0;
}

/* The peer's certificate is judged by tls_trust.c; wolfSSL needs the CAs for OCSP. */
static int load_trust(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
		      struct eftf_err *err)
{
	int ret = eftf_tls_trust_load(&ctx->trust, cfg->ca_file, cfg->crl_file,
				      cfg->old ? cfg->old->trust : NULL, err);

	if (ret)
		return ret;
#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
	if (!ctx->server && wolfSSL_CTX_EnableOCSPStapling(ctx->wolf) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, ENOMEM, "wolfSSL does not take OCSP responses");
#endif
	wolfSSL_CTX_load_verify_locations_ex(ctx->wolf, cfg->ca_file, NULL,
					     WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY |
					     WOLFSSL_LOAD_FLAG_IGNORE_ERR);
	return 0;
}

/* The first certificate of a file is that of the key: does it fit the profile? */
struct own {
	struct eftf_tls_ctx *ctx;
	bool seen;
};

static int judge_own(void *arg, uint8_t *der, size_t len, struct eftf_err *err)
{
	struct own *own = arg;
	struct eftf_x509 x;
	const char *bad = NULL;
	int ret = 0;

	if (!own->seen && !eftf_x509_parse(&x, der, len)) {
		ret = eftf_err_set(err, EINVAL, "no usable PEM chain: the first certificate is malformed");
	} else if (!own->seen) {
		own->ctx->profile.key = x.key;
		bad = eftf_x509_bad_key(&x);
		if (!bad && !eftf_der_equal(&x.issuer, &x.subject))
			bad = eftf_x509_bad_signature(&x.alg);
	}
	if (bad)
		ret = eftf_err_set(err, EINVAL, "%s", bad);
	if (!own->seen && !ret) {
		own->ctx->own_der = der;
		own->ctx->own = x;
	} else {
		free(der);
	}
	own->seen = true;
	return ret;
}

unsigned int eftf_tls_ctx_suits(const struct eftf_tls_ctx *ctx, const uint8_t *record, size_t len)
{
	bool rsa = ctx->profile.key == EFTF_X509_KEY_RSA;
	struct eftf_tls_hello hello;

	if (!ctx->own_der || !eftf_tls_hello_parse(&hello, record, len))
		return 0;
	return ((rsa ? hello.rsa : hello.ecdsa) ? SUITS_KEY : 0) +
		(hello.name[0] && eftf_x509_has_name(&ctx->own, hello.name) ? SUITS_NAME : 0) +
		(rsa ? 0 : SUITS_ECDSA);
}

static int check_own(struct eftf_tls_ctx *ctx, const char *path, struct eftf_err *err)
{
	struct own own = { .ctx = ctx };
	struct eftf_err why = { "" };
	int n = eftf_pem_file(path, "CERTIFICATE", NULL, judge_own, &own, &why);

	if (n < 0)
		return eftf_err_set(err, EINVAL, "certificate file %s", why.text);
	return n ? 0 : eftf_err_set(err, EINVAL, "certificate file %.200s: no usable PEM chain",
				    path);
}

static int load_cert(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
		     struct eftf_err *err)
{
	WOLFSSL_CTX *wolf = ctx->wolf;
	int ret = check_file("certificate file", cfg->cert_file, err);
	int code;

	if (!ret && !cfg->key_file)
		ret = eftf_err_set(err, EINVAL, "certificate file %.200s has no key file with it",
				   cfg->cert_file);
	if (!ret)
		ret = check_file("key file", cfg->key_file, err);
	if (!ret)
		ret = check_own(ctx, cfg->cert_file, err);
	if (ret)
		return ret;
	code = wolfSSL_CTX_use_certificate_chain_file(wolf, cfg->cert_file);
	if (code != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "certificate file %.200s: no usable PEM chain (%s)",
				    cfg->cert_file,
				    wolfSSL_ERR_reason_error_string((unsigned long)code));
	code = wolfSSL_CTX_use_PrivateKey_file(wolf, cfg->key_file, WOLFSSL_FILETYPE_PEM);
	if (code != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "key file %.200s: no usable PEM key (%s)",
				    cfg->key_file,
				    wolfSSL_ERR_reason_error_string((unsigned long)code));
	if (!eftf_tls_key_fits(cfg->cert_file, cfg->key_file))
		return eftf_err_set(err, EINVAL, "key file %.150s does not belong to certificate %.150s",
				    cfg->key_file, cfg->cert_file);
	return 0;
}

static int load_files(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
		      struct eftf_err *err)
{
	int ret = 0;

	if (cfg->ca_file)
		ret = load_trust(ctx, cfg, err);
	else if (cfg->crl_file)
		ret = eftf_err_set(err, EINVAL, "CRL file %.200s: there is no CA file with it",
				   cfg->crl_file);
	else if (!cfg->server)
		ret = eftf_err_set(err, EINVAL, "no CA file: the EFTF could not be verified");
	if (ret)
		return ret;
	if (cfg->cert_file)
		return load_cert(ctx, cfg, err);
	return cfg->server ? eftf_err_set(err, EINVAL, "a server needs a certificate file") : 0;
}

static int set_alpn(struct eftf_tls_ctx *ctx, const char *names, struct eftf_err *err)
{
#ifdef HAVE_ALPN
	ctx->alpn = strdup(names);
	return ctx->alpn ? 0 : eftf_err_set(err, ENOMEM, "out of memory");
#else
	(void)ctx;
	return eftf_err_set(err, EOPNOTSUPP, "this wolfSSL knows no ALPN (%.100s)", names);
#endif
}

int eftf_tls_ctx_new(struct eftf_tls_ctx **out, const struct eftf_tls_config *cfg,
		     struct eftf_err *err)
{
	struct eftf_tls_ctx *ctx;
	int ret = eftf_tls_init(err);

	if (ret)
		return ret;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return eftf_err_set(err, ENOMEM, "out of memory");
	ctx->server = cfg->server;
	ctx->wolf = wolfSSL_CTX_new(cfg->server ? wolfTLS_server_method() :
				    wolfTLS_client_method());
	if (!ctx->wolf)
		ret = eftf_err_set(err, ENOMEM, "wolfSSL makes no context");
	if (!ret)
		ret = set_profile(ctx, err);
	if (!ret)
		ret = load_files(ctx, cfg, err);
	if (!ret && cfg->alpn)
		ret = set_alpn(ctx, cfg->alpn, err);
	if (ret) {
		eftf_tls_ctx_free(ctx);
		return ret;
	}
	*out = ctx;
	return 0;
}

void eftf_tls_ctx_free(struct eftf_tls_ctx *ctx)
{
	if (!ctx)
		return;
	eftf_tls_staple_free(ctx);
	/* Running handshakes keep wolfSSL's part alive by its reference count. */
	wolfSSL_CTX_free(ctx->wolf);
	eftf_tls_trust_put(ctx->trust);
	free(ctx->own_der);
	free(ctx->alpn);
	free(ctx);
}
