/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_OCTETS 1032

void eftf_file_make_folder(const char *path)
{
	const char *end = strrchr(path, '/');
	char folder[NAME_MAX_OCTETS];

	if (!end || end == path || (size_t)(end - path) >= sizeof(folder))
		return;
	memcpy(folder, path, (size_t)(end - path));
	folder[end - path] = 0;
	mkdir(folder, 0755);
}

static int write_whole(int fd, mode_t mode, const void *data, size_t len)
{
	int ret = 0;

	errno = ENOSPC;			/* of a write that is cut */
	if (fchmod(fd, mode) || write(fd, data, len) != (ssize_t)len)
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

int eftf_file_replace(const char *path, mode_t mode, const void *data, size_t len, struct eftf_err *err)
{
	char fresh[NAME_MAX_OCTETS];
	int fd, ret;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return eftf_err_set(err, ENAMETOOLONG, "file %.100s...: name too long", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return eftf_err_set(err, errno, "file %s: %s", fresh, strerror(errno));
	ret = write_whole(fd, mode, data, len);
	if (!ret && rename(fresh, path))
		ret = -errno;
	if (!ret)
		return 0;
	unlink(fresh);
	return eftf_err_set(err, -ret, "file %s: %s", path, strerror(-ret));
}
