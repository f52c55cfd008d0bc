// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that change while the tunnel runs: KeyUpdate of TLS 1.3. The test is
 * peer and helper in one, so it knows the keys of both directions.
 */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t update[5] = {24, 0, 0, 1, 0};
static const uint8_t update_requested[5] = {24, 0, 0, 1, 1};

static void note_link(const struct eftf_link_info *info, void *arg)
{
	*(bool *)arg = info->key_update;
}

static bool can_rekey(struct fx *fx)
{
	struct eftf_err err = {""};
	bool can = false;

	if (eftf_rt_link_get(fx->rt, FX_DEV, note_link, &can, &err))
		fail_msg("link: %s", err.text);
	return can;
}

/* A key that was never used before. */
static struct rec_key fresh_key(const char *direction)
{
	static unsigned int n;
	struct rec_key key = {.seq = 0};
	char text[32];

	snprintf(text, sizeof(text), "%-6.6s key %05u", direction, ++n);
	memcpy(key.key, text, sizeof(key.key));
	snprintf(text, sizeof(text), "iv %9u", n);
	memcpy(key.iv, text, sizeof(key.iv));
	return key;
}

static struct eftf_tls_key as_info(const struct rec_key *key)
{
	struct eftf_tls_key out = {.len = sizeof(out.gcm128)};

	out.gcm128.info.version = TLS_1_3_VERSION;
	out.gcm128.info.cipher_type = TLS_CIPHER_AES_GCM_128;
	memcpy(out.gcm128.salt, key->iv, 4);
	memcpy(out.gcm128.iv, key->iv + 4, 8);
	memcpy(out.gcm128.key, key->key, 16);
	return out;
}

/* What the helper does: NULL is no new key. */
static int bring(struct fx *fx, uint32_t transport, const struct rec_key *rx,
		 const struct rec_key *tx, bool request, struct eftf_err *err)
{
	struct eftf_tls_key key_rx, key_tx;

	if (rx)
		key_rx = as_info(rx);
	if (tx)
		key_tx = as_info(tx);
	err->text[0] = '\0';
	return eftf_nl_tunnel_rekey(fx->nl, fx->ifindex, fx->id, transport, rx ? &key_rx : NULL,
				    tx ? &key_tx : NULL, request, err);
}

static void must_bring(struct fx *fx, const struct rec_key *rx, const struct rec_key *tx,
		       bool request)
{
	struct eftf_err err;

	if (bring(fx, fx_get(fx).transport, rx, tx, request, &err))
		fail_msg("new keys: %s", err.text);
}

/* The peer changes its sending key; the module asks for it. */
static struct eftf_tunnel_info peer_updates(struct fx *fx, bool request, struct rec_key *next)
{
	struct eftf_tunnel_info info;

	rec_send(&fx->peer, REC_HANDSHAKE, request ? update_requested : update, sizeof(update));
	*next = fresh_key("peer");
	fx->peer.tx = *next;
	info = fx_event(fx, EFTF_CMD_EVENT_KEY_UPDATE);
	assert_int_equal(info.transport, fx_get(fx).transport);
	return info;
}

/* The module announces its next key, under the old one. */
static void expect_update(struct fx *fx, bool request, const struct rec_key *next)
{
	static uint8_t data[REC_MAX + 256];
	uint8_t type = 0;
	long n = rec_recv(&fx->peer, &type, data, 10000);

	if (n != sizeof(update) || type != REC_HANDSHAKE || data[0] != 24)
		fail_msg("expected a KeyUpdate from the module, seen: %ld octets of type %u", n, type);
	assert_int_equal(data[4], request);
	fx->peer.rx = *next;
}

static void peer_changes_its_key(void **state)
{
	struct fx *fx = *state;
	struct rec_key next;

	fx_attach(fx);
	for (int i = 0; i < 5; i++) {
		fx_expect_alive(fx);
		assert_int_equal(peer_updates(fx, false, &next).update_requested, 0);
		/* what comes under the new key waits for it; the other direction does not */
		fx_peer_says(fx, "under the new key");
		fx_dut_says(fx, "as ever");
		fx_expect_envelope(fx, "as ever");
		must_bring(fx, &next, NULL, false);
		fx_expect_udp(fx, "under the new key");
	}
	fx_expect_alive(fx);
	fx_wait_stat(fx, EFTF_STAT_KEY_UPDATES_RX, 5);
	assert_int_equal(fx_stat(fx, EFTF_STAT_KEY_UPDATES_TX), 0);
	/* counted under the present key only */
	fx_wait_records(fx, EFTF_DIRECTION_RX, 2);
}

