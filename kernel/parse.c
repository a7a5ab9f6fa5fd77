// SPDX-License-Identifier: GPL-2.0

#include "parse.h"

#include <net/genetlink.h>
#include <net/ipv6.h>

#include "netlink-gen.h"
#include "wire.h"

static int parse_endpoint_address(struct nlattr **attrs,
				  struct pilot_path *path,
				  struct netlink_ext_ack *extack)
{
	struct nlattr *ip4 = attrs[PILOT_A_ENDPOINT_REMOTE_IP4];
	struct nlattr *ip6 = attrs[PILOT_A_ENDPOINT_REMOTE_IP6];

	if (!ip4 == !ip6) {
		NL_SET_ERR_MSG(extack,
			       "endpoint needs an IPv4 or an IPv6 address, not both");
		return -EINVAL;
	}
	if (ip4) {
		path->family = AF_INET;
		path->remote4 = nla_get_in_addr(ip4);
		if (!path->remote4 || ipv4_is_multicast(path->remote4) ||
		    ipv4_is_lbcast(path->remote4)) {
			NL_SET_ERR_MSG_ATTR(extack, ip4,
					    "endpoint address must be unicast");
			return -EINVAL;
		}
		return 0;
	}
	path->family = AF_INET6;
	path->remote6 = nla_get_in6_addr(ip6);
	if (ipv6_addr_any(&path->remote6) ||
	    ipv6_addr_is_multicast(&path->remote6) ||
	    ipv6_addr_v4mapped(&path->remote6)) {
		NL_SET_ERR_MSG_ATTR(extack, ip6,
				    "endpoint address must be unicast and not IPv4-mapped");
		return -EINVAL;
	}
	return 0;
}

static int parse_endpoint_kind(struct nlattr **attrs, struct pilot_path *path,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *id = attrs[PILOT_A_ENDPOINT_ID];

	path->kind = attrs[PILOT_A_ENDPOINT_KIND] ?
		     nla_get_u8(attrs[PILOT_A_ENDPOINT_KIND]) :
		     PILOT_ENDPOINT_DIRECT;
	path->id = id ? nla_get_u32(id) : 0;
	if (path->kind == PILOT_ENDPOINT_DIRECT && id) {
		NL_SET_ERR_MSG_ATTR(extack, id,
				    "a direct endpoint has no id: give its kind, or no id");
		return -EINVAL;
	}
	if (path->kind != PILOT_ENDPOINT_DIRECT && !id) {
		NL_SET_ERR_MSG(extack,
			       "endpoint needs the id of the relay, or the number of the TURN channel");
		return -EINVAL;
	}
	if (path->kind == PILOT_ENDPOINT_TURN &&
	    (path->id < PILOT_CHANNEL_MIN || path->id > PILOT_CHANNEL_MAX)) {
		NL_SET_ERR_MSG_ATTR(extack, id,
				    "TURN channels are 0x4000 to 0x4fff");
		return -ERANGE;
	}
	return 0;
}

static int parse_endpoint(struct nlattr *nest, struct pilot_path *path,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[PILOT_A_ENDPOINT_MAX + 1];
	bool linklocal;
	int ret;

	ret = nla_parse_nested(attrs, PILOT_A_ENDPOINT_MAX, nest,
			       pilot_endpoint_nl_policy, extack);
	if (ret)
		return ret;
	memset(path, 0, sizeof(*path));
	ret = parse_endpoint_kind(attrs, path, extack);
	if (!ret)
		ret = parse_endpoint_address(attrs, path, extack);
	if (ret)
		return ret;
	if (!attrs[PILOT_A_ENDPOINT_REMOTE_PORT] ||
	    !nla_get_be16(attrs[PILOT_A_ENDPOINT_REMOTE_PORT])) {
		NL_SET_ERR_MSG(extack, "endpoint needs a port");
		return -EINVAL;
	}
	path->port = nla_get_be16(attrs[PILOT_A_ENDPOINT_REMOTE_PORT]);

	linklocal = path->family == AF_INET6 &&
		    ipv6_addr_type(&path->remote6) & IPV6_ADDR_LINKLOCAL;
	if (attrs[PILOT_A_ENDPOINT_SCOPE_ID])
		path->scope = nla_get_u32(attrs[PILOT_A_ENDPOINT_SCOPE_ID]);
	if (linklocal != !!path->scope) {
		NL_SET_ERR_MSG(extack,
			       "a link-local endpoint needs a scope id, no other may have one");
		return -EINVAL;
	}
	return 0;
}

