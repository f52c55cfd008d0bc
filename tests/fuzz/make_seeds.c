// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp4_codec.c lib/dhcp6_codec.c lib/dhcp_octets.c lib/inner.c lib/inner6.c lib/sip_probe.c lib/stun.c */
/* libs: -lmnl */
/*
 * Inputs for the fuzz targets to begin with, made by the project's own
 * encoders: make_seeds FOLDER writes FOLDER/TARGET/NUMBER.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "dhcp4.h"
#include "dhcp6.h"
#include "ftt_ims.h"
#include "inner.h"
#include "inner6.h"
#include "nl_build.h"
#include "sip_probe.h"
#include "stun.h"

#define ID "twelve octet"

static const char *folder;

static void seed(const char *target, const void *data, size_t len)
{
	static unsigned int number;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%u", folder, target, number++);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* The octets in front of the input proper, as the target takes them. */
static void seed_with(const char *target, const char *head, size_t head_len, const void *data,
		      size_t len)
{
	uint8_t all[8192];

	memcpy(all, head, head_len);
	memcpy(all + head_len, data, len);
	seed(target, all, head_len + len);
}

static void envelopes(void)
{
	static const char payload[] = "0123456789abcdef";
	struct eftf_inner_udp udp = {.sport = 68, .dport = 67, .data = (const uint8_t *)payload,
				     .len = sizeof(payload)};
	static const uint8_t ip6[48] = {0x60, [5] = 8, [6] = 17, [7] = 64, [8] = 0xfd, [24] = 0xfd};
	uint8_t out[512], with[600] = {0}, large[3 + 5003] = {0};
	size_t n = eftf_inner_build(out + 3, sizeof(out) - 3, &udp), at;

	seed_with("inner", "\0", 1, out + 3, n);
	seed_with("inner", "\3", 1, out + 3, n);
	seed_with("check_ip", "\0\54", 2, out + 3, n);
	seed_with("check_ip", "\0\60", 2, ip6, sizeof(ip6));
	ftt_ims_put_header(out, FTT_IMS_TYPE_IP, n);
	at = n + 3;
	ftt_ims_put_header(out + at, FTT_IMS_TYPE_IP, 0);
	at += 3;
	ftt_ims_put_header(out + at, 77, 5);
	memset(out + at + 3, 'x', 5);
	at += 8;
	seed_with("envelope", "\1\2\0", 3, out, at);
	seed_with("envelope", "\1\2\1", 3, out, at);
	memcpy(with, "\1\0\5", 3);
	memcpy(with + 3, out, 5);
	with[8] = 1;
	with[10] = (uint8_t)(at - 5);
	memcpy(with + 11, out + 5, at - 5);
	/* a ticket of 2 octets, a close_notify */
	memcpy(with + 6 + at, "\2\0\6\4\0\0\2xx\4\0\2\1\0", 14);
	seed("channel", with, at + 20);
	/* longer than what the channel keeps */
	memcpy(large, "\1\x13\x8b", 3);
	ftt_ims_put_header(large + 3, FTT_IMS_TYPE_IP, sizeof(large) - 6);
	seed("channel", large, sizeof(large));
	memcpy(out + at, "\1\0\2", 3);
	seed_with("envelope", "\3\4\7", 3, out, at + 3);
}

static uint32_t lease = 3600;

