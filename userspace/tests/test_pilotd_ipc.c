// SPDX-License-Identifier: GPL-2.0-or-later
/* Between parent and worker: whole messages, of the right side, or none. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "dids.h"
#include "ipc.h"
#include "wire.h"

static char did[DID_TEXT_LEN];

static int make_did(void **state)
{
	uint8_t public[IDENTITY_KEY_LEN];

	(void)state;
	return did_make(1, public, did);
}

static void fill_agent(struct config_agent *agent)
{
	char error[CONFIG_ERROR_LEN];

	assert_int_equal(config_agent_init(agent, "pilot0", error), 0);
}

static void fill_peer(struct config_peer *peer)
{
	char error[CONFIG_ERROR_LEN];

	assert_int_equal(config_peer_init(peer, did, error), 0);
	assert_int_equal(config_peer_set(peer, "endpoint", "192.0.2.1:7740",
					 error), 0);
}

/* A message of this type that is fine. */
static void fill(struct ipc_message *message, enum ipc_type type)
{
	ipc_message_init(message, type);
	switch (type) {
	case IPC_INIT:
		message->init.lanes = 1;
		message->init.path_dead = CONFIG_PATH_DEAD;
		message->init.stun_servers = 2;
		endpoint_parse("192.0.2.1:3478",
			       &message->init.stun_server[0]);
		endpoint_parse("[2001:db8::1]:3478",
			       &message->init.stun_server[1]);
		message->init.turn_servers = 1;
		endpoint_parse("192.0.2.1:3478",
			       &message->init.turn[0].server);
		strcpy(message->init.turn[0].user, "u");
		strcpy(message->init.turn[0].password, "p");
		break;
	case IPC_AGENT_ADD:
		fill_agent(&message->agent.config);
		break;
	case IPC_PEER_ADD:
	case IPC_PEER_SET:
		fill_peer(&message->peer.config);
		break;
	case IPC_KEY_NEW:
		message->key.key.cipher = WIRE_CIPHER_AES_256_GCM;
		message->key.key.soft_age = 120;
		message->key.key.hard_age = 600;
		break;
	case IPC_ENDPOINT_SET:
	case IPC_ENDPOINT_ADOPT:
		assert_int_equal(endpoint_parse("relay:0x1@[2001:db8::1]:7740",
						&message->endpoint.endpoint),
				 0);
		break;
	case IPC_INTRODUCE:
		message->introduce.pairs = 1;
		message->introduce.lifetime = 300;
		break;
	case IPC_RELAY_NEW:
	case IPC_RELAY_ADOPT:
		message->relay.entry.id = 1;
		message->relay.entry.next_id = 2;
		message->relay.entry.from = 1ULL << 32 | 10;
		message->relay.entry.to = 1ULL << 32 | 11;
		message->relay.entry.seconds = 300;
		break;
	case IPC_BRIDGE_STATE:
		endpoint_parse("192.0.2.1:443", &message->bridge_state.server);
		endpoint_parse("127.64.1.1:9", &message->bridge_state.local);
		break;
	case IPC_BRIDGE_OPEN:
	case IPC_BRIDGE_CLOSE:
		endpoint_parse("192.0.2.1:443", &message->bridge_open.server);
		break;
	case IPC_LINK_ADD:
		fill_agent(&message->link);
		break;
	case IPC_PEER_NEW:
	case IPC_PEER_CHANGE:
		fill_peer(&message->config_peer);
		break;
	default:
		break;
	}
}

static void every_type_has_one_length_and_one_side(void **state)
{
	struct ipc_message message;
	uint32_t type;
	bool request;
	size_t len;

	(void)state;
	for (type = IPC_INIT; type < IPC_TYPES; type++) {
		fill(&message, type);
		request = type >= IPC_FIRST_REQUEST;
		assert_true(ipc_length(type) >= sizeof(uint32_t));
		assert_true(ipc_length(type) <= sizeof(message));
		for (len = 0; len <= sizeof(message) + 1; len++)
			assert_int_equal(ipc_check(&message, len, request),
					 len == ipc_length(type) ? 0 :
								   -EBADMSG);
		assert_int_equal(ipc_check(&message, ipc_length(type),
					   !request), -EBADMSG);
	}
}

