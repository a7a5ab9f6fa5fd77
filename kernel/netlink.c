// SPDX-License-Identifier: GPL-2.0

#include "netlink.h"

#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "configure.h"
#include "device.h"
#include "event.h"
#include "netlink-gen.h"
#include "parse.h"
#include "report.h"

static struct genl_family netlink_family;

/*
 * The device of a request, with its lock held. Undo with device_put().
 */
static struct pilot_dev *device_find(struct net *net, struct nlattr **attrs,
				     struct netlink_ext_ack *extack)
{
	struct net_device *netdev;
	struct pilot_dev *dev;

	if (!attrs[PILOT_A_IFINDEX]) {
		NL_SET_ERR_MSG(extack, "interface index is missing");
		return ERR_PTR(-EINVAL);
	}
	netdev = dev_get_by_index(net, nla_get_u32(attrs[PILOT_A_IFINDEX]));
	if (!netdev) {
		NL_SET_ERR_MSG(extack, "no such interface in this namespace");
		return ERR_PTR(-ENODEV);
	}
	if (!pilot_device_is_ours(netdev)) {
		dev_put(netdev);
		NL_SET_ERR_MSG(extack, "interface is not a pilot device");
		return ERR_PTR(-EOPNOTSUPP);
	}
	dev = netdev_priv(netdev);
	mutex_lock(&dev->lock);
	if (dev->dead) {
		mutex_unlock(&dev->lock);
		dev_put(netdev);
		NL_SET_ERR_MSG(extack, "interface is being deleted");
		return ERR_PTR(-ENODEV);
	}
	return dev;
}

static struct pilot_dev *device_get(struct genl_info *info)
{
	return device_find(genl_info_net(info), info->attrs, info->extack);
}

static void device_put(struct pilot_dev *dev)
{
	mutex_unlock(&dev->lock);
	dev_put(dev->netdev);
}

static struct pilot_peer *peer_get(struct pilot_dev *dev,
				   struct genl_info *info,
				   struct pilot_parsed_peer *parsed)
{
	struct pilot_peer *peer;
	int ret = pilot_parse_peer(info, parsed);

	if (ret)
		return ERR_PTR(ret);
	peer = pilot_peer_find(&dev->peers, parsed->address);
	if (!peer) {
		NL_SET_ERR_MSG(info->extack, "device has no such peer");
		return ERR_PTR(-ENOENT);
	}
	return peer;
}

/* Enough for a peer with keys in all slots of all lanes. */
#define MESSAGE_SIZE	SZ_8K

static struct sk_buff *reply_new(struct genl_info *info, u8 cmd, void **header)
{
	struct sk_buff *msg = genlmsg_new(MESSAGE_SIZE - NLMSG_HDRLEN -
					  GENL_HDRLEN, GFP_KERNEL);

	if (!msg)
		return NULL;
	*header = genlmsg_put_reply(msg, info, &netlink_family, 0, cmd);
	if (*header)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int reply_send(struct genl_info *info, struct sk_buff *msg,
		      void *header, int ret)
{
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

static int dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct sk_buff *msg;
	void *header;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = -ENOMEM;
	msg = reply_new(info, PILOT_CMD_DEV_GET, &header);
	if (msg) {
		rcu_read_lock();
		ret = pilot_report_dev(msg, dev, genl_info_net(info));
		rcu_read_unlock();
		ret = reply_send(info, msg, header, ret);
	}
	device_put(dev);
	return ret;
}

static int dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = MESSAGE_SIZE;
	return 0;
}

static int dev_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct net *net = sock_net(msg->sk);
	struct net_device *netdev;
	long skip = cb->args[0];
	long i = 0;
	void *header;

	rcu_read_lock();
	cb->seq = READ_ONCE(net->dev_base_seq);
	for_each_netdev_rcu(net, netdev) {
		if (!pilot_device_is_ours(netdev) || i++ < skip)
			continue;
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &netlink_family,
				     NLM_F_MULTI, PILOT_CMD_DEV_GET);
		if (!header)
			break;
		if (pilot_report_dev(msg, netdev_priv(netdev), net)) {
			genlmsg_cancel(msg, header);
			break;
		}
		genl_dump_check_consistent(cb, header);
		genlmsg_end(msg, header);
		cb->args[0] = i;
	}
	rcu_read_unlock();
	return msg->len;
}

/*
 * The descriptor is the caller's, and must lead to a socket over whose
 * namespace the caller has the same rights as over the device's.
 */