static void fill(struct eftf_dhcp4_msg *m, enum eftf_dhcp4_type type)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->reply = type == EFTF_DHCP4_OFFER || type == EFTF_DHCP4_ACK || type == EFTF_DHCP4_NAK;
	m->xid = 0x12345678;
	memcpy(m->client_id, "\377eftf", 5);
	m->client_id_len = 5;
	m->has_server_id = m->reply || type == EFTF_DHCP4_RELEASE;
	m->server_id.s_addr = htonl(0x0a400001);
	m->has_requested = type == EFTF_DHCP4_REQUEST;
	m->requested.s_addr = htonl(0x0a400002);
	m->has_keepalive = true;
	m->keepalive = 60;
	m->token_len = type == EFTF_DHCP4_ACK ? 74 : 0;
	if (type == EFTF_DHCP4_NAK)
		memcpy(m->message, "no", 3);
	if (!m->reply || type == EFTF_DHCP4_NAK)
		return;
	m->yiaddr.s_addr = htonl(0x0a400002);
	m->has_mask = m->has_router = m->has_mtu = m->has_lease = m->has_t1 = m->has_t2 = true;
	m->mask.s_addr = htonl(0xffff0000);
	m->router = m->server_id;
	m->mtu = 1400;
	m->lease = lease;
	m->t1 = 1800;
	m->t2 = 3150;
	m->n_dns = 2;
	memcpy(m->sip_name, "pcscf.ims.example", 18);
	m->n_routes = 2;
	m->routes[0].plen = 8;
	m->routes[0].dest.s_addr = htonl(0x0a000000);
}

static size_t put_block(uint8_t *out, uint8_t how, const uint8_t *data, size_t len)
{
	out[0] = how;
	out[1] = (uint8_t)(len >> 8);
	out[2] = (uint8_t)len;
	memcpy(out + 3, data, len);
	return len + 3;
}

