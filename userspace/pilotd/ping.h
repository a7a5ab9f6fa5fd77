/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request "ping", and the event "pong" that answers it later. */
#ifndef PILOTD_PING_H
#define PILOTD_PING_H

#include <jansson.h>

#include "control.h"
#include "session.h"

struct worker;

/*
 * Sends one ping, or begins the handshake that has to come before: code
 * "not-ready" then. Return: the token of the pong, the link, the address of
 * the peer and the endpoint.
 */
json_t *ping_request(struct worker *worker, const json_t *args,
		     struct control_error *error);

/* The session's callback; @ctx is the worker. */
void ping_answered(void *ctx, struct session_agent *agent,
		   struct session_peer *peer, const struct session_pong *pong);
/* The event for those who monitor. */
json_t *ping_event(struct session_agent *agent, struct session_peer *peer,
		   const struct session_pong *pong);

#endif /* PILOTD_PING_H */
