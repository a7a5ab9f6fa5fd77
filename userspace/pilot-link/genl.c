// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests and dumps over netlink, with the kernel's own words for what it
 * refuses. rtnl.c uses the same on its bus.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <string.h>
#include <time.h>

#include "attr.h"
#include "genl.h"
#include "print.h"
#include "tool.h"

#define GENL_DUMP_TRIES		16

int genl_open_bus(struct genl *genl, int bus)
{
	int on = 1;

	memset(genl, 0, sizeof(*genl));
	genl->nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!genl->nl)
		return -errno;
	if (mnl_socket_bind(genl->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;

		genl_close(genl);
		return error;
	}
	/* Old kernels know neither; then refusals come without words. */
	mnl_socket_setsockopt(genl->nl, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(genl->nl, NETLINK_CAP_ACK, &on, sizeof(on));
	genl->sequence = (uint32_t)time(NULL);
	return 0;
}

void genl_close(struct genl *genl)
{
	if (genl->nl)
		mnl_socket_close(genl->nl);
	genl->nl = NULL;
}

static int genl_error_attr(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		return attr_text(attr, context, GENL_TEXT_LEN);
	return 0;
}

/*
 * Reads an NLMSG_ERROR or NLMSG_DONE. @text gets what the kernel says about
 * it, or becomes empty; it holds GENL_TEXT_LEN bytes.
 *
 * Return: the error that the message carries, -EBADMSG for a message that is
 * cut, 0 for success.
 */
int genl_error_parse(const struct nlmsghdr *message, char *text, size_t size)
{
	const char *payload = mnl_nlmsg_get_payload(message);
	size_t length = mnl_nlmsg_get_payload_len(message);
	struct nlmsgerr head;
	size_t skip;
	int error;

	text[0] = '\0';
	if (message->nlmsg_len < MNL_NLMSG_HDRLEN)
		return -EBADMSG;
	if (message->nlmsg_type == NLMSG_DONE) {
		/* A dump may end without a word about errors. */
		if (!length)
			return 0;
		if (length < sizeof(error))
			return -EBADMSG;
		memcpy(&error, payload, sizeof(error));
		skip = sizeof(error);
	} else {
		if (length < sizeof(head))
			return -EBADMSG;
		memcpy(&head, payload, sizeof(head));
		error = head.error;
		skip = sizeof(head);
		if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
			if (head.msg.nlmsg_len < sizeof(head.msg) ||
			    head.msg.nlmsg_len - sizeof(head.msg) > length - skip)
				return error ? error : -EBADMSG;
			skip += MNL_ALIGN(head.msg.nlmsg_len) - sizeof(head.msg);
		}
	}
	if (error > 0 || error < -4095)
		return -EBADMSG;
	/* Words that cannot be read must not hide the error itself. */
	if (message->nlmsg_flags & NLM_F_ACK_TLVS && skip < length &&
	    size >= GENL_TEXT_LEN &&
	    attr_each(payload + skip, length - skip, genl_error_attr, text))
		text[0] = '\0';
	return error;
}

/* One datagram's messages. Return: 1 at the end of the answer, 0, -errno. */
static int genl_run(struct genl *genl, const char *buffer, int length,
		    genl_callback callback, void *context, bool *interrupted)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	uint32_t portid = mnl_socket_get_portid(genl->nl);
	int ret;

	for (; mnl_nlmsg_ok(message, length);
	     message = mnl_nlmsg_next(message, &length)) {
		if (message->nlmsg_seq != genl->sequence ||
		    message->nlmsg_pid != portid)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		switch (message->nlmsg_type) {
		case NLMSG_NOOP:
			break;
		case NLMSG_OVERRUN:
			return -ENOBUFS;
		case NLMSG_ERROR:
		case NLMSG_DONE:
			ret = genl_error_parse(message, genl->text,
					       sizeof(genl->text));
			return ret ? ret : 1;
		default:
			ret = callback ? callback(message, context) : 0;
			if (ret)
				return ret;
		}
	}
	return length ? -EBADMSG : 0;
}

