/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module's end of a connection over loopback, as the test's end of it can learn of it. */
#ifndef FAR_END_H
#define FAR_END_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the module or a program still hold the socket at the other
 * end of fd? text is filled with what the kernel lists of it, in any case.
 */
bool far_end_held(int fd, char *text, size_t size);

#endif
