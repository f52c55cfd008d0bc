// SPDX-License-Identifier: GPL-2.0-or-later
/* Which network this is, and which way led out of it before. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "networks.h"
#include "ue.h"

/* After a start the router's hardware address is not known yet: so long it may take. */
#define MAC_MS 500
#define MAC_STEP_MS 50

static void file_of(const struct eftf_ue *ue, char path[256])
{
	snprintf(path, 256, "%s/%s.networks", ue->conf.state_dir, ue->conf.device);
}

static void load(const struct eftf_ue *ue, struct eftf_networks *nets)
{
	char path[256];
	struct eftf_err err;

	file_of(ue, path);
	if (eftf_networks_load(nets, path, &err))
		log_warn("%s: what was known of networks is found out anew", err.text);
}

static void save(const struct eftf_ue *ue, const struct eftf_networks *nets)
{
	char path[256];
	struct eftf_err err;

	file_of(ue, path);
	if (eftf_networks_save(nets, path, &err))
		log_warn("%s: this network is not remembered; see [detect] state_dir", err.text);
}

/* The default route of a family, beside the tunnel's own. */
static bool default_route(struct eftf_ue *ue, int family, struct eftf_route *hop)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
	struct eftf_err err;

	return !eftf_way_find(ue->changes.ask, ue->tunnel.device.ifindex, &any, hop, &err);
}

/* Waits for the router's hardware address, if that is allowed. */
static bool router_mac(struct eftf_ue *ue, const struct eftf_route *hop, bool wait, uint8_t mac[6])
{
	struct eftf_neigh router = { .ifindex = hop->ifindex, .family = AF_INET, .addr = hop->via };
	uint64_t until = eftf_now_ms() + MAC_MS;
	struct eftf_rt *rt = ue->changes.ask;
	struct eftf_err err;

	if (!eftf_rt_neigh_get(rt, &router, mac, &err))
		return true;
	if (!wait || eftf_rt_neigh_use(rt, &router, &err))
		return false;
	while (eftf_ms_left(until) > 0 && !ue->sig.stop && !ue->sig.reload) {
		eftf_round(ue, -1, eftf_now_ms() + MAC_STEP_MS);
		if (!eftf_rt_neigh_get(rt, &router, mac, &err))
			return true;
	}
	return false;
}

struct lowest {
	uint32_t ifindex;
	struct in6_addr addr;
	bool found;
};

static void on_addr(uint32_t ifindex, int family, const void *addr, void *arg)
{
	struct lowest *l = arg;

	if (family != AF_INET6 || ifindex != l->ifindex ||
	    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)addr) ||
	    (l->found && memcmp(addr, &l->addr, sizeof(l->addr)) >= 0))
		return;
	memcpy(&l->addr, addr, sizeof(l->addr));
	l->found = true;
}

/* Of several prefixes the lowest, since their order says nothing. */
static bool prefix_of(struct eftf_ue *ue, uint32_t ifindex, char text[INET6_ADDRSTRLEN])
{
	struct lowest l = { .ifindex = ifindex };
	struct eftf_err err;

	if (eftf_rt_addr_dump(ue->changes.ask, AF_INET6, on_addr, &l, &err) || !l.found)
		return false;
	memset(l.addr.s6_addr + 8, 0, 8);
	return inet_ntop(AF_INET6, &l.addr, text, INET6_ADDRSTRLEN) != NULL;
}

/* False: this network has nothing that it could be known by. */
static bool network_key(struct eftf_ue *ue, bool wait, char key[EFTF_NETWORKS_KEY])
{
	char link[IF_NAMESIZE], prefix[INET6_ADDRSTRLEN];
	struct eftf_route hop;
	uint8_t mac[6];

	if (default_route(ue, AF_INET, &hop) && hop.has_via &&
	    if_indextoname(hop.ifindex, link) && router_mac(ue, &hop, wait, mac)) {
		snprintf(key, EFTF_NETWORKS_KEY, "%s %02x:%02x:%02x:%02x:%02x:%02x", link, mac[0],
			 mac[1], mac[2], mac[3], mac[4], mac[5]);
		return true;
	}
	if (!default_route(ue, AF_INET6, &hop) || !if_indextoname(hop.ifindex, link) ||
	    !prefix_of(ue, hop.ifindex, prefix))
		return false;
	snprintf(key, EFTF_NETWORKS_KEY, "%s %s/64", link, prefix);
	return true;
}

static bool is_wanted(const struct eftf_ue *ue)
{
	return ue->conf.mode == EFTF_MODE_AUTO && ue->conf.remember;
}

bool eftf_recall(struct eftf_ue *ue, bool *fallback)
{
	const struct eftf_network *net = NULL;
	char key[EFTF_NETWORKS_KEY];
	struct eftf_networks nets;

	if (!is_wanted(ue))
		return false;
	load(ue, &nets);
	if (nets.n && network_key(ue, true, key))
		net = eftf_networks_find(&nets, key, (int64_t)time(NULL), ue->conf.remember);
	if (!net)
		return false;
	*fallback = net->fallback;
	log_info("known network: %s", key);
	return true;
}

void eftf_remember(struct eftf_ue *ue)
{
	const struct eftf_detect *d = &ue->detect;
	struct eftf_network net = { .fallback = d->via_fallback, .at = (int64_t)time(NULL) };
	struct eftf_networks nets;

	/* not a second time: what was not found out anew does not become younger */
	if (!is_wanted(ue) || d->verdict != EFTF_VERDICT_FIREWALL || d->remembered ||
	    !network_key(ue, false, net.key))
		return;
	load(ue, &nets);
	eftf_networks_put(&nets, &net);
	save(ue, &nets);
	log_debug("network %s is known from now on", net.key);
}

void eftf_forget(struct eftf_ue *ue)
{
	char key[EFTF_NETWORKS_KEY];
	struct eftf_networks nets;

	if (!is_wanted(ue))
		return;
	load(ue, &nets);
	if (nets.n && network_key(ue, false, key) && eftf_networks_drop(&nets, key))
		save(ue, &nets);
}
