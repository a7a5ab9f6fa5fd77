/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8-byte header that stands for an IPv6 header between two agents whose
 * addresses both ends know.
 */
#ifndef PILOT_SHORT_H
#define PILOT_SHORT_H

#include <linux/ipv6.h>
#include <linux/string.h>

#include "wire.h"

/**
 * pilot_short_build - shorten an IPv6 header
 * @header: filled in
 * @ip6: the header; its addresses and length are left out
 * @flags: PILOT_SHORT_F_*
 */
static inline void pilot_short_build(struct pilot_short_header *header,
				     const struct ipv6hdr *ip6, u8 flags)
{
	header->flow = *(const __be32 *)ip6 & PILOT_SHORT_FLOW_MASK;
	header->nexthdr = ip6->nexthdr;
	header->hop_limit = ip6->hop_limit;
	header->flags = flags;
	header->zero = 0;
}

/**
 * pilot_short_expand - rebuild an IPv6 header
 * @ip6: filled in; may overlap nothing of @header
 * @header: as received
 * @payload: length of what follows
 * @saddr: the peer's address
 * @daddr: ours
 *
 * Return: false when @header or @payload breaks the format.
 */
static inline bool pilot_short_expand(struct ipv6hdr *ip6,
				      const struct pilot_short_header *header,
				      unsigned int payload,
				      const struct in6_addr *saddr,
				      const struct in6_addr *daddr)
{
	if (header->zero || header->flags & ~PILOT_SHORT_F_KNOWN ||
	    header->flow & ~PILOT_SHORT_FLOW_MASK || payload > IPV6_MAXPLEN)
		return false;
	*(__be32 *)ip6 = header->flow | PILOT_SHORT_IP6_VERSION;
	ip6->payload_len = htons(payload);
	ip6->nexthdr = header->nexthdr;
	ip6->hop_limit = header->hop_limit;
	ip6->saddr = *saddr;
	ip6->daddr = *daddr;
	return true;
}

#endif /* PILOT_SHORT_H */
