/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink inside the library: requests and the family's number. */
#ifndef EFTF_NL_GENL_H
#define EFTF_NL_GENL_H

#include "nl_sock.h"

/* A request with its generic netlink header. */
struct nlmsghdr *eftf_nl_genl_start(struct eftf_nlreq *req, uint16_t family, uint8_t cmd,
				    uint16_t flags);
/* Asks for the family. -ENOENT: no module, with the remedy in err. */
int eftf_nl_resolve(struct eftf_nlsock *s, struct eftf_nl_family *family, struct eftf_err *err);

#endif
