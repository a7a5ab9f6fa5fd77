// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link relay: entries of the kernel's relay, and endpoints by one. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/pilot.h>
#include <string.h>

#include "../pilot-link/peer_show.h"
#include "../pilot-link/relay_show.h"
#include "check.h"
#include "cmd_message.h"

/* @leave_out: an attribute of the nest, 0 for none; @left below 0: no limit. */
static struct nlmsghdr *build(int leave_out, uint32_t flags, int left)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_RELAY_GET, 3);
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_RELAY);

	if (leave_out != PILOT_A_RELAY_ID)
		mnl_attr_put_u32(message, PILOT_A_RELAY_ID, 0x1a2b3c4d);
	if (leave_out != PILOT_A_RELAY_NEXT_ID)
		mnl_attr_put_u32(message, PILOT_A_RELAY_NEXT_ID, 0xff);
	mnl_attr_put_u64(message, PILOT_A_RELAY_FROM, 0x1f2910004ULL);
	mnl_attr_put_u64(message, PILOT_A_RELAY_TO, 0x1f2910005ULL);
	mnl_attr_put_u32(message, PILOT_A_RELAY_FLAGS, flags);
	mnl_attr_put_u32(message, PILOT_A_RELAY_PACKET_RATE, 10000);
	mnl_attr_put_u64(message, PILOT_A_RELAY_BYTE_RATE, 12500000);
	if (left >= 0)
		mnl_attr_put_u64(message, PILOT_A_RELAY_BYTES, left);
	mnl_attr_put_u64(message, PILOT_A_RELAY_LEFT_MS, 125000);
	mnl_attr_put_u64(message, PILOT_A_RELAY_PACKETS, 7);
	mnl_attr_put_u64(message, PILOT_A_RELAY_BYTES_DONE, 1ULL << 40);
	mnl_attr_put_u64(message, PILOT_A_RELAY_DROPS, 2);
	mnl_attr_nest_end(message, nest);
	return message;
}

static void test_json(void **state)
{
	struct message_relay relay;

	(void)state;
	assert_int_equal(message_parse_relay(build(0, 0, -1), &relay), 0);
	assert_int_equal(relay.ifindex, 3);
	check_json(relay_json(&relay, "pilot0"),
		   "{\"id\":439041101,\"ifname\":\"pilot0\","
		   "\"from\":\"1:0001.F291.0004\","
		   "\"to\":\"1:0001.F291.0005\",\"next_id\":255,"
		   "\"signalling\":false,\"rate_packets\":10000,"
		   "\"rate_bytes\":12500000,\"left_ms\":125000,"
		   "\"packets\":7,\"bytes\":1099511627776,\"drops\":2}");
	assert_int_equal(message_parse_relay(build(0, 1, 500), &relay), 0);
	check_json(relay_json(&relay, "pilot0"),
		   "{\"id\":439041101,\"ifname\":\"pilot0\","
		   "\"from\":\"1:0001.F291.0004\","
		   "\"to\":\"1:0001.F291.0005\",\"next_id\":255,"
		   "\"signalling\":true,\"rate_packets\":10000,"
		   "\"rate_bytes\":12500000,\"bytes_left\":500,"
		   "\"left_ms\":125000,\"packets\":7,"
		   "\"bytes\":1099511627776,\"drops\":2}");
}

struct shown {
	struct tool tool;
	struct message_relay relay;
};

static void show(void *context)
{
	const struct shown *shown = context;

	relay_print(&shown->tool, &shown->relay, "pilot0");
}

