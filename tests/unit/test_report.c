/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/report.c lib/quote.c lib/ask.c lib/file.c lib/err.c */
/* A status as lines and as JSON, and how it is asked for. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ask.h"
#include "ue/report.h"

static void item(char *out, size_t size, size_t i, const void *arg)
{
	snprintf(out, size, "%s%zu", (const char *)arg, i);
}

static char *report(bool json)
{
	struct eftf_report r;

	assert_int_equal(eftf_report_begin(&r, json), 0);
	eftf_report_text(&r, "state", "up");
	eftf_report_text(&r, "none", NULL);
	eftf_report_group(&r, "inner");
	eftf_report_number(&r, "mtu", 1400);
	eftf_report_list(&r, "dns", 2, item, "x");
	eftf_report_list(&r, "empty", 0, item, "x");
	eftf_report_group(&r, "evil");
	eftf_report_text(&r, "name", "a\"b\\\x1b[2J\n\xff");
	eftf_report_raw(&r, "verdict", "words", "{\"a\":1}");
	eftf_report_group(&r, NULL);
	eftf_report_list(&r, "events", 1, item, "e");
	return eftf_report_end(&r);
}

static void test_json(void **state)
{
	char *text = report(true);

	(void)state;
	assert_string_equal(text, "{\"state\":\"up\",\"none\":null,\"inner\":{\"mtu\":1400,\"dns\":[\"x0\",\"x1\"],\"empty\":[]},"
			    "\"evil\":{\"name\":\"a\\\"b\\\\\\u001b[2J\\u000a\\u00ff\",\"verdict\":{\"a\":1}},\"events\":[\"e0\"]}\n");
	free(text);
}

static void test_text(void **state)
{
	char *text = report(false);

	(void)state;
	assert_string_equal(text,
			    "state                 up\n"
			    "inner      mtu        1400\n"
			    "inner      dns        x0\n"
			    "inner      dns        x1\n"
			    "evil       name       a\"b\\?[2J?\xff\n"
			    "evil       verdict    words\n"
			    "events                e0\n");
	free(text);
}

static char *long_answer(const char *request, void *arg)
{
	char *text = malloc(3000001);

	(void)arg;
	memset(text, request[0], 3000000);
	text[3000000] = 0;
	return text;
}

/* Serves one client after the other, as a program's loop does, until it is killed. */
static void serve(int listener)
{
	for (;;) {
		struct eftf_ask a;
		enum eftf_ask_next next = EFTF_ASK_READ;

		if (!eftf_ask_accept(&a, listener))
			continue;
		while (next != EFTF_ASK_DONE)
			next = eftf_ask_step(&a, long_answer, NULL);
		eftf_ask_close(&a);
	}
}

static void test_ask(void **state)
{
	char folder[] = "/tmp/eftf-test-ask-XXXXXX", path[64], long_request[EFTF_ASK_LINE + 1], *text;
	struct eftf_err err;
	struct stat st;
	int listener;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/made/sock", folder);
	assert_null(eftf_ask(path, "x", "the program", &err));
	assert_non_null(strstr(err.text, "is the program running?"));
	listener = eftf_ask_listen(path, &err);
	assert_true(listener >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(eftf_ask_listen(path, &err), -EADDRINUSE);
	pid = fork();
	if (!pid)
		serve(listener);
	close(listener);
	text = eftf_ask(path, "y", "the program", &err);
	assert_non_null(text);
	assert_int_equal(strlen(text), 3000000);
	assert_int_equal(strspn(text, "y"), 3000000);
	free(text);
	memset(long_request, 'z', EFTF_ASK_LINE);
	long_request[EFTF_ASK_LINE] = 0;
	assert_null(eftf_ask(path, long_request, "the program", &err));
	assert_null(eftf_ask(path, "two\nlines", "the program", &err));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* what a killed program has left is replaced */
	listener = eftf_ask_listen(path, &err);
	assert_true(listener >= 0);
	close(listener);
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
