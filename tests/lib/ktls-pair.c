// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes connected pairs of TCP sockets with kernel TLS and fixed test keys,
 * without any handshake, and runs a command that inherits them. The variables
 * A and B hold the numbers of the file descriptors (lists, with --pairs).
 *
 *   ktls-pair -- sh -c 'eftfctl tunnel add dev eftf0 fd $A inner4 10.0.0.1'
 *   ktls-pair --netns-a ue --addr-a 192.0.2.1 --netns-b gw --addr-b 192.0.2.2 -- ...
 *
 * Exit status: the command's; 125 if the pair could not be made.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tls.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define MAX_PAIRS 20000

static const char usage[] =
"usage: ktls-pair [options] [--] COMMAND [argument...]\n"
"Runs COMMAND with the two ends of a TCP connection, $A and $B, under kernel TLS.\n"
"  --tls 1.2|1.3             version (default 1.3)\n"
"  --cipher NAME             aes-128-gcm (default), aes-256-gcm, aes-128-ccm,\n"
"                            chacha20-poly1305\n"
"  --a WHAT, --b WHAT        what is configured at this end: both (default), tx, rx,\n"
"                            ulp (the ULP without keys), none (plain TCP)\n"
"  --addr-a IP, --addr-b IP  addresses (default 127.0.0.1); B listens, A connects\n"
"  --netns-a NAME, --netns-b NAME  make this end in a named network namespace\n"
"  --port N                  port of B (default: any free one)\n"
"  --pairs N                 make N connections; A and B become lists of numbers\n"
"  --wrong-key               B receives with another key than A sends with\n"
"  --nonblock                set O_NONBLOCK at both ends\n"
"Exit status: that of COMMAND; 125 if the sockets could not be made.\n";

enum conf { CONF_NONE, CONF_ULP, CONF_TX, CONF_RX, CONF_BOTH };

struct end {
	const char *name;	/* of the variable */
	const char *netns;
	const char *addr;
	enum conf conf;
	uint8_t tx, rx;		/* octet that the test key is made of */
	int *fds;
};

static struct {
	uint16_t version, cipher;
	unsigned int port, pairs;
	bool nonblock;
	struct end a, b;
} opt = {
	.version = TLS_1_3_VERSION, .cipher = TLS_CIPHER_AES_GCM_128, .pairs = 1,
	.a = {.name = "A", .addr = "127.0.0.1", .conf = CONF_BOTH, .tx = 0x41, .rx = 0x42},
	.b = {.name = "B", .addr = "127.0.0.1", .conf = CONF_BOTH, .tx = 0x42, .rx = 0x41},
};

static int home_netns = -1;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fputs("ktls-pair: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(125);
}

/* ---- keys ---------------------------------------------------------------- */