static void peer_wants_a_new_key_too(void **state)
{
	struct rec_key rx, tx;
	struct fx *fx = *state;

	fx_attach(fx);
	for (int i = 0; i < 5; i++) {
		fx_expect_alive(fx);
		assert_int_equal(peer_updates(fx, true, &rx).update_requested, 1);
		tx = fresh_key("module");
		must_bring(fx, &rx, &tx, false);
		expect_update(fx, false, &tx);
		fx_expect_alive(fx);
	}
	fx_wait_stat(fx, EFTF_STAT_KEY_UPDATES_RX, 5);
	fx_wait_stat(fx, EFTF_STAT_KEY_UPDATES_TX, 5);
}

#define NUMBERS 8000

static void send_numbers(const struct fx *fx)
{
	for (uint32_t i = 0; i < NUMBERS; i++) {
		(void)!send(fx->udp, &i, sizeof(i), 0);
		if (i % 16 == 0)
			fx_sleep(1);
	}
}

/* Takes one record: numbers of packets, or the announcement of the key. */
static bool take_record(struct fx *fx, uint8_t *seen, struct rec_key *next, unsigned int *updates)
{
	static struct ftt_ims_decoder decoder;
	static uint8_t data[REC_MAX + 256];
	struct ftt_ims_piece piece;
	const uint8_t *p = data;
	uint32_t number;
	uint8_t type;
	long n = rec_recv(&fx->peer, &type, data, 2000);

	if (n < 0)
		assert_int_equal(n, -3);	/* nothing came; never "does not authenticate" */
	if (n > 0 && type == REC_HANDSHAKE) {
		fx->peer.rx = *next;
		++*updates;
		return true;
	}
	for (long used; n > 0; n -= used, p += used) {
		used = ftt_ims_decode(&decoder, p, (size_t)n, &piece);
		assert_true(used > 0);
		if (!piece.valid)
			continue;
		assert_int_equal(piece.len, 28 + sizeof(number));
		memcpy(&number, piece.data + 28, sizeof(number));
		assert_true(number < NUMBERS);
		seen[number]++;
	}
	return n >= 0;
}

/* Nothing is torn, lost or sent under a wrong key while the module changes its own. */
static void own_key_changes_under_traffic(void **state)
{
	static uint8_t seen[NUMBERS];
	unsigned int updates = 0, asked = 0;
	struct rec_key next;
	struct fx *fx = *state;
	pid_t pid;

	fx_attach(fx);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid) {
		send_numbers(fx);
		_exit(0);
	}
	for (unsigned int records = 0;; records++) {
		if (updates == asked && asked < 40 && records % 10 == 0) {
			next = fresh_key("module");
			must_bring(fx, NULL, &next, asked % 2);
			asked++;
		}
		if (!take_record(fx, seen, &next, &updates) && !fx_more_to_come(&pid))
			break;
	}
	assert_true(asked > 10);
	assert_int_equal(updates, asked);
	fx_expect_each_once(fx, seen, NUMBERS);
	fx_expect_alive(fx);
}

static void nobody_brings_the_key(void **state)
{
	struct fx *fx = *state;
	struct rec_key next;
	int64_t start;

	fx_attach(fx);
	peer_updates(fx, false, &next);
	start = fx_now();
	fx_event(fx, EFTF_CMD_EVENT_DOWN);
	assert_true(fx_now() - start >= 8000);
	fx_expect_closed(fx, 1, 0);
}

static void nobody_listens(void **state)
{
	struct eftf_err err = {""};
	struct fx *fx = *state;
	int64_t end = fx_now() + 5000;

	fx_attach(fx);
	eftf_nl_close(fx->events);
	rec_send(&fx->peer, REC_HANDSHAKE, update, sizeof(update));
	while (fx_count(fx) && fx_now() < end)
		fx_sleep(10);
	assert_int_equal(fx_count(fx), 0);
	fx_expect_closed(fx, 1, 0);
	if (eftf_nl_events_open(&fx->events, &err))
		fail_msg("events: %s", err.text);
}

