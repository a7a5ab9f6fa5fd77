/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The requests "netcheck", which has everyone asked where this host can be
 * reached, and "netcheck.show", what came out; and the event between them.
 */
#ifndef PILOTD_NETCHECK_H
#define PILOTD_NETCHECK_H

#include <jansson.h>

#include "control.h"

struct own;
struct worker;

/* Return: the number of the check, which the event has too. */
json_t *netcheck_request(struct worker *worker, const json_t *args,
			 struct control_error *error);
json_t *netcheck_show(struct worker *worker, const json_t *args,
		      struct control_error *error);

/* The events that a check is over, and that something is another. */
json_t *netcheck_event(uint64_t check);
json_t *netcheck_addresses(const struct own *own);

#endif /* PILOTD_NETCHECK_H */
