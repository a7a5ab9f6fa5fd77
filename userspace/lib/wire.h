/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every frame the helper sends or reads, see Documentation/protocol.rst.
 * Integers on the wire are little-endian.
 */
#ifndef PILOT_LIB_WIRE_H
#define PILOT_LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_TYPE_INIT		0x91
#define WIRE_TYPE_RESP		0x92
#define WIRE_TYPE_COOKIE	0x93
#define WIRE_TYPE_DATA		0x94	/* the kernel's */
#define WIRE_TYPE_CONTROL	0x95
#define WIRE_TYPE_RELAY		0x96	/* in front of one of the others */

/* One of a session, and in no carrier. */
static inline bool wire_is_frame(uint8_t type)
{
	return type >= WIRE_TYPE_INIT && type <= WIRE_TYPE_CONTROL;
}

#define WIRE_PROTOCOL		"pilot-link handshake 1"

#define WIRE_FRAME_MAX		1200	/* of handshake and control frames */
#define WIRE_HINT_LEN		8
#define WIRE_MAC_LEN		16
#define WIRE_TAG_LEN		16
#define WIRE_NONCE_LEN		24
#define WIRE_COOKIE_LEN		16
#define WIRE_LANES_MAX		8	/* of a pair, lane 0 among them */

/* A hint of zeros marks a request of a stranger. */
#define WIRE_HINT_STRANGER	0ULL

/* Where the fields are. */
#define WIRE_INIT_HINT		8
#define WIRE_INIT_MAC1		16
#define WIRE_INIT_MAC2		32
#define WIRE_INIT_NOISE		48
#define WIRE_INIT_MIN		(WIRE_INIT_NOISE + 96)
#define WIRE_RESP_RECEIVER	8
#define WIRE_RESP_MAC1		16
#define WIRE_RESP_NOISE		32
#define WIRE_RESP_MIN		(WIRE_RESP_NOISE + 48)
#define WIRE_COOKIE_NONCE	8
#define WIRE_COOKIE_SEALED	32
#define WIRE_COOKIE_SIZE	(WIRE_COOKIE_SEALED + WIRE_COOKIE_LEN + \
				 WIRE_TAG_LEN)
#define WIRE_DATA_COUNTER	8
#define WIRE_DATA_SEALED	16
#define WIRE_DATA_MIN		(WIRE_DATA_SEALED + WIRE_TAG_LEN)
#define WIRE_CONTROL_COUNTER	8
#define WIRE_CONTROL_SEALED	16
#define WIRE_CONTROL_MIN	(WIRE_CONTROL_SEALED + WIRE_CONTROL_HEAD + \
				 WIRE_TAG_LEN)

/*
 * In front of a frame: u8 type, u8 zero[3], u32 relay id; or TURN ChannelData
 * (RFC 8656 12.4): be16 channel, be16 length of the frame.
 */
#define WIRE_RELAY_ID		4
#define WIRE_RELAY_HEADER	8
#define WIRE_CHANNEL_FIRST	0x40	/* first bytes of channels */
#define WIRE_CHANNEL_LAST	0x4f
#define WIRE_CHANNEL_LEN	2
#define WIRE_CHANNEL_HEADER	4
#define WIRE_CHANNEL_PADDING	3	/* at most, behind the frame */

/* What is sealed in a control frame: u8 message, u8 flags, u16 zero, TLVs. */
#define WIRE_CONTROL_HEAD	4
#define WIRE_CONTROL_PING	1
#define WIRE_CONTROL_PONG	2
#define WIRE_CONTROL_RELAY_OPEN		3	/* to an introducer */
#define WIRE_CONTROL_RELAY_GRANT	4	/* from an introducer */
#define WIRE_CONTROL_RELAY_REFUSED	5	/* from an introducer */
#define WIRE_CONTROL_RELAY_CLOSE	6	/* to an introducer */
#define WIRE_CONTROL_CANDIDATES		7
#define WIRE_CONTROL_PUNCH		8
#define WIRE_CONTROL_NOMINATE		9
#define WIRE_CONTROL_NOMINATED		10
#define WIRE_CONTROL_PATH_FAILED	11
#define WIRE_CONTROL_LATER		12	/* to an introducer */
#define WIRE_CONTROL_LATE		13	/* from an introducer */

/* TLV types in control messages. */
#define WIRE_CONTROL_TLV_PADDING	0	/* any length, not looked at */
#define WIRE_CONTROL_TLV_TOKEN		1	/* u64 */
#define WIRE_CONTROL_TLV_OBSERVED	2	/* an endpoint, see below */
#define WIRE_CONTROL_TLV_PEER		3	/* u64, an agent's address */
#define WIRE_CONTROL_TLV_RELAY		4	/* u32, a relay id */
#define WIRE_CONTROL_TLV_LIFETIME	5	/* u32, seconds */
#define WIRE_CONTROL_TLV_FLAGS		6	/* u32, the message's own */
#define WIRE_CONTROL_TLV_PACKET_RATE	7	/* u32, per second; 0: any */
#define WIRE_CONTROL_TLV_BYTE_RATE	8	/* u64, per second; 0: any */
#define WIRE_CONTROL_TLV_REASON		9	/* u8 */
#define WIRE_CONTROL_TLV_GENERATION	10	/* u32 */
#define WIRE_CONTROL_TLV_CANDIDATE	11	/* u8 kind, an endpoint; repeated */
#define WIRE_CONTROL_TLV_ROUND		12	/* u8 */
#define WIRE_CONTROL_TLV_COSTS		13	/* u16 of each class, see below */

