/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The introducer's role in the worker: lib/introducer, and its surroundings. */
#ifndef PILOTD_INTRODUCE_H
#define PILOTD_INTRODUCE_H

#include "clock.h"
#include "ipc.h"

struct worker;

/* Return: 0 or -ENOMEM. */
int introduce_start(struct worker *worker);

/* The session's callback for control messages, as far as they are for it. */
bool introduce_control(struct worker *worker, struct session_agent *agent,
		       struct session_peer *peer, const struct endpoint *src,
		       uint8_t type, const uint8_t *tlvs, size_t len);

/* What the parent says. */
void introduce_configure(struct worker *worker,
			 const struct introducer_config *config);
void introduce_adopt(struct worker *worker, const struct ipc_relay *told);

#endif /* PILOTD_INTRODUCE_H */
