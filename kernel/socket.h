/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UDP sockets of the helper that carry our frames. The kernel holds neither
 * the file nor the socket: state is attached to the socket for its life and
 * goes when its owner closes it.
 */
#ifndef PILOT_SOCKET_H
#define PILOT_SOCKET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <net/sock.h>

#include "counters.h"
#include "key.h"
#include "ratelimit.h"

struct netlink_ext_ack;
struct pilot_dev;
struct sk_buff;
struct socket;

/**
 * struct pilot_socket - what is attached to a UDP socket
 * @sk: the socket; outlives this by an RCU grace period
 * @prot: the socket's operations with our own end of life
 * @prot_orig: its own operations
 * @destruct_orig: its own destructor
 * @port: its port, as long as it is attached
 * @id: never used again; names the socket in the table of indexes
 * @family: PILOT_FAMILY4 or PILOT_FAMILY6
 * @lane: the lane that it carries, for all devices
 * @devices: devices that use it, under the lock of the sockets
 * @n_devices: how many, read racily
 * @stats: counters
 * @limit: how much the helper is shown
 */
struct pilot_socket {
	struct sock *sk;
	struct proto prot;
	struct proto *prot_orig;
	void (*destruct_orig)(struct sock *sk);
	u16 port;
	u64 id;
	enum pilot_family family;
	unsigned int lane;
	struct list_head devices;
	unsigned int n_devices;
	struct pilot_counters stats;
	struct pilot_prefix_limit *limit;
};

/**
 * struct pilot_socket_link - a device's use of a socket
 * @socket: the socket or NULL; RCU, written under the lock of the sockets
 * @node: on the socket's list of devices, under the same lock
 * @dev: the device
 * @lane: for which of its lanes
 */
struct pilot_socket_link {
	struct pilot_socket __rcu *socket;
	struct list_head node;
	struct pilot_dev *dev;
	unsigned int lane;
};

/* What the layer above does with datagrams and with a socket's end. */
struct pilot_socket_user {
	int (*receive)(struct sock *sk, struct sk_buff *skb);
	void (*gone)(struct pilot_socket_link *link,
		     enum pilot_family family, struct sock *sk);
};

void pilot_socket_module_init(const struct pilot_socket_user *user);
void pilot_socket_module_exit(void);

void pilot_sockets_lock(void);
void pilot_sockets_unlock(void);
bool pilot_sockets_held(void);

struct pilot_socket *pilot_socket_attach(struct socket *sock,
					 enum pilot_family family,
					 unsigned int lane,
					 struct netlink_ext_ack *extack);
struct pilot_socket *pilot_socket_from_sk(struct sock *sk);
void pilot_socket_link_init(struct pilot_socket_link *link,
			    struct pilot_dev *dev, unsigned int lane);
void pilot_socket_link_set(struct pilot_socket_link *link,
			   struct pilot_socket *socket);

#endif /* PILOT_SOCKET_H */