static ssize_t genl_read(struct genl *genl, char *buffer, size_t size)
{
	ssize_t length;

	do {
		length = mnl_socket_recvfrom(genl->nl, buffer, size);
	} while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

static int genl_exchange(struct genl *genl, struct nlmsghdr *request,
			 genl_callback callback, void *context,
			 bool *interrupted)
{
	char buffer[GENL_BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t length;
	int ret;

	genl->text[0] = '\0';
	request->nlmsg_seq = ++genl->sequence;
	if (mnl_socket_sendto(genl->nl, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		length = genl_read(genl, buffer, sizeof(buffer));
		if (length < 0)
			return length;
		ret = genl_run(genl, buffer, length, callback, context,
			       interrupted);
	} while (!ret);
	return ret < 0 ? ret : 0;
}

/* Return: 0 when the kernel says so, -errno with genl->text when it refuses. */
int genl_request(struct genl *genl, struct nlmsghdr *request,
		 genl_callback callback, void *context)
{
	bool interrupted = false;
	int ret;

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	ret = genl_exchange(genl, request, callback, context, &interrupted);
	if (!ret && *genl->text)
		print_problem("Warning: %s", genl->text);
	return ret;
}

/* A dump during which the table changed is not to be shown: it starts over. */
int genl_dump(struct genl *genl, struct nlmsghdr *request,
	      genl_callback callback, genl_restart restart, void *context)
{
	bool interrupted;
	int tries, ret;

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	for (tries = 0; tries < GENL_DUMP_TRIES; tries++) {
		interrupted = false;
		if (tries)
			restart(context);
		ret = genl_exchange(genl, request, callback, context,
				    &interrupted);
		if (ret != -EINTR && (ret || !interrupted))
			return ret;
	}
	return -EBUSY;
}

struct nlmsghdr *genl_start(const struct genl *genl, char *buffer,
			    uint8_t command)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *head;

	request->nlmsg_type = genl->family;
	head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->cmd = command;
	head->version = PILOT_FAMILY_VERSION;
	return request;
}

struct genl_group {
	char name[GENL_NAMSIZ];
	uint32_t id;
};

static int genl_group_attr(const struct nlattr *attr, void *context)
{
	struct genl_group *group = context;

	switch (mnl_attr_get_type(attr)) {
	case CTRL_ATTR_MCAST_GRP_NAME:
		return attr_text(attr, group->name, sizeof(group->name));
	case CTRL_ATTR_MCAST_GRP_ID:
		return attr_u32(attr, &group->id);
	}
	return 0;
}

static int genl_groups_attr(const struct nlattr *attr, void *context)
{
	struct genl_group group = {};
	struct genl *genl = context;
	int ret;

	ret = attr_each_nested(attr, genl_group_attr, &group);
	if (!ret && !strcmp(group.name, PILOT_MCGRP_EVENTS))
		genl->events_group = group.id;
	return ret;
}

static int genl_family_attr(const struct nlattr *attr, void *context)
{
	struct genl *genl = context;

	switch (mnl_attr_get_type(attr)) {
	case CTRL_ATTR_FAMILY_ID:
		return attr_u16(attr, &genl->family);
	case CTRL_ATTR_MCAST_GROUPS:
		return attr_each_nested(attr, genl_groups_attr, genl);
	}
	return 0;
}

static int genl_family_message(const struct nlmsghdr *message, void *context)
{
	size_t length = mnl_nlmsg_get_payload_len(message);

	if (length < GENL_HDRLEN)
		return -EBADMSG;
	return attr_each(mnl_nlmsg_get_payload_offset(message, GENL_HDRLEN),
			 length - GENL_HDRLEN, genl_family_attr, context);
}

/*
 * Opens the pilot family of this network namespace. Prints what is wrong.
 *
 * Return: TOOL_OK or TOOL_REFUSED.
 */
int genl_open(struct genl *genl)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	int ret;

	ret = genl_open_bus(genl, NETLINK_GENERIC);
	if (ret)
		return genl_fail(genl, ret, "netlink");
	genl->family = GENL_ID_CTRL;
	request = genl_start(genl, buffer, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, PILOT_FAMILY_NAME);
	ret = genl_request(genl, request, genl_family_message, genl);
	if (ret == -ENOENT)
		print_problem("Error: The pilot module is not loaded: "
			      "modprobe pilot");
	else if (ret)
		genl_fail(genl, ret, "genl family pilot");
	if (ret)
		genl_close(genl);
	return ret ? TOOL_REFUSED : TOOL_OK;
}

int genl_subscribe(struct genl *genl)
{
	int group = (int)genl->events_group;

	if (!group)
		return -ENOENT;
	if (mnl_socket_setsockopt(genl->nl, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return -errno;
	return 0;
}

/* Reads one datagram of events. Return: 0, -errno; -ENOBUFS: some are lost. */
int genl_receive(struct genl *genl, genl_callback callback, void *context)
{
	char buffer[GENL_BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	ssize_t received;
	int length, ret;

	received = genl_read(genl, buffer, sizeof(buffer));
	if (received < 0)
		return received;
	for (length = received; mnl_nlmsg_ok(message, length);
	     message = mnl_nlmsg_next(message, &length)) {
		if (message->nlmsg_type != genl->family)
			continue;
		ret = callback(message, context);
		if (ret)
			return ret;
	}
	return 0;
}

/* Says why @what failed, the kernel's words first. Return: TOOL_REFUSED. */
int genl_fail(const struct genl *genl, int error, const char *what)
{
	size_t length = strlen(genl->text);

	if (length)
		print_problem("Error: %s%s", genl->text,
			      genl->text[length - 1] == '.' ? "" : ".");
	else if (error == -EPERM || error == -EACCES)
		print_problem("Error: %s: permission denied: this needs "
			      "CAP_NET_ADMIN in the network namespace; run it as "
			      "root, or with sudo.", what);
	else if (error == -EBADMSG)
		print_problem("Error: %s: the kernel's answer is malformed; the "
			      "module and this command are of different versions.",
			      what);
	else if (error == -EBUSY)
		print_problem("Error: %s: the table keeps changing; try again.",
			      what);
	else
		print_problem("Error: %s: kernel answers: %s.", what,
			      strerror(-error));
	return TOOL_REFUSED;
}
