/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How peers are reached: lib/path in the worker, for agents with a peer that
 * introduces them. Those of other agents stay at what is configured and
 * learned.
 */
#ifndef PILOTD_REACH_H
#define PILOTD_REACH_H

#include "path.h"
#include "worker.h"

/* Return: 0 or -ENOMEM. */
int reach_new(struct worker *worker);
void reach_free(struct reach *reach);

/* What the parent says. */
void reach_agent_add(struct worker *worker, struct worker_agent *agent,
		     const uint8_t public[static IDENTITY_KEY_LEN]);
void reach_agent_del(struct worker *worker, struct worker_agent *agent);
void reach_peer_put(struct worker *worker, struct session_peer *peer);
void reach_peer_del(struct worker *worker, struct session_peer *peer);
/*
 * What is known of this host's own addresses is another. @moved: they are, or
 * the routes, and not only what the gateway maps.
 */
void reach_own_changed(struct worker *worker, bool moved);
/* Routes to some places may be others. */
void reach_routed(struct worker *worker);

/* What goes by TURN, see struct turns_ops. */
void reach_turn_set(struct worker *worker, const struct path_turn *turn);
void reach_turn_ready(struct worker *worker);
/* Tells what TURN is needed for. Return: whether that is something else. */
bool reach_turn_settle(struct worker *worker);

/* What the parent said of a connection by TLS. */
void reach_tls(struct worker *worker, const struct bridge_state *state);

/* The session's callbacks, and what it is to be told in another way. */
bool reach_control(struct worker *worker, struct session_peer *peer,
		   const struct endpoint *src, uint8_t type,
		   const uint8_t *tlvs, size_t len);
void reach_pinged(void *ctx, struct session_agent *agent,
		  struct session_peer *peer, const struct endpoint *src);
void reach_ponged(struct worker *worker, struct session_peer *peer,
		  const struct session_pong *pong);
/* Is taken in by reach_settle(), as the session's host is busy. */
void reach_notice(struct worker *worker, enum session_notice notice,
		  struct session_peer *peer);

/* The kernel's events. Return: whether a way is looked for, or kept. */
bool reach_wanted(struct worker *worker, struct session_peer *peer);
void reach_event(struct worker *worker, struct session_peer *peer,
		 enum session_event event, const struct endpoint *endpoint);

/* What is due; then ask for the deadline, which is boot time. */
void reach_settle(struct worker *worker);
uint64_t reach_deadline(const struct reach *reach);

/* What is known of the ways to a peer. Return: false when nobody looks. */
bool reach_info(const struct session_peer *peer, struct path_info *info);

#endif /* PILOTD_REACH_H */
