/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration of eftf-ue: what is in the INI file, checked. */
#ifndef EFTF_UE_CONF_H
#define EFTF_UE_CONF_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conf_parse.h"
#include "err.h"

#define EFTF_UE_CONF_FILE "/etc/eftf/eftf-ue.conf"
/* Identity of a machine that has no /etc/machine-id. */
#define EFTF_UE_ID_FILE "/etc/eftf/client-id"

/* make PROXY=no: a program without libcurl, which knows no proxy */
#ifdef EFTF_NO_PROXY
#define EFTF_UE_PROXY false
#else
#define EFTF_UE_PROXY true
#endif

enum eftf_ue_auth {
	EFTF_AUTH_SAFE,		/* the strongest offered, but never Basic */
	EFTF_AUTH_ANY,
	EFTF_AUTH_BASIC,
	EFTF_AUTH_DIGEST,
	EFTF_AUTH_NTLM,
	EFTF_AUTH_NEGOTIATE,
};

/* The families of inner addresses. */
enum eftf_ue_family {
	EFTF_FAMILY_ANY,	/* both are asked for, one is enough */
	EFTF_FAMILY_4,
	EFTF_FAMILY_6,
	EFTF_FAMILY_BOTH,	/* both have to come */
};

struct eftf_ue_conf {
	/* [eftf] */
	struct eftf_value_target address;	/* its port is not used */
	unsigned int port;
	struct eftf_value_target name;
	char *ca, *crl, *cert, *key;
	char *alpn;
	char *client_id;
	unsigned int enterprise;
	/* [tunnel] */
	char device[IFNAMSIZ];
	int family;				/* enum eftf_ue_family */
	unsigned int mtu;			/* 0: what the EFTF says */
	unsigned int keepalive;			/* s */
	unsigned int timeout;			/* s; 0: three intervals */
	unsigned int record_limit;		/* per key; 0: the cipher's own */
	bool key_update;			/* follow the EFTF's changes of its TLS key */
	struct eftf_ue_routes routes;
	struct eftf_value_prefix static_addr, gateway;
	struct in6_addr static_addr6, gateway6;	/* ::: not configured */
	bool configure;				/* false: address and routes are the hook's work */
	char *hook;
	unsigned int hook_timeout;		/* s */
	/* [proxy] */
	char *proxy_url;			/* "env" or http://host:port */
	char *proxy_user, *proxy_password;
	int proxy_auth;				/* enum eftf_ue_auth */
	bool proxy_fallback;
	/* [detect] */
	int mode;				/* enum eftf_mode */
	struct sockaddr_storage pcscf, ipsec, media;	/* ss_family 0: not configured */
	unsigned int sip_port, sips_port;	/* sips_port 0: not probed */
	struct eftf_value_target control;
	unsigned int probe_timeout_ms;
	unsigned int recheck;			/* s */
	unsigned int remember;			/* s; 0: not at all */
	char *state_dir;
	/* [log] */
	int log_level;				/* enum eftf_log_level */
	bool syslog;
};

/*
 * Reads the file into conf (which may hold anything before). mode: of the
 * command line, or NULL. Returns 0, or a negative errno with file, line, key
 * and what is allowed in err. Free with eftf_ue_conf_free() in either case.
 */
int eftf_ue_conf_load(struct eftf_ue_conf *conf, const char *path, const char *mode,
		   struct eftf_err *err);
/* The same from memory, for tests and fuzzing. */
int eftf_ue_conf_load_text(struct eftf_ue_conf *conf, const char *text, size_t len,
			const char *name, const char *mode, struct eftf_err *err);
void eftf_ue_conf_free(struct eftf_ue_conf *conf);
/* Can a tunnel that was made for one go on with the other? Files of certificates and logging do not matter to it. */
bool eftf_ue_conf_same_tunnel(const struct eftf_ue_conf *a, const struct eftf_ue_conf *b);
/* Are the inner addresses configured, so that there is no DHCP? */
static inline bool eftf_ue_conf_is_static(const struct eftf_ue_conf *conf)
{
	return conf->static_addr.set || !IN6_IS_ADDR_UNSPECIFIED(&conf->static_addr6);
}
/* The name that the certificate must carry. */
const char *eftf_ue_conf_name(const struct eftf_ue_conf *conf);
/* A configuration with all keys and their meaning, which the program accepts as it stands. */
void eftf_ue_conf_help(FILE *out);

#endif