#define WIRE_LATER_SECONDS_MAX		60

#define WIRE_RELAY_F_SIGNALLING		1	/* of a grant: no data frames */
#define WIRE_CANDIDATES_F_ANSWER	1	/* an answer is wanted */
#define WIRE_RELAY_SECONDS_MAX		86400
#define WIRE_CANDIDATES_MAX		16

#define WIRE_REFUSED_FULL		1
#define WIRE_REFUSED_NOT_ALLOWED	2
#define WIRE_REFUSED_NOT_HERE		3	/* the other has no session */
#define WIRE_REFUSED_ENDED		4	/* what was granted is no more */

#define WIRE_CANDIDATE_HOST		1	/* of an interface */
#define WIRE_CANDIDATE_OBSERVED		2	/* what others see */
#define WIRE_CANDIDATE_MAPPED		3	/* by the NAT's leave */
#define WIRE_CANDIDATE_TURN		4

/* Costs: lan, ipv6, mapped, ipv4, relay, turn, tls. */
#define WIRE_PATH_CLASSES		7

/* u8 family 4 or 6, u16 port, 4 or 16 bytes of address. */
#define WIRE_ENDPOINT4_LEN	7
#define WIRE_ENDPOINT6_LEN	19

/* The numbers of enum pilot_cipher. */
#define WIRE_CIPHER_AES_256_GCM		1
#define WIRE_CIPHER_CHACHA20_POLY1305	2
#define WIRE_CIPHER_F_ACCELERATED	(1 << 0)

/* TLV types in handshake payloads. */
#define WIRE_TLV_INDEX		1	/* u32 */
#define WIRE_TLV_EPOCH		2	/* u32 */
#define WIRE_TLV_CIPHERS	3	/* (u8 cipher, u8 flags), repeated */
#define WIRE_TLV_CIPHER		4	/* u8 */
#define WIRE_TLV_ADDRESS	5	/* u64 */
#define WIRE_TLV_LANES		6	/* u8, how many are offered */
#define WIRE_TLV_LIMITS		7	/* u32 soft age, u32 hard age, seconds */
#define WIRE_TLV_LANE_PORTS	8	/* u16, of lanes 1, 2, ... */

/* A TAI64N label: 8 bytes of seconds, 4 of nanoseconds, big-endian. */
#define WIRE_STAMP_LEN		12

/* Views into a frame that has the size and shape its type asks for. */
struct wire_init {
	uint32_t sender;
	uint64_t hint;
	const uint8_t *mac1;
	const uint8_t *mac2;
	const uint8_t *noise;
	size_t noise_len;
};

struct wire_resp {
	uint32_t sender;
	uint32_t receiver;
	const uint8_t *mac1;
	const uint8_t *noise;
	size_t noise_len;
};

struct wire_cookie {
	uint32_t receiver;
	const uint8_t *nonce;
	const uint8_t *sealed;
};

struct wire_control {
	uint32_t receiver;
	uint64_t counter;
	const uint8_t *sealed;		/* with the tag */
	size_t sealed_len;
};

/* Return: 0, or -EBADMSG. They read nothing beyond @len. */
int wire_init_parse(const uint8_t *frame, size_t len, struct wire_init *init);
int wire_resp_parse(const uint8_t *frame, size_t len, struct wire_resp *resp);
int wire_cookie_parse(const uint8_t *frame, size_t len,
		      struct wire_cookie *cookie);
int wire_control_parse(const uint8_t *frame, size_t len,
		       struct wire_control *control);

/* Write the fields in front; MACs and what is sealed come later. */
void wire_init_begin(uint8_t *frame, uint32_t sender, uint64_t hint);
void wire_resp_begin(uint8_t *frame, uint32_t sender, uint32_t receiver);
void wire_control_begin(uint8_t *frame, uint32_t receiver, uint64_t counter);
void wire_cookie_begin(uint8_t *frame, uint32_t receiver);

static inline uint16_t wire_get16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static inline uint32_t wire_get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wire_get64(const uint8_t *p)
{
	return wire_get32(p) | (uint64_t)wire_get32(p + 4) << 32;
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
	p[0] = v;
	p[1] = v >> 8;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (8 * i);
}

static inline void wire_put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, v);
	wire_put32(p + 4, v >> 32);
}

#endif /* PILOT_LIB_WIRE_H */