static int dev_set_socket(struct pilot_dev *dev, enum pilot_family family,
			  unsigned int lane, struct sk_buff *skb,
			  struct genl_info *info, const struct nlattr *attr)
{
	struct user_namespace *owner;
	int fd = nla_get_s32(attr);
	struct socket *sock;
	int ret;

	if (fd < 0)
		return pilot_device_socket_set(dev, family, lane, NULL,
					       info->extack);
	sock = sockfd_lookup(fd, &ret);
	if (!sock) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "file descriptor is not an open socket");
		return ret;
	}
	owner = sock_net(sock->sk)->user_ns;
	if (netlink_ns_capable(skb, owner, CAP_NET_ADMIN)) {
		ret = pilot_device_socket_set(dev, family, lane, sock,
					      info->extack);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "CAP_NET_ADMIN is needed over the socket's namespace too");
		ret = -EPERM;
	}
	sockfd_put(sock);
	return ret;
}

static int dev_set_attrs(struct pilot_dev *dev, struct sk_buff *skb,
			 struct genl_info *info)
{
	struct nlattr *attrs[PILOT_A_DEV_MAX + 1];
	unsigned int lane = 0;
	int ret;

	if (!info->attrs[PILOT_A_DEV]) {
		NL_SET_ERR_MSG(info->extack, "device attributes are missing");
		return -EINVAL;
	}
	ret = nla_parse_nested(attrs, PILOT_A_DEV_MAX,
			       info->attrs[PILOT_A_DEV], pilot_dev_nl_policy,
			       info->extack);
	if (!ret && attrs[PILOT_A_DEV_LANE])
		lane = nla_get_u8(attrs[PILOT_A_DEV_LANE]);
	if (!ret && attrs[PILOT_A_DEV_ADDRESS])
		ret = pilot_device_address_set(dev,
					       nla_get_u64(attrs[PILOT_A_DEV_ADDRESS]),
					       info->extack);
	if (!ret && attrs[PILOT_A_DEV_SOCKET4_FD])
		ret = dev_set_socket(dev, PILOT_FAMILY4, lane, skb, info,
				     attrs[PILOT_A_DEV_SOCKET4_FD]);
	if (!ret && attrs[PILOT_A_DEV_SOCKET6_FD])
		ret = dev_set_socket(dev, PILOT_FAMILY6, lane, skb, info,
				     attrs[PILOT_A_DEV_SOCKET6_FD]);
	return ret;
}

static int dev_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = dev_set_attrs(dev, skb, info);
	device_put(dev);
	return ret;
}

static int peer_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_peer_config config = {};
	struct pilot_parsed_peer parsed;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = pilot_parse_peer(info, &parsed);
	if (!ret) {
		pilot_parse_peer_config(&parsed, &config);
		ret = pilot_device_peer_add(dev, parsed.address, &config,
					    parsed.endpoint ? &parsed.path :
							      NULL,
					    info->extack);
	}
	device_put(dev);
	return ret;
}

static int peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_parsed_peer parsed;
	struct pilot_peer_config config;
	struct pilot_peer *peer;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	peer = peer_get(dev, info, &parsed);
	ret = PTR_ERR_OR_ZERO(peer);
	if (!ret) {
		config = peer->config;
		pilot_parse_peer_config(&parsed, &config);
		if (parsed.attrs[PILOT_A_PEER_IDLE_TIMEOUT])
			pilot_device_peer_idle_anew(peer);
		ret = pilot_device_peer_set(peer, &config,
					    parsed.endpoint ? &parsed.path :
							      NULL,
					    parsed.forget);
	}
	device_put(dev);
	return ret;
}

static int peer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_parsed_peer parsed;
	struct pilot_peer *peer;
	struct sk_buff *msg;
	void *header;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	peer = peer_get(dev, info, &parsed);
	ret = PTR_ERR_OR_ZERO(peer);
	if (ret)
		goto out;
	ret = -ENOMEM;
	msg = reply_new(info, PILOT_CMD_PEER_GET, &header);
	if (msg) {
		rcu_read_lock();
		ret = pilot_report_peer(msg, peer);
		rcu_read_unlock();
		ret = reply_send(info, msg, header, ret);
	}
out:
	device_put(dev);
	return ret;
}

/*
 * Nothing is held between the calls of a dump: it goes on behind the number
 * of the last peer shown, whatever was deleted meanwhile.
 */
