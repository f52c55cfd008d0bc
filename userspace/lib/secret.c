/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include <sys/stat.h>

#include "log.h"

void eftf_secret_check(const char *what, const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO))
		log_warn("%s %s: others than its owner have access to it (mode %04o): chmod 600", what,
			 path, (unsigned int)st.st_mode & 07777);
}
