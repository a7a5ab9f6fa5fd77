// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets, states and keys of several lanes: parsed, printed, and bounded. */
#include <arpa/inet.h>
#include <string.h>

#include "../pilot-link/link_show.h"
#include "../pilot-link/peer_show.h"
#include "check.h"
#include "cmd_message.h"

static void put_socket(struct nlmsghdr *message, uint16_t type, int lane,
		       uint16_t port)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put_u16(message, PILOT_A_SOCKET_PORT, htons(port));
	mnl_attr_put_u32(message, PILOT_A_SOCKET_DEVICES, 1);
	if (lane >= 0)
		mnl_attr_put_u8(message, PILOT_A_SOCKET_LANE, lane);
	mnl_attr_nest_end(message, nest);
}

/* Sockets of @count lanes, the last first. */
static struct nlmsghdr *build_sockets(int count)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_DEV_GET, 3);
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_DEV);

	mnl_attr_put_strz(message, PILOT_A_DEV_IFNAME, "pilot0");
	for (int lane = count - 1; lane >= 0; lane--) {
		put_socket(message, PILOT_A_DEV_SOCKET6, lane, 7740 + lane);
		put_socket(message, PILOT_A_DEV_SOCKET4, lane ?: -1,
			   7740 + lane);
	}
	mnl_attr_nest_end(message, nest);
	return message;
}

static void print_device(void *context)
{
	const struct tool tool = { .details = true };
	struct link_view view = { .ifname = "pilot0", .device = context };

	link_print(&tool, &view);
}

static void test_sockets(void **state)
{
	struct tool tool = { .json = true, .details = true };
	struct message_device device;
	struct link_view view = { .device = &device, .ifname = "pilot0" };
	json_t *object, *sockets, *sock;
	char text[8192];
	size_t i;

	(void)state;
	for (int count = 1; count < 20; count++) {
		int known = count < 8 ? count : 8;

		assert_int_equal(message_parse_device(build_sockets(count),
						      &device), 0);
		object = link_json(&tool, &view);
		sockets = json_object_get(object, "sockets");
		assert_int_equal(json_array_size(sockets), 2 * known);
		json_array_foreach(sockets, i, sock) {
			json_t *lane = json_object_get(sock, "lane");

			assert_string_equal(json_string_value(
				json_object_get(sock, "family")),
				i % 2 ? "inet6" : "inet");
			assert_int_equal(json_integer_value(
				json_object_get(sock, "port")), 7740 + i / 2);
			assert_int_equal(json_integer_value(lane), i / 2);
			assert_int_equal(!lane, !(i / 2));
		}
		json_decref(object);
	}
	assert_int_equal(message_parse_device(build_sockets(2), &device), 0);
	capture(print_device, &device, text, sizeof(text));
	assert_non_null(strstr(text, "    socket inet port 7740 devices 1 "));
	assert_non_null(strstr(text, "    socket inet6 port 7740 devices 1 "));
	assert_non_null(strstr(text,
			       "    socket inet lane 1 port 7741 devices 1 "));
	assert_non_null(strstr(text,
			       "    socket inet6 lane 1 port 7741 devices 1 "));
}

static void put_lane(struct nlmsghdr *message, uint8_t id, int rx)
{
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_PEER_LANE);
	struct nlattr *endpoint;

	mnl_attr_put_u8(message, PILOT_A_LANE_ID, id);
	endpoint = mnl_attr_nest_start(message, PILOT_A_LANE_ENDPOINT);
	mnl_attr_put_u32(message, PILOT_A_ENDPOINT_REMOTE_IP4,
			 htonl(0xc0000202));
	mnl_attr_put_u16(message, PILOT_A_ENDPOINT_REMOTE_PORT,
			 htons(7740 + id));
	mnl_attr_nest_end(message, endpoint);
	if (rx >= 0) {
		mnl_attr_put_u64(message, PILOT_A_LANE_SINCE_RX, rx);
		mnl_attr_put_u64(message, PILOT_A_LANE_SINCE_TX, 2500);
	}
	mnl_attr_nest_end(message, nest);
}

