// SPDX-License-Identifier: GPL-2.0-or-later

#include "events.h"

#include <string.h>

#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "attr.h"

/* The address has the same number in the nests of devices and peers. */
_Static_assert((int)PILOT_A_DEV_ADDRESS == (int)PILOT_A_PEER_ADDRESS,
	       "one policy serves both");

static bool parse_address(struct nlattr *nest, uint64_t *address,
			  struct nlattr **endpoint)
{
	struct nlattr *tb[PILOT_A_PEER_MAX + 1], *attr;

	if (!nest || nla_parse_nested(tb, PILOT_A_PEER_MAX, nest, NULL) < 0)
		return false;
	attr = tb[PILOT_A_PEER_ADDRESS];
	if (!attr || nla_len(attr) != 8)
		return false;
	*address = nla_get_u64(attr);
	if (endpoint)
		*endpoint = tb[PILOT_A_PEER_ENDPOINT];
	return true;
}

static void parse_key(struct nlattr *nest, struct kernel_event *event)
{
	struct nlattr *tb[PILOT_A_KEY_MAX + 1];

	if (nla_parse_nested(tb, PILOT_A_KEY_MAX, nest, NULL) < 0)
		return;
	if (tb[PILOT_A_KEY_LANE] && nla_len(tb[PILOT_A_KEY_LANE]) == 1)
		event->lane = nla_get_u8(tb[PILOT_A_KEY_LANE]);
	if (tb[PILOT_A_KEY_EPOCH] && nla_len(tb[PILOT_A_KEY_EPOCH]) == 4)
		event->epoch = nla_get_u32(tb[PILOT_A_KEY_EPOCH]);
}

static bool parse_event(struct nlmsghdr *nlh, struct kernel_event *event)
{
	struct nlattr *tb[PILOT_A_MAX + 1], *in[PILOT_A_EVENT_MAX + 1];
	struct nlattr *endpoint = NULL;

	memset(event, 0, sizeof(*event));
	if (!genlmsg_valid_hdr(nlh, 0) ||
	    genlmsg_hdr(nlh)->cmd != PILOT_CMD_EVENT ||
	    genlmsg_parse(nlh, 0, tb, PILOT_A_MAX, NULL) < 0 ||
	    !tb[PILOT_A_EVENT] ||
	    nla_parse_nested(in, PILOT_A_EVENT_MAX, tb[PILOT_A_EVENT],
			     NULL) < 0)
		return false;
	if (!in[PILOT_A_EVENT_TYPE] || nla_len(in[PILOT_A_EVENT_TYPE]) != 1 ||
	    !parse_address(tb[PILOT_A_DEV], &event->agent, NULL))
		return false;
	event->type = nla_get_u8(in[PILOT_A_EVENT_TYPE]);
	if (in[PILOT_A_EVENT_REASON] && nla_len(in[PILOT_A_EVENT_REASON]) == 1)
		event->reason = nla_get_u8(in[PILOT_A_EVENT_REASON]);
	if (parse_address(tb[PILOT_A_PEER], &event->peer, &endpoint) &&
	    endpoint)
		attr_get_endpoint(endpoint, &event->endpoint);
	if (tb[PILOT_A_KEY])
		parse_key(tb[PILOT_A_KEY], event);
	return true;
}

unsigned int events_parse(const void *bytes, size_t len, kernel_event_fn fn,
			  void *ctx)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)bytes;
	struct kernel_event event;
	unsigned int n = 0;
	int rest = len;

	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest)) {
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE ||
		    !parse_event(nlh, &event))
			continue;
		fn(ctx, &event);
		n++;
	}
	return n;
}

const char *event_type_name(uint8_t type)
{
	static const char *const names[] = {
		[PILOT_EVENT_ACQUIRE] = "acquire",
		[PILOT_EVENT_SOFT_LIMIT] = "soft-limit",
		[PILOT_EVENT_HARD_LIMIT] = "hard-limit",
		[PILOT_EVENT_KEY_CURRENT] = "key-current",
		[PILOT_EVENT_ENDPOINT_MOVED] = "endpoint-moved",
		[PILOT_EVENT_PEER_IDLE] = "peer-idle",
		[PILOT_EVENT_PEER_SILENT] = "peer-silent",
		[PILOT_EVENT_SOCKET_GONE] = "socket-gone",
		[PILOT_EVENT_PEER_ACTIVE] = "peer-active",
	};

	if (type >= sizeof(names) / sizeof(names[0]) || !names[type])
		return "unknown";
	return names[type];
}
