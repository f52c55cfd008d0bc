// SPDX-License-Identifier: GPL-2.0-or-later
#include "owner.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fixture.h"

#define SOCKET	500	/* the two descriptors that it keeps for a moment */
#define ANSWER	501

static void owner_run(struct eftf_tunnel_spec spec, int answer)
{
	struct eftf_err err;
	struct eftf_nl *nl;
	uint32_t id = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(spec.fd, SOCKET);
	dup2(answer, ANSWER);
	close_range(3, SOCKET - 1, 0);
	close_range(ANSWER + 1, ~0U, 0);
	spec.fd = SOCKET;
	if (!eftf_nl_open(&nl, &err) && eftf_nl_tunnel_new(nl, &spec, &id, &err))
		id = 0;
	close(SOCKET);
	if (write(ANSWER, &id, sizeof(id)) < 0)
		_exit(1);
	close(ANSWER);
	for (;;)
		pause();
}

pid_t owner_start(const struct eftf_tunnel_spec *spec, uint32_t *id)
{
	int pipes[2];
	pid_t pid;

	assert_return_code(pipe(pipes), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid)
		owner_run(*spec, pipes[1]);
	close(pipes[1]);
	*id = 0;
	(void)!read(pipes[0], id, sizeof(*id));
	close(pipes[0]);
	return pid;
}
