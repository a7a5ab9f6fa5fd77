// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel messages, from attributes to what is printed; whole, cut and wrong. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "../pilot-link/counters.h"
#include "../pilot-link/genl.h"
#include "../pilot-link/link_show.h"
#include "../pilot-link/monitor.h"
#include "../pilot-link/peer_show.h"
#include "cmd_message.h"

static void put_key(struct nlmsghdr *message, uint8_t slot, uint32_t epoch)
{
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_PEER_KEY);

	mnl_attr_put_u8(message, PILOT_A_KEY_LANE, 0);
	mnl_attr_put_u32(message, PILOT_A_KEY_EPOCH, epoch);
	mnl_attr_put_u8(message, PILOT_A_KEY_SLOT, slot);
	mnl_attr_put_u8(message, PILOT_A_KEY_CIPHER, PILOT_CIPHER_AES_256_GCM);
	mnl_attr_put_u32(message, PILOT_A_KEY_RX_INDEX, 0x11223344);
	mnl_attr_put_u32(message, PILOT_A_KEY_TX_INDEX, 5);
	mnl_attr_put_u64(message, PILOT_A_KEY_AGE, 12345);
	mnl_attr_put_u64(message, PILOT_A_KEY_TX_COUNTER, 77);
	mnl_attr_put_strz(message, PILOT_A_KEY_DRIVER, "generic-gcm-aesni");
	mnl_attr_nest_end(message, nest);
}

static struct nlmsghdr *build_peer(void)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_PEER_GET, 3);
	struct nlattr *nest, *inner;

	nest = mnl_attr_nest_start(message, PILOT_A_PEER);
	mnl_attr_put_u64(message, PILOT_A_PEER_ADDRESS, 0x1f2910004ULL);
	inner = mnl_attr_nest_start(message, PILOT_A_PEER_ENDPOINT);
	mnl_attr_put_u8(message, PILOT_A_ENDPOINT_KIND, PILOT_ENDPOINT_DIRECT);
	mnl_attr_put_u32(message, PILOT_A_ENDPOINT_REMOTE_IP4,
			 htonl(0xc0000202));
	mnl_attr_put_u16(message, PILOT_A_ENDPOINT_REMOTE_PORT, htons(7740));
	mnl_attr_nest_end(message, inner);
	mnl_attr_put_u32(message, PILOT_A_PEER_FLAGS,
			 PILOT_PEER_F_FIXED_ENDPOINT);
	mnl_attr_put_u32(message, PILOT_A_PEER_KEEPALIVE, 25);
	mnl_attr_put_u64(message, PILOT_A_PEER_SINCE_RX, 1500);
	inner = mnl_attr_nest_start(message, PILOT_A_PEER_STATS);
	mnl_attr_put_u64(message, PILOT_A_PEER_STATS_RX_PACKETS, 10);
	mnl_attr_put_u64(message, PILOT_A_PEER_STATS_TX_BYTES, 1ULL << 40);
	mnl_attr_nest_end(message, inner);
	put_key(message, PILOT_KEY_SLOT_CURRENT, 9);
	put_key(message, PILOT_KEY_SLOT_PREVIOUS, 8);
	mnl_attr_nest_end(message, nest);
	return message;
}

static struct nlmsghdr *build_device(void)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_DEV_GET, 3);
	struct nlattr *nest, *sock, *inner;

	nest = mnl_attr_nest_start(message, PILOT_A_DEV);
	mnl_attr_put_strz(message, PILOT_A_DEV_IFNAME, "pilot0");
	mnl_attr_put_u64(message, PILOT_A_DEV_ADDRESS, 0x1f2910001ULL);
	mnl_attr_put_u32(message, PILOT_A_DEV_PEERS, 2);
	sock = mnl_attr_nest_start(message, PILOT_A_DEV_SOCKET6);
	mnl_attr_put_u16(message, PILOT_A_SOCKET_PORT, htons(7740));
	mnl_attr_put_u32(message, PILOT_A_SOCKET_NETNSID, (uint32_t)-1);
	mnl_attr_put_u32(message, PILOT_A_SOCKET_DEVICES, 4);
	inner = mnl_attr_nest_start(message, PILOT_A_SOCKET_STATS);
	mnl_attr_put_u64(message, PILOT_A_SOCKET_STATS_RX_DATA, 99);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, sock);
	inner = mnl_attr_nest_start(message, PILOT_A_DEV_STATS);
	mnl_attr_put_u64(message, PILOT_A_DEV_STATS_RX_DROP_REPLAY, 3);
	mnl_attr_put_u64(message, PILOT_A_DEV_STATS_MAX + 7, 3);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
	return message;
}