/* A conversation: each message is preceded by what to do with it. */
static void conversation(const char *target, const enum eftf_dhcp4_type *types, size_t n,
			 uint8_t how, size_t head)
{
	uint8_t all[8192] = {0}, msg[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;
	size_t at = head;

	for (size_t i = 0; i < n; i++) {
		fill(&m, types[i]);
		at += put_block(all + at, how, msg, eftf_dhcp4_encode(msg, sizeof(msg), &m,
								      EFTF_ENTERPRISE_DEFAULT));
	}
	seed(target, all, at);
}

static void dhcp4(void)
{
	static const enum eftf_dhcp4_type good[] = {EFTF_DHCP4_OFFER, EFTF_DHCP4_ACK};
	static const enum eftf_dhcp4_type refused[] = {EFTF_DHCP4_OFFER, EFTF_DHCP4_NAK};
	static const enum eftf_dhcp4_type all[] = {
		EFTF_DHCP4_DISCOVER, EFTF_DHCP4_REQUEST, EFTF_DHCP4_INFORM, EFTF_DHCP4_REQUEST,
		EFTF_DHCP4_RELEASE, EFTF_DHCP4_DISCOVER, EFTF_DHCP4_DECLINE,
	};
	uint8_t msg[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;

	for (int type = EFTF_DHCP4_DISCOVER; type <= EFTF_DHCP4_INFORM; type++) {
		fill(&m, type);
		seed("dhcp4", msg, eftf_dhcp4_encode(msg, sizeof(msg), &m,
						     EFTF_ENTERPRISE_DEFAULT));
	}
	/* the longest name of a SIP server that a message can hold */
	fill(&m, EFTF_DHCP4_ACK);
	for (int i = 0; i < 253; i++)
		m.sip_name[i] = i % 64 == 63 ? '.' : 'a';
	seed("dhcp4", msg, eftf_dhcp4_encode(msg, sizeof(msg), &m, EFTF_ENTERPRISE_DEFAULT));
	conversation("dhcp4_client", good, 2, 0x15, 0);
	conversation("dhcp4_client", refused, 2, 0x15, 0);
	lease = 0;
	conversation("dhcp4_client", good, 2, 0x15, 0);
	/* 12: address and server of the conversation are put in */
	conversation("dhcp4_server", all, 7, 12, 1);
	conversation("dhcp4_server", all, 7, 0, 1);
}

/* One of each type, with all that a message can have. */
static size_t message6(uint8_t *out, enum eftf_dhcp6_type type)
{
	struct eftf_dhcp6_msg m = {
		.type = type, .xid = 0x345678, .client = {{0, 2, 1}, 3}, .server = {{0, 3, 1}, 3},
		.has_ia = true, .has_addr = true, .has_elapsed = true, .has_unicast = true,
		.rapid_commit = true, .iaid = 7, .t1 = 1800, .t2 = 2880, .preferred = 3600,
		.valid = 3600, .addr = {{{0x20, 1, [15] = 2}}}, .unicast = {{{0x20, 1, [15] = 1}}},
		.n_dns = 1, .n_sip = 1, .domain = "example.net", .sip_name = "pcscf.example.net",
		.has_keepalive = true, .keepalive = 60, .token_len = 74, .oro = {23, 24}, .n_oro = 2,
	};

	if (type == EFTF_DHCP6_DECLINE) {
		m.status = EFTF_DHCP6_NO_BINDING;
		m.status_in_ia = true;
		memcpy(m.message, "no", 3);
	}
	return eftf_dhcp6_encode(out, EFTF_DHCP6_MAX, &m, EFTF_ENTERPRISE_DEFAULT);
}

static void dhcp6(void)
{
	static const uint8_t answers[] = {EFTF_DHCP6_ADVERTISE, EFTF_DHCP6_REPLY, EFTF_DHCP6_REPLY};
	uint8_t msg[EFTF_DHCP6_MAX], all[8192] = {0}, *to = all + 1;

	for (int type = EFTF_DHCP6_SOLICIT; type <= EFTF_DHCP6_INFORMATION_REQUEST; type++)
		seed("dhcp6", msg, message6(msg, type));
	/* 12: as they stand but for the type and for who is meant */
	for (int type = EFTF_DHCP6_SOLICIT; type < EFTF_DHCP6_REPLY; type++)
		to += put_block(to, (uint8_t)(28 | (type - 1) << 5), msg, message6(msg, EFTF_DHCP6_REQUEST));
	seed("dhcp6_server", all, (size_t)(to - all));
	to = all;
	for (size_t i = 0; i < sizeof(answers); i++) {
		*to++ = 0xbc;		/* all is put right */
		to += put_block(to, 0, msg, message6(msg, answers[i]));
	}
	seed("dhcp6_client", all, (size_t)(to - all));
}

static void inner6(void)
{
	static const struct in6_addr link = {{{0xfe, 0x80, [15] = 1}}};
	struct eftf_inner6_udp udp = {
		.src = link, .dst = eftf_all_dhcp_servers, .sport = 546, .dport = 547,
		.data = (const uint8_t *)"abc", .len = 3,
	};
	struct eftf_ra ra = {.managed = true, .mtu = 1400, .n_routes = 2, .own = {.plen = 64}};
	uint8_t out[256];

	ra.routes[0].plen = 128;
	ra.routes[1].plen = 48;
	seed_with("inner6", "\1", 1, out, eftf_inner6_build(out, sizeof(out), &udp));
	seed_with("inner6", "\3", 1, out, eftf_ra_build(out, sizeof(out), &link, &eftf_all_nodes, &ra));
	seed_with("inner6", "\7", 1, out, eftf_rs_build(out, sizeof(out), &link));
}

static void sip_and_stun(void)
{
	static const struct eftf_sip_probe probe = {
		.target = "192.0.2.1:5060", .local = "192.0.2.2:5060", .id = 0x0123456789abcdef,
	};
	static const char status[] = "SIP/2.0 200 OK\r\n";
	uint8_t stun[48];
	char sip[2048];
	size_t n = eftf_sip_request(sip, sizeof(sip), &probe), line;

	line = (size_t)(strchr(sip, '\n') + 1 - sip);
	memmove(sip + sizeof(status) - 1, sip + line, n - line);
	memcpy(sip, status, sizeof(status) - 1);
	n = n - line + sizeof(status) - 1;
	seed_with("sip", "\0\100", 2, sip, n);
	seed_with("sip", "\0\100", 2, sip, n / 2);

	eftf_stun_request(stun, (const uint8_t *)ID);
	stun[0] = 1;
	stun[3] = 12;
	memcpy(stun + 20, "\0\x20\0\x08\0\1\x21\x12\x21\x12\xa4\x42", 12);
	seed_with("stun", "\1", 1, stun, 32);
	memcpy(stun + 20, "\0\x01\0\x08\0\1\x21\x12\x21\x12\xa4\x42", 12);
	seed_with("stun", "\1", 1, stun, 32);
	stun[1] = 0x11;
	memcpy(stun + 20, "\0\x09\0\x08\0\0\4\x14" "Oops", 12);
	seed_with("stun", "\1", 1, stun, 32);
}

static void answers(void)
{
	static const char portal[] = "HTTP/1.1 302 Found\r\nLocation: http://login.example/?a=b\r\n\r\n";
	/* ServerHello of TLS 1.2 up to its suite, an alert; of IKE a header */
	uint8_t tls[60] = "\x16\3\3\0\x37\2\0\0\x33\3\3", ike[32] = {[20] = 41, [21] = 0x20, [22] = 34, [23] = 0x20, [31] = 28};

	memcpy(tls + 44, "\xc0\x2b", 2);
	seed_with("answers", "\0", 1, tls, sizeof(tls));
	seed_with("answers", "\0", 1, "\x15\3\3\0\2\2\x28", 7);
	seed_with("answers", "\1", 1, portal, sizeof(portal) - 1);
	seed_with("answers", "\2", 1, ike, sizeof(ike));
}

static void end_of_dump(uint16_t type, const void *data, size_t len)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = 0x200 | 0x100;	/* NLM_F_ACK_TLVS, NLM_F_CAPPED */
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), data, len);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "why");
	seed("netlink", buf, nlh->nlmsg_len);
}