static void types_that_are_none_are_refused(void **state)
{
	static const uint32_t types[] = { 0, IPC_TYPES, IPC_TYPES + 1,
					  UINT32_MAX };
	struct ipc_message message;
	size_t i, len;

	(void)state;
	memset(&message, 0, sizeof(message));
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		message.type = types[i];
		assert_int_equal(ipc_length(types[i]), 0);
		for (len = 0; len <= sizeof(message); len++) {
			assert_int_equal(ipc_check(&message, len, true),
					 -EBADMSG);
			assert_int_equal(ipc_check(&message, len, false),
					 -EBADMSG);
		}
	}
}

#define refuse(type, change)						\
	do {								\
		struct ipc_message message;				\
									\
		fill(&message, type);					\
		assert_int_equal(ipc_check(&message, ipc_length(type),	\
					   type >= IPC_FIRST_REQUEST),	\
				 0);					\
		change;							\
		assert_int_equal(ipc_check(&message, ipc_length(type),	\
					   type >= IPC_FIRST_REQUEST),	\
				 -EBADMSG);				\
	} while (0)

#define FULL(array)	memset(array, 'x', sizeof(array))

static void contents_out_of_range_are_refused(void **state)
{
	(void)state;
	refuse(IPC_AGENT_ADD, FULL(message.agent.config.name));
	refuse(IPC_AGENT_ADD, FULL(message.agent.config.identity));
	refuse(IPC_AGENT_ADD, memset(&message.agent.runtime, 2, 1));
	refuse(IPC_PEER_ADD, FULL(message.peer.config.psk));
	refuse(IPC_PEER_ADD, memset(&message.peer.has_psk, 7, 1));
	refuse(IPC_REPLY, FULL(message.reply.text));
	refuse(IPC_KEY_NEW, message.key.key.slot = 2);
	refuse(IPC_KEY_NEW, message.key.key.soft_age = 0);
	refuse(IPC_KEY_NEW, message.key.key.hard_age = 0);
	refuse(IPC_ENDPOINT_SET, message.endpoint.endpoint.family = AF_UNSPEC);
	refuse(IPC_ENDPOINT_SET, message.endpoint.endpoint.family = AF_UNIX);
	refuse(IPC_ENDPOINT_SET, message.endpoint.endpoint.port = 0);
	refuse(IPC_ENDPOINT_SET, message.endpoint.endpoint.id = 0);
	refuse(IPC_ENDPOINT_SET, message.endpoint.endpoint.kind = 3);
	refuse(IPC_ENDPOINT_SET,
	       message.endpoint.endpoint.kind = ENDPOINT_TURN);
	refuse(IPC_ENDPOINT_SET, memset(&message.endpoint.hold, 2, 1));
	refuse(IPC_ENDPOINT_ADOPT, message.endpoint.endpoint.port = 0);
	refuse(IPC_RELAY_NEW, message.relay.entry.id = 0);
	refuse(IPC_RELAY_NEW, message.relay.entry.next_id = 0);
	refuse(IPC_RELAY_NEW, message.relay.entry.next_id = 1);
	refuse(IPC_RELAY_NEW, message.relay.entry.from = 1ULL << 48);
	refuse(IPC_RELAY_NEW, message.relay.entry.to = UINT64_MAX);
	refuse(IPC_RELAY_NEW,
	       message.relay.entry.to = message.relay.entry.from);
	refuse(IPC_RELAY_NEW, message.relay.entry.seconds = 0);
	refuse(IPC_RELAY_NEW, message.relay.entry.seconds = 86401);
	refuse(IPC_RELAY_NEW, memset(&message.relay.entry.signalling, 2, 1));
	refuse(IPC_RELAY_NEW, memset(&message.relay.renew, 2, 1));
	refuse(IPC_RELAY_ADOPT, message.relay.entry.id = 0);
	refuse(IPC_INTRODUCE, memset(&message.introduce.enabled, 2, 1));
	refuse(IPC_INTRODUCE, memset(&message.introduce.data, 2, 1));
	refuse(IPC_INTRODUCE, message.introduce.pairs = 0);
	refuse(IPC_INTRODUCE, message.introduce.pairs = 32769);
	refuse(IPC_INTRODUCE, message.introduce.lifetime = 1);
	refuse(IPC_INTRODUCE, message.introduce.lifetime = 86401);
	refuse(IPC_INTRODUCE, message.introduce.byte_rate = 1ULL << 63);
	refuse(IPC_INTRODUCE, message.introduce.total_bytes = 1ULL << 63);
	refuse(IPC_PEER_CHANGE, message.config_peer.introducer = 2);
	refuse(IPC_LINK_ADD, message.link.name[0] = '\0');
	refuse(IPC_LINK_ADD, strcpy(message.link.name, "a/b"));
	refuse(IPC_LINK_ADD, strcpy(message.link.identity, "/x\nagent y"));
	refuse(IPC_LINK_ADD, strcpy(message.link.netns, "../x"));
	refuse(IPC_LINK_ADD, message.link.mtu = 1);
	refuse(IPC_LINK_DEL, FULL(message.link_name.name));
	refuse(IPC_PEER_NEW, strcpy(message.config_peer.name, "x\npeer"));
	refuse(IPC_PEER_NEW, memset(message.config_peer.public, 0, 32));
	refuse(IPC_PEER_CHANGE, message.config_peer.endpoint.port = 0);
	refuse(IPC_PEER_CHANGE, message.config_peer.endpoint.kind = 1;
	       message.config_peer.endpoint.id = 1);
	refuse(IPC_PEER_REMOVE, FULL(message.peer_remove.link));
}

