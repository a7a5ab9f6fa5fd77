/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TURN servers in the worker: lib/turn_pool with the loop's time. Its requests
 * go by the UDP socket, from which the kernel sends what the channels carry; to
 * servers by TLS and TCP the bridge takes them further.
 */
#ifndef PILOTD_TURNS_H
#define PILOTD_TURNS_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "bridge_message.h"
#include "path.h"
#include "turn_pool.h"

struct turns_ops {
	void (*send)(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len);
	/* An allocation is there, or gone: NULL. */
	void (*changed)(void *ctx, const struct path_turn *turn);
	/* A channel that was asked for can be used. */
	void (*bound)(void *ctx);
	/* A frame of a peer, as if it had come by the socket. */
	void (*frame)(void *ctx, const struct endpoint *src, const void *bytes,
		      size_t len);
	/* A server says something else than before; for the user. */
	void (*told)(void *ctx, const char *text);
	/* A check is over. */
	void (*checked)(void *ctx, uint64_t check);
};

struct turns;

/* @accounts: copied. Return: 0 or -errno. */
int turns_new(struct turns **turns, sd_event *event,
	      const struct turn_account *accounts, unsigned int count,
	      const struct turns_ops *ops, void *ctx);
/* Wipes the passwords; what the servers have for us stays with them. */
void turns_free(struct turns *turns);
void turns_release(struct turns *turns);

/* Return: whether it was a server's. */
bool turns_receive(struct turns *turns, uint64_t now,
		   const struct endpoint *src, const uint8_t *bytes,
		   size_t len);
/* What the bridge said of a server. Return: whether it is wanted. */
bool turns_connected(struct turns *turns, uint64_t now,
		     const struct bridge_state *state);
void turns_need(struct turns *turns, uint64_t now, enum turn_need need);
void turns_moved(struct turns *turns, uint64_t now);
/* Asks every server; checked() comes with this number. */
void turns_check(struct turns *turns, uint64_t now, uint64_t check);

/* As those of a client; not from callbacks other than those above. */
void turns_permit(struct turns *turns, uint64_t now,
		  const struct endpoint *peer);
int turns_channel(struct turns *turns, uint64_t now,
		  const struct endpoint *peer, struct endpoint *via);
void turns_keep(struct turns *turns, uint64_t now, const struct endpoint *via);

/* The server whose channels are there; NULL: none is. */
const struct turn_account *turns_at(const struct turns *turns,
				    const struct endpoint *at);
/* Each server that is configured; NULL: there are no more. */
const struct turn_pool_server *turns_server(const struct turns *turns,
					    unsigned int i);
/* What each server said, for netcheck. @turns: NULL is none. */
json_t *turns_json(const struct turns *turns);

#endif /* PILOTD_TURNS_H */
