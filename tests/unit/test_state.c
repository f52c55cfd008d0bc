/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/state.c gw/siphash.c lib/err.c */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/state.h"

static char folder[] = "/tmp/eftf-state-XXXXXX", path[64];

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static struct eftf_state *open_state(const char *base, unsigned int plen)
{
	struct eftf_state *st = NULL;
	struct eftf_err err;

	if (eftf_state_open(&st, path, ip(base), plen, &err))
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
	assert_int_equal(eftf_state_open(&second, path, ip("10.0.0.0"), 24, &err), -EBUSY);
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
		if (at >= 32)
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
	struct eftf_state *st;
	struct eftf_err err;
	int ret = eftf_state_open(&st, path, ip("10.0.0.0"), 28, &err);

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
		cmocka_unit_test(test_of_others),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
