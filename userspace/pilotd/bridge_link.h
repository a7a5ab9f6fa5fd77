/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of the bridge: a TCP socket, with TLS mostly, on one side, a
 * UDP socket that only pilotd talks to on the other, and messages that go over.
 */
#ifndef PILOTD_BRIDGE_LINK_H
#define PILOTD_BRIDGE_LINK_H

#include <netinet/in.h>
#include <systemd/sd-event.h>

#include "stream.h"
#include "tls.h"
#include "udp.h"

struct bridge_link;

struct bridge_link_ops {
	/* The connection is there: messages go over from now on. */
	void (*up)(void *ctx);
	/* A message came by it. Return: whether it may go to pilotd. */
	bool (*arrived)(void *ctx);
	/* pilotd sent something. Return: whether the link may go on. */
	bool (*answered)(void *ctx);
	/* It is over; the link is to be freed, also at once. */
	void (*ended)(void *ctx, const char *why);
};

struct bridge_stats {
	uint64_t to_pilotd;
	uint64_t from_pilotd;
	uint64_t dropped_slow;		/* TCP did not take them in time */
	uint64_t dropped_refused;	/* messages that no stream may have */
	uint64_t dropped_busy;		/* pilotd's socket was full */
};

struct bridge_link_config {
	sd_event *event;
	struct udp_batch *batch;	/* the caller's, for all links */
	struct tls_credentials *credentials;	/* NULL: no TLS */
	enum stream_kind kind;
	bool server;
	const char *name;
	int tcp;			/* connected, or about to be */
	int udp;			/* stays the caller's */
	const struct bridge_link_ops *ops;
	void *ctx;
	struct bridge_stats *stats;
};

/* Takes over @config->tcp when it succeeds. Return: 0 or -errno. */
int bridge_link_new(struct bridge_link **link,
		    const struct bridge_link_config *config);
/* Also within the callbacks. */
void bridge_link_free(struct bridge_link *link);

/*
 * A UDP socket at a loopback address of its own, which only @port of
 * 127.0.0.1 can send to. pilotd's kernel and helper bound what they take by
 * source prefixes, so each one is in another.
 */
int bridge_udp(unsigned int number, uint16_t port, struct endpoint *local);

/* What is set on a TCP socket: dead ones are noticed, small frames go out. */
void bridge_tcp_prepare(int fd);

#endif /* PILOTD_BRIDGE_LINK_H */
