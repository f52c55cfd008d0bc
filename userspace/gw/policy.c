/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define NFT_DEADLINE_MS 10000
#define NFT_POLL_NS 5000000

extern char **environ;

/* ---- text ------------------------------------------------------------------ */

/* nft knows letters, digits, '-', '_' and '.' in a name; a device's may have more. */
static void write_table_name(FILE *out, const char *device)
{
	fputs("inet eftf-gw-", out);
	for (; *device; device++)
		fputc(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			     *device) ? *device : '_', out);
}

/* In quotes; for a device, '*' at the end would mean any that begins so. */
static void write_device(FILE *out, const char *device)
{
	fputc('"', out);
	for (; *device; device++) {
		if (strchr("\"\\*", *device))
			fputc('\\', out);
		fputc(*device, out);
	}
	fputc('"', out);
}

static void write_prefix(FILE *out, struct in_addr addr, unsigned int plen)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr, text, sizeof(text));
	fprintf(out, "%s/%u", text, plen);
}

static void write_prefix6(FILE *out, const struct in6_addr *addr, unsigned int plen)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, addr, text, sizeof(text));
	fprintf(out, "%s/%u", text, plen);
}

static void write_element(FILE *out, size_t *n, struct in_addr addr, unsigned int plen)
{
	fputs((*n)++ ? ", " : "", out);
	write_prefix(out, addr, plen);
}

static void write_element6(FILE *out, size_t *n, const struct in6_addr *addr, unsigned int plen)
{
	fputs((*n)++ ? ", " : "", out);
	write_prefix6(out, addr, plen);
}

static bool has_reach(const struct eftf_gw_conf *c)
{
	return c->reach.n || c->reach.n6;
}

/* The configured prefixes; without them, all that the UEs are told of. */
static void write_reach(FILE *out, const struct eftf_gw_conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->reach.n; i++)
		write_element(out, &n, c->reach.p[i].base, c->reach.p[i].plen);
	if (has_reach(c))
		return;
	for (size_t i = 0; i < c->routes.n; i++)
		write_element(out, &n, c->routes.r[i].dest, c->routes.r[i].plen);
	for (size_t i = 0; i < c->dns.n; i++)
		write_element(out, &n, c->dns.a[i], 32);
	for (size_t i = 0; i < c->pcscf.addrs.n; i++)
		write_element(out, &n, c->pcscf.addrs.a[i], 32);
}

static void write_reach6(FILE *out, const struct eftf_gw_conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->reach.n6; i++)
		write_element6(out, &n, &c->reach.p6[i].base, c->reach.p6[i].plen);
	if (has_reach(c))
		return;
	for (size_t i = 0; i < c->routes.n6; i++)
		write_element6(out, &n, &c->routes.r6[i].base, c->routes.r6[i].plen);
	for (size_t i = 0; i < c->dns.n6; i++)
		write_element6(out, &n, &c->dns.a6[i], 128);
	for (size_t i = 0; i < c->pcscf.addrs.n6; i++)
		write_element6(out, &n, &c->pcscf.addrs.a6[i], 128);
}

static bool reaches_nothing4(const struct eftf_gw_conf *c)
{
	return has_reach(c) ? !c->reach.n : !c->routes.n && !c->dns.n && !c->pcscf.addrs.n;
}

static bool reaches_nothing6(const struct eftf_gw_conf *c)
{
	return has_reach(c) ? !c->reach.n6 : !c->routes.n6 && !c->dns.n6 && !c->pcscf.addrs.n6;
}

bool eftf_policy_reaches_nothing(const struct eftf_gw_conf *c)
{
	return reaches_nothing4(c) && reaches_nothing6(c);
}

static void write_set(FILE *out, const struct eftf_gw_conf *c, const char *name, const char *type,
		      bool empty, void (*elements)(FILE *out, const struct eftf_gw_conf *c))
{
	fprintf(out, "\tset %s {\n\t\ttype %s\n\t\tflags interval\n\t\tauto-merge\n", name, type);
	if (!empty) {
		fputs("\t\telements = { ", out);
		elements(out, c);
		fputs(" }\n", out);
	}
	fputs("\t}\n", out);
}

