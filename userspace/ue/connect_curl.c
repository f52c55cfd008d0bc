// SPDX-License-Identifier: GPL-2.0-or-later
/* By libcurl: direct or through a proxy. */
#include "connect.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "interim.h"

#define URL_MAX 512
#define EXTRA_MAX 8

struct eftf_connector {
	const struct eftf_connect_spec *spec;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *resolved;	/* for CURLOPT_RESOLVE; NULL: libcurl asks */
	bool added;
	bool done;
	/*
	 * libcurl gives a connection up when CONNECT is answered with 100 or 103, having read
	 * nothing behind that: what follows is then read here.
	 */
	int kept;			/* that connection; -1: none */
	bool old;			/* asked by HTTP/1.0: such a client gets no interim answer (RFC 9110 15.2) */
	struct eftf_interim interim;
	uint64_t deadline;
};

int eftf_connect_init(struct eftf_err *err)
{
	CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);

	return rc ? eftf_err_set(err, EIO, "libcurl: %s", curl_easy_strerror(rc)) : 0;
}

static long auth_bits(enum eftf_ue_auth auth)
{
	switch (auth) {
	case EFTF_AUTH_SAFE:
		return (long)CURLAUTH_ANYSAFE;
	case EFTF_AUTH_ANY:
		return (long)CURLAUTH_ANY;
	case EFTF_AUTH_BASIC:
		return (long)CURLAUTH_BASIC;
	case EFTF_AUTH_DIGEST:
		return (long)CURLAUTH_DIGEST;
	case EFTF_AUTH_NTLM:
		return (long)CURLAUTH_NTLM;
	case EFTF_AUTH_NEGOTIATE:
		return (long)CURLAUTH_NEGOTIATE;
	}
	return (long)CURLAUTH_ANYSAFE;
}

/* libcurl writes headers and body of the proxy's answer to stdout unless told otherwise. */
static size_t swallow(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static CURLcode set_proxy(CURL *easy, const struct eftf_connect_spec *spec)
{
	CURLcode rc;

	if (!spec->proxy)	/* "" also keeps the environment's proxy out */
		return curl_easy_setopt(easy, CURLOPT_PROXY, "");
	rc = curl_easy_setopt(easy, CURLOPT_PROXY, spec->proxy);
	/* a configured proxy is used whatever no_proxy says */
	if (!rc && !spec->proxy_from_env)
		rc = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_PROXYAUTH, auth_bits(spec->auth));
	if (!rc && spec->user)
		rc = curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, spec->user);
	if (!rc && spec->password)
		rc = curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, spec->password);
	if (!rc && spec->auth == EFTF_AUTH_NEGOTIATE && !spec->user)
		rc = curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, ":");
	return rc;
}

/* Before connect(): past the routes of the tunnel that this connection is for. */
static int bind_to_link(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const char *link = arg;

	(void)purpose;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link, (socklen_t)strlen(link)) ?
		CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

/* In the place of close(). */
static int keep_or_close(void *arg, curl_socket_t fd)
{
	struct eftf_connector *c = arg;
	long code = 0;

	/* it also comes when all goes, the easy handle first */
	if (c->added)
		curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &code);
	if (!c->spec->proxy || c->kept >= 0 || !eftf_interim_is(code))
		return close(fd);
	c->kept = fd;
	return 0;
}

static CURLcode set_callbacks(struct eftf_connector *c)
{
	CURLcode rc = curl_easy_setopt(c->easy, CURLOPT_CLOSESOCKETFUNCTION, keep_or_close);

	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_CLOSESOCKETDATA, c);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, swallow);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, swallow);
	if (!rc && c->spec->link)
		rc = curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, bind_to_link);
	if (!rc && c->spec->link)
		rc = curl_easy_setopt(c->easy, CURLOPT_SOCKOPTDATA, (void *)c->spec->link);
	return rc;
}

static CURLcode set_options(CURL *easy, const struct eftf_connect_spec *spec)
{
	bool v6 = strchr(spec->host, ':') != NULL;
	char url[URL_MAX];
	CURLcode rc;
	int n;

	n = snprintf(url, sizeof(url), "http://%s%s%s:%u/", v6 ? "[" : "", spec->host,
		     v6 ? "]" : "", spec->port);
	if (n < 0 || (size_t)n >= sizeof(url))
		return CURLE_URL_MALFORMAT;
	rc = curl_easy_setopt(easy, CURLOPT_URL, url);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)spec->timeout_ms);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)spec->timeout_ms);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	return rc ? rc : set_proxy(easy, spec);
}

int eftf_connector_new(struct eftf_connector **out, const struct eftf_connect_spec *spec,
		       struct eftf_err *err)
{
	struct eftf_connector *c = calloc(1, sizeof(*c));
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	char text[EFTF_TARGETS_TEXT];
	bool resolved;

