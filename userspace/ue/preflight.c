// SPDX-License-Identifier: GPL-2.0-or-later
/* What must be there before the first connection is tried. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ue.h"

static bool have_net_admin(void)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &hdr, data))
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

int eftf_preflight(struct eftf_ue *ue, struct eftf_err *err)
{
	int ret;

	/* between two tunnels nobody else notices that the module was unloaded */
	if (ue->events && !ue->tunnel_id)
		eftf_read_events(ue);
	if (ue->nl && ue->events && ue->rt)
		return 0;
	if (!have_net_admin())
		return eftf_err_set(err, EPERM, "no CAP_NET_ADMIN: run as root, or give the "
				    "service AmbientCapabilities=CAP_NET_ADMIN");
	ret = eftf_tls_kernel_check(err);
	if (!ret && !ue->nl)
		ret = eftf_nl_open(&ue->nl, err);
	if (!ret && !ue->events)
		ret = eftf_nl_events_open(&ue->events, err);
	if (!ret && !ue->rt)
		ret = eftf_rt_open(&ue->rt, err);
	ue->device.rt = ue->rt;
	return ret;
}
