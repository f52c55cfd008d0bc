// SPDX-License-Identifier: GPL-2.0-or-later
/* What both ways of connecting have in common: connect_curl.c and connect_direct.c. */
#include "connect.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

const char *eftf_connect_env_proxy(struct eftf_err *err)
{
	/* libcurl itself would look for https_proxy only if our URL said https */
	static const char *const names[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *url = getenv(names[i]);

		if (!url || !url[0])
			continue;
		if (strstr(url, "://") && strncasecmp(url, "http://", 7)) {
			eftf_err_set(err, EINVAL, "%s in the environment is no http:// proxy: set "
				     "url in [proxy]", names[i]);
			return NULL;
		}
		return url;
	}
	eftf_err_set(err, ENOENT, "the environment has no https_proxy: set it, or url in [proxy]");
	return NULL;
}

int eftf_connect_refused(const struct eftf_connect_spec *spec, const char *whom, int code,
			 struct eftf_err *err)
{
	if (code == ECONNREFUSED)
		return eftf_err_set(err, ECONNREFUSED, "%s: connection refused (%s:%u)", whom,
				    spec->host, spec->port);
	if (code == ENETUNREACH || code == EHOSTUNREACH)
		return eftf_err_set(err, ENETUNREACH, "%s: %s (%s:%u)", whom,
				    strerror(code), spec->host, spec->port);
	if (code == ETIMEDOUT)
		return eftf_err_set(err, ETIMEDOUT, "%s: connection timed out (%s:%u)", whom,
				    spec->host, spec->port);
	return eftf_err_set(err, EIO, "%s: cannot connect (%s:%u): %s", whom, spec->host,
			    spec->port, code ? strerror(code) : "no address worked");
}

int eftf_connect(const struct eftf_connect_spec *spec, struct eftf_signals *sig, int *fd,
		 struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + spec->timeout_ms + 1000;
	struct pollfd extra = { .fd = sig->fd, .events = POLLIN };
	struct eftf_connector *c;
	int ret;

	ret = eftf_connector_new(&c, spec, err);
	if (ret)
		return ret;
	do {
		ret = eftf_connector_poll(c, &extra, 1, eftf_ms_left(deadline), err);
		if (ret == 0 && eftf_signals_take(sig))
			ret = eftf_err_set(err, EINTR, "interrupted");
		else if (ret == 0 && eftf_ms_left(deadline) == 0)
			ret = eftf_err_set(err, ETIMEDOUT, "no connection to %s:%u in time",
					   spec->host, spec->port);
	} while (ret == 0);
	if (ret > 0)
		ret = eftf_connector_take(c, fd, err);
	eftf_connector_free(c);
	return ret;
}
