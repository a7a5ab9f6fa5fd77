// SPDX-License-Identifier: GPL-2.0-or-later

#include "attr.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/pilot.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

_Static_assert((int)ENDPOINT_DIRECT == (int)PILOT_ENDPOINT_DIRECT &&
	       (int)ENDPOINT_RELAY == (int)PILOT_ENDPOINT_RELAY &&
	       (int)ENDPOINT_TURN == (int)PILOT_ENDPOINT_TURN,
	       "kinds have the kernel's numbers");

int attr_put_endpoint(struct nl_msg *msg, int type,
		      const struct endpoint *endpoint)
{
	struct nlattr *nest;
	int failed;

	/* An empty nest would be left out by the library. */
	if (!endpoint_is_set(endpoint))
		return nla_put(msg, type | NLA_F_NESTED, 0, NULL);
	nest = nla_nest_start(msg, type);
	failed = !nest;
	if (!endpoint_is_direct(endpoint)) {
		failed |= nla_put_u8(msg, PILOT_A_ENDPOINT_KIND,
				     endpoint->kind);
		failed |= nla_put_u32(msg, PILOT_A_ENDPOINT_ID, endpoint->id);
	}
	if (endpoint->family == AF_INET)
		failed |= nla_put(msg, PILOT_A_ENDPOINT_REMOTE_IP4,
				  sizeof(endpoint->in4), &endpoint->in4);
	else
		failed |= nla_put(msg, PILOT_A_ENDPOINT_REMOTE_IP6,
				  sizeof(endpoint->in6), &endpoint->in6);
	failed |= nla_put_u16(msg, PILOT_A_ENDPOINT_REMOTE_PORT,
			      htons(endpoint->port));
	if (endpoint->scope)
		failed |= nla_put_u32(msg, PILOT_A_ENDPOINT_SCOPE_ID,
				      endpoint->scope);
	if (nest)
		nla_nest_end(msg, nest);
	return failed;
}

static bool attr_has(struct nlattr *attr, int len)
{
	return attr && nla_len(attr) == len;
}

void attr_get_endpoint(struct nlattr *nest, struct endpoint *endpoint)
{
	struct nlattr *tb[PILOT_A_ENDPOINT_MAX + 1];
	struct endpoint ep = { .family = AF_UNSPEC };

	memset(endpoint, 0, sizeof(*endpoint));
	if (nla_parse_nested(tb, PILOT_A_ENDPOINT_MAX, nest, NULL) < 0)
		return;
	if (!attr_has(tb[PILOT_A_ENDPOINT_REMOTE_PORT], 2))
		return;
	if (attr_has(tb[PILOT_A_ENDPOINT_REMOTE_IP4], 4)) {
		ep.family = AF_INET;
		memcpy(&ep.in4, nla_data(tb[PILOT_A_ENDPOINT_REMOTE_IP4]), 4);
	} else if (attr_has(tb[PILOT_A_ENDPOINT_REMOTE_IP6], 16)) {
		ep.family = AF_INET6;
		memcpy(&ep.in6, nla_data(tb[PILOT_A_ENDPOINT_REMOTE_IP6]), 16);
	}
	ep.port = ntohs(nla_get_u16(tb[PILOT_A_ENDPOINT_REMOTE_PORT]));
	if (attr_has(tb[PILOT_A_ENDPOINT_SCOPE_ID], 4))
		ep.scope = nla_get_u32(tb[PILOT_A_ENDPOINT_SCOPE_ID]);
	if (attr_has(tb[PILOT_A_ENDPOINT_KIND], 1))
		ep.kind = nla_get_u8(tb[PILOT_A_ENDPOINT_KIND]);
	if (attr_has(tb[PILOT_A_ENDPOINT_ID], 4))
		ep.id = nla_get_u32(tb[PILOT_A_ENDPOINT_ID]);
	if (!endpoint_check(&ep))
		*endpoint = ep;
}

