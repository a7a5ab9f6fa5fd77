/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Generic netlink interface of the pilot network device.
 *
 * Documentation/netlink/specs/pilot.yaml is the source of truth; a test
 * compares this header and the kernel's policies with it.
 *
 * An agent address is 48 bits in a u64: network in bits 47..32, node in
 * bits 31..0. Ports and IPv4/IPv6 addresses are in network byte order,
 * everything else in host byte order. Ages and idle times are in
 * milliseconds of CLOCK_BOOTTIME unless a name says seconds.
 */
#ifndef _UAPI_LINUX_PILOT_H
#define _UAPI_LINUX_PILOT_H

#define PILOT_FAMILY_NAME	"pilot"
#define PILOT_FAMILY_VERSION	1
#define PILOT_MCGRP_EVENTS	"events"

#define PILOT_LINK_KIND		"pilot"

#define PILOT_KEY_LEN		32
#define PILOT_ADDRESS_MAX	0xffffffffffffULL
#define PILOT_LANE_MAX		7

enum pilot_cipher {
	PILOT_CIPHER_AES_256_GCM = 1,
	PILOT_CIPHER_CHACHA20_POLY1305,
};

/* Where a key stands in its lane: see Documentation/datapath.rst. */
enum pilot_key_slot {
	PILOT_KEY_SLOT_CURRENT,		/* transmit and receive */
	PILOT_KEY_SLOT_NEXT,		/* receive; first packet makes it current */
	PILOT_KEY_SLOT_PREVIOUS,	/* receive only; shown, never set */
};

/* How frames get to a peer: see Documentation/protocol.rst. */
enum pilot_endpoint_kind {
	PILOT_ENDPOINT_DIRECT,		/* to its address and port */
	PILOT_ENDPOINT_RELAY,		/* to a relay, under a relay id */
	PILOT_ENDPOINT_TURN,		/* to a TURN server, by a channel */
};

/* Bits of PILOT_A_PEER_FLAGS. */
enum pilot_peer_flags {
	PILOT_PEER_F_FULL_HEADER = 1 << 0,	/* send whole IPv6 headers */
	PILOT_PEER_F_FIXED_ENDPOINT = 1 << 1,	/* never learn an endpoint */
};

/* Bits of PILOT_A_RELAY_FLAGS. */
enum pilot_relay_flags {
	PILOT_RELAY_F_SIGNALLING = 1 << 0,	/* no data frames */
};

enum pilot_event_type {
	PILOT_EVENT_ACQUIRE = 1,
	PILOT_EVENT_SOFT_LIMIT,
	PILOT_EVENT_HARD_LIMIT,
	PILOT_EVENT_KEY_CURRENT,
	PILOT_EVENT_ENDPOINT_MOVED,
	PILOT_EVENT_PEER_IDLE,
	PILOT_EVENT_PEER_SILENT,
	PILOT_EVENT_SOCKET_GONE,
	PILOT_EVENT_PEER_ACTIVE,
};

enum pilot_event_reason {
	PILOT_REASON_NO_PEER = 1,	/* acquire: address not in the table */
	PILOT_REASON_NO_KEY,		/* acquire: peer has no usable key */
	PILOT_REASON_PACKETS,		/* limit: packet counter */
	PILOT_REASON_AGE,		/* limit: key age */
	PILOT_REASON_RECEIVED,		/* endpoint, key: authenticated packet */
	PILOT_REASON_REQUEST,		/* key: swap asked for; active: idle set */
	PILOT_REASON_TIMEOUT,		/* idle, silent: configured time passed */
	PILOT_REASON_CLOSED,		/* socket closed by its owner */
	PILOT_REASON_UNBOUND,		/* socket unbound by netlink */
	PILOT_REASON_TRAFFIC,		/* active: data went, or came */
};

/* Attributes of `ip link add type pilot`, nested in IFLA_INFO_DATA. */
enum {
	IFLA_PILOT_UNSPEC,
	IFLA_PILOT_ADDRESS,		/* u64 */

	__IFLA_PILOT_MAX,
};

#define IFLA_PILOT_MAX (__IFLA_PILOT_MAX - 1)

enum {
	PILOT_A_UNSPEC,
	PILOT_A_IFINDEX,		/* u32 */
	PILOT_A_DEV,			/* nest */
	PILOT_A_PEER,			/* nest */
	PILOT_A_KEY,			/* nest */
	PILOT_A_EVENT,			/* nest */
	PILOT_A_RELAY,			/* nest */

	__PILOT_A_MAX,
};

#define PILOT_A_MAX (__PILOT_A_MAX - 1)

