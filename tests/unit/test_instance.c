// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/instance.c lib/err.c lib/log.c lib/log_json.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ue/instance.h"

static char folder[] = "/tmp/test_instance.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void test_one_for_each_device(void **state)
{
	struct eftf_instance a, b, c;
	struct eftf_err err;
	char pid[32];

	(void)state;
	assert_int_equal(eftf_instance_claim(&a, folder, "eftf0", &err), 0);
	assert_true(a.alone);
	assert_int_equal(eftf_instance_claim(&b, folder, "eftf0", &err), -EBUSY);
	snprintf(pid, sizeof(pid), "process %d serves", (int)getpid());
	assert_non_null(strstr(err.text, pid));
	assert_int_equal(eftf_instance_claim(&c, folder, "eftf1", &err), 0);
	assert_false(c.alone);
	eftf_instance_release(&a);
	assert_int_equal(eftf_instance_claim(&b, folder, "eftf0", &err), 0);
	assert_false(b.alone);
	eftf_instance_release(&c);
	eftf_instance_release(&b);
	/* files that are left over are no process */
	assert_int_equal(eftf_instance_claim(&a, folder, "eftf0", &err), 0);
	assert_true(a.alone);
	eftf_instance_release(&a);
	eftf_instance_release(&a);
}

/* What kill -9 leaves is free. */
static void test_killed(void **state)
{
	struct eftf_instance in;
	struct eftf_err err;
	int ready[2];
	char c = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (!eftf_instance_claim(&in, folder, "eftf0", &err) && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(eftf_instance_claim(&in, folder, "eftf0", &err), -EBUSY);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(eftf_instance_claim(&in, folder, "eftf0", &err), 0);
	assert_true(in.alone);
	eftf_instance_release(&in);
	close(ready[0]);
}

static void note(const char *text)
{
	struct eftf_instance in;
	struct eftf_err err;

	assert_int_equal(eftf_instance_claim(&in, folder, "eftf0", &err), 0);
	eftf_instance_write_note(&in, text);
	assert_string_equal(in.note, text);
	eftf_instance_release(&in);
}

/* A line that one has noted is there for the next, and the process before it is named as ever. */
static void test_note(void **state)
{
	static const char text[] = "2001:db8:64:7::/64";
	struct eftf_instance a, b;
	struct eftf_err err;
	char pid[32];

	(void)state;
	snprintf(pid, sizeof(pid), "process %d serves", (int)getpid());
	note("2001:db8:64:ffff:ffff:ffff:ffff:ffff/64");
	note(text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(eftf_instance_claim(&a, folder, "eftf0", &err), 0);
		assert_string_equal(a.note, text);
		assert_int_equal(eftf_instance_claim(&b, folder, "eftf0", &err), -EBUSY);
		assert_non_null(strstr(err.text, pid));
		eftf_instance_release(&a);
	}
	assert_int_equal(eftf_instance_claim(&a, folder, "eftf1", &err), 0);
	assert_string_equal(a.note, "");
	eftf_instance_release(&a);
	note("");
	assert_int_equal(eftf_instance_claim(&a, folder, "eftf0", &err), 0);
	assert_string_equal(a.note, "");
	eftf_instance_release(&a);
	/* without a file it is there as long as this process */
	eftf_instance_write_note(&a, text);
	assert_string_equal(a.note, text);
}

static void test_no_folder(void **state)
{
	struct eftf_instance in;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_instance_claim(&in, "/dev/null/x", "eftf0", &err), -ENOTDIR);
	assert_int_equal(in.fd, -1);
	assert_non_null(strstr(err.text, "/dev/null/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_for_each_device), cmocka_unit_test(test_killed), cmocka_unit_test(test_note),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
