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
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "siphash.h"

#define MAGIC "eftf-gw leases 2"
#define OPEN_TRIES 16
#define AHEAD 64			/* records that are read at once */

struct header {
	char magic[16];
	uint32_t record_size;
	struct eftf_ranges ranges;
	uint32_t made_device;
};

/* sum: over the rest, so that a record cut by a kill is no record. All zero, as in a hole of the file: none. */
struct record {
	uint64_t sum;
	struct eftf_state_lease lease;
};

struct eftf_state {
	struct header header;
	int fd;
	bool continued;
	char path[256];
	/* Leases mostly have ascending addresses in the order of their tunnels: one read for many of them. */
	struct record ahead[AHEAD];
	off_t ahead_at;
	size_t n_ahead;
};

static uint64_t sum_of(const struct eftf_state_lease *lease)
{
	static const struct eftf_siphash_key key = { { 0x6c65617365, 0x65667466 } };
	uint64_t sum = eftf_siphash(&key, lease, sizeof(*lease));

	return sum ? sum : 1;
}

/* Where the record of an address is, or 0. */
static off_t place_of(const struct eftf_state *st, struct in_addr inner)
{
	uint32_t i = eftf_ranges_number(&st->header.ranges, inner);

	return i < st->header.ranges.size ? (off_t)(sizeof(struct header) + i * sizeof(struct record)) : 0;
}

static int write_at(const struct eftf_state *st, const void *data, size_t len, off_t at)
{
	errno = ENOSPC;			/* of a write that is cut */
	return pwrite(st->fd, data, len, at) == (ssize_t)len ? 0 : -errno;
}

static int write_header(const struct eftf_state *st)
{
	struct header h;

	memcpy(&h, &st->header, sizeof(h));	/* with what is between members */
	return write_at(st, &h, sizeof(h), 0);
}

/*
 * What it says is believed: who can write to it can give leases away. The
 * folder's owner can do that in any case.
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

/* Is what was opened still what the name says? A predecessor removes its file before it unlocks it. */
static bool is_at(const char *path, int fd)
{
	struct stat file, named;

	return !fstat(fd, &file) && !stat(path, &named) && file.st_ino == named.st_ino &&
		file.st_dev == named.st_dev;
}

/* Returns the descriptor, -ESTALE if the file was removed before it was locked, or another negative errno. */
static int open_once(const char *path, struct eftf_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600), ret;

	if (fd < 0)
		return eftf_err_set(err, errno, "state file %s: %s", path, strerror(errno));
	ret = check_owner(path, fd, err);
	if (!ret && flock(fd, LOCK_EX | LOCK_NB))
		ret = errno == EWOULDBLOCK ?
			eftf_err_set(err, EBUSY, "state file %s: another gateway has it: stop that, or choose another device",
				     path) :
			eftf_err_set(err, errno, "state file %s: %s", path, strerror(errno));
	if (!ret && !is_at(path, fd))
		ret = eftf_err_set(err, ESTALE, "state file %s: another program keeps removing it", path);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* The folder is made, as /run is empty after a start of the machine. */
static int open_file(const char *path, struct eftf_err *err)
{
	int fd = -ESTALE;

	eftf_file_make_folder(path);
	for (int i = 0; i < OPEN_TRIES && fd == -ESTALE; i++)
		fd = open_once(path, err);
	return fd;
}

