/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a program keeps for itself or writes for others. */
#ifndef EFTF_FILE_H
#define EFTF_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/*
 * Makes the folder that the file is in, if it is missing (0755), but not what is
 * above it. Best effort: to open the file says what is wrong.
 */
void eftf_file_make_folder(const char *path);
/*
 * The file has these octets, whole, or what it had before: they are written
 * beside it and renamed. Returns 0, or a negative errno with the file's name in
 * err; -ENAMETOOLONG beyond about 1000 octets.
 */
int eftf_file_replace(const char *path, mode_t mode, const void *data, size_t len, struct eftf_err *err);

#endif
