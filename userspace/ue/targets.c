// SPDX-License-Identifier: GPL-2.0-or-later
#include "targets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

/* IPv4 in IPv6, as sockets name their peer, becomes IPv4; the port goes. */
static struct sockaddr_storage plain(const struct sockaddr_storage *a)
{
	struct sockaddr_storage out = { 0 };
	const uint8_t *octets;

	switch (eftf_addr_octets(a, &octets)) {
	case 4:
		out.ss_family = AF_INET;
		memcpy(&((struct sockaddr_in *)&out)->sin_addr, octets, 4);
		break;
	case 16:
		out.ss_family = AF_INET6;
		memcpy(&((struct sockaddr_in6 *)&out)->sin6_addr, octets, 16);
		((struct sockaddr_in6 *)&out)->sin6_scope_id =
			((const struct sockaddr_in6 *)a)->sin6_scope_id;
		break;
	}
	return out;
}

static bool same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const uint8_t *x, *y;
	size_t len = eftf_addr_octets(a, &x);

	return len && len == eftf_addr_octets(b, &y) && !memcmp(x, y, len);
}

static struct eftf_target *find(struct eftf_targets *t, const struct sockaddr_storage *addr)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (same(&t->v[i].addr, addr))
			return &t->v[i];
	}
	return NULL;
}

void eftf_targets_of(struct eftf_targets *t, const char *host, unsigned int port)
{
	size_t len = strlen(host);

	/* the full stop that ends a whole name is not said to others */
	if (len && host[len - 1] == '.')
		len--;
	if (len == strlen(t->of.host) && !memcmp(host, t->of.host, len) && t->of.port == port)
		return;
	memset(t, 0, sizeof(*t));
	snprintf(t->of.host, sizeof(t->of.host), "%.*s", (int)len, host);
	t->of.port = port;
}

static void add(struct eftf_targets *t, const struct sockaddr_storage *addr, bool named,
		const struct eftf_target *known)
{
	const uint8_t *at;

	if (t->n < EFTF_TARGETS_MAX && eftf_addr_octets(addr, &at) && !find(t, addr))
		t->v[t->n++] = (struct eftf_target){
			.addr = *addr, .named = named, .failed = known && known->failed,
		};
}

void eftf_targets_resolved(struct eftf_targets *t, const struct sockaddr_storage *addrs, size_t n)
{
	struct eftf_targets before = *t;
	size_t i;

	t->n = 0;
	for (i = 0; i < n; i++) {
		struct sockaddr_storage a = plain(&addrs[i]);

		/* the last place is that of the one that worked */
		if (t->n == EFTF_TARGETS_MAX - 1 && before.good.ss_family && !find(t, &before.good))
			break;
		add(t, &a, true, find(&before, &a));
	}
	add(t, &before.good, false, find(&before, &before.good));
}

static bool all_failed(const struct eftf_targets *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!t->v[i].failed)
			return false;
	}
	return true;
}

size_t eftf_targets_begin(struct eftf_targets *t, struct sockaddr_storage *out)
{
	bool again = all_failed(t);
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		struct eftf_target *v = &t->v[i];

		if (again)
			v->failed = false;
		v->tried = !v->failed;
		if (!v->tried)
			continue;
		/* first, unless its name does not lead there any more */
		if (same(&v->addr, &t->good) && v->named) {
			memmove(out + 1, out, n * sizeof(*out));
			out[0] = v->addr;
			n++;
		} else {
			out[n++] = v->addr;
		}
	}
	return n;
}

void eftf_targets_unreachable(struct eftf_targets *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->v[i].failed = t->v[i].failed || t->v[i].tried;
}

void eftf_targets_failed(struct eftf_targets *t, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage a = plain(addr);
	struct eftf_target *v = find(t, &a);

	if (v)
		v->failed = true;
}

void eftf_targets_worked(struct eftf_targets *t, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage a = plain(addr);
	size_t i;

	if (!find(t, &a))
		return;
	t->good = a;
	for (i = 0; i < t->n; i++)
		t->v[i].failed = false;
}

bool eftf_targets_text(const struct eftf_targets *t, const struct sockaddr_storage *addrs, size_t n,
		       char out[EFTF_TARGETS_TEXT])
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *at;
	size_t i, len;

	if (!n || strchr(t->of.host, ':'))
		return false;
	len = (size_t)snprintf(out, EFTF_TARGETS_TEXT, "%s:%u:", t->of.host, t->of.port);
	for (i = 0; i < n; i++) {
		bool v6 = eftf_addr_octets(&addrs[i], &at) == 16;

		if (!inet_ntop(v6 ? AF_INET6 : AF_INET, at, text, sizeof(text)))
			return false;
		len += (size_t)snprintf(out + len, EFTF_TARGETS_TEXT - len, "%s%s%s%s",
					i ? "," : "", v6 ? "[" : "", text, v6 ? "]" : "");
	}
	return true;
}
