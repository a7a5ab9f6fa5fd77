// SPDX-License-Identifier: GPL-2.0-or-later

#include "kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <sodium.h>

#include "attr.h"
#include "error.h"

struct nl_msg *kernel_request(struct netlink *nl, uint8_t cmd, int flags,
			      uint32_t ifindex)
{
	struct nl_msg *msg = netlink_pilot(nl, cmd, flags);

	if (msg && nla_put_u32(msg, PILOT_A_IFINDEX, ifindex) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *kernel_complete(struct nl_msg *msg, int failed)
{
	if (!msg || !failed)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* The address goes with lane 0. */
int kernel_dev_set(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   uint8_t lane, const int fd[static 2], char *err,
		   size_t err_size)
{
	struct nl_msg *msg = kernel_request(nl, PILOT_CMD_DEV_SET, 0, ifindex);
	struct nlattr *nest;
	int failed = 0;

	if (msg) {
		nest = nla_nest_start(msg, PILOT_A_DEV);
		failed |= !nest;
		if (lane)
			failed |= nla_put_u8(msg, PILOT_A_DEV_LANE, lane);
		else
			failed |= nla_put_u64(msg, PILOT_A_DEV_ADDRESS,
					      address);
		if (fd[0] >= 0)
			failed |= nla_put_s32(msg, PILOT_A_DEV_SOCKET4_FD,
					      fd[0]);
		if (fd[1] >= 0)
			failed |= nla_put_s32(msg, PILOT_A_DEV_SOCKET6_FD,
					      fd[1]);
		if (nest)
			nla_nest_end(msg, nest);
	}
	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

static void parse_dev_address(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[PILOT_A_MAX + 1], *dev[PILOT_A_DEV_MAX + 1];
	uint64_t *address = arg;

	if (genlmsg_parse(nlh, 0, tb, PILOT_A_MAX, NULL) < 0 ||
	    !tb[PILOT_A_DEV] ||
	    nla_parse_nested(dev, PILOT_A_DEV_MAX, tb[PILOT_A_DEV], NULL) < 0)
		return;
	if (dev[PILOT_A_DEV_ADDRESS])
		*address = nla_get_u64(dev[PILOT_A_DEV_ADDRESS]);
}

int kernel_dev_address(struct netlink *nl, uint32_t ifindex,
		       uint64_t *address, char *err, size_t err_size)
{
	*address = 0;
	return netlink_do(nl, kernel_request(nl, PILOT_CMD_DEV_GET, 0, ifindex),
			  parse_dev_address, address, err, err_size);
}

/* A request about one peer; @nest is left open for more. */
static struct nl_msg *peer_request(struct netlink *nl, uint8_t cmd,
				   uint32_t ifindex, uint64_t address,
				   struct nlattr **nest)
{
	struct nl_msg *msg = kernel_request(nl, cmd, 0, ifindex);

	if (!msg)
		return NULL;
	*nest = nla_nest_start(msg, PILOT_A_PEER);
	if (!*nest || nla_put_u64(msg, PILOT_A_PEER_ADDRESS, address) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static struct nl_msg *peer_config_request(struct netlink *nl, uint8_t cmd,
					  uint32_t ifindex, uint64_t address,
					  const struct config_peer *config,
					  const uint32_t *idle)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int failed = 0;

	msg = peer_request(nl, cmd, ifindex, address, &nest);
	if (!msg)
		return NULL;
	if (endpoint_is_set(&config->endpoint))
		failed |= attr_put_endpoint(msg, PILOT_A_PEER_ENDPOINT,
					    &config->endpoint);
	/* What a helper before us held is let go. */
	failed |= nla_put_u32(msg, PILOT_A_PEER_FLAGS, 0);
	failed |= nla_put_u32(msg, PILOT_A_PEER_KEEPALIVE,
			      config_peer_keepalive(config));
	failed |= nla_put_u32(msg, PILOT_A_PEER_SILENCE_TIMEOUT,
			      config->silence);
	if (idle)
		failed |= nla_put_u32(msg, PILOT_A_PEER_IDLE_TIMEOUT, *idle);
	failed |= nla_put_u32(msg, PILOT_A_PEER_RX_PACKET_RATE,
			      config->rx_packet_rate);
	failed |= nla_put_u64(msg, PILOT_A_PEER_RX_BYTE_RATE,
			      config->rx_byte_rate);
	nla_nest_end(msg, nest);
	return kernel_complete(msg, failed);
}

int kernel_peer_put(struct netlink *nl, uint32_t ifindex, uint64_t address,
		    const struct config_peer *config, bool introduced,
		    bool idle, char *err, size_t err_size)
{
	uint32_t seconds = config_peer_idle(config, introduced);
	struct config_peer changed = *config;
	int ret;

	ret = netlink_do(nl, peer_config_request(nl, PILOT_CMD_PEER_NEW,
						 ifindex, address, config,
						 &seconds),
			 NULL, NULL, err, err_size);
	if (ret != -EEXIST)
		return ret;
	/* Where the peer is now is newer than what was configured. */
	changed.endpoint.family = AF_UNSPEC;
	return netlink_do(nl, peer_config_request(nl, PILOT_CMD_PEER_SET,
						  ifindex, address, &changed,
						  idle ? &seconds : NULL),
			  NULL, NULL, err, err_size);
}

int kernel_peer_idle(struct netlink *nl, uint32_t ifindex, uint64_t address,
		     uint32_t seconds, char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int failed = 0;

	msg = peer_request(nl, PILOT_CMD_PEER_SET, ifindex, address, &nest);
	if (msg) {
		failed = nla_put_u32(msg, PILOT_A_PEER_IDLE_TIMEOUT, seconds);
		nla_nest_end(msg, nest);
	}
	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

int kernel_peer_endpoint(struct netlink *nl, uint32_t ifindex,
			 uint64_t address, const struct endpoint *endpoint,
			 bool hold, char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int failed = 0;

	msg = peer_request(nl, PILOT_CMD_PEER_SET, ifindex, address, &nest);
	if (msg) {
		failed = attr_put_endpoint(msg, PILOT_A_PEER_ENDPOINT,
					   endpoint);
		if (hold)
			failed |= nla_put_u32(msg, PILOT_A_PEER_FLAGS,
					      PILOT_PEER_F_FIXED_ENDPOINT);
		nla_nest_end(msg, nest);
	}
	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

int kernel_peer_release(struct netlink *nl, uint32_t ifindex, uint64_t address,
			char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int failed = 0;

	msg = peer_request(nl, PILOT_CMD_PEER_SET, ifindex, address, &nest);
	if (msg) {
		failed = nla_put_u32(msg, PILOT_A_PEER_FLAGS, 0);
		nla_nest_end(msg, nest);
	}
	return netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err,
			  err_size);
}

int kernel_peer_del(struct netlink *nl, uint32_t ifindex, uint64_t address,
		    char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = peer_request(nl, PILOT_CMD_PEER_DEL, ifindex, address, &nest);
	if (msg)
		nla_nest_end(msg, nest);
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

static struct nl_msg *key_request(struct netlink *nl, uint8_t cmd,
				  uint32_t ifindex, uint64_t address,
				  uint8_t lane, uint32_t epoch,
				  struct nlattr **nest)
{
	struct nl_msg *msg;
	int failed = 0;

	msg = peer_request(nl, cmd, ifindex, address, nest);
	if (!msg)
		return NULL;
	nla_nest_end(msg, *nest);
	*nest = nla_nest_start(msg, PILOT_A_KEY);
	failed |= !*nest;
	failed |= nla_put_u8(msg, PILOT_A_KEY_LANE, lane);
	failed |= nla_put_u32(msg, PILOT_A_KEY_EPOCH, epoch);
	return kernel_complete(msg, failed);
}

int kernel_key_new(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   const struct session_key *key, char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int failed = 0;
	int ret;

	msg = key_request(nl, PILOT_CMD_KEY_NEW, ifindex, address, key->lane,
			  key->epoch, &nest);
	if (!msg)
		return error_set(err, err_size, ENOMEM, "out of memory");
	failed |= nla_put_u8(msg, PILOT_A_KEY_SLOT, key->slot);
	failed |= nla_put_u8(msg, PILOT_A_KEY_CIPHER, key->cipher);
	failed |= nla_put_u32(msg, PILOT_A_KEY_RX_INDEX, key->rx_index);
	failed |= nla_put_u32(msg, PILOT_A_KEY_TX_INDEX, key->tx_index);
	failed |= nla_put_u32(msg, PILOT_A_KEY_SOFT_AGE, key->soft_age);
	failed |= nla_put_u32(msg, PILOT_A_KEY_HARD_AGE, key->hard_age);
	if (key->lane)
		failed |= nla_put_u16(msg, PILOT_A_KEY_PORT, htons(key->port));
	failed |= nla_put(msg, PILOT_A_KEY_RX_KEY, sizeof(key->rx_key),
			  key->rx_key);
	failed |= nla_put(msg, PILOT_A_KEY_TX_KEY, sizeof(key->tx_key),
			  key->tx_key);
	nla_nest_end(msg, nest);
	/* The message holds secrets: keep it until it is wiped. */
	nlmsg_get(msg);
	ret = netlink_do(nl, kernel_complete(msg, failed), NULL, NULL, err, err_size);
	sodium_memzero(nlmsg_data(nlmsg_hdr(msg)),
		       nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
	return ret;
}

int kernel_key_del(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   uint8_t lane, uint32_t epoch, char *err, size_t err_size)
{
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = key_request(nl, PILOT_CMD_KEY_DEL, ifindex, address, lane, epoch,
			  &nest);
	if (msg)
		nla_nest_end(msg, nest);
	return netlink_do(nl, msg, NULL, NULL, err, err_size);
}

static void walk_key(const struct kernel_walk *walk, uint64_t peer,
		     struct nlattr *nest)
{
	struct nlattr *tb[PILOT_A_KEY_MAX + 1];
	struct kernel_key key = { .peer = peer };

	if (nla_parse_nested(tb, PILOT_A_KEY_MAX, nest, NULL) < 0 ||
	    !tb[PILOT_A_KEY_SLOT] || !tb[PILOT_A_KEY_EPOCH] ||
	    !tb[PILOT_A_KEY_RX_INDEX] || !tb[PILOT_A_KEY_AGE] ||
	    !tb[PILOT_A_KEY_SOFT_AGE] || !tb[PILOT_A_KEY_HARD_AGE])
		return;
	if (tb[PILOT_A_KEY_LANE])
		key.lane = nla_get_u8(tb[PILOT_A_KEY_LANE]);
	key.slot = nla_get_u8(tb[PILOT_A_KEY_SLOT]);
	key.epoch = nla_get_u32(tb[PILOT_A_KEY_EPOCH]);
	key.rx_index = nla_get_u32(tb[PILOT_A_KEY_RX_INDEX]);
	key.age_s = nla_get_u64(tb[PILOT_A_KEY_AGE]) / 1000;
	key.soft_age = nla_get_u32(tb[PILOT_A_KEY_SOFT_AGE]);
	key.hard_age = nla_get_u32(tb[PILOT_A_KEY_HARD_AGE]);
	walk->key(walk->ctx, &key);
}

static void walk_peer(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[PILOT_A_MAX + 1], *peer[PILOT_A_PEER_MAX + 1], *attr;
	struct endpoint endpoint = { .family = AF_UNSPEC };
	const struct kernel_walk *walk = arg;
	uint64_t address;
	int rest;

	if (genlmsg_parse(nlh, 0, tb, PILOT_A_MAX, NULL) < 0 ||
	    !tb[PILOT_A_PEER] ||
	    nla_parse_nested(peer, PILOT_A_PEER_MAX, tb[PILOT_A_PEER],
			     NULL) < 0 ||
	    !peer[PILOT_A_PEER_ADDRESS])
		return;
	address = nla_get_u64(peer[PILOT_A_PEER_ADDRESS]);
	if (peer[PILOT_A_PEER_ENDPOINT])
		attr_get_endpoint(peer[PILOT_A_PEER_ENDPOINT], &endpoint);
	if (walk->peer)
		walk->peer(walk->ctx, address, &endpoint);
	if (!walk->key)
		return;
	nla_for_each_nested(attr, tb[PILOT_A_PEER], rest)
		if (nla_type(attr) == PILOT_A_PEER_KEY)
			walk_key(walk, address, attr);
}

int kernel_peers(struct netlink *nl, uint32_t ifindex,
		 const struct kernel_walk *walk, char *err, size_t err_size)
{
	return netlink_do(nl, kernel_request(nl, PILOT_CMD_PEER_GET, NLM_F_DUMP,
				      ifindex),
			  walk_peer, (void *)walk, err, err_size);
}
