// SPDX-License-Identifier: GPL-2.0

#include "cells.h"

#include <linux/percpu.h>

/* Packets that wait on one CPU: as many as the core lets wait by default. */
#define CELL_MAX	1000

/**
 * struct pilot_cell - the queue of a CPU
 * @napi: takes packets out of it, and to GRO
 * @queue: its packets; the lock is for a NAPI that has a thread, anywhere
 */
struct pilot_cell {
	struct napi_struct napi;
	struct sk_buff_head queue;
};

/* The stack was called with a packet of some device, and has not returned. */
static DEFINE_PER_CPU(bool, cell_receiving);

static struct sk_buff *cell_take(struct pilot_cell *cell)
{
	struct sk_buff *skb;

	spin_lock(&cell->queue.lock);
	skb = __skb_dequeue(&cell->queue);
	spin_unlock(&cell->queue.lock);
	return skb;
}

static int cell_poll(struct napi_struct *napi, int budget)
{
	struct pilot_cell *cell = container_of(napi, struct pilot_cell, napi);
	struct sk_buff *skb;
	int n;

	for (n = 0; n < budget && (skb = cell_take(cell)); n++)
		napi_gro_receive(napi, skb);
	if (n < budget)
		napi_complete_done(napi, n);
	return n;
}

/**
 * pilot_cells_init - make the queues
 * @cells: zeroed
 * @netdev: the device that packets are received by
 *
 * Context: process, from the device's ndo_init.
 * Return: 0 or -ENOMEM.
 */
int pilot_cells_init(struct pilot_cells *cells, struct net_device *netdev)
{
	struct pilot_cell *cell;
	int cpu;

	cells->cell = alloc_percpu(struct pilot_cell);
	if (!cells->cell)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(cells->cell, cpu);
		skb_queue_head_init(&cell->queue);
		set_bit(NAPI_STATE_NO_BUSY_POLL, &cell->napi.state);
		netif_napi_add(netdev, &cell->napi, cell_poll);
		napi_enable(&cell->napi);
	}
	return 0;
}

/**
 * pilot_cells_stop - drop what waits; nothing may come any more
 * @cells: initialised
 *
 * Context: process, from the device's ndo_uninit.
 */
void pilot_cells_stop(struct pilot_cells *cells)
{
	struct pilot_cell *cell;
	int cpu;

	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(cells->cell, cpu);
		napi_disable(&cell->napi);
		__netif_napi_del(&cell->napi);
		skb_queue_purge(&cell->queue);
	}
}

/* Free the memory. Context: a grace period after pilot_cells_stop(). */
void pilot_cells_free(struct pilot_cells *cells)
{
	free_percpu(cells->cell);
	cells->cell = NULL;
}

static void cell_queue(struct pilot_cell *cell, struct sk_buff *skb)
{
	unsigned int n;

	spin_lock(&cell->queue.lock);
	n = skb_queue_len(&cell->queue);
	if (likely(n < CELL_MAX))
		__skb_queue_tail(&cell->queue, skb);
	spin_unlock(&cell->queue.lock);
	if (unlikely(n >= CELL_MAX)) {
		dev_core_stats_rx_dropped_inc(skb->dev);
		kfree_skb(skb);
	} else if (!n) {
		napi_schedule(&cell->napi);
	}
}

/**
 * pilot_cells_queue - hand over a packet that GRO may merge with others
 * @cells: those of the device
 * @skb: as netif_receive_skb() wants it; consumed
 *
 * Context: softirq.
 */
void pilot_cells_queue(struct pilot_cells *cells, struct sk_buff *skb)
{
	cell_queue(this_cpu_ptr(cells->cell), skb);
}

/**
 * pilot_cells_receive - hand over a packet at once
 * @cells: those of the device
 * @skb: as netif_receive_skb() wants it; consumed
 *
 * It does not overtake what waits, and waits itself where the stack that called
 * us is as deep already: a tunnel in a tunnel.
 *
 * Context: softirq, RCU read section; no lock is held, no memory of the CPU's in
 * use, since the stack may send an answer from here.
 */
void pilot_cells_receive(struct pilot_cells *cells, struct sk_buff *skb)
{
	struct pilot_cell *cell = this_cpu_ptr(cells->cell);

	if (__this_cpu_read(cell_receiving) ||
	    !skb_queue_empty_lockless(&cell->queue) ||
	    test_bit(NAPI_STATE_SCHED, &cell->napi.state)) {
		cell_queue(cell, skb);
		return;
	}
	__this_cpu_write(cell_receiving, true);
	netif_receive_skb(skb);
	__this_cpu_write(cell_receiving, false);
}
