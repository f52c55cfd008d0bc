/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of DHCPv6 on the wire, for encoder, decoder and tests. */
#ifndef EFTF_DHCP6_WIRE_H
#define EFTF_DHCP6_WIRE_H

#define DHCP6_HEADER 4			/* type, transaction */
#define DHCP6_OPTION 4			/* code, length */
#define DHCP6_IA_NA 12			/* IAID, T1, T2 in front of its options */
#define DHCP6_IAADDR 24			/* address and lifetimes in front of its options */
#define DHCP6_XID_MASK 0xffffffu

enum {
	OPT6_CLIENT_ID = 1,
	OPT6_SERVER_ID = 2,
	OPT6_IA_NA = 3,
	OPT6_IAADDR = 5,
	OPT6_ORO = 6,
	OPT6_ELAPSED = 8,
	OPT6_UNICAST = 12,
	OPT6_STATUS = 13,
	OPT6_RAPID_COMMIT = 14,
	OPT6_VENDOR = 17,
	OPT6_SIP_NAMES = 21,		/* RFC 3319 */
	OPT6_SIP_ADDRS = 22,
	OPT6_DNS = 23,			/* RFC 3646 */
	OPT6_DOMAINS = 24,
};

/* Sub-options as those of DHCPv4's vendor option, with two octets for each number. */
#define VENDOR6_KEEPALIVE 1
#define VENDOR6_TOKEN 2

#endif
