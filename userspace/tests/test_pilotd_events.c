// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of the kernel, made as the kernel makes them and cut anywhere. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "addr.h"
#include "check.h"
#include "events.h"

#define FAMILY	0x20

struct seen {
	unsigned int count;
	struct kernel_event last;
};

static void see(void *ctx, const struct kernel_event *event)
{
	struct seen *seen = ctx;

	seen->count++;
	seen->last = *event;
}

struct parts {
	bool no_dev;
	bool no_event;
	bool no_peer;
	bool key;
	int lane;
	int family;		/* of the endpoint, 0: none */
	uint32_t relay;		/* its relay id, 0: it is direct */
	uint8_t cmd;
	uint16_t type;
};

static void put_endpoint(struct nl_msg *msg, int family, uint32_t relay)
{
	struct nlattr *nest = nla_nest_start(msg, PILOT_A_PEER_ENDPOINT);
	uint8_t in6[16] = { 0xfe, 0x80, [15] = 1 };

	nla_put_u8(msg, PILOT_A_ENDPOINT_KIND, relay ? PILOT_ENDPOINT_RELAY :
						       PILOT_ENDPOINT_DIRECT);
	if (relay)
		nla_put_u32(msg, PILOT_A_ENDPOINT_ID, relay);
	if (family == AF_INET) {
		nla_put_u32(msg, PILOT_A_ENDPOINT_REMOTE_IP4,
			    htonl(0xc0000201));
	} else {
		nla_put(msg, PILOT_A_ENDPOINT_REMOTE_IP6, 16, in6);
		nla_put_u32(msg, PILOT_A_ENDPOINT_SCOPE_ID, 3);
	}
	nla_put_u16(msg, PILOT_A_ENDPOINT_REMOTE_PORT, htons(7740));
	nla_nest_end(msg, nest);
}

/* The caller frees it. */
static struct nl_msg *make(const struct parts *parts)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 0, 0, parts->type, 0, 0, parts->cmd,
				    PILOT_FAMILY_VERSION));
	nla_put_u32(msg, PILOT_A_IFINDEX, 5);
	if (!parts->no_dev) {
		nest = nla_nest_start(msg, PILOT_A_DEV);
		nla_put_u64(msg, PILOT_A_DEV_ADDRESS, addr_make(1, 10));
		nla_nest_end(msg, nest);
	}
	if (!parts->no_peer) {
		nest = nla_nest_start(msg, PILOT_A_PEER);
		nla_put_u64(msg, PILOT_A_PEER_ADDRESS, addr_make(1, 11));
		if (parts->family)
			put_endpoint(msg, parts->family, parts->relay);
		nla_nest_end(msg, nest);
	}
	if (parts->key) {
		nest = nla_nest_start(msg, PILOT_A_KEY);
		nla_put_u8(msg, PILOT_A_KEY_LANE, parts->lane);
		nla_put_u32(msg, PILOT_A_KEY_EPOCH, 42);
		nla_nest_end(msg, nest);
	}
	if (!parts->no_event) {
		nest = nla_nest_start(msg, PILOT_A_EVENT);
		nla_put_u8(msg, PILOT_A_EVENT_TYPE, PILOT_EVENT_KEY_CURRENT);
		nla_put_u8(msg, PILOT_A_EVENT_REASON, PILOT_REASON_RECEIVED);
		nla_nest_end(msg, nest);
	}
	return msg;
}

static unsigned int parse(const struct parts *parts, struct seen *seen)
{
	struct nl_msg *msg = make(parts);
	unsigned int count;

	memset(seen, 0, sizeof(*seen));
	count = events_parse(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, see,
			     seen);
	assert_int_equal(count, seen->count);
	nlmsg_free(msg);
	return count;
}