union key {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
	struct tls12_crypto_info_aes_ccm_128 ccm128;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

static const struct cipher {
	const char *name;
	uint16_t type;
	socklen_t len;
	size_t rec_seq;		/* where the record number, which starts at 0, stands */
} ciphers[] = {
#define CIPHER(n, t, s) {n, t, sizeof(struct s), offsetof(struct s, rec_seq)}
	CIPHER("aes-128-gcm", TLS_CIPHER_AES_GCM_128, tls12_crypto_info_aes_gcm_128),
	CIPHER("aes-256-gcm", TLS_CIPHER_AES_GCM_256, tls12_crypto_info_aes_gcm_256),
	CIPHER("aes-128-ccm", TLS_CIPHER_AES_CCM_128, tls12_crypto_info_aes_ccm_128),
	CIPHER("chacha20-poly1305", TLS_CIPHER_CHACHA20_POLY1305,
	       tls12_crypto_info_chacha20_poly1305),
#undef CIPHER
};

#define N_CIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))

static void plant(int fd, const struct end *end, int direction)
{
	uint8_t octet = direction == TLS_TX ? end->tx : end->rx;
	const struct cipher *c = ciphers;
	union key key;

	while (c->type != opt.cipher)
		c++;
	memset(&key, octet, sizeof(key));
	key.info.version = opt.version;
	key.info.cipher_type = opt.cipher;
	memset((char *)&key + c->rec_seq, 0, 8);
	if (setsockopt(fd, SOL_TLS, direction, &key, c->len))
		die("%s: the kernel refuses %s for %s: %s", end->name, c->name,
		    direction == TLS_TX ? "sending" : "receiving", strerror(errno));
}

static void configure(int fd, const struct end *end)
{
	int flags;

	if (end->conf != CONF_NONE && setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		die("%s: cannot switch on kernel TLS: %s (needs modprobe tls)", end->name,
		    strerror(errno));
	if (end->conf == CONF_TX || end->conf == CONF_BOTH)
		plant(fd, end, TLS_TX);
	if (end->conf == CONF_RX || end->conf == CONF_BOTH)
		plant(fd, end, TLS_RX);
	flags = fcntl(fd, F_GETFL);
	if (opt.nonblock && (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK)))
		die("%s: fcntl: %s", end->name, strerror(errno));
}

/* ---- sockets ------------------------------------------------------------- */

static void enter(const struct end *end)
{
	char path[256];
	int fd = home_netns;

	if (end->netns) {
		snprintf(path, sizeof(path), "/run/netns/%s", end->netns);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("%s: no network namespace %s: %s", end->name, end->netns,
			    strerror(errno));
	}
	if (setns(fd, CLONE_NEWNET))
		die("%s: cannot enter the network namespace: %s", end->name, strerror(errno));
	if (fd != home_netns)
		close(fd);
}

static socklen_t address(const struct end *end, unsigned int port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, end->addr, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)port);
		return sizeof(*sin);
	}
	if (inet_pton(AF_INET6, end->addr, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons((uint16_t)port);
		return sizeof(*sin6);
	}
	die("%s: \"%s\" is no IP address", end->name, end->addr);
}

static int bound_socket(const struct end *end, unsigned int port, int flags)
{
	struct sockaddr_storage ss;
	socklen_t len = address(end, port, &ss);
	int one = 1, fd = socket(ss.ss_family, SOCK_STREAM | flags, 0);

	if (fd < 0)
		die("%s: socket: %s", end->name, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len))
		die("%s: cannot bind to %s port %u: %s", end->name, end->addr, port,
		    strerror(errno));
	return fd;
}

static void make_pairs(void)
{
	struct timeval limit = {.tv_sec = 20};
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);
	unsigned int i;
	int listener;

	enter(&opt.b);
	listener = bound_socket(&opt.b, opt.port, SOCK_CLOEXEC);
	if (listen(listener, 16) || getsockname(listener, (struct sockaddr *)&to, &len))
		die("B: listen: %s", strerror(errno));
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	enter(&opt.a);
	for (i = 0; i < opt.pairs; i++) {
		int a = bound_socket(&opt.a, 0, 0), b, one = 1;
		struct timeval forever = {0};

		setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(a, (struct sockaddr *)&to, len))
			die("A: cannot connect to %s: %s", opt.b.addr, strerror(errno));
		b = accept4(listener, NULL, NULL, 0);
		if (b < 0)
			die("B: accept: %s", strerror(errno));
		setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof(forever));
		setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		opt.a.fds[i] = a;
		opt.b.fds[i] = b;
	}
	close(listener);
	if (setns(home_netns, CLONE_NEWNET))
		die("cannot return to the network namespace: %s", strerror(errno));
	/* The keys last: nothing can have been read or written before. */
	for (i = 0; i < opt.pairs; i++) {
		configure(opt.a.fds[i], &opt.a);
		configure(opt.b.fds[i], &opt.b);
	}
}

