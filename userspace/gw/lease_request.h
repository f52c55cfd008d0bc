/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a UE's DHCP message asks of the pool: decoded, of one size, without
 * pointers, so that it can be handed from one process to another as it stands.
 */
#ifndef EFTF_GW_LEASE_REQUEST_H
#define EFTF_GW_LEASE_REQUEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dhcp4.h"

#define EFTF_CERT_ID_LEN 32

struct eftf_lease_request {
	struct sockaddr_storage source;	/* the connection's outer address: it is charged */
	bool has_cert;
	uint8_t cert[EFTF_CERT_ID_LEN];	/* of a verified client: a proof */
	uint8_t client_id_len, token_len;	/* 0: none */
	uint8_t client_id[EFTF_DHCP4_CLIENT_ID_MAX];
	uint8_t token[EFTF_DHCP4_TOKEN_MAX];	/* a proof, if it is one of ours */
	struct in_addr wish;		/* heard only beside a certificate */
};

#endif
