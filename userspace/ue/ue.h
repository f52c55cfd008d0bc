/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of eftf-ue as a whole. */
#ifndef EFTF_UE_UE_H
#define EFTF_UE_UE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "backoff.h"
#include "conf.h"
#include "detect.h"
#include "device.h"
#include "dhcp4.h"
#include "nl.h"
#include "rekey.h"
#include "renewal.h"
#include "signals.h"
#include "swap.h"
#include "tls.h"

struct eftf_outer;

enum eftf_exit {
	EFTF_EXIT_OK = 0,
	EFTF_EXIT_ERROR = 1,
	EFTF_EXIT_USAGE = 2,
	EFTF_EXIT_UNTRUSTED = 3,
	EFTF_EXIT_FIREWALL = 10,	/* --detect */
	EFTF_EXIT_NO_NETWORK = 11,	/* --detect */
};

struct eftf_options {
	const char *conf;	/* file */
	const char *mode;	/* NULL: as configured */
	bool once, verbose;
};

struct eftf_ue {
	struct eftf_options options;
	struct eftf_ue_conf conf;
	struct eftf_signals sig;
	struct eftf_tls_ctx *tls;
	struct eftf_nl *nl, *events;
	struct eftf_rt *rt;
	struct eftf_detect detect;
	struct eftf_backoff backoff;
	struct eftf_device device;
	struct eftf_dhcp4c dhcp;	/* with the token and address to resume with */
	struct eftf_lease4 lease;	/* what is in force, by DHCP or static */
	struct eftf_renewal renewal;
	struct eftf_swap swap;
	struct eftf_rekey rekey;	/* of the tunnel's current connection */
	bool told_up;			/* the hook knows of the lease */
	uint32_t tunnel_id;		/* 0: no tunnel */
	uint64_t up_since;		/* ms */
	uint32_t down_reason;		/* enum eftf_reason, after the tunnel ended */
};

/*
 * One connection attempt up to a running tunnel. What failed is logged.
 * A signal that comes meanwhile ends it as FAILED.
 */
enum eftf_attempt eftf_up(struct eftf_ue *ue);
/* Device, tunnel and routes for ue->lease on a connection that is ready for it. */
int eftf_attach(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err);
/*
 * Replaces the outer connection of the running tunnel if that is asked for and
 * due: a new one is made and negotiated while the old one goes on. What failed
 * is logged. Afterwards there may be no tunnel any more.
 */
void eftf_swap_step(struct eftf_ue *ue);
/*
 * Ends the tunnel if there is one, and takes address, routes and link away.
 * After SIGTERM it gives the lease back first.
 */
void eftf_down(struct eftf_ue *ue);
/* Watches the running tunnel until it ends (tunnel_id 0) or a signal comes. */
void eftf_watch(struct eftf_ue *ue);
/* Reads what the module has to tell; tunnel_id is 0 afterwards if the tunnel ended. */
void eftf_read_events(struct eftf_ue *ue);
/* An event about a tunnel; for eftf_nl_events_read(), arg: struct eftf_ue *. */
void eftf_on_event(const struct eftf_tunnel_info *info, void *arg);

/* Probes, judges and logs. Returns the step, or -EINTR. */
int eftf_judge(struct eftf_ue *ue);

/*
 * What the configuration names besides itself: certificates (*tls, to be
 * freed) and the identity of this UE (*dhcp). old: before a reload; or NULL.
 */
int eftf_prepare(const struct eftf_ue_conf *conf, const struct eftf_tls_ctx *old,
		 struct eftf_tls_ctx **tls,
		 struct eftf_dhcp4c *dhcp, struct eftf_err *err);
/*
 * Privilege, kernel TLS and the module: one line with the remedy if missing.
 * Does nothing if it succeeded before.
 */
int eftf_preflight(struct eftf_ue *ue, struct eftf_err *err);
/* Runs until SIGTERM or a final error. */
enum eftf_exit eftf_run(struct eftf_ue *ue);

#endif
