/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Introducers that are reached by TLS: what lib/path wants is asked of the
 * bridge, by way of the parent, and what the bridge tells goes to lib/path.
 */
#ifndef PILOTD_REACH_TLS_H
#define PILOTD_REACH_TLS_H

#include <jansson.h>

#include "path.h"
#include "worker.h"

/* The callback of lib/path. */
void reach_tls_want(void *ctx, struct path_peer *path, bool wanted);
/* The peer is configured otherwise, perhaps. */
void reach_tls_set(struct worker *worker, struct path_host *host,
		   struct session_peer *peer);
/* What the parent said of a server. */
void reach_tls_state(struct worker *worker, struct path_host *host,
		     const struct bridge_state *state);
/*
 * Asks the servers of all introducers whether they answer; nothing else comes
 * of it. Return: how many peers have one.
 */
unsigned int reach_tls_check(struct worker *worker);
/*
 * What is known: "server", "state" (unknown, trying, answers, failed),
 * "problem" of a failure, and whether it is "used". NULL: none is configured.
 */
json_t *reach_tls_json(const struct worker *worker,
		       const struct worker_peer *data);
/* Whether its server has one of these states by now. */
bool reach_tls_answers(const struct worker *worker,
		       const struct worker_peer *data);
bool reach_tls_is_silent(const struct worker *worker,
			 const struct worker_peer *data);

#endif /* PILOTD_REACH_TLS_H */
