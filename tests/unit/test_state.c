/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/state.c gw/ranges.c gw/siphash.c lib/file.c lib/err.c */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/state.h"

#define HEADER 128			/* octets that say of which pools the file is, at least */

static char folder[] = "/tmp/eftf-state-XXXXXX", path[64];

static bool remove_before_lock;

/* In the place of the C library's. */
int flock(int fd, int operation)
{
	if (remove_before_lock && (operation & LOCK_EX))
		unlink(path);
	remove_before_lock = false;
	return (int)syscall(SYS_flock, fd, operation);
}

static unsigned int reads;

/* The same. */
ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	reads++;
	return lseek(fd, at, SEEK_SET) < 0 ? -1 : read(fd, buf, len);
}

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static struct eftf_ranges range(const char *base, unsigned int plen)
{
	struct eftf_ranges r;

	memset(&r, 0, sizeof(r));
	assert_true(eftf_ranges_add(&r, ip(base), plen));
	return r;
}

static struct eftf_state *open_state(const char *base, unsigned int plen)
{
	struct eftf_ranges r = range(base, plen);
	struct eftf_state *st = NULL;
	struct eftf_err err;

	if (eftf_state_open(&st, path, &r, &err))
		fail_msg("%s", err.text);
	return st;
}

static struct eftf_state_lease lease_of(const char *inner, uint32_t tunnel)
{
	struct eftf_state_lease l;

	memset(&l, 0, sizeof(l));
	l.tunnel = tunnel;
	l.inner = ip(inner);
	l.lease.epoch = 7;
	strcpy(l.identity, "id:phone");
	return l;
}

static void test_life(void **state)
{
	struct eftf_state_lease l = lease_of("10.0.0.5", 9), back;
	struct eftf_state *st = open_state("10.0.0.0", 24), *second;
	struct eftf_ranges r = range("10.0.0.0", 24);
	struct eftf_err err;
	struct stat sb;

	(void)state;
	assert_false(eftf_state_is_continued(st) || eftf_state_made_device(st));
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_false(eftf_state_get(st, l.inner, &back));
	eftf_state_put(st, &l);
	eftf_state_set_made_device(st, true);
	assert_true(eftf_state_get(st, l.inner, &back));
	assert_memory_equal(&back, &l, sizeof(l));
	/* One program at a time. */
	assert_int_equal(eftf_state_open(&second, path, &r, &err), -EBUSY);
	eftf_state_close(st, false);
	st = open_state("10.0.0.0", 24);
	assert_true(eftf_state_is_continued(st) && eftf_state_made_device(st));
	assert_true(eftf_state_get(st, l.inner, &back));
	assert_memory_equal(&back, &l, sizeof(l));
	eftf_state_clear(st, l.inner);
	assert_false(eftf_state_get(st, l.inner, &back));
	/* Addresses that are none of the pool's. */
	l = lease_of("10.0.1.5", 9);
	eftf_state_put(st, &l);
	eftf_state_clear(st, l.inner);
	assert_false(eftf_state_get(st, l.inner, &back));
	assert_false(eftf_state_get(st, ip("9.255.255.255"), &back));
	eftf_state_close(st, true);
	assert_int_equal(access(path, F_OK), -1);
}

/* Killed: what was stored is there. */
static void test_killed(void **state)
{
	struct eftf_state_lease l = lease_of("10.0.0.5", 9), back;
	struct eftf_state *st;
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		st = open_state("10.0.0.0", 24);
		eftf_state_put(st, &l);
		raise(SIGKILL);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	st = open_state("10.0.0.0", 24);
	assert_true(eftf_state_is_continued(st));
	assert_true(eftf_state_get(st, l.inner, &back));
	assert_memory_equal(&back, &l, sizeof(l));
	eftf_state_close(st, true);
}

/* Another pool, another size, any octet changed: nothing is believed. */
static void test_foreign(void **state)
{
	struct eftf_state_lease l = lease_of("10.0.0.1", 9), back;
	struct eftf_state *st = open_state("10.0.0.0", 28);
	unsigned int refused = 0;
	struct stat sb;
	int fd;

	(void)state;
	eftf_state_put(st, &l);
	eftf_state_close(st, false);
	st = open_state("10.1.0.0", 28);
	assert_false(eftf_state_is_continued(st));
	assert_false(eftf_state_get(st, ip("10.1.0.1"), &back));
	eftf_state_close(st, false);
	st = open_state("10.0.0.0", 27);
	assert_false(eftf_state_is_continued(st));
	eftf_state_put(st, &l);
	eftf_state_close(st, false);
	assert_int_equal(stat(path, &sb), 0);
	fd = open(path, O_RDWR);
	for (off_t at = 0; at < sb.st_size; at++) {
		uint8_t octet, other;

		/* within the header and the first two records */
		if (at > sb.st_size / 16)
			break;
		assert_int_equal(pread(fd, &octet, 1, at), 1);
		other = octet ^ 0x10;
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		st = open_state("10.0.0.0", 27);
		if (eftf_state_get(st, l.inner, &back))
			assert_memory_equal(&back, &l, sizeof(l));
		else
			refused++;
		eftf_state_close(st, false);
		/* all of it anew: a wrong header has emptied the file */
		st = open_state("10.0.0.0", 27);
		eftf_state_put(st, &l);
		eftf_state_close(st, false);
		if (at >= HEADER)
			assert_int_equal(pwrite(fd, &octet, 1, at), 1);
		st = open_state("10.0.0.0", 27);
		eftf_state_put(st, &l);
		eftf_state_close(st, false);
	}
	close(fd);
	assert_true(refused >= sizeof(l));
	/* Too short, too long. */
	assert_int_equal(truncate(path, 10), 0);
	st = open_state("10.0.0.0", 27);
	assert_false(eftf_state_is_continued(st));
	eftf_state_close(st, true);
}

