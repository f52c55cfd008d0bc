/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of DHCPv4 on the wire, for encoder, decoder and tests. */
#ifndef EFTF_DHCP4_WIRE_H
#define EFTF_DHCP4_WIRE_H

#define DHCP4_FIXED 236			/* op .. file */
#define DHCP4_MIN (DHCP4_FIXED + 4 + 1)	/* + cookie + end option */
#define DHCP4_BOOTP_MIN 300		/* RFC 1542 2.1: shorter ones are padded */
#define DHCP4_OFF_CHADDR 28
#define DHCP4_OFF_SNAME 44
#define DHCP4_OFF_FILE 108
#define DHCP4_SNAME_LEN 64
#define DHCP4_FILE_LEN 128
#define DHCP4_FLAG_BROADCAST 0x8000

/*
 * The link has no addresses. The one hardware type for which a standard says
 * "hlen 0, chaddr 0, the client identifier counts" is 32 (RFC 4390), and
 * servers know it.
 */
#define DHCP4_HTYPE 32

enum {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_MTU = 26,
	OPT_REQUESTED = 50,
	OPT_LEASE = 51,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER_ID = 54,
	OPT_PARAMS = 55,
	OPT_MESSAGE = 56,
	OPT_MAX_SIZE = 57,
	OPT_T1 = 58,
	OPT_T2 = 59,
	OPT_CLIENT_ID = 61,
	OPT_SIP = 120,
	OPT_ROUTES = 121,
	OPT_VENDOR = 125,
	OPT_END = 255,
};

#define SIP_NAMES 0			/* RFC 3361 3.1 */
#define SIP_ADDRS 1			/* RFC 3361 3.2 */
#define VENDOR_KEEPALIVE 1
#define VENDOR_TOKEN 2

#endif
