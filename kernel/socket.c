// SPDX-License-Identifier: GPL-2.0

#include "socket.h"

#include <linux/module.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include <net/udp_tunnel.h>

#include "compat.h"
#include "gro.h"
#include "local_in.h"

/* A private number: types are only ever compared by their owners. */
#define ENCAP_TYPE	0xe7

/*
 * Guards which device uses which socket. Process context, inside the locks of
 * devices.
 */
static DEFINE_MUTEX(sockets_lock);
static const struct pilot_socket_user *socket_user;
static u64 socket_last_id;

void pilot_socket_module_init(const struct pilot_socket_user *user)
{
	socket_user = user;
}

void pilot_socket_module_exit(void)
{
	/* Every socket's last callback drops its hold on the module. */
	rcu_barrier();
}

void pilot_sockets_lock(void)
{
	mutex_lock(&sockets_lock);
}

void pilot_sockets_unlock(void)
{
	mutex_unlock(&sockets_lock);
}

bool pilot_sockets_held(void)
{
#ifdef CONFIG_LOCKDEP
	return lockdep_is_held(&sockets_lock);
#else
	return true;
#endif
}

static void socket_destroy(struct pilot_socket *socket)
{
	pilot_prefix_limit_free(socket->limit);
	pilot_counters_free(&socket->stats);
	kfree(socket);
}

static struct pilot_socket *socket_of(const struct sock *sk)
{
	return container_of(READ_ONCE(sk->sk_prot), struct pilot_socket, prot);
}

/*
 * The socket is about to be freed: a grace period after the last packet could
 * find it, and with it our GRO functions, which stay on it for life. We are in
 * an RCU callback, and the module's exit waits for those before its text goes.
 */
static void socket_destruct(struct sock *sk)
{
	struct pilot_socket *socket = socket_of(sk);

	WRITE_ONCE(sk->sk_prot, socket->prot_orig);
	if (socket->destruct_orig)
		socket->destruct_orig(sk);
	socket_destroy(socket);
	module_put(THIS_MODULE);
}

/*
 * The owner closed the socket. Nothing of ours may use it, or a route taken
 * through its namespace, when this returns.
 */
static void socket_closed(struct sock *sk)
{
	struct pilot_socket_link *link, *tmp;
	struct pilot_socket *socket;
	LIST_HEAD(links);

	pilot_sockets_lock();
	socket = rcu_dereference_protected(__sk_user_data(sk),
					   pilot_sockets_held());
	list_for_each_entry(link, &socket->devices, node)
		RCU_INIT_POINTER(link->socket, NULL);
	list_splice_init(&socket->devices, &links);
	WRITE_ONCE(socket->n_devices, 0);
	/* The socket is hashed still: no packet may find us any more. */
	WRITE_ONCE(udp_sk(sk)->encap_rcv, NULL);
	rcu_assign_sk_user_data(sk, NULL);
	pilot_local_in_del(sock_net(sk), socket->port);
	synchronize_net();
	list_for_each_entry_safe(link, tmp, &links, node) {
		list_del_init(&link->node);
		socket_user->gone(link, socket->family, sk);
	}
	pilot_sockets_unlock();
}

/*
 * Stands in for the destroy operation of a socket that is attached, because
 * encap_destroy is not called for one whose owner has reset UDP_ENCAP.
 */
static void socket_destroy_op(struct sock *sk)
{
	const struct proto *orig = socket_of(sk)->prot_orig;

	socket_closed(sk);
	if (orig->destroy)
		orig->destroy(sk);
}

static struct pilot_socket *socket_new(struct sock *sk,
				       enum pilot_family family)
{
	struct pilot_socket *socket;

	socket = kzalloc(sizeof(*socket), GFP_KERNEL_ACCOUNT);
	if (!socket)
		return NULL;
	socket->limit = pilot_prefix_limit_new();
	if (!socket->limit ||
	    pilot_counters_init(&socket->stats, PILOT_A_SOCKET_STATS_MAX + 1)) {
		socket_destroy(socket);
		return NULL;
	}
	socket->sk = sk;
	socket->family = family;
	socket->port = inet_sk(sk)->inet_num;
	socket->destruct_orig = sk->sk_destruct;
	socket->prot_orig = sk->sk_prot;
	socket->prot = *sk->sk_prot;
	socket->prot.destroy = socket_destroy_op;
	INIT_LIST_HEAD(&socket->devices);
	return socket;
}

static int socket_check(const struct sock *sk, enum pilot_family family,
			struct netlink_ext_ack *extack)
{
	bool v6 = family == PILOT_FAMILY6;

