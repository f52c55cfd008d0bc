// SPDX-License-Identifier: GPL-2.0-or-later
#include "client_id.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "random.h"

#define ID_TYPE_RFC4361 255
#define DUID_EN 2	/* RFC 8415 11.3 */
#define DUID_UUID 4	/* RFC 6355 */
#define UUID_LEN 16

/* A change of this text would change the identifier of every UE. */
static const char purpose[] = "eftf-ue DHCP client identifier";

static int hash(uint8_t digest[WC_SHA256_DIGEST_SIZE], const char *secret, size_t len,
		const char *device)
{
	wc_Sha256 sha;
	int ret = wc_InitSha256(&sha);

	if (!ret)
		ret = wc_Sha256Update(&sha, (const uint8_t *)purpose, sizeof(purpose));
	if (!ret)
		ret = wc_Sha256Update(&sha, (const uint8_t *)device, (word32)strlen(device) + 1);
	if (!ret && len)
		ret = wc_Sha256Update(&sha, (const uint8_t *)secret, (word32)len);
	if (!ret)
		ret = wc_Sha256Final(&sha, digest);
	wc_Sha256Free(&sha);
	return ret ? -EIO : 0;
}

/* Returns the octets of the machine's identity, 0 if it has none. */
static size_t read_machine_id(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, out, size);
	close(fd);
	if (n < 32 || !memcmp(out, "uninitialized", 13))
		return 0;
	return 32;
}

static int write_id(const char *path)
{
	char text[2 * UUID_LEN + 2];
	uint8_t id[UUID_LEN];
	int fd, ret = -EIO;

	if (eftf_random(id, sizeof(id)))
		return -EIO;
	for (size_t i = 0; i < UUID_LEN; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	text[2 * UUID_LEN] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, 2 * UUID_LEN + 1) == 2 * UUID_LEN + 1 && !fsync(fd))
		ret = 0;
	return close(fd) ? -errno : ret;
}

/*
 * Made beside its place and linked to it: it is there whole or not at all, and of two
 * programs that start at the same time one makes it and the other reads it.
 */
static void make_own_id(const char *path)
{
	char beside[280];

	if (snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid()) >= (int)sizeof(beside))
		return;
	eftf_file_make_folder(path);
	unlink(beside);		/* of a program that was killed, and had this number */
	if (!write_id(beside) && link(beside, path) && errno != EEXIST)
		rename(beside, path);	/* a file system without links */
	unlink(beside);
}

/* Returns the octets of the identity, 0 if there is none and none can be made. */
static size_t find_id(const char *machine_id, const char *own_id, char *out, size_t size)
{
	size_t len = read_machine_id(machine_id, out, size);

	if (!len)
		len = read_machine_id(own_id, out, size);
	if (!len) {
		make_own_id(own_id);
		len = read_machine_id(own_id, out, size);
	}
	return len;
}

int eftf_client_id(uint8_t *out, const char *configured, const char *machine_id,
		   const char *own_id, const char *device, uint32_t enterprise, bool *stable, struct eftf_err *err)
{
	uint8_t digest[WC_SHA256_DIGEST_SIZE];
	char secret[64];
	size_t len = 0, n = 0, name_len = configured ? strlen(configured) : 0;

	if (!configured)
		len = find_id(machine_id, own_id, secret, sizeof(secret));
	*stable = configured || len;
	if (!*stable) {
		len = sizeof(secret);
		if (eftf_random(secret, len))
			return eftf_err_set(err, EIO, "no random numbers");
	}
	if (name_len > EFTF_DHCP4_CLIENT_ID_MAX - 11)
		return eftf_err_set(err, EINVAL, "client identifier is too long");
	if (hash(digest, secret, len, device))
		return eftf_err_set(err, EIO, "SHA-256 failed");

	out[n++] = ID_TYPE_RFC4361;
	memcpy(out + n, digest + UUID_LEN, 4);	/* IAID */
	n += 4;
	out[n++] = 0;
	if (!configured) {
		out[n++] = DUID_UUID;
		memcpy(out + n, digest, UUID_LEN);
		return (int)(n + UUID_LEN);
	}
	out[n++] = DUID_EN;
	out[n++] = (uint8_t)(enterprise >> 24);
	out[n++] = (uint8_t)(enterprise >> 16);
	out[n++] = (uint8_t)(enterprise >> 8);
	out[n++] = (uint8_t)enterprise;
	memcpy(out + n, configured, name_len);
	return (int)(n + name_len);
}
