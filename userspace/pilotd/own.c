// SPDX-License-Identifier: GPL-2.0-or-later

#include "own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "arm.h"
#include "gateway.h"
#include "log.h"

/* Messages taken at one go, so that everything else gets its turn. */
#define BURST		64
#define DATAGRAM	1200	/* PCP has none that is longer */

struct own {
	struct own_config config;
	const struct own_ops *ops;
	void *ctx;
	struct addresses *addresses;
	struct stun_client stun[2];
	struct portmap portmap[2];
	uint64_t check;			/* the last one's number */
	bool checks;			/* it is under way */
	uint64_t check_until;		/* at least */
	bool dirty;			/* changed() is due */
	bool moved;			/* and is to say so */
	bool rerouted;			/* routed() is due */
	enum portmap_state told[2];	/* in the log */
	sd_event_source *timer;
	sd_event_source *source[4];
};

const struct own_config *own_config(const struct own *own)
{
	return &own->config;
}

const struct addresses_own *own_addresses(const struct own *own)
{
	return addresses_own(own->addresses);
}

const struct stun_client *own_stun(const struct own *own, int i)
{
	return &own->stun[i];
}

const struct portmap *own_portmap(const struct own *own, int i)
{
	return &own->portmap[i];
}

bool own_has_family(const struct own *own, int i)
{
	const struct addresses_own *addresses = own_addresses(own);

	for (unsigned int n = 0; n < addresses->count; n++)
		if ((addresses->host[n].family == AF_INET6) == i)
			return true;
	return false;
}

static uint64_t deadline(const struct own *own)
{
	uint64_t first = addresses_deadline(own->addresses), next;

	/* Later it waits for answers alone. */
	if (own->checks && own->check_until > clock_boot() &&
	    own->check_until < first)
		first = own->check_until;
	for (int i = 0; i < 2; i++) {
		next = stun_client_deadline(&own->stun[i]);
		if (next < first)
			first = next;
		next = portmap_deadline(&own->portmap[i]);
		if (next < first)
			first = next;
	}
	return first;
}

static void portmap_log(struct own *own, int i)
{
	const struct portmap *map = &own->portmap[i];
	const char *protocol = portmap_protocol_name(map->protocol);
	char text[ENDPOINT_TEXT_LEN];

	if (map->state == own->told[i])
		return;
	own->told[i] = map->state;
	if (map->state == PORTMAP_MAPPED) {
		endpoint_format(&map->external, text);
		log_info("the gateway maps %s to UDP port %u (%s)", text,
			 map->port, protocol);
	} else if (map->state == PORTMAP_REFUSED) {
		log_info("the gateway maps no port: %s (%s)", map->problem,
			 protocol);
	}
}

/* After everything that came: what is to be told, and when to go on. */
static void go_on(struct own *own)
{
	uint64_t next = deadline(own);
	bool asks = false;

	if (own->dirty) {
		bool moved = own->moved;

		own->dirty = own->moved = false;
		own->ops->changed(own->ctx, moved);
	}
	if (own->rerouted) {
		own->rerouted = false;
		own->ops->routed(own->ctx);
	}
	for (int i = 0; i < 2; i++) {
		portmap_log(own, i);
		asks = asks || own->stun[i].runs || own->portmap[i].asks;
	}
	if (own->checks && !asks && clock_boot() >= own->check_until) {
		own->checks = false;
		own->ops->checked(own->ctx, own->check);
	}
	arm(own->timer, next);
}

static void stun_start(struct own *own, uint64_t now)
{
	for (int i = 0; i < 2; i++)
		if (own_has_family(own, i))
			stun_client_start(&own->stun[i], now);
}

uint64_t own_check(struct own *own, uint64_t now, uint64_t until)
{
	if (!own->checks) {
		own->checks = true;
		own->check++;
		own->check_until = until;
		stun_start(own, now);
		for (int i = 0; i < 2; i++)
			portmap_renew(&own->portmap[i], now);
		/* Even if there is nobody to ask: not before it is known. */
		sd_event_source_set_time(own->timer, 0);
		sd_event_source_set_enabled(own->timer, SD_EVENT_ONESHOT);
	}
	return own->check;
}

/* --- what the parts want -------------------------------------------------- */

