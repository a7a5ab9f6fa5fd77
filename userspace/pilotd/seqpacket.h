/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole messages between our own processes, by a pair of sockets. */
#ifndef PILOTD_SEQPACKET_H
#define PILOTD_SEQPACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes of a message up to the end of this member. */
#define SEQPACKET_LENGTH(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))

/* A bool of a message may be any byte; only two of them may be read as one. */
bool seqpacket_bool_ok(const bool *value);
/* @flags: of send(2). Return: 0 or -errno. */
int seqpacket_send(int fd, const void *bytes, size_t len, int flags);
/*
 * @flags: of recv(2). Return: the length, which may be above @size; -EPIPE when
 * the other side is gone, or -errno.
 */
ssize_t seqpacket_receive(int fd, void *bytes, size_t size, int flags);

#endif /* PILOTD_SEQPACKET_H */
