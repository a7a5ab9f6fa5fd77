/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Batches that arrive whole: a link between namespaces or virtual machines
 * hands over a UDP GSO packet as it was sent. The core takes it apart for a
 * tunnel's socket unless it is marked as a tunnel's, so it is marked.
 */
#ifndef PILOT_LOCAL_IN_H
#define PILOT_LOCAL_IN_H

#include <linux/types.h>

struct net;

int pilot_local_in_add(struct net *net, u16 port);
void pilot_local_in_del(struct net *net, u16 port);

#endif /* PILOT_LOCAL_IN_H */
