// SPDX-License-Identifier: GPL-2.0-or-later

#include "show.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <stdio.h>
#include <string.h>

static const char *const dev_stats[] = {
	[PILOT_A_DEV_STATS_RX_KEEPALIVES] = "rx-keepalives",
	[PILOT_A_DEV_STATS_TX_KEEPALIVES] = "tx-keepalives",
	[PILOT_A_DEV_STATS_RX_RECORDS] = "rx-records",
	[PILOT_A_DEV_STATS_TX_RECORDS] = "tx-records",
	[PILOT_A_DEV_STATS_RX_BATCHES] = "rx-batches",
	[PILOT_A_DEV_STATS_TX_BATCHES] = "tx-batches",
	[PILOT_A_DEV_STATS_AEAD_FALLBACKS] = "aead-fallbacks",
	[PILOT_A_DEV_STATS_ACQUIRES] = "acquires",
	[PILOT_A_DEV_STATS_ENDPOINTS_MOVED] = "endpoints-moved",
	[PILOT_A_DEV_STATS_RX_DROP_REPLAY] = "rx-drop-replay",
	[PILOT_A_DEV_STATS_RX_DROP_AUTH] = "rx-drop-auth",
	[PILOT_A_DEV_STATS_RX_DROP_EXPIRED] = "rx-drop-expired",
	[PILOT_A_DEV_STATS_RX_DROP_LIMIT] = "rx-drop-limit",
	[PILOT_A_DEV_STATS_RX_DROP_INNER] = "rx-drop-inner",
	[PILOT_A_DEV_STATS_RX_DROP_ADDRESS] = "rx-drop-address",
	[PILOT_A_DEV_STATS_RX_DROP_ECN] = "rx-drop-ecn",
	[PILOT_A_DEV_STATS_RX_DROP_DOWN] = "rx-drop-down",
	[PILOT_A_DEV_STATS_RX_DROP_NO_MEMORY] = "rx-drop-no-memory",
	[PILOT_A_DEV_STATS_TX_DROP_PROTOCOL] = "tx-drop-protocol",
	[PILOT_A_DEV_STATS_TX_DROP_ADDRESS] = "tx-drop-address",
	[PILOT_A_DEV_STATS_TX_DROP_TOO_BIG] = "tx-drop-too-big",
	[PILOT_A_DEV_STATS_TX_DROP_QUEUE_FULL] = "tx-drop-queue-full",
	[PILOT_A_DEV_STATS_TX_DROP_UNANSWERED] = "tx-drop-unanswered",
	[PILOT_A_DEV_STATS_TX_DROP_EXPIRED] = "tx-drop-expired",
	[PILOT_A_DEV_STATS_TX_DROP_NO_ENDPOINT] = "tx-drop-no-endpoint",
	[PILOT_A_DEV_STATS_TX_DROP_NO_SOCKET] = "tx-drop-no-socket",
	[PILOT_A_DEV_STATS_TX_DROP_NO_ROUTE] = "tx-drop-no-route",
	[PILOT_A_DEV_STATS_TX_DROP_LOOP] = "tx-drop-loop",
	[PILOT_A_DEV_STATS_TX_DROP_CRYPTO] = "tx-drop-crypto",
	[PILOT_A_DEV_STATS_TX_DROP_NO_MEMORY] = "tx-drop-no-memory",
	[PILOT_A_DEV_STATS_RX_MERGED] = "rx-merged",
	[PILOT_A_DEV_STATS_TX_GSO] = "tx-gso",
	[PILOT_A_DEV_STATS_TX_SEGMENTED] = "tx-segmented",
};

static const char *const socket_stats[] = {
	[PILOT_A_SOCKET_STATS_RX_DATA] = "rx-data",
	[PILOT_A_SOCKET_STATS_RX_HELPER] = "rx-helper",
	[PILOT_A_SOCKET_STATS_DROP_MALFORMED] = "drop-malformed",
	[PILOT_A_SOCKET_STATS_DROP_NO_INDEX] = "drop-no-index",
	[PILOT_A_SOCKET_STATS_DROP_TYPE] = "drop-type",
	[PILOT_A_SOCKET_STATS_DROP_LIMIT] = "drop-limit",
	[PILOT_A_SOCKET_STATS_RX_CHAINED] = "rx-chained",
	[PILOT_A_SOCKET_STATS_RX_WHOLE] = "rx-whole",
	[PILOT_A_SOCKET_STATS_RX_RELAYED] = "rx-relayed",
	[PILOT_A_SOCKET_STATS_DROP_RELAY] = "drop-relay",
};