static int peer_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct nlattr **attrs = pilot_compat_dump_attrs(cb);
	struct net_device *netdev;
	struct pilot_dev *dev;
	struct pilot_peer *peer;
	unsigned long id;
	int ret = 0;
	void *header;

	if (!attrs[PILOT_A_IFINDEX]) {
		NL_SET_ERR_MSG(cb->extack, "interface index is missing");
		return -EINVAL;
	}
	rcu_read_lock();
	netdev = dev_get_by_index_rcu(sock_net(msg->sk),
				      nla_get_u32(attrs[PILOT_A_IFINDEX]));
	if (!netdev || !pilot_device_is_ours(netdev)) {
		NL_SET_ERR_MSG(cb->extack, "no such pilot device in this namespace");
		ret = -ENODEV;
		goto out;
	}
	dev = netdev_priv(netdev);
	xa_for_each_start(&dev->peers.ids, id, peer, cb->args[0]) {
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &netlink_family,
				     NLM_F_MULTI, PILOT_CMD_PEER_GET);
		if (!header)
			break;
		if (pilot_report_peer(msg, peer)) {
			genlmsg_cancel(msg, header);
			break;
		}
		genlmsg_end(msg, header);
		cb->args[0] = id + 1;
	}
out:
	rcu_read_unlock();
	return ret ?: msg->len;
}

static int peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_parsed_peer parsed;
	struct pilot_peer *peer;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	peer = peer_get(dev, info, &parsed);
	if (!IS_ERR(peer))
		pilot_device_peer_del(dev, peer);
	device_put(dev);
	return PTR_ERR_OR_ZERO(peer);
}

static int key_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_key_config config;
	struct pilot_parsed_peer parsed;
	struct pilot_peer *peer;
	int ret;

	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto out;
	}
	peer = peer_get(dev, info, &parsed);
	ret = PTR_ERR_OR_ZERO(peer);
	if (!ret)
		ret = pilot_parse_key(info, &config);
	if (!ret) {
		ret = pilot_device_key_add(dev, peer, &config, info->extack);
		memzero_explicit(&config, sizeof(config));
	}
	device_put(dev);
out:
	pilot_parse_key_wipe(info);
	return ret;
}

/*
 * What the three commands on an existing key share: find it, and do it. A key
 * may expire at any time, so it is used in the RCU section it was found in.
 */
static struct pilot_key *key_find(struct pilot_dev *dev, struct genl_info *info)
{
	struct pilot_parsed_peer parsed;
	struct pilot_peer *peer;
	struct pilot_key *key;
	u32 epoch;
	u8 lane;
	int ret;

	peer = peer_get(dev, info, &parsed);
	if (IS_ERR(peer))
		return ERR_CAST(peer);
	ret = pilot_parse_key_name(info, &lane, &epoch);
	if (ret)
		return ERR_PTR(ret);
	key = pilot_peer_key_find(peer, lane, epoch);
	if (!key) {
		NL_SET_ERR_MSG(info->extack, "peer has no key of this epoch");
		return ERR_PTR(-ENOENT);
	}
	return key;
}

static int key_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_key *key;
	struct sk_buff *msg;
	void *header;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = -ENOMEM;
	msg = reply_new(info, PILOT_CMD_KEY_GET, &header);
	if (!msg)
		goto out;
	rcu_read_lock();
	key = key_find(dev, info);
	ret = PTR_ERR_OR_ZERO(key);
	if (!ret)
		ret = nla_put_u32(msg, PILOT_A_IFINDEX, dev->netdev->ifindex);
	if (!ret)
		ret = pilot_report_key(msg, PILOT_A_KEY, key);
	rcu_read_unlock();
	ret = reply_send(info, msg, header, ret);
out:
	device_put(dev);
	return ret;
}

static int key_swap_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_key *key;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	rcu_read_lock();
	key = key_find(dev, info);
	ret = PTR_ERR_OR_ZERO(key);
	if (!ret)
		ret = pilot_device_key_swap(dev, key, info->extack);
	rcu_read_unlock();
	device_put(dev);
	return ret;
}

static int key_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_key *key;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	rcu_read_lock();
	key = key_find(dev, info);
	ret = PTR_ERR_OR_ZERO(key);
	if (!ret)
		pilot_device_key_del(dev, key);
	rcu_read_unlock();
	/* Nothing is sent or received under it when the command returns. */
	if (!ret)
		synchronize_rcu_expedited();
	device_put(dev);
	return ret;
}

static int relay_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	bool replace = info->nlhdr->nlmsg_flags & NLM_F_REPLACE;
	struct pilot_dev *dev = device_get(info);
	struct pilot_parsed_relay parsed;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = pilot_parse_relay(info, &parsed);
	if (!ret)
		ret = pilot_device_relay_add(dev, parsed.from, parsed.to,
					     &parsed.config, replace,
					     info->extack);
	device_put(dev);
	return ret;
}

