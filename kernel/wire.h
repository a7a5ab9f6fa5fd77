/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wire format: every struct and constant of the datagrams on a pilot socket.
 * Documentation/protocol.rst holds the whole picture, the helper's frames
 * included.
 */
#ifndef PILOT_WIRE_H
#define PILOT_WIRE_H

#include <linux/build_bug.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <net/ipv6.h>

/* The first byte of a datagram decides who consumes it. */
enum pilot_frame_type {
	PILOT_FRAME_STUN_FIRST = 0x00,
	PILOT_FRAME_STUN_LAST = 0x03,
	PILOT_FRAME_CHANNEL_FIRST = 0x40,
	PILOT_FRAME_CHANNEL_LAST = 0x4f,
	PILOT_FRAME_DHT = 0x64,
	PILOT_FRAME_INITIATION = 0x91,
	PILOT_FRAME_RESPONSE = 0x92,
	PILOT_FRAME_COOKIE = 0x93,
	PILOT_FRAME_DATA = 0x94,
	PILOT_FRAME_CONTROL = 0x95,
	PILOT_FRAME_RELAY = 0x96,
};

struct pilot_data_header {
	u8 type;
	u8 zero[3];
	__le32 index;
	__le64 counter;
} __packed;

/* In front of a frame that goes by a relaying peer. */
struct pilot_relay_header {
	u8 type;
	u8 zero[3];
	__le32 id;
} __packed;

/* In front of one that goes by a TURN server: ChannelData, RFC 8656 12.4. */
struct pilot_channel_header {
	__be16 channel;
	__be16 len;
} __packed;

#define PILOT_CHANNEL_MIN	0x4000
#define PILOT_CHANNEL_MAX	0x4fff
/* Over UDP the frame may, but need not, be padded to a multiple of 4. */
#define PILOT_CHANNEL_PAD_MAX	3

/* The larger of the two. */
#define PILOT_CARRIER_MAX	sizeof(struct pilot_relay_header)

/*
 * Plaintext whose first nibble is 0: an IPv6 header without what the
 * receiver knows. Traffic class and flow label stand where they stand in
 * the IPv6 header (RFC 8200 section 3).
 */
struct pilot_short_header {
	__be32 flow;
	u8 nexthdr;
	u8 hop_limit;
	u8 flags;
	u8 zero;
} __packed;

#define PILOT_SHORT_FLOW_MASK	cpu_to_be32(0x0fffffff)
#define PILOT_SHORT_IP6_VERSION	cpu_to_be32(0x60000000)
#define PILOT_SHORT_F_PARTIAL	0x01
#define PILOT_SHORT_F_KNOWN	PILOT_SHORT_F_PARTIAL

/*
 * Plaintext of one byte, its first nibble 1: the sender does not know whether
 * this lane works in both directions. What answers it is a keepalive.
 */
#define PILOT_PROBE		0x10
#define PILOT_PROBE_LEN		1

#define PILOT_TAG_LEN		16
#define PILOT_FRAME_OVERHEAD	(sizeof(struct pilot_data_header) + PILOT_TAG_LEN)

/* What stands before the plaintext of a record that goes directly. */
#define PILOT_HEADROOM	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 sizeof(struct pilot_data_header))

/*
 * 1500 less IPv6 and UDP, a relay or TURN header and 4 spare bytes; the 32
 * bytes of the frame are those the short header saves.
 */
#define PILOT_MTU_DEFAULT	1440
/*
 * The outer datagram must fit an IPv4 packet with a full inner header, and with
 * a relay header: what IPv6's outer header takes more than IPv4's is larger.
 */
#define PILOT_MTU_MAX	(IP_MAX_MTU - (int)(sizeof(struct ipv6hdr) + \
			 sizeof(struct udphdr) + PILOT_FRAME_OVERHEAD))

/*
 * Agent addresses in IPv6: fd50:494c:4f54:<network>::<node>, whose global ID
 * (RFC 4193 section 3.2.2) spells PILOT.
 */
#define PILOT_PREFIX_WORD0	cpu_to_be32(0xfd50494c)
#define PILOT_PREFIX_HALF2	0x4f540000u

static inline u16 pilot_address_network(u64 address)
{
	return address >> 32;
}

static inline u32 pilot_address_node(u64 address)
{
	return address;
}

static inline void pilot_address_to_in6(u64 address, struct in6_addr *in6)
{
	in6->s6_addr32[0] = PILOT_PREFIX_WORD0;
	in6->s6_addr32[1] = cpu_to_be32(PILOT_PREFIX_HALF2 |
					pilot_address_network(address));
	in6->s6_addr32[2] = 0;
	in6->s6_addr32[3] = cpu_to_be32(pilot_address_node(address));
}

/* False when @in6 is not an agent address. */
static inline bool pilot_address_from_in6(const struct in6_addr *in6,
					  u64 *address)
{
	u32 half = be32_to_cpu(in6->s6_addr32[1]);

	if (in6->s6_addr32[0] != PILOT_PREFIX_WORD0 ||
	    (half & 0xffff0000u) != PILOT_PREFIX_HALF2 || in6->s6_addr32[2])
		return false;
	*address = (u64)(half & 0xffff) << 32 |
		   be32_to_cpu(in6->s6_addr32[3]);
	return true;
}

/*
 * Nodes 0 (unspecified) and ffff:ffff (broadcast) belong to nobody; 1 to 3
 * are infrastructure and may be peers.
 */
static inline bool pilot_address_is_unicast(u64 address)
{
	u32 node = pilot_address_node(address);

	return node != 0 && node != U32_MAX;
}

static inline void pilot_wire_assert(void)
{
	BUILD_BUG_ON(sizeof(struct pilot_data_header) != 16);
	BUILD_BUG_ON(sizeof(struct pilot_short_header) != 8);
	BUILD_BUG_ON(sizeof(struct pilot_relay_header) != 8);
	BUILD_BUG_ON(sizeof(struct pilot_channel_header) != 4);
	BUILD_BUG_ON(sizeof(struct iphdr) + PILOT_CARRIER_MAX >
		     sizeof(struct ipv6hdr));
}

#endif /* PILOT_WIRE_H */
