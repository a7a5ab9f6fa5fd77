// SPDX-License-Identifier: GPL-2.0-or-later

#include "gateway.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pcp.h"

static int socket_bound(int family, uint16_t port, bool shared)
{
	struct endpoint any = { .family = family, .port = port };
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&any, &ss);
	int one = 1, few = 16 << 10, fd, ret;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* One answer at a time is waited for; the rest is not ours. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int gateway_socket(int family)
{
	return socket_bound(family, 0, false);
}

int gateway_announcements(void)
{
	return socket_bound(AF_INET, PCP_ANNOUNCE_PORT, true);
}

/* The address alone: the interface follows from the route, or the scope. */
static size_t put_source(struct cmsghdr *cmsg, const struct endpoint *src,
			 uint32_t scope)
{
	struct in_pktinfo in4 = { .ipi_spec_dst = src->in4 };
	struct in6_pktinfo in6 = { .ipi6_addr = src->in6,
				   .ipi6_ifindex = scope };
	size_t size = src->family == AF_INET ? sizeof(in4) : sizeof(in6);

	cmsg->cmsg_len = CMSG_LEN(size);
	cmsg->cmsg_level = src->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	cmsg->cmsg_type = src->family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO;
	memcpy(CMSG_DATA(cmsg), src->family == AF_INET ? (void *)&in4 :
							 (void *)&in6, size);
	return CMSG_SPACE(size);
}

int gateway_send(int fd, const struct endpoint *src, const struct endpoint *dst,
		 const void *bytes, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct sockaddr_storage ss;
	struct msghdr msg = {
		.msg_name = &ss,
		.msg_namelen = endpoint_to_sockaddr(dst, &ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
	};

	msg.msg_controllen = put_source(&control.align, src, dst->scope);
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
