/* SPDX-License-Identifier: GPL-2.0 */
/* The net device and its link operations. */
#ifndef PILOT_DEVICE_H
#define PILOT_DEVICE_H

#include <linux/types.h>

struct net_device;

int pilot_device_module_init(void);
void pilot_device_module_exit(void);
bool pilot_device_is_ours(const struct net_device *netdev);

#endif /* PILOT_DEVICE_H */
