// SPDX-License-Identifier: GPL-2.0-or-later
#include "seqpacket.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

bool seqpacket_bool_ok(const bool *value)
{
	uint8_t byte;

	memcpy(&byte, value, 1);
	return byte <= 1;
}

int seqpacket_send(int fd, const void *bytes, size_t len, int flags)
{
	ssize_t n;

	do {
		n = send(fd, bytes, len, MSG_NOSIGNAL | flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

ssize_t seqpacket_receive(int fd, void *bytes, size_t size, int flags)
{
	ssize_t n;

	do {
		/* With MSG_TRUNC an overlong message shows its length. */
		n = recv(fd, bytes, size, MSG_TRUNC | flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return n ? n : -EPIPE;
}