static struct nlmsghdr *build_event(void)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_EVENT, 3);
	struct nlattr *nest;

	nest = mnl_attr_nest_start(message, PILOT_A_DEV);
	mnl_attr_put_u64(message, PILOT_A_DEV_ADDRESS, 0x1f2910001ULL);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, PILOT_A_PEER);
	mnl_attr_put_u64(message, PILOT_A_PEER_ADDRESS, 0x1f2910004ULL);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, PILOT_A_KEY);
	mnl_attr_put_u8(message, PILOT_A_KEY_LANE, 0);
	mnl_attr_put_u32(message, PILOT_A_KEY_EPOCH, 6);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, PILOT_A_EVENT);
	mnl_attr_put_u8(message, PILOT_A_EVENT_TYPE, PILOT_EVENT_SOFT_LIMIT);
	mnl_attr_put_u8(message, PILOT_A_EVENT_REASON, PILOT_REASON_AGE);
	mnl_attr_nest_end(message, nest);
	return message;
}

static void test_peer_json(void **state)
{
	struct tool tool = { .json = true };
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };

	(void)state;
	assert_int_equal(message_parse_peer(build_peer(), &peer), 0);
	assert_int_equal(peer.ifindex, 3);
	assert_int_equal(peer.key_count, 2);
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"endpoint\":\"192.0.2.2:7740\",\"cipher\":\"aes-256-gcm\","
		   "\"key_epoch\":9,\"since_rx_ms\":1500,"
		   "\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	tool.statistics = true;
	tool.details = true;
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"endpoint\":\"192.0.2.2:7740\",\"cipher\":\"aes-256-gcm\","
		   "\"key_epoch\":9,\"since_rx_ms\":1500,"
		   "\"flags\":[\"fixed-endpoint\"],\"keepalive\":25,"
		   "\"silence\":0,\"idle\":0,\"rate_packets\":0,"
		   "\"rate_bytes\":0,\"queued\":0,\"keys\":["
		   "{\"lane\":0,\"epoch\":9,\"slot\":\"current\","
		   "\"cipher\":\"aes-256-gcm\","
		   "\"driver\":\"generic-gcm-aesni\",\"rx_index\":287454020,"
		   "\"tx_index\":5,\"age_ms\":12345,\"tx_counter\":77,"
		   "\"rx_counter\":0,\"soft_packets\":0,\"hard_packets\":0,"
		   "\"soft_age\":0,\"hard_age\":0},"
		   "{\"lane\":0,\"epoch\":8,\"slot\":\"previous\","
		   "\"cipher\":\"aes-256-gcm\","
		   "\"driver\":\"generic-gcm-aesni\",\"rx_index\":287454020,"
		   "\"tx_index\":5,\"age_ms\":12345,\"tx_counter\":77,"
		   "\"rx_counter\":0,\"soft_packets\":0,\"hard_packets\":0,"
		   "\"soft_age\":0,\"hard_age\":0}],"
		   "\"stats\":{\"rx_packets\":10,\"rx_bytes\":0,"
		   "\"tx_packets\":0,\"tx_bytes\":1099511627776,"
		   "\"rx_drops\":0,\"tx_drops\":0},"
		   "\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	message_free_peer(&peer);
}

/* The kernel's word wins; what has the wrong shape is left out. */
static void test_peer_merge(void **state)
{
	const struct tool tool = { .json = true };
	struct message_peer peer;
	struct peer_view view = { .ifname = "pilot0", .peer = &peer };
	json_t *helper;

	(void)state;
	assert_int_equal(message_parse_peer(build_peer(), &peer), 0);
	helper = json_pack("{s:s, s:s, s:s, s:{}, s:[], s:n, s:b}",
			   "endpoint", "10.0.0.1:1", "did", "did:key:z6Mk",
			   "state", "established", "name", "last_error",
			   "attempts", "psk", 1);
	view.helper = helper;
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"address\":\"1:0001.F291.0004\","
		   "\"endpoint\":\"192.0.2.2:7740\",\"cipher\":\"aes-256-gcm\","
		   "\"key_epoch\":9,\"since_rx_ms\":1500,"
		   "\"did\":\"did:key:z6Mk\",\"state\":\"established\","
		   "\"psk\":true,\"inet6\":\"fd50:494c:4f54:1::f291:4\"}");
	view.peer = NULL;
	check_json(peer_json(&tool, &view),
		   "{\"ifname\":\"pilot0\",\"did\":\"did:key:z6Mk\","
		   "\"endpoint\":\"10.0.0.1:1\",\"state\":\"established\","
		   "\"psk\":true}");
	json_decref(helper);
	message_free_peer(&peer);
}