/* A lane above 0 has a port, lane 0 has none; there are so many lanes. */
static void lanes_out_of_range_are_refused(void **state)
{
	struct ipc_message message;

	(void)state;
	refuse(IPC_INIT, message.init.lanes = 0);
	refuse(IPC_INIT, message.init.lanes = 2);
	refuse(IPC_INIT, message.init.lanes = WIRE_LANES_MAX + 1;
	       FULL(message.init.lane_ports));
	refuse(IPC_INIT, message.init.stun_servers = 3);
	refuse(IPC_INIT, message.init.stun_servers = 5);
	refuse(IPC_INIT, message.init.stun_server[1].port = 0);
	refuse(IPC_INIT, message.init.stun_server[0].family = AF_UNIX);
	refuse(IPC_INIT, message.init.turn_servers = 2);
	refuse(IPC_INIT, message.init.turn_servers = 5);
	refuse(IPC_INIT, message.init.turn[0].server.port = 0);
	refuse(IPC_INIT, message.init.turn[0].server.kind = ENDPOINT_TURN;
	       message.init.turn[0].server.id = 0x4000);
	refuse(IPC_INIT, FULL(message.init.turn[0].user));
	refuse(IPC_INIT, FULL(message.init.turn[0].password));
	refuse(IPC_INIT, FULL(message.init.turn[0].name));
	refuse(IPC_INIT, message.init.turn[0].transport = TURN_TRANSPORTS);
	refuse(IPC_INIT, message.init.turn[0].user[0] = 0);
	refuse(IPC_INIT, message.init.turn[0].password[0] = 0);
	refuse(IPC_INIT, message.init.port_mapping = 2);
	refuse(IPC_INIT, message.init.path_dead = 0);
	refuse(IPC_INIT, message.init.path_dead = CONFIG_PATH_DEAD_MIN - 1);
	refuse(IPC_INIT, message.init.path_dead = CONFIG_PATH_DEAD_MAX + 1);
	refuse(IPC_KEY_NEW, message.key.key.lane = 1);
	refuse(IPC_KEY_NEW, message.key.key.port = 7740);
	refuse(IPC_KEY_NEW, message.key.key.lane = WIRE_LANES_MAX;
	       message.key.key.port = 7740);
	refuse(IPC_KEY_DEL, message.key_name.lane = WIRE_LANES_MAX);

	for (int lane = 1; lane < WIRE_LANES_MAX; lane++) {
		fill(&message, IPC_KEY_NEW);
		message.key.key.lane = lane;
		message.key.key.port = 1;
		assert_int_equal(ipc_check(&message, ipc_length(IPC_KEY_NEW),
					   true), 0);
		fill(&message, IPC_KEY_DEL);
		message.key_name.lane = lane;
		assert_int_equal(ipc_check(&message, ipc_length(IPC_KEY_DEL),
					   true), 0);
		fill(&message, IPC_INIT);
		message.init.lanes = lane + 1;
		memset(message.init.lane_ports, 1, 2 * lane);
		assert_int_equal(ipc_check(&message, ipc_length(IPC_INIT),
					   false), 0);
		message.init.lane_ports[lane - 1] = 0;
		assert_int_equal(ipc_check(&message, ipc_length(IPC_INIT),
					   false), -EBADMSG);
	}
}