/**
 * pilot_parse_peer - read the peer nest of a request
 * @info: the request
 * @peer: filled in
 *
 * Return: 0, or a negative error with the reason in the request's extack.
 */
int pilot_parse_peer(struct genl_info *info, struct pilot_parsed_peer *peer)
{
	struct nlattr *endpoint;
	int ret;

	memset(peer, 0, sizeof(*peer));
	if (!info->attrs[PILOT_A_PEER]) {
		NL_SET_ERR_MSG(info->extack, "peer attributes are missing");
		return -EINVAL;
	}
	ret = nla_parse_nested(peer->attrs, PILOT_A_PEER_MAX,
			       info->attrs[PILOT_A_PEER],
			       pilot_peer_nl_policy, info->extack);
	if (ret)
		return ret;
	if (!peer->attrs[PILOT_A_PEER_ADDRESS]) {
		NL_SET_ERR_MSG(info->extack, "peer's agent address is missing");
		return -EINVAL;
	}
	peer->address = nla_get_u64(peer->attrs[PILOT_A_PEER_ADDRESS]);

	endpoint = peer->attrs[PILOT_A_PEER_ENDPOINT];
	if (!endpoint)
		return 0;
	if (!nla_len(endpoint)) {
		peer->forget = true;
		return 0;
	}
	peer->endpoint = true;
	return parse_endpoint(endpoint, &peer->path, info->extack);
}

static void parse_u32(const struct pilot_parsed_peer *peer, int attr, u32 *to)
{
	if (peer->attrs[attr])
		*to = nla_get_u32(peer->attrs[attr]);
}

/**
 * pilot_parse_peer_config - change a configuration as a request asks for
 * @peer: the parsed request
 * @config: what is not given is left as it is
 */
void pilot_parse_peer_config(const struct pilot_parsed_peer *peer,
			     struct pilot_peer_config *config)
{
	parse_u32(peer, PILOT_A_PEER_FLAGS, &config->flags);
	parse_u32(peer, PILOT_A_PEER_KEEPALIVE, &config->keepalive);
	parse_u32(peer, PILOT_A_PEER_SILENCE_TIMEOUT, &config->silence);
	parse_u32(peer, PILOT_A_PEER_IDLE_TIMEOUT, &config->idle);
	parse_u32(peer, PILOT_A_PEER_RX_PACKET_RATE, &config->rx_packet_rate);
	if (peer->attrs[PILOT_A_PEER_RX_BYTE_RATE])
		config->rx_byte_rate =
			nla_get_u64(peer->attrs[PILOT_A_PEER_RX_BYTE_RATE]);
}

static int parse_key_nest(struct genl_info *info, struct nlattr **attrs)
{
	int ret;

	if (!info->attrs[PILOT_A_KEY]) {
		NL_SET_ERR_MSG(info->extack, "key attributes are missing");
		return -EINVAL;
	}
	ret = nla_parse_nested(attrs, PILOT_A_KEY_MAX,
			       info->attrs[PILOT_A_KEY], pilot_key_nl_policy,
			       info->extack);
	if (ret)
		return ret;
	if (!attrs[PILOT_A_KEY_LANE] || !attrs[PILOT_A_KEY_EPOCH]) {
		NL_SET_ERR_MSG(info->extack, "key's lane or epoch is missing");
		return -EINVAL;
	}
	return 0;
}

/* The name of a key: Return 0 or a negative error with the reason told. */
int pilot_parse_key_name(struct genl_info *info, u8 *lane, u32 *epoch)
{
	struct nlattr *attrs[PILOT_A_KEY_MAX + 1];
	int ret = parse_key_nest(info, attrs);

	if (ret)
		return ret;
	*lane = nla_get_u8(attrs[PILOT_A_KEY_LANE]);
	*epoch = nla_get_u32(attrs[PILOT_A_KEY_EPOCH]);
	return 0;
}