static void test_device_json(void **state)
{
	const struct rtnl_link rtnl = {
		.ifindex = 3, .ifname = "pilot0", .mtu = 1440, .operstate = 5,
		.flags = IFF_UP | IFF_RUNNING | IFF_NOARP | IFF_POINTOPOINT,
		.in6_count = 1, .in6[0] = { .prefix = 128 },
	};
	struct tool tool = { .json = true };
	struct message_device device;
	struct link_view view = {
		.device = &device, .rtnl = &rtnl, .ifname = "pilot0",
	};

	(void)state;
	assert_int_equal(message_parse_device(build_device(), &device), 0);
	assert_string_equal(device.ifname, "pilot0");
	assert_null(device.sockets[0].family);
	assert_int_equal(device.sockets[1].netnsid, -1);
	assert_int_equal(device.stats[PILOT_A_DEV_STATS_RX_DROP_REPLAY], 3);
	check_json(link_json(&tool, &view),
		   "{\"ifindex\":3,\"ifname\":\"pilot0\","
		   "\"flags\":[\"POINTOPOINT\",\"NOARP\",\"UP\"],"
		   "\"mtu\":1440,\"operstate\":\"DORMANT\","
		   "\"address\":\"1:0001.F291.0001\",\"network\":1,\"peers\":2,"
		   "\"addr_info\":[{\"family\":\"inet6\",\"local\":\"::\","
		   "\"prefixlen\":128,\"scope\":\"global\"}]}");
	tool.details = true;
	view.rtnl = NULL;
	check_json(link_json(&tool, &view),
		   "{\"ifindex\":3,\"ifname\":\"pilot0\","
		   "\"address\":\"1:0001.F291.0001\",\"network\":1,\"peers\":2,"
		   "\"sockets\":[{\"family\":\"inet6\",\"port\":7740,"
		   "\"link_netnsid\":-1,\"devices\":4,\"counters\":"
		   "{\"rx_data\":99,\"rx_helper\":0,\"rx_chained\":0,"
		   "\"rx_whole\":0,\"rx_relayed\":0,\"drop_malformed\":0,"
		   "\"drop_no_index\":0,\"drop_type\":0,\"drop_limit\":0,"
		   "\"drop_relay\":0}}]}");
}

static void print_hostile(void *context)
{
	const struct tool tool = { .statistics = true, .details = true };
	struct message_peer peer;
	struct message_device device;
	struct peer_view peer_view = {
		.ifname = "p\033[1m", .peer = &peer, .helper = context,
	};
	struct link_view link_view = {
		.ifname = "p\n", .device = &device, .helper = context,
	};

	assert_int_equal(message_parse_peer(build_peer(), &peer), 0);
	strcpy(peer.keys[0].driver, "driver\033c");
	peer_print(&tool, &peer_view);
	message_free_peer(&peer);
	assert_int_equal(message_parse_device(build_device(), &device), 0);
	link_print(&tool, &link_view);
	link_view.device = NULL;
	link_print(&tool, &link_view);
	monitor_event_print(&tool, context);
}

/* Whatever the helper, a peer or a name says: no control character. */
static void test_hostile_texts(void **state)
{
	static const char hostile[] = "x\033[2J\r\n\x7f\xc2\x9b" "1m";
	static const char *const keys[] = {
		"event", "link", "peer", "did", "name", "state", "last_error",
		"source", "netns", "endpoint", "address", "other",
	};
	json_t *helper = json_object();
	char text[8192];
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(helper, keys[i], json_string(hostile));
	json_object_set_new(helper, hostile, json_string(hostile));
	capture(print_hostile, helper, text, sizeof(text));
	json_decref(helper);
	for (i = 0; text[i]; i++) {
		lines += text[i] == '\n';
		assert_true((unsigned char)text[i] >= 0x20 || text[i] == '\n');
		assert_true(text[i] != 0x7f);
		assert_false(text[i] == '\xc2');
	}
	assert_non_null(strstr(text, "x\\x1b[2J\\x0d\\x0a\\x7f\\xc2\\x9b1m"));
	assert_int_equal(lines, 11 + 3 + counters_device_count + 2 + 1);
}

