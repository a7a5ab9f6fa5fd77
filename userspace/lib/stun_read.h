/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN messages as libre reads them; included only by those that parse messages.
 * libre writes and reads the attributes; its sockets, its loop and its clients
 * are not used. Its headers want to be told what the system has.
 */
#ifndef PILOT_LIB_STUN_READ_H
#define PILOT_LIB_STUN_READ_H

#define HAVE_INTTYPES_H	1
#define HAVE_STDBOOL_H	1
#define HAVE_INET6	1

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <re_types.h>
#include <re_mem.h>
#include <re_mbuf.h>
#include <re_list.h>
#include <re_sa.h>
#include <re_stun.h>

#include "endpoint.h"

/*
 * Reads a message that stun_is_message(). Return: 0; -EBADMSG for one that has
 * a mandatory attribute that is not known, or a wrong fingerprint; -ENOMEM. In
 * any case the caller gives both back by mem_deref(), the message first.
 */
int stun_read(const uint8_t *bytes, size_t len, struct mbuf **mb,
	      struct stun_msg **msg);

/* The address in an attribute; unset for none and for what cannot be sent to. */
void stun_read_endpoint(const struct stun_msg *msg, uint16_t type,
			struct endpoint *endpoint);

#endif /* PILOT_LIB_STUN_READ_H */