/* Goes on with what is there, or begins anew: holes, but for the header. */
static int begin(struct eftf_state *st, const struct eftf_ranges *ranges, struct eftf_err *err)
{
	off_t bytes = (off_t)(sizeof(struct header) + ranges->size * sizeof(struct record));
	struct header h;
	struct stat now;
	int ret = 0;

	/* st is zeroed memory, the octets between members, too */
	memcpy(st->header.magic, MAGIC, sizeof(st->header.magic));
	st->header.record_size = sizeof(struct record);
	memcpy(&st->header.ranges, ranges, sizeof(*ranges));
	if (fstat(st->fd, &now))
		return eftf_err_set(err, errno, "state file %s: %s", st->path, strerror(errno));
	if (now.st_size == bytes && pread(st->fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) &&
	    !memcmp(&h, &st->header, offsetof(struct header, made_device))) {
		st->header = h;
		st->continued = true;
		return 0;
	}
	if (ftruncate(st->fd, 0) || ftruncate(st->fd, bytes))
		ret = -errno;
	if (!ret)
		ret = write_header(st);
	return ret ? eftf_err_set(err, -ret, "state file %s: %s", st->path, strerror(-ret)) : 0;
}

int eftf_state_open(struct eftf_state **out, const char *path, const struct eftf_ranges *ranges,
		    struct eftf_err *err)
{
	struct eftf_state *st = calloc(1, sizeof(*st));
	int ret;

	if (!st)
		return eftf_err_set(err, ENOMEM, "out of memory");
	snprintf(st->path, sizeof(st->path), "%s", path);
	st->fd = open_file(st->path, err);
	ret = st->fd < 0 ? st->fd : begin(st, ranges, err);
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
	if (remove)		/* while it is locked: a successor makes one of its own */
		unlink(st->path);
	if (st->fd >= 0)
		close(st->fd);
	free(st);
}

int eftf_state_put(struct eftf_state *st, const struct eftf_state_lease *lease)
{
	off_t at = place_of(st, lease->inner);
	struct record r;

	if (!at)
		return -ERANGE;
	memset(&r, 0, sizeof(r));
	memcpy(&r.lease, lease, sizeof(r.lease));
	r.sum = sum_of(&r.lease);
	st->n_ahead = 0;
	return write_at(st, &r, sizeof(r), at);
}

/* Is it whole, and that of this address? */
static bool is_lease_of(const struct record *r, struct in_addr inner)
{
	return r->sum && sum_of(&r->lease) == r->sum && r->lease.inner.s_addr == inner.s_addr &&
		memchr(r->lease.identity, 0, sizeof(r->lease.identity));
}

/* The record at this place, from the file or from what was read with another; NULL: it cannot be read. */
static const struct record *record_at(struct eftf_state *st, off_t at)
{
	size_t i = at >= st->ahead_at ? (size_t)(at - st->ahead_at) / sizeof(struct record) : AHEAD;
	ssize_t len;

	if (i < st->n_ahead)
		return &st->ahead[i];
	len = pread(st->fd, st->ahead, sizeof(st->ahead), at);
	st->ahead_at = at;
	st->n_ahead = len > 0 ? (size_t)len / sizeof(struct record) : 0;
	return st->n_ahead ? st->ahead : NULL;
}

bool eftf_state_get(struct eftf_state *st, struct in_addr inner, struct eftf_state_lease *lease)
{
	off_t at = place_of(st, inner);
	const struct record *r = at ? record_at(st, at) : NULL;

	if (!r || !is_lease_of(r, inner))
		return false;
	memcpy(lease, &r->lease, sizeof(*lease));
	return true;
}

void eftf_state_clear(struct eftf_state *st, struct in_addr inner)
{
	static const uint64_t none;
	off_t at = place_of(st, inner), sum_at = at + (off_t)offsetof(struct record, sum);
	uint64_t sum;

	st->n_ahead = 0;
	/* not into a hole of the file, where it would take memory */
	if (at && pread(st->fd, &sum, sizeof(sum), sum_at) == (ssize_t)sizeof(sum) && sum)
		write_at(st, &none, sizeof(none), sum_at);
}

bool eftf_state_made_device(const struct eftf_state *st)
{
	return st->header.made_device;
}

void eftf_state_set_made_device(struct eftf_state *st, bool made)
{
	st->header.made_device = made;
	write_header(st);
}

bool eftf_state_is_continued(const struct eftf_state *st)
{
	return st->continued;
}
