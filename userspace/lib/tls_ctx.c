/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts: the defaults of common wolfSSL builds are unsafe, so all is said here. */
#include "tls_priv.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* One name wolfSSL does not know would vanish silently from a list: ask for each. */
static int set_suites(WOLFSSL_CTX *wolf, struct eftf_err *err)
{
	char list[512] = "";
	size_t used = 0, len;

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		len = strlen(suites[i]);
		if (used + len + 2 > sizeof(list))
			return eftf_err_set(err, EINVAL, "the cipher list is too long");
		if (wolfSSL_CTX_set_cipher_list(wolf, suites[i]) != WOLFSSL_SUCCESS)
			return eftf_err_set(err, EINVAL, "this wolfSSL lacks the cipher suite %s",
					    suites[i]);
		if (used)
			list[used++] = ':';
		memcpy(list + used, suites[i], len + 1);
		used += len;
	}
	if (wolfSSL_CTX_set_cipher_list(wolf, list) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL refuses the cipher list");
	return 0;
}

static int set_profile(WOLFSSL_CTX *wolf, bool server, struct eftf_err *err)
{
	int groups[] = { WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1 };

	if (wolfSSL_CTX_SetMinVersion(wolf, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL refuses TLS 1.2 as the lowest version");
	if (wolfSSL_CTX_set_groups(wolf, groups, 3) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "this wolfSSL lacks X25519, P-256 or P-384");
	/* Tickets would sit in the stream behind the handshake; nobody resumes here. */
	if (server && wolfSSL_CTX_no_ticket_TLSv13(wolf))
		return eftf_err_set(err, EINVAL, "wolfSSL does not turn session tickets off");
	return set_suites(wolf, err);
}

/* Tells a missing file from a wrong one. */
static int check_file(const char *what, const char *path, struct eftf_err *err)
{
	if (access(path, R_OK))
		return eftf_err_set(err, errno, "%s %.200s: %s", what, path, strerror(errno));
	return 0;
}

static int load_ca(WOLFSSL_CTX *wolf, const char *path, struct eftf_err *err)
{
	int ret = check_file("CA file", path, err);
	int code;

	if (ret)
		return ret;
	code = wolfSSL_CTX_load_verify_locations_ex(wolf, path, NULL,
						    WOLFSSL_LOAD_FLAG_NONE);
	if (code != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "CA file %.200s: no usable PEM certificate (%s)",
				    path, wolfSSL_ERR_reason_error_string((unsigned long)code));
	return 0;
}

static int load_cert(WOLFSSL_CTX *wolf, const struct eftf_tls_config *cfg, struct eftf_err *err)
{
	int ret = check_file("certificate file", cfg->cert_file, err);
	int code;

	if (!ret && !cfg->key_file)
		ret = eftf_err_set(err, EINVAL, "certificate file %.200s has no key file with it",
				   cfg->cert_file);
	if (!ret)
		ret = check_file("key file", cfg->key_file, err);
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
		ret = load_ca(ctx->wolf, cfg->ca_file, err);
	else if (!cfg->server)
		ret = eftf_err_set(err, EINVAL, "no CA file: the EFTF could not be verified");
	if (ret)
		return ret;
	if (cfg->cert_file)
		return load_cert(ctx->wolf, cfg, err);
	return cfg->server ? eftf_err_set(err, EINVAL, "a server needs a certificate file") : 0;
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
	ctx->verify = !cfg->server || cfg->ca_file;
	ctx->wolf = wolfSSL_CTX_new(cfg->server ? wolfTLS_server_method() :
				    wolfTLS_client_method());
	if (!ctx->wolf)
		ret = eftf_err_set(err, ENOMEM, "wolfSSL makes no context");
	if (!ret)
		ret = set_profile(ctx->wolf, cfg->server, err);
	if (!ret)
		ret = load_files(ctx, cfg, err);
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
	/* Running handshakes keep wolfSSL's part alive by its reference count. */
	wolfSSL_CTX_free(ctx->wolf);
	free(ctx);
}
