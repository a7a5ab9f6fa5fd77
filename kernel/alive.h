/* SPDX-License-Identifier: GPL-2.0 */
/* What happens when nothing happens: a peer's timer, and a device's. */
#ifndef PILOT_ALIVE_H
#define PILOT_ALIVE_H

#include <linux/timer.h>

struct pilot_peer;

void pilot_alive_peer_timer(struct timer_list *timer);
void pilot_alive_waiting_timer(struct timer_list *timer);
void pilot_alive_kick(struct pilot_peer *peer);
void pilot_alive_wake(struct pilot_peer *peer);

#endif /* PILOT_ALIVE_H */
