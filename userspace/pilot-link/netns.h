/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_NETNS_H
#define PILOT_LINK_NETNS_H

int netns_enter(const char *name);

#endif /* PILOT_LINK_NETNS_H */
