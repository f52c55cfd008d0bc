/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "siphash.h"

#define MAGIC "eftf-gw leases 1"

struct header {
	char magic[16];
	uint32_t record_size, base, size;
	uint32_t made_device;
};

/* sum 0: none. It is stored last and cleared first, so that a record cut by a kill is no record. */
struct record {
	uint64_t sum;
	struct eftf_state_lease lease;
};

struct eftf_state {
	struct header *header;
	struct record *records;
	size_t bytes;
	uint32_t base, size;
	int fd;
	bool continued;
	char path[256];
};

static uint64_t sum_of(const struct eftf_state_lease *lease)
{
	static const struct eftf_siphash_key key = { { 0x6c65617365, 0x65667466 } };
	uint64_t sum = eftf_siphash(&key, lease, sizeof(*lease));

	return sum ? sum : 1;
}

static struct record *record_of(const struct eftf_state *st, struct in_addr inner)
{
	uint32_t i = ntohl(inner.s_addr) - st->base;

	return i < st->size ? &st->records[i] : NULL;
}

/*
 * What it says is believed, and it is mapped: who can write to it can give leases
 * away, or cut it short, which ends the program. The folder's owner can do that in any case.
 */
static int check_owner(const char *path, int fd, struct eftf_err *err)
{
	struct stat file, folder;
	char name[256];
	char *slash;

	snprintf(name, sizeof(name), "%s", path);
	slash = strrchr(name, '/');
	if (slash == name)
		slash++;		/* the folder / */
	if (slash)
		*slash = 0;
	if (fstat(fd, &file) || stat(slash ? name : ".", &folder))
		return eftf_err_set(err, errno, "state file %s: %s", path, strerror(errno));
	if (!S_ISREG(file.st_mode))
		return eftf_err_set(err, EINVAL, "state file %s: it is no regular file: remove it", path);
	if ((file.st_uid != geteuid() && file.st_uid != folder.st_uid) || file.st_mode & 022)
		return eftf_err_set(err, EPERM,
				    "state file %s: another user can write to it (user %u, mode %04o): remove it",
				    path, (unsigned int)file.st_uid, (unsigned int)file.st_mode & 07777);
	return 0;
}

/* The folder is made, as /run is empty after a start of the machine. */
static int open_file(const char *path, struct eftf_err *err)
{
	char folder[256];
	char *slash;
	int fd, code;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = 0;
		mkdir(folder, 0755);
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return eftf_err_set(err, errno, "state file %s: %s", path, strerror(errno));
	code = check_owner(path, fd, err);
	if (code) {
		close(fd);
		return code;
	}
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	code = errno;
	close(fd);
	return eftf_err_set(err, code == EWOULDBLOCK ? EBUSY : code,
			    "state file %s: %s", path, code == EWOULDBLOCK ?
			    "another gateway has it: stop that, or choose another device" : strerror(code));
}

static bool is_ours(const struct eftf_state *st)
{
	const struct header *h = st->header;

	return !memcmp(h->magic, MAGIC, sizeof(h->magic)) && h->record_size == sizeof(struct record) &&
		h->base == st->base && h->size == st->size;
}

static int map(struct eftf_state *st, struct eftf_err *err)
{
	struct stat now;
	void *p;

	if (fstat(st->fd, &now) || (now.st_size != (off_t)st->bytes && (ftruncate(st->fd, 0) ||
	    ftruncate(st->fd, (off_t)st->bytes))))
		return eftf_err_set(err, errno, "state file %s: %s", st->path, strerror(errno));
	p = mmap(NULL, st->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, st->fd, 0);
	if (p == MAP_FAILED)
		return eftf_err_set(err, errno, "state file %s: %s", st->path, strerror(errno));
	/* not in the workers, which deal with strangers */
	madvise(p, st->bytes, MADV_DONTFORK);
	st->header = p;
	st->records = (struct record *)(st->header + 1);
	st->continued = is_ours(st);
	if (st->continued)
		return 0;
	/* whatever was there: holes again */
	if (ftruncate(st->fd, 0) || ftruncate(st->fd, (off_t)st->bytes))
		return eftf_err_set(err, errno, "state file %s: %s", st->path, strerror(errno));
	st->header->record_size = sizeof(struct record);
	st->header->base = st->base;
	st->header->size = st->size;
	memcpy(st->header->magic, MAGIC, sizeof(st->header->magic));
	return 0;
}

int eftf_state_open(struct eftf_state **out, const char *path, struct in_addr base, unsigned int plen,
		    struct eftf_err *err)
{
	struct eftf_state *st = calloc(1, sizeof(*st));
	int ret;

	if (!st)
		return eftf_err_set(err, ENOMEM, "out of memory");
	snprintf(st->path, sizeof(st->path), "%s", path);
	st->base = ntohl(base.s_addr);
	st->size = 1u << (32 - plen);
	st->bytes = sizeof(struct header) + st->size * sizeof(struct record);
	st->fd = open_file(st->path, err);
	ret = st->fd < 0 ? st->fd : map(st, err);
	if (ret) {
		eftf_state_close(st, false);
		return ret;
	}
	*out = st;
	return 0;
}

void eftf_state_close(struct eftf_state *st, bool remove)
{
	if (!st)
		return;
	if (st->header)
		munmap(st->header, st->bytes);
	if (remove)		/* while it is locked: a successor makes one of its own */
		unlink(st->path);
	if (st->fd >= 0)
		close(st->fd);
	free(st);
}

static void barrier(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void eftf_state_put(struct eftf_state *st, const struct eftf_state_lease *lease)
{
	struct record *r = record_of(st, lease->inner);

	if (!r)
		return;
	r->sum = 0;
	barrier();
	memcpy(&r->lease, lease, sizeof(r->lease));
	barrier();
	r->sum = sum_of(&r->lease);
}

bool eftf_state_get(const struct eftf_state *st, struct in_addr inner, struct eftf_state_lease *lease)
{
	const struct record *r = record_of(st, inner);

	if (!r || !r->sum)
		return false;
	memcpy(lease, &r->lease, sizeof(*lease));
	return sum_of(lease) == r->sum && lease->inner.s_addr == inner.s_addr &&
		memchr(lease->identity, 0, sizeof(lease->identity));
}

void eftf_state_clear(struct eftf_state *st, struct in_addr inner)
{
	struct record *r = record_of(st, inner);

	if (r)
		r->sum = 0;
}

bool eftf_state_made_device(const struct eftf_state *st)
{
	return st->header->made_device;
}

void eftf_state_set_made_device(struct eftf_state *st, bool made)
{
	st->header->made_device = made;
}

bool eftf_state_is_continued(const struct eftf_state *st)
{
	return st->continued;
}
