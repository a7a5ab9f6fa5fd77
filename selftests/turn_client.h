/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough of a TURN client (RFC 8656) to have a server without
 * authentication relay between a socket and one peer.
 */
#ifndef PILOT_TEST_TURN_CLIENT_H
#define PILOT_TEST_TURN_CLIENT_H

#include <netinet/in.h>
#include <stdint.h>

#define TURN_CHANNEL	0x4000

/*
 * Asks on @sock, which is bound, for an allocation and binds TURN_CHANNEL to
 * @peer. @relayed becomes the address that the server relays by. Ends the program
 * when the server does not do it.
 */
void turn_allocate(int sock, const struct sockaddr_in *server,
		   const struct sockaddr_in *peer, struct sockaddr_in *relayed);

#endif /* PILOT_TEST_TURN_CLIENT_H */
