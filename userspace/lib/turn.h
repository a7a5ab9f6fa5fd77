/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TURN server as a relay of ours (RFC 8656), over our own UDP socket, or by a
 * connection that another process keeps up and speaks UDP for: an allocation,
 * permissions for the addresses where peers are, and channels to them. A state
 * machine: datagrams and time come in, datagrams go out. What a channel carries
 * is not seen here; it goes by lib/carrier, and by the kernel.
 *
 * No function of this file is called from a callback: what comes of a
 * datagram is asked for after it.
 */
#ifndef PILOT_LIB_TURN_H
#define PILOT_LIB_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint.h"
#include "ratelimit.h"
#include "turn_message.h"

#define TURN_PORT		3478
#define TURN_TLS_PORT		5349
#define TURN_USER_LEN		128	/* with its end; the password alike */
#define TURN_CHANNELS_MAX	64
#define TURN_PERMISSIONS_MAX	128
#define TURN_HELD_MAX		4	/* frames that wait for their channel */
#define TURN_PROBLEM_LEN	192
#define TURN_NAME_LEN		64

#define TURN_LIFETIME		600	/* seconds, as asked for */
#define TURN_LIFETIME_MAX	3600	/* more is not believed */

/*
 * RFC 8489 6.2.1, with fewer requests than it has: another server, or another
 * path, may do better.
 */
#define TURN_RTO		(500 * CLOCK_MS)	/* doubles */
#define TURN_SENDS		5
#define TURN_LAST_WAIT		(2 * CLOCK_SECOND)	/* after the last */
/* By a connection: so many requests, and so long for each. */
#define TURN_STREAM_SENDS	2
#define TURN_STREAM_WAIT	(4 * CLOCK_SECOND)
/* For the connection itself; whoever makes it mostly gives up before. */
#define TURN_CONNECT_WAIT	(15 * CLOCK_SECOND)
/* Of one request with credentials: a nonce may have become stale. */
#define TURN_ATTEMPTS		2

/* RFC 8656: a permission is good for 300 s, a channel for 600 s. */
#define TURN_PERMISSION_LIFE	(300 * CLOCK_SECOND)
#define TURN_CHANNEL_LIFE	(600 * CLOCK_SECOND)
#define TURN_RENEW		(240 * CLOCK_SECOND)	/* of either */
/* Nobody asked for it meanwhile: it is not renewed. */
#define TURN_UNWANTED		(90 * CLOCK_SECOND)
/*
 * An allocation that held for so long was one. A server that lost more than so
 * many that did not, one after the other, did not just start anew.
 */
#define TURN_STEADY		(30 * CLOCK_SECOND)
#define TURN_LOSSES_MAX		4
/* What the server refused is asked for again after this. */
#define TURN_REFUSED_TIME	(60 * CLOCK_SECOND)
/* Channels that were bound because something came, and nobody took. */
#define TURN_UNCLAIMED_MAX	16
#define TURN_UNCLAIMED_RATE	1	/* per second */
#define TURN_UNCLAIMED_BURST	16

enum turn_state {
	TURN_OFF,
	TURN_ALLOCATING,
	TURN_ALLOCATED,
	TURN_REFUSED,			/* why: problem */
	TURN_SILENT,			/* nobody answers */
};

/* How a client gets to its server; what is relayed is UDP in any case. */
enum turn_transport {
	TURN_UDP,
	TURN_TCP,
	TURN_TLS,
	TURN_TRANSPORTS,
};

/* Who we are there. The texts have no control characters. */
struct turn_account {
	struct endpoint server;
	uint32_t transport;		/* enum turn_transport */
	char name[TURN_NAME_LEN];	/* that is said by TLS; "": none */
	char user[TURN_USER_LEN];
	char password[TURN_USER_LEN];
};

struct turn_client_ops {
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/* The state, or the relayed address, is another one. */
	void (*changed)(void *ctx);
	/*
	 * A connection to the server is wanted, or no more; turn_connected()
	 * tells what came of it. Only for those by TCP and TLS.
	 */
	void (*connect)(void *ctx, bool wanted);
};

/* One request and its repetitions. */
struct turn_transaction {
	bool waits;
	enum turn_method method;
	unsigned int sends;		/* so far */
	unsigned int attempts;		/* with a nonce */
	bool signs;			/* it had credentials */
	uint64_t began, at;		/* boot time; when it is acted on next */
	uint8_t tid[STUN_TID_LEN];
};