static void write_sets(FILE *out, const struct eftf_gw_conf *c)
{
	static const char *const counters[] = {
		"spoofed", "gateway_refused", "beyond_reach", "from_beyond", "ue_to_ue", "too_many_flows",
	};

	fputs("\tcomment \"by eftf-gw, which replaces and removes it\"\n", out);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		fprintf(out, "\tcounter %s { }\n", counters[i]);
	if (!c->ipv6_only)
		write_set(out, c, "reach", "ipv4_addr", reaches_nothing4(c), write_reach);
	if (c->pool6.n)
		write_set(out, c, "reach6", "ipv6_addr", reaches_nothing6(c), write_reach6);
	if (!c->max_flows)
		return;
	for (int v6 = c->ipv6_only; v6 <= (c->pool6.n != 0); v6++)
		fprintf(out, "\tset flows%s {\n\t\ttype ipv%c_addr\n\t\tsize %u\n\t\tflags dynamic\n\t}\n",
			v6 ? "6" : "", v6 ? '6' : '4', c->ranges.size);
}

static void write_pool(FILE *out, const struct eftf_gw_conf *c)
{
	size_t n = 0;

	fputs(c->pool.n > 1 ? "{ " : "", out);
	for (size_t i = 0; i < c->pool.n; i++)
		write_element(out, &n, c->pool.p[i].base, c->pool.p[i].plen);
	fputs(c->pool.n > 1 ? " }" : "", out);
}

static void write_pool6(FILE *out, const struct eftf_gw_conf *c)
{
	size_t n = 0;

	fputs(c->pool6.n > 1 ? "{ " : "", out);
	for (size_t i = 0; i < c->pool6.n; i++)
		write_element6(out, &n, &c->pool6.p[i].base, c->pool6.p[i].plen);
	fputs(c->pool6.n > 1 ? " }" : "", out);
}

static void write_to_gateway6(FILE *out, const struct eftf_gw_conf *c)
{
	char gateway[INET6_ADDRSTRLEN], from[64] = "";

	if (!c->pool6.n)
		return;
	inet_ntop(AF_INET6, &c->gateway6, gateway, sizeof(gateway));
	/* of a /64 the UE's own address alone: each source that is let in takes room in the connection tracking */
	if (c->pool6_each == 64)
		snprintf(from, sizeof(from), "ip6 saddr & ::ffff:ffff:ffff:ffff == ::%x ", EFTF_GW_IN_64);
	fputs("\t\tip6 saddr != ", out);
	write_pool6(out, c);
	fputs(" counter name spoofed drop\n", out);
	fprintf(out,
		"\t\t%sip6 daddr { %s, ff02::1:2 } udp dport 547 accept\n"
		"\t\t%sip6 daddr %s icmpv6 type echo-request accept\n", from, gateway, from, gateway);
}

static void write_to_gateway4(FILE *out, const struct eftf_gw_conf *c)
{
	char gateway[INET_ADDRSTRLEN];

	if (c->ipv6_only)
		return;
	inet_ntop(AF_INET, &c->gateway, gateway, sizeof(gateway));
	fputs("\t\tip saddr != ", out);
	write_pool(out, c);
	fputs(" counter name spoofed drop\n", out);
	fprintf(out,
		"\t\tip daddr { %s, 255.255.255.255 } udp dport 67 accept\n"
		"\t\tip daddr %s icmp type echo-request accept\n", gateway, gateway);
}

static void write_to_gateway(FILE *out, const struct eftf_gw_conf *c)
{
	fputs("\tchain to_gateway {\n", out);
	write_to_gateway4(out, c);
	write_to_gateway6(out, c);
	fputs("\t\tct state established,related accept\n"
	      "\t\tcounter name gateway_refused drop\n"
	      "\t}\n", out);
}

/* What is said of each family alike; nft's words for it in *f. */
struct family {
	const char *ip, *n;		/* "ip", "ip6"; what the names of its sets end with */
	void (*pool)(FILE *out, const struct eftf_gw_conf *c);
};

static const struct family families[] = { { "ip", "", write_pool }, { "ip6", "6", write_pool6 } };

/* Those that there is a pool of: families[] from the first one to before the other. */
static size_t first_family(const struct eftf_gw_conf *c)
{
	return c->ipv6_only ? 1 : 0;
}

