/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink requests in one network namespace: a generic netlink socket with
 * the pilot family, and a route netlink socket.
 */
#ifndef PILOTD_NETLINK_H
#define PILOTD_NETLINK_H

#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

struct netlink;

/*
 * Opens both sockets in the named namespace ("": the process's own).
 * Return: 0 or -errno with a text in @err.
 */
int netlink_open(struct netlink **nl, const char *netns, char *err,
		 size_t err_size);
void netlink_close(struct netlink *nl);

/* A request to the pilot family, or a route netlink message. NULL: memory. */
struct nl_msg *netlink_pilot(struct netlink *nl, uint8_t cmd, int flags);
struct nl_msg *netlink_route(struct netlink *nl, int type, int flags);

typedef void (*netlink_answer_fn)(struct nlmsghdr *nlh, void *arg);

/*
 * Sends @msg, frees it, and waits for the acknowledgement or the end of the
 * dump; each answer goes to @answer, which may be NULL. Return: 0 or -errno
 * with the kernel's own text in @err when it gave one.
 */
int netlink_do(struct netlink *nl, struct nl_msg *msg,
	       netlink_answer_fn answer, void *arg, char *err,
	       size_t err_size);

/*
 * A socket that hears the pilot family's events in the process's own
 * namespace, for the worker to read. Return: the descriptor or -errno.
 */
int netlink_events_open(void);

#endif /* PILOTD_NETLINK_H */
