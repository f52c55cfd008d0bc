// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* By this the kernel counts down: far more than will ever fail. */
#define TIMES 1000000000

static int nth_fd = -1;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_msg("%s cannot be set to %s", path, text);
	close(fd);
}

static void put_both(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/failslab/%s", name);
	put(path, text);
	snprintf(path, sizeof(path), "/sys/kernel/debug/fail_page_alloc/%s", name);
	put(path, text);
}

/* By default only those fail that may not wait. */
static void fault_any_allocation(void)
{
	put_both("ignore-gfp-wait", "0");
	put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "0");
	put_both("verbose", "0");
	put_both("times", "-1");
}

bool fault_available(void)
{
	return access("/proc/self/fail-nth", W_OK) == 0 &&
	       access("/sys/kernel/debug/failslab/require-start", W_OK) == 0;
}

void fault_nth(unsigned int n)
{
	char text[16];

	if (nth_fd < 0) {
		nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
		fault_any_allocation();
	}
	assert_true(nth_fd >= 0);
	snprintf(text, sizeof(text), "%u", n);
	assert_int_equal(pwrite(nth_fd, text, strlen(text), 0), strlen(text));
}

bool fault_nth_done(void)
{
	char text[16] = "";

	/* what is left of the count: 0 when the failure happened */
	assert_true(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	return atoi(text) == 0;
}

/* The module's code lies between .init-free sections of one allocation. */
static void module_range(char *start, char *end, size_t size)
{
	unsigned long base = 0;
	char line[512];
	FILE *f = fopen("/proc/modules", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long length;

		if (sscanf(line, "eftf %lu %*d %*s %*s 0x%lx", &length, &base) == 2) {
			snprintf(start, size, "0x%lx", base);
			snprintf(end, size, "0x%lx", base + length);
		}
	}
	fclose(f);
	assert_true(base);
}

/* The tap's own copies of packets must not fail: a packet that it misses proves nothing. */
static void tap_range(char *start, char *end, size_t size)
{
	unsigned long at, from = 0, to = 0;
	char line[512], name[128];
	FILE *f = fopen("/proc/kallsyms", "r");

	assert_non_null(f);
	while (!to && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %127s", &at, name) != 2)
			continue;
		if (from && at > from)
			to = at;
		if (!strcmp(name, "packet_rcv"))
			from = at;
	}
	fclose(f);
	assert_true(to);
	snprintf(start, size, "0x%lx", from);
	snprintf(end, size, "0x%lx", to);
}

void fault_module(unsigned int percent)
{
	char text[32], start[32], end[32];

	if (!percent) {
		put_both("probability", "0");
		return;
	}
	module_range(start, end, sizeof(start));
	put_both("require-start", start);
	put_both("require-end", end);
	tap_range(start, end, sizeof(start));
	put_both("reject-start", start);
	put_both("reject-end", end);
	put_both("stacktrace-depth", "32");
	fault_any_allocation();
	put_both("task-filter", "0");
	snprintf(text, sizeof(text), "%d", TIMES);
	put_both("times", text);
	snprintf(text, sizeof(text), "%u", percent);
	put_both("probability", text);
}

void fault_spare(bool spared)
{
	/* an allocation so far away that it never comes is all that the kernel looks at then */
	if (fault_available())
		put("/proc/thread-self/fail-nth", spared ? "2000000000" : "0");
}

static long number_in(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

bool fault_on(void)
{
	return number_in("/sys/kernel/debug/failslab/probability") > 0;
}

unsigned long fault_count(void)
{
	long slab = number_in("/sys/kernel/debug/failslab/times");
	long page = number_in("/sys/kernel/debug/fail_page_alloc/times");

	return (unsigned long)((slab >= 0 ? TIMES - slab : 0) + (page >= 0 ? TIMES - page : 0));
}
