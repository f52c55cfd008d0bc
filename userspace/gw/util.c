/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "gw.h"
#include "log.h"

#define FD_RESERVE 64

#define LINES_PER_SECOND 20.0

double eftf_gw_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

enum eftf_log_level eftf_gw_log_level(const struct eftf_gw *gw)
{
	return gw->verbose ? EFTF_LOG_DEBUG : (enum eftf_log_level)gw->conf.log_level;
}

unsigned int eftf_gw_conns_of_worker(const struct eftf_gw *gw)
{
	return (gw->conf.max_handshakes + gw->conf.workers - 1) / gw->conf.workers;
}

/* Each tunnel and each connection is an open file of the machine, also when no process has it any more. */
static void check_file_max(const struct eftf_gw_conf *conf)
{
	unsigned long long max, need = (unsigned long long)conf->max_tunnels + conf->max_handshakes;
	FILE *f = fopen("/proc/sys/fs/file-max", "re");

	if (!f)
		return;			/* not shown to services that need not see it */
	if (fscanf(f, "%llu", &max) == 1 && max < need)
		log_warn("max_tunnels and max_handshakes need %llu open files, this machine has %llu: sysctl -w fs.file-max=%llu",
			 need, max, 2 * need);
	fclose(f);
}

int eftf_gw_raise_fd_limit(const struct eftf_gw_conf *conf, struct eftf_err *err)
{
	/* A worker has one for each connection; this process has the listening sockets of all. */
	rlim_t need = FD_RESERVE + conf->max_handshakes / conf->workers + 2 * conf->workers +
		conf->listen.n * conf->workers;
	struct rlimit lim;

	check_file_max(conf);
	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur >= need)
		return 0;
	lim.rlim_cur = need;
	if (lim.rlim_max < need)
		lim.rlim_max = need;
	if (!setrlimit(RLIMIT_NOFILE, &lim))
		return 0;
	return eftf_err_set(err, errno,
			    "max_handshakes and workers need %llu file descriptors (%s): raise LimitNOFILE of the service, or ulimit -n",
			    (unsigned long long)need, strerror(errno));
}

bool eftf_gw_may_log(double now)
{
	static double allowance = LINES_PER_SECOND, last;
	static unsigned long left_out;

	allowance += (now - last) * LINES_PER_SECOND;
	last = now;
	if (allowance > LINES_PER_SECOND)
		allowance = LINES_PER_SECOND;
	if (allowance < 1.0) {
		left_out++;
		return false;
	}
	allowance -= 1.0;
	if (left_out)
		log_info("%lu lines about failed connections were left out", left_out);
	left_out = 0;
	return true;
}
