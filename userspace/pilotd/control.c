// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_message.h"
#include "log.h"

/* A client that takes nothing for so long is dropped. */
#define CLIENT_STALL_US		(10 * 1000000ULL)
#define CLIENT_GROUPS_MAX	65536

struct client {
	struct control *control;
	int fd;
	sd_event_source *io;
	sd_event_source *stall;
	char *in;
	size_t in_len;
	char *out;
	size_t out_len;		/* bytes queued, from out_pos on unsent */
	size_t out_pos;
	size_t out_room;
	bool monitors;
	bool ended;		/* sends nothing more; may still read */
	bool closing;		/* goes when all is sent */
	bool dead;		/* goes with the next reap */
	struct client *next;
};

struct control {
	sd_event *event;
	sd_event_source *listener;
	sd_event_source *reap;
	int fd;
	gid_t gid;
	struct client *clients;
	unsigned int client_count;
	control_request_fn request;
	void *ctx;
};

/*
 * Clients are freed by the reaper alone: one may be found dead while a
 * request, its own even, is being done.
 */
static void client_kill(struct client *client)
{
	client->dead = true;
	sd_event_source_set_enabled(client->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(client->stall, SD_EVENT_OFF);
	sd_event_source_set_enabled(client->control->reap, SD_EVENT_ONESHOT);
}

static void client_free(struct client *client)
{
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->stall);
	close(client->fd);
	free(client->in);
	free(client->out);
	free(client);
}

static int control_reap(sd_event_source *source, void *ctx)
{
	struct control *control = ctx;
	struct client **link = &control->clients;
	struct client *client;

	(void)source;
	while ((client = *link)) {
		if (!client->dead) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		control->client_count--;
		client_free(client);
	}
	return 0;
}

