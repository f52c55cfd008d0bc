// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/networks.c lib/file.c lib/err.c */
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

#include "ue/networks.h"

#define HOME "lan0 02:00:00:00:00:01"

static char dir[] = "/tmp/eftf-networks-XXXXXX";
static char path[128];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(strcpy(dir, "/tmp/eftf-networks-XXXXXX")))
		return -1;
	/* its folder is made */
	snprintf(path, sizeof(path), "%s/ue/eftf0.networks", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return rmdir(dir);
}

static void write_text(const char *text, size_t len)
{
	struct eftf_networks none = { .n = 0 };
	struct eftf_err err;
	FILE *f;

	assert_int_equal(eftf_networks_save(&none, path, &err), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct eftf_network net(const char *key, int64_t at)
{
	struct eftf_network n = { .at = at };

	snprintf(n.key, sizeof(n.key), "%s", key);
	return n;
}

static void test_expiry(void **state)
{
	struct eftf_networks nets = { .n = 0 };
	struct eftf_network n = net(HOME, 1000);

	(void)state;
	assert_null(eftf_networks_find(&nets, HOME, 1000, 60));
	eftf_networks_put(&nets, &n);
	assert_non_null(eftf_networks_find(&nets, HOME, 1000, 60));
	assert_non_null(eftf_networks_find(&nets, HOME, 1060, 60));
	assert_null(eftf_networks_find(&nets, HOME, 1061, 60));
	/* the clock was set back */
	assert_null(eftf_networks_find(&nets, HOME, 999, 60));
	assert_null(eftf_networks_find(&nets, "lan0 02:00:00:00:00:02", 1000, 60));
	assert_null(eftf_networks_find(&nets, "lan1 02:00:00:00:00:01", 1000, 60));
}

static void test_bounded(void **state)
{
	struct eftf_networks nets = { .n = 0 };
	struct eftf_network n;
	char key[32];
	int i;

	(void)state;
	for (i = 0; i < 3 * EFTF_NETWORKS_MAX; i++) {
		snprintf(key, sizeof(key), "lan0 %d", i);
		n = net(key, 1000 + i);
		eftf_networks_put(&nets, &n);
	}
	assert_int_equal(nets.n, EFTF_NETWORKS_MAX);
	/* the youngest are there; one with the same key takes its place */
	assert_non_null(eftf_networks_find(&nets, key, 2000, 1000));
	assert_null(eftf_networks_find(&nets, "lan0 63", 2000, 1000));
	assert_non_null(eftf_networks_find(&nets, "lan0 64", 2000, 1000));
	n = net(key, 1900);
	n.fallback = true;
	eftf_networks_put(&nets, &n);
	assert_int_equal(nets.n, EFTF_NETWORKS_MAX);
	assert_true(eftf_networks_find(&nets, key, 2000, 1000)->fallback);
	assert_true(eftf_networks_drop(&nets, key));
	assert_false(eftf_networks_drop(&nets, key));
	assert_int_equal(nets.n, EFTF_NETWORKS_MAX - 1);
}

static void test_kept(void **state)
{
	struct eftf_networks nets = { .n = 0 }, back;
	struct eftf_network n;
	struct eftf_err err;
	char key[EFTF_NETWORKS_KEY];
	struct stat st;
	int i;

	(void)state;
	assert_int_equal(eftf_networks_load(&back, path, &err), 0);
	assert_int_equal(back.n, 0);
	for (i = 0; i < EFTF_NETWORKS_MAX; i++) {
		snprintf(key, sizeof(key), "abcdefghijkl%03d 2001:db8:1111:2222:3333:4444:5555:6666/64", i);
		n = net(key, 4000000000 + i);
		n.fallback = i % 2;
		eftf_networks_put(&nets, &n);
	}
	if (eftf_networks_save(&nets, path, &err) || eftf_networks_load(&back, path, &err))
		fail_msg("%s", err.text);
	assert_int_equal(back.n, EFTF_NETWORKS_MAX);
	for (i = 0; i < EFTF_NETWORKS_MAX; i++) {
		assert_string_equal(back.item[i].key, nets.item[i].key);
		assert_int_equal(back.item[i].fallback, nets.item[i].fallback);
		assert_int_equal(back.item[i].at, nets.item[i].at);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_nonsense(void **state)
{
#define HEAD "eftf-ue networks 1\n"
#define GOOD HOME " configured 1000\n"
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
#define BAD(t) { t, sizeof(t) - 1 }
		BAD(""), BAD("eftf-ue networks 2\n" GOOD), BAD("\n"), BAD(HEAD GOOD "lan0\n"),
		BAD(HEAD HOME " configured 1000"), BAD(HEAD HOME " elsewhere 1000\n"),
		BAD(HEAD HOME " configured -1\n"), BAD(HEAD HOME " configured 1000 x\n"),
		BAD(HEAD HOME " configured 99999999999999999999\n"), BAD(HEAD GOOD "\n" GOOD),
		BAD(HEAD "a-name-of-seventeen 02:00:00:00:00:01 configured 1000\n"),
		BAD(HEAD GOOD "\0" GOOD), BAD(HEAD "%s%n\n"),
	};
	struct eftf_networks nets;
	struct eftf_err err;
	char *large;
	size_t i;

	(void)state;
	write_text(HEAD GOOD, sizeof(HEAD GOOD) - 1);
	assert_int_equal(eftf_networks_load(&nets, path, &err), 0);
	assert_int_equal(nets.n, 1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("file %zu\n", i);
		write_text(bad[i].text, bad[i].len);
		assert_int_equal(eftf_networks_load(&nets, path, &err), -EBADMSG);
		assert_int_equal(nets.n, 0);
		assert_non_null(strstr(err.text, path));
	}
	large = malloc(1 << 20);
	assert_non_null(large);
	memset(large, '\n', 1 << 20);
	memcpy(large, HEAD, sizeof(HEAD) - 1);
	write_text(large, 1 << 20);
	free(large);
	assert_int_equal(eftf_networks_load(&nets, path, &err), -EBADMSG);
}

static void test_no_folder(void **state)
{
	struct eftf_networks nets = { .n = 0 };
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_networks_save(&nets, "/proc/none/eftf0.networks", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/none/"));
	assert_int_equal(eftf_networks_load(&nets, "/proc/self", &err), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nonsense, set_up, tear_down),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
