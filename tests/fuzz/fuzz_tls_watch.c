// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/tls_watch.c */
/* What a peer says in the clear: the verdict is the same however the octets are cut. */
#include "fuzz.h"

#include "tls_watch.h"

static unsigned int watch(bool server, const struct eftf_tls_profile *profile, const uint8_t *data,
			  size_t size, size_t step)
{
	struct eftf_tls_watch w = {.done = false};
	const char *why = NULL;
	unsigned int alert = 0;

	for (size_t n; size && !alert; data += n, size -= n) {
		uint8_t *copy;

		n = size < step ? size : step;
		copy = fuzz_exact(data, n);
		alert = eftf_tls_watch(&w, server, profile, copy, n, &why);
		free(copy);
	}
	must(!alert || (why && alert < 256));
	eftf_tls_watch_end(&w);
	must(!w.body);
	return alert;
}

/* The choice of a certificate is made on the same octets, without judging them. */
static void hello(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_exact(data, size);
	struct eftf_tls_hello h;

	eftf_tls_hello_parse(&h, copy, size);
	must(memchr(h.name, 0, sizeof(h.name)));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_tls_profile profile;
	size_t step;
	bool server;

	if (size < 2)
		return 0;
	server = data[0] & 1;
	profile.x25519 = data[0] & 2;
	profile.key = (enum eftf_x509_key)(data[0] >> 2) % (EFTF_X509_KEY_RSA + 1);
	step = data[1] % 32 + 1u;
	data += 2;
	size -= 2;
	must(watch(server, &profile, data, size, size) ==
	     watch(server, &profile, data, size, step));
	hello(data, size);
	return 0;
}
