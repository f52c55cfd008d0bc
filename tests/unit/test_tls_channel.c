/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/channel.c lib/tls_channel.c lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_update.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c ../tests/unit/openssl_peer.c */
/* libs: -lwolfssl -lssl -lcrypto */
/*
 * Envelopes through wolfSSL before the kernel has the keys: one record at a
 * time, and the kernel goes on where wolfSSL stopped. The test plays the
 * client's and the server's kernel itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "openssl_peer.h"
#include "tls_pair.h"

#include "tls_channel.h"

#define APPLICATION_DATA 23
#define SUITE_1_3 "TLS13-AES128-GCM-SHA256"
#define SUITE_1_2 "ECDHE-ECDSA-AES128-GCM-SHA256"

/* A UE whose records the test makes, and the gateway's end of its connection. */
struct pair {
	int ue, gw;
	struct eftf_tls *tls;		/* the gateway's */
	struct eftf_tls *peer;
	struct eftf_tls_key tx, rx;	/* the UE's */
	struct eftf_channel ch;
	struct eftf_err err;
};

static struct pair *handshake(const char *suite)
{
	static struct pair p;
	int fd[2];

	memset(&p, 0, sizeof(p));
	make_pair(fd, suite, &p.peer, &p.tls);
	p.ue = fd[0];
	p.gw = fd[1];
	eftf_tls_channel(&p.ch, p.tls);
	return &p;
}

/* The UE's kernel has its keys. */
static struct pair *start(void)
{
	struct pair *p = handshake(SUITE_1_3);

	if (eftf_tls_plant(p->peer, &p->err))
		fail_msg("%s", p->err.text);
	p->tx = planted[0];
	p->rx = planted[1];
	return p;
}

static void end(struct pair *p)
{
	eftf_tls_free(p->tls);
	eftf_tls_free(p->peer);
	close(p->ue);
	close(p->gw);
}

static size_t make_record(struct pair *p, const void *data, size_t len,
			  uint8_t record[PEER_RECORD_MAX])
{
	return record_seal(&p->tx, APPLICATION_DATA, data, len, record);
}

/* Returns octets of the record. */
static int send_record(struct pair *p, const void *data, size_t len)
{
	uint8_t record[PEER_RECORD_MAX];
	size_t n = make_record(p, data, len, record);

	assert_int_equal(write(p->ue, record, n), n);
	return (int)n;
}

static int waiting(int fd)
{
	int n = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

/* An envelope with an IPv4 packet of 20 octets that is told by its last one. */
static size_t envelope(uint8_t mark, uint8_t out[23])
{
	memset(out, 0, 23);
	memcpy(out, (uint8_t[]){ 1, 0, 23, 0x45, 0, 0, 20 }, 7);
	out[22] = mark;
	return 23;
}

static enum eftf_channel_status take(struct pair *p, uint8_t *mark)
{
	const uint8_t *packet;
	size_t len;
	enum eftf_channel_status status = eftf_channel_recv(&p->ch, &packet, &len, &p->err);

	if (status == EFTF_CHANNEL_PACKET)
		*mark = packet[len - 1];
	return status;
}

/* The kernel gets keys that fit the UE's: records of both directions pass. */
static void plant_fits(struct pair *p)
{
	uint8_t record[PEER_RECORD_MAX], got[PEER_RECORD_MAX], type;
	size_t n;

	if (eftf_tls_plant(p->tls, &p->err))
		fail_msg("%s", p->err.text);
	n = make_record(p, "up", 2, record);
	assert_int_equal(record_open(&planted[1], record, n, &type, got), 2);
	assert_int_equal(type, APPLICATION_DATA);
	n = record_seal(&planted[0], APPLICATION_DATA, "down", 4, record);
	assert_int_equal(record_open(&p->rx, record, n, &type, got), 4);
}

static void one_record_is_read_at_a_time(void **state)
{
	struct pair *p = start();
	uint8_t packet[23], record[PEER_RECORD_MAX], got[PEER_RECORD_MAX], type, mark;
	int left, size;
	size_t n;

	(void)state;
	size = send_record(p, "", 0);
	for (int i = 1; i < 17; i++)
		assert_int_equal(send_record(p, "", 0), size);
	for (left = 16; left > 0; left--) {
		assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
		assert_int_equal(waiting(p->gw), left * size);
	}
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_FAILED);
	assert_non_null(strstr(p->err.text, "nothing but empty TLS records"));
	end(p);

	p = start();
	size = send_record(p, packet, envelope(1, packet));
	assert_int_equal(send_record(p, packet, envelope(2, packet)), size);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_int_equal(mark, 1);
	assert_true(eftf_tls_drained(p->tls));
	assert_int_equal(waiting(p->gw), size);
	assert_int_equal(eftf_tls_plant(p->tls, &p->err), 0);
	n = (size_t)read(p->gw, record, sizeof(record));	/* the second is for the kernel */
	assert_int_equal(record_open(&planted[1], record, n, &type, got), 23);
	assert_int_equal(got[22], 2);
	end(p);
}

static void a_turn_ends_while_records_wait(void **state)
{
	struct pair *p = start();
	uint8_t packet[23], mark;
	int size = 0;

	(void)state;
	envelope(7, packet);
	for (size_t i = 0; i < sizeof(packet); i++)
		size = send_record(p, &packet[i], 1);
	eftf_tls_begin_turn(p->tls, 8);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
	assert_int_equal(waiting(p->gw), 15 * size);
	assert_true(eftf_tls_turn_over(p->tls));
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
	assert_int_equal(waiting(p->gw), 15 * size);
	eftf_tls_begin_turn(p->tls, 64);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_int_equal(mark, 7);
	assert_false(eftf_tls_turn_over(p->tls));
	end(p);
}

