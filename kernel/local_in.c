// SPDX-License-Identifier: GPL-2.0

#include "local_in.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/net_namespace.h>

#include "carrier.h"

#if IS_ENABLED(CONFIG_NETFILTER)

#define PORTS		BIT(16)

/**
 * struct local_in - the hook of a network namespace
 * @net: the namespace, which the sockets keep alive
 * @node: on the list of all
 * @ops: the hook
 * @users: sockets per port; 0 or more, read racily by the hook
 * @total: sockets in all
 *
 * Written under the lock of the sockets.
 */
struct local_in {
	struct net *net;
	struct list_head node;
	struct nf_hook_ops ops;
	u16 *users;
	unsigned int total;
};

static LIST_HEAD(local_in_all);

struct local_in_header {
	struct udphdr udp;
	u8 payload[PILOT_CARRIER_MAX + 1];
} __packed;

/*
 * Only the first frame is looked at, behind its carrier if it has one: what the
 * others of the batch are is found out when it is received, where none but data
 * frames are taken from a batch.
 */
static bool local_in_is_batch(const struct local_in *in, struct sk_buff *skb)
{
	const struct local_in_header *header;
	struct local_in_header buffer;
	unsigned int front;

	header = skb_header_pointer(skb, skb_transport_offset(skb),
				    sizeof(buffer), &buffer);
	if (!header)
		return false;
	front = pilot_carrier_len(pilot_carrier_kind(header->payload[0]));
	return header->payload[front] == PILOT_FRAME_DATA &&
	       READ_ONCE(in->users[ntohs(header->udp.dest)]);
}

static unsigned int local_in_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	/* A virtual machine's packet is marked dodgy: its geometry is checked. */
	if (likely(!skb_is_gso(skb) ||
		   (shinfo->gso_type & ~SKB_GSO_DODGY) != SKB_GSO_UDP_L4))
		return NF_ACCEPT;
	/* A packet socket's clone sees the mark too, which says nothing wrong. */
	if (!skb->encapsulation && local_in_is_batch(priv, skb))
		shinfo->gso_type |= SKB_GSO_UDP_TUNNEL_CSUM;
	return NF_ACCEPT;
}

static struct local_in *local_in_find(const struct net *net)
{
	struct local_in *in;

	list_for_each_entry(in, &local_in_all, node)
		if (net_eq(in->net, net))
			return in;
	return NULL;
}

static void local_in_free(struct local_in *in)
{
	kvfree(in->users);
	kfree(in);
}

static struct local_in *local_in_new(struct net *net)
{
	struct local_in *in = kzalloc(sizeof(*in), GFP_KERNEL);

	if (!in)
		return NULL;
	in->net = net;
	in->users = kvcalloc(PORTS, sizeof(*in->users), GFP_KERNEL);
	in->ops = (struct nf_hook_ops){
		.hook = local_in_hook,
		.priv = in,
		.pf = NFPROTO_INET,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = INT_MAX,
	};
	if (!in->users || nf_register_net_hook(net, &in->ops)) {
		local_in_free(in);
		return NULL;
	}
	list_add(&in->node, &local_in_all);
	return in;
}

/**
 * pilot_local_in_add - take batches to a port of a namespace whole
 * @net: the namespace of a socket
 * @port: its port
 *
 * Context: process; the lock of the sockets is held.
 * Return: 0 or -ENOMEM.
 */
int pilot_local_in_add(struct net *net, u16 port)
{
	struct local_in *in = local_in_find(net) ?: local_in_new(net);

	if (!in)
		return -ENOMEM;
	WRITE_ONCE(in->users[port], in->users[port] + 1);
	in->total++;
	return 0;
}

/* The opposite, with the same arguments. May sleep. */
void pilot_local_in_del(struct net *net, u16 port)
{
	struct local_in *in = local_in_find(net);

	WRITE_ONCE(in->users[port], in->users[port] - 1);
	if (--in->total)
		return;
	list_del(&in->node);
	nf_unregister_net_hook(net, &in->ops);
	/* Packets that are in the hook still look at the ports. */
	synchronize_net();
	local_in_free(in);
}

#else

int pilot_local_in_add(struct net *net, u16 port)
{
	return 0;
}

void pilot_local_in_del(struct net *net, u16 port)
{
}

#endif