static void refused(const char *what, int code)
{
	struct eftf_ranges r = range("10.0.0.0", 28);
	struct eftf_state *st;
	struct eftf_err err;
	int ret = eftf_state_open(&st, path, &r, &err);

	if (ret != -code || !strstr(err.text, path))
		fail_msg("%s: expected %d with the file's name, seen %d: %s", what, -code, ret, ret ? err.text : "");
	unlink(path);
}

/* What another user has put there, or can change. */
static void test_of_others(void **state)
{
	char target[80];

	(void)state;
	eftf_state_close(open_state("10.0.0.0", 28), false);
	assert_int_equal(chmod(path, 0620), 0);
	refused("writable by the group", EPERM);
	eftf_state_close(open_state("10.0.0.0", 28), false);
	assert_int_equal(chmod(path, 0602), 0);
	refused("writable by all", EPERM);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused("a pipe", EINVAL);
	snprintf(target, sizeof(target), "%s-target", path);
	assert_int_equal(symlink(target, path), 0);
	refused("a link", ELOOP);
	assert_int_equal(access(target, F_OK), -1);
	if (geteuid())			/* only root can make a file another's */
		return;
	eftf_state_close(open_state("10.0.0.0", 28), false);
	assert_int_equal(chown(path, 12345, 12345), 0);
	refused("another user's", EPERM);
}

/* A file system that is full is an error of the one store, and not the program's end. */
static void test_full(void **state)
{
	struct eftf_state_lease l = lease_of("10.0.15.5", 9), back;
	struct rlimit before, none = { 4096, RLIM_INFINITY };
	struct eftf_state *st = open_state("10.0.0.0", 20);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(eftf_state_put(st, &l), -EFBIG);
	assert_false(eftf_state_get(st, l.inner, &back));
	eftf_state_clear(st, l.inner);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(eftf_state_put(st, &l), 0);
	assert_true(eftf_state_get(st, l.inner, &back));
	eftf_state_close(st, true);
}

/* Between a successor's open and its lock the predecessor removes the file: the successor's is the one with the name. */
static void test_removed_meanwhile(void **state)
{
	struct eftf_state_lease l = lease_of("10.0.0.5", 9), back;
	struct eftf_state *st;

	(void)state;
	eftf_state_close(open_state("10.0.0.0", 24), false);
	remove_before_lock = true;
	st = open_state("10.0.0.0", 24);
	assert_false(remove_before_lock);
	assert_int_equal(eftf_state_put(st, &l), 0);
	eftf_state_close(st, false);
	st = open_state("10.0.0.0", 24);
	assert_true(eftf_state_get(st, l.inner, &back));
	eftf_state_close(st, true);
}

static void put_numbered(struct eftf_state *st, unsigned int i, uint32_t tunnel)
{
	struct eftf_state_lease l = lease_of("10.0.0.0", tunnel);

	l.inner.s_addr |= htonl(i);
	assert_int_equal(eftf_state_put(st, &l), 0);
}

/* The tunnel that it says for the address with this number, or 0. */
static uint32_t got_numbered(struct eftf_state *st, unsigned int i)
{
	struct eftf_state_lease l;

	return eftf_state_get(st, (struct in_addr){ ip("10.0.0.0").s_addr | htonl(i) }, &l) ? l.tunnel : 0;
}

/* A successor reads many: those in a row at once, and each as it was stored last, whatever the order. */
static void test_many(void **state)
{
	struct eftf_state *st = open_state("10.0.0.0", 22);
	unsigned int i, before;

	(void)state;
	for (i = 1; i < 1000; i++)
		if (i % 7)
			put_numbered(st, i, i);
	eftf_state_close(st, false);
	st = open_state("10.0.0.0", 22);
	before = reads;
	for (i = 1; i < 1000; i++)
		assert_int_equal(got_numbered(st, i), i % 7 ? i : 0);
	if (reads - before > 20)
		fail_msg("999 leases in a row: expected at most 20 reads, seen %u", reads - before);
	for (i = 999; i; i--)
		assert_int_equal(got_numbered(st, i * 617 % 1000), i * 617 % 1000 % 7 ? i * 617 % 1000 : 0);
	/* what is stored and cleared beside what was read */
	assert_int_equal(got_numbered(st, 100), 100);
	put_numbered(st, 101, 5000);
	assert_int_equal(got_numbered(st, 101), 5000);
	eftf_state_clear(st, (struct in_addr){ ip("10.0.0.0").s_addr | htonl(102) });
	assert_int_equal(got_numbered(st, 102), 0);
	assert_int_equal(got_numbered(st, 103), 103);
	eftf_state_close(st, true);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/run/eftf0.leases", folder);	/* in a folder that is made */
	return 0;
}

static int teardown(void **state)
{
	char run[64];

	(void)state;
	unlink(path);
	snprintf(run, sizeof(run), "%s/run", folder);
	rmdir(run);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life), cmocka_unit_test(test_killed), cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_of_others), cmocka_unit_test(test_full),
		cmocka_unit_test(test_removed_meanwhile), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
