/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef EFTF_VERSION_H
#define EFTF_VERSION_H

/* Of all programs; a package may set its own by CFLAGS. */
#ifndef EFTF_VERSION
#define EFTF_VERSION "0.1"
#endif

#endif
