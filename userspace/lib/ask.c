/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "file.h"

#define MAX_ANSWER (64u << 20)	/* octets: the tunnels of a large gateway */
#define PATIENCE_S 20		/* of who asks, for each piece of an answer */

static int set_path(struct sockaddr_un *sun, const char *path, struct eftf_err *err)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len >= sizeof(sun->sun_path))
		return eftf_err_set(err, ENAMETOOLONG, "%s: the name is too long", path);
	memcpy(sun->sun_path, path, len);
	return 0;
}

/* ---- the program that is asked ------------------------------------------------- */

/* A socket that refuses connections was left by a program that was killed. */
static int remove_stale(const struct sockaddr_un *sun, struct eftf_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return eftf_err_set(err, errno, "UNIX socket: %s", strerror(errno));
	ret = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ? errno : 0;
	close(fd);
	if (!ret)
		return eftf_err_set(err, EADDRINUSE, "another program answers at %s", sun->sun_path);
	if (ret == ECONNREFUSED)
		unlink(sun->sun_path);
	return 0;
}

int eftf_ask_listen(const char *path, struct eftf_err *err)
{
	struct sockaddr_un sun;
	int fd, ret = set_path(&sun, path, err);
	mode_t mask;

	if (ret)
		return ret;
	eftf_file_make_folder(sun.sun_path);
	ret = remove_stale(&sun, err);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return eftf_err_set(err, errno, "UNIX socket: %s", strerror(errno));
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) ? errno : 0;
	umask(mask);
	if (!ret && listen(fd, EFTF_ASK_CLIENTS))
		ret = errno;
	if (!ret)
		return fd;
	close(fd);
	return eftf_err_set(err, ret, "UNIX socket %s: %s", path, strerror(ret));
}

bool eftf_ask_accept(struct eftf_ask *a, int listener)
{
	memset(a, 0, sizeof(*a));
	a->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return a->fd >= 0;
}

static enum eftf_ask_next send_some(struct eftf_ask *a)
{
	ssize_t n = send(a->fd, a->answer + a->sent, a->len - a->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return EFTF_ASK_WRITE;
	if (n > 0)
		a->sent += (size_t)n;
	return n < 0 || a->sent == a->len ? EFTF_ASK_DONE : EFTF_ASK_WRITE;
}

enum eftf_ask_next eftf_ask_step(struct eftf_ask *a,
				 char *(*answer)(const char *request, void *arg), void *arg)
{
	ssize_t n;
	char *end;

	if (a->answer)
		return send_some(a);
	n = recv(a->fd, a->request + a->got, sizeof(a->request) - a->got, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return EFTF_ASK_READ;
	if (n <= 0)
		return EFTF_ASK_DONE;
	a->got += (size_t)n;
	end = memchr(a->request, '\n', a->got);
	if (!end)
		return a->got == sizeof(a->request) ? EFTF_ASK_DONE : EFTF_ASK_READ;
	*end = 0;
	a->answer = answer(a->request, arg);
	if (!a->answer)
		return EFTF_ASK_DONE;
	a->len = strlen(a->answer);
	return EFTF_ASK_WRITE;
}

void eftf_ask_close(struct eftf_ask *a)
{
	if (a->fd >= 0)
		close(a->fd);
	free(a->answer);
	a->answer = NULL;
	a->fd = -1;
}

/* ---- who asks -------------------------------------------------------------------- */

/* NULL: the answer did not come to its end, or there is no memory for it. */
static char *read_all(int fd)
{
	size_t len = 0, size = 65536;
	char *text = malloc(size), *more;
	ssize_t n = 0;

	while (text && (n = read(fd, text + len, size - len - 1)) > 0) {
		len += (size_t)n;
		if (size - len > 1)
			continue;
		size *= 2;
		more = size > MAX_ANSWER ? NULL : realloc(text, size);
		if (!more)
			free(text);
		text = more;
	}
	if (text && (n < 0 || !len)) {
		free(text);
		return NULL;
	}
	if (text)
		text[len] = 0;
	return text;
}

static int send_request(int fd, const char *request)
{
	char line[EFTF_ASK_LINE];
	size_t len = strlen(request);

	if (len + 1 > sizeof(line) || memchr(request, '\n', len))
		return -EINVAL;
	memcpy(line, request, len);
	line[len] = '\n';
	return send(fd, line, len + 1, MSG_NOSIGNAL) == (ssize_t)len + 1 ? 0 : -EIO;
}

char *eftf_ask(const char *path, const char *request, const char *program, struct eftf_err *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un sun;
	char *text = NULL;
	int fd;

	if (set_path(&sun, path, err))
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		eftf_err_set(err, errno, "%s: %s%s%s", path, errno == ENOENT || errno == ECONNREFUSED ?
			     "nothing answers there: is " : strerror(errno),
			     errno == ENOENT || errno == ECONNREFUSED ? program : "",
			     errno == ENOENT || errno == ECONNREFUSED ? " running?" : "");
	else if (send_request(fd, request) || !(text = read_all(fd)))
		eftf_err_set(err, EPROTO, "%s: no answer", path);
	if (fd >= 0)
		close(fd);
	return text;
}