int attr_put_relay(struct nl_msg *msg, const struct relay_entry *entry)
{
	struct nlattr *nest = nla_nest_start(msg, PILOT_A_RELAY);
	int failed = !nest;

	failed |= nla_put_u32(msg, PILOT_A_RELAY_ID, entry->id);
	failed |= nla_put_u64(msg, PILOT_A_RELAY_FROM, entry->from);
	failed |= nla_put_u64(msg, PILOT_A_RELAY_TO, entry->to);
	failed |= nla_put_u32(msg, PILOT_A_RELAY_NEXT_ID, entry->next_id);
	failed |= nla_put_u32(msg, PILOT_A_RELAY_FLAGS, entry->signalling ?
			      PILOT_RELAY_F_SIGNALLING : 0);
	failed |= nla_put_u32(msg, PILOT_A_RELAY_PACKET_RATE,
			      entry->packet_rate);
	failed |= nla_put_u64(msg, PILOT_A_RELAY_BYTE_RATE, entry->byte_rate);
	failed |= nla_put_u64(msg, PILOT_A_RELAY_BYTES, entry->total_bytes);
	failed |= nla_put_u32(msg, PILOT_A_RELAY_SECONDS, entry->seconds);
	if (nest)
		nla_nest_end(msg, nest);
	return failed;
}

/* A lifetime that was set but is not told as left counts as over. */
static uint32_t attr_relay_left(struct nlattr **tb)
{
	uint64_t ms = 0;

	if (attr_has(tb[PILOT_A_RELAY_LEFT_MS], 8))
		ms = nla_get_u64(tb[PILOT_A_RELAY_LEFT_MS]);
	return ms > WIRE_RELAY_SECONDS_MAX * 1000ULL ? WIRE_RELAY_SECONDS_MAX :
						  (ms + 999) / 1000;
}

/* None left is not no limit. */
static uint64_t attr_relay_bytes(struct nlattr **tb)
{
	uint64_t left;

	if (!attr_has(tb[PILOT_A_RELAY_BYTES], 8))
		return 0;
	left = nla_get_u64(tb[PILOT_A_RELAY_BYTES]);
	return left ? left : 1;
}

bool attr_get_relay(struct nlattr *nest, struct relay_entry *entry)
{
	struct nlattr *tb[PILOT_A_RELAY_MAX + 1];

	memset(entry, 0, sizeof(*entry));
	if (nla_parse_nested(tb, PILOT_A_RELAY_MAX, nest, NULL) < 0 ||
	    !attr_has(tb[PILOT_A_RELAY_ID], 4) ||
	    !attr_has(tb[PILOT_A_RELAY_FROM], 8) ||
	    !attr_has(tb[PILOT_A_RELAY_TO], 8) ||
	    !attr_has(tb[PILOT_A_RELAY_NEXT_ID], 4))
		return false;
	entry->id = nla_get_u32(tb[PILOT_A_RELAY_ID]);
	entry->from = nla_get_u64(tb[PILOT_A_RELAY_FROM]);
	entry->to = nla_get_u64(tb[PILOT_A_RELAY_TO]);
	entry->next_id = nla_get_u32(tb[PILOT_A_RELAY_NEXT_ID]);
	if (attr_has(tb[PILOT_A_RELAY_FLAGS], 4))
		entry->signalling = nla_get_u32(tb[PILOT_A_RELAY_FLAGS]) &
				    PILOT_RELAY_F_SIGNALLING;
	if (attr_has(tb[PILOT_A_RELAY_PACKET_RATE], 4))
		entry->packet_rate =
			nla_get_u32(tb[PILOT_A_RELAY_PACKET_RATE]);
	if (attr_has(tb[PILOT_A_RELAY_BYTE_RATE], 8))
		entry->byte_rate = nla_get_u64(tb[PILOT_A_RELAY_BYTE_RATE]);
	entry->total_bytes = attr_relay_bytes(tb);
	entry->seconds = attr_relay_left(tb);
	return true;
}