static void the_kernel_goes_on_where_the_library_stopped(void **state)
{
	static const char *const suites[] = { SUITE_1_3, SUITE_1_2 };
	struct eftf_tls_key tx, rx;
	struct eftf_channel ue;
	const uint8_t *got;
	uint8_t packet[23], mark;
	size_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair *p = handshake(suites[i]);

		eftf_tls_channel(&ue, p->peer);
		for (uint8_t k = 0; k < 3; k++) {
			envelope(k, packet);
			assert_int_equal(eftf_channel_send(&ue, packet + 3, 20, &p->err), 0);
			assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
			assert_int_equal(mark, k);
			assert_int_equal(eftf_channel_send(&p->ch, packet + 3, 20, &p->err), 0);
			assert_int_equal(eftf_channel_recv(&ue, &got, &len, &p->err),
					 EFTF_CHANNEL_PACKET);
			assert_memory_equal(got, packet + 3, 20);
		}
		assert_int_equal(eftf_tls_plant(p->peer, &p->err), 0);
		tx = planted[0];
		rx = planted[1];
		assert_int_equal(eftf_tls_plant(p->tls, &p->err), 0);
		assert_int_equal(tx.info.version, i ? TLS_1_2_VERSION : TLS_1_3_VERSION);
		assert_memory_equal(tx.gcm128.key, planted[1].gcm128.key, 16);
		assert_memory_equal(rx.gcm128.key, planted[0].gcm128.key, 16);
		assert_int_equal(tx.gcm128.rec_seq[7], i ? 4 : 3);	/* in 1.2 Finished is encrypted, too */
		assert_memory_equal(tx.gcm128.rec_seq, planted[1].gcm128.rec_seq, 8);
		assert_memory_equal(rx.gcm128.rec_seq, planted[0].gcm128.rec_seq, 8);
		end(p);
	}
}

static void what_stands_behind_in_the_same_record_is_not_the_kernels(void **state)
{
	struct pair *p = start();
	uint8_t packet[46], mark;

	(void)state;
	envelope(1, packet);
	envelope(2, packet + 23);
	send_record(p, packet, 46);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_false(eftf_tls_drained(p->tls));
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_int_equal(mark, 2);
	assert_true(eftf_tls_drained(p->tls));
	/* an envelope that goes on in the next record */
	send_record(p, packet, 33);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
	assert_false(eftf_channel_at_boundary(&p->ch));
	send_record(p, packet + 33, 13);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	assert_true(eftf_channel_at_boundary(&p->ch));
	plant_fits(p);
	end(p);
}

static void half_a_record_keeps_the_kernel_out(void **state)
{
	struct pair *p = start();
	uint8_t packet[23], record[PEER_RECORD_MAX], mark;
	size_t n = make_record(p, packet, envelope(1, packet), record);

	(void)state;
	for (size_t i = 0; i < n - 1; i++) {
		assert_int_equal(write(p->ue, record + i, 1), 1);
		assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
		assert_false(eftf_tls_drained(p->tls));
	}
	assert_int_equal(write(p->ue, record + n - 1, 1), 1);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_PACKET);
	plant_fits(p);
	end(p);

	p = start();
	n = make_record(p, packet, envelope(1, packet), record);
	assert_int_equal(write(p->ue, record, 9), 9);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_AGAIN);
	assert_int_equal(eftf_tls_plant(p->tls, &p->err), -EPROTO);
	end(p);
}

static void a_flood_of_records_has_an_end(void **state)
{
	struct pair *p = start();
	static const uint8_t head[] = { 1, 0xff, 0xff };
	enum eftf_channel_status status = EFTF_CHANNEL_AGAIN;
	uint8_t mark;
	int n = 0;

	(void)state;
	for (; status == EFTF_CHANNEL_AGAIN && n < 10000; n++) {
		send_record(p, n < 3 ? &head[n] : head, 1);
		status = take(p, &mark);
	}
	assert_int_equal(status, EFTF_CHANNEL_FAILED);
	assert_in_range(n, 1000, 1100);
	assert_non_null(strstr(p->err.text, "too many TLS records"));
	end(p);
}

static void ends_are_told_apart(void **state)
{
	struct pair *p = start();
	uint8_t record[PEER_RECORD_MAX], mark;
	size_t n = record_seal(&p->tx, 21, (uint8_t[]){ 1, 0 }, 2, record);

	(void)state;
	assert_int_equal(write(p->ue, record, n), n);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_CLOSED);
	end(p);

	p = start();
	n = record_seal(&p->tx, 21, (uint8_t[]){ 2, 80 }, 2, record);
	assert_int_equal(write(p->ue, record, n), n);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_FAILED);
	assert_non_null(strstr(p->err.text, "internal_error"));
	end(p);

	p = start();
	shutdown(p->ue, SHUT_WR);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_FAILED);
	assert_non_null(strstr(p->err.text, "without close_notify"));
	end(p);

	p = start();
	n = make_record(p, "x", 1, record);
	record[n - 1] ^= 1;
	assert_int_equal(write(p->ue, record, n), n);
	assert_int_equal(take(p, &mark), EFTF_CHANNEL_FAILED);
	assert_non_null(strstr(p->err.text, "no good TLS"));
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_record_is_read_at_a_time),
		cmocka_unit_test(a_turn_ends_while_records_wait),
		cmocka_unit_test(the_kernel_goes_on_where_the_library_stopped),
		cmocka_unit_test(what_stands_behind_in_the_same_record_is_not_the_kernels),
		cmocka_unit_test(half_a_record_keeps_the_kernel_out),
		cmocka_unit_test(a_flood_of_records_has_an_end),
		cmocka_unit_test(ends_are_told_apart),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
