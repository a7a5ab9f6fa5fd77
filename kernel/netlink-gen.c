// SPDX-License-Identifier: GPL-2.0
/* Made by scripts/spec-gen from Documentation/netlink/specs/pilot.yaml. */

#include "netlink-gen.h"

static struct netlink_range_validation pilot_dev_address_range = {
	.max = 281474976710655ULL,
};

static struct netlink_range_validation pilot_peer_address_range = {
	.max = 281474976710655ULL,
};

static struct netlink_range_validation pilot_peer_keepalive_range = {
	.max = 86400ULL,
};

static struct netlink_range_validation pilot_peer_silence_timeout_range = {
	.max = 86400ULL,
};

static struct netlink_range_validation pilot_peer_idle_timeout_range = {
	.max = 86400ULL,
};

static struct netlink_range_validation pilot_key_soft_age_range = {
	.min = 1,
	.max = 86400ULL,
};

static struct netlink_range_validation pilot_key_hard_age_range = {
	.min = 1,
	.max = 86400ULL,
};

static struct netlink_range_validation pilot_relay_from_range = {
	.max = 281474976710655ULL,
};

static struct netlink_range_validation pilot_relay_to_range = {
	.max = 281474976710655ULL,
};

static struct netlink_range_validation pilot_relay_seconds_range = {
	.min = 1,
	.max = 86400ULL,
};

const struct nla_policy pilot_dev_nl_policy[PILOT_A_DEV_MAX + 1] = {
	[PILOT_A_DEV_ADDRESS] = NLA_POLICY_FULL_RANGE(NLA_U64,
		&pilot_dev_address_range),
	[PILOT_A_DEV_SOCKET4_FD] = NLA_POLICY_MIN(NLA_S32, -1),
	[PILOT_A_DEV_SOCKET6_FD] = NLA_POLICY_MIN(NLA_S32, -1),
	[PILOT_A_DEV_LANE] = NLA_POLICY_MAX(NLA_U8, 7),
};

const struct nla_policy pilot_endpoint_nl_policy[PILOT_A_ENDPOINT_MAX + 1] = {
	[PILOT_A_ENDPOINT_KIND] = NLA_POLICY_MAX(NLA_U8, 2),
	[PILOT_A_ENDPOINT_REMOTE_IP4] = { .type = NLA_BE32, },
	[PILOT_A_ENDPOINT_REMOTE_IP6] = NLA_POLICY_EXACT_LEN(16),
	[PILOT_A_ENDPOINT_REMOTE_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[PILOT_A_ENDPOINT_SCOPE_ID] = { .type = NLA_U32, },
	[PILOT_A_ENDPOINT_ID] = { .type = NLA_U32, },
};

const struct nla_policy pilot_peer_nl_policy[PILOT_A_PEER_MAX + 1] = {
	[PILOT_A_PEER_ADDRESS] = NLA_POLICY_FULL_RANGE(NLA_U64,
		&pilot_peer_address_range),
	[PILOT_A_PEER_ENDPOINT] = NLA_POLICY_NESTED(pilot_endpoint_nl_policy),
	[PILOT_A_PEER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[PILOT_A_PEER_KEEPALIVE] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_peer_keepalive_range),
	[PILOT_A_PEER_SILENCE_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_peer_silence_timeout_range),
	[PILOT_A_PEER_IDLE_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_peer_idle_timeout_range),
	[PILOT_A_PEER_RX_PACKET_RATE] = { .type = NLA_U32, },
	[PILOT_A_PEER_RX_BYTE_RATE] = { .type = NLA_U64, },
};

const struct nla_policy pilot_key_nl_policy[PILOT_A_KEY_MAX + 1] = {
	[PILOT_A_KEY_LANE] = NLA_POLICY_MAX(NLA_U8, 7),
	[PILOT_A_KEY_EPOCH] = { .type = NLA_U32, },
	[PILOT_A_KEY_SLOT] = NLA_POLICY_MAX(NLA_U8, 1),
	[PILOT_A_KEY_CIPHER] = NLA_POLICY_RANGE(NLA_U8, 1, 2),
	[PILOT_A_KEY_RX_INDEX] = { .type = NLA_U32, },
	[PILOT_A_KEY_TX_INDEX] = { .type = NLA_U32, },
	[PILOT_A_KEY_RX_KEY] = NLA_POLICY_EXACT_LEN(32),
	[PILOT_A_KEY_TX_KEY] = NLA_POLICY_EXACT_LEN(32),
	[PILOT_A_KEY_SOFT_PACKETS] = NLA_POLICY_MIN(NLA_U64, 1),
	[PILOT_A_KEY_HARD_PACKETS] = NLA_POLICY_MIN(NLA_U64, 1),
	[PILOT_A_KEY_SOFT_AGE] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_key_soft_age_range),
	[PILOT_A_KEY_HARD_AGE] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_key_hard_age_range),
	[PILOT_A_KEY_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
};

const struct nla_policy pilot_relay_nl_policy[PILOT_A_RELAY_MAX + 1] = {
	[PILOT_A_RELAY_ID] = { .type = NLA_U32, },
	[PILOT_A_RELAY_FROM] = NLA_POLICY_FULL_RANGE(NLA_U64,
		&pilot_relay_from_range),
	[PILOT_A_RELAY_TO] = NLA_POLICY_FULL_RANGE(NLA_U64,
		&pilot_relay_to_range),
	[PILOT_A_RELAY_NEXT_ID] = { .type = NLA_U32, },
	[PILOT_A_RELAY_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
	[PILOT_A_RELAY_PACKET_RATE] = { .type = NLA_U32, },
	[PILOT_A_RELAY_BYTE_RATE] = { .type = NLA_U64, },
	[PILOT_A_RELAY_BYTES] = { .type = NLA_U64, },
	[PILOT_A_RELAY_SECONDS] = NLA_POLICY_FULL_RANGE(NLA_U32,
		&pilot_relay_seconds_range),
};

const struct nla_policy pilot_nl_policy[PILOT_A_MAX + 1] = {
	[PILOT_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[PILOT_A_DEV] = NLA_POLICY_NESTED(pilot_dev_nl_policy),
	[PILOT_A_PEER] = NLA_POLICY_NESTED(pilot_peer_nl_policy),
	[PILOT_A_KEY] = NLA_POLICY_NESTED(pilot_key_nl_policy),
	[PILOT_A_RELAY] = NLA_POLICY_NESTED(pilot_relay_nl_policy),
};
