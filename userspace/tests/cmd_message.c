// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../pilot-link/message.h"
#include "check.h"
#include "cmd_message.h"

#define BUFFER_SIZE	8192

static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

struct nlmsghdr *message_begin(void)
{
	memset(buffer, 0, sizeof(buffer));
	return mnl_nlmsg_put_header(buffer);
}

struct nlmsghdr *message_start(uint8_t command, uint32_t ifindex)
{
	struct nlmsghdr *message = message_begin();
	struct genlmsghdr *head;

	message->nlmsg_type = GENL_MIN_ID;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->cmd = command;
	head->version = PILOT_FAMILY_VERSION;
	mnl_attr_put_u32(message, PILOT_A_IFINDEX, ifindex);
	return message;
}

void check_cut(const struct nlmsghdr *whole, message_parse_fn parse)
{
	struct nlmsghdr *message;
	uint32_t length;

	for (length = sizeof(*whole); length < whole->nlmsg_len; length++) {
		message = malloc(length);
		memcpy(message, whole, length);
		message->nlmsg_len = length;
		assert_int_not_equal(parse(message), -ENOMEM);
		/* The last nest reaches to the end, so any cut breaks it. */
		assert_int_equal(parse(message), -EBADMSG);
		free(message);
	}
	assert_int_equal(parse(whole), 0);
}

void check_lengths(const struct nlmsghdr *whole, message_parse_fn parse)
{
	char *copy = malloc(whole->nlmsg_len);
	size_t offset;

	for (offset = NLMSG_HDRLEN + GENL_HDRLEN;
	     offset + sizeof(struct nlattr) <= whole->nlmsg_len; offset += 4) {
		memcpy(copy, whole, whole->nlmsg_len);
		((struct nlattr *)(copy + offset))->nla_len ^= 1;
		parse((struct nlmsghdr *)copy);
		((struct nlattr *)(copy + offset))->nla_len = 0xffff;
		parse((struct nlmsghdr *)copy);
		((struct nlattr *)(copy + offset))->nla_len = 3;
		parse((struct nlmsghdr *)copy);
	}
	free(copy);
}

void check_json(json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);

	assert_string_equal(text, expected);
	free(text);
	json_decref(value);
}

void capture(void (*print)(void *), void *context, char *text, size_t size)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	int saved = dup(STDOUT_FILENO);
	ssize_t length;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	print(context);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	length = pread(fd, text, size - 1, 0);
	close(fd);
	assert_true(length > 0);
	text[length] = '\0';
}

int try_device(const struct nlmsghdr *message)
{
	struct message_device device;

	return message_parse_device(message, &device);
}

int try_peer(const struct nlmsghdr *message)
{
	struct message_peer peer;
	int ret = message_parse_peer(message, &peer);

	if (!ret)
		message_free_peer(&peer);
	return ret;
}

int try_relay(const struct nlmsghdr *message)
{
	struct message_relay relay;

	return message_parse_relay(message, &relay);
}