static void netlink(void)
{
	static const int32_t error[5] = {-22};
	_Alignas(8) char buf[4096];
	struct nlmsghdr *nlh = nl_build_tunnel(buf, EFTF_CMD_EVENT_DOWN, 42);
	struct nlattr *nest;

	seed("netlink", buf, nlh->nlmsg_len);
	end_of_dump(NLMSG_ERROR, error, sizeof(error));
	end_of_dump(NLMSG_DONE, error, 4);
	/* a link: struct ifinfomsg has 16 octets; name, kind */
	nlh = mnl_nlmsg_put_header(buf);
	memset(mnl_nlmsg_put_extra_header(nlh, 16), 1, 16);
	mnl_attr_put_strz(nlh, 3, "eftf0");
	nest = mnl_attr_nest_start(nlh, 18);
	mnl_attr_put_strz(nlh, 1, EFTF_LINK_KIND);
	mnl_attr_nest_end(nlh, nest);
	seed("netlink", buf, nlh->nlmsg_len);
	/* a family: name, number, group */
	nlh = nl_build_start(buf, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EFTF_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, 33);
	nest = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	mnl_attr_put(nlh, 1, 20, "\13\0\1\0events\0\0\10\0\2\0\7\0\0");
	mnl_attr_nest_end(nlh, nest);
	seed("netlink", buf, nlh->nlmsg_len);
}