static void test_event_json(void **state)
{
	struct message_event event;

	(void)state;
	assert_int_equal(message_parse_event(build_event(), &event), 0);
	check_json(monitor_event_json(&event, "pilot0"),
		   "{\"source\":\"kernel\",\"event\":\"soft-limit\","
		   "\"ifindex\":3,\"ifname\":\"pilot0\","
		   "\"agent\":\"1:0001.F291.0001\","
		   "\"peer\":\"1:0001.F291.0004\",\"lane\":0,\"epoch\":6,"
		   "\"reason\":\"age\"}");
	event.type = PILOT_EVENT_PEER_ACTIVE;
	event.reason = PILOT_REASON_TRAFFIC;
	check_json(monitor_event_json(&event, NULL),
		   "{\"source\":\"kernel\",\"event\":\"peer-active\","
		   "\"agent\":\"1:0001.F291.0001\","
		   "\"peer\":\"1:0001.F291.0004\",\"lane\":0,\"epoch\":6,"
		   "\"reason\":\"traffic\"}");
	event.reason = PILOT_REASON_AGE;
	event.type = 200;
	check_json(monitor_event_json(&event, NULL),
		   "{\"source\":\"kernel\",\"event\":\"unknown\","
		   "\"agent\":\"1:0001.F291.0001\","
		   "\"peer\":\"1:0001.F291.0004\",\"lane\":0,\"epoch\":6,"
		   "\"reason\":\"age\"}");
	message_free_event(&event);
}

static int parse_event(const struct nlmsghdr *message)
{
	struct message_event event;
	int ret = message_parse_event(message, &event);

	if (!ret)
		message_free_event(&event);
	return ret;
}

static void test_cut(void **state)
{
	(void)state;
	check_cut(build_device(), try_device);
	check_cut(build_peer(), try_peer);
	check_cut(build_event(), parse_event);
}

static void test_lengths(void **state)
{
	(void)state;
	check_lengths(build_device(), try_device);
	check_lengths(build_peer(), try_peer);
	check_lengths(build_event(), parse_event);
}

static struct nlmsghdr *device_with(uint16_t type, const void *data,
				    size_t length)
{
	struct nlmsghdr *message = message_start(PILOT_CMD_DEV_GET, 3);
	struct nlattr *nest = mnl_attr_nest_start(message, PILOT_A_DEV);

	mnl_attr_put_strz(message, PILOT_A_DEV_IFNAME, "pilot0");
	mnl_attr_put(message, type, length, data);
	mnl_attr_nest_end(message, nest);
	return message;
}

static void test_wrong_sizes(void **state)
{
	static const uint8_t bytes[64] = { 0 };
	static const char name[IFNAMSIZ + 1] = "0123456789abcdef";
	uint64_t address = PILOT_ADDRESS_MAX + 1;

	(void)state;
	assert_int_equal(try_device(device_with(PILOT_A_DEV_PEERS, bytes, 4)),
			 0);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_PEERS, bytes, 3)),
			 -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_PEERS, bytes, 8)),
			 -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_ADDRESS, bytes,
						  4)), -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_ADDRESS, &address,
						  8)), -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_IFNAME, name, 17)),
			 -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_IFNAME, name, 5)),
			 -EBADMSG);
	assert_int_equal(try_device(device_with(PILOT_A_DEV_IFNAME, name, 0)),
			 -EBADMSG);
	/* What a newer kernel adds is no error. */
	assert_int_equal(try_device(device_with(PILOT_A_DEV_MAX + 1, bytes,
						  3)), 0);
	/* Messages of other commands, and those that name no device or peer. */
	assert_int_equal(try_device(build_peer()), -EBADMSG);
	assert_int_equal(try_peer(build_device()), -EBADMSG);
	assert_int_equal(try_device(message_start(PILOT_CMD_DEV_GET, 0)), -EBADMSG);
	assert_int_equal(try_peer(message_start(PILOT_CMD_PEER_GET, 3)), -EBADMSG);
	assert_int_equal(parse_event(message_start(PILOT_CMD_EVENT, 3)), -EBADMSG);
}