static void export_fds(const struct end *end)
{
	size_t room = opt.pairs * 12u + 1, at = 0;
	char *list = malloc(room);
	unsigned int i;

	if (!list)
		die("out of memory");
	for (i = 0; i < opt.pairs; i++)
		at += (size_t)snprintf(list + at, room - at, "%s%d", i ? " " : "", end->fds[i]);
	if (setenv(end->name, list, 1))
		die("out of memory");
	free(list);
}

/* ---- command line -------------------------------------------------------- */

static unsigned int number(const char *name, const char *text, unsigned int max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || value > max)
		die("--%s %s: must be a number up to %u", name, text, max);
	return (unsigned int)value;
}

static enum conf conf_of(const char *name, const char *text)
{
	static const char *const words[] = {"none", "ulp", "tx", "rx", "both"};
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(text, words[i]))
			return (enum conf)i;
	die("--%s %s: must be both, tx, rx, ulp or none", name, text);
}

static void set_cipher(const char *text)
{
	size_t i;

	for (i = 0; i < N_CIPHERS; i++) {
		if (!strcmp(text, ciphers[i].name)) {
			opt.cipher = ciphers[i].type;
			return;
		}
	}
	die("--cipher %s: must be aes-128-gcm, aes-256-gcm, aes-128-ccm or chacha20-poly1305",
	    text);
}

static const struct option options[] = {
	{"tls", required_argument, NULL, 't'}, {"cipher", required_argument, NULL, 'c'},
	{"a", required_argument, NULL, 'a'}, {"b", required_argument, NULL, 'b'},
	{"addr-a", required_argument, NULL, 'A'}, {"addr-b", required_argument, NULL, 'B'},
	{"netns-a", required_argument, NULL, 'n'}, {"netns-b", required_argument, NULL, 'm'},
	{"port", required_argument, NULL, 'p'}, {"pairs", required_argument, NULL, 'N'},
	{"wrong-key", no_argument, NULL, 'w'}, {"nonblock", no_argument, NULL, 'k'},
	{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
};

static void take_option(int c)
{
	switch (c) {
	case 't':
		if (strcmp(optarg, "1.2") && strcmp(optarg, "1.3"))
			die("--tls %s: must be 1.2 or 1.3", optarg);
		opt.version = strcmp(optarg, "1.2") ? TLS_1_3_VERSION : TLS_1_2_VERSION;
		break;
	case 'c': set_cipher(optarg); break;
	case 'a': opt.a.conf = conf_of("a", optarg); break;
	case 'b': opt.b.conf = conf_of("b", optarg); break;
	case 'A': opt.a.addr = optarg; break;
	case 'B': opt.b.addr = optarg; break;
	case 'n': opt.a.netns = optarg; break;
	case 'm': opt.b.netns = optarg; break;
	case 'p': opt.port = number("port", optarg, 65535); break;
	case 'N': opt.pairs = number("pairs", optarg, MAX_PAIRS); break;
	case 'w': opt.b.rx = 0x57; break;
	case 'k': opt.nonblock = true; break;
	case 'h': fputs(usage, stdout); exit(0);
	default: exit(125);
	}
}

static void allow_fds(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur >= opt.pairs * 2 + 64)
		return;
	lim.rlim_cur = opt.pairs * 2 + 64;
	if (lim.rlim_max < lim.rlim_cur)
		lim.rlim_max = lim.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &lim))
		die("cannot have %u open files: %s", opt.pairs * 2 + 64, strerror(errno));
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		take_option(c);
	if (optind == argc || !opt.pairs)
		die("which command, and how many pairs? see --help");
	opt.a.fds = calloc(opt.pairs, sizeof(int));
	opt.b.fds = calloc(opt.pairs, sizeof(int));
	home_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!opt.a.fds || !opt.b.fds || home_netns < 0)
		die("cannot start: %s", strerror(errno));
	allow_fds();
	make_pairs();
	export_fds(&opt.a);
	export_fds(&opt.b);
	execvp(argv[optind], argv + optind);
	die("cannot run %s: %s", argv[optind], strerror(errno));
}
