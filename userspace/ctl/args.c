// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments of eftfctl: pairs "name value" against a table. */
#include "args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define MAX_ARGS 16	/* rows of a table */

bool eftf_arg_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	size_t len = strlen(text);

	if (!len || strspn(text, "0123456789") != len)
		return false;
	errno = 0;
	*value = strtoull(text, NULL, 10);
	return !errno && *value >= min && *value <= max;
}

int eftf_arg_link(const char *what, const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && len < IFNAMSIZ && !strchr(name, '/') && strcmp(name, ".") &&
	    strcmp(name, ".."))
		return EFTF_CTL_OK;
	return eftf_ctl_error(EFTF_CTL_USAGE, "%s: \"%s\" cannot be a link's name (1 to %d octets, "
			      "no slash)", what, name, IFNAMSIZ - 1);
}

static int bad(const char *what, const struct eftf_arg *a, const char *text, const char *allowed)
{
	return eftf_ctl_error(EFTF_CTL_USAGE, "%s: %s \"%s\": must be %s", what, a->name, text,
			      allowed);
}

static int take_number(const char *what, const struct eftf_arg *a, const char *text)
{
	char allowed[80];
	uint64_t value;

	if (!eftf_arg_number(text, a->min, a->max, &value)) {
		snprintf(allowed, sizeof(allowed), "a number from %" PRIu64 " to %" PRIu64,
			 a->min, a->max);
		return bad(what, a, text, allowed);
	}
	if (a->type == EFTF_ARG_U32)
		*(uint32_t *)a->to = (uint32_t)value;
	else
		*(uint64_t *)a->to = value;
	return EFTF_CTL_OK;
}

static int take_fd(const char *what, const struct eftf_arg *a, const char *text)
{
	uint64_t value;

	if (!eftf_arg_number(text, 0, INT32_MAX, &value) || fcntl((int)value, F_GETFD) < 0)
		return bad(what, a, text, "the number of an open file descriptor that the "
			   "caller hands down");
	*(int *)a->to = (int)value;
	return EFTF_CTL_OK;
}

static int take_prefix6(const char *what, const struct eftf_arg *a, const char *text)
{
	struct eftf_arg_prefix6 *to = a->to;
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t plen = 128;

	if (len < sizeof(addr)) {
		memcpy(addr, text, len);
		addr[len] = '\0';
		if (inet_pton(AF_INET6, addr, &to->addr) == 1 &&
		    (!slash || eftf_arg_number(slash + 1, 1, 128, &plen))) {
			to->plen = (uint8_t)plen;
			return EFTF_CTL_OK;
		}
	}
	return bad(what, a, text, "an IPv6 address, or one with /1 to /128");
}

/* The next part of a list: up to a comma or the end. False after the last, or if it is too long. */
static bool next_part(const char **text, char *part, size_t size)
{
	size_t len;

	if (!*text)
		return false;
	len = strcspn(*text, ",");
	if (len >= size)
		len = 0;
	memcpy(part, *text, len);
	part[len] = '\0';
	*text = (*text)[strcspn(*text, ",")] ? *text + strcspn(*text, ",") + 1 : NULL;
	return true;
}

static int take_ports(const char *what, const struct eftf_arg *a, const char *text)
{
	struct eftf_link_ports *to = a->to;
	const char *rest = strcmp(text, "none") ? text : NULL;
	char part[16];
	uint64_t port;

	for (to->n = 0; next_part(&rest, part, sizeof(part)); to->v[to->n++] = (uint16_t)port)
		if (to->n == EFTF_SIP_PORTS_MAX || !eftf_arg_number(part, 1, 65535, &port))
			return bad(what, a, text, "none, or 1 to 8 ports, as 5060,5061");
	return EFTF_CTL_OK;
}

static int take_addrs(const char *what, const struct eftf_arg *a, const char *text)
{
	struct eftf_link_addrs *to = a->to;
	const char *rest = strcmp(text, "none") ? text : NULL;
	char part[INET6_ADDRSTRLEN + 8], mapped[INET6_ADDRSTRLEN + 16];

	for (to->n = 0; next_part(&rest, part, sizeof(part)); to->n++) {
		snprintf(mapped, sizeof(mapped), "%s%s", strchr(part, ':') ? "" : "::ffff:", part);
		if (to->n == EFTF_PCSCF_MAX || inet_pton(AF_INET6, mapped, &to->v[to->n]) != 1)
			return bad(what, a, text, "none, or 1 to 8 IPv4 or IPv6 addresses with "
				   "commas between them");
	}
	return EFTF_CTL_OK;
}

