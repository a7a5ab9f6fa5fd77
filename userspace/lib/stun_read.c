// SPDX-License-Identifier: GPL-2.0-or-later
#include "stun_read.h"

#include <errno.h>
#include <string.h>

/* From a copy: libre counts references to the memory of what it reads. */
int stun_read(const uint8_t *bytes, size_t len, struct mbuf **mbp,
	      struct stun_msg **msgp)
{
	struct stun_unknown_attr unknown;
	struct mbuf *mb = mbuf_alloc(len);
	int ret;

	*msgp = NULL;
	*mbp = mb;
	if (!mb)
		return -ENOMEM;
	ret = mbuf_write_mem(mb, bytes, len);
	mb->pos = 0;
	if (!ret)
		ret = stun_msg_decode(msgp, mb, &unknown);
	if (ret)
		return ret == ENOMEM ? -ENOMEM : -EBADMSG;
	if (unknown.typec || (stun_msg_attr(*msgp, STUN_ATTR_FINGERPRINT) &&
			      stun_msg_chk_fingerprint(*msgp)))
		return -EBADMSG;
	return 0;
}

void stun_read_endpoint(const struct stun_msg *msg, uint16_t type,
			struct endpoint *endpoint)
{
	const struct stun_attr *attr = stun_msg_attr(msg, type);
	struct sockaddr_storage ss = { 0 };

	memset(endpoint, 0, sizeof(*endpoint));
	if (!attr)
		return;
	memcpy(&ss, &attr->v.sa.u, sizeof(attr->v.sa.u));
	if (endpoint_from_sockaddr(endpoint, &ss) || endpoint_check(endpoint))
		memset(endpoint, 0, sizeof(*endpoint));
}