static void all_that_an_event_says_is_read(void **state)
{
	struct parts parts = { .cmd = PILOT_CMD_EVENT, .type = FAMILY,
			       .key = true, .family = AF_INET };
	char text[ENDPOINT_TEXT_LEN];
	struct seen seen;

	(void)state;
	assert_int_equal(parse(&parts, &seen), 1);
	assert_int_equal(seen.last.type, PILOT_EVENT_KEY_CURRENT);
	assert_int_equal(seen.last.reason, PILOT_REASON_RECEIVED);
	assert_int_equal(seen.last.agent, addr_make(1, 10));
	assert_int_equal(seen.last.peer, addr_make(1, 11));
	assert_int_equal(seen.last.epoch, 42);
	assert_int_equal(seen.last.lane, 0);
	parts.lane = 5;
	assert_int_equal(parse(&parts, &seen), 1);
	assert_int_equal(seen.last.lane, 5);
	assert_int_equal(seen.last.epoch, 42);
	endpoint_format(&seen.last.endpoint, text);
	assert_string_equal(text, "192.0.2.1:7740");
	parts.relay = 0x1a2b3c4d;
	assert_int_equal(parse(&parts, &seen), 1);
	endpoint_format(&seen.last.endpoint, text);
	assert_string_equal(text, "relay:0x1a2b3c4d@192.0.2.1:7740");
	parts.relay = 0;
	parts.family = AF_INET6;
	parts.key = false;
	assert_int_equal(parse(&parts, &seen), 1);
	assert_int_equal(seen.last.endpoint.family, AF_INET6);
	assert_int_equal(seen.last.endpoint.scope, 3);
	assert_int_equal(seen.last.epoch, 0);
	parts.no_peer = true;
	assert_int_equal(parse(&parts, &seen), 1);
	assert_int_equal(seen.last.peer, 0);
	assert_false(endpoint_is_set(&seen.last.endpoint));
}

static void what_is_no_event_is_passed_over(void **state)
{
	struct parts parts = { .cmd = PILOT_CMD_EVENT, .type = FAMILY };
	struct seen seen;

	(void)state;
	parts.no_dev = true;
	assert_int_equal(parse(&parts, &seen), 0);
	parts.no_dev = false;
	parts.no_event = true;
	assert_int_equal(parse(&parts, &seen), 0);
	parts.no_event = false;
	parts.cmd = PILOT_CMD_PEER_GET;
	assert_int_equal(parse(&parts, &seen), 0);
	parts.cmd = PILOT_CMD_EVENT;
	parts.type = NLMSG_ERROR;
	assert_int_equal(parse(&parts, &seen), 0);
}

static void several_in_one_read_are_all_seen(void **state)
{
	struct parts parts = { .cmd = PILOT_CMD_EVENT, .type = FAMILY,
			       .key = true, .family = AF_INET6 };
	struct nl_msg *msg = make(&parts);
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct seen seen = { 0 };
	char *bytes;
	int i;

	(void)state;
	bytes = malloc(3 * header->nlmsg_len);
	for (i = 0; i < 3; i++)
		memcpy(bytes + i * header->nlmsg_len, header,
		       header->nlmsg_len);
	/* The one in the middle means nothing here. */
	((struct nlmsghdr *)(bytes + header->nlmsg_len))->nlmsg_type =
		NLMSG_NOOP;
	assert_int_equal(events_parse(bytes, 3 * header->nlmsg_len, see,
				      &seen), 2);
	free(bytes);
	nlmsg_free(msg);
}

/* Cut by the socket, or with a length of its own that says less. */
static void cut_anywhere_nothing_is_read_beyond(void **state)
{
	struct parts parts = { .cmd = PILOT_CMD_EVENT, .type = FAMILY,
			       .key = true, .family = AF_INET6 };
	struct nl_msg *msg = make(&parts);
	struct nlmsghdr *header = nlmsg_hdr(msg), *copy;
	struct seen seen = { 0 };
	size_t len;

	(void)state;
	for (len = 0; len < header->nlmsg_len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, header, len);
		assert_int_equal(events_parse(copy, len, see, &seen), 0);
		if (len >= sizeof(*copy)) {
			copy->nlmsg_len = len;
			events_parse(copy, len, see, &seen);
		}
		free(copy);
	}
	nlmsg_free(msg);
}

static void every_type_has_a_name(void **state)
{
	unsigned int type;

	(void)state;
	for (type = PILOT_EVENT_ACQUIRE; type <= PILOT_EVENT_PEER_ACTIVE;
	     type++)
		assert_string_not_equal(event_type_name(type), "unknown");
	assert_string_equal(event_type_name(0), "unknown");
	assert_string_equal(event_type_name(255), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_an_event_says_is_read),
		cmocka_unit_test(what_is_no_event_is_passed_over),
		cmocka_unit_test(several_in_one_read_are_all_seen),
		cmocka_unit_test(cut_anywhere_nothing_is_read_beyond),
		cmocka_unit_test(every_type_has_a_name),
	};

	return cmocka_run_group_tests_name("pilotd_events", tests, NULL, NULL);
}
