/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UE's lease from its first DHCP message to the attached tunnel: what the
 * gateway decides about a connection, without a look at its octets.
 */
#ifndef EFTF_GW_LEASE_H
#define EFTF_GW_LEASE_H

#include "gw.h"

struct eftf_lease;

/* cert: SHA-256 of the verified client certificate, or NULL. NULL: no memory. */
struct eftf_lease *eftf_lease_new(struct eftf_gw *gw, const struct sockaddr_storage *outer,
				  const uint8_t cert[EFTF_TLS_PEER_ID_LEN]);
/* A message of the UE; reply is filled if the result is one that replies. */
enum eftf_dhcps_result eftf_lease_input(struct eftf_lease *l, const struct eftf_dhcp4_msg *msg,
					struct eftf_dhcp4_msg *reply);
/* The same for IPv6: the address is the one that goes with that of the pool. */
enum eftf_dhcps_result eftf_lease_input6(struct eftf_lease *l, const struct eftf_dhcp6_msg *msg,
					 struct eftf_dhcp6_msg *reply);
/*
 * After the ACK: a tunnel from this kTLS socket, or the running tunnel of the
 * same lease goes on with it. Returns its session, which lives on without the
 * lease, or NULL: the failure is logged. fd stays the caller's.
 */
struct eftf_session *eftf_lease_attach(struct eftf_lease *l, int fd);
/* What was not attached goes back to the pool, or to the tunnel that had it. NULL is fine. */
void eftf_lease_free(struct eftf_lease *l);

#endif