static size_t n_families(const struct eftf_gw_conf *c)
{
	return c->pool6.n ? 2 : 1;
}

/* What is of the family without a pool. */
static void write_other_family(FILE *out, const struct eftf_gw_conf *c, const char *counter)
{
	if (c->ipv6_only || !c->pool6.n)
		fprintf(out, "\t\tmeta nfproto != ipv%c counter name %s drop\n", c->ipv6_only ? '6' : '4', counter);
}

static void write_if_pool(FILE *out, const struct eftf_gw_conf *c, const struct family *f,
			  const char *what, const char *then)
{
	fprintf(out, "%s %s ", f->ip, what);
	f->pool(out, c);
	fputs(then, out);
}

static void write_bounds(FILE *out, const struct eftf_gw_conf *c, const struct family *f)
{
	/* also what comes back by another way, through a second gateway of the same pool */
	if (!c->ue_to_ue) {
		fputs("\t\t", out);
		write_if_pool(out, c, f, "daddr", " counter name ue_to_ue drop\n");
	}
	fprintf(out, "\t\t%s daddr != @reach%s counter name beyond_reach drop\n", f->ip, f->n);
	if (c->max_flows)
		/* of all addresses of a UE together */
		fprintf(out, "\t\tct state new add @flows%s { %s saddr%s ct count over %u } counter name too_many_flows drop\n",
			f->n, f->ip, f->n[0] && c->pool6_each == 64 ? " & ffff:ffff:ffff:ffff::" : "", c->max_flows);
}

static void write_from_ue(FILE *out, const struct eftf_gw_conf *c)
{
	fputs("\tchain from_ue {\n", out);
	write_other_family(out, c, "beyond_reach");
	for (size_t i = first_family(c); i < n_families(c); i++) {
		fputs("\t\t", out);
		write_if_pool(out, c, &families[i], "saddr !=", " counter name spoofed drop\n");
	}
	fputs("\t\toifname ", out);
	write_device(out, c->device);
	fputs(c->ue_to_ue ? " accept\n" : " counter name ue_to_ue drop\n", out);
	for (size_t i = first_family(c); i < n_families(c); i++)
		write_bounds(out, c, &families[i]);
	fputs("\t}\n", out);
}

static void write_to_ue(FILE *out, const struct eftf_gw_conf *c)
{
	fputs("\tchain to_ue {\n\t\tct state established,related accept\n", out);
	write_other_family(out, c, "from_beyond");
	for (size_t i = first_family(c); i < n_families(c); i++)
		fprintf(out, "\t\t%s saddr != @reach%s counter name from_beyond drop\n",
			families[i].ip, families[i].n);
	fputs("\t}\n", out);
}

/* Nothing but the device may bring the UEs' addresses as sources. */
static void write_base_chain(FILE *out, const struct eftf_gw_conf *c, const char *hook)
{
	fprintf(out, "\tchain %s {\n\t\ttype filter hook %s priority filter - 5; policy accept;\n\t\tiifname ",
		hook, hook);
	write_device(out, c->device);
	fprintf(out, " jump %s\n", hook[0] == 'i' ? "to_gateway" : "from_ue");
	for (size_t i = first_family(c); i < n_families(c); i++) {
		fputs("\t\tiifname != { \"lo\", ", out);
		write_device(out, c->device);
		fputs(" } ", out);
		write_if_pool(out, c, &families[i], "saddr", " counter name spoofed drop\n");
	}
	if (hook[0] == 'f') {
		fputs("\t\tiifname != ", out);
		write_device(out, c->device);
		fputs(" oifname ", out);
		write_device(out, c->device);
		fputs(" jump to_ue\n", out);
	}
	fputs("\t}\n", out);
}

static void write_removal(FILE *out, const char *device)
{
	/* The first line makes the second one right whether there was a table or not. */
	fputs("table ", out);
	write_table_name(out, device);
	fputs("\ndelete table ", out);
	write_table_name(out, device);
	fputc('\n', out);
}

void eftf_policy_write(FILE *out, const struct eftf_gw_conf *c)
{
	write_removal(out, c->device);
	if (c->policy == EFTF_GW_POLICY_OPEN)
		return;
	fputs("table ", out);
	write_table_name(out, c->device);
	fputs(" {\n", out);
	write_sets(out, c);
	write_to_gateway(out, c);
	write_from_ue(out, c);
	write_to_ue(out, c);
	write_base_chain(out, c, "input");
	write_base_chain(out, c, "forward");
	fputs("}\n", out);
}