enum {
	PILOT_A_DEV_UNSPEC,
	PILOT_A_DEV_PAD,
	PILOT_A_DEV_ADDRESS,		/* u64 */
	PILOT_A_DEV_SOCKET4_FD,		/* s32, -1 unbinds; set only */
	PILOT_A_DEV_SOCKET6_FD,		/* s32, -1 unbinds; set only */
	PILOT_A_DEV_SOCKET4,		/* nest, repeated, get only */
	PILOT_A_DEV_SOCKET6,		/* nest, repeated, get only */
	PILOT_A_DEV_PEERS,		/* u32, get only */
	PILOT_A_DEV_STATS,		/* nest, get only */
	PILOT_A_DEV_IFNAME,		/* string, get only */
	PILOT_A_DEV_LANE,		/* u8, set only: lane of the descriptors */

	__PILOT_A_DEV_MAX,
};

#define PILOT_A_DEV_MAX (__PILOT_A_DEV_MAX - 1)

enum {
	PILOT_A_SOCKET_UNSPEC,
	PILOT_A_SOCKET_PORT,		/* be16 */
	PILOT_A_SOCKET_NETNSID,		/* s32, when not the device's netns */
	PILOT_A_SOCKET_DEVICES,		/* u32: devices that share it */
	PILOT_A_SOCKET_STATS,		/* nest */
	PILOT_A_SOCKET_LANE,		/* u8 */

	__PILOT_A_SOCKET_MAX,
};

#define PILOT_A_SOCKET_MAX (__PILOT_A_SOCKET_MAX - 1)

enum {
	PILOT_A_PEER_UNSPEC,
	PILOT_A_PEER_PAD,
	PILOT_A_PEER_ADDRESS,		/* u64 */
	PILOT_A_PEER_ENDPOINT,		/* nest; empty forgets the endpoint */
	PILOT_A_PEER_FLAGS,		/* u32 of enum pilot_peer_flags */
	PILOT_A_PEER_KEEPALIVE,		/* u32 seconds, 0 = off */
	PILOT_A_PEER_SILENCE_TIMEOUT,	/* u32 seconds, 0 = off */
	PILOT_A_PEER_IDLE_TIMEOUT,	/* u32 seconds, 0 = off */
	PILOT_A_PEER_RX_PACKET_RATE,	/* u32 per second, 0 = no limit */
	PILOT_A_PEER_RX_BYTE_RATE,	/* u64 per second, 0 = no limit */
	PILOT_A_PEER_QUEUED,		/* u32, get only */
	PILOT_A_PEER_SINCE_RX,		/* u64 ms, get only, absent = never */
	PILOT_A_PEER_SINCE_TX,		/* u64 ms, get only, absent = never */
	PILOT_A_PEER_STATS,		/* nest, get only */
	PILOT_A_PEER_KEY,		/* nest, repeated, get only */
	PILOT_A_PEER_LANE,		/* nest, repeated, get only */

	__PILOT_A_PEER_MAX,
};

#define PILOT_A_PEER_MAX (__PILOT_A_PEER_MAX - 1)

enum {
	PILOT_A_LANE_UNSPEC,
	PILOT_A_LANE_PAD,
	PILOT_A_LANE_ID,		/* u8 */
	PILOT_A_LANE_ENDPOINT,		/* nest */
	PILOT_A_LANE_SINCE_RX,		/* u64 ms, absent = not known to work */
	PILOT_A_LANE_SINCE_TX,		/* u64 ms, absent = never */

	__PILOT_A_LANE_MAX,
};

#define PILOT_A_LANE_MAX (__PILOT_A_LANE_MAX - 1)

enum {
	PILOT_A_ENDPOINT_UNSPEC,
	PILOT_A_ENDPOINT_KIND,		/* u8 of enum pilot_endpoint_kind */
	PILOT_A_ENDPOINT_REMOTE_IP4,	/* be32 */
	PILOT_A_ENDPOINT_REMOTE_IP6,	/* 16 bytes */
	PILOT_A_ENDPOINT_REMOTE_PORT,	/* be16 */
	PILOT_A_ENDPOINT_SCOPE_ID,	/* u32, link-local IPv6 only */
	PILOT_A_ENDPOINT_ID,		/* u32: relay id or channel, not of a direct one */

	__PILOT_A_ENDPOINT_MAX,
};

#define PILOT_A_ENDPOINT_MAX (__PILOT_A_ENDPOINT_MAX - 1)

