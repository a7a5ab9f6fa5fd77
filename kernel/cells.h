/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was received goes to the stack by way of a queue per CPU, whose packets
 * GRO may merge, or at once.
 */
#ifndef PILOT_CELLS_H
#define PILOT_CELLS_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct pilot_cell;

/**
 * struct pilot_cells - the queues of a device
 * @cell: one per CPU
 */
struct pilot_cells {
	struct pilot_cell __percpu *cell;
};

int pilot_cells_init(struct pilot_cells *cells, struct net_device *netdev);
void pilot_cells_stop(struct pilot_cells *cells);
void pilot_cells_free(struct pilot_cells *cells);
void pilot_cells_queue(struct pilot_cells *cells, struct sk_buff *skb);
void pilot_cells_receive(struct pilot_cells *cells, struct sk_buff *skb);

#endif /* PILOT_CELLS_H */