static int parse_key_required(struct nlattr **attrs,
			      struct netlink_ext_ack *extack)
{
	bool lane0 = !nla_get_u8(attrs[PILOT_A_KEY_LANE]);
	static const u8 required[] = {
		PILOT_A_KEY_SLOT, PILOT_A_KEY_CIPHER, PILOT_A_KEY_RX_INDEX,
		PILOT_A_KEY_TX_INDEX, PILOT_A_KEY_RX_KEY, PILOT_A_KEY_TX_KEY,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(required); i++) {
		if (attrs[required[i]])
			continue;
		NL_SET_ERR_MSG(extack,
			       "a key needs slot, cipher, both indexes and both keys");
		return -EINVAL;
	}
	if (lane0 == !!attrs[PILOT_A_KEY_PORT]) {
		NL_SET_ERR_MSG(extack,
			       "a key needs a port, unless it is of lane 0, where the endpoint has it");
		return -EINVAL;
	}
	return 0;
}

static int parse_key_limits(struct nlattr **attrs,
			    struct pilot_key_config *config,
			    struct netlink_ext_ack *extack)
{
	u64 soft, hard;

	pilot_key_limits(config->cipher, &soft, &hard);
	config->hard_packets = attrs[PILOT_A_KEY_HARD_PACKETS] ?
		nla_get_u64(attrs[PILOT_A_KEY_HARD_PACKETS]) : hard;
	config->soft_packets = attrs[PILOT_A_KEY_SOFT_PACKETS] ?
		nla_get_u64(attrs[PILOT_A_KEY_SOFT_PACKETS]) :
		min(soft, config->hard_packets);
	config->hard_age = attrs[PILOT_A_KEY_HARD_AGE] ?
		nla_get_u32(attrs[PILOT_A_KEY_HARD_AGE]) :
		PILOT_HARD_AGE_DEFAULT;
	config->soft_age = attrs[PILOT_A_KEY_SOFT_AGE] ?
		nla_get_u32(attrs[PILOT_A_KEY_SOFT_AGE]) :
		min_t(u32, PILOT_SOFT_AGE_DEFAULT, config->hard_age);
	if (config->hard_packets > hard || config->soft_packets > hard) {
		NL_SET_ERR_MSG(extack,
			       "packet limit is above what the cipher allows");
		return -ERANGE;
	}
	if (config->hard_packets < config->soft_packets ||
	    config->hard_age < config->soft_age) {
		NL_SET_ERR_MSG(extack, "hard limit is below the soft limit");
		return -EINVAL;
	}
	return 0;
}

/**
 * pilot_parse_key - read the key nest of a request for a new key
 * @info: the request
 * @config: filled in; holds secrets on success, for the caller to wipe
 *
 * Return: 0, or a negative error with the reason in the request's extack.
 */
int pilot_parse_key(struct genl_info *info, struct pilot_key_config *config)
{
	struct nlattr *attrs[PILOT_A_KEY_MAX + 1];
	int ret;

	ret = parse_key_nest(info, attrs);
	if (!ret)
		ret = parse_key_required(attrs, info->extack);
	if (ret)
		return ret;
	config->lane = nla_get_u8(attrs[PILOT_A_KEY_LANE]);
	config->port = attrs[PILOT_A_KEY_PORT] ?
		       nla_get_be16(attrs[PILOT_A_KEY_PORT]) : 0;
	config->epoch = nla_get_u32(attrs[PILOT_A_KEY_EPOCH]);
	config->slot = nla_get_u8(attrs[PILOT_A_KEY_SLOT]);
	config->cipher = nla_get_u8(attrs[PILOT_A_KEY_CIPHER]);
	config->rx_index = nla_get_u32(attrs[PILOT_A_KEY_RX_INDEX]);
	config->tx_index = nla_get_u32(attrs[PILOT_A_KEY_TX_INDEX]);
	ret = parse_key_limits(attrs, config, info->extack);
	if (ret)
		return ret;
	nla_memcpy(config->rx_key, attrs[PILOT_A_KEY_RX_KEY], PILOT_KEY_LEN);
	nla_memcpy(config->tx_key, attrs[PILOT_A_KEY_TX_KEY], PILOT_KEY_LEN);
	return 0;
}

