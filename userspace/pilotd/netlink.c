// SPDX-License-Identifier: GPL-2.0-or-later

#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/pilot.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "config.h"
#include "error.h"

#define NETNS_DIR	"/run/netns"

/*
 * A socket keeps its namespace alive, so those of a named one are open for
 * the time of a request only: that namespace can end whenever its owner says.
 */
struct netlink {
	struct nl_sock *genl;
	struct nl_sock *route;
	int family;
	char netns[CONFIG_NETNS_LEN];
	ino_t inode;			/* of the namespace, 0: not seen yet */
};

/* State of one request. */
struct answer {
	netlink_answer_fn fn;
	void *arg;
	int error;
	bool done;
	char *err;
	size_t err_size;
};

static struct nl_sock *socket_open(int protocol)
{
	struct nl_sock *sk = nl_socket_alloc();
	int one = 1;

	if (!sk)
		return NULL;
	if (nl_connect(sk, protocol) < 0) {
		nl_socket_free(sk);
		return NULL;
	}
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_EXT_ACK, &one,
		   sizeof(one));
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_CAP_ACK, &one,
		   sizeof(one));
	nl_socket_set_buffer_size(sk, 1 << 20, 1 << 20);
	return sk;
}

static int netns_enter(const char *name, ino_t *inode, int *home, char *err,
		       size_t err_size)
{
	char path[sizeof(NETNS_DIR) + CONFIG_NETNS_LEN];
	struct stat st;
	int fd, ret = 0;

	*home = -1;
	if (!name[0])
		return 0;
	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, err_size, errno,
				 "cannot open network namespace %s: %s; create it with: ip netns add %s",
				 name, strerror(errno), name);
	if (fstat(fd, &st) < 0 || (*inode && *inode != st.st_ino)) {
		close(fd);
		return error_set(err, err_size, ENODEV,
				 "network namespace %s is another one now", name);
	}
	*inode = st.st_ino;
	*home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*home < 0 || setns(fd, CLONE_NEWNET) < 0)
		ret = error_set(err, err_size, errno,
				"cannot enter network namespace %s: %s", name,
				strerror(errno));
	close(fd);
	return ret;
}

static void netns_leave(int home)
{
	if (home < 0)
		return;
	/* To go on in the wrong namespace would be worse than to end. */
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
}

static void sockets_close(struct netlink *nl)
{
	if (nl->genl)
		nl_socket_free(nl->genl);
	if (nl->route)
		nl_socket_free(nl->route);
	nl->genl = NULL;
	nl->route = NULL;
}

static int sockets_open(struct netlink *nl, char *err, size_t err_size)
{
	int home, ret;

	if (nl->genl)
		return 0;
	ret = netns_enter(nl->netns, &nl->inode, &home, err, err_size);
	if (!ret) {
		nl->genl = socket_open(NETLINK_GENERIC);
		nl->route = socket_open(NETLINK_ROUTE);
		if (!nl->genl || !nl->route)
			ret = error_set(err, err_size, ENOMEM,
					"cannot open netlink sockets");
	}
	netns_leave(home);
	if (ret)
		sockets_close(nl);
	return ret;
}

int netlink_open(struct netlink **nlp, const char *netns, char *err,
		 size_t err_size)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int ret;

	if (!nl)
		return error_set(err, err_size, ENOMEM, "out of memory");
	snprintf(nl->netns, sizeof(nl->netns), "%s", netns);
	ret = sockets_open(nl, err, err_size);
	if (ret)
		goto err;
	nl->family = genl_ctrl_resolve(nl->genl, PILOT_FAMILY_NAME);
	if (nl->family < 0) {
		ret = error_set(err, err_size, ENOENT,
				"the pilot module is not loaded; load it with: modprobe pilot");
		goto err;
	}
	if (*nl->netns)
		sockets_close(nl);
	*nlp = nl;
	return 0;
err:
	netlink_close(nl);
	return ret;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	sockets_close(nl);
	free(nl);
}

struct nl_msg *netlink_pilot(struct netlink *nl, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
				NLM_F_REQUEST | NLM_F_ACK | flags, cmd,
				PILOT_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	if (msg)
		nlmsg_set_proto(msg, NETLINK_GENERIC);
	return msg;
}

struct nl_msg *netlink_route(struct netlink *nl, int type, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST |
						NLM_F_ACK | flags);

	(void)nl;
	if (msg)
		nlmsg_set_proto(msg, NETLINK_ROUTE);
	return msg;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	if (answer->fn)
		answer->fn(nlmsg_hdr(msg), answer->arg);
	return NL_OK;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	(void)msg;
	answer->done = true;
	return NL_STOP;
}

/* The kernel's explanation stands behind the error, as attributes. */
static void extack_text(const struct nlmsgerr *error, struct answer *answer)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)error - 1;
	size_t skip = sizeof(*error);
	struct nlattr *text;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len - sizeof(error->msg));
	if (nlmsg_datalen(nlh) <= (int)skip)
		return;
	text = nla_find((const struct nlattr *)((const char *)error + skip),
			nlmsg_datalen(nlh) - skip, NLMSGERR_ATTR_MSG);
	if (text)
		error_set(answer->err, answer->err_size, -error->error, "%.*s",
			  nla_len(text), (const char *)nla_data(text));
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *error, void *arg)
{
	struct answer *answer = arg;

	(void)who;
	answer->error = error->error;
	answer->done = true;
	error_set(answer->err, answer->err_size, -error->error, "%s",
		  strerror(-error->error));
	extack_text(error, answer);
	return NL_STOP;
}

static int request_do(struct nl_sock *sk, struct nl_msg *msg,
		      struct answer *answer)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret;

	if (!cb)
		return error_set(answer->err, answer->err_size, ENOMEM,
				 "out of memory");
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, answer);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, answer);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, answer);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, answer);

	ret = nl_send_auto(sk, msg);
	while (ret >= 0 && !answer->done)
		ret = nl_recvmsgs(sk, cb);
	if (ret < 0 && !answer->done)
		answer->error = error_set(answer->err, answer->err_size, EIO,
					  "netlink: %s", nl_geterror(ret));
	nl_cb_put(cb);
	return answer->error;
}

int netlink_do(struct netlink *nl, struct nl_msg *msg,
	       netlink_answer_fn fn, void *arg, char *err, size_t err_size)
{
	struct answer answer = { fn, arg, 0, false, err, err_size };
	int ret;

	if (!msg)
		return error_set(err, err_size, ENOMEM, "out of memory");
	ret = sockets_open(nl, err, err_size);
	/* By its type it may be either: families have numbers from the same range. */
	if (!ret)
		ret = request_do(nlmsg_get_proto(msg) == NETLINK_GENERIC ?
				 nl->genl : nl->route, msg, &answer);
	if (*nl->netns)
		sockets_close(nl);
	nlmsg_free(msg);
	return ret;
}

int netlink_events_open(void)
{
	struct nl_sock *sk = socket_open(NETLINK_GENERIC);
	int group, fd = -ENOMEM;

	if (!sk)
		return -ENOMEM;
	group = genl_ctrl_resolve_grp(sk, PILOT_FAMILY_NAME,
				      PILOT_MCGRP_EVENTS);
	if (group < 0)
		fd = -ENOENT;
	else if (nl_socket_add_membership(sk, group) < 0)
		fd = -EPERM;
	else
		fd = fcntl(nl_socket_get_fd(sk), F_DUPFD_CLOEXEC, 0);
	nl_socket_free(sk);
	return fd < 0 && fd == -1 ? -errno : fd;
}