static const char *const peer_stats[] = {
	[PILOT_A_PEER_STATS_RX_PACKETS] = "rx-packets",
	[PILOT_A_PEER_STATS_RX_BYTES] = "rx-bytes",
	[PILOT_A_PEER_STATS_TX_PACKETS] = "tx-packets",
	[PILOT_A_PEER_STATS_TX_BYTES] = "tx-bytes",
	[PILOT_A_PEER_STATS_RX_DROPS] = "rx-drops",
	[PILOT_A_PEER_STATS_TX_DROPS] = "tx-drops",
};

static const char *const event_types[] = {
	[PILOT_EVENT_ACQUIRE] = "acquire",
	[PILOT_EVENT_SOFT_LIMIT] = "soft-limit",
	[PILOT_EVENT_HARD_LIMIT] = "hard-limit",
	[PILOT_EVENT_KEY_CURRENT] = "key-current",
	[PILOT_EVENT_ENDPOINT_MOVED] = "endpoint-moved",
	[PILOT_EVENT_PEER_IDLE] = "peer-idle",
	[PILOT_EVENT_PEER_SILENT] = "peer-silent",
	[PILOT_EVENT_SOCKET_GONE] = "socket-gone",
	[PILOT_EVENT_PEER_ACTIVE] = "peer-active",
};

static const char *const event_reasons[] = {
	[PILOT_REASON_NO_PEER] = "no-peer",
	[PILOT_REASON_NO_KEY] = "no-key",
	[PILOT_REASON_PACKETS] = "packets",
	[PILOT_REASON_AGE] = "age",
	[PILOT_REASON_RECEIVED] = "received",
	[PILOT_REASON_REQUEST] = "request",
	[PILOT_REASON_TIMEOUT] = "timeout",
	[PILOT_REASON_CLOSED] = "closed",
	[PILOT_REASON_UNBOUND] = "unbound",
	[PILOT_REASON_TRAFFIC] = "traffic",
};

static const char *const slots[] = { "current", "next", "previous" };
static const char *const ciphers[] = { "none", "aes", "chacha" };

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define NAME_OF(names, i)	name_of(names, ARRAY_SIZE(names), i)

static const char *name_of(const char *const *names, size_t n, size_t i)
{
	return i < n && names[i] ? names[i] : "unknown";
}

int show_event_type(const char *name)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(event_types); i++)
		if (!strcmp(name, event_types[i]))
			return i;
	return -1;
}

/* @kind: 'd' decimal, 'x' hex, 's' string, 'p' port, '4', '6' */
struct field {
	char kind;
	const char *name;
};

static uint64_t attr_number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	case 8:
		return mnl_attr_get_u64(attr);
	}
	return 0;
}

static void show_field(const struct field *field, const struct nlattr *attr)
{
	char text[INET6_ADDRSTRLEN] = "";

	switch (field->kind) {
	case 's':
		printf(" %s %s", field->name, mnl_attr_get_str(attr));
		break;
	case 'x':
		printf(" %s 0x%012" PRIx64, field->name, attr_number(attr));
		break;
	case 'p':
		printf(" %s %u", field->name, ntohs(mnl_attr_get_u16(attr)));
		break;
	case '4':
	case '6':
		inet_ntop(field->kind == '4' ? AF_INET : AF_INET6,
			  mnl_attr_get_payload(attr), text, sizeof(text));
		printf(" %s %s", field->name, text);
		break;
	default:
		printf(" %s %" PRIu64, field->name, attr_number(attr));
	}
}

static void show_fields(const struct field *fields, size_t n,
			const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		size_t type = mnl_attr_get_type(attr);

		if (type < n && fields[type].name)
			show_field(&fields[type], attr);
	}
}

static void show_stats(const char *const *names, size_t n,
		       const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		size_t type = mnl_attr_get_type(attr);

		if (type < n && names[type])
			printf(" %s %" PRIu64, names[type],
			       mnl_attr_get_u64(attr));
	}
}

static void show_socket(const char *name, const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_SOCKET_LANE] = { 'd', "lane" },
		[PILOT_A_SOCKET_PORT] = { 'p', "port" },
		[PILOT_A_SOCKET_NETNSID] = { 'd', "netnsid" },
		[PILOT_A_SOCKET_DEVICES] = { 'd', "devices" },
	};
	const struct nlattr *attr;

	printf("%s", name);
	show_fields(fields, ARRAY_SIZE(fields), nest);
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == PILOT_A_SOCKET_STATS)
			show_stats(socket_stats, ARRAY_SIZE(socket_stats),
				   attr);
	printf("\n");
}