static void put_key(struct nlmsghdr *message, uint8_t lane, uint32_t epoch)
{
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_PEER_KEY);

	mnl_attr_put_u8(message, PILOT_A_KEY_LANE, lane);
	mnl_attr_put_u32(message, PILOT_A_KEY_EPOCH, epoch);
	mnl_attr_put_u8(message, PILOT_A_KEY_SLOT, PILOT_KEY_SLOT_CURRENT);
	mnl_attr_put_u8(message, PILOT_A_KEY_CIPHER,
			lane ? PILOT_CIPHER_CHACHA20_POLY1305 :
			       PILOT_CIPHER_AES_256_GCM);
	mnl_attr_put_strz(message, PILOT_A_KEY_DRIVER, "generic-gcm-aesni");
	mnl_attr_nest_end(message, nest);
}

/* A peer with @lanes lanes, of which the last is not proven, and @keys keys. */
static struct nlmsghdr *build_lanes(int lanes, int keys)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_PEER_GET, 3);
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_PEER);

	mnl_attr_put_u64(message, PILOT_A_PEER_ADDRESS, 0x1f2910004ULL);
	for (int i = 0; i < lanes; i++)
		put_lane(message, i, i == lanes - 1 ? -1 : 1500);
	for (int i = 0; i < keys; i++)
		put_key(message, keys - 1 - i, i);
	mnl_attr_nest_end(message, nest);
	return message;
}

static void print_peer(void *context)
{
	const struct tool tool = { .details = true };
	struct peer_view view = { .ifname = "pilot0", .peer = context };

	peer_print(&tool, &view);
}

static void test_lanes(void **state)
{
	struct tool tool = { .json = true };
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };
	char text[8192];
	json_t *object;

	(void)state;
	assert_int_equal(message_parse_peer(build_lanes(2, 0), &peer), 0);
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	tool.details = true;
	object = peer_json(&tool, &view);
	check_json(json_incref(json_object_get(object, "lanes")),
		   "[{\"lane\":0,\"endpoint\":\"192.0.2.2:7740\","
		   "\"since_rx_ms\":1500,\"since_tx_ms\":2500},"
		   "{\"lane\":1,\"endpoint\":\"192.0.2.2:7741\"}]");
	json_decref(object);
	capture(print_peer, &peer, text, sizeof(text));
	assert_non_null(strstr(text, "    lane 0 endpoint 192.0.2.2:7740"
			       " rx 1.500s tx 2.500s\n"));
	assert_non_null(strstr(text, "    lane 1 endpoint 192.0.2.2:7741"
			       " unproven\n"));
	message_free_peer(&peer);
}

/* No more are kept than there can be, and those that can be are. */
static void test_bounded(void **state)
{
	struct tool tool = { .json = true, .details = true };
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };
	json_t *object;

	(void)state;
	for (int n = 0; n < 30; n++) {
		assert_int_equal(message_parse_peer(build_lanes(n, n), &peer),
				 0);
		assert_int_equal(peer.key_count, n < 24 ? n : 24);
		object = peer_json(&tool, &view);
		assert_int_equal(json_array_size(json_object_get(object,
								 "lanes")),
				 n < 8 ? n : 8);
		assert_int_equal(!json_object_get(object, "lanes"), !n);
		json_decref(object);
		message_free_peer(&peer);
	}
}

/* The cipher and the epoch of a peer are those of lane 0. */
static void test_keys(void **state)
{
	struct tool tool = { .json = true };
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };

	(void)state;
	assert_int_equal(message_parse_peer(build_lanes(0, 3), &peer), 0);
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"cipher\":\"aes-256-gcm\",\"key_epoch\":2,"
		   "\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	message_free_peer(&peer);
}

static void test_broken(void **state)
{
	(void)state;
	check_cut(build_sockets(3), try_device);
	check_cut(build_lanes(9, 0), try_peer);
	check_cut(build_lanes(2, 2), try_peer);
	check_lengths(build_sockets(3), try_device);
	check_lengths(build_lanes(9, 1), try_peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("cmd_lanes", tests, NULL, NULL);
}