static void conf(void)
{
	static const char ue[] =
		"\2# comment\n[eftf]\naddress = eftf.example\nport = 443\nname = eftf.example\n"
		"ca = /ca.pem\ncert = /c.pem\nkey = /k.pem\nclient_id = me\nenterprise = 1\n"
		"[tunnel]\ndevice = eftf0\nmtu = 1400\nkeepalive = 60\ntimeout = 200\n"
		"routes = 10.0.0.0/8, 192.0.2.0/24\naddress = 10.64.0.2/16\ngateway = 10.64.0.1\n"
		"key_update = yes\nhook = /bin/true\n[proxy]\nurl = http://[2001:db8::1]:3128\nuser = u\n"
		"password = p\nauth = digest\nfallback = yes\n[detect]\nmode = auto\n"
		"pcscf = 2001:db8::2\nsip_port = 5060\nsips_port = 5061\nipsec = 192.0.2.1:4500\nmedia = 192.0.2.1:3478\n"
		"control = [2001:db8::3]:443\ntimeout_ms = 4000\nrecheck = 60\n"
		"[log]\nlevel = debug\nsyslog = off\n";
	static const char gw[] =
		"[gateway]\nlisten = 0.0.0.0:443\nlisten = [::]:443\ncert = /c\nkey = /k\n"
		"client_ca = /ca\ndevice = eftf0\npool = 10.64.0.0/16\ngateway = 10.64.0.1\n"
		"dns = 192.0.2.53, 192.0.2.54\npcscf = pcscf.example\nroutes = 10.0.0.0/8\n"
		"mtu = 1400\nlease = 3600\nkeepalive = 110\nkeepalive_min = 10\n"
		"keepalive_max = 3600\ntimeout = 0\nhold = 120\nmax_tunnels = 10\n"
		"max_tunnels_per_source = 3\nmax_handshakes = 5\nmax_handshakes_per_source = 2\n"
		"handshake_timeout = 10\nnegotiate_timeout = 10\nue_to_ue = no\nkey_update = yes\n"
		"enterprise = 32473\nlog_level = info\nsyslog = no\n";

	seed("conf_ue", ue, sizeof(ue) - 1);
	seed("conf_gw", gw, sizeof(gw) - 1);
}

/* A file that openssl has made. */
static void seed_file(const char *target, const char *name)
{
	uint8_t data[4096];
	FILE *f = fopen(certs_path(name), "r");
	size_t n = f ? fread(data, 1, sizeof(data), f) : 0;

	if (!n) {
		fprintf(stderr, "%s: openssl makes no %s\n", target, name);
		exit(1);
	}
	fclose(f);
	seed(target, data, n);
}

static void certificates(void)
{
	static const char *const kinds[] = {"P-256", "P-384", "rsa:2048", "rsa:1024", "ed25519"};
	char file[64];

	if (certs_setup())
		exit(1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(file, sizeof(file), "%zu.der", i);
		if (certs_make_key("c", "DNS:*.example.org,IP:192.0.2.1,email:a@b", kinds[i],
				   "200101000000Z", "490101000000Z") ||
		    certs_openssl("x509", "-in", "c.pem", "-outform", "DER", "-out", file) ||
		    certs_revoke("c", "ca"))
			exit(1);
		seed_file("x509", file);
	}
	if (certs_crl("crl.pem", "ca", "86400") ||
	    certs_openssl("crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der"))
		exit(1);
	seed_file("x509", "crl.der");
	certs_remove();
}

/* A record with one handshake message in it. */
static void handshake(char role, uint8_t type, const char *body, size_t len)
{
	uint8_t all[512] = {(uint8_t)role, 7, 22, 3, 3, 0, (uint8_t)(len + 4), type, 0, 0,
			    (uint8_t)len};

	memcpy(all + 11, body, len);
	seed("tls_watch", all, 11 + len);
}

static void hellos(void)
{
	/* supported_groups, signature_algorithms, supported_versions */
	static const char extensions[] =
		"\0\045" "\0\12\0\10\0\6\0\35\0\27\0\30" "\0\15\0\10\0\6\4\3\10\4\4\1"
		"\0\53\0\5\4\3\4\3\3";
	static const char key_exchange[] = "\3\0\27\4abcd\4\3\0\4sign";
	char body[128] = "\3\3";

	memset(body + 2, 'r', 32);
	memcpy(body + 34, "\0\0\4\23\1\300\53\1", 9);
	memcpy(body + 43, extensions, sizeof(extensions) - 1);
	for (char role = 0; role < 32; role++)
		handshake(role, 1, body, 43 + sizeof(extensions) - 1);
	handshake(2, 12, key_exchange, sizeof(key_exchange) - 1);
	handshake(1, 15, "\4\3\0\4sign", 8);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	envelopes();
	dhcp4();
	dhcp6();
	inner6();
	sip_and_stun();
	answers();
	netlink();
	conf();
	certificates();
	hellos();
	return 0;
}
