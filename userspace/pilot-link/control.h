/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_CONTROL_H
#define PILOT_LINK_CONTROL_H

#include <jansson.h>
#include <stddef.h>

#include "tool.h"

/* What the helper takes in one line, and the most that is read of an answer. */
#define CONTROL_REQUEST_MAX	65536
#define CONTROL_ANSWER_MAX	(16 << 20)
#define CONTROL_TIMEOUT_MS	30000
#define CONTROL_CODE_LEN	32
#define CONTROL_TEXT_LEN	512

struct control {
	int fd;
	char *buffer;
	size_t used;
	size_t room;
	size_t line;		/* bytes of the line handed out last */
};

/* Why a request failed: @code is empty when the helper could not be asked. */
struct control_error {
	char code[CONTROL_CODE_LEN];
	char message[CONTROL_TEXT_LEN];
	char hint[CONTROL_TEXT_LEN];
};

int control_open(struct control *control, const char *path,
		 struct control_error *error);
void control_close(struct control *control);
int control_request(struct control *control, const json_t *request,
		    json_t **result, struct control_error *error);
int control_event(struct control *control, json_t **event,
		  struct control_error *error);
int control_reply_parse(const char *line, size_t length, json_t **result,
			struct control_error *error);
int control_event_parse(const char *line, size_t length, json_t **event);
json_t *control_op(const char *op);
int control_ask(const struct tool *tool, const json_t *request,
		json_t **result, struct control_error *error);
int control_do(const struct tool *tool, const json_t *request);
int control_fail(const struct control_error *error);

#endif /* PILOT_LINK_CONTROL_H */
