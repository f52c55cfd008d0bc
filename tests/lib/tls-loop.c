/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libs: -lwolfssl */
/*
 * The least that a TLS server can do, to compare an EFTF with: wolfSSL takes one handshake after the other.
 *
 *   tls-loop CERTIFICATE KEY ADDRESS PORT      IPv4; until it is ended
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "tls-loop: %s: %s\n", what, strerror(errno));
	exit(2);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	WOLFSSL_CTX *ctx;
	WOLFSSL *ssl;

	if (argc != 5) {
		fprintf(stderr, "usage: tls-loop CERTIFICATE KEY ADDRESS PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	wolfSSL_Init();
	ctx = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
	if (!ctx || wolfSSL_CTX_use_certificate_chain_file(ctx, argv[1]) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_use_PrivateKey_file(ctx, argv[2], WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		die("certificate and key");
	at.sin_port = htons((uint16_t)atoi(argv[4]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (inet_pton(AF_INET, argv[3], &at.sin_addr) != 1 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 1024))
		die(argv[3]);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		ssl = wolfSSL_new(ctx);
		if (!ssl || wolfSSL_set_fd(ssl, fd) != WOLFSSL_SUCCESS)
			die("wolfSSL");
		wolfSSL_accept(ssl);
		wolfSSL_free(ssl);
		close(fd);
	}
}