static void test_text(void **state)
{
	struct shown shown = {};
	char text[1024];

	(void)state;
	assert_int_equal(message_parse_relay(build(0, 0, -1), &shown.relay),
			 0);
	capture(show, &shown, text, sizeof(text));
	assert_string_equal(text, "0x1a2b3c4d dev pilot0 from 1:0001.F291.0004"
			    " to 1:0001.F291.0005 next 0x000000ff left 2m5s"
			    " packets 7 bytes 1099511627776 drops 2\n");
	shown.tool.details = true;
	assert_int_equal(message_parse_relay(build(0, 1, 500), &shown.relay),
			 0);
	capture(show, &shown, text, sizeof(text));
	assert_string_equal(text, "0x1a2b3c4d dev pilot0 from 1:0001.F291.0004"
			    " to 1:0001.F291.0005 next 0x000000ff signalling"
			    " left 2m5s packets 7 bytes 1099511627776 drops 2\n"
			    "    rate-packets 10000 rate-bytes 12500000"
			    " bytes-left 500\n");
	/* Nothing left is not the same as no limit. */
	assert_int_equal(message_parse_relay(build(0, 0, 0), &shown.relay), 0);
	capture(show, &shown, text, sizeof(text));
	assert_non_null(strstr(text, " bytes-left 0\n"));
}

static void test_broken(void **state)
{
	struct nlmsghdr *message;
	struct nlattr *nest;

	(void)state;
	check_cut(build(0, 1, 500), try_relay);
	check_lengths(build(0, 1, 500), try_relay);
	assert_int_equal(try_relay(build(PILOT_A_RELAY_ID, 0, 0)), -EBADMSG);
	assert_int_equal(try_relay(build(PILOT_A_RELAY_NEXT_ID, 0, 0)),
			 -EBADMSG);
	message = build(0, 0, 0);
	nest = mnl_attr_nest_start(message, PILOT_A_RELAY);
	mnl_attr_put_u64(message, PILOT_A_RELAY_TO, 1ULL << 48);
	mnl_attr_nest_end(message, nest);
	assert_int_equal(try_relay(message), -EBADMSG);
	/* Another command's answer is none. */
	assert_int_equal(try_relay(message_start(PILOT_CMD_PEER_GET, 3)),
			 -EBADMSG);
}

/* Where a peer is reached by a relay is shown as such. */
static void test_peer_endpoint(void **state)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_PEER_GET, 3);
	const struct tool tool = { .json = true };
	struct nlattr *nest, *endpoint;
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };

	(void)state;
	nest = mnl_attr_nest_start(message, PILOT_A_PEER);
	mnl_attr_put_u64(message, PILOT_A_PEER_ADDRESS, 0x1f2910004ULL);
	endpoint = mnl_attr_nest_start(message, PILOT_A_PEER_ENDPOINT);
	mnl_attr_put_u8(message, PILOT_A_ENDPOINT_KIND, PILOT_ENDPOINT_RELAY);
	mnl_attr_put_u32(message, PILOT_A_ENDPOINT_REMOTE_IP4,
			 htonl(0xc0000202));
	mnl_attr_put_u16(message, PILOT_A_ENDPOINT_REMOTE_PORT, htons(7740));
	mnl_attr_put_u32(message, PILOT_A_ENDPOINT_ID, 0x1a2b3c4d);
	mnl_attr_nest_end(message, endpoint);
	mnl_attr_nest_end(message, nest);
	check_cut(message, try_peer);
	assert_int_equal(message_parse_peer(message, &peer), 0);
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"endpoint\":\"relay:0x1a2b3c4d@192.0.2.2:7740\","
		   "\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	message_free_peer(&peer);
}

/* What only the helper knows of a peer. */
static void test_introducer(void **state)
{
	const struct tool tool = { .json = true };
	json_t *helper = json_pack("{s:s, s:b}", "did", "did:key:z6Mk",
				   "introducer", 1);
	struct peer_view view = { .ifname = "pilot0", .helper = helper };

	(void)state;
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"did\":\"did:key:z6Mk\","
		   "\"introducer\":true}");
	json_decref(helper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_peer_endpoint),
		cmocka_unit_test(test_introducer),
	};

	return cmocka_run_group_tests_name("cmd_relay", tests, NULL, NULL);
}
