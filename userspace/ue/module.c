// SPDX-License-Identifier: GPL-2.0-or-later
#include "module.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tls.h"

static bool have_net_admin(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &hdr, data))
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

bool eftf_module_is_open(const struct eftf_module *m)
{
	return m->nl && m->events && m->rt;
}

int eftf_module_open(struct eftf_module *m, struct eftf_err *err)
{
	int ret;

	if (eftf_module_is_open(m))
		return 0;
	if (!have_net_admin())
		return eftf_err_set(err, EPERM, "no CAP_NET_ADMIN: run as root, or give the "
				    "service AmbientCapabilities=CAP_NET_ADMIN");
	ret = eftf_tls_kernel_check(err);
	if (!ret && !m->nl)
		ret = eftf_nl_open(&m->nl, err);
	if (!ret && !m->events)
		ret = eftf_nl_events_open(&m->events, err);
	if (!ret && !m->rt)
		ret = eftf_rt_open(&m->rt, err);
	return ret;
}

void eftf_module_lost(struct eftf_module *m)
{
	eftf_nl_close(m->events);
	eftf_nl_close(m->nl);
	m->events = NULL;
	m->nl = NULL;
}

void eftf_module_close(struct eftf_module *m)
{
	eftf_module_lost(m);
	eftf_rt_close(m->rt);
	m->rt = NULL;
}
