/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where this host can be reached: its own addresses, as STUN servers see them,
 * and as the gateway maps them. It follows the network by itself; a check asks
 * everyone once more.
 */
#ifndef PILOTD_OWN_H
#define PILOTD_OWN_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "addresses.h"
#include "portmap.h"
#include "stun.h"

struct own_config {
	uint16_t port;			/* of the UDP sockets */
	struct endpoint stun_server[STUN_SERVERS_MAX];
	unsigned int stun_servers;
	bool port_mapping;
	uint8_t secret[PORTMAP_SECRET_LEN];
	/* Descriptors, which stay the caller's; below 0: there is none. */
	int route;			/* addresses_socket() */
	int gateway[2];			/* gateway_socket(), IPv4 and IPv6 */
	int announcements;		/* gateway_announcements() */
};

struct own_ops {
	/* By the UDP socket of the family. */
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/*
	 * Where this host can be reached may be another now. @moved: addresses
	 * or routes are others; else it is what STUN or the gateway said.
	 */
	void (*changed)(void *ctx, bool moved);
	/* Routes to some places may be others, and all of that is as it was. */
	void (*routed)(void *ctx);
	/* A check is over. */
	void (*checked)(void *ctx, uint64_t check);
};

struct own;

/* Return: 0 or -errno. */
int own_new(struct own **own, sd_event *event, const struct own_config *config,
	    const struct own_ops *ops, void *ctx);
/* The mappings stay, unless they were given back before. */
void own_free(struct own *own);
void own_release(struct own *own);

/* Of the UDP sockets. Return: whether it was an answer we waited for. */
bool own_receive(struct own *own, uint64_t now, const struct endpoint *src,
		 const uint8_t *bytes, size_t len);

/*
 * Asks STUN servers and gateways. @until: it lasts so long at least, because
 * others were asked as well. Return: the number of the check, which is that of
 * one under way if there is one.
 */
uint64_t own_check(struct own *own, uint64_t now, uint64_t until);

/* What is known, @i: 0 for IPv4, 1 for IPv6. */
const struct own_config *own_config(const struct own *own);
const struct addresses_own *own_addresses(const struct own *own);
const struct stun_client *own_stun(const struct own *own, int i);
const struct portmap *own_portmap(const struct own *own, int i);
/* Whether the host has an address of the family. */
bool own_has_family(const struct own *own, int i);

#endif /* PILOTD_OWN_H */
