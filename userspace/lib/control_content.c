// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "control_content.h"

int control_content_parse(const uint8_t *bytes, size_t len,
			  struct control_content *content)
{
	struct tlv_reader r;
	struct tlv tlv;
	int ret;

	/* The flags and what is behind them have no meaning yet. */
	if (len < WIRE_CONTROL_HEAD || bytes[1] || bytes[2] || bytes[3])
		return -EBADMSG;
	content->type = bytes[0];
	content->tlvs = bytes + WIRE_CONTROL_HEAD;
	content->len = len - WIRE_CONTROL_HEAD;
	tlv_read_begin(&r, content->tlvs, content->len);
	do {
		ret = tlv_read(&r, &tlv);
	} while (ret > 0);
	return ret;
}

/* IPv4 in its IPv6 form would be a second way to write the same. */
int control_endpoint_read(const uint8_t *value, size_t len,
			  struct endpoint *ep)
{
	memset(ep, 0, sizeof(*ep));
	if (len == WIRE_ENDPOINT4_LEN && value[0] == 4) {
		ep->family = AF_INET;
		memcpy(&ep->in4, value + 3, sizeof(ep->in4));
	} else if (len == WIRE_ENDPOINT6_LEN && value[0] == 6) {
		ep->family = AF_INET6;
		memcpy(&ep->in6, value + 3, sizeof(ep->in6));
		if (IN6_IS_ADDR_V4MAPPED(&ep->in6))
			return -EBADMSG;
	} else {
		return -EBADMSG;
	}
	ep->port = wire_get16(value + 1);
	return endpoint_check(ep) ? -EBADMSG : 0;
}

size_t control_endpoint_write(uint8_t value[static WIRE_ENDPOINT6_LEN],
			      const struct endpoint *ep)
{
	value[0] = ep->family == AF_INET6 ? 6 : 4;
	wire_put16(value + 1, ep->port);
	if (ep->family == AF_INET6) {
		memcpy(value + 3, &ep->in6, sizeof(ep->in6));
		return WIRE_ENDPOINT6_LEN;
	}
	memcpy(value + 3, &ep->in4, sizeof(ep->in4));
	return WIRE_ENDPOINT4_LEN;
}

struct control_tlvs {
	uint64_t token;
	struct endpoint observed;
};

#define CONTROL_NEED	(1U << WIRE_CONTROL_TLV_TOKEN)

static int control_tlv_read(const struct tlv *tlv, struct control_tlvs *tlvs)
{
	if (tlv->type == WIRE_CONTROL_TLV_OBSERVED)
		return control_endpoint_read(tlv->value, tlv->len,
					     &tlvs->observed);
	if (tlv->len != sizeof(tlvs->token))
		return -EBADMSG;
	tlvs->token = wire_get64(tlv->value);
	return 0;
}

/* What is needed once, what is known at most once, the rest skipped. */
static int control_tlvs_read(const struct control_content *content,
			     struct control_tlvs *tlvs)
{
	unsigned int seen = 0;
	struct tlv_reader r;
	struct tlv tlv;
	int ret;

	memset(tlvs, 0, sizeof(*tlvs));
	tlv_read_begin(&r, content->tlvs, content->len);
	while ((ret = tlv_read(&r, &tlv)) > 0) {
		if (tlv.type == WIRE_CONTROL_TLV_PADDING ||
		    tlv.type > WIRE_CONTROL_TLV_OBSERVED)
			continue;
		if (seen & 1U << tlv.type || control_tlv_read(&tlv, tlvs))
			return -EBADMSG;
		seen |= 1U << tlv.type;
	}
	return ret || (seen & CONTROL_NEED) != CONTROL_NEED ? -EBADMSG : 0;
}

int control_ping_read(const struct control_content *content, uint64_t *token)
{
	struct control_tlvs tlvs;

	if (control_tlvs_read(content, &tlvs))
		return -EBADMSG;
	*token = tlvs.token;
	return 0;
}

int control_pong_read(const struct control_content *content, uint64_t *token,
		      struct endpoint *observed)
{
	struct control_tlvs tlvs;

	if (control_tlvs_read(content, &tlvs))
		return -EBADMSG;
	*token = tlvs.token;
	*observed = tlvs.observed;
	return 0;
}

static void control_head_put(uint8_t *buf, uint8_t type)
{
	memset(buf, 0, WIRE_CONTROL_HEAD);
	buf[0] = type;
}

int control_content_write(uint8_t *buf, size_t size, uint8_t type,
			  const void *tlvs, size_t len)
{
	if (size < WIRE_CONTROL_HEAD || len > size - WIRE_CONTROL_HEAD)
		return -EMSGSIZE;
	control_head_put(buf, type);
	if (len)
		memcpy(buf + WIRE_CONTROL_HEAD, tlvs, len);
	return WIRE_CONTROL_HEAD + len;
}

void control_ping_write(uint8_t *buf, uint64_t token)
{
	static const uint8_t zeros[CONTROL_PING_LEN];
	struct tlv_writer w;

	control_head_put(buf, WIRE_CONTROL_PING);
	tlv_write_begin(&w, buf + WIRE_CONTROL_HEAD,
			CONTROL_PING_LEN - WIRE_CONTROL_HEAD);
	tlv_write_u64(&w, WIRE_CONTROL_TLV_TOKEN, token);
	tlv_write(&w, WIRE_CONTROL_TLV_PADDING, zeros,
		  w.size - w.len - TLV_HEADER_LEN);
}

size_t control_pong_write(uint8_t *buf, uint64_t token,
			  const struct endpoint *observed)
{
	uint8_t value[WIRE_ENDPOINT6_LEN];
	struct tlv_writer w;

	control_head_put(buf, WIRE_CONTROL_PONG);
	tlv_write_begin(&w, buf + WIRE_CONTROL_HEAD,
			CONTROL_PONG_MAX - WIRE_CONTROL_HEAD);
	tlv_write_u64(&w, WIRE_CONTROL_TLV_TOKEN, token);
	if (endpoint_is_set(observed) && endpoint_is_direct(observed))
		tlv_write(&w, WIRE_CONTROL_TLV_OBSERVED, value,
			  control_endpoint_write(value, observed));
	return WIRE_CONTROL_HEAD + w.len;
}