enum {
	PILOT_A_KEY_UNSPEC,
	PILOT_A_KEY_PAD,
	PILOT_A_KEY_LANE,		/* u8 */
	PILOT_A_KEY_EPOCH,		/* u32, chosen by the helper */
	PILOT_A_KEY_SLOT,		/* u8 of enum pilot_key_slot */
	PILOT_A_KEY_CIPHER,		/* u8 of enum pilot_cipher */
	PILOT_A_KEY_RX_INDEX,		/* u32, unique per socket */
	PILOT_A_KEY_TX_INDEX,		/* u32, the peer's receiver index */
	PILOT_A_KEY_RX_KEY,		/* 32 bytes, never returned */
	PILOT_A_KEY_TX_KEY,		/* 32 bytes, never returned */
	PILOT_A_KEY_SOFT_PACKETS,	/* u64 */
	PILOT_A_KEY_HARD_PACKETS,	/* u64 */
	PILOT_A_KEY_SOFT_AGE,		/* u32 seconds */
	PILOT_A_KEY_HARD_AGE,		/* u32 seconds */
	PILOT_A_KEY_AGE,		/* u64 ms, get only */
	PILOT_A_KEY_TX_COUNTER,		/* u64, get only: next to be sent */
	PILOT_A_KEY_RX_COUNTER,		/* u64, get only: highest seen + 1 */
	PILOT_A_KEY_DRIVER,		/* string, get only */
	PILOT_A_KEY_PORT,		/* be16, set only: the peer's, above lane 0 */

	__PILOT_A_KEY_MAX,
};

#define PILOT_A_KEY_MAX (__PILOT_A_KEY_MAX - 1)

enum {
	PILOT_A_EVENT_UNSPEC,
	PILOT_A_EVENT_TYPE,		/* u8 of enum pilot_event_type */
	PILOT_A_EVENT_REASON,		/* u8 of enum pilot_event_reason */

	__PILOT_A_EVENT_MAX,
};

#define PILOT_A_EVENT_MAX (__PILOT_A_EVENT_MAX - 1)

/* What is forwarded from one peer to another, in one direction. */
enum {
	PILOT_A_RELAY_UNSPEC,
	PILOT_A_RELAY_PAD,
	PILOT_A_RELAY_ID,		/* u32, in the frames that come */
	PILOT_A_RELAY_FROM,		/* u64, address of the peer they come from */
	PILOT_A_RELAY_TO,		/* u64, address of the peer they go to */
	PILOT_A_RELAY_NEXT_ID,		/* u32, in the frames that go */
	PILOT_A_RELAY_FLAGS,		/* u32 of enum pilot_relay_flags */
	PILOT_A_RELAY_PACKET_RATE,	/* u32 per second, 0 = no limit */
	PILOT_A_RELAY_BYTE_RATE,	/* u64 per second, 0 = no limit */
	PILOT_A_RELAY_BYTES,		/* u64 left; set: 0, get: absent = no limit */
	PILOT_A_RELAY_SECONDS,		/* u32, lifetime from now on */
	PILOT_A_RELAY_LEFT_MS,		/* u64, get only: what is left of it */
	PILOT_A_RELAY_PACKETS,		/* u64, get only: forwarded */
	PILOT_A_RELAY_BYTES_DONE,	/* u64, get only: forwarded */
	PILOT_A_RELAY_DROPS,		/* u64, get only: frames not forwarded */

	__PILOT_A_RELAY_MAX,
};

#define PILOT_A_RELAY_MAX (__PILOT_A_RELAY_MAX - 1)

/* Counters of a device, all u64: nested in PILOT_A_DEV_STATS. */
enum {
	PILOT_A_DEV_STATS_UNSPEC,
	PILOT_A_DEV_STATS_PAD,
	PILOT_A_DEV_STATS_RX_KEEPALIVES,
	PILOT_A_DEV_STATS_TX_KEEPALIVES,
	PILOT_A_DEV_STATS_RX_RECORDS,		/* authenticated, whatever inside */
	PILOT_A_DEV_STATS_TX_RECORDS,		/* sealed and handed to IP */
	PILOT_A_DEV_STATS_RX_BATCHES,
	PILOT_A_DEV_STATS_TX_BATCHES,
	PILOT_A_DEV_STATS_AEAD_FALLBACKS,	/* records done by the generic code */
	PILOT_A_DEV_STATS_ACQUIRES,
	PILOT_A_DEV_STATS_ENDPOINTS_MOVED,
	PILOT_A_DEV_STATS_RX_DROP_REPLAY,
	PILOT_A_DEV_STATS_RX_DROP_AUTH,		/* tag does not verify */
	PILOT_A_DEV_STATS_RX_DROP_EXPIRED,	/* key past its hard limit */
	PILOT_A_DEV_STATS_RX_DROP_LIMIT,	/* peer's token bucket is empty */
	PILOT_A_DEV_STATS_RX_DROP_INNER,	/* plaintext breaks the format */
	PILOT_A_DEV_STATS_RX_DROP_ADDRESS,	/* inner address is not the peer's */
	PILOT_A_DEV_STATS_RX_DROP_ECN,		/* RFC 6040 4.2: CE on not-ECT */
	PILOT_A_DEV_STATS_RX_DROP_DOWN,		/* device is not up */
	PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY,
	PILOT_A_DEV_STATS_TX_DROP_PROTOCOL,	/* not IPv6, or a broken header */
	PILOT_A_DEV_STATS_TX_DROP_ADDRESS,	/* source or destination not ours to carry */
	PILOT_A_DEV_STATS_TX_DROP_TOO_BIG,
	PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL,
	PILOT_A_DEV_STATS_TX_DROP_UNANSWERED,	/* queued, no key came while it could wait */
	PILOT_A_DEV_STATS_TX_DROP_EXPIRED,	/* key past its hard limit */
	PILOT_A_DEV_STATS_TX_DROP_NO_ENDPOINT,
	PILOT_A_DEV_STATS_TX_DROP_NO_SOCKET,
	PILOT_A_DEV_STATS_TX_DROP_NO_ROUTE,
	PILOT_A_DEV_STATS_TX_DROP_LOOP,		/* route leads into a pilot device */
	PILOT_A_DEV_STATS_TX_DROP_CRYPTO,
	PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY,
	PILOT_A_DEV_STATS_RX_MERGED,		/* records delivered as part of large packets */
	PILOT_A_DEV_STATS_TX_GSO,		/* large packets cut into records directly */
	PILOT_A_DEV_STATS_TX_SEGMENTED,		/* large packets the core had to cut */

