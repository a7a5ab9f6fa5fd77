/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bridge: a process of its own between messages in TLS streams and UDP
 * datagrams on loopback. It has no keys of ours and no privileges, and pilotd
 * sees at loopback endpoints what is at the other ends of the streams.
 */
#ifndef PILOTD_BRIDGE_H
#define PILOTD_BRIDGE_H

/* The bridge's descriptors; those after the first may be missing. */
enum {
	BRIDGE_FD_IPC = 3,
	BRIDGE_FD_LISTEN4,
	BRIDGE_FD_LISTEN6,
	BRIDGE_FD_END,
};

#define BRIDGE_ARGUMENT	"--bridge"

/* Runs until the parent is gone or says stop. Return: an exit status. */
int bridge_run(void);

#endif /* PILOTD_BRIDGE_H */
