/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets for a device, held by a process of their own. */
#ifndef PILOT_TEST_HOLD_H
#define PILOT_TEST_HOLD_H

/*
 * Holds sockets as descriptors 10, 11, ... until killed, after it said "ready".
 * Each is made of FAMILY:PORT, where 46 is IPv6 that takes IPv4 as well, or of
 * FAMILY:PORT:KIND, which is one of those that a device refuses:
 *
 *	tcp		of another protocol
 *	connected	to somebody
 *	unbound		to no port
 *	encap		of which another encapsulation has taken hold
 *
 * Upon SIGUSR1 it says how many datagrams each of the others got. Returns when
 * there is none to hold.
 */
int hold(char **word, int n);

#endif