static void refused(struct fx *fx, int ret, int error, const struct eftf_err *err, const char *words)
{
	assert_int_equal(ret, error);
	if (!strstr(err->text, words))
		fail_msg("expected a refusal that says \"%s\", seen: %s", words, err->text);
	assert_int_equal(fx_count(fx), 1);
}

static void refused_keys_change_nothing(void **state)
{
	struct eftf_tls_key info;
	struct rec_key rx, tx = fresh_key("module");
	struct eftf_err err;
	struct fx *fx = *state;

	fx_attach(fx);
	refused(fx, bring(fx, 1, &tx, NULL, false, &err), -EALREADY, &err, "announced no other key");
	refused(fx, bring(fx, 2, NULL, &tx, false, &err), -ESTALE, &err, "another transport");
	refused(fx, bring(fx, 1, NULL, NULL, false, &err), -EINVAL, &err, "which key");
	info = as_info(&tx);
	info.gcm128.info.cipher_type = TLS_CIPHER_AES_GCM_256;
	refused(fx, eftf_nl_tunnel_rekey(fx->nl, fx->ifindex, fx->id, 1, NULL, &info, false, &err),
		-EINVAL, &err, "TLS version and cipher");
	info = as_info(&tx);
	info.len--;
	refused(fx, eftf_nl_tunnel_rekey(fx->nl, fx->ifindex, fx->id, 1, NULL, &info, false, &err),
		-EINVAL, &err, "TLS version and cipher");
	fx_expect_alive(fx);
	peer_updates(fx, false, &rx);
	must_bring(fx, &rx, NULL, false);
	fx_expect_alive(fx);
	refused(fx, bring(fx, 1, &rx, NULL, false, &err), -EALREADY, &err, "announced no other key");
	fx_expect_alive(fx);
}

static void wrong_key_is_a_bad_record(void **state)
{
	struct rec_key next, wrong = fresh_key("wrong");
	struct fx *fx = *state;

	fx_attach(fx);
	peer_updates(fx, false, &next);
	must_bring(fx, &wrong, NULL, false);
	fx_peer_says(fx, "who reads this?");
	fx_expect_down(fx, EFTF_REASON_BAD_RECORD);
	fx_expect_closed(fx, 2, 20);
}

/* One answer serves two requests when the first could not be sent yet. */
static void requests_at_a_stalled_tunnel(void **state)
{
	static uint8_t data[REC_MAX + 256];
	struct rec_key rx, tx = fresh_key("module");
	struct fx *fx = *state;
	struct eftf_err err;
	uint8_t type = 0;
	long n;

	fx_attach(fx);
	fx_stuff(fx);
	assert_int_equal(peer_updates(fx, true, &rx).update_requested, 1);
	must_bring(fx, &rx, &tx, false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(peer_updates(fx, true, &rx).update_requested, 0);
		refused(fx, bring(fx, 1, &rx, &tx, false, &err), -EBUSY, &err, "waits to be used");
		must_bring(fx, &rx, NULL, false);
		fx_peer_says(fx, "still read");
		fx_expect_udp(fx, "still read");
	}
	do
		n = rec_recv(&fx->peer, &type, data, 10000);
	while (n >= 0 && type == REC_DATA);
	assert_int_equal(n, sizeof(update));
	assert_int_equal(type, REC_HANDSHAKE);
	fx->peer.rx = tx;
	/* the rest of what waited, under the new key */
	do
		n = rec_recv(&fx->peer, &type, data, 3000);
	while (n >= 0);
	assert_int_equal(n, -3);
	fx_expect_alive(fx);
	fx_wait_stat(fx, EFTF_STAT_KEY_UPDATES_TX, 1);
	fx_wait_stat(fx, EFTF_STAT_KEY_UPDATES_RX, 4);
}

/* A key that comes for a connection that a swap has replaced meanwhile is not used. */
static void swap_while_a_key_is_awaited(void **state)
{
	struct eftf_err err;
	struct rec old, fresh;
	struct rec_key next;
	struct fx *fx = *state;
	int dut;

	fx_attach(fx);
	peer_updates(fx, false, &next);
	old = fx->peer;
	dut = fx_pair(&fresh, KTLS_BOTH);
	if (eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, dut, &err))
		fail_msg("swap: %s", err.text);
	close(dut);
	fx->peer = fresh;
	refused(fx, bring(fx, 1, &next, NULL, false, &err), -ESTALE, &err, "another transport");
	fx_expect_alive(fx);
	assert_int_equal(fx_get(fx).transport, 2);
	/* the old one, which cannot read the peer's close_notify any more, is given up in time */
	fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
	fx_expect_alive(fx);
	peer_updates(fx, false, &next);
	must_bring(fx, &next, NULL, false);
	fx_expect_alive(fx);
	close(old.fd);
}

