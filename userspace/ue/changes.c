// SPDX-License-Identifier: GPL-2.0-or-later
#include "changes.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* One of the two clocks stands still during sleep. */
static uint64_t asleep_ms(void)
{
	uint64_t awake = eftf_clock_ms(CLOCK_MONOTONIC), all = eftf_clock_ms(CLOCK_BOOTTIME);

	return all > awake ? all - awake : 0;
}

/*
 * A timer that never fires, but is cancelled when the clock is set. The kernel also
 * cancels it after sleep, for then it sets the clock as well.
 */
static int arm(int fd)
{
	struct itimerspec far = { .it_value = { .tv_sec = INT32_MAX } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) ?
		-errno : 0;
}

int eftf_changes_open(struct eftf_changes *c, struct eftf_err *err)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->network_at = UINT64_MAX;
	c->asleep = asleep_ms();
	c->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->clock_fd < 0)
		return eftf_err_set(err, errno, "timerfd: %s", strerror(errno));
	arm(c->clock_fd);
	ret = eftf_rt_open(&c->ask, err);
	return ret ? ret : eftf_rt_watch_open(&c->rt, err);
}

void eftf_changes_close(struct eftf_changes *c)
{
	eftf_rt_close(c->rt);
	eftf_rt_close(c->ask);
	c->rt = c->ask = NULL;
	if (c->clock_fd >= 0)
		close(c->clock_fd);
	c->clock_fd = -1;
}

void eftf_changes_fds(const struct eftf_changes *c, struct pollfd *pfd)
{
	pfd[0] = (struct pollfd){ .fd = c->clock_fd, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = c->rt ? eftf_rt_fd(c->rt) : -1, .events = POLLIN };
}

void eftf_changes_clock(struct eftf_changes *c, uint64_t asleep)
{
	if (asleep >= c->asleep + EFTF_CHANGES_SLEEP_MS)
		c->slept += asleep - c->asleep;
	else
		c->clock_set = true;
	c->asleep = asleep;
}

static void take_clock(struct eftf_changes *c)
{
	uint64_t expired;

	if (c->clock_fd < 0 || read(c->clock_fd, &expired, sizeof(expired)) >= 0 ||
	    errno != ECANCELED)
		return;
	/* the kernel cancels an armed timer only */
	if (arm(c->clock_fd))
		log_debug("the clock is not watched: %s", strerror(errno));
	eftf_changes_clock(c, asleep_ms());
}

void eftf_changes_take(struct eftf_changes *c)
{
	take_clock(c);
	if (c->rt && eftf_rt_watch_read(c->rt) && c->network_at == UINT64_MAX)
		c->network_at = eftf_now_ms() + EFTF_CHANGES_SETTLE_MS;
}

bool eftf_changes_network(struct eftf_changes *c)
{
	if (eftf_now_ms() < c->network_at)
		return false;
	c->network_at = UINT64_MAX;
	return true;
}

void eftf_changes_forget(struct eftf_changes *c)
{
	eftf_changes_take(c);
	c->clock_set = false;
	c->slept = 0;
	c->network_at = UINT64_MAX;
}
