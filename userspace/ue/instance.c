// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

unsigned long eftf_instance_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : (unsigned long)st.st_ino;
}

static int open_lock(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static int busy(int folder, const char *name, const char *device, struct eftf_err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char pid[16] = "";
	ssize_t n = fd < 0 ? 0 : read(fd, pid, sizeof(pid) - 1);

	if (fd >= 0)
		close(fd);
	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return eftf_err_set(err, EBUSY, "another eftf-ue%s%s serves device %s: end it, or choose "
			    "another name in [tunnel] device", pid[0] ? ", process " : "", pid,
			    device);
}

/* Is any lock of this namespace held but the one of this name? */
static bool is_alone(int folder, const char *mine, const char *suffix)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	bool alone = true;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (alone && (e = readdir(dir))) {
		size_t len = strlen(e->d_name), end = strlen(suffix);

		if (len < end || strcmp(e->d_name + len - end, suffix) || !strcmp(e->d_name, mine))
			continue;
		fd = open_lock(folder, e->d_name);
		alone = fd != -EWOULDBLOCK;
		if (fd >= 0)
			close(fd);
	}
	closedir(dir);
	return alone;
}

/* The second line of the file; the first is the process. */
static void read_note(struct eftf_instance *in)
{
	char text[16 + EFTF_INSTANCE_NOTE] = "", *line;
	ssize_t n = pread(in->fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	line = strchr(text, '\n');
	if (line && strcspn(line + 1, "\n") < sizeof(in->note))
		memcpy(in->note, line + 1, strcspn(line + 1, "\n"));
}

/* The lock holds whether that can be written or not. */
static int write_file(const struct eftf_instance *in)
{
	char text[16 + EFTF_INSTANCE_NOTE];
	int len = snprintf(text, sizeof(text), "%d\n%s%s", (int)getpid(), in->note, in->note[0] ? "\n" : "");

	return ftruncate(in->fd, 0) || pwrite(in->fd, text, (size_t)len, 0) != len ? -errno : 0;
}

void eftf_instance_write_note(struct eftf_instance *in, const char *note)
{
	snprintf(in->note, sizeof(in->note), "%s", note);
	if (in->fd >= 0 && write_file(in))
		log_debug("note for the next process: %s", strerror(errno));
}

int eftf_instance_claim(struct eftf_instance *in, const char *path, const char *device,
			struct eftf_err *err)
{
	char name[NAME_MAX], suffix[64];
	int folder, fd;

	memset(in, 0, sizeof(*in));
	in->fd = -1;
	snprintf(suffix, sizeof(suffix), ".%lu.ue", eftf_instance_namespace());
	snprintf(name, sizeof(name), "%s%s", device, suffix);
	mkdir(path, 0755);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return eftf_err_set(err, errno, "folder %s: %s", path, strerror(errno));
	fd = open_lock(folder, name);
	if (fd == -EWOULDBLOCK) {
		busy(folder, name, device, err);
		close(folder);
		return -EBUSY;
	}
	if (fd >= 0) {
		in->fd = fd;
		in->alone = is_alone(folder, name, suffix);
		read_note(in);
		write_file(in);
	}
	close(folder);
	return in->fd >= 0 ? 0 : eftf_err_set(err, -fd, "file %s/%s: %s", path, name,
					      strerror(-fd));
}

int eftf_claim_device(const char *device, struct eftf_instance *in, struct eftf_err *err)
{
	int ret = eftf_instance_claim(in, EFTF_INSTANCE_DIR, device, err);

	if (!ret || ret == -EBUSY)
		return ret;
	log_warn("%s: see to it that no other eftf-ue serves device %s", err->text, device);
	return 0;
}

void eftf_instance_release(struct eftf_instance *in)
{
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}
