/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the pilot module. Every function returns 0 or -errno with a
 * text in @err, as netlink_do() does.
 */
#ifndef PILOTD_KERNEL_H
#define PILOTD_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"
#include "config.h"
#include "relay.h"
#include "netlink.h"

struct nl_msg;

/* A request about a device. NULL: memory. */
struct nl_msg *kernel_request(struct netlink *nl, uint8_t cmd, int flags,
			      uint32_t ifindex);
/* Drops a message that did not fit, so that netlink_do() says so. */
struct nl_msg *kernel_complete(struct nl_msg *msg, int failed);

/*
 * Sets the sockets of a lane, for IPv4 and IPv6, and with lane 0 the device's
 * address; a descriptor below 0 is left out.
 */
int kernel_dev_set(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   uint8_t lane, const int fd[static 2], char *err,
		   size_t err_size);
int kernel_dev_address(struct netlink *nl, uint32_t ifindex,
		       uint64_t *address, char *err, size_t err_size);

/*
 * Adds the peer, or changes it when it is there. @introduced: its agent has
 * introducers. @idle: the idle time of one that is there begins anew; else it
 * stays as it is.
 */
int kernel_peer_put(struct netlink *nl, uint32_t ifindex, uint64_t address,
		    const struct config_peer *config, bool introduced,
		    bool idle, char *err, size_t err_size);
int kernel_peer_idle(struct netlink *nl, uint32_t ifindex, uint64_t address,
		     uint32_t seconds, char *err, size_t err_size);
/*
 * @endpoint: unset, the kernel forgets where the peer is. @hold: what comes from
 * elsewhere does not move it, until it is released; otherwise this stays as it is.
 */
int kernel_peer_endpoint(struct netlink *nl, uint32_t ifindex,
			 uint64_t address, const struct endpoint *endpoint,
			 bool hold, char *err, size_t err_size);
int kernel_peer_release(struct netlink *nl, uint32_t ifindex, uint64_t address,
			char *err, size_t err_size);
int kernel_peer_del(struct netlink *nl, uint32_t ifindex, uint64_t address,
		    char *err, size_t err_size);

int kernel_key_new(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   const struct session_key *key, char *err, size_t err_size);
int kernel_key_del(struct netlink *nl, uint32_t ifindex, uint64_t address,
		   uint8_t lane, uint32_t epoch, char *err, size_t err_size);

struct kernel_key {
	uint64_t peer;
	uint8_t lane;
	uint32_t slot;			/* enum pilot_key_slot */
	uint32_t epoch;
	uint32_t rx_index;
	uint32_t age_s;
	uint32_t soft_age;
	uint32_t hard_age;
};

/* Calls @peer for each peer of the device, then @key for each of its keys. */
struct kernel_walk {
	void (*peer)(void *ctx, uint64_t address,
		     const struct endpoint *endpoint);
	void (*key)(void *ctx, const struct kernel_key *key);
	void *ctx;
};

int kernel_peers(struct netlink *nl, uint32_t ifindex,
		 const struct kernel_walk *walk, char *err, size_t err_size);

/*
 * Entries of the relay. @renew: one that is there gets new caps and a new
 * life. -EEXIST: the id is in use.
 */
int kernel_relay_new(struct netlink *nl, uint32_t ifindex,
		     const struct relay_entry *entry, bool renew, char *err,
		     size_t err_size);
int kernel_relay_del(struct netlink *nl, uint32_t ifindex, uint32_t id,
		     char *err, size_t err_size);

typedef void (*kernel_relay_fn)(void *ctx, const struct relay_entry *entry);

int kernel_relay_dump(struct netlink *nl, uint32_t ifindex, kernel_relay_fn fn,
		      void *ctx, char *err, size_t err_size);

#endif /* PILOTD_KERNEL_H */
