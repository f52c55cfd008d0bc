/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/sandbox.c lib/tls_random.c lib/random.c lib/channel.c lib/tls_channel.c lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_update.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c ../tests/unit/openssl_peer.c */
/* libs: -lwolfssl -lssl -lcrypto -lseccomp */
/* A process that has shut itself in: what it still can, and what ends it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "certs.h"
#include "openssl_peer.h"
#include "sandbox.h"
#include "tls.h"
#include "tls_channel.h"


static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME, NOW), 0);
	return 0;
}

/* Returns the status of a process that does this under the filter. */
static int shut_in_with(bool needs_random, void (*what)(int fd), int fd)
{
	int status = -1, pid = fork();
	struct eftf_err err;

	if (!pid) {
		if (eftf_sandbox_system_calls(needs_random, &err))
			_exit(99);
		what(fd);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}
static int shut_in(void (*what)(int fd), int fd) { return shut_in_with(false, what, fd); }

static void opens_a_file(int fd)
{
	(void)fd;
	_exit(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 7 : 1);
}

static void reads_random_octets(int fd)
{
	char c;

	fd = open("/dev/urandom", O_RDONLY);
	_exit(fd >= 0 && read(fd, &c, 1) == 1 && !close(fd) ? 7 : 1);
}

static void makes_a_file(int fd)
{
	(void)fd;
	_exit(open("/tmp/eftf-test-sandbox", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES ? 7 : 1);
}

static void makes_a_socket(int fd)
{
	(void)fd;
	_exit(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EACCES ? 7 : 1);
}

static void starts_a_program(int fd)
{
	char *argv[] = { NULL };

	(void)fd;
	execve("/bin/true", argv, argv);
	_exit(1);
}

static void kills_another(int fd)
{
	(void)fd;
	kill(getppid(), 0);
	_exit(1);
}

static void makes_code(int fd)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)fd;
	if (memory == MAP_FAILED)
		_exit(2);
	mprotect(memory, 4096, PROT_READ | PROT_EXEC);
	_exit(1);
}

#ifndef __s390__	/* there mmap() has its arguments behind a pointer, out of a filter's sight */
static void maps_code(int fd)
{
	(void)fd;
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_exit(1);
}
#endif

static void writes_to_what_it_has(int fd)
{
	_exit(write(fd, "x", 1) == 1 ? 7 : 1);
}

static void a_process_that_is_shut_in_has_what_it_has_and_no_more(void **state)
{
	int fd[2], status;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(WEXITSTATUS(shut_in(opens_a_file, -1)), 7);
	assert_int_equal(WEXITSTATUS(shut_in(makes_a_socket, -1)), 7);
	assert_int_equal(WEXITSTATUS(shut_in(writes_to_what_it_has, fd[1])), 7);
	/* for a wolfSSL that takes no random octets from outside */
	assert_int_equal(WEXITSTATUS(shut_in_with(true, reads_random_octets, -1)), 7);
	status = shut_in_with(true, makes_a_file, -1);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSYS : WEXITSTATUS(status) == 7);
	status = shut_in(starts_a_program, -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = shut_in(kills_another, -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = shut_in(makes_code, -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
#ifndef __s390__
	status = shut_in(maps_code, -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
#endif
	close(fd[0]);
	close(fd[1]);
}

/* Shut in as a worker of eftf-gw is: handshake, an envelope each way. */
static void serve(int fd)
{
	struct eftf_tls_config cfg = { .server = true, .cert_file = certs_path("server.pem"),
				       .key_file = certs_path("server.key") };
	enum eftf_tls_status status = EFTF_TLS_WANT_READ;
	struct eftf_channel ch;
	struct eftf_tls_ctx *ctx;
	struct eftf_err err;
	struct eftf_tls *tls;

	if (eftf_tls_ctx_new(&ctx, &cfg, &err) || eftf_tls_ctx_without_files(ctx, &err) ||
	    eftf_sandbox_system_calls(false, &err) || eftf_tls_new(&tls, ctx, fd, NULL, &err))
		_exit(2);
	for (int i = 0; i < 2000 && status == EFTF_TLS_WANT_READ; i++) {
		status = eftf_tls_handshake(tls, &err);
		if (status == EFTF_TLS_WANT_READ)
			usleep(1000);
	}
	if (status != EFTF_TLS_DONE)
		_exit(3);
	eftf_tls_channel(&ch, tls);
	_exit(eftf_channel_send(&ch, (const uint8_t *)"packet", 6, &err) ? 4 : 0);
}

static void tls_needs_no_files(void **state)
{
	struct peer *peer;
	int fd[2], status, done = 0, pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	pid = fork();
	if (!pid)
		serve(fd[1]);
	peer = peer_new(NULL, NULL, "TLS_AES_128_GCM_SHA256", fd[0], 0);
	for (int i = 0; i < 2000 && !done; i++) {
		done = peer_handshake(peer);
		usleep(1000);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("expected exit status 0, seen %s %d", WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	assert_int_equal(done, 1);
	peer_free(peer);
	close(fd[0]);
	close(fd[1]);
}

static void no_descriptor_is_left_but_those_that_are_kept(void **state)
{
	int fd[6], pid, status;

	(void)state;
	pid = fork();
	if (!pid) {
		int open = 0;

		for (int i = 0; i < 6; i++)
			fd[i] = dup(0);
		eftf_sandbox_close_others((const int[]){ fd[4], fd[1], -1 }, 3);
		for (int i = 3; i < 1000; i++)
			open += fcntl(i, F_GETFD) >= 0;
		_exit(open == 2 && fcntl(fd[1], F_GETFD) >= 0 && fcntl(fd[4], F_GETFD) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void root_becomes_nobody_and_stays_it(void **state)
{
	struct eftf_sandbox_user user;
	struct eftf_err err;
	int pid, status;

	(void)state;
	pid = fork();
	if (!pid) {
		if (eftf_sandbox_find_user("no-such-user", &user, &err) ||
		    eftf_sandbox_become(&user, &err) ||
		    eftf_sandbox_capabilities(NULL, 0, &err) || eftf_sandbox_no_dumps(&err))
			_exit(1);
		_exit(geteuid() && getegid() && setuid(0) < 0 &&
		      prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_is_shut_in_has_what_it_has_and_no_more),
		cmocka_unit_test(tls_needs_no_files),
		cmocka_unit_test(no_descriptor_is_left_but_those_that_are_kept),
		cmocka_unit_test(root_becomes_nobody_and_stays_it),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
