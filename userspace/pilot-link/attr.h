/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink attributes read strictly: what is cut or has the wrong size makes
 * the whole message an error, what is unknown is passed over.
 */
#ifndef PILOT_LINK_ATTR_H
#define PILOT_LINK_ATTR_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* Returns 0 or -errno to stop. */
typedef int (*attr_callback)(const struct nlattr *attr, void *context);

int attr_each(const void *data, size_t length, attr_callback callback,
	      void *context);
int attr_each_nested(const struct nlattr *nest, attr_callback callback,
		     void *context);
int attr_u8(const struct nlattr *attr, uint8_t *value);
int attr_u16(const struct nlattr *attr, uint16_t *value);
int attr_u32(const struct nlattr *attr, uint32_t *value);
int attr_u64(const struct nlattr *attr, uint64_t *value);
int attr_bytes(const struct nlattr *attr, void *value, size_t length);
int attr_text(const struct nlattr *attr, char *text, size_t size);

#endif /* PILOT_LINK_ATTR_H */