static struct pilot_relay *relay_find(struct pilot_dev *dev,
				      struct genl_info *info)
{
	struct pilot_relay *relay;
	int ret;
	u32 id;

	ret = pilot_parse_relay_id(info, &id);
	if (ret)
		return ERR_PTR(ret);
	relay = pilot_relay_from(dev, id);
	if (!relay || relay->config.id != id) {
		NL_SET_ERR_MSG(info->extack, "device has no such relay entry");
		return ERR_PTR(-ENOENT);
	}
	return relay;
}

static int relay_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_relay *relay;
	struct sk_buff *msg;
	void *header;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	relay = relay_find(dev, info);
	ret = PTR_ERR_OR_ZERO(relay);
	if (ret)
		goto out;
	ret = -ENOMEM;
	msg = reply_new(info, PILOT_CMD_RELAY_GET, &header);
	if (msg)
		ret = reply_send(info, msg, header,
				 pilot_report_relay(msg, relay));
out:
	device_put(dev);
	return ret;
}

/* As for peers: each call goes on behind the last id shown. */
static int relay_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct nlattr **attrs = pilot_compat_dump_attrs(cb);
	struct pilot_relay *relay;
	struct pilot_dev *dev;
	void *header;

	dev = device_find(sock_net(msg->sk), attrs, cb->extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	while ((relay = pilot_relay_from(dev, cb->args[0]))) {
		header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &netlink_family,
				     NLM_F_MULTI, PILOT_CMD_RELAY_GET);
		if (!header)
			break;
		if (pilot_report_relay(msg, relay)) {
			genlmsg_cancel(msg, header);
			break;
		}
		genlmsg_end(msg, header);
		cb->args[0] = relay->config.id + 1L;
	}
	device_put(dev);
	return msg->len;
}

static int relay_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pilot_dev *dev = device_get(info);
	struct pilot_relay *relay;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	relay = relay_find(dev, info);
	if (!IS_ERR(relay))
		pilot_device_relay_del(dev, relay);
	device_put(dev);
	return PTR_ERR_OR_ZERO(relay);
}

static const struct genl_ops netlink_ops[] = {
	{
		.cmd = PILOT_CMD_DEV_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dev_get_doit,
		.start = dump_start,
		.dumpit = dev_get_dumpit,
	}, {
		.cmd = PILOT_CMD_DEV_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dev_set_doit,
	}, {
		.cmd = PILOT_CMD_PEER_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = peer_new_doit,
	}, {
		.cmd = PILOT_CMD_PEER_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = peer_set_doit,
	}, {
		.cmd = PILOT_CMD_PEER_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = peer_get_doit,
		.start = dump_start,
		.dumpit = peer_get_dumpit,
	}, {
		.cmd = PILOT_CMD_PEER_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = peer_del_doit,
	}, {
		.cmd = PILOT_CMD_KEY_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = key_new_doit,
	}, {
		.cmd = PILOT_CMD_KEY_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = key_get_doit,
	}, {
		.cmd = PILOT_CMD_KEY_SWAP,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = key_swap_doit,
	}, {
		.cmd = PILOT_CMD_KEY_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = key_del_doit,
	}, {
		.cmd = PILOT_CMD_RELAY_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = relay_new_doit,
	}, {
		.cmd = PILOT_CMD_RELAY_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = relay_get_doit,
		.start = dump_start,
		.dumpit = relay_get_dumpit,
	}, {
		.cmd = PILOT_CMD_RELAY_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = relay_del_doit,
	},
};

static const struct genl_multicast_group netlink_groups[] = {
	{
		.name = PILOT_MCGRP_EVENTS,
		/* Who talks to whom is not for everybody. */
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family netlink_family __ro_after_init = {
	.name = PILOT_FAMILY_NAME,
	.version = PILOT_FAMILY_VERSION,
	.netnsok = true,
	/* The lock of the device orders what has to be. */
	.parallel_ops = true,
	.module = THIS_MODULE,
	.maxattr = PILOT_A_MAX,
	.policy = pilot_nl_policy,
	.ops = netlink_ops,
	.n_ops = ARRAY_SIZE(netlink_ops),
	.resv_start_op = PILOT_CMD_MAX + 1,
	.mcgrps = netlink_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_groups),
};

int pilot_netlink_module_init(void)
{
	pilot_event_module_init(&netlink_family);
	return genl_register_family(&netlink_family);
}

void pilot_netlink_module_exit(void)
{
	genl_unregister_family(&netlink_family);
}

MODULE_ALIAS_GENL_FAMILY(PILOT_FAMILY_NAME);
