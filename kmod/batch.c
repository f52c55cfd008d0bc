// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch: envelopes on their way into one TLS record. Packets are not copied
 * into it, TLS reads them from where they are.
 */
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "batch.h"
#include "segment.h"
#include "types.h"

/* In batch->header an envelope's header ends where the packet's headers need to be aligned. */
#define EFTF_BATCH_ALIGN	4

/**
 * eftf_batch_init - make an empty batch
 * @batch: zeroed
 *
 * Context: any.
 */
void eftf_batch_init(struct eftf_batch *batch)
{
	BUILD_BUG_ON(FTT_IMS_HDR_LEN >= EFTF_BATCH_ALIGN);
	__skb_queue_head_init(&batch->skbs);
}

/**
 * eftf_batch_can_map - is all of a packet in memory that a batch can point to?
 * @skb: packet
 *
 * Context: any.
 * Return: true if so.
 */
bool eftf_batch_can_map(const struct sk_buff *skb)
{
	unsigned int i;

	if (skb_has_frag_list(skb) || !skb_frags_readable(skb))
		return false;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		if (PageHighMem(skb_frag_page(&skb_shinfo(skb)->frags[i])))
			return false;
	return true;
}

/* Points to all of a packet. Return: elements of @vec. */
static unsigned int eftf_batch_map(const struct sk_buff *skb, struct kvec *vec)
{
	const skb_frag_t *frag;
	unsigned int i, n = 0;

	if (skb_headlen(skb)) {
		vec[n].iov_base = skb->data;
		vec[n++].iov_len = skb_headlen(skb);
	}
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		frag = &skb_shinfo(skb)->frags[i];
		vec[n].iov_base = skb_frag_address(frag);
		vec[n++].iov_len = skb_frag_size(frag);
	}
	return n;
}

/**
 * eftf_batch_add - add a packet, or the next segment of one
 * @batch: batch of which nothing was sent yet
 * @list: the packet is its first, and leaves it with its last segment; it is mapped
 *	(eftf_batch_can_map()), and a GSO packet begun (eftf_segment_begin())
 * @size: bytes that the batch may have in all, if there are others in it
 *
 * Context: any.
 * Return: false if there is no room.
 */
bool eftf_batch_add(struct eftf_batch *batch, struct sk_buff_head *list, size_t size)
{
	struct sk_buff *skb = skb_peek(list);
	bool gso = skb_is_gso(skb);
	size_t len = gso ? eftf_segment_len(skb) : skb->len;
	size_t header_len = gso ? eftf_segment_header_len(skb) : 0;
	u8 *header = batch->header + batch->header_len + EFTF_BATCH_ALIGN - FTT_IMS_HDR_LEN;
	struct kvec *vec = batch->vec + batch->n_vecs;

	if (batch->n == EFTF_BATCH_PACKETS ||
	    batch->n_vecs + 2 + skb_shinfo(skb)->nr_frags > EFTF_BATCH_VECS ||
	    batch->header_len + EFTF_BATCH_ALIGN + header_len > EFTF_BATCH_HEADERS ||
	    (batch->n && batch->len + FTT_IMS_HDR_LEN + len > size))
		return false;
	ftt_ims_put_header(header, FTT_IMS_TYPE_IP, len);
	vec->iov_base = header;
	vec->iov_len = FTT_IMS_HDR_LEN + header_len;
	batch->n_vecs++;
	batch->n_vecs += gso ? eftf_segment_next(skb, header + FTT_IMS_HDR_LEN, vec + 1) :
			       eftf_batch_map(skb, vec + 1);
	batch->header_len += EFTF_BATCH_ALIGN + header_len;
	batch->n++;
	batch->len += FTT_IMS_HDR_LEN + len;
	batch->inner += len;
	if (!gso || !eftf_segment_left(skb)) {
		__skb_unlink(skb, list);
		__skb_queue_tail(&batch->skbs, skb);
	}
	return true;
}

/**
 * eftf_batch_reset - make it empty again
 * @batch: batch that was sent, or never will be
 *
 * Context: any.
 */
void eftf_batch_reset(struct eftf_batch *batch)
{
	__skb_queue_purge(&batch->skbs);
	batch->n_vecs = 0;
	batch->header_len = 0;
	batch->n = 0;
	batch->len = 0;
	batch->done = 0;
	batch->inner = 0;
}