static int op_route_send(void *ctx, const void *bytes, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct own *own = ctx;

	return sendto(own->config.route, bytes, len, MSG_DONTWAIT,
		      (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ?
	       -errno : 0;
}

static void op_addresses_changed(void *ctx)
{
	struct own *own = ctx;
	const struct addresses_own *addresses = own_addresses(own);
	uint64_t now = clock_boot();

	own->dirty = own->moved = true;
	log_debug("this host has %u addresses", addresses->count);
	for (int i = 0; i < 2; i++) {
		stun_client_forget(&own->stun[i]);
		if (own->config.gateway[i] >= 0)
			portmap_network(&own->portmap[i], now,
					&addresses->way[i].gateway,
					&addresses->way[i].local);
	}
	stun_start(own, now);
}

static void op_addresses_routed(void *ctx)
{
	struct own *own = ctx;

	own->rerouted = true;
}

static const struct addresses_ops addresses_ops = {
	.send = op_route_send,
	.changed = op_addresses_changed,
	.routed = op_addresses_routed,
};

static void op_stun_send(void *ctx, const struct endpoint *dst,
			 const void *bytes, size_t len)
{
	struct own *own = ctx;

	own->ops->send(own->ctx, dst, bytes, len);
}

static void op_stun_done(void *ctx)
{
	struct own *own = ctx;

	own->dirty = true;
}

static const struct stun_client_ops stun_ops = {
	.send = op_stun_send,
	.done = op_stun_done,
};

static void op_portmap_send(void *ctx, const struct endpoint *src,
			    const struct endpoint *dst, const void *bytes,
			    size_t len)
{
	struct own *own = ctx;
	int ret;

	ret = gateway_send(own->config.gateway[dst->family == AF_INET6], src,
			   dst, bytes, len);
	/* It is sent again. */
	if (ret)
		log_debug("cannot send to the gateway: %s", strerror(-ret));
}

static void op_portmap_changed(void *ctx)
{
	struct own *own = ctx;

	own->dirty = true;
}

static const struct portmap_ops portmap_ops = {
	.send = op_portmap_send,
	.changed = op_portmap_changed,
};

/* --- sources of the loop -------------------------------------------------- */

static int on_route(sd_event_source *source, int fd, uint32_t revents,
		    void *ctx)
{
	_Alignas(struct nlmsghdr) uint8_t bytes[ADDRESSES_BUFFER];
	struct sockaddr_nl from = { 0 };
	struct own *own = ctx;
	socklen_t len;
	ssize_t n;

	(void)source;
	(void)revents;
	for (int i = 0; i < BURST; i++) {
		len = sizeof(from);
		n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&from, &len);
		if ((n < 0 && errno == ENOBUFS) || n > (ssize_t)sizeof(bytes)) {
			addresses_look(own->addresses, clock_boot());
			continue;
		}
		if (n <= 0)
			break;
		/* Not from another process. */
		if (len == sizeof(from) && !from.nl_pid)
			addresses_receive(own->addresses, clock_boot(), bytes, n);
	}
	go_on(own);
	return 0;
}

static int on_gateway(sd_event_source *source, int fd, uint32_t revents,
		      void *ctx)
{
	struct sockaddr_storage ss;
	uint8_t bytes[DATAGRAM];
	struct own *own = ctx;
	struct endpoint src;
	socklen_t len;
	ssize_t n;

	(void)source;
	(void)revents;
	for (int i = 0; i < BURST; i++) {
		len = sizeof(ss);
		n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			     (struct sockaddr *)&ss, &len);
		if (n < 0)
			break;
		if (endpoint_from_sockaddr(&src, &ss))
			continue;
		portmap_receive(&own->portmap[src.family == AF_INET6],
				clock_boot(), &src, bytes, n);
	}
	go_on(own);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct own *own = ctx;
	uint64_t now = clock_boot();

	(void)source;
	(void)usec;
	addresses_timer(own->addresses, now);
	for (int i = 0; i < 2; i++) {
		stun_client_timer(&own->stun[i], now);
		portmap_timer(&own->portmap[i], now);
	}
	go_on(own);
	return 0;
}

bool own_receive(struct own *own, uint64_t now, const struct endpoint *src,
		 const uint8_t *bytes, size_t len)
{
	if (!stun_client_receive(&own->stun[src->family == AF_INET6], now, src,
				 bytes, len))
		return false;
	go_on(own);
	return true;
}

static int add_sources(struct own *own, sd_event *event)
{
	const struct own_config *config = &own->config;
	const int gateway[3] = { config->gateway[0], config->gateway[1],
				 config->announcements };
	int ret;

	ret = sd_event_add_time(event, &own->timer, CLOCK_BOOTTIME, 0, 1000,
				on_timer, own);
	if (ret >= 0 && config->route >= 0)
		ret = sd_event_add_io(event, &own->source[3], config->route,
				      EPOLLIN, on_route, own);
	for (int i = 0; ret >= 0 && i < 3; i++) {
		if (gateway[i] < 0)
			continue;
		ret = sd_event_add_io(event, &own->source[i], gateway[i],
				      EPOLLIN, on_gateway, own);
		/* The kernel limits what comes to peers, but not to these. */
		if (ret >= 0)
			ret = sd_event_source_set_priority(own->source[i],
						SD_EVENT_PRIORITY_IDLE);
	}
	return ret;
}

/* The servers of each family to its own client. */
static void clients_init(struct own *own)
{
	const struct own_config *config = &own->config;
	struct endpoint server[STUN_SERVERS_MAX];

	for (int i = 0; i < 2; i++) {
		unsigned int count = 0;

		for (unsigned int n = 0; n < config->stun_servers; n++)
			if ((config->stun_server[n].family == AF_INET6) == i)
				server[count++] = config->stun_server[n];
		stun_client_init(&own->stun[i], &stun_ops, own, server, count);
		portmap_init(&own->portmap[i], &portmap_ops, own, config->port,
			     config->secret);
		if (!config->port_mapping)
			own->config.gateway[i] = -1;
	}
}

int own_new(struct own **ownp, sd_event *event,
	    const struct own_config *config, const struct own_ops *ops,
	    void *ctx)
{
	struct own *own = calloc(1, sizeof(*own));
	int ret = -ENOMEM;

	if (!own)
		return -ENOMEM;
	own->config = *config;
	own->ops = ops;
	own->ctx = ctx;
	clients_init(own);
	own->addresses = addresses_new(&addresses_ops, own, config->port);
	if (own->addresses)
		ret = add_sources(own, event);
	if (ret < 0) {
		own_free(own);
		return ret;
	}
	if (config->route >= 0)
		addresses_look(own->addresses, clock_boot());
	go_on(own);
	*ownp = own;
	return 0;
}

void own_release(struct own *own)
{
	for (int i = 0; i < 2; i++)
		portmap_release(&own->portmap[i]);
}

void own_free(struct own *own)
{
	if (!own)
		return;
	for (int i = 0; i < 4; i++)
		sd_event_source_disable_unref(own->source[i]);
	sd_event_source_disable_unref(own->timer);
	addresses_free(own->addresses);
	free(own);
}
