// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection attempt: TCP, TLS, address, hand-off, routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "hook.h"
#include "keepalive.h"
#include "log.h"
#include "negotiate.h"
#include "outer.h"
#include "swap.h"
#include "ue.h"

static void static_lease(struct eftf_ue *ue)
{
	struct eftf_lease4 *l = &ue->lease;
	uint8_t plen = ue->conf.static_addr.plen;

	memset(l, 0, sizeof(*l));
	l->address = ue->conf.static_addr.addr;
	l->router = ue->conf.gateway.addr;
	l->server = ue->conf.gateway.addr;
	l->mask.s_addr = htonl(0xffffffffu << (32 - plen));
	l->seconds = l->t1 = l->t2 = 0xffffffffu;
}

/* The hook is told of an address that goes before it is told of the next one. */
static void tell_down(struct eftf_ue *ue, unsigned int timeout_ms)
{
	struct eftf_hook_info info = {
		.reason = "down", .device = ue->conf.device, .lease = &ue->lease,
		.mtu = ue->device.mtu,
	};

	if (ue->told_up)
		eftf_hook_run(ue->conf.hook, &info, NULL, timeout_ms);
	ue->told_up = false;
}

static int get_lease(struct eftf_ue *ue, int fd, struct eftf_err *err)
{
	int ret;

	if (ue->conf.static_addr.set) {
		static_lease(ue);
		return 0;
	}
	ue->dhcp.keepalive = (uint16_t)ue->conf.keepalive;
	ret = eftf_negotiate_lease(fd, &ue->dhcp, NULL, &ue->sig, err);
	if (ret == -EACCES) {
		/* what was refused may have been the old address */
		explicit_bzero(ue->dhcp.token, sizeof(ue->dhcp.token));
		ue->dhcp.has_token = false;
		ue->dhcp.previous.s_addr = 0;
	}
	if (ret)
		return ret;
	if (ue->told_up && ue->lease.address.s_addr != ue->dhcp.lease.address.s_addr) {
		log_info("the EFTF gave another address than before");
		tell_down(ue, EFTF_HOOK_MS);
	}
	ue->lease = ue->dhcp.lease;
	return 0;
}

static uint32_t keepalive_of(const struct eftf_ue *ue)
{
	uint32_t s = ue->lease.keepalive ? ue->lease.keepalive : ue->conf.keepalive;

	if (s < EFTF_KEEPALIVE_MIN)
		s = EFTF_KEEPALIVE_MIN;
	return s > EFTF_KEEPALIVE_MAX ? EFTF_KEEPALIVE_MAX : s;
}

static uint32_t timeout_of(const struct eftf_ue *ue)
{
	uint32_t keepalive = keepalive_of(ue);

	/* a timeout that the EFTF's interval has overtaken would end every idle tunnel */
	return ue->conf.timeout > keepalive ? ue->conf.timeout : eftf_keepalive_timeout(keepalive);
}

static int set_device(struct eftf_ue *ue, struct eftf_err *err)
{
	struct eftf_value_prefix addr = { .addr = ue->lease.address, .plen = 32, .set = true };
	uint32_t mtu = ue->conf.mtu ? ue->conf.mtu : ue->lease.mtu;
	int ret;

	if (ue->conf.static_addr.set)
		addr.plen = ue->conf.static_addr.plen;
	ret = eftf_device_open(&ue->device, ue->conf.device, mtu, err);
	return ret ? ret : eftf_device_set_address(&ue->device, &addr, err);
}

static int hand_off(struct eftf_ue *ue, int fd, struct eftf_err *err)
{
	struct eftf_tunnel_spec spec = {
		.ifindex = ue->device.ifindex, .fd = fd,
		.has_inner4 = true, .inner4 = ue->lease.address,
		.gateway4 = ue->lease.router.s_addr ? ue->lease.router : ue->lease.server,
		.keepalive = keepalive_of(ue), .timeout = timeout_of(ue),
		.negotiated = !ue->conf.static_addr.set,
		.record_limit = ue->conf.record_limit,
	};

	spec.has_gateway4 = spec.gateway4.s_addr != 0;
	/* an event of an earlier tunnel must not be taken for one of this */
	eftf_read_events(ue);
	if (!ue->nl)
		return eftf_err_set(err, ENOENT, "kernel module eftf was unloaded");
	return eftf_nl_tunnel_new(ue->nl, &spec, &ue->tunnel_id, err);
}

