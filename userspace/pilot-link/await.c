// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>

#include "await.h"
#include "clock.h"

int await_left(uint64_t until)
{
	uint64_t now = clock_boot();

	return now < until ? (int)((until - now) / CLOCK_MS) + 1 : 0;
}

int await_open(const struct tool *tool, struct control *events)
{
	json_t *request = control_op("monitor");
	struct control_error error;
	json_t *result;
	int ret;

	ret = control_open(events, tool->control_path, &error);
	if (!ret) {
		ret = control_request(events, request, &result, &error);
		json_decref(result);
		if (ret)
			control_close(events);
	}
	json_decref(request);
	return ret ? control_fail(&error) : TOOL_OK;
}

int await_event(struct control *events, uint64_t until,
		bool (*is_it)(const json_t *event, const void *ctx),
		const void *ctx, json_t **event)
{
	struct pollfd pollfd = { .fd = events->fd, .events = POLLIN };
	struct control_error error;
	json_t *came;
	int left, ret;

	*event = NULL;
	do {
		while (!(ret = control_event(events, &came, &error))) {
			if (is_it(came, ctx)) {
				*event = came;
				return TOOL_OK;
			}
			json_decref(came);
		}
		if (ret != -EAGAIN)
			return control_fail(&error);
		left = await_left(until);
		poll(&pollfd, 1, left);
	} while (left);
	return TOOL_OK;
}