	__PILOT_A_DEV_STATS_MAX,
};

#define PILOT_A_DEV_STATS_MAX (__PILOT_A_DEV_STATS_MAX - 1)

/* Counters of a socket, all u64: nested in PILOT_A_SOCKET_STATS. */
enum {
	PILOT_A_SOCKET_STATS_UNSPEC,
	PILOT_A_SOCKET_STATS_PAD,
	PILOT_A_SOCKET_STATS_RX_DATA,		/* data frames seen */
	PILOT_A_SOCKET_STATS_RX_HELPER,		/* passed up to the helper */
	PILOT_A_SOCKET_STATS_DROP_MALFORMED,
	PILOT_A_SOCKET_STATS_DROP_NO_INDEX,	/* receiver index unknown */
	PILOT_A_SOCKET_STATS_DROP_TYPE,		/* first byte means nothing here */
	PILOT_A_SOCKET_STATS_DROP_LIMIT,	/* source prefix too loud for the helper */
	PILOT_A_SOCKET_STATS_RX_CHAINED,	/* batches chained by our own GRO */
	PILOT_A_SOCKET_STATS_RX_WHOLE,		/* batches that came in one piece */
	PILOT_A_SOCKET_STATS_RX_RELAYED,	/* relay frames sent on to another peer */
	PILOT_A_SOCKET_STATS_DROP_RELAY,	/* no entry, wrong source, over a cap */

	__PILOT_A_SOCKET_STATS_MAX,
};

#define PILOT_A_SOCKET_STATS_MAX (__PILOT_A_SOCKET_STATS_MAX - 1)

/* Counters of a peer, all u64: nested in PILOT_A_PEER_STATS. */
enum {
	PILOT_A_PEER_STATS_UNSPEC,
	PILOT_A_PEER_STATS_PAD,
	PILOT_A_PEER_STATS_RX_PACKETS,		/* inner packets delivered */
	PILOT_A_PEER_STATS_RX_BYTES,		/* inner bytes delivered */
	PILOT_A_PEER_STATS_TX_PACKETS,
	PILOT_A_PEER_STATS_TX_BYTES,
	PILOT_A_PEER_STATS_RX_DROPS,		/* authenticated, not delivered */
	PILOT_A_PEER_STATS_TX_DROPS,

	__PILOT_A_PEER_STATS_MAX,
};

#define PILOT_A_PEER_STATS_MAX (__PILOT_A_PEER_STATS_MAX - 1)

/*
 * Commands. PEER_*, KEY_*, RELAY_* and DEV_SET name the device by PILOT_A_IFINDEX
 * in the sender's network namespace and need CAP_NET_ADMIN over it; binding
 * a socket needs it over the socket's namespace too.
 */
enum {
	PILOT_CMD_UNSPEC,
	PILOT_CMD_DEV_GET,
	PILOT_CMD_DEV_SET,
	PILOT_CMD_PEER_NEW,
	PILOT_CMD_PEER_SET,
	PILOT_CMD_PEER_GET,
	PILOT_CMD_PEER_DEL,
	PILOT_CMD_KEY_NEW,
	PILOT_CMD_KEY_GET,
	PILOT_CMD_KEY_SWAP,
	PILOT_CMD_KEY_DEL,
	PILOT_CMD_EVENT,		/* notification on "events" */
	PILOT_CMD_RELAY_NEW,
	PILOT_CMD_RELAY_GET,
	PILOT_CMD_RELAY_DEL,

	__PILOT_CMD_MAX,
};

#define PILOT_CMD_MAX (__PILOT_CMD_MAX - 1)

#endif /* _UAPI_LINUX_PILOT_H */
