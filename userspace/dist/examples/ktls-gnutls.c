// SPDX-License-Identifier: GPL-2.0-or-later
/* libs: -lgnutls -lmnl */
/*
 * A tunnel by hand, the UE's end: TLS 1.3 by GnuTLS, whose keys go to the kernel, as with any library that tells them; the
 * socket to the module eftf.
 *
 *     ktls-gnutls connect HOST CA DEVICE INNER4 GATEWAY4
 *
 * DEVICE is there already (eftfctl link add DEVICE role ue); INNER4 is the UE's inner address and GATEWAY4 the
 * EFTF's, at both ends. There is no negotiation. The tunnel ends with the program.
 * cc ktls-gnutls.c -lgnutls -lmnl
 */
#include <gnutls/gnutls.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "ktls-tunnel.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static void need(int ret, const char *what)
{
	if (ret < 0)
		die(what, gnutls_strerror(ret));
}

/* One direction's key, and the number of its next record. */
static void to_kernel(gnutls_session_t session, int fd, int option)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info = { .version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128 },
	};
	gnutls_datum_t mac, iv, key;

	need(gnutls_record_get_state(session, option == TLS_RX, &mac, &iv, &key, info.rec_seq), "keys");
	if (iv.size != sizeof(info.salt) + sizeof(info.iv) || key.size != sizeof(info.key))
		die("keys", "not those of AES-128-GCM");
	memcpy(info.salt, iv.data, sizeof(info.salt));
	memcpy(info.iv, iv.data + sizeof(info.salt), sizeof(info.iv));
	memcpy(info.key, key.data, sizeof(info.key));
	if (setsockopt(fd, SOL_TLS, option, &info, sizeof(info)))
		die("kernel TLS", strerror(errno));
	explicit_bzero(&info, sizeof(info));
}

int main(int argc, char **argv)
{
	gnutls_certificate_credentials_t trusted;
	gnutls_session_t session;
	int fd, ret;

	if (argc != 7 || strcmp(argv[1], "connect"))
		die("usage", "ktls-gnutls connect HOST CA DEVICE INNER4 GATEWAY4");
	need(gnutls_certificate_allocate_credentials(&trusted), "GnuTLS");
	need(gnutls_certificate_set_x509_trust_file(trusted, argv[3], GNUTLS_X509_FMT_PEM), argv[3]);
	need(gnutls_init(&session, GNUTLS_CLIENT), "GnuTLS");
	need(gnutls_priority_set_direct(session, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM", NULL), "GnuTLS");
	need(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, trusted), "GnuTLS");
	/* the certificate has to be that host's, by name or by address */
	gnutls_session_set_verify_cert(session, argv[2], 0);
	fd = tcp(argv[2], 0);
	gnutls_transport_set_int(session, fd);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	need(ret, "TLS");
	/* what GnuTLS has read already the kernel would miss */
	if (gnutls_record_check_pending(session))
		die("kernel TLS", "the peer was too quick");
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		die("kernel TLS (modprobe tls)", strerror(errno));
	to_kernel(session, fd, TLS_TX);
	to_kernel(session, fd, TLS_RX);
	/* without gnutls_bye(): the connection goes on */
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(trusted);
	carry(fd, argv + 4);
}
