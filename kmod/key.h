/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_KEY_H
#define EFTF_KEY_H

#include <linux/types.h>
#include <net/netlink.h>

struct eftf_transport;
struct eftf_tunnel;

#define EFTF_HANDSHAKE_KEY_UPDATE	24	/* RFC 8446 4 */
#define EFTF_KEY_UPDATE_LEN		5	/* its header and request_update */

/**
 * struct eftf_key_change - what TUNNEL_REKEY brings
 * @transport: serial number of the transport
 * @tx: EFTF_A_KEY_TX or NULL
 * @rx: EFTF_A_KEY_RX or NULL
 * @request: with @tx: ask the peer for a new key of its own
 */
struct eftf_key_change {
	u32 transport;
	const struct nlattr *tx, *rx;
	bool request;
};

int eftf_key_change(struct eftf_tunnel *tunnel, const struct eftf_key_change *change,
		    struct netlink_ext_ack *extack);
int eftf_key_send(struct eftf_transport *tp);
void eftf_key_receive(struct eftf_transport *tp);
bool eftf_key_announced(struct eftf_transport *tp, bool requested);

#endif