/* A permission, or with a number a channel, which is one as well. */
struct turn_entry {
	struct endpoint peer;		/* unset: free; a permission: no port */
	uint16_t channel;
	bool claimed;			/* somebody asked for it */
	uint64_t wanted_at;
	uint64_t asked_at;		/* the last request */
	uint64_t granted_at;		/* 0: never */
	uint64_t refused_at;		/* 0: not */
	struct turn_transaction tr;
};

/* A frame that came before its channel. */
struct turn_held {
	struct endpoint peer;
	uint16_t channel;		/* 0: it is not bound yet */
	size_t len;			/* 0: free */
	uint8_t bytes[TURN_DATA_MAX];
};

struct turn_client {
	const struct turn_client_ops *ops;
	void *ctx;
	struct turn_account account;

	struct endpoint at;		/* the server, or what speaks for it */
	bool connects;			/* a connection is wanted */
	uint64_t connect_until;		/* while it is waited for */
	enum turn_state state;
	char problem[TURN_PROBLEM_LEN];	/* why it is refused or silent; "" */
	unsigned int error;		/* enum turn_error of a refusal, or 0 */
	struct endpoint relayed;	/* while it is allocated */
	struct endpoint mapped;
	uint32_t lifetime;		/* seconds, as given */
	uint64_t allocated_at;		/* 0: it is not */
	unsigned int losses;		/* since one was steady */
	uint64_t refresh_at;		/* CLOCK_NEVER: not due */
	uint64_t rtt_ns;		/* of the last answer to a first request */
	uint64_t heard_at;		/* 0: never */

	bool releases;			/* what is there of an earlier us */
	bool released;			/* once for this allocation */
	bool has_realm;
	struct turn_realm realm;
	struct turn_transaction tr;	/* allocate or refresh */
	struct turn_entry channel[TURN_CHANNELS_MAX];
	struct turn_entry permission[TURN_PERMISSIONS_MAX];
	struct turn_held held[TURN_HELD_MAX];
	struct ratelimit_bucket unclaimed;
	uint16_t next_channel;
	bool bound;			/* see turn_take_bound() */
};

void turn_init(struct turn_client *client, const struct turn_client_ops *ops,
	       void *ctx, const struct turn_account *account);
/* Forgets everything, the password too, and tells nobody. */
void turn_wipe(struct turn_client *client);

/*
 * @at: what speaks for the server from now on, by a connection that is new.
 * NULL: there is none; @why, "" while one is under way.
 */
void turn_connected(struct turn_client *client, uint64_t now,
		    const struct endpoint *at, const char *why);
/* Asks for an allocation, unless there is one or it is being asked for. */
void turn_start(struct turn_client *client, uint64_t now);
/* Is it still there? Asks now, whenever the next refresh is. */
void turn_check(struct turn_client *client, uint64_t now);
/* The same, where the server may see us elsewhere: that is no fault of it. */
void turn_moved(struct turn_client *client, uint64_t now);
/* Gives it back, once and without waiting for an answer. */
void turn_stop(struct turn_client *client, uint64_t now);

/*
 * What these ask for is kept up for TURN_UNWANTED: ask again. Nothing is done
 * without an allocation, and for another family of addresses.
 */
void turn_permit(struct turn_client *client, uint64_t now,
		 const struct endpoint *peer);
/*
 * Return: 0 with the way to the peer in @via when its channel can be used;
 * -EAGAIN when it is being bound, -EACCES when the server does not want to,
 * -ENOSPC when there are too many, -ENOTCONN without an allocation.
 */
int turn_channel(struct turn_client *client, uint64_t now,
		 const struct endpoint *peer, struct endpoint *via);
/* The channel of @via is of use. Return: whether there is such a one. */
bool turn_keep(struct turn_client *client, uint64_t now,
	       const struct endpoint *via);

/* Return: whether it was the server's, and for us. */
bool turn_receive(struct turn_client *client, uint64_t now,
		  const struct endpoint *src, const uint8_t *bytes, size_t len);
/* A channel can be used, since this was last asked, that could not before. */
bool turn_take_bound(struct turn_client *client);
/*
 * A frame that came before its channel, which is @src by now. @bytes takes
 * TURN_DATA_MAX. Return: its length, 0 when there is none.
 */
size_t turn_take_frame(struct turn_client *client, struct endpoint *src,
		       uint8_t *bytes);
void turn_timer(struct turn_client *client, uint64_t now);
uint64_t turn_deadline(const struct turn_client *client);

const char *turn_state_name(enum turn_state state);
const char *turn_transport_name(uint32_t transport);

#endif /* PILOT_LIB_TURN_H */
