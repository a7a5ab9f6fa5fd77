// SPDX-License-Identifier: GPL-2.0-or-later
/* Between the parent and the bridge: whole messages, of the right side. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_message.h"
#include "check.h"

static void fill(struct bridge_message *message, enum bridge_type type)
{
	bridge_message_init(message, type);
	switch (type) {
	case BRIDGE_INIT:
		message->init.port = 7740;
		message->init.log_level = 6;
		message->init.clients = 1;
		break;
	case BRIDGE_OPEN:
	case BRIDGE_CLOSE:
		endpoint_parse("192.0.2.1:443", &message->open.server);
		break;
	case BRIDGE_STATE:
		endpoint_parse("192.0.2.1:443", &message->state.server);
		endpoint_parse("127.64.1.1:1000", &message->state.local);
		break;
	default:
		break;
	}
}

static int check(const struct bridge_message *message)
{
	return bridge_message_check(message,
				    message->type == BRIDGE_INIT ?
				    sizeof(uint32_t) + sizeof(message->init) :
				    message->type == BRIDGE_STATE ?
				    sizeof(uint32_t) + sizeof(message->state) :
				    sizeof(uint32_t) + sizeof(message->open),
				    message->type == BRIDGE_STATE);
}

static void every_type_has_one_length_and_one_side(void **state)
{
	struct bridge_message message;
	unsigned int good;

	(void)state;
	for (uint32_t type = 0; type <= BRIDGE_TYPES; type++) {
		good = 0;
		fill(&message, type);
		for (size_t len = 0; len <= sizeof(message) + 1; len++) {
			bool from = type >= BRIDGE_FIRST_REPORT;

			good += !bridge_message_check(&message, len, from);
			assert_int_equal(bridge_message_check(&message, len,
							      !from),
					 -EBADMSG);
		}
		assert_int_equal(good, type && type < BRIDGE_TYPES);
	}
}

static void what_they_hold_is_looked_at(void **state)
{
	struct bridge_message message;

	(void)state;
	fill(&message, BRIDGE_OPEN);
	assert_int_equal(check(&message), 0);
	message.open.server.kind = ENDPOINT_RELAY;
	message.open.server.id = 1;
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_OPEN);
	message.open.kind = STREAM_KINDS;
	assert_int_equal(check(&message), -EBADMSG);
	/* Frames have no plain way: TLS is their coat. */
	fill(&message, BRIDGE_OPEN);
	message.open.plain = true;
	assert_int_equal(check(&message), -EBADMSG);
	message.open.kind = STREAM_STUN;
	assert_int_equal(check(&message), 0);
	memset(&message.open.plain, 2, 1);
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_OPEN);
	memset(message.open.name, 'a', sizeof(message.open.name));
	assert_int_equal(check(&message), -EBADMSG);
	/* A bridge in other hands cannot have us send elsewhere. */
	fill(&message, BRIDGE_STATE);
	assert_int_equal(check(&message), 0);
	endpoint_parse("192.0.2.9:1000", &message.state.local);
	assert_int_equal(check(&message), -EBADMSG);
	endpoint_parse("[::1]:1000", &message.state.local);
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_STATE);
	memset(message.state.text, 'a', sizeof(message.state.text));
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_STATE);
	memset(&message.state.up, 2, 1);
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_STATE);
	message.state.kind = STREAM_KINDS;
	assert_int_equal(check(&message), -EBADMSG);
	fill(&message, BRIDGE_INIT);
	assert_int_equal(check(&message), 0);
	strcpy(message.init.key, "/k");
	assert_int_equal(check(&message), -EBADMSG);
	strcpy(message.init.certificate, "/c");
	assert_int_equal(check(&message), 0);
	message.init.listens = 4;
	assert_int_equal(check(&message), -EBADMSG);
}

static void they_arrive(void **state)
{
	struct bridge_message message, got;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(bridge_receive(pair[1], &got, false), -EAGAIN);
	fill(&message, BRIDGE_OPEN);
	assert_int_equal(bridge_send(pair[0], &message), 0);
	assert_int_equal(bridge_receive(pair[1], &got, false), 0);
	assert_true(endpoint_equal(&got.open.server, &message.open.server));
	assert_int_equal(bridge_send(pair[0], &message), 0);
	assert_int_equal(bridge_receive(pair[1], &got, true), -EBADMSG);
	close(pair[0]);
	assert_int_equal(bridge_receive(pair[1], &got, false), -EPIPE);
	assert_int_equal(bridge_send(pair[1], &message), -EPIPE);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_one_length_and_one_side),
		cmocka_unit_test(what_they_hold_is_looked_at),
		cmocka_unit_test(they_arrive),
	};

	return cmocka_run_group_tests_name("pilotd_bridge", tests, NULL, NULL);
}
