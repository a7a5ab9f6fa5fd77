// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "tlv.h"
#include "wire.h"

void tlv_read_begin(struct tlv_reader *r, const void *buf, size_t len)
{
	r->pos = buf;
	r->left = len;
}

int tlv_read(struct tlv_reader *r, struct tlv *tlv)
{
	if (!r->left)
		return 0;
	if (r->left < TLV_HEADER_LEN)
		return -EBADMSG;
	tlv->type = r->pos[0] | r->pos[1] << 8;
	tlv->len = r->pos[2] | r->pos[3] << 8;
	if (tlv->len > r->left - TLV_HEADER_LEN)
		return -EBADMSG;
	tlv->value = r->pos + TLV_HEADER_LEN;
	r->pos += TLV_HEADER_LEN + tlv->len;
	r->left -= TLV_HEADER_LEN + tlv->len;
	return 1;
}

void tlv_write_begin(struct tlv_writer *w, void *buf, size_t size)
{
	w->buf = buf;
	w->size = size;
	w->len = 0;
	w->err = 0;
}

void tlv_write(struct tlv_writer *w, uint16_t type, const void *value,
	       uint16_t len)
{
	uint8_t *p = w->buf + w->len;

	if (w->err || w->size - w->len < TLV_HEADER_LEN + (size_t)len) {
		w->err = -ENOSPC;
		return;
	}
	p[0] = type;
	p[1] = type >> 8;
	p[2] = len;
	p[3] = len >> 8;
	if (len)
		memcpy(p + TLV_HEADER_LEN, value, len);
	w->len += TLV_HEADER_LEN + len;
}

void tlv_write_u8(struct tlv_writer *w, uint16_t type, uint8_t v)
{
	tlv_write(w, type, &v, sizeof(v));
}

void tlv_write_u32(struct tlv_writer *w, uint16_t type, uint32_t v)
{
	uint8_t buf[4];

	wire_put32(buf, v);
	tlv_write(w, type, buf, sizeof(buf));
}

void tlv_write_u64(struct tlv_writer *w, uint16_t type, uint64_t v)
{
	uint8_t buf[8];

	wire_put64(buf, v);
	tlv_write(w, type, buf, sizeof(buf));
}