	if (sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)) {
		NL_SET_ERR_MSG(extack, "file descriptor is not a UDP socket");
		return -ESOCKTNOSUPPORT;
	}
	if (sk->sk_family != (v6 ? AF_INET6 : AF_INET)) {
		if (v6)
			NL_SET_ERR_MSG(extack, "socket is not an IPv6 socket");
		else
			NL_SET_ERR_MSG(extack, "socket is not an IPv4 socket");
		return -EAFNOSUPPORT;
	}
	if (v6 && !ipv6_only_sock(sk)) {
		NL_SET_ERR_MSG(extack,
			       "IPv6 socket must have IPV6_V6ONLY set before it is bound");
		return -EINVAL;
	}
	if (!inet_sk(sk)->inet_num) {
		NL_SET_ERR_MSG(extack, "bind the socket to a port first");
		return -EADDRNOTAVAIL;
	}
	if (sk->sk_state == TCP_ESTABLISHED) {
		NL_SET_ERR_MSG(extack, "socket must not be connected");
		return -EISCONN;
	}
	return 0;
}

/**
 * pilot_socket_attach - take a UDP socket into use
 * @sock: the socket; the caller holds its file
 * @family: the address family it must have
 * @lane: the lane it is to carry
 * @extack: told why not
 *
 * A socket that is attached already is found again. The attachment lasts
 * until the owner closes the socket, and holds the module until that is freed.
 *
 * Context: the lock of the sockets is held.
 * Return: the socket's state or an ERR_PTR().
 */
struct pilot_socket *pilot_socket_attach(struct socket *sock,
					 enum pilot_family family,
					 unsigned int lane,
					 struct netlink_ext_ack *extack)
{
	struct udp_tunnel_sock_cfg cfg = {
		.encap_type = ENCAP_TYPE,
		.encap_rcv = socket_user->receive,
		.gro_receive = pilot_gro_receive,
		.gro_complete = pilot_gro_complete,
	};
	struct pilot_socket *socket;
	struct sock *sk = sock->sk;
	int ret;

	lock_sock(sk);
	ret = socket_check(sk, family, extack);
	if (ret)
		goto err;
	if (udp_sk(sk)->encap_type == ENCAP_TYPE && sk->sk_user_data) {
		socket = rcu_dereference_protected(__sk_user_data(sk), true);
		if (socket->lane == lane)
			goto out;
		NL_SET_ERR_MSG(extack, "socket carries another lane already");
		ret = -EBUSY;
		goto err;
	}
	ret = -EBUSY;
	if (udp_sk(sk)->encap_type || sk->sk_user_data) {
		NL_SET_ERR_MSG(extack,
			       "socket is in use by another encapsulation");
		goto err;
	}
	/* Not while the module is being unloaded. */
	ret = -ENODEV;
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		goto err;
	}
	ret = -ENOMEM;
	socket = socket_new(sk, family);
	if (!socket)
		goto err_module;
	if (pilot_local_in_add(sock_net(sk), socket->port))
		goto err_socket;
	socket->id = ++socket_last_id;
	socket->lane = lane;
	cfg.sk_user_data = socket;
	pilot_compat_tunnel_sock_setup(sock, &cfg);
	WRITE_ONCE(sk->sk_prot, &socket->prot);
	sk->sk_destruct = socket_destruct;
	/* What our GRO has chained is to reach us as it is. */
	udp_allow_gso(sk);
	/* Our payload's checksum says nothing about what is inside. */
	inet_dec_convert_csum(sk);
out:
	release_sock(sk);
	return socket;

err_socket:
	socket_destroy(socket);
err_module:
	module_put(THIS_MODULE);
err:
	release_sock(sk);
	return ERR_PTR(ret);
}

/* Context: RCU read section. NULL once the socket is closed. */
struct pilot_socket *pilot_socket_from_sk(struct sock *sk)
{
	return rcu_dereference_sk_user_data(sk);
}

void pilot_socket_link_init(struct pilot_socket_link *link,
			    struct pilot_dev *dev, unsigned int lane)
{
	link->dev = dev;
	link->lane = lane;
	INIT_LIST_HEAD(&link->node);
}

/**
 * pilot_socket_link_set - let a device use a socket
 * @link: the device's place for it
 * @socket: the socket, or NULL to use none
 *
 * Context: the lock of the sockets is held. What used the old socket may still
 * do so until the next grace period.
 */
void pilot_socket_link_set(struct pilot_socket_link *link,
			   struct pilot_socket *socket)
{
	struct pilot_socket *old;

	old = rcu_replace_pointer(link->socket, socket, pilot_sockets_held());
	if (old) {
		list_del_init(&link->node);
		WRITE_ONCE(old->n_devices, old->n_devices - 1);
	}
	if (socket) {
		list_add_tail(&link->node, &socket->devices);
		WRITE_ONCE(socket->n_devices, socket->n_devices + 1);
	}
}
