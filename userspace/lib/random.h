/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random octets of the kernel's generator. */
#ifndef EFTF_RANDOM_H
#define EFTF_RANDOM_H

#include <stddef.h>

/* Fills out, len octets, for keys, tokens and identifiers. Returns 0, or a negative errno. */
int eftf_random(void *out, size_t len);

#endif
