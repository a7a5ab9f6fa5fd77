// SPDX-License-Identifier: GPL-2.0-or-later

#include "fault.h"
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pilot.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int family_group(const struct nlattr *attr, void *arg)
{
	const struct nlattr *inner;
	const char *name = "";
	struct nl *nl = arg;
	uint32_t id = 0;

	mnl_attr_for_each_nested(inner, attr) {
		if (mnl_attr_get_type(inner) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(inner);
		if (mnl_attr_get_type(inner) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(inner);
	}
	if (!strcmp(name, PILOT_MCGRP_EVENTS))
		nl->group = id;
	return MNL_CB_OK;
}

static int family_attr(const struct nlattr *attr, void *arg)
{
	struct nl *nl = arg;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		nl->family = mnl_attr_get_u16(attr);
	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
		mnl_attr_parse_nested(attr, family_group, nl);
	return MNL_CB_OK;
}

static int family_answer(const struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, arg);
	return MNL_CB_OK;
}

static int family_find(struct nl *nl)
{
	char buf[1024];
	struct nlmsghdr *nlh;

	nl->family = GENL_ID_CTRL;
	nlh = nl_request(nl, buf, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, PILOT_FAMILY_NAME);
	return nl_talk(nl, nlh, family_answer, nl);
}

int nl_open_bus(struct nl *nl, int bus)
{
	int on = 1, ret;

	memset(nl, 0, sizeof(*nl));
	nl->seq = time(NULL);
	nl->sock = mnl_socket_open(bus);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		nl_close(nl);
		return ret;
	}
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &on,
			      sizeof(on));
	return 0;
}

int nl_open(struct nl *nl)
{
	int ret = nl_open_bus(nl, NETLINK_GENERIC);

	if (ret)
		return ret;
	ret = family_find(nl);
	if (ret)
		nl_close(nl);
	return ret;
}

void nl_close(struct nl *nl)
{
	mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

struct nlmsghdr *nl_request(struct nl *nl, void *buf, uint8_t cmd,
			    uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static int extack_attr(const struct nlattr *attr, void *arg)
{
	struct nl *nl = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		snprintf(nl->extack, sizeof(nl->extack), "%.*s",
			 mnl_attr_get_payload_len(attr),
			 mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* The error and its text; also the end of a dump carries both. */
static int error_take(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(int);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(int))
		return -EBADMSG;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof(*error);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, MNL_ALIGN(skip), extack_attr, nl);
	return error->error;
}

/* The kernel has done what was asked for when this returns. */
static int nl_send(struct nl *nl, const struct nlmsghdr *nlh)
{
	int ret;

	if (nl->fault)
		fault_arm(nl->fault);
	ret = mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
	if (nl->fault)
		nl->faulted = fault_disarm();
	return ret;
}

int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t answer, void *arg)
{
	unsigned int seq = nlh->nlmsg_seq;
	static char buf[NL_ROOM];
	struct nlmsghdr *in;
	int len, ret;

	nl->extack[0] = '\0';
	ret = nl_send(nl, nlh);
	if (ret)
		return ret;
	for (;;) {
		len = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
		if (len < 0)
			return -errno;
		for (in = (void *)buf; mnl_nlmsg_ok(in, len);
		     in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_seq != seq)
				continue;
			if (in->nlmsg_type == NLMSG_ERROR ||
			    in->nlmsg_type == NLMSG_DONE)
				return error_take(nl, in);
			if (answer && in->nlmsg_type >= NLMSG_MIN_TYPE)
				answer(in, arg);
		}
	}
}

void nl_put_s32(struct nlmsghdr *nlh, uint16_t type, int32_t value)
{
	mnl_attr_put(nlh, type, sizeof(value), &value);
}