static void show_dev(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_DEV_ADDRESS] = { 'x', "address" },
		[PILOT_A_DEV_PEERS] = { 'd', "peers" },
		[PILOT_A_DEV_IFNAME] = { 's', "ifname" },
	};
	const struct nlattr *attr;

	printf("dev");
	show_fields(fields, ARRAY_SIZE(fields), nest);
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == PILOT_A_DEV_STATS)
			show_stats(dev_stats, ARRAY_SIZE(dev_stats), attr);
	printf("\n");
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PILOT_A_DEV_SOCKET4)
			show_socket("socket4", attr);
		if (mnl_attr_get_type(attr) == PILOT_A_DEV_SOCKET6)
			show_socket("socket6", attr);
	}
}

static void show_key(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_KEY_LANE] = { 'd', "lane" },
		[PILOT_A_KEY_EPOCH] = { 'd', "epoch" },
		[PILOT_A_KEY_RX_INDEX] = { 'd', "rx-index" },
		[PILOT_A_KEY_TX_INDEX] = { 'd', "tx-index" },
		[PILOT_A_KEY_RX_KEY] = { 's', "rx-key" },
		[PILOT_A_KEY_TX_KEY] = { 's', "tx-key" },
		[PILOT_A_KEY_SOFT_PACKETS] = { 'd', "soft-packets" },
		[PILOT_A_KEY_HARD_PACKETS] = { 'd', "hard-packets" },
		[PILOT_A_KEY_SOFT_AGE] = { 'd', "soft-age" },
		[PILOT_A_KEY_HARD_AGE] = { 'd', "hard-age" },
		[PILOT_A_KEY_AGE] = { 'd', "age" },
		[PILOT_A_KEY_TX_COUNTER] = { 'd', "tx-counter" },
		[PILOT_A_KEY_RX_COUNTER] = { 'd', "rx-counter" },
		[PILOT_A_KEY_DRIVER] = { 's', "driver" },
	};
	const struct nlattr *attr;

	printf("key");
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PILOT_A_KEY_SLOT)
			printf(" slot %s",
			       NAME_OF(slots, mnl_attr_get_u8(attr)));
		if (mnl_attr_get_type(attr) == PILOT_A_KEY_CIPHER)
			printf(" cipher %s",
			       NAME_OF(ciphers, mnl_attr_get_u8(attr)));
	}
	show_fields(fields, ARRAY_SIZE(fields), nest);
	printf("\n");
}

static void show_endpoint(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_ENDPOINT_REMOTE_IP4] = { '4', "endpoint" },
		[PILOT_A_ENDPOINT_REMOTE_IP6] = { '6', "endpoint" },
		[PILOT_A_ENDPOINT_REMOTE_PORT] = { 'p', "port" },
		[PILOT_A_ENDPOINT_SCOPE_ID] = { 'd', "scope" },
		[PILOT_A_ENDPOINT_ID] = { 'd', "carrier" },
	};
	static const char *const kinds[] = { "direct", "relay", "turn" };
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == PILOT_A_ENDPOINT_KIND)
			printf(" kind %s",
			       NAME_OF(kinds, mnl_attr_get_u8(attr)));
	show_fields(fields, ARRAY_SIZE(fields), nest);
}

static void show_relay(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_RELAY_ID] = { 'd', "id" },
		[PILOT_A_RELAY_FROM] = { 'x', "from" },
		[PILOT_A_RELAY_TO] = { 'x', "to" },
		[PILOT_A_RELAY_NEXT_ID] = { 'd', "next" },
		[PILOT_A_RELAY_FLAGS] = { 'd', "flags" },
		[PILOT_A_RELAY_PACKET_RATE] = { 'd', "packet-rate" },
		[PILOT_A_RELAY_BYTE_RATE] = { 'd', "byte-rate" },
		[PILOT_A_RELAY_BYTES] = { 'd', "bytes" },
		[PILOT_A_RELAY_SECONDS] = { 'd', "seconds" },
		[PILOT_A_RELAY_LEFT_MS] = { 'd', "left-ms" },
		[PILOT_A_RELAY_PACKETS] = { 'd', "packets" },
		[PILOT_A_RELAY_BYTES_DONE] = { 'd', "bytes-done" },
		[PILOT_A_RELAY_DROPS] = { 'd', "drops" },
	};

	printf("relay");
	show_fields(fields, ARRAY_SIZE(fields), nest);
	printf("\n");
}

