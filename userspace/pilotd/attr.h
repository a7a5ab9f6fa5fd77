/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink attributes of the pilot module that are both written and read. */
#ifndef PILOTD_ATTR_H
#define PILOTD_ATTR_H

#include "endpoint.h"
#include "relay.h"

struct nl_msg;
struct nlattr;

/* A nest of @type. Return: 0, or less when it does not fit. */
int attr_put_endpoint(struct nl_msg *msg, int type,
		      const struct endpoint *endpoint);
/* What is no whole endpoint is not set. */
void attr_get_endpoint(struct nlattr *nest, struct endpoint *endpoint);

/* The nest PILOT_A_RELAY. Return: 0, or less when it does not fit. */
int attr_put_relay(struct nl_msg *msg, const struct relay_entry *entry);
/* The life is what is left, in seconds begun. Return: whether it is whole. */
bool attr_get_relay(struct nlattr *nest, struct relay_entry *entry);

#endif /* PILOTD_ATTR_H */
