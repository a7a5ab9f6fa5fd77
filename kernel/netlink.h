/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family. */
#ifndef PILOT_NETLINK_H
#define PILOT_NETLINK_H

int pilot_netlink_module_init(void);
void pilot_netlink_module_exit(void);

#endif /* PILOT_NETLINK_H */
