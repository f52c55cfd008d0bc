// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/tls_probe.c ../tests/unit/openssl_peer.c */
/* libs: -lssl -lcrypto */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certs.h"
#include "openssl_peer.h"
#include "tls_probe.h"

static uint8_t secret[EFTF_TLS_PROBE_RANDOM_LEN];

/* From a heap block of exactly len octets: an overread is seen. */
static int parse(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, data, len);
	ret = eftf_tls_probe_answer(copy, len, secret);
	free(copy);
	return ret;
}

/* What OpenSSL says to the request. Returns octets. */
static size_t ask(struct peer_spec spec, uint8_t *answer, size_t size)
{
	uint8_t request[EFTF_TLS_PROBE_REQUEST_LEN];
	struct peer *peer;
	ssize_t n;
	int fd[2];

	spec.server = true;
	spec.cert = certs_file("server", "pem");
	spec.key = certs_file("server", "key");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	peer = peer_new_spec(&spec, fd[1]);
	eftf_tls_probe_request(request, secret);
	assert_int_equal(write(fd[0], request, sizeof(request)), sizeof(request));
	peer_handshake(peer);
	n = read(fd[0], answer, size);
	assert_true(n > 0);
	peer_free(peer);
	close(fd[0]);
	close(fd[1]);
	return (size_t)n;
}

static void test_both_versions(void **state)
{
	static const int versions[] = { 0x0303, 0x0304 };

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct peer_spec spec = { .version = versions[i] };
		size_t len, n, sure = 0;
		uint8_t answer[16384];

		len = ask(spec, answer, sizeof(answer));
		assert_int_equal(parse(answer, len), 1);
		/* a stream cut anywhere: not yet, and then yes for good */
		for (n = 0; n <= len; n++) {
			int ret = parse(answer, n);

			sure = sure ? sure : ret ? n : 0;
			assert_int_equal(ret, sure ? 1 : 0);
		}
		assert_in_range(sure, 40, 200);
	}
}

static void test_alert(void **state)
{
	struct peer_spec spec = { .version = 0x0303, .ciphers = "AES128-SHA" };
	uint8_t answer[16384];
	size_t len, n;

	(void)state;
	len = ask(spec, answer, sizeof(answer));
	assert_int_equal(parse(answer, len), 2);
	assert_int_equal(answer[6], 40);	/* handshake_failure */
	for (n = 0; n < 7; n++)
		assert_int_equal(parse(answer, n), 0);
}

static void test_others(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} table[] = {
		{ 0, 23 }, { 1, 'T' }, { 3, 0x50 },	/* no record of a handshake */
		{ 5, 1 }, { 6, 1 },			/* no ServerHello */
		{ 9, 2 }, { 43, 33 },			/* no version, no session id */
		{ 44, 0 }, { 75, 0 },			/* another's session id */
		{ 76, 0 }, { 77, 9 },			/* a suite that was not offered */
	};
	struct peer_spec spec = { .version = 0x0304 };
	uint8_t answer[16384];
	size_t len, i;

	(void)state;
	len = ask(spec, answer, sizeof(answer));
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t was = answer[table[i].at];

		print_message("row %zu\n", i);
		assert_int_not_equal(was, table[i].value);
		answer[table[i].at] = table[i].value;
		assert_int_equal(parse(answer, len), -EBADMSG);
		answer[table[i].at] = was;
	}
	assert_int_equal(parse((const uint8_t *)"HTTP/1.1 400 Bad\r\n\r\n", 20), -EBADMSG);
	assert_int_equal(parse((const uint8_t *)"SIP/2.0 400 Bad\r\n\r\n", 19), -EBADMSG);
	/* our own request, sent back */
	eftf_tls_probe_request(answer, secret);
	assert_int_equal(parse(answer, EFTF_TLS_PROBE_REQUEST_LEN), -EBADMSG);
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(2 * i + 1);
	return certs_setup() || certs_make("server", "DNS:pcscf.ims.example", "200101000000Z", "400101000000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_versions),
		cmocka_unit_test(test_alert),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
