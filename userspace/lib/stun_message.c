// SPDX-License-Identifier: GPL-2.0-or-later
#include "stun_message.h"

#include <errno.h>
#include <string.h>

#include "be.h"
#include "stun_read.h"

#define STUN_COOKIE	0x2112a442U

size_t stun_request_write(uint8_t out[static STUN_REQUEST_MAX],
			  const uint8_t tid[static STUN_TID_LEN],
			  unsigned int change)
{
	const struct stun_change_req wanted = {
		.ip = change & STUN_CHANGE_ADDRESS,
		.port = change & STUN_CHANGE_PORT,
	};
	struct mbuf *mb = mbuf_alloc(STUN_REQUEST_MAX);
	size_t len = 0;

	if (!mb)
		return 0;
	if (!stun_msg_encode(mb, STUN_METHOD_BINDING, STUN_CLASS_REQUEST, tid,
			     NULL, NULL, 0, true, 0, 1, STUN_ATTR_CHANGE_REQ,
			     change ? &wanted : NULL) &&
	    mb->end <= STUN_REQUEST_MAX) {
		len = mb->end;
		memcpy(out, mb->buf, len);
	}
	mem_deref(mb);
	return len;
}

/*
 * Nothing may stand behind the message: libre takes the length in the header
 * for a hint where an attribute crosses it.
 */
bool stun_is_message(const uint8_t *bytes, size_t len)
{
	return len >= STUN_MESSAGE_MIN && len <= STUN_MESSAGE_MAX &&
	       !(bytes[0] & 0xc0) && !(len & 3) &&
	       (size_t)(bytes[2] << 8 | bytes[3]) == len - STUN_MESSAGE_MIN &&
	       be_get32(bytes + 4) == STUN_COOKIE;
}

static int parse(const struct stun_msg *msg, struct stun_response *response)
{
	const struct stun_attr *error;

	if (stun_msg_method(msg) != STUN_METHOD_BINDING)
		return -EBADMSG;
	if (stun_msg_class(msg) == STUN_CLASS_ERROR_RESP) {
		error = stun_msg_attr(msg, STUN_ATTR_ERR_CODE);
		if (!error || !error->v.err_code.code)
			return -EBADMSG;
		response->error = error->v.err_code.code;
		return 0;
	}
	if (stun_msg_class(msg) != STUN_CLASS_SUCCESS_RESP)
		return -EBADMSG;
	stun_read_endpoint(msg, STUN_ATTR_XOR_MAPPED_ADDR, &response->mapped);
	if (!endpoint_is_set(&response->mapped))
		stun_read_endpoint(msg, STUN_ATTR_MAPPED_ADDR,
				   &response->mapped);
	stun_read_endpoint(msg, STUN_ATTR_OTHER_ADDR, &response->other);
	return endpoint_is_set(&response->mapped) ? 0 : -EBADMSG;
}

int stun_response_parse(const uint8_t *bytes, size_t len,
			struct stun_response *response)
{
	struct stun_msg *msg;
	struct mbuf *mb;
	int ret;

	memset(response, 0, sizeof(*response));
	ret = stun_read(bytes, len, &mb, &msg);
	if (!ret)
		ret = parse(msg, response);
	mem_deref(msg);
	mem_deref(mb);
	if (ret)
		memset(response, 0, sizeof(*response));
	return ret;
}