/* Wipe the secrets of a request, taken or refused, from its own memory. */
void pilot_parse_key_wipe(struct genl_info *info)
{
	struct nlattr *nest = info->attrs[PILOT_A_KEY];
	struct nlattr *attr;
	int rest;

	if (!nest)
		return;
	nla_for_each_nested(attr, nest, rest)
		if (nla_type(attr) == PILOT_A_KEY_RX_KEY ||
		    nla_type(attr) == PILOT_A_KEY_TX_KEY)
			memzero_explicit(nla_data(attr), nla_len(attr));
}

static int parse_relay_nest(struct genl_info *info, struct nlattr **attrs)
{
	int ret;

	if (!info->attrs[PILOT_A_RELAY]) {
		NL_SET_ERR_MSG(info->extack, "relay attributes are missing");
		return -EINVAL;
	}
	ret = nla_parse_nested(attrs, PILOT_A_RELAY_MAX,
			       info->attrs[PILOT_A_RELAY],
			       pilot_relay_nl_policy, info->extack);
	if (ret)
		return ret;
	if (!attrs[PILOT_A_RELAY_ID]) {
		NL_SET_ERR_MSG(info->extack, "relay id is missing");
		return -EINVAL;
	}
	return 0;
}

/* The name of a relay entry. Return: 0 or a negative error, the reason told. */
int pilot_parse_relay_id(struct genl_info *info, u32 *id)
{
	struct nlattr *attrs[PILOT_A_RELAY_MAX + 1];
	int ret = parse_relay_nest(info, attrs);

	if (!ret)
		*id = nla_get_u32(attrs[PILOT_A_RELAY_ID]);
	return ret;
}

static u32 parse_relay_u32(struct nlattr **attrs, int attr)
{
	return attrs[attr] ? nla_get_u32(attrs[attr]) : 0;
}

static u64 parse_relay_u64(struct nlattr **attrs, int attr)
{
	return attrs[attr] ? nla_get_u64(attrs[attr]) : 0;
}

/**
 * pilot_parse_relay - read the relay nest of a request for a new entry
 * @info: the request
 * @relay: filled in
 *
 * Return: 0, or a negative error with the reason in the request's extack.
 */
int pilot_parse_relay(struct genl_info *info, struct pilot_parsed_relay *relay)
{
	struct nlattr *attrs[PILOT_A_RELAY_MAX + 1];
	int ret = parse_relay_nest(info, attrs);

	if (ret)
		return ret;
	if (!attrs[PILOT_A_RELAY_FROM] || !attrs[PILOT_A_RELAY_TO] ||
	    !attrs[PILOT_A_RELAY_NEXT_ID] || !attrs[PILOT_A_RELAY_SECONDS]) {
		NL_SET_ERR_MSG(info->extack,
			       "a relay entry needs both peers, the next id and seconds to live");
		return -EINVAL;
	}
	relay->from = nla_get_u64(attrs[PILOT_A_RELAY_FROM]);
	relay->to = nla_get_u64(attrs[PILOT_A_RELAY_TO]);
	relay->config = (struct pilot_relay_config){
		.id = nla_get_u32(attrs[PILOT_A_RELAY_ID]),
		.next_id = nla_get_u32(attrs[PILOT_A_RELAY_NEXT_ID]),
		.flags = parse_relay_u32(attrs, PILOT_A_RELAY_FLAGS),
		.packet_rate = parse_relay_u32(attrs,
					       PILOT_A_RELAY_PACKET_RATE),
		.byte_rate = parse_relay_u64(attrs, PILOT_A_RELAY_BYTE_RATE),
		.bytes = parse_relay_u64(attrs, PILOT_A_RELAY_BYTES),
		.seconds = nla_get_u32(attrs[PILOT_A_RELAY_SECONDS]),
	};
	return 0;
}
