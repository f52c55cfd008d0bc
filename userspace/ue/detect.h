/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a tunnel needed? The flowchart of TS 33.203 Annex W.2.1 as a state
 * machine without I/O: results of probes and connection attempts in, the next
 * step out.
 *
 *   S0  policy: off -> direct; always -> S2; auto -> S1
 *   S1  probes in parallel: does signalling get through, by one of its transports; does IPsec; does media?
 *         all that is needed answered  -> open: no tunnel
 *         not, but the control did     -> firewall: S2
 *         nothing at all answered      -> no network: wait
 *         the same, and HTTP is led elsewhere -> portal: wait, evenly
 *         a way that worked on this network before, not long ago, goes first:
 *         firewall: S2; if it fails, S1 as if nothing were known
 *   S2  HTTP proxy configured? type II, else type I (TS 24.322 5.2.2.1)
 *   S3  type I or II connection, TLS
 *         no TCP to the EFTF           -> the environment's proxy if allowed, else wait
 *         certificate or name is wrong -> intercepted: wait, longer
 *         the same, or no TCP, and HTTP is led elsewhere -> portal
 *   S4  tunnel up
 */
#ifndef EFTF_UE_DETECT_H
#define EFTF_UE_DETECT_H

#include <stdbool.h>
#include <stddef.h>

enum eftf_mode { EFTF_MODE_AUTO, EFTF_MODE_ALWAYS, EFTF_MODE_OFF };

enum eftf_probe_kind {
	EFTF_PROBE_SIP_UDP,	/* OPTIONS to the P-CSCF */
	EFTF_PROBE_SIP_TCP,
	EFTF_PROBE_SIP_TLS,	/* a TLS handshake's begin with the P-CSCF */
	EFTF_PROBE_IPSEC,	/* IKE_SA_INIT in UDP, where ESP in UDP would go (TS 33.203 Annex M) */
	EFTF_PROBE_STUN,	/* Binding over UDP to the media address */
	EFTF_PROBE_CONTROL,	/* TCP to what a firewall lets through: EFTF or proxy */
	EFTF_PROBE_KINDS,
};

#define EFTF_PROBE_BIT(kind) (1u << (kind))
#define EFTF_DETAIL_TEXT 96

enum eftf_probe_result {
	EFTF_RESULT_NONE,	/* not asked for, or still under way */
	EFTF_RESULT_ANSWERED,
	EFTF_RESULT_SILENT,	/* nothing came before the deadline */
	EFTF_RESULT_REFUSED,	/* RST, or ICMP port unreachable */
	EFTF_RESULT_UNREACHABLE,/* no route, or an ICMP error */
	EFTF_RESULT_GARBLED,	/* something came that is no answer */
	EFTF_RESULT_PORTAL,	/* control: nothing came, and HTTP is led elsewhere; detail says where */
	EFTF_RESULT_FAILED,	/* could not be sent; detail says why */
};

struct eftf_evidence {
	enum eftf_probe_kind kind;
	enum eftf_probe_result result;
	unsigned int ms;	/* from the first send to the result */
	char target[272];	/* host:port */
	char detail[EFTF_DETAIL_TEXT];	/* "" or what the answer said */
};

enum eftf_verdict {
	EFTF_VERDICT_NONE,	/* not known yet */
	EFTF_VERDICT_OPEN,
	EFTF_VERDICT_FIREWALL,
	EFTF_VERDICT_NO_NETWORK,
	EFTF_VERDICT_INTERCEPTED,
	EFTF_VERDICT_PORTAL,	/* it wants a login before it lets anything pass */
	EFTF_VERDICT_UNTESTED,	/* mode off or always: nothing was probed */
};

enum eftf_detect_state {
	EFTF_S0_POLICY,
	EFTF_S1_PROBE,
	EFTF_S2_PROXY,
	EFTF_S3_TYPE1,
	EFTF_S3_TYPE2,
	EFTF_S4_UP,
};

enum eftf_detect_step {
	EFTF_STEP_PROBE,	/* run what is in pending; tell by eftf_detect_probed() */
	EFTF_STEP_DIRECT,	/* no tunnel; start again after the re-check time */
	EFTF_STEP_TUNNEL,	/* connect (via_proxy says how); tell by eftf_detect_tried() */
	EFTF_STEP_RUN,		/* the tunnel is up */
	EFTF_STEP_WAIT,		/* back off, then start again */
	EFTF_STEP_SHUN,		/* who answers is not the EFTF: back off for longer */
	EFTF_STEP_LOGIN,	/* a captive portal: look again and again, people log in when they like */
};

/* What came of a connection attempt. */
enum eftf_attempt {
	EFTF_ATTEMPT_UP,
	EFTF_ATTEMPT_NO_TCP,	/* nothing listens, or the proxy forbids it */
	EFTF_ATTEMPT_UNTRUSTED,	/* certificate or name is wrong */
	EFTF_ATTEMPT_PORTAL,	/* one of these two, by a captive portal */
	EFTF_ATTEMPT_FAILED,	/* later: TLS, no address, hand-off */
};

struct eftf_detect_policy {
	enum eftf_mode mode;
	unsigned int probes;	/* EFTF_PROBE_BIT()s that are configured */
	bool proxy;		/* an HTTP proxy is configured */
	bool proxy_fallback;	/* the environment's proxy may be tried after NO_TCP */
};

#define EFTF_DETECT_PATH 8	/* S0 S1 S2 S3-I S3-II S4 fit */

struct eftf_detect {
	struct eftf_detect_policy policy;
	enum eftf_detect_state path[EFTF_DETECT_PATH];	/* visited, the last is now */
	size_t n_path;
	enum eftf_verdict verdict;
	bool via_proxy;		/* TUNNEL: type II */
	bool via_fallback;	/* with the environment's proxy */
	bool remembered;	/* the verdict is of another time on this network */
	bool signalling_fails, ipsec_fails, media_fails;
	unsigned int pending;	/* EFTF_PROBE_BIT()s without result */
	struct eftf_evidence evidence[EFTF_PROBE_KINDS];
};

enum eftf_detect_step eftf_detect_start(struct eftf_detect *d,
					const struct eftf_detect_policy *policy);
/* The firewall is known, and fallback or not is the way that led through it: TUNNEL. */
enum eftf_detect_step eftf_detect_known(struct eftf_detect *d,
					const struct eftf_detect_policy *policy, bool fallback);
/*
 * One result. PROBE is returned while the verdict is open; it is given as
 * soon as no missing result can change it. A result that was not asked for,
 * or that comes a second time, changes nothing.
 */
enum eftf_detect_step eftf_detect_probed(struct eftf_detect *d,
					 const struct eftf_evidence *evidence);
/*
 * Only after the verdict no network: HTTP, which was asked for since, is led elsewhere, to where
 * (printable; "": it does not say). Returns LOGIN.
 */
enum eftf_detect_step eftf_detect_portal(struct eftf_detect *d, const char *where);
enum eftf_detect_step eftf_detect_tried(struct eftf_detect *d, enum eftf_attempt attempt);

#endif
