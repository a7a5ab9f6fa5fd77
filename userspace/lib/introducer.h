/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The introducer: what a helper does for peers that cannot reach each other.
 * Two that are peers of one agent get a pair of relay entries in the kernel,
 * one for each direction, and are told under which ids. As the session's, this
 * state machine owns no clock and no socket.
 *
 * Nothing here has to survive: entries that the kernel has are adopted after a
 * restart, and what is lost its users open again.
 */
#ifndef PILOT_LIB_INTRODUCER_H
#define PILOT_LIB_INTRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "relay.h"

#define INTRODUCER_PAIRS_MAX	32768	/* the kernel has twice as many entries */
#define INTRODUCER_CLIENT_PAIRS	64	/* that one peer may have opened */
#define INTRODUCER_RATE		8	/* requests of a peer, per second */
#define INTRODUCER_BURST	64
#define INTRODUCER_TELL_AGAIN	(500 * CLOCK_MS)
#define INTRODUCER_TELLS	3	/* more, to who did not ask */

struct introducer;

struct introducer_config {
	bool enabled;
	bool data;			/* else only what helpers send */
	uint32_t packet_rate;		/* per second and direction, 0: any */
	uint64_t byte_rate;
	uint64_t total_bytes;		/* per direction until renewed, 0: any */
	uint32_t pairs;			/* at most INTRODUCER_PAIRS_MAX */
	uint32_t lifetime;		/* seconds, 1 to WIRE_RELAY_SECONDS_MAX */
};

enum introducer_standing {
	INTRODUCER_ABSENT,		/* no such peer, no session, or nowhere */
	INTRODUCER_CARRIED,		/* itself by way of somebody else */
	INTRODUCER_DIRECT,
};

enum introducer_notice {
	INTRODUCER_NOTICE_OPENED,
	INTRODUCER_NOTICE_CLOSED,	/* given back, or a peer is gone */
	INTRODUCER_NOTICE_EXPIRED,
	INTRODUCER_NOTICE_REFUSED,	/* full, or by the kernel */
};

struct introducer_ops {
	/* How a peer stands with an agent: both sides need INTRODUCER_DIRECT. */
	enum introducer_standing (*standing)(void *ctx, uint64_t agent,
					     uint64_t peer);
	/*
	 * Return: 0 or -errno. -EEXIST means the id is taken: others are
	 * tried. @renew: the entry should be there; -ENOENT when it is not.
	 */
	int (*relay_new)(void *ctx, uint64_t agent,
			 const struct relay_entry *entry, bool renew);
	/* It may be gone. */
	void (*relay_del)(void *ctx, uint64_t agent, uint32_t id);
	/* One control message. @dst NULL: where the peer's messages go. */
	void (*send)(void *ctx, uint64_t agent, uint64_t peer,
		     const struct endpoint *dst, uint8_t type,
		     const void *tlvs, size_t len);
	void (*notify)(void *ctx, enum introducer_notice notice,
		       uint64_t agent, uint64_t from, uint64_t to,
		       const char *text);
	/* NULL: libsodium's. */
	void (*random)(void *ctx, void *buf, size_t len);
};

struct introducer *introducer_new(const struct introducer_ops *ops, void *ctx);
/* Deletes no entry of the kernel, so flows go on. */
void introducer_free(struct introducer *introducer);

/* Before it is called, nothing is allowed. What is no longer is ended. */
void introducer_configure(struct introducer *introducer, uint64_t now,
			  const struct introducer_config *config);

/*
 * A control message of @peer to @agent that came from @src. Return: whether
 * the type is one for an introducer.
 */
bool introducer_receive(struct introducer *introducer, uint64_t now,
			uint64_t agent, uint64_t peer,
			const struct endpoint *src, uint8_t type,
			const uint8_t *tlvs, size_t len);

/*
 * After a restart: an entry that the kernel has. When all were told, those
 * without their other direction are deleted, and those that allow something else
 * than what is configured now are changed.
 */
void introducer_adopt(struct introducer *introducer, uint64_t now,
		      uint64_t agent, const struct relay_entry *entry);
void introducer_adopt_end(struct introducer *introducer, uint64_t now);

/*
 * Deleted, or without a session: nothing is known about where it is. Who had a
 * way to it is told by the next introducer_timer().
 */
void introducer_peer_gone(struct introducer *introducer, uint64_t agent,
			  uint64_t peer);
void introducer_agent_gone(struct introducer *introducer, uint64_t agent);

/* What is due by now; then ask for the next deadline again. */
void introducer_timer(struct introducer *introducer, uint64_t now);
/* Boot time, or CLOCK_NEVER. */
uint64_t introducer_next_deadline(const struct introducer *introducer);

struct introducer_stats {
	uint64_t pairs;			/* there are now */
	uint64_t opened;
	uint64_t renewed;
	uint64_t closed;
	uint64_t expired;
	uint64_t refused;
	uint64_t limited;		/* requests of who asks too often */
	uint64_t malformed;
};

const struct introducer_stats *
introducer_stats(const struct introducer *introducer);

#endif /* PILOT_LIB_INTRODUCER_H */
