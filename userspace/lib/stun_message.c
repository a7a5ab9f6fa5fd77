// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libre writes and reads the attributes; its sockets and its loop are not
 * used. Its headers want to be told what the system has.
 */
#define HAVE_INTTYPES_H	1
#define HAVE_STDBOOL_H	1
#define HAVE_INET6	1

#include <errno.h>
#include <string.h>

#include <re_types.h>
#include <re_mem.h>
#include <re_mbuf.h>
#include <re_list.h>
#include <re_sa.h>
#include <re_stun.h>

#include "stun_message.h"

#define STUN_COOKIE	0x2112a442U

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

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
	       get_be32(bytes + 4) == STUN_COOKIE;
}

/* What cannot be sent to is as good as none. */
static void get_endpoint(const struct stun_msg *msg, uint16_t type,
			 struct endpoint *endpoint)
{
	const struct stun_attr *attr = stun_msg_attr(msg, type);
	struct sockaddr_storage ss = { 0 };

	if (!attr)
		return;
	memcpy(&ss, &attr->v.sa.u, sizeof(attr->v.sa.u));
	if (endpoint_from_sockaddr(endpoint, &ss) || endpoint_check(endpoint))
		memset(endpoint, 0, sizeof(*endpoint));
}

static int parse(const struct stun_msg *msg, struct stun_response *response)
{
	const struct stun_attr *error;

	if (stun_msg_method(msg) != STUN_METHOD_BINDING ||
	    (stun_msg_attr(msg, STUN_ATTR_FINGERPRINT) &&
	     stun_msg_chk_fingerprint(msg)))
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
	get_endpoint(msg, STUN_ATTR_XOR_MAPPED_ADDR, &response->mapped);
	if (!endpoint_is_set(&response->mapped))
		get_endpoint(msg, STUN_ATTR_MAPPED_ADDR, &response->mapped);
	get_endpoint(msg, STUN_ATTR_OTHER_ADDR, &response->other);
	return endpoint_is_set(&response->mapped) ? 0 : -EBADMSG;
}

int stun_response_parse(const uint8_t *bytes, size_t len,
			struct stun_response *response)
{
	struct stun_unknown_attr unknown;
	struct stun_msg *msg = NULL;
	struct mbuf *mb;
	int ret;

	memset(response, 0, sizeof(*response));
	/* A copy: libre counts references to the memory of what it reads. */
	mb = mbuf_alloc(len);
	if (!mb)
		return -ENOMEM;
	ret = mbuf_write_mem(mb, bytes, len);
	mb->pos = 0;
	if (!ret)
		ret = stun_msg_decode(&msg, mb, &unknown);
	if (ret)
		ret = ret == ENOMEM ? -ENOMEM : -EBADMSG;
	else
		ret = unknown.typec ? -EBADMSG : parse(msg, response);
	mem_deref(msg);
	mem_deref(mb);
	if (ret)
		memset(response, 0, sizeof(*response));
	return ret;
}
