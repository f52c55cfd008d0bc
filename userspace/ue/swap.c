// SPDX-License-Identifier: GPL-2.0-or-later
#include "swap.h"

#include <string.h>

#include "clock.h"

#define DRAIN_MS 12000		/* the module gives an old connection up after 10 s */
#define PEER_DRAIN_MS 500	/* the EFTF's end of it is gone a little later than ours */

void eftf_swap_reset(struct eftf_swap *s)
{
	memset(s, 0, sizeof(*s));
}

uint64_t eftf_swap_due(const struct eftf_swap *s)
{
	uint64_t due = s->key_due || s->asked ? s->not_before : UINT64_MAX;

	return s->moved && s->moved_at < due ? s->moved_at : due;
}

void eftf_swap_move(struct eftf_swap *s, const char *text)
{
	s->moved = text;
	s->moves++;
	s->moved_at = 0;
	s->moved_backoff.failures = 0;
}

void eftf_swap_done(struct eftf_swap *s)
{
	s->not_before = eftf_now_ms() + DRAIN_MS;
	s->backoff.failures = 0;
	s->moved = NULL;
}

void eftf_swap_drained(struct eftf_swap *s)
{
	uint64_t soon = eftf_now_ms() + PEER_DRAIN_MS;

	if (s->not_before > soon)
		s->not_before = soon;
}

unsigned int eftf_swap_failed(struct eftf_swap *s)
{
	unsigned int ms = eftf_backoff_next(s->moved ? &s->moved_backoff : &s->backoff);

	if (s->moved)
		s->moved_at = eftf_now_ms() + ms;
	s->not_before = eftf_now_ms() + ms;
	return ms;
}
