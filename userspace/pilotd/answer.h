/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What requests on the control socket do, and how state looks as JSON. */
#ifndef PILOTD_ANSWER_H
#define PILOTD_ANSWER_H

#include <jansson.h>

#include "control.h"

/* A control_request_fn; @ctx is the worker. */
json_t *answer_request(void *ctx, const char *op, const json_t *args,
		       struct control_error *error);

/* An event for those who monitor. @link NULL, @peer and @text "": left out. */
json_t *answer_event(const char *event, const char *link, const char *peer,
		     const char *text);

#endif /* PILOTD_ANSWER_H */
