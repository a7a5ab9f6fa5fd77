/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parent's side of an agent: its identity, and its device in the kernel.
 * Functions that can fail return 0 or -errno with a text in @err, which holds
 * CONFIG_ERROR_LEN bytes.
 */
#ifndef PILOTD_AGENT_H
#define PILOTD_AGENT_H

#include "config.h"
#include "ipc.h"
#include "lanes.h"
#include "netlink.h"

struct agent {
	struct config_agent config;
	bool runtime;			/* not from the file */
	bool introduced;		/* has introducers among its peers */
	struct identity identity;
	uint64_t address;
	uint32_t ifindex;
	struct netlink *nl;
	struct agent *next;
};

/*
 * Makes the agent's device, or takes over the one that is there, with its
 * peers and keys. What was made is deleted again on failure.
 */
int agent_open(struct agent **agent, const struct config_agent *config,
	       const struct lanes *lanes, char *err);
/* Leaves the device, and what goes through it, alone. */
void agent_close(struct agent *agent);
/* Deletes the device, then as agent_close(). */
void agent_delete(struct agent *agent);

uint64_t agent_peer_address(const struct agent *agent,
			    const struct config_peer *peer);
/*
 * Puts the peer into the kernel; fills what the worker is told of it. @idle:
 * see kernel_peer_put().
 */
int agent_peer_put(struct agent *agent, const struct config_peer *peer,
		   bool idle, struct ipc_peer *told, char *err);
int agent_peer_del(struct agent *agent, const struct config_peer *peer,
		   char *err);
/*
 * The agent has introducers now, or none any more: the kernel is told of the
 * peers in @config for which that makes a difference.
 */
int agent_introduced(struct agent *agent, const struct config *config,
		     bool introduced, char *err);
/* Deletes from the kernel what is not in @config. */
int agent_peers_prune(struct agent *agent, const struct config *config,
		      char *err);

#endif /* PILOTD_AGENT_H */