/* An error with the words @said, as the kernel puts it behind a request. */
static struct nlmsghdr *build_error(int error, bool capped, const char *said)
{
	struct nlmsghdr *message;
	struct nlmsgerr *head;

	message = message_begin();
	message->nlmsg_type = NLMSG_ERROR;
	message->nlmsg_flags = NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0);
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->error = error;
	head->msg.nlmsg_len = sizeof(head->msg) + 10;
	if (!capped)
		mnl_nlmsg_put_extra_header(message, 10);
	if (said)
		mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, said);
	return message;
}

static void test_errors(void **state)
{
	struct nlmsghdr *message, *copy;
	char text[GENL_TEXT_LEN];
	char long_text[GENL_TEXT_LEN + 8];
	uint32_t length;

	(void)state;
	assert_int_equal(genl_error_parse(build_error(-EBUSY, true, "has peers"),
					  text, sizeof(text)), -EBUSY);
	assert_string_equal(text, "has peers");
	assert_int_equal(genl_error_parse(build_error(-EBUSY, false, "has peers"),
					  text, sizeof(text)), -EBUSY);
	assert_string_equal(text, "has peers");
	assert_int_equal(genl_error_parse(build_error(0, true, NULL), text,
					  sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(genl_error_parse(build_error(1, true, NULL), text,
					  sizeof(text)), -EBADMSG);
	memset(long_text, 'a', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(genl_error_parse(build_error(-EPERM, true, long_text),
					  text, sizeof(text)), -EPERM);
	assert_string_equal(text, "");

	/* A cut message is malformed, or an error without its words. */
	message = build_error(-EBUSY, false, "has peers");
	for (length = sizeof(*message); length < message->nlmsg_len; length++) {
		copy = malloc(length);
		memcpy(copy, message, length);
		copy->nlmsg_len = length;
		assert_true(genl_error_parse(copy, text, sizeof(text)) < 0);
		free(copy);
	}
}

static void test_dump_end(void **state)
{
	struct nlmsghdr *message;
	char text[GENL_TEXT_LEN];

	(void)state;
	message = message_begin();
	message->nlmsg_type = NLMSG_DONE;
	assert_int_equal(genl_error_parse(message, text, sizeof(text)), 0);
	*(int *)mnl_nlmsg_put_extra_header(message, sizeof(int)) = -ENODEV;
	message->nlmsg_flags = NLM_F_ACK_TLVS;
	mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, "no such link");
	assert_int_equal(genl_error_parse(message, text, sizeof(text)), -ENODEV);
	assert_string_equal(text, "no such link");
}

static void test_rtnl(void **state)
{
	struct nlmsghdr *message;
	struct ifinfomsg *info;
	struct rtnl_link link;
	struct nlattr *nest;
	uint8_t stats[512] = { 7 };

	(void)state;
	message = message_begin();
	message->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_index = 9;
	mnl_attr_put_strz(message, IFLA_IFNAME, "pilot0");
	mnl_attr_put_u32(message, IFLA_MTU, 1440);
	/* Longer than this build knows, as from a newer kernel. */
	mnl_attr_put(message, IFLA_STATS64, sizeof(stats), stats);
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "pilot");
	mnl_attr_nest_end(message, nest);
	assert_int_equal(rtnl_link_parse(message, &link), 0);
	assert_int_equal(link.ifindex, 9);
	assert_string_equal(link.ifname, "pilot0");
	assert_string_equal(link.kind, "pilot");
	assert_int_equal(link.mtu, 1440);
	assert_int_equal(link.stats.rx_packets, 7);
	message->nlmsg_len -= 4;
	assert_int_equal(rtnl_link_parse(message, &link), -EBADMSG);
	message->nlmsg_len = NLMSG_HDRLEN + 4;
	assert_int_equal(rtnl_link_parse(message, &link), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_json),
		cmocka_unit_test(test_peer_merge),
		cmocka_unit_test(test_device_json),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_event_json),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_dump_end),
		cmocka_unit_test(test_rtnl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
