// SPDX-License-Identifier: GPL-2.0-or-later

#include "udp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

void udp_drain(struct udp_batch *batch, int fd, udp_receive_fn receive,
	       void *ctx)
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
}