static void log_up(const struct eftf_ue *ue)
{
	char address[INET_ADDRSTRLEN] = "?", pcscf[EFTF_DHCP4_MAX_ADDRS * 18 + 1] = "";
	size_t i, len = 0;

	inet_ntop(AF_INET, &ue->lease.address, address, sizeof(address));
	for (i = 0; i < ue->lease.n_sip && len + 18 < sizeof(pcscf); i++) {
		len += (size_t)snprintf(pcscf + len, sizeof(pcscf) - len, "%s", i ? ", " : "");
		inet_ntop(AF_INET, &ue->lease.sip[i], pcscf + len,
			  (socklen_t)(sizeof(pcscf) - len));
		len += strlen(pcscf + len);
	}
	log_info("tunnel up: %s via %s, keep-alive %u s%s%s", address, ue->device.name,
		 keepalive_of(ue), len || ue->lease.sip_name[0] ? ", P-CSCF " : "",
		 len ? pcscf : ue->lease.sip_name);
}

static void tell_up(struct eftf_ue *ue)
{
	struct eftf_hook_info info = {
		.reason = "up", .device = ue->device.name, .lease = &ue->lease,
		.mtu = ue->device.mtu,
	};

	if (!ue->told_up)
		eftf_hook_run(ue->conf.hook, &info, &ue->sig, EFTF_HOOK_MS);
	ue->told_up = true;
}

int eftf_attach(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	struct eftf_routes plan;
	int ret;

	ret = set_device(ue, err);
	if (!ret)
		ret = hand_off(ue, o->fd, err);
	if (ret)
		return ret;
	eftf_routes_plan(&plan, &ue->lease, &ue->conf.routes);
	ret = eftf_device_set_routes(&ue->device, &plan, &o->peer, err);
	if (ret) {
		eftf_nl_tunnel_del(ue->nl, ue->device.ifindex, ue->tunnel_id, NULL);
		ue->tunnel_id = 0;
		return ret;
	}
	ue->up_since = eftf_now_ms();
	ue->down_reason = EFTF_REASON_NONE;
	eftf_swap_reset(&ue->swap);
	eftf_rekey_set(&ue->rekey, eftf_outer_take_parked(o, ue), 1);
	eftf_renewal_start(&ue->renewal, ue->conf.static_addr.set ? NULL : &ue->dhcp,
			   ue->device.name);
	return 0;
}

enum eftf_attempt eftf_up(struct eftf_ue *ue)
{
	struct eftf_outer o = { .fd = -1 };
	enum eftf_attempt attempt;
	struct eftf_err err;

	if (eftf_preflight(ue, &err)) {
		attempt = EFTF_ATTEMPT_FAILED;
		goto out;
	}
	attempt = eftf_outer_open(ue, &o, &err);
	if (attempt != EFTF_ATTEMPT_UP)
		goto out;
	if (get_lease(ue, o.fd, &err) || eftf_attach(ue, &o, &err)) {
		eftf_channel_close_notify(o.fd);
		attempt = EFTF_ATTEMPT_FAILED;
		goto out;
	}
	log_up(ue);
	tell_up(ue);
out:
	eftf_outer_close(&o);
	if (ue->sig.stop || ue->sig.reload)
		return attempt == EFTF_ATTEMPT_UP ? attempt : EFTF_ATTEMPT_FAILED;
	if (attempt != EFTF_ATTEMPT_UP)
		log_error("%s", err.text);
	return attempt;
}

void eftf_down(struct eftf_ue *ue)
{
	struct eftf_err err;

	/* for good: the address need not wait for us; the module sends it before close_notify */
	if (ue->tunnel_id && ue->sig.stop)
		eftf_renewal_release(&ue->renewal);
	eftf_renewal_stop(&ue->renewal);
	if (ue->tunnel_id &&
	    eftf_nl_tunnel_del(ue->nl, ue->device.ifindex, ue->tunnel_id, &err))
		log_debug("tunnel: %s", err.text);
	ue->tunnel_id = 0;
	eftf_rekey_set(&ue->rekey, NULL, 0);
	tell_down(ue, ue->sig.stop ? EFTF_HOOK_STOP_MS : EFTF_HOOK_MS);
	eftf_device_close(&ue->device);
}
