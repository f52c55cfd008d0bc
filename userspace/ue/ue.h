/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of eftf-ue as a whole. */
#ifndef EFTF_UE_UE_H
#define EFTF_UE_UE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "backoff.h"
#include "changes.h"
#include "conf.h"
#include "detect.h"
#include "dhcp4.h"
#include "hook.h"
#include "instance.h"
#include "negotiate.h"
#include "outer.h"
#include "probe.h"
#include "renewal.h"
#include "signals.h"
#include "status.h"
#include "targets.h"
#include "tls.h"
#include "probe.h"
#include "recheck.h"
#include "tunnel.h"

enum eftf_exit {
	EFTF_EXIT_OK = 0,
	EFTF_EXIT_ERROR = 1,
	EFTF_EXIT_USAGE = 2,
	EFTF_EXIT_UNTRUSTED = 3,	/* --once */
	EFTF_EXIT_FIREWALL = 10,	/* --detect */
	EFTF_EXIT_NO_NETWORK = 11,	/* --detect */
	EFTF_EXIT_PORTAL = 12,		/* --detect */
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
	struct eftf_changes changes;
	struct eftf_instance instance;	/* of conf.device */
	struct eftf_tls_ctx *tls;
	struct eftf_detect detect;
	struct eftf_backoff backoff;
	struct eftf_targets targets[2];	/* the EFTF's addresses; the proxy's */
	struct eftf_tunnel tunnel;
	struct eftf_recheck recheck;	/* of the direct way, while there is a tunnel */
	struct eftf_dhcp_clients dhcp;	/* with the token and addresses to resume with */
	struct eftf_lease4 lease;	/* what is in force, by DHCP or static; address 0.0.0.0: IPv6 alone */
	struct eftf_renewal renewal, renewal6;
	struct eftf_hooks hooks;
	struct eftf_status status;
	bool told_up;			/* the hook knows of the lease */
	struct sockaddr_storage told_peer;	/* and of this outer peer */
	uint64_t mark;			/* of the network, when an attempt began or a tunnel ended */
};

/* What is known of the addresses of the way that was judged. */
static inline struct eftf_targets *eftf_targets_now(struct eftf_ue *ue)
{
	return &ue->targets[ue->detect.via_proxy];
}

/* ---- run.c: from the verdict to the tunnel and back ---- */

/*
 * What the configuration of this file names besides itself: certificates (*tls, to be
 * freed) and the identity of this UE (*dhcp), which may make a file; dhcp is NULL if that
 * is not wanted. old: before a reload; or NULL.
 */
int eftf_prepare(const struct eftf_ue_conf *conf, const char *file, const struct eftf_tls_ctx *old,
		 struct eftf_tls_ctx **tls,
		 struct eftf_dhcp4c *dhcp, struct eftf_err *err);
/*
 * The same for ue->conf. Revocation lists that are out of date are waited for, unless
 * once: there will be new ones, or the clock will be set. -EINTR: a signal ends that.
 */
int eftf_prepare_at_start(struct eftf_ue *ue, struct eftf_err *err);
/* Probes, judges and logs. Returns the step, or -EINTR. */
int eftf_judge(struct eftf_ue *ue);
/* What to ask of the P-CSCF and the media address: directly, without the control. */
struct eftf_probe_spec eftf_direct_probes(const struct eftf_ue_conf *conf);
/* Runs until SIGTERM, or with --once until the first failure or end. */
enum eftf_exit eftf_run(struct eftf_ue *ue);

/* Has the network changed since ue->mark, was the clock set, or did the machine sleep? Logs it. */
bool eftf_has_changed(struct eftf_ue *ue);

/* ---- recall.c: networks that are known ---- */

/* Is there a firewall here for all that is known, and which way led through it? Logs it. */
bool eftf_recall(struct eftf_ue *ue, bool *fallback);
/* The verdict firewall, if it was found out just now, and the way that has just led to a tunnel. */
void eftf_remember(struct eftf_ue *ue);
/* What was known of this network does not hold. */
void eftf_forget(struct eftf_ue *ue);

/* ---- send.c: what a child process does ---- */

/*
 * An outer connection by the way that was judged, and by link alone, if that is not
 * NULL, with leases in dhcp unless the address is static. Meanwhile the parent goes its rounds. eftf_outer_close() in any case.
 * FAILED with dhcp->v4.state REFUSED: the EFTF does not want us.
 */
enum eftf_attempt eftf_send_for_outer(struct eftf_ue *ue, const char *link,
				      const struct eftf_wish *wish, struct eftf_outer *o,
				      struct eftf_dhcp_clients *dhcp, struct eftf_err *err);
/* Probes for d. Returns the step; -EINTR; or another negative errno with err. */
int eftf_send_probes(struct eftf_ue *ue, const struct eftf_probe_spec *spec,
		     struct eftf_detect *d, struct eftf_err *err);

/* ---- leases.c: what is in force ---- */

/* The leases of the clients, which are bound or have none, are in force from now on. */
void eftf_take_lease(struct eftf_ue *ue, const struct eftf_dhcp_clients *dhcp);
/* The addresses of the configuration are, which has some. */
void eftf_take_configured(struct eftf_ue *ue);
/*
 * The lease that was renewed is in force from now on. The other family's stays as it is, whatever
 * its client is doing: it may be asking for the next one, or have asked in vain.
 */
void eftf_take_renewed(struct eftf_ue *ue, const struct eftf_renewal *r);

/* ---- up.c: one attempt, and its end ---- */

/*
 * One connection attempt up to a running tunnel. What failed is logged.
 * A signal that comes meanwhile ends it as FAILED.
 */
enum eftf_attempt eftf_up(struct eftf_ue *ue);
/* The hook is told of what is in force now. */
void eftf_tell_hook(struct eftf_ue *ue, enum eftf_hook_reason reason);
/* Of both families, as far as there are leases. */
void eftf_renewals_start(struct eftf_ue *ue);
void eftf_renewals_stop(struct eftf_ue *ue);
/* Device, tunnel, routes and renewal for ue->lease on a connection that is ready for it. */
int eftf_attach(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err);
/*
 * Ends the tunnel if there is one, and takes address, routes and link away.
 * for_good: it gives the lease back first.
 */
void eftf_down(struct eftf_ue *ue, bool for_good);

/* ---- direct_way.c: the direct way, while there is a tunnel ---- */

/* The tunnel is a new one. */
void eftf_direct_start(struct eftf_ue *ue);
/* When there is something to do: ms, UINT64_MAX: never. */
uint64_t eftf_direct_due(const struct eftf_ue *ue);
/*
 * Asks whether the direct way is open, and leaves the tunnel when it is and no call can be in it.
 * recheck.left tells that.
 */
void eftf_direct_step(struct eftf_ue *ue);

/* ---- watch.c, replace.c: the running tunnel ---- */

/*
 * Waits until fd (-1: none) has something to read, something else happens or until
 * (ms) has come, and does what is due meanwhile: for the running tunnel, for changes of the
 * network, for hooks, for who asks, for signals. Returns whether it is fd. Every wait of the parent that
 * may last is made of rounds.
 */
bool eftf_round(struct eftf_ue *ue, int fd, uint64_t until);
/* Watches the running tunnel until it ends (tunnel.id 0) or a signal comes. */
void eftf_watch(struct eftf_ue *ue);
/*
 * Replaces the outer connection of the running tunnel if that is asked for and
 * due: a new one is made and negotiated while the old one goes on. What failed
 * is logged. Afterwards there may be no tunnel any more.
 */
void eftf_replace_step(struct eftf_ue *ue);

#endif
