/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One eftf-ue for each device of a network namespace: a lock that ends with its process, and a line that stays. */
#ifndef EFTF_UE_INSTANCE_H
#define EFTF_UE_INSTANCE_H

#include <stdbool.h>

#include "err.h"

#define EFTF_INSTANCE_DIR "/run/eftf"
#define EFTF_INSTANCE_NOTE 64

struct eftf_instance {
	int fd;		/* -1: none */
	char note[EFTF_INSTANCE_NOTE];	/* what an earlier process for the device, or this one, has noted; or empty */
	bool alone;	/* no other eftf-ue ran in this namespace when it was claimed */
};

/* The network namespace as a number: names of devices may be the same in another, and the folder is too. */
unsigned long eftf_instance_namespace(void);
/*
 * Claims a device. folder is made if it is not there. Returns 0; -EBUSY: another
 * process has it, err names it; or another negative errno: the lock cannot be had,
 * err says why.
 */
int eftf_instance_claim(struct eftf_instance *in, const char *folder, const char *device,
			struct eftf_err *err);
/* The same in the folder of this machine; where no lock can be had that is logged, and 0. */
int eftf_claim_device(const char *device, struct eftf_instance *in, struct eftf_err *err);
/* A line for the next process, until the machine starts anew. */
void eftf_instance_write_note(struct eftf_instance *in, const char *note);
void eftf_instance_release(struct eftf_instance *in);

#endif