/* ---- nft ------------------------------------------------------------------- */

static int spawn_nft(pid_t *pid, int in, int out)
{
	static char *argv[] = { "nft", "-f", "-", NULL };
	posix_spawn_file_actions_t actions;
	int ret = posix_spawn_file_actions_init(&actions);

	if (ret)
		return ret;
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	ret = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	if (ret == ENOENT)		/* a PATH without sbin */
		ret = posix_spawn(pid, "/usr/sbin/nft", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* Returns the status of waitpid(), or -1: it took too long, and was killed. */
static int wait_for(pid_t pid)
{
	uint64_t deadline = eftf_now_ms() + NFT_DEADLINE_MS;
	struct timespec pause = { .tv_nsec = NFT_POLL_NS };
	int status = -1;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (!eftf_ms_left(deadline)) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

/* nft's first line says what and where; further ones point at columns. */
static void first_line(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
}

static int run_nft(const char *text, int in, int out, struct eftf_err *err)
{
	size_t len = strlen(text);
	char why[200];
	int status, ret;
	pid_t pid;

	if (write(in, text, len) != (ssize_t)len || lseek(in, 0, SEEK_SET) < 0)
		return eftf_err_set(err, EIO, "text for nft: %s", strerror(errno));
	ret = spawn_nft(&pid, in, out);
	if (ret)
		return eftf_err_set(err, ret,
				    "nft, which loads the policy for the UEs: %s: install nftables, or set gateway.policy = open",
				    strerror(ret));
	status = wait_for(pid);
	if (status == 0)
		return 0;
	if (status == -1)
		return eftf_err_set(err, ETIMEDOUT, "nft did not load the policy in %d s",
				    NFT_DEADLINE_MS / 1000);
	first_line(out, why, sizeof(why));
	return eftf_err_set(err, EPERM, "nft does not load the policy for the UEs: %s", why);
}

static int feed_nft(const char *text, struct eftf_err *err)
{
	int in = memfd_create("policy", MFD_CLOEXEC), out = memfd_create("nft", MFD_CLOEXEC), ret;

	if (in < 0 || out < 0)
		ret = eftf_err_set(err, errno, "memory for the policy: %s", strerror(errno));
	else
		ret = run_nft(text, in, out, err);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return ret;
}

/* ---- life ------------------------------------------------------------------ */

static char *to_text(const struct eftf_gw_conf *conf, bool removal)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (removal)
		write_removal(f, conf->device);
	else
		eftf_policy_write(f, conf);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

int eftf_policy_load(struct eftf_policy *p, const struct eftf_gw_conf *conf, struct eftf_err *err)
{
	char *text = to_text(conf, false), *removal = p->removal ? NULL : to_text(conf, true);
	int ret;

	if (!text || (!p->removal && !removal)) {
		free(text);
		free(removal);
		return eftf_err_set(err, ENOMEM, "no memory for the policy");
	}
	if (!p->removal)
		p->removal = removal;
	if (conf->policy == EFTF_GW_POLICY_STRICT && eftf_policy_reaches_nothing(conf))
		log_warn("policy = strict: the UEs reach nothing: set gateway.reach, routes or pcscf");
	ret = p->loaded && !strcmp(p->loaded, text) ? 0 : feed_nft(text, err);
	/* Without nft there is no table of ours to remove either. */
	if (ret == -ENOENT && conf->policy == EFTF_GW_POLICY_OPEN)
		ret = 0;
	if (ret) {
		free(text);
		return ret;
	}
	free(p->loaded);
	p->loaded = text;
	return 0;
}

void eftf_policy_close(struct eftf_policy *p, bool stays)
{
	struct eftf_err err;

	/* as long as the text of its removal alone it is not there */
	if (!stays && p->loaded && strcmp(p->loaded, p->removal) && feed_nft(p->removal, &err))
		log_warn("the policy stays: %s", err.text);
	free(p->loaded);
	free(p->removal);
	*p = (struct eftf_policy){ NULL, NULL };
}
