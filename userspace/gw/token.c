/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "token.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "log.h"
#include "random.h"

#define VERSION 2	/* 1 was XChaCha20-Poly1305 */
#define MAX_KEYS 2
#define SALT_LEN 24
#define TAG_LEN 16
#define PLAIN_LEN (EFTF_TOKEN_ID_LEN + 4 + 8 + 4)

_Static_assert(EFTF_TOKEN_LEN == 1 + SALT_LEN + PLAIN_LEN + TAG_LEN, "the parts make the whole");

struct keys {
	uint8_t k[MAX_KEYS][EFTF_TOKEN_KEY_LEN];
	unsigned int n;
};

struct eftf_tokens {
	struct keys keys;
};

/* Goes into each token's key, so that this use of the shared key has keys of its own. */
static const uint8_t purpose[] = "eftf resume token, version 2";

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' :
		isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool parse_key(const char *text, uint8_t *key)
{
	for (size_t i = 0; i < EFTF_TOKEN_KEY_LEN; i++, text += 2) {
		/* the second is looked at only if the first was no end of the text */
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			return false;
		key[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	}
	return !text[strspn(text, " \t\r\n")];
}

static int read_line(const char *line, struct keys *keys)
{
	line += strspn(line, " \t\r\n");
	if (!*line || *line == '#')
		return 0;
	if (keys->n == MAX_KEYS || !parse_key(line, keys->k[keys->n]))
		return -EINVAL;
	keys->n++;
	return 0;
}

static int read_keys(FILE *f, const char *path, struct keys *keys, struct eftf_err *err)
{
	char line[256];
	struct stat st;

	if (!fstat(fileno(f), &st) && st.st_mode & S_IRWXO)
		log_warn("token key file %s can be read or written by everybody: chmod o-rwx", path);
	for (unsigned int n = 1; fgets(line, sizeof(line), f); n++) {
		if (!read_line(line, keys))
			continue;
		explicit_bzero(line, sizeof(line));
		return eftf_err_set(err, EINVAL,
				    "token key file %.200s, line %u: allowed are one or two lines of 64 hexadecimal digits, as made by openssl rand -hex 32",
				    path, n);
	}
	explicit_bzero(line, sizeof(line));
	return keys->n ? 0 : eftf_err_set(err, EINVAL,
					  "token key file %.200s has no key: write the output of openssl rand -hex 32 into it",
					  path);
}

static int load(const char *path, struct keys *keys, struct eftf_err *err)
{
	FILE *f;
	int ret;

	memset(keys, 0, sizeof(*keys));
	if (!path) {
		keys->n = 1;
		ret = eftf_random(keys->k[0], sizeof(keys->k[0]));
		return ret ? eftf_err_set(err, -ret, "the kernel gives no random octets") : 0;
	}
	f = fopen(path, "re");
	if (!f)
		return eftf_err_set(err, errno, "token key file %.200s: %s", path, strerror(errno));
	/* without a buffer of stdio's, in which keys would stay */
	setvbuf(f, NULL, _IONBF, 0);
	ret = read_keys(f, path, keys, err);
	fclose(f);
	return ret;
}

int eftf_tokens_new(struct eftf_tokens **out, const char *path, struct eftf_err *err)
{
	struct eftf_tokens *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (t == MAP_FAILED)
		return eftf_err_set(err, ENOMEM, "out of memory");
	/* Pages of their own: empty in processes that deal with strangers, and in no core dump. */
	madvise(t, sizeof(*t), MADV_WIPEONFORK);
	madvise(t, sizeof(*t), MADV_DONTDUMP);
	ret = load(path, &t->keys, err);
	if (ret) {
		eftf_tokens_free(t);
		return ret;
	}
	*out = t;
	return 0;
}

int eftf_tokens_reload(struct eftf_tokens *t, const char *path, struct eftf_err *err)
{
	struct keys keys;
	int ret = path ? load(path, &keys, err) : 0;

	if (path && !ret)
		t->keys = keys;
	explicit_bzero(&keys, sizeof(keys));
	return ret;
}

void eftf_tokens_free(struct eftf_tokens *t)
{
	if (!t)
		return;
	explicit_bzero(t, sizeof(*t));
	munmap(t, sizeof(*t));
}

/* The cipher with the key of the token that has this salt. The caller wipes aes, also after a failure. */
static int derive(const uint8_t *key, const uint8_t *salt, Aes *aes)
{
	uint8_t own[WC_SHA256_DIGEST_SIZE];
	Hmac hmac;
	int ret;

	memset(aes, 0, sizeof(*aes));
	ret = wc_HmacInit(&hmac, NULL, INVALID_DEVID);
	if (ret)
		return ret;
	ret = wc_HmacSetKey(&hmac, WC_SHA256, key, EFTF_TOKEN_KEY_LEN);
	if (!ret)
		ret = wc_HmacUpdate(&hmac, purpose, sizeof(purpose));
	if (!ret)
		ret = wc_HmacUpdate(&hmac, salt, SALT_LEN);
	if (!ret)
		ret = wc_HmacFinal(&hmac, own);
	wc_HmacFree(&hmac);
	explicit_bzero(&hmac, sizeof(hmac));
	if (!ret)
		ret = wc_AesInit(aes, NULL, INVALID_DEVID);
	if (!ret)
		ret = wc_AesGcmSetKey(aes, own, sizeof(own));
	explicit_bzero(own, sizeof(own));
	return ret;
}

static void wipe(Aes *aes)
{
	wc_AesFree(aes);
	explicit_bzero(aes, sizeof(*aes));
}

/* once for each key of a token: see token.h */
static const uint8_t nonce[GCM_NONCE_MID_SZ];

int eftf_token_seal(const struct eftf_tokens *t, const struct eftf_token_lease *lease, uint8_t *out)
{
	uint8_t plain[PLAIN_LEN], *p = plain, *salt = out + 1, *sealed = salt + SALT_LEN;
	Aes aes;
	int ret;

	memcpy(p, lease->id, EFTF_TOKEN_ID_LEN);
	memcpy(p += EFTF_TOKEN_ID_LEN, &lease->inner4, 4);
	memcpy(p += 4, lease->inner6, 8);
	p += 8;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(lease->epoch >> shift);
	out[0] = VERSION;
	if (eftf_random(salt, SALT_LEN))
		return -EIO;
	ret = derive(t->keys.k[0], salt, &aes);
	if (!ret)
		ret = wc_AesGcmEncrypt(&aes, sealed, plain, PLAIN_LEN, nonce, sizeof(nonce),
				       sealed + PLAIN_LEN, TAG_LEN, NULL, 0);
	wipe(&aes);
	return ret ? -EIO : 0;
}

static bool unseal(const struct eftf_tokens *t, const uint8_t *data, uint8_t *plain)
{
	const uint8_t *salt = data + 1, *sealed = salt + SALT_LEN;
	Aes aes;
	int ret = -1;

	for (unsigned int i = 0; ret && i < t->keys.n; i++) {
		ret = derive(t->keys.k[i], salt, &aes);
		if (!ret)
			ret = wc_AesGcmDecrypt(&aes, plain, sealed, PLAIN_LEN, nonce, sizeof(nonce),
					       sealed + PLAIN_LEN, TAG_LEN, NULL, 0);
		wipe(&aes);
	}
	return !ret;
}

int eftf_token_open(const struct eftf_tokens *t, const uint8_t *data, size_t len,
		    struct eftf_token_lease *lease)
{
	uint8_t plain[PLAIN_LEN];
	const uint8_t *p = plain;

	if (len != EFTF_TOKEN_LEN || data[0] != VERSION || !unseal(t, data, plain))
		return -EBADMSG;
	memcpy(lease->id, p, EFTF_TOKEN_ID_LEN);
	memcpy(&lease->inner4, p += EFTF_TOKEN_ID_LEN, 4);
	memcpy(lease->inner6, p += 4, 8);
	p += 8;
	lease->epoch = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return 0;
}