/* Waits for what can happen next, and for a reader's progress. */
static void client_watch(struct client *client)
{
	uint32_t events = 0;

	if (client->dead)
		return;
	if (client->out_len)
		events = EPOLLOUT;
	else if (!client->ended)
		events = EPOLLIN;
	sd_event_source_set_io_events(client->io, events);
	sd_event_source_set_enabled(client->stall, client->out_len ?
				    SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void client_progress(struct client *client)
{
	sd_event_source_set_time_relative(client->stall, CLIENT_STALL_US);
}

/* Sends what is queued, as far as the socket takes it. */
static void client_flush(struct client *client)
{
	ssize_t sent;

	while (client->out_pos < client->out_len) {
		sent = send(client->fd, client->out + client->out_pos,
			    client->out_len - client->out_pos,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			client_kill(client);
			return;
		}
		client->out_pos += sent;
		client_progress(client);
	}
	free(client->out);
	client->out = NULL;
	client->out_len = 0;
	client->out_pos = 0;
	client->out_room = 0;
	if (client->closing)
		client_kill(client);
}

static void client_send(struct client *client, const char *text, size_t len)
{
	size_t room = client->out_room;
	char *out;

	if (client->dead)
		return;
	if (client->out_len - client->out_pos + len > CONTROL_BACKLOG_MAX) {
		log_notice("control: a client that does not read is dropped");
		client_kill(client);
		return;
	}
	if (client->out_pos) {
		client->out_len -= client->out_pos;
		memmove(client->out, client->out + client->out_pos,
			client->out_len);
		client->out_pos = 0;
	}
	while (room < client->out_len + len)
		room = room ? 2 * room : 4096;
	if (room != client->out_room) {
		out = realloc(client->out, room);
		if (!out) {
			client_kill(client);
			return;
		}
		client->out = out;
		client->out_room = room;
	}
	memcpy(client->out + client->out_len, text, len);
	client->out_len += len;
	/* Behind what waits already it waits too: client_event() goes on. */
	if (client->out_len == len) {
		client_progress(client);
		client_flush(client);
	}
	client_watch(client);
}

static void client_answer(struct client *client, json_t *result,
			  const struct control_error *error)
{
	size_t len;
	char *text;

	text = control_answer(result, error, &len);
	if (!text) {
		log_error("control: no memory for an answer");
		client_kill(client);
		return;
	}
	client_send(client, text, len);
	free(text);
}

static json_t *client_request(struct client *client, const char *op,
			      const json_t *args, struct control_error *error)
{
	static const char *const none[] = { NULL };
	struct control *control = client->control;

	if (!strcmp(op, "version"))
		return control_only(args, none, error) ? NULL :
		       json_pack("{s:s, s:s}", "name", "pilotd", "version",
				 PILOT_VERSION);
	if (strcmp(op, "monitor"))
		return control->request(control->ctx, op, args, error);
	if (control_only(args, none, error))
		return NULL;
	client->monitors = true;
	return json_null();
}

static void client_line(struct client *client, const char *line, size_t len)
{
	struct control_error error = { .code = "internal" };
	json_t *result = NULL;
	const char *op = NULL;
	json_t *request;

	request = control_parse(line, len, &op, &error);
	if (request)
		result = client_request(client, op, request, &error);
	json_decref(request);
	client_answer(client, result, &error);
}

/*
 * Does the requests that are there, one after the other's answer is gone, so
 * that who does not read is not served either.
 */
static void client_work(struct client *client)
{
	struct control_error error;
	size_t done = 0;
	char *newline;

	while (!client->dead && !client->closing && !client->out_len) {
		newline = memchr(client->in + done, '\n',
				 client->in_len - done);
		if (!newline)
			break;
		client_line(client, client->in + done,
			    newline - client->in - done);
		done = newline - client->in + 1;
	}
	client->in_len -= done;
	memmove(client->in, client->in + done, client->in_len);
	if (client->dead || client->closing || client->out_len)
		return;
	if (client->in_len >= CONTROL_REQUEST_MAX) {
		control_error_set(&error, "limit", "send a shorter one",
				  "the request has more than %d bytes",
				  CONTROL_REQUEST_MAX);
		client->closing = true;
		client_answer(client, NULL, &error);
	} else if (client->ended && !client->monitors) {
		client_kill(client);
	}
}

static void client_read(struct client *client)
{
	size_t room = CONTROL_REQUEST_MAX - client->in_len;
	ssize_t got;

	if (!room)
		return;
	got = recv(client->fd, client->in + client->in_len, room,
		   MSG_DONTWAIT);
	if (got > 0)
		client->in_len += got;
	else if (!got)
		client->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		client_kill(client);
}

static int client_event(sd_event_source *source, int fd, uint32_t events,
			void *ctx)
{
	struct client *client = ctx;

	(void)source;
	(void)fd;
	if (events & EPOLLERR || (events & EPOLLHUP && !(events & EPOLLIN)))
		client_kill(client);
	if (!client->dead && events & EPOLLOUT)
		client_flush(client);
	if (!client->dead && events & EPOLLIN)
		client_read(client);
	if (!client->dead)
		client_work(client);
	client_watch(client);
	return 0;
}

static int client_stalled(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct client *client = ctx;

	(void)source;
	(void)usec;
	log_notice("control: a client that does not read is dropped");
	client_kill(client);
	return 0;
}

static bool client_in_group(int fd, gid_t gid)
{
	socklen_t len = CLIENT_GROUPS_MAX * sizeof(gid_t);
	bool found = false;
	gid_t *groups;
	size_t i;

	groups = malloc(len);
	if (groups && !getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)) {
		for (i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == gid;
	}
	free(groups);
	return found;
}

static bool client_allowed(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	return peer.uid == 0 || peer.gid == control->gid ||
	       client_in_group(fd, control->gid);
}

/* The last word to someone who is not served. */
static void client_refuse(int fd, const struct control_error *error)
{
	size_t len;
	char *text = control_answer(NULL, error, &len);

	if (text && send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control: a refused client was gone already");
	free(text);
	close(fd);
}

static int client_new(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	int ret;

	if (!client)
		return -ENOMEM;
	client->control = control;
	client->fd = fd;
	client->in = malloc(CONTROL_REQUEST_MAX);
	ret = client->in ? 0 : -ENOMEM;
	if (!ret)
		ret = sd_event_add_io(control->event, &client->io, fd, EPOLLIN,
				      client_event, client);
	if (ret >= 0)
		ret = sd_event_add_time_relative(control->event, &client->stall,
						 CLOCK_MONOTONIC,
						 CLIENT_STALL_US, 0,
						 client_stalled, client);
	if (ret < 0) {
		client->fd = -1;
		sd_event_source_disable_unref(client->io);
		free(client->in);
		free(client);
		return ret;
	}
	client_watch(client);
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	return 0;
}

static int control_accept(sd_event_source *source, int listener,
			  uint32_t events, void *ctx)
{
	struct control *control = ctx;
	struct control_error error;
	int fd;

	(void)source;
	(void)events;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_error("control: accept: %s", strerror(errno));
		return 0;
	}
	if (!client_allowed(control, fd)) {
		control_error_set(&error, "denied",
				  "run this as root or as a member of the socket's group",
				  "you may not use this socket");
		client_refuse(fd, &error);
	} else if (control->client_count >= CONTROL_CLIENTS_MAX) {
		control_error_set(&error, "busy", "try again later",
				  "there are %d clients already",
				  CONTROL_CLIENTS_MAX);
		client_refuse(fd, &error);
	} else if (client_new(control, fd)) {
		log_error("control: no memory for a client");
		close(fd);
	}
	return 0;
}

int control_new(struct control **out, sd_event *event, int listener,
		gid_t gid, control_request_fn request, void *ctx)
{
	struct control *control = calloc(1, sizeof(*control));
	int ret;

	if (!control)
		return -ENOMEM;
	control->event = sd_event_ref(event);
	control->fd = -1;
	control->gid = gid;
	control->request = request;
	control->ctx = ctx;
	ret = sd_event_add_defer(event, &control->reap, control_reap, control);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(control->reap, SD_EVENT_OFF);
	if (ret >= 0)
		ret = sd_event_add_io(event, &control->listener, listener,
				      EPOLLIN, control_accept, control);
	/* Out of descriptors, accept() would fail for ever at full speed. */
	if (ret >= 0)
		ret = sd_event_source_set_ratelimit(control->listener, 1000000,
						    1000);
	if (ret < 0) {
		control_free(control);
		return ret;
	}
	control->fd = listener;
	*out = control;
	return 0;
}

void control_free(struct control *control)
{
	struct client *client;

	if (!control)
		return;
	while ((client = control->clients)) {
		control->clients = client->next;
		client_free(client);
	}
	sd_event_source_disable_unref(control->listener);
	sd_event_source_disable_unref(control->reap);
	sd_event_unref(control->event);
	if (control->fd >= 0)
		close(control->fd);
	free(control);
}

void control_broadcast(struct control *control, json_t *event)
{
	struct client *client;
	char *text, *line;
	size_t len;

	text = json_dumps(event, JSON_COMPACT);
	json_decref(event);
	if (!text)
		return;
	len = strlen(text);
	line = realloc(text, len + 1);
	if (!line) {
		free(text);
		return;
	}
	line[len++] = '\n';
	for (client = control->clients; client; client = client->next) {
		if (client->monitors)
			client_send(client, line, len);
	}
	free(line);
}
