// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "attr.h"

int attr_each(const void *data, size_t length, attr_callback callback,
	      void *context)
{
	const char *next = data;
	const char *end = next + length;
	const struct nlattr *attr;
	size_t step;
	int ret;

	while (next < end) {
		if ((size_t)(end - next) < sizeof(*attr))
			return -EBADMSG;
		attr = (const struct nlattr *)next;
		if (attr->nla_len < sizeof(*attr) ||
		    attr->nla_len > (size_t)(end - next))
			return -EBADMSG;
		ret = callback(attr, context);
		if (ret)
			return ret;
		/* The padding of the last attribute may be missing. */
		step = MNL_ALIGN(attr->nla_len);
		if (step >= (size_t)(end - next))
			break;
		next += step;
	}
	return 0;
}

int attr_each_nested(const struct nlattr *nest, attr_callback callback,
		     void *context)
{
	return attr_each(mnl_attr_get_payload(nest),
			 mnl_attr_get_payload_len(nest), callback, context);
}

int attr_bytes(const struct nlattr *attr, void *value, size_t length)
{
	if (mnl_attr_get_payload_len(attr) != length)
		return -EBADMSG;
	memcpy(value, mnl_attr_get_payload(attr), length);
	return 0;
}

int attr_u8(const struct nlattr *attr, uint8_t *value)
{
	return attr_bytes(attr, value, sizeof(*value));
}

int attr_u16(const struct nlattr *attr, uint16_t *value)
{
	return attr_bytes(attr, value, sizeof(*value));
}

int attr_u32(const struct nlattr *attr, uint32_t *value)
{
	return attr_bytes(attr, value, sizeof(*value));
}

int attr_u64(const struct nlattr *attr, uint64_t *value)
{
	return attr_bytes(attr, value, sizeof(*value));
}

/* The text must end within the attribute and fit in @size bytes. */
int attr_text(const struct nlattr *attr, char *text, size_t size)
{
	const char *payload = mnl_attr_get_payload(attr);
	size_t length = mnl_attr_get_payload_len(attr);

	if (!memchr(payload, '\0', length) || strlen(payload) >= size)
		return -EBADMSG;
	strcpy(text, payload);
	return 0;
}
