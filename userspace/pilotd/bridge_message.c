// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"

#define LENGTH(member)	(offsetof(struct bridge_message, member) + \
			 sizeof(((struct bridge_message *)0)->member))
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
	       ENDED(open->name);
}

/* Where the worker is told to send has to be the bridge. */
static bool local_valid(const struct endpoint *local)
{
	return local->family == AF_INET && server_valid(local) &&
	       ntohl(local->in4.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool bridge_state_valid(const struct bridge_state *state)
{
	uint8_t up;

	memcpy(&up, &state->up, 1);
	return up <= 1 && server_valid(&state->server) &&
	       ENDED(state->text) && local_valid(&state->local);
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
	size_t len = lengths[message->type];
	ssize_t n;

	do {
		n = send(fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

int bridge_receive(int fd, struct bridge_message *message, bool from_bridge)
{
	ssize_t n;

	do {
		n = recv(fd, message, sizeof(*message),
			 MSG_TRUNC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	return bridge_message_check(message, n, from_bridge);
}
