/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as the kernel sends them, and what the command makes of them. */
#ifndef PILOT_TESTS_CMD_MESSAGE_H
#define PILOT_TESTS_CMD_MESSAGE_H

#include <jansson.h>
#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* The one message there is, zeroed, with a header. */
struct nlmsghdr *message_begin(void);
/* The same as one of the pilot family. */
struct nlmsghdr *message_start(uint8_t command, uint32_t ifindex);

typedef int (*message_parse_fn)(const struct nlmsghdr *message);

/* The command's parsers, of which only the verdict counts. */
int try_device(const struct nlmsghdr *message);
int try_peer(const struct nlmsghdr *message);
int try_relay(const struct nlmsghdr *message);

/* Cut at each byte, in memory that ends there: no read past it, all refused. */
void check_cut(const struct nlmsghdr *whole, message_parse_fn parse);
/* Each attribute in turn with a length that is not its own. */
void check_lengths(const struct nlmsghdr *whole, message_parse_fn parse);

/* Takes @value, which is @expected. */
void check_json(json_t *value, const char *expected);
/* Calls @print with stdout kept in @text. */
void capture(void (*print)(void *), void *context, char *text, size_t size);

#endif /* PILOT_TESTS_CMD_MESSAGE_H */
