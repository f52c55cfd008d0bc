/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled with make KEYLOG=yes only. */
#include "tls_keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tls.h"

#define RANDOM_LEN 32
#define MASTER_LEN 48

#ifdef HAVE_SECRET_CALLBACK
#define VERSIONS ""
#else
#define VERSIONS "; this wolfSSL (no HAVE_SECRET_CALLBACK) gives none of TLS 1.3 away: TLS 1.2 only"
#endif

static int keylog = -1;

int eftf_tls_keylog(const char *path, struct eftf_err *err)
{
	keylog = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (keylog < 0)
		return eftf_err_set(err, errno, "file %s: %s", path, strerror(errno));
	log_warn("the secrets of each connection go to %s%s", path, VERSIONS);
	return 0;
}

int eftf_tls_keylog_fd(void)
{
	return keylog;
}

/* One write for one line: several processes have the file. */
static void put(const char *line)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	if (n > 0 && n < (int)sizeof(text) && write(keylog, text, (size_t)n) != n)
		fputs("the key log is not complete: it cannot be written\n", stderr);
	explicit_bzero(text, sizeof(text));
}

#ifdef HAVE_SECRET_CALLBACK
static void on_line(const WOLFSSL *ssl, const char *line)
{
	(void)ssl;
	put(line);
}

int eftf_tls_keylog_begin(struct eftf_tls *tls, struct eftf_err *err)
{
	(void)err;
	if (keylog >= 0)
		wolfSSL_CTX_set_keylog_callback(wolfSSL_get_SSL_CTX(tls->ssl), on_line);
	return 0;
}

void eftf_tls_keylog_end(struct eftf_tls *tls)
{
	(void)tls;
}
#else
int eftf_tls_keylog_begin(struct eftf_tls *tls, struct eftf_err *err)
{
	if (keylog < 0)
		return 0;
	if (!(wolfSSL_set_options(tls->ssl, WOLFSSL_OP_NO_TLSv1_3) & WOLFSSL_OP_NO_TLSv1_3))
		return eftf_err_set(err, EINVAL, "wolfSSL does not stay with TLS 1.2");
	wolfSSL_KeepArrays(tls->ssl);
	return 0;
}

static size_t hex(char *out, const unsigned char *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
	return 2 * n;
}

void eftf_tls_keylog_end(struct eftf_tls *tls)
{
	char line[16 + 2 * RANDOM_LEN + 2 * MASTER_LEN] = "CLIENT_RANDOM ";
	unsigned char *master, *server, *client;
	unsigned int n_master = 0, n_server = 0, n_client = 0;
	size_t n = strlen(line);

	if (keylog < 0)
		return;
	if (wolfSSL_get_keys(tls->ssl, &master, &n_master, &server, &n_server, &client, &n_client) == WOLFSSL_SUCCESS &&
	    n_master == MASTER_LEN && n_client == RANDOM_LEN) {
		n += hex(line + n, client, n_client);
		line[n++] = ' ';
		hex(line + n, master, n_master);
		put(line);
	}
	explicit_bzero(line, sizeof(line));
	wolfSSL_FreeArrays(tls->ssl);
}
#endif
