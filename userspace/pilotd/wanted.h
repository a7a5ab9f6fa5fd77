/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which peer a request is about: by link, and by did or address. */
#ifndef PILOTD_WANTED_H
#define PILOTD_WANTED_H

#include <jansson.h>

#include "control.h"
#include "session.h"

struct worker;

struct wanted {
	const struct worker_agent *agent;	/* NULL: any */
	bool has_public;
	uint8_t public[IDENTITY_KEY_LEN];
	uint64_t address;			/* 0: any */
};

/* Return: 0, or -errno with @error set. */
int wanted_parse(struct worker *worker, const json_t *args,
		 struct wanted *wanted, struct control_error *error);
/* The link is for the caller to see to. */
bool wanted_match(const struct wanted *wanted, const struct session_peer *peer);

/* The one peer that @args name. Return: it, or NULL with @error set. */
struct session_peer *wanted_peer(struct worker *worker, const json_t *args,
				 struct control_error *error);

#endif /* PILOTD_WANTED_H */
