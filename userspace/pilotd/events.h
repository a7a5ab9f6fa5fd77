/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of the pilot module, as the worker reads them. */
#ifndef PILOTD_EVENTS_H
#define PILOTD_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

struct kernel_event {
	uint8_t type;			/* enum pilot_event_type */
	uint8_t reason;			/* enum pilot_event_reason */
	uint64_t agent;			/* address of the device */
	uint64_t peer;			/* 0: about the device */
	struct endpoint endpoint;	/* unset where there is none */
	uint8_t lane;			/* of the key */
	uint32_t epoch;
};

typedef void (*kernel_event_fn)(void *ctx, const struct kernel_event *event);

/*
 * Calls @fn for each event among @len bytes read from the events socket;
 * whatever is not a whole event is passed over. Return: how many.
 */
unsigned int events_parse(const void *bytes, size_t len, kernel_event_fn fn,
			  void *ctx);

const char *event_type_name(uint8_t type);

#endif /* PILOTD_EVENTS_H */
