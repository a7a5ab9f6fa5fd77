// SPDX-License-Identifier: GPL-2.0-or-later

#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "carrier.h"

struct udp_batch {
	struct mmsghdr message[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage src[UDP_BATCH];
	uint8_t bytes[UDP_BATCH][UDP_DATAGRAM];
};

struct udp_batch *udp_batch_new(void)
{
	struct udp_batch *batch = calloc(1, sizeof(*batch));
	struct msghdr *header;
	int i;

	for (i = 0; batch && i < UDP_BATCH; i++) {
		batch->iov[i].iov_base = batch->bytes[i];
		batch->iov[i].iov_len = UDP_DATAGRAM;
		header = &batch->message[i].msg_hdr;
		header->msg_iov = &batch->iov[i];
		header->msg_iovlen = 1;
		header->msg_name = &batch->src[i];
	}
	return batch;
}

void udp_batch_free(struct udp_batch *batch)
{
	free(batch);
}

unsigned int udp_drain_bare(struct udp_batch *batch, int fd,
			    udp_receive_fn receive, void *ctx)
{
	struct endpoint src;
	int i, n;

	for (i = 0; i < UDP_BATCH; i++)
		batch->message[i].msg_hdr.msg_namelen = sizeof(batch->src[i]);
	n = recvmmsg(fd, batch->message, UDP_BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		if (batch->message[i].msg_hdr.msg_flags & MSG_TRUNC ||
		    endpoint_from_sockaddr(&src, &batch->src[i]))
			continue;
		receive(ctx, &src, batch->bytes[i], batch->message[i].msg_len);
	}
	return n < 0 ? 0 : n;
}

struct udp_taker {
	udp_receive_fn receive;
	void *ctx;
};

static void udp_take(void *ctx, const struct endpoint *src,
		     const uint8_t *bytes, size_t len)
{
	const struct udp_taker *taker = ctx;
	struct endpoint from = *src;

	if (carrier_parse(&from, &bytes, &len) == 0)
		taker->receive(taker->ctx, &from, bytes, len);
}

void udp_drain(struct udp_batch *batch, int fd, udp_receive_fn receive,
	       void *ctx)
{
	struct udp_taker taker = { .receive = receive, .ctx = ctx };

	udp_drain_bare(batch, fd, udp_take, &taker);
}

int udp_send(int fd, const struct endpoint *dst, const void *bytes,
	     size_t len)
{
	uint8_t header[CARRIER_HEADER_MAX];
	struct sockaddr_storage ss;
	struct iovec iov[] = {
		{ .iov_base = header },
		{ .iov_base = (void *)bytes, .iov_len = len },
	};
	const struct msghdr message = {
		.msg_name = &ss,
		.msg_namelen = endpoint_to_sockaddr(dst, &ss),
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	int ret;

	if (!message.msg_namelen)
		return -EDESTADDRREQ;
	ret = carrier_write(dst, len, header);
	if (ret < 0)
		return ret;
	iov[0].iov_len = ret;
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ?
	       -errno : 0;
}