	*out = NULL;
	if (!c)
		return eftf_err_set(err, ENOMEM, "no memory");
	c->spec = spec;
	c->kept = -1;
	c->deadline = eftf_now_ms() + spec->timeout_ms;
	c->multi = curl_multi_init();
	c->easy = curl_easy_init();
	resolved = spec->targets && eftf_targets_text(spec->targets, spec->addrs, spec->n_addrs, text);
	if (resolved)
		c->resolved = curl_slist_append(NULL, text);
	if (c->multi && c->easy && (c->resolved || !resolved))
		rc = set_options(c->easy, spec);
	if (!rc)
		rc = set_callbacks(c);
	if (!rc && c->resolved)
		rc = curl_easy_setopt(c->easy, CURLOPT_RESOLVE, c->resolved);
	if (!rc && curl_multi_add_handle(c->multi, c->easy))
		rc = CURLE_OUT_OF_MEMORY;
	if (rc) {
		eftf_connector_free(c);
		return eftf_err_set(err, EIO, "libcurl: %s", curl_easy_strerror(rc));
	}
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name lookup that hangs must not hold up the end of the program */
	curl_easy_setopt(c->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	c->added = true;
	*out = c;
	return 0;
}

static int proxy_said(const struct eftf_connector *c, long code, struct eftf_err *err)
{
	const struct eftf_connect_spec *spec = c->spec;
	const char *host = spec->host;

	if (code == 407 && c->old && c->kept >= 0)
		return eftf_err_set(err, EACCES, "the proxy wants a user name (407) after an interim "
				    "answer, even by HTTP/1.0: it has to ask for it at once");
	if (code == 407 && !spec->user)
		return eftf_err_set(err, EACCES, "the proxy wants a user name (407): set user and "
				    "password in [proxy]");
	if (code == 407)
		return eftf_err_set(err, EACCES, "the proxy refuses user %s (407): wrong password, "
				    "or it offers only a scheme that [proxy] auth does not allow "
				    "(basic must be asked for)", spec->user);
	if (code == 403 || code == 405)
		return eftf_err_set(err, EACCES, "the proxy forbids %s:%u (%ld): its rules must "
				    "allow CONNECT to it", host, spec->port, code);
	if (code == 502 || code == 503 || code == 504)
		return eftf_err_set(err, EIO, "the proxy cannot reach %s:%u (%ld)", host,
				    spec->port, code);
	return eftf_err_set(err, EIO, "the proxy answers CONNECT %s:%u with %ld", host, spec->port,
			    code);
}

static int explain_timeout(const struct eftf_connect_spec *spec, const char *whom,
			   struct eftf_err *err)
{
	return eftf_err_set(err, ETIMEDOUT, "%s: no connection to %s:%u in %u ms", whom, spec->host,
			    spec->port, spec->timeout_ms);
}

static int explain_end(const struct eftf_connect_spec *spec, const char *whom, struct eftf_err *err)
{
	return eftf_err_set(err, EIO, "%s: it closed the connection, says too much, or is no "
			    "HTTP proxy (CONNECT %s:%u)", whom, spec->host, spec->port);
}

static int explain(struct eftf_connector *c, CURLcode rc, struct eftf_err *err)
{
	const struct eftf_connect_spec *spec = c->spec;
	const char *whom = spec->proxy ? "proxy" : "EFTF";
	long code = 0, os_errno = 0;

	curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &code);
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (code >= 300 || (code && code < 200))
		return proxy_said(c, code, err);
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return eftf_err_set(err, ENXIO, "cannot resolve %s: check the name and the DNS",
				    spec->host);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return eftf_err_set(err, ENXIO, "cannot resolve the proxy %s: check the name and "
				    "the DNS", spec->proxy);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_timeout(spec, whom, err);
	case CURLE_COULDNT_CONNECT:
		return eftf_connect_refused(spec, whom, (int)os_errno, err);
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:	/* before, it was an error of receiving */
#endif
		return explain_end(spec, whom, err);
	default:
		return eftf_err_set(err, EIO, "%s: %s (%s:%u)", whom, curl_easy_strerror(rc),
				    spec->host, spec->port);
	}
}

static int result(struct eftf_connector *c, struct eftf_err *err)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		if (msg->data.result && c->kept >= 0)
			return 0;
		if (msg->data.result)
			return explain(c, msg->data.result, err);
		c->done = true;
		return 1;
	}
	return 0;
}

