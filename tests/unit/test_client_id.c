// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/client_id.c lib/file.c lib/err.c lib/random.c */
/* libs: -lwolfssl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ue/client_id.h"

static char path[] = "/tmp/eftf-machine-id-XXXXXX";
/* in a folder that cannot be made, and in one that is made */
static const char nowhere[] = "/proc/eftf/client-id";
static char own[64];

static void write_id(const char *text)
{
	int fd = mkstemp(strcpy(path, "/tmp/eftf-machine-id-XXXXXX"));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int get(uint8_t *id, const char *configured, const char *device, bool *stable)
{
	struct eftf_err err;

	memset(id, 0, EFTF_DHCP4_CLIENT_ID_MAX);
	return eftf_client_id(id, configured, path, own[0] ? own : nowhere, device, 32473, stable,
			      &err);
}

static void test_machine_id(void **state)
{
	static const char machine[] = "0123456789abcdef0123456789abcdef\n";
	uint8_t a[EFTF_DHCP4_CLIENT_ID_MAX], b[EFTF_DHCP4_CLIENT_ID_MAX];
	bool stable;

	(void)state;
	write_id(machine);
	assert_int_equal(get(a, NULL, "eftf0", &stable), 23);
	assert_true(stable);
	assert_int_equal(a[0], 255);
	assert_int_equal(a[5] << 8 | a[6], 4);
	assert_int_equal(get(b, NULL, "eftf0", &stable), 23);
	assert_memory_equal(a, b, 23);
	assert_int_equal(get(b, NULL, "eftf1", &stable), 23);
	assert_memory_not_equal(a + 1, b + 1, 4);
	/* the identity itself is not sent */
	assert_null(memmem(a, 23, "\x01\x23\x45\x67", 4));
	unlink(path);
}

static void test_no_machine_id(void **state)
{
	uint8_t a[EFTF_DHCP4_CLIENT_ID_MAX], b[EFTF_DHCP4_CLIENT_ID_MAX];
	bool stable = true;

	(void)state;
	write_id("");
	assert_int_equal(get(a, NULL, "eftf0", &stable), 23);
	assert_false(stable);
	get(b, NULL, "eftf0", &stable);
	assert_memory_not_equal(a + 7, b + 7, 16);
	unlink(path);
	write_id("uninitialized\nuninitialized\nuninitialized\n");
	get(a, NULL, "eftf0", &stable);
	assert_false(stable);
	unlink(path);
}

/* A router: no /etc/machine-id, and the same identity at every start. */
static void test_own_id_is_made_once(void **state)
{
	uint8_t a[EFTF_DHCP4_CLIENT_ID_MAX], b[EFTF_DHCP4_CLIENT_ID_MAX];
	char folder[] = "/tmp/eftf-own-id-XXXXXX", made[40];
	bool stable = false;
	struct stat st;

	(void)state;
	write_id("");
	assert_non_null(mkdtemp(folder));
	snprintf(made, sizeof(made), "%s/eftf", folder);
	snprintf(own, sizeof(own), "%s/client-id", made);
	assert_int_equal(get(a, NULL, "eftf0", &stable), 23);
	assert_true(stable);
	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(st.st_size, 33);
	assert_int_equal(st.st_mode & 0777, 0600);
	stable = false;
	assert_int_equal(get(b, NULL, "eftf0", &stable), 23);
	assert_true(stable);
	assert_memory_equal(a, b, 23);
	/* one that was cut off, on a full disk say, is no identity, and not overwritten */
	assert_int_equal(truncate(own, 5), 0);
	get(a, NULL, "eftf0", &stable);
	assert_false(stable);
	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(st.st_size, 5);
	unlink(own);
	unlink(path);
	assert_int_equal(rmdir(made), 0);	/* nothing else is left in it */
	rmdir(folder);
	own[0] = 0;
}

static void test_configured(void **state)
{
	uint8_t a[EFTF_DHCP4_CLIENT_ID_MAX];
	char name[EFTF_DHCP4_CLIENT_ID_MAX];
	bool stable = false;

	(void)state;
	assert_int_equal(get(a, "phone-7", "eftf0", &stable), 18);
	assert_true(stable);
	assert_int_equal(a[5] << 8 | a[6], 2);
	assert_memory_equal(a + 7, "\x00\x00\x7e\xd9", 4);
	assert_memory_equal(a + 11, "phone-7", 7);

	memset(name, 'x', sizeof(name));
	name[EFTF_DHCP4_CLIENT_ID_MAX - 11] = '\0';
	assert_int_equal(get(a, name, "eftf0", &stable), EFTF_DHCP4_CLIENT_ID_MAX);
	name[EFTF_DHCP4_CLIENT_ID_MAX - 11] = 'x';
	name[EFTF_DHCP4_CLIENT_ID_MAX - 10] = '\0';
	assert_int_equal(get(a, name, "eftf0", &stable), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_id),
		cmocka_unit_test(test_no_machine_id),
		cmocka_unit_test(test_own_id_is_made_once),
		cmocka_unit_test(test_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
