/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the pilot family as plain structures. Nothing here does I/O.
 */
#ifndef PILOT_LINK_MESSAGE_H
#define PILOT_LINK_MESSAGE_H

#include <linux/netlink.h>
#include <linux/pilot.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define MESSAGE_DRIVER_LEN	128
#define MESSAGE_LANES_MAX	(PILOT_LANE_MAX + 1)
#define MESSAGE_SOCKETS_MAX	(2 * MESSAGE_LANES_MAX)
#define MESSAGE_KEYS_MAX	(3 * MESSAGE_LANES_MAX)	/* one per slot */

struct message_socket {
	const char *family;		/* "inet", "inet6"; NULL: not bound */
	uint8_t lane;
	bool foreign;			/* in another network namespace */
	int32_t netnsid;
	uint16_t port;			/* host byte order */
	uint32_t devices;
	uint64_t stats[PILOT_A_SOCKET_STATS_MAX + 1];
};

struct message_device {
	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	bool has_address;
	uint64_t address;
	uint32_t peers;
	struct message_socket sockets[MESSAGE_SOCKETS_MAX];	/* by lane */
	uint64_t stats[PILOT_A_DEV_STATS_MAX + 1];
};

struct message_key {
	uint8_t lane;
	uint8_t slot;
	uint8_t cipher;
	uint32_t epoch;
	uint32_t rx_index;
	uint32_t tx_index;
	uint64_t soft_packets;
	uint64_t hard_packets;
	uint32_t soft_age;
	uint32_t hard_age;
	uint64_t age;
	uint64_t tx_counter;
	uint64_t rx_counter;
	char driver[MESSAGE_DRIVER_LEN];
};

struct message_lane {
	bool used;
	bool has_rx;			/* it is known to work */
	bool has_tx;
	struct endpoint endpoint;
	uint64_t since_rx;
	uint64_t since_tx;
};

struct message_peer {
	uint32_t ifindex;
	bool has_address;
	uint64_t address;
	struct endpoint endpoint;
	uint32_t flags;
	uint32_t keepalive;
	uint32_t silence_timeout;
	uint32_t idle_timeout;
	uint32_t rx_packet_rate;
	uint64_t rx_byte_rate;
	uint32_t queued;
	bool has_rx;
	bool has_tx;
	uint64_t since_rx;
	uint64_t since_tx;
	uint64_t stats[PILOT_A_PEER_STATS_MAX + 1];
	struct message_lane *lanes;	/* MESSAGE_LANES_MAX; NULL: one lane */
	struct message_key *keys;
	size_t key_count;
};

struct message_relay {
	uint32_t ifindex;
	uint32_t id;
	uint32_t next_id;
	uint64_t from;
	uint64_t to;
	uint32_t flags;
	uint32_t packet_rate;
	uint64_t byte_rate;
	bool has_bytes_left;		/* there is a limit */
	uint64_t bytes_left;
	uint64_t left_ms;
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
};

struct message_event {
	uint8_t type;
	uint8_t reason;
	bool has_key;
	uint8_t lane;
	uint32_t epoch;
	struct message_device device;
	struct message_peer peer;
};

int message_parse_device(const struct nlmsghdr *message,
			 struct message_device *device);
int message_parse_peer(const struct nlmsghdr *message,
		       struct message_peer *peer);
void message_free_peer(struct message_peer *peer);
int message_parse_relay(const struct nlmsghdr *message,
			struct message_relay *relay);
int message_parse_event(const struct nlmsghdr *message,
			struct message_event *event);
void message_free_event(struct message_event *event);

#endif /* PILOT_LINK_MESSAGE_H */
