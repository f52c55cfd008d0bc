/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random octets for wolfSSL in a process that can open no files. */
#include "tls_priv.h"

#include <errno.h>

#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "random.h"

#define DEVICE 443			/* a number of this program's choice */

#ifdef WOLF_CRYPTO_CB
static int on_crypto(int device, wc_CryptoInfo *info, void *arg)
{
	(void)device;
	(void)arg;
	if (info->algo_type == WC_ALGO_TYPE_RNG)
		return eftf_random(info->rng.out, info->rng.sz) ? RNG_FAILURE_E : 0;
	if (info->algo_type == WC_ALGO_TYPE_SEED)
		return eftf_random(info->seed.seed, info->seed.sz) ? RNG_FAILURE_E : 0;
	return CRYPTOCB_UNAVAILABLE;	/* wolfSSL does it itself */
}

int eftf_tls_ctx_without_files(struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	if (!wc_CryptoCb_RegisterDevice(DEVICE, on_crypto, NULL) &&
	    wolfSSL_CTX_SetDevId(ctx->wolf, DEVICE) == WOLFSSL_SUCCESS)
		return 0;
	return eftf_err_set(err, ENOMEM, "wolfSSL takes no source of random octets");
}
#else
int eftf_tls_ctx_without_files(struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	(void)ctx;
	return eftf_err_set(err, EOPNOTSUPP,
			    "this wolfSSL takes no random octets from outside (WOLF_CRYPTO_CB)");
}
#endif
