// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/tls_probe.c lib/ike_probe.c ue/portal.c ue/connect.c ue/connect_curl.c ue/interim.c ue/targets.c ue/signals.c lib/addr.c lib/err.c */
/* libs: -lcurl */
/* What strangers answer while the network is found out: TLS, IKE, and a captive portal; the first octet says which. */
#include "fuzz.h"

#include <errno.h>

#include "ike_probe.h"
#include "tls_probe.h"
#include "ue/portal.h"

static const uint8_t secret[EFTF_TLS_PROBE_RANDOM_LEN] = "random octets, as many as the longest of the requests has";

/* A stream cut anywhere: what is known early does not change by what follows. */
static void tls(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_exact(data, size);
	int ret = eftf_tls_probe_answer(copy, size, secret), early;

	free(copy);
	must(ret == 0 || ret == 1 || ret == 2 || ret == -EBADMSG);
	must(ret != 1 || (size >= 46 && data[0] == 22));
	must(ret != 2 || (size >= 7 && data[0] == 21));
	copy = fuzz_exact(data, size / 2);
	early = eftf_tls_probe_answer(copy, size / 2, secret);
	free(copy);
	must(early == 0 || early == ret);
}

/* how: with the SPI of ours, without which nothing else is looked at */
static void ike(uint8_t *copy, size_t size, bool ours)
{
	uint8_t request[EFTF_IKE_REQUEST_LEN];
	int ret;

	eftf_ike_request(request, secret);
	if (ours && size >= 12)
		memcpy(copy, request, 12);
	ret = eftf_ike_parse(copy, size, secret);
	must(ret == 0 || ret == -ENOMSG || ret == -EBADMSG);
	must(ret || (size >= 32 && !memcmp(copy, request, 12)));
	/* the request itself is no answer to it */
	must(eftf_ike_parse(request, sizeof(request), secret) == -ENOMSG);
}

static void portal(const uint8_t *data, size_t size)
{
	char where[EFTF_PORTAL_WHERE], *text = malloc(size + 1);

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	eftf_portal_answer(text, "eftf.ims.example", where);
	free(text);
	for (size_t i = 0; i < strlen(where); i++)
		must(where[i] > ' ' && where[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 1)
		return 0;
	switch (*data % 4) {
	case 0:
		tls(data + 1, size - 1);
		break;
	case 1:
		portal(data + 1, size - 1);
		break;
	default:
		copy = fuzz_exact(data + 1, size - 1);
		ike(copy, size - 1, *data % 4 == 2);
		free(copy);
	}
	return 0;
}
