// SPDX-License-Identifier: GPL-2.0-or-later
/* libs: -lssl -lcrypto -lmnl */
/*
 * A tunnel by hand: TLS by OpenSSL, which gives the keys to the kernel by itself; the socket to the module eftf.
 *
 *     ktls-openssl connect HOST CA DEVICE INNER4 GATEWAY4           the UE's end
 *     ktls-openssl listen ADDRESS CERT KEY DEVICE INNER4 GATEWAY4   the EFTF's end, for one UE
 *
 * DEVICE is there already (eftfctl link add DEVICE role ue|gw); INNER4 is the UE's inner address and GATEWAY4 the
 * EFTF's, at both ends. There is no negotiation. The tunnel ends with the program.
 * cc ktls-openssl.c -lssl -lcrypto -lmnl
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "ktls-tunnel.h"

/* Before 3.2 OpenSSL lets the kernel send by TLS 1.3, but not receive. */
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
#define VERSION TLS1_3_VERSION
#else
#define VERSION TLS1_2_VERSION
#endif

static void failed(const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	die(what, text);
}

static SSL_CTX *context(int listens, char **files)
{
	SSL_CTX *ctx = SSL_CTX_new(listens ? TLS_server_method() : TLS_client_method());

	if (!ctx)
		failed("OpenSSL");
	SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
	SSL_CTX_set_min_proto_version(ctx, VERSION);
	SSL_CTX_set_max_proto_version(ctx, VERSION);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM");
	if (!listens) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		if (SSL_CTX_load_verify_locations(ctx, files[0], NULL) != 1)
			failed(files[0]);
		return ctx;
	}
	SSL_CTX_set_num_tickets(ctx, 0);	/* each would be a record that counts */
	if (SSL_CTX_use_certificate_chain_file(ctx, files[0]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, files[1], SSL_FILETYPE_PEM) != 1)
		failed(files[0]);
	return ctx;
}

int main(int argc, char **argv)
{
	int listens = argc == 8 && !strcmp(argv[1], "listen"), fd;
	SSL_CTX *ctx;
	SSL *ssl;

	if (!listens && (argc != 7 || strcmp(argv[1], "connect")))
		die("usage", "ktls-openssl connect HOST CA DEVICE INNER4 GATEWAY4 | listen ADDRESS CERT KEY DEVICE INNER4 GATEWAY4");
	ctx = context(listens, argv + 3);
	fd = tcp(argv[2], listens);
	ssl = SSL_new(ctx);
	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		failed("OpenSSL");
	/* the certificate has to be that host's, by name or by address */
	if (!listens && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), argv[2]) != 1 &&
	    (SSL_set1_host(ssl, argv[2]) != 1 || SSL_set_tlsext_host_name(ssl, argv[2]) != 1))
		failed(argv[2]);
	if ((listens ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
		failed("TLS");
	if (!BIO_get_ktls_send(SSL_get_wbio(ssl)) || !BIO_get_ktls_recv(SSL_get_rbio(ssl)) || SSL_has_pending(ssl))
		die("kernel TLS", "not in both directions: modprobe tls; OpenSSL built with enable-ktls");
	/* without SSL_shutdown(): the connection goes on, and the socket stays open */
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	carry(fd, argv + (listens ? 5 : 4));
}