/* Credentials are libcurl's work, which has not seen that they are wanted: it asks again, so that it does. */
static int ask_again(struct eftf_connector *c, struct eftf_err *err)
{
	CURLcode rc;

	curl_multi_remove_handle(c->multi, c->easy);
	c->added = false;
	close(c->kept);
	c->kept = -1;
	c->interim = (struct eftf_interim){ 0 };
	c->old = true;
	rc = curl_easy_setopt(c->easy, CURLOPT_PROXYTYPE, (long)CURLPROXY_HTTP_1_0);
	if (!rc)	/* 0 would be none */
		rc = curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)eftf_ms_left(c->deadline) + 1);
	if (!rc && curl_multi_add_handle(c->multi, c->easy))
		rc = CURLE_OUT_OF_MEMORY;
	c->added = !rc;
	return rc ? eftf_err_set(err, EIO, "libcurl: %s", curl_easy_strerror(rc)) : 0;
}

/* One octet at a time: what is behind the header is not for us. */
static int read_on(struct eftf_connector *c, struct eftf_err *err)
{
	for (;;) {
		char octet;
		ssize_t got = recv(c->kept, &octet, 1, MSG_DONTWAIT);
		int status;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return eftf_ms_left(c->deadline) ? 0 : explain_timeout(c->spec, "proxy", err);
		status = got > 0 ? eftf_interim_take(&c->interim, octet) : -EPROTO;
		if (status < 0)
			return explain_end(c->spec, "proxy", err);
		c->done = status >= 200 && status <= 299;
		if (status == 407 && c->spec->user && !c->old)
			return ask_again(c, err);
		if (status)
			return c->done ? 1 : proxy_said(c, status, err);
	}
}

/* As eftf_connector_poll(), when libcurl has no part in it any more. */
static int poll_kept(struct eftf_connector *c, struct pollfd *extra, unsigned int n, int timeout_ms,
		     struct eftf_err *err)
{
	struct pollfd pfd[EXTRA_MAX + 1] = { { .fd = c->kept, .events = POLLIN } };
	int left = eftf_ms_left(c->deadline);

	memcpy(&pfd[1], extra, n * sizeof(*extra));
	if (poll(pfd, n + 1, timeout_ms < left ? timeout_ms : left) > 0)
		memcpy(extra, &pfd[1], n * sizeof(*extra));
	return read_on(c, err);
}

int eftf_connector_poll(struct eftf_connector *c, struct pollfd *extra, unsigned int n,
			int timeout_ms, struct eftf_err *err)
{
	struct curl_waitfd fds[EXTRA_MAX];
	int running, ret;
	unsigned int i;

	if (n > EXTRA_MAX)
		return eftf_err_set(err, EINVAL, "too many descriptors");
	if (c->kept < 0 && curl_multi_perform(c->multi, &running))
		return eftf_err_set(err, EIO, "libcurl: the connection engine failed");
	ret = result(c, err);
	if (ret)
		return ret;
	/* libcurl has nothing to wait for then */
	if (c->kept >= 0)
		return poll_kept(c, extra, n, timeout_ms, err);
	for (i = 0; i < n; i++) {
		extra[i].revents = 0;
		fds[i].fd = extra[i].fd;
		fds[i].revents = 0;
		fds[i].events = (short)((extra[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
					(extra[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
	}
	curl_multi_poll(c->multi, fds, n, timeout_ms, NULL);
	/* curl_multi_poll() does not report POLLERR and POLLHUP of foreign descriptors */
	if (n)
		poll(extra, n, 0);
	if (curl_multi_perform(c->multi, &running))
		return eftf_err_set(err, EIO, "libcurl: the connection engine failed");
	return result(c, err);
}

int eftf_connector_take(struct eftf_connector *c, int *out, struct eftf_err *err)
{
	curl_socket_t sock = CURL_SOCKET_BAD;
	int fd, one = 1, flags;

	if (c->kept >= 0)
		sock = c->kept;
	else if (c->done)
		curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &sock);
	if (!c->done || sock == CURL_SOCKET_BAD)
		return eftf_err_set(err, EIO, "libcurl gave no socket: the peer closed at once?");
	/* a duplicate: libcurl closes its own descriptor when it is freed, and
	 * close() of one of two says nothing to the peer
	 */
	fd = fcntl(sock, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return eftf_err_set(err, errno, "dup: %s", strerror(errno));
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))) {
		int ret = eftf_err_set(err, errno, "socket options: %s", strerror(errno));

		close(fd);
		return ret;
	}
	*out = fd;
	return 0;
}

void eftf_connector_free(struct eftf_connector *c)
{
	if (!c)
		return;
	if (c->added)
		curl_multi_remove_handle(c->multi, c->easy);
	c->added = false;
	curl_easy_cleanup(c->easy);
	curl_multi_cleanup(c->multi);
	curl_slist_free_all(c->resolved);
	if (c->kept >= 0)
		close(c->kept);
	free(c);
}