static void show_lane(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_LANE_ID] = { 'd', "id" },
		[PILOT_A_LANE_SINCE_RX] = { 'd', "since-rx" },
		[PILOT_A_LANE_SINCE_TX] = { 'd', "since-tx" },
	};
	const struct nlattr *attr;

	printf("lane");
	mnl_attr_for_each_nested(attr, nest) {
		size_t type = mnl_attr_get_type(attr);

		if (type == PILOT_A_LANE_ENDPOINT)
			show_endpoint(attr);
		else if (type < ARRAY_SIZE(fields) && fields[type].name)
			show_field(&fields[type], attr);
	}
	printf("\n");
}

static void show_peer(const struct nlattr *nest)
{
	static const struct field fields[] = {
		[PILOT_A_PEER_ADDRESS] = { 'x', "address" },
		[PILOT_A_PEER_FLAGS] = { 'd', "flags" },
		[PILOT_A_PEER_KEEPALIVE] = { 'd', "keepalive" },
		[PILOT_A_PEER_SILENCE_TIMEOUT] = { 'd', "silence" },
		[PILOT_A_PEER_IDLE_TIMEOUT] = { 'd', "idle" },
		[PILOT_A_PEER_RX_PACKET_RATE] = { 'd', "packet-rate" },
		[PILOT_A_PEER_RX_BYTE_RATE] = { 'd', "byte-rate" },
		[PILOT_A_PEER_QUEUED] = { 'd', "queued" },
		[PILOT_A_PEER_SINCE_RX] = { 'd', "since-rx" },
		[PILOT_A_PEER_SINCE_TX] = { 'd', "since-tx" },
	};
	const struct nlattr *attr;

	printf("peer");
	show_fields(fields, ARRAY_SIZE(fields), nest);
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PILOT_A_PEER_ENDPOINT)
			show_endpoint(attr);
		if (mnl_attr_get_type(attr) == PILOT_A_PEER_STATS)
			show_stats(peer_stats, ARRAY_SIZE(peer_stats), attr);
	}
	printf("\n");
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == PILOT_A_PEER_LANE)
			show_lane(attr);
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == PILOT_A_PEER_KEY)
			show_key(attr);
}

static int show_event(const struct nlmsghdr *nlh, const struct nlattr *nest)
{
	const struct nlattr *attr;
	int type = 0, reason = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PILOT_A_EVENT_TYPE)
			type = mnl_attr_get_u8(attr);
		if (mnl_attr_get_type(attr) == PILOT_A_EVENT_REASON)
			reason = mnl_attr_get_u8(attr);
	}
	printf("event %s reason %s ", NAME_OF(event_types, type),
	       NAME_OF(event_reasons, reason));
	/* The rest on the same line: one line is one event. */
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		static const struct field name[] = {
			[PILOT_A_DEV_ADDRESS] = { 'x', "device" },
		};
		static const struct field peer[] = {
			[PILOT_A_PEER_ADDRESS] = { 'x', "peer" },
		};
		static const struct field key[] = {
			[PILOT_A_KEY_LANE] = { 'd', "lane" },
			[PILOT_A_KEY_EPOCH] = { 'd', "epoch" },
		};

		if (mnl_attr_get_type(attr) == PILOT_A_IFINDEX)
			printf("ifindex %u", mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == PILOT_A_DEV)
			show_fields(name, ARRAY_SIZE(name), attr);
		if (mnl_attr_get_type(attr) == PILOT_A_PEER)
			show_fields(peer, ARRAY_SIZE(peer), attr);
		if (mnl_attr_get_type(attr) == PILOT_A_KEY)
			show_fields(key, ARRAY_SIZE(key), attr);
	}
	printf("\n");
	fflush(stdout);
	return type;
}

int show_message(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PILOT_A_EVENT)
			return show_event(nlh, attr);
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == PILOT_A_DEV)
			show_dev(attr);
		if (mnl_attr_get_type(attr) == PILOT_A_PEER)
			show_peer(attr);
		if (mnl_attr_get_type(attr) == PILOT_A_KEY)
			show_key(attr);
		if (mnl_attr_get_type(attr) == PILOT_A_RELAY)
			show_relay(attr);
	}
	return 0;
}
