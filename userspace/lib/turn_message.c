// SPDX-License-Identifier: GPL-2.0-or-later
#include "turn_message.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "be.h"
#include "stun_read.h"

#include <re_md5.h>

#define TURN_TYPE_DATA	0x0017		/* an indication of method 7 */

static const uint16_t turn_methods[] = {
	[TURN_ALLOCATE] = STUN_METHOD_ALLOCATE,
	[TURN_REFRESH] = STUN_METHOD_REFRESH,
	[TURN_PERMISSION] = STUN_METHOD_CREATEPERM,
	[TURN_CHANNEL] = STUN_METHOD_CHANBIND,
};

void turn_key(uint8_t key[static TURN_KEY_LEN], const char *user,
	      const char *realm, const char *password)
{
	char text[3 * TURN_TEXT_LEN];
	int len = snprintf(text, sizeof(text), "%s:%s:%s", user, realm,
			   password);

	md5((const uint8_t *)text, len, key);
	sodium_memzero(text, sizeof(text));
}

static int turn_encode(struct mbuf *mb, const struct turn_request *request,
		       const char *user, const struct turn_realm *realm)
{
	const uint8_t udp = IPPROTO_UDP;
	bool life = request->method <= TURN_REFRESH;
	bool peer = request->method >= TURN_PERMISSION;
	struct sockaddr_storage ss = { 0 };
	struct sa sa;

	if (peer && (!endpoint_to_sockaddr(&request->peer, &ss) ||
		     sa_set_sa(&sa, (const struct sockaddr *)&ss)))
		return EINVAL;
	return stun_msg_encode(mb, turn_methods[request->method],
		STUN_CLASS_REQUEST, request->tid, NULL,
		realm ? realm->key : NULL, realm ? TURN_KEY_LEN : 0, true, 0,
		7,
		STUN_ATTR_REQ_TRANSPORT,
		request->method == TURN_ALLOCATE ? &udp : NULL,
		STUN_ATTR_LIFETIME, life ? &request->lifetime : NULL,
		STUN_ATTR_CHANNEL_NUMBER,
		request->method == TURN_CHANNEL ? &request->channel : NULL,
		STUN_ATTR_XOR_PEER_ADDR, peer ? &sa : NULL,
		STUN_ATTR_USERNAME, realm ? user : NULL,
		STUN_ATTR_REALM, realm ? realm->realm : NULL,
		STUN_ATTR_NONCE, realm ? realm->nonce : NULL);
}

size_t turn_request_write(uint8_t out[static TURN_REQUEST_MAX],
			  const struct turn_request *request,
			  const char *user, const struct turn_realm *realm)
{
	struct mbuf *mb = mbuf_alloc(TURN_REQUEST_MAX);
	size_t len = 0;

	if (!mb)
		return 0;
	if (!turn_encode(mb, request, user, realm) &&
	    mb->end <= TURN_REQUEST_MAX) {
		len = mb->end;
		memcpy(out, mb->buf, len);
	}
	mem_deref(mb);
	return len;
}

/* One that is too long is as good as none. */
static void get_text(const struct stun_msg *msg, uint16_t type,
		     char text[static TURN_TEXT_LEN])
{
	const struct stun_attr *attr = stun_msg_attr(msg, type);

	if (attr && attr->v.str && strlen(attr->v.str) < TURN_TEXT_LEN)
		strcpy(text, attr->v.str);
}

static int turn_read(const struct stun_msg *msg, enum turn_method method,
		     const uint8_t *key, struct turn_answer *answer)
{
	const struct stun_attr *attr;
	bool refused = stun_msg_class(msg) == STUN_CLASS_ERROR_RESP;

	if (stun_msg_method(msg) != turn_methods[method] ||
	    (!refused && stun_msg_class(msg) != STUN_CLASS_SUCCESS_RESP))
		return -EBADMSG;
	if (key && stun_msg_attr(msg, STUN_ATTR_MSG_INTEGRITY)) {
		if (stun_msg_chk_mi(msg, key, TURN_KEY_LEN))
			return -EBADMSG;
		answer->authentic = true;
	}
	get_text(msg, STUN_ATTR_REALM, answer->realm);
	get_text(msg, STUN_ATTR_NONCE, answer->nonce);
	stun_read_endpoint(msg, STUN_ATTR_XOR_RELAY_ADDR, &answer->relayed);
	stun_read_endpoint(msg, STUN_ATTR_XOR_MAPPED_ADDR, &answer->mapped);
	stun_read_endpoint(msg, STUN_ATTR_ALT_SERVER, &answer->alternate);
	attr = stun_msg_attr(msg, STUN_ATTR_LIFETIME);
	if (attr)
		answer->lifetime = attr->v.lifetime;
	if (!refused)
		return 0;
	attr = stun_msg_attr(msg, STUN_ATTR_ERR_CODE);
	if (!attr || !attr->v.err_code.code)
		return -EBADMSG;
	answer->error = attr->v.err_code.code;
	return 0;
}

int turn_answer_parse(const uint8_t *bytes, size_t len,
		      enum turn_method method, const uint8_t *key,
		      struct turn_answer *answer)
{
	struct stun_msg *msg;
	struct mbuf *mb;
	int ret;

	memset(answer, 0, sizeof(*answer));
	ret = stun_read(bytes, len, &mb, &msg);
	if (!ret)
		ret = turn_read(msg, method, key, answer);
	mem_deref(msg);
	mem_deref(mb);
	if (ret)
		memset(answer, 0, sizeof(*answer));
	return ret;
}

bool turn_is_data(const uint8_t *bytes)
{
	return be_get16(bytes) == TURN_TYPE_DATA;
}

static int turn_data_read(const struct stun_msg *msg, struct turn_data *data)
{
	const struct stun_attr *attr = stun_msg_attr(msg, STUN_ATTR_DATA);

	stun_read_endpoint(msg, STUN_ATTR_XOR_PEER_ADDR, &data->peer);
	if (!attr || !endpoint_is_set(&data->peer))
		return -EBADMSG;
	data->len = mbuf_get_left(&attr->v.mb);
	if (!data->len || data->len > sizeof(data->bytes))
		return -EBADMSG;
	memcpy(data->bytes, mbuf_buf(&attr->v.mb), data->len);
	return 0;
}

int turn_data_parse(const uint8_t *bytes, size_t len, struct turn_data *data)
{
	struct stun_msg *msg;
	struct mbuf *mb;
	int ret;

	memset(data, 0, offsetof(struct turn_data, bytes));
	ret = stun_read(bytes, len, &mb, &msg);
	if (!ret)
		ret = turn_is_data(bytes) ? turn_data_read(msg, data) :
					    -EBADMSG;
	mem_deref(msg);
	mem_deref(mb);
	return ret;
}
