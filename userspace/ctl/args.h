/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of eftfctl: pairs "name value" against a table. */
#ifndef EFTF_CTL_ARGS_H
#define EFTF_CTL_ARGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum eftf_arg_type {
	EFTF_ARG_NAME,		/* const char *: a link's name, 1 to 15 octets */
	EFTF_ARG_U32,		/* uint32_t within min..max */
	EFTF_ARG_U64,		/* uint64_t within min..max */
	EFTF_ARG_FD,		/* int: an open file descriptor */
	EFTF_ARG_ONOFF,		/* bool: on or off */
	EFTF_ARG_ROLE,		/* int: enum eftf_role */
	EFTF_ARG_IP4,		/* struct in_addr */
	EFTF_ARG_IP6,		/* struct in6_addr */
	EFTF_ARG_IP6_PREFIX,	/* struct eftf_arg_prefix6: ADDRESS or ADDRESS/LENGTH */
	EFTF_ARG_PORTS,		/* struct eftf_link_ports: PORT,PORT... or none */
	EFTF_ARG_ADDRS,		/* struct eftf_link_addrs: ADDRESS,ADDRESS... of either family, or none */
	EFTF_ARG_FLAG,		/* no value: only *given is set */
};

struct eftf_arg_prefix6 {
	struct in6_addr addr;
	uint8_t plen;
};

struct eftf_arg {
	const char *name;
	enum eftf_arg_type type;
	void *to;
	bool *given;		/* may be NULL */
	bool required;
	uint64_t min, max;	/* U32, U64 */
};

/*
 * Takes argv apart; args ends with a NULL name. Every word must be understood
 * and nothing be said twice. what: for messages, "tunnel add". Returns
 * EFTF_CTL_OK, or EFTF_CTL_USAGE after the error line.
 */
int eftf_args(const char *what, int argc, char **argv, const struct eftf_arg *args);
/* The whole of text is a decimal number within min..max. */
bool eftf_arg_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* A link's name, also where it stands alone: EFTF_CTL_OK or EFTF_CTL_USAGE. */
int eftf_arg_link(const char *what, const char *name);

#endif
