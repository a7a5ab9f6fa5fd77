/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integers as the internet's own protocols have them: big-endian. */
#ifndef PILOT_LIB_BE_H
#define PILOT_LIB_BE_H

#include <stdint.h>

static inline uint16_t be_get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t be_get32(const uint8_t *p)
{
	return (uint32_t)be_get16(p) << 16 | be_get16(p + 2);
}

static inline void be_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline void be_put32(uint8_t *p, uint32_t v)
{
	be_put16(p, v >> 16);
	be_put16(p + 2, v);
}

#endif /* PILOT_LIB_BE_H */
