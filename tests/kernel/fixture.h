/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixture of the kernel tests: each test runs in a fresh network namespace
 * with a device eftf0 and, on loopback, TCP connections whose one end is given
 * to the module while the other is the test's own.
 *
 *   test (user space TLS records) <--- loopback TCP ---> eftf0 (module) <--- UDP sockets of the test
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "ftt_ims.h"
#include "inner.h"
#include "nl.h"
#include "record.h"
#include "tap.h"

#define FX_UE "10.64.0.2"	/* inner address of the UE */
#define FX_GW "10.64.0.1"	/* inner address of the EFTF */
#define FX_DEV "eftf0"
#define FX_PATIENCE 30000	/* ms; emulated, checked kernels are slow */

struct fx {
	enum eftf_role role;
	uint32_t ifindex;
	struct eftf_rt *rt;
	struct eftf_nl *nl, *events;
	uint32_t id;		/* of the tunnel that fx_attach() made */
	struct rec peer;	/* the other end of its connection */
	struct tap *tap;	/* no plaintext, ever */
	bool short_of_memory;	/* by a test's will: then the tap misses packets, too */
	int udp;		/* a socket at the module's inner address */
	struct eftf_tunnel_info seen[64];	/* events that came, oldest first */
	unsigned int n_seen;
};

/*
 * cmocka set-up and tear-down; _ue and _gw choose the device's role, _tls12 the
 * version of TLS on every connection (else it is 1.3). The tear-down fails the
 * test if the module's side of a connection has sent anything but TLS records.
 */
int fx_setup_ue(void **state);
int fx_setup_gw(void **state);
int fx_setup_ue_tls12(void **state);
int fx_setup_gw_tls12(void **state);
int fx_teardown(void **state);
/* For cmocka's list: the test f with TLS 1.2, its name says so; role is ue or gw. */
#define FX_TLS12(f, role, teardown) {#f " (TLS 1.2)", f, fx_setup_##role##_tls12, teardown, NULL}

/* Makes the device anew, after it was deleted; fills fx->ifindex. */
void fx_device(struct fx *fx);

/* A connected TCP pair on loopback. */
void fx_tcp_pair(int *a, int *b);
/* A pair whose end *dut has kTLS as told; peer is the test's end. */
int fx_pair(struct rec *peer, int what);
/* Its close sends a reset, and leaves nothing behind: no TIME_WAIT. */
void fx_reset_on_close(int fd);
void fx_write(int fd, const void *data, size_t len);

/* The usual tunnel on a fresh pair; fills fx->id and fx->peer. */
void fx_attach(struct fx *fx);
struct eftf_tunnel_spec fx_spec(const struct fx *fx, int fd);
/* Attaches the socket; returns 0 or the negative errno, the text in err. */
int fx_attach_fd(struct fx *fx, int fd, struct eftf_err *err);

/* Changes the tunnel's settings. */
void fx_set(struct fx *fx, const struct eftf_tunnel_change *change);
/* ... keep-alive interval and timeout, s; 0: none. */
void fx_set_times(struct fx *fx, uint32_t keepalive, uint32_t timeout);

/* An envelope with a UDP packet from the peer's inner address to the module's. */
size_t fx_envelope(const struct fx *fx, uint8_t *out, const void *data, size_t len);
/* Sends it as one record. */
void fx_peer_says(struct fx *fx, const char *text);
/* Expects the text at the module's UDP socket. */
void fx_expect_udp(struct fx *fx, const char *text);
/* Sends from the module's UDP socket to the peer's inner address. */
void fx_dut_says(struct fx *fx, const char *text);
/* Expects an envelope with that text at the peer. */
void fx_expect_envelope(struct fx *fx, const char *text);
/* Sends packets of FX_STUFFING octets until not one more is taken and none leaves any more; the peer reads none. */
#define FX_STUFFING 1200
void fx_stuff(struct fx *fx);
/* Traffic both ways works. */
void fx_expect_alive(struct fx *fx);

/* Waits for an event of the tunnel; fails the test if it does not come. */
struct eftf_tunnel_info fx_event(struct fx *fx, uint8_t cmd);
/* The tunnel ends with this reason; its last description. */
struct eftf_tunnel_info fx_expect_down(struct fx *fx, enum eftf_reason reason);
/* The same where the event may get lost, which the listener must be told. */
void fx_expect_down_or_lost(struct fx *fx);
/* Expects an alert from the module, then its end of stream. */
void fx_expect_closed(struct fx *fx, uint8_t level, uint8_t description);

/* Events that came are not looked at any more. */
void fx_forget_events(struct fx *fx);

uint64_t fx_stat(struct fx *fx, enum eftf_stat which);
void fx_wait_stat(struct fx *fx, enum eftf_stat which, uint64_t value);
/* Waits until so many records are counted under the present key; the worker counts after it has sent or read. */
void fx_wait_records(struct fx *fx, enum eftf_direction direction, uint64_t records);
/*
 * Nothing came for a while: is there more to be expected? Yes while the child
 * that sends lives, and once more after its end; then *child is 0.
 */
bool fx_more_to_come(pid_t *child);
/* Each of n packets was seen once, but for those that the module counts as dropped from its queue. */
void fx_expect_each_once(struct fx *fx, const uint8_t *seen, uint32_t n);
struct eftf_tunnel_info fx_get(struct fx *fx);
/* The same where it may be gone: false, and *info all zeros. */
bool fx_find(struct fx *fx, struct eftf_tunnel_info *info, struct eftf_err *err);
void fx_wait_idle(struct fx *fx);	/* until nothing is queued any more */
unsigned int fx_count(struct fx *fx);	/* tunnels in the namespace */
/* Waits until there are n tunnels. */
void fx_wait_count(struct fx *fx, int ms, unsigned int n, const char *after);
/* Milliseconds of a clock that never goes back. */
int64_t fx_now(void);
/* It must be done now, so many milliseconds after start; a checked kernel is slow, and is given six times as long. */
void fx_expect_within(int64_t start, int ms, const char *what);
void fx_sleep(int ms);			/* for time to pass, not for things to happen */

#endif
