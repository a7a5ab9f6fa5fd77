// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "config.h"
#include "config_value.h"
#include "error.h"

int value_parse_u64(const char *text, uint64_t min, uint64_t max,
		    uint64_t *number)
{
	uint64_t value = 0;
	unsigned int digit;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		digit = *text - '0';
		if (value > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

int value_parse_bool(const char *text, uint32_t *flag, char *error)
{
	if (!strcmp(text, "yes"))
		*flag = 1;
	else if (!strcmp(text, "no"))
		*flag = 0;
	else
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad value \"%.64s\"; expected yes or no",
				 text);
	return 0;
}

/*
 * The length of one character's encoding, 0 when it is none (RFC 3629) or
 * one of the C1 control characters.
 */
static size_t utf8_char(const uint8_t *p, size_t left)
{
	size_t need, i;
	uint32_t c;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		need = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		need = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (need > left)
		return 0;
	c = p[0] & (0xff >> (need + 1));
	for (i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((need == 3 && c < 0x800) || (need == 4 && c < 0x10000) ||
	    c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c < 0xa0)
		return 0;
	return need;
}

bool value_is_utf8(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t step;

	while (len) {
		step = utf8_char(p, len);
		if (!step)
			return false;
		p += step;
		len -= step;
	}
	return true;
}

bool value_is_clean(const char *text)
{
	const char *p;

	for (p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '#' ||
		    *p == '"')
			return false;
	}
	/* What the parser trims would not come back from a file. */
	if (p > text && (*text == ' ' || p[-1] == ' '))
		return false;
	return value_is_utf8(text, p - text);
}

bool value_is_path(const char *text)
{
	const char *part = text;
	size_t len;

	if (*text != '/' || strlen(text) >= CONFIG_PATH_LEN ||
	    strchr(text, ' ') || !value_is_clean(text))
		return false;
	while (*part) {
		part++;
		len = strcspn(part, "/");
		if (!len || (len == 1 && *part == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += len;
	}
	return true;
}

bool config_ifname_valid(const char *name)
{
	const char *p;

	if (!*name || strlen(name) >= IFNAMSIZ || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	for (p = name; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '/' || *p == ':' ||
		    *p == '"' || *p == '#' || *p == '%')
			return false;
	}
	return true;
}

bool config_netns_valid(const char *name)
{
	const char *p;

	if (!*name || *name == '.' || strlen(name) >= CONFIG_NETNS_LEN)
		return false;
	for (p = name; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '/' || *p == '"' ||
		    *p == '#')
			return false;
	}
	return true;
}

bool value_is_host(const char *text)
{
	size_t len = strlen(text);

	return len && len < CONFIG_NAME_LEN && *text != '-' && *text != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == len;
}

int value_copy_path(char path[static CONFIG_PATH_LEN], const char *value,
		    char *error)
{
	if (!value_is_path(value))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad path \"%.64s\"; expected an absolute one without \"..\", up to %d bytes",
				 value, CONFIG_PATH_LEN - 1);
	memset(path, 0, CONFIG_PATH_LEN);
	memcpy(path, value, strlen(value));
	return 0;
}
