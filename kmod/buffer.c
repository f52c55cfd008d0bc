// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the RX workers to read into. Most runs read one packet, and kernels
 * zero new pages: to get and clear a page costs more than to read the packet. So
 * each processor keeps the last one that was given back there.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "buffer.h"

#define EFTF_BUFFER_ORDER	3	/* two of the longest records */
#define EFTF_BUFFER_SIZE	(PAGE_SIZE << EFTF_BUFFER_ORDER)

static DEFINE_PER_CPU(struct page *, eftf_buffer_spare);

/**
 * eftf_buffer_get - get memory to read into
 * @buf: set
 *
 * Context: process.
 * Return: false if there is no memory.
 */
bool eftf_buffer_get(struct eftf_buffer *buf)
{
	buf->size = EFTF_BUFFER_SIZE;
	buf->page = this_cpu_xchg(eftf_buffer_spare, NULL);
	if (!buf->page)	/* no effort: a small one does as well */
		buf->page = alloc_pages((GFP_KERNEL & ~__GFP_DIRECT_RECLAIM) | __GFP_COMP |
					__GFP_NORETRY | __GFP_NOWARN, EFTF_BUFFER_ORDER);
	if (buf->page)
		return true;
	buf->size = PAGE_SIZE;
	buf->page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	return buf->page;
}

/**
 * eftf_buffer_put - give it back
 * @buf: from eftf_buffer_get()
 *
 * Context: process.
 */
void eftf_buffer_put(const struct eftf_buffer *buf)
{
	if (buf->size == EFTF_BUFFER_SIZE &&
	    !this_cpu_cmpxchg(eftf_buffer_spare, NULL, buf->page))
		return;
	__free_pages(buf->page, get_order(buf->size));
}

/**
 * eftf_buffer_exit - free what the processors keep
 *
 * Context: process, module unloading; no worker is left.
 */
void eftf_buffer_exit(void)
{
	struct page *page;
	int cpu;

	for_each_possible_cpu(cpu) {
		page = per_cpu(eftf_buffer_spare, cpu);
		if (page)
			__free_pages(page, EFTF_BUFFER_ORDER);
	}
}