static void messages_cross_the_socket(void **state)
{
	struct ipc_message out, in;
	uint32_t type;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
				    pair), 0);
	assert_int_equal(ipc_receive(pair[1], &in, true), -EAGAIN);
	for (type = IPC_INIT; type < IPC_TYPES; type++) {
		fill(&out, type);
		out.id = 1000 + type;
		memset(&in, 0xff, sizeof(in));
		assert_int_equal(ipc_send(pair[0], &out), 0);
		assert_int_equal(ipc_receive(pair[1], &in,
					     type >= IPC_FIRST_REQUEST), 0);
		assert_memory_equal(&in, &out, ipc_length(type));
	}
	close(pair[0]);
	assert_int_equal(ipc_receive(pair[1], &in, true), -EPIPE);
	assert_int_equal(ipc_send(pair[1], &out), -EPIPE);
	close(pair[1]);
}

/* What somebody else has taken from a socket must not be waited for. */
static void nothing_is_not_waited_for(void **state)
{
	struct ipc_message out, in;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	alarm(10);
	assert_int_equal(ipc_receive_now(pair[1], &in, true), -EAGAIN);
	alarm(0);
	fill(&out, IPC_FIRST_REQUEST);
	assert_int_equal(ipc_send(pair[0], &out), 0);
	assert_int_equal(ipc_receive_now(pair[1], &in, true), 0);
	assert_memory_equal(&in, &out, ipc_length(IPC_FIRST_REQUEST));
	close(pair[0]);
	assert_int_equal(ipc_receive_now(pair[1], &in, true), -EPIPE);
	close(pair[1]);
}

/* One bad datagram is one bad message: the next is read as it is. */
static void bad_datagrams_do_not_shift_the_next(void **state)
{
	uint8_t bytes[sizeof(struct ipc_message) + 100];
	struct ipc_message out, in;
	size_t len;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
				    pair), 0);
	fill(&out, IPC_KEY_NEW);
	for (len = 1; len < sizeof(bytes); len += 13) {
		memset(bytes, 0x41, sizeof(bytes));
		memcpy(bytes, &out.type, sizeof(out.type));
		if (len == ipc_length(IPC_KEY_NEW))
			continue;
		assert_int_equal(send(pair[0], bytes, len, 0), len);
		assert_int_equal(ipc_send(pair[0], &out), 0);
		assert_int_equal(ipc_receive(pair[1], &in, true), -EBADMSG);
		assert_int_equal(ipc_receive(pair[1], &in, true), 0);
		assert_memory_equal(&in, &out, ipc_length(IPC_KEY_NEW));
	}
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_one_length_and_one_side),
		cmocka_unit_test(types_that_are_none_are_refused),
		cmocka_unit_test(contents_out_of_range_are_refused),
		cmocka_unit_test(lanes_out_of_range_are_refused),
		cmocka_unit_test(messages_cross_the_socket),
		cmocka_unit_test(nothing_is_not_waited_for),
		cmocka_unit_test(bad_datagrams_do_not_shift_the_next),
	};

	return cmocka_run_group_tests_name("pilotd_ipc", tests, make_did,
					   NULL);
}
