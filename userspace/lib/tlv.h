/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Type, length, value: u16 type, u16 length, both little-endian, bytes. */
#ifndef PILOT_LIB_TLV_H
#define PILOT_LIB_TLV_H

#include <stddef.h>
#include <stdint.h>

#define TLV_HEADER_LEN	4

struct tlv_reader {
	const uint8_t *pos;
	size_t left;
};

struct tlv {
	uint16_t type;
	uint16_t len;
	const uint8_t *value;
};

struct tlv_writer {
	uint8_t *buf;
	size_t size;
	size_t len;
	int err;		/* -ENOSPC once something did not fit */
};

void tlv_read_begin(struct tlv_reader *r, const void *buf, size_t len);
/* Return: 1 with the next one, 0 at the end, -EBADMSG when cut short. */
int tlv_read(struct tlv_reader *r, struct tlv *tlv);

void tlv_write_begin(struct tlv_writer *w, void *buf, size_t size);
void tlv_write(struct tlv_writer *w, uint16_t type, const void *value,
	       uint16_t len);
void tlv_write_u8(struct tlv_writer *w, uint16_t type, uint8_t v);
void tlv_write_u32(struct tlv_writer *w, uint16_t type, uint32_t v);
void tlv_write_u64(struct tlv_writer *w, uint16_t type, uint64_t v);

#endif /* PILOT_LIB_TLV_H */
