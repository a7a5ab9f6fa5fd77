/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_TEST_SHOW_H
#define PILOT_TEST_SHOW_H

#include <libmnl/libmnl.h>

/*
 * Print a message, one line per object, words in pairs of name and value.
 * Return: the type of an event, else 0.
 */
int show_message(const struct nlmsghdr *nlh);

/* The value of an event's name, -1 when there is none of this name. */
int show_event_type(const char *name);

#endif /* PILOT_TEST_SHOW_H */
