// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "seqpacket.h"

#define LENGTH(member)	SEQPACKET_LENGTH(struct bridge_message, member)
#define ENDED(array)	(memchr(array, 0, sizeof(array)) != NULL)

static const size_t lengths[BRIDGE_TYPES] = {
	[BRIDGE_INIT] = LENGTH(init),
	[BRIDGE_OPEN] = LENGTH(open),
	[BRIDGE_CLOSE] = LENGTH(open),
	[BRIDGE_HURRY] = LENGTH(type),
	[BRIDGE_STATE] = LENGTH(state),
};

void bridge_message_init(struct bridge_message *message, enum bridge_type type)
{
	memset(message, 0, sizeof(*message));
	message->type = type;
}

static bool server_valid(const struct endpoint *server)
{
	return !endpoint_check(server) && endpoint_is_direct(server);
}

bool bridge_open_valid(const struct bridge_open *open)
{
	return server_valid(&open->server) && open->kind < STREAM_KINDS &&
	       seqpacket_bool_ok(&open->plain) &&
	       (!open->plain || open->kind == STREAM_STUN) &&
	       ENDED(open->name);
}

bool bridge_open_equal(const struct bridge_open *a,
		       const struct bridge_open *b)
{
	return endpoint_equal(&a->server, &b->server) && a->kind == b->kind &&
	       a->plain == b->plain && !strcmp(a->name, b->name);
}

/* Where the worker is told to send has to be the bridge. */
static bool local_valid(const struct endpoint *local)
{
	return local->family == AF_INET && server_valid(local) &&
	       endpoint_is_loopback(local);
}

bool bridge_state_valid(const struct bridge_state *state)
{
	return seqpacket_bool_ok(&state->up) && server_valid(&state->server) &&
	       state->kind < STREAM_KINDS && ENDED(state->text) &&
	       local_valid(&state->local);
}

static bool init_valid(const struct bridge_init *init)
{
	return init->port && init->clients && init->listens < 4 &&
	       init->log_level >= LOG_LEVEL_ERROR &&
	       init->log_level <= LOG_LEVEL_DEBUG &&
	       ENDED(init->certificate) && ENDED(init->key) &&
	       !*init->certificate == !*init->key;
}

int bridge_message_check(const struct bridge_message *message, size_t len,
			 bool from_bridge)
{
	bool good = true;

	if (len < sizeof(message->type) || message->type >= BRIDGE_TYPES ||
	    !lengths[message->type] || len != lengths[message->type] ||
	    (message->type >= BRIDGE_FIRST_REPORT) != from_bridge)
		return -EBADMSG;
	if (message->type == BRIDGE_INIT)
		good = init_valid(&message->init);
	else if (message->type == BRIDGE_OPEN || message->type == BRIDGE_CLOSE)
		good = bridge_open_valid(&message->open);
	else if (message->type == BRIDGE_STATE)
		good = bridge_state_valid(&message->state);
	return good ? 0 : -EBADMSG;
}

int bridge_send(int fd, const struct bridge_message *message)
{
	return seqpacket_send(fd, message, lengths[message->type],
			      MSG_DONTWAIT);
}

int bridge_receive(int fd, struct bridge_message *message, bool from_bridge)
{
	ssize_t n = seqpacket_receive(fd, message, sizeof(*message),
				      MSG_DONTWAIT);

	return n < 0 ? n : bridge_message_check(message, n, from_bridge);
}
