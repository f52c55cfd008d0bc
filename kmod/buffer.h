/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_BUFFER_H
#define EFTF_BUFFER_H

#include <linux/types.h>

struct page;

/**
 * struct eftf_buffer - memory that one run of an RX worker reads into
 * @page: page, compound if @size is more than one
 * @size: bytes
 */
struct eftf_buffer {
	struct page *page;
	size_t size;
};

bool eftf_buffer_get(struct eftf_buffer *buf);
void eftf_buffer_put(const struct eftf_buffer *buf);
void eftf_buffer_exit(void);

#endif