static int take_word(const char *what, const struct eftf_arg *a, const char *text)
{
	bool first;

	if (a->type == EFTF_ARG_ROLE) {
		first = !strcmp(text, "ue");
		if (!first && strcmp(text, "gw"))
			return bad(what, a, text, "ue or gw");
		*(int *)a->to = first ? EFTF_ROLE_UE : EFTF_ROLE_GW;
		return EFTF_CTL_OK;
	}
	first = !strcmp(text, "on");
	if (!first && strcmp(text, "off"))
		return bad(what, a, text, "on or off");
	*(bool *)a->to = first;
	return EFTF_CTL_OK;
}

static int take(const char *what, const struct eftf_arg *a, const char *text)
{
	switch (a->type) {
	case EFTF_ARG_NAME:
		*(const char **)a->to = text;
		return eftf_arg_link(what, text);
	case EFTF_ARG_U32:
	case EFTF_ARG_U64:
		return take_number(what, a, text);
	case EFTF_ARG_FD:
		return take_fd(what, a, text);
	case EFTF_ARG_IP4:
		if (inet_pton(AF_INET, text, a->to) != 1)
			return bad(what, a, text, "an IPv4 address");
		return EFTF_CTL_OK;
	case EFTF_ARG_IP6:
		if (inet_pton(AF_INET6, text, a->to) != 1)
			return bad(what, a, text, "an IPv6 address");
		return EFTF_CTL_OK;
	case EFTF_ARG_IP6_PREFIX:
		return take_prefix6(what, a, text);
	case EFTF_ARG_PORTS:
		return take_ports(what, a, text);
	case EFTF_ARG_ADDRS:
		return take_addrs(what, a, text);
	case EFTF_ARG_ONOFF:
	case EFTF_ARG_ROLE:
		return take_word(what, a, text);
	case EFTF_ARG_FLAG:
		return EFTF_CTL_OK;
	}
	return EFTF_CTL_USAGE;
}

static int unknown(const char *what, const char *word, const struct eftf_arg *args)
{
	char list[256] = "";
	FILE *to = fmemopen(list, sizeof(list), "w");
	size_t i;

	for (i = 0; to && args[i].name; i++)
		fprintf(to, "%s%s", i ? ", " : "", args[i].name);
	if (to)
		fclose(to);
	if (!args[0].name)
		return eftf_ctl_error(EFTF_CTL_USAGE, "%s: \"%s\" is too much: no more arguments "
				      "are allowed", what, word);
	return eftf_ctl_error(EFTF_CTL_USAGE, "%s: \"%s\" is not understood; allowed: %s", what,
			      word, list);
}

int eftf_args(const char *what, int argc, char **argv, const struct eftf_arg *args)
{
	bool seen[MAX_ARGS] = {false};
	size_t k;
	int i, ret;

	for (i = 0; i < argc; i++) {
		for (k = 0; args[k].name && strcmp(args[k].name, argv[i]); k++)
			;
		if (!args[k].name)
			return unknown(what, argv[i], args);
		if (seen[k])
			return eftf_ctl_error(EFTF_CTL_USAGE, "%s: %s is said twice", what,
					      args[k].name);
		seen[k] = true;
		if (args[k].given)
			*args[k].given = true;
		if (args[k].type == EFTF_ARG_FLAG)
			continue;
		if (++i == argc)
			return eftf_ctl_error(EFTF_CTL_USAGE, "%s: %s needs a value", what,
					      args[k].name);
		ret = take(what, &args[k], argv[i]);
		if (ret)
			return ret;
	}
	for (k = 0; args[k].name; k++)
		if (args[k].required && !seen[k])
			return eftf_ctl_error(EFTF_CTL_USAGE, "%s: %s is missing", what,
					      args[k].name);
	return EFTF_CTL_OK;
}
