/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/errand.c ue/cage.c lib/packet.c lib/sandbox.c lib/err.c lib/log.c lib/log_json.c */
/* libs: -lseccomp */
/* Child processes: what they cannot do any more, and a parent that believes nothing. */
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/landlock.h>

#include <cmocka.h>

#include "clock.h"
#include "packet.h"
#include "ue/errand.h"

struct report {
	int caps, written, made, forked, executed, raw, read, udp, others;
};

static int other[2];

static int has_capabilities(void)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");
	int has = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7) || !strncmp(line, "CapPrm:", 7))
			has = has > 0 || strspn(line + 8, "0") < 16;
	if (f)
		fclose(f);
	return has;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void look(void *arg, int fd)
{
	struct report r = { 0 };
	pid_t pid;
	int s;

	r.others = fcntl(other[0], F_GETFD) < 0 ? -errno : 0;
	r.caps = has_capabilities();
	r.written = try_open(arg, O_WRONLY);
	r.made = try_open("/tmp/eftf-test-errand-made", O_CREAT | O_RDWR);
	r.read = try_open("/etc/passwd", O_RDONLY);
	s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	r.raw = s < 0 ? -errno : 0;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.udp = s < 0 ? -errno : 0;
	pid = fork();
	if (!pid)
		_exit(0);
	r.forked = pid < 0 ? -errno : 0;
	r.executed = execl("/bin/true", "true", NULL) ? -errno : 0;
	eftf_packet_send(fd, &r, sizeof(r), -1);
}

static void start(struct eftf_errand *e, void (*run)(void *arg, int fd), void *arg)
{
	struct eftf_err err;

	if (eftf_errand_start(e, -1, run, arg, &err))
		fail_msg("%s", err.text);
	assert_true(eftf_errand_runs(e));
}

static void test_cage(void **state)
{
	char path[] = "/tmp/eftf-test-errand-XXXXXX";
	int file = mkstemp(path), sock;
	struct eftf_errand e;
	struct report r;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(fchmod(file, 0666), 0);
	close(file);
	assert_int_equal(pipe2(other, O_CLOEXEC), 0);
	start(&e, look, path);
	assert_int_equal(eftf_errand_recv(e.fd, &r, sizeof(r), &sock, eftf_now_ms() + 5000), 0);
	assert_int_equal(sock, -1);
	assert_int_equal(r.caps, 0);
	assert_true(r.written < 0);
	assert_true(r.made < 0);
	assert_true(r.forked < 0);
	assert_true(r.executed < 0);
	assert_true(r.raw < 0);
	assert_int_equal(r.others, -EBADF);
	/* names are resolved */
	assert_int_equal(r.read, 0);
	assert_int_equal(r.udp, 0);
	eftf_errand_end(&e);
	assert_false(eftf_errand_runs(&e));
	close(other[0]);
	close(other[1]);
	unlink(path);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* nothing is left */
}

struct roots {
	int uid, own, hosts, unix_socket, udp;
};

static void look_as_root(void *arg, int fd)
{
	struct roots r = { .uid = (int)geteuid() };
	int s;

	r.own = try_open(arg, O_RDONLY);
	r.hosts = try_open("/etc/hosts", O_RDONLY);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r.unix_socket = s < 0 ? -errno : 0;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.udp = s < 0 ? -errno : 0;
	eftf_packet_send(fd, &r, sizeof(r), -1);
}

/* As a service that may not change its user. */
static bool cannot_change_user(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (geteuid() || syscall(SYS_capget, &head, data))
		return false;
	data[0].effective &= ~(1u << CAP_SETUID | 1u << CAP_SETGID);
	data[0].permitted = data[0].effective;
	return !syscall(SYS_capset, &head, data);
}

/* It stays root, whose files it cannot read and whom nobody asks for a favour by a UNIX socket. Not to be undone: last. */
static void test_cage_of_root(void **state)
{
	char path[] = "/tmp/eftf-test-errand-XXXXXX";
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
	int file = mkstemp(path), sock;
	struct eftf_errand e;
	struct roots r;

	(void)state;
	assert_true(file >= 0);
	close(file);
	if (!cannot_change_user()) {
		unlink(path);
		skip();
	}
	start(&e, look_as_root, path);
	assert_int_equal(eftf_errand_recv(e.fd, &r, sizeof(r), &sock, eftf_now_ms() + 5000), 0);
	eftf_errand_end(&e);
	unlink(path);
	assert_int_equal(r.uid, 0);
	assert_int_equal(r.own, landlock ? -EACCES : 0);
#ifndef __s390__	/* its sockets are made by a call with the arguments behind a pointer, out of a filter's sight */
	assert_int_equal(r.unix_socket, -EPERM);
#endif
	assert_int_equal(r.hosts, access("/etc/hosts", R_OK) ? -ENOENT : 0);	/* a bare tree has none */
	assert_int_equal(r.udp, 0);
}

/* What the parent must not swallow. */
static void say_too_little(void *arg, int fd)
{
	(void)arg;
	eftf_packet_send(fd, "abc", 3, -1);
}

static void say_too_much(void *arg, int fd)
{
	char text[600] = "";

	(void)arg;
	eftf_packet_send(fd, text, sizeof(text), fd);
}

static void say_nothing(void *arg, int fd)
{
	(void)arg;
	(void)fd;
}

static void bring_two(void *arg, int fd)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	char text[16] = "";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m);
	int two[2] = { fd, 2 };

	(void)arg;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(cmsg), two, sizeof(two));
	sendmsg(fd, &m, 0);
}

static int open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_nonsense(void **state)
{
	static const struct {
		void (*run)(void *arg, int fd);
		int error;
	} cases[] = {
		{ say_too_little, -EPROTO }, { say_too_much, -EPROTO }, { bring_two, -EPROTO },
		{ say_nothing, -ECONNRESET },
	};
	int before = open_descriptors(), sock;
	struct eftf_errand e;
	char msg[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&e, cases[i].run, NULL);
		assert_int_equal(eftf_errand_recv(e.fd, msg, sizeof(msg), &sock,
						  eftf_now_ms() + 5000), cases[i].error);
		assert_int_equal(sock, -1);
		eftf_errand_end(&e);
		assert_int_equal(open_descriptors(), before);
	}
}

static void hang(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	for (;;)
		;
}

static void test_one_that_hangs(void **state)
{
	uint64_t before = eftf_now_ms();
	struct eftf_errand e;
	char msg[16];
	int sock;

	(void)state;
	start(&e, hang, NULL);
	assert_int_equal(eftf_errand_recv(e.fd, msg, sizeof(msg), &sock, before + 50), -ETIMEDOUT);
	eftf_errand_end(&e);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	eftf_errand_end(&e);	/* once more does nothing */
}

static void bring_one(void *arg, int fd)
{
	char text[16] = "here it is";
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)arg;
	eftf_packet_send(fd, text, sizeof(text), s);
}

static void test_a_socket(void **state)
{
	int before = open_descriptors(), sock, type = 0;
	socklen_t len = sizeof(type);
	struct eftf_errand e;
	char msg[16];

	(void)state;
	start(&e, bring_one, NULL);
	assert_int_equal(eftf_errand_recv(e.fd, msg, sizeof(msg), &sock, eftf_now_ms() + 5000), 0);
	assert_string_equal(msg, "here it is");
	assert_int_equal(getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_STREAM);
	assert_true(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	close(sock);
	eftf_errand_end(&e);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cage),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_one_that_hangs),
		cmocka_unit_test(test_a_socket),
		cmocka_unit_test(test_cage_of_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