static void key_limit_begins_anew(void **state)
{
	const struct eftf_tunnel_change limit = {.has_record_limit = true, .record_limit = 40};
	struct fx *fx = *state;
	struct rec_key next;

	fx_attach(fx);
	fx_set(fx, &limit);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 36; i++) {
			fx_dut_says(fx, "one record");
			fx_expect_envelope(fx, "one record");
		}
		assert_int_equal(fx_event(fx, EFTF_CMD_EVENT_REKEY).direction,
				 EFTF_DIRECTION_TX);
		next = fresh_key("module");
		must_bring(fx, NULL, &next, false);
		expect_update(fx, false, &next);
	}
	fx_expect_alive(fx);
	fx_wait_records(fx, EFTF_DIRECTION_TX, 1);
}

static void impossible(struct fx *fx, const void *data, size_t len, enum eftf_reason reason)
{
	fx_attach(fx);
	rec_send(&fx->peer, REC_HANDSHAKE, data, len);
	fx_expect_down(fx, reason);
	fx_expect_closed(fx, reason == EFTF_REASON_PROTOCOL ? 2 : 1,
			 reason == EFTF_REASON_PROTOCOL ? 10 : 0);
	close(fx->peer.fd);
	fx->peer.fd = -1;
}

static void impossible_key_updates(void **state)
{
	struct fx *fx = *state;

	impossible(fx, "\x18\0\0\0", 4, EFTF_REASON_PROTOCOL);
	impossible(fx, "\x18\0\0\1", 4, EFTF_REASON_PROTOCOL);
	impossible(fx, "\x18\0\0\1\2", 5, EFTF_REASON_PROTOCOL);
	impossible(fx, "\x18\0\0\2\0\0", 6, EFTF_REASON_PROTOCOL);
	/* something after it in the same record */
	impossible(fx, "\x18\0\0\1\0\4\0\0\0", 9, EFTF_REASON_PROTOCOL);
	if (fx->role == EFTF_ROLE_UE)
		/* allowed, but TLS does not see it behind a ticket */
		impossible(fx, "\4\0\0\1x\x18\0\0\1\0", 10, EFTF_REASON_REKEY);
}

/* On a kernel that cannot: said in words, and the end that the UE answers by a new connection. */
static void kernel_cannot(void **state)
{
	struct rec_key tx = fresh_key("module");
	struct fx *fx = *state;
	struct eftf_err err;

	fx_attach(fx);
	refused(fx, bring(fx, 1, NULL, &tx, false, &err), -EOPNOTSUPP, &err, "cannot take new keys");
	fx_expect_alive(fx);
	rec_send(&fx->peer, REC_HANDSHAKE, update, sizeof(update));
	fx_expect_down(fx, EFTF_REASON_REKEY);
	fx_expect_closed(fx, 1, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest can[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(peer_changes_its_key),
		GW(peer_changes_its_key),
		UE(peer_wants_a_new_key_too),
		GW(peer_wants_a_new_key_too),
		UE(own_key_changes_under_traffic),
		UE(nobody_brings_the_key),
		UE(nobody_listens),
		UE(refused_keys_change_nothing),
		UE(wrong_key_is_a_bad_record),
		UE(requests_at_a_stalled_tunnel),
		UE(swap_while_a_key_is_awaited),
		UE(key_limit_begins_anew),
		UE(impossible_key_updates),
		GW(impossible_key_updates),
	};
	const struct CMUnitTest cannot[] = {
		UE(kernel_cannot),
		GW(kernel_cannot),
		UE(impossible_key_updates),
		GW(impossible_key_updates),
	};
	struct fx *fx = NULL;
	bool able;

	fx_setup_ue((void **)&fx);
	able = can_rekey(fx);
	fx_teardown((void **)&fx);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return able ? cmocka_run_group_tests_name("rekey", can, NULL, NULL) :
		cmocka_run_group_tests_name("rekey", cannot, NULL, NULL);
}
