/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files with secrets in them. */
#ifndef EFTF_SECRET_H
#define EFTF_SECRET_H

/* Warns if others than the owner of the file can read or write it. A missing one is named where it is read. */
void eftf_secret_check(const char *what, const char *path);

#endif
