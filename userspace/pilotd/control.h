/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: one JSON object per line each way. This file owns
 * connections, lines and their limits, and the shape of requests and answers;
 * what a request does is its user's.
 */
#ifndef PILOTD_CONTROL_H
#define PILOTD_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define CONTROL_REQUEST_MAX	65536	/* bytes in a line from a client */
#define CONTROL_CLIENTS_MAX	64
#define CONTROL_BACKLOG_MAX	(32 << 20)	/* unsent bytes of one client */
#define CONTROL_TEXT_LEN	512

/* Why a request was refused: a code for programs, two texts for people. */
struct control_error {
	const char *code;		/* "not-found", "exists", ... static */
	char message[CONTROL_TEXT_LEN];
	char hint[CONTROL_TEXT_LEN];	/* may be empty */
};

void control_error_set(struct control_error *error, const char *code,
		       const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

struct control;

/*
 * Does one request. @args is the whole request object, its types unchecked.
 * Return: the result (a new reference, JSON null when there is nothing to
 * say), or NULL with @error set.
 */
typedef json_t *(*control_request_fn)(void *ctx, const char *op,
				      const json_t *args,
				      struct control_error *error);

/*
 * @listener: a listening AF_UNIX stream socket, taken over. Clients of uid 0
 * and members of group @gid are served, all others refused. "version" and
 * "monitor" are answered here; all else goes to @request.
 * Return: 0 or -errno.
 */
int control_new(struct control **control, sd_event *event, int listener,
		gid_t gid, control_request_fn request, void *ctx);
void control_free(struct control *control);

/* Sends {"event": ...} to every client that monitors. Takes @event over. */
void control_broadcast(struct control *control, json_t *event);

/*
 * Typed access for requests: each returns 0, or -EINVAL with @error set. An
 * absent optional member leaves *value alone and returns 0.
 */
int control_get_string(const json_t *args, const char *key, bool required,
		       const char **value, struct control_error *error);
int control_get_u64(const json_t *args, const char *key, uint64_t max,
		    uint64_t *value, bool *present, struct control_error *error);
/* -EINVAL when @args has a member besides "op" and those of @known (NULL ends). */
int control_only(const json_t *args, const char *const *known,
		 struct control_error *error);

#endif /* PILOTD_CONTROL_H */
