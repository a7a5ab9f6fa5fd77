/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the privileged parent: the configuration, the agents and the
 * sockets. The files go one way: run.c -> keeper.c -> serve.c -> parent.c.
 */
#ifndef PILOTD_PARENT_H
#define PILOTD_PARENT_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "agent.h"
#include "bridge_keeper.h"
#include "config.h"
#include "lanes.h"
#include "options.h"
#include "state.h"

struct parent {
	const struct options *options;
	sd_event *event;
	struct config file;		/* pilotd.conf */
	struct state state;		/* changes at run time */
	struct config config;		/* both together */
	struct agent *agents;
	struct lanes lanes;
	int events;
	int control;
	int handover;
	gid_t control_gid;
	uint8_t portmap_secret[PORTMAP_SECRET_LEN];
	/* What this worker was told of, whatever is configured since. */
	struct config_turn turn[TURN_SERVERS_MAX];
	unsigned int turns;
	struct bridge_keeper bridge;
	pid_t worker;
	int ipc;			/* -1: no worker */
	unsigned int deaths;		/* of workers, in a row */
	unsigned int unanswered;	/* questions for a sign of life */
	unsigned int answers;		/* of this worker */
	uint64_t ask_us;		/* between two questions */
	sd_event_source *ipc_source;
	sd_event_source *child_source;
	sd_event_source *respawn_source;
	sd_event_source *ask_source;
};

struct agent *parent_agent(struct parent *parent, const char *name);
struct agent *parent_agent_at(struct parent *parent, uint64_t address);

/* Tell the worker, if there is one. One that cannot listen is ended. */
void parent_tell(struct parent *parent, const struct ipc_message *message);
void parent_tell_introduce(struct parent *parent);
/* A state that the bridge told, for the worker. */
void parent_bridge_state(void *ctx, const struct bridge_state *state);
void parent_tell_agent(struct parent *parent, const struct agent *agent);

/* Is the agent or peer one that was added at run time? */
bool parent_link_is_runtime(const struct parent *parent, const char *name);
bool parent_peer_is_runtime(const struct parent *parent,
			    const struct config_peer *peer);

/*
 * Puts a peer into the kernel and tells the worker. @was: as both have it; NULL
 * when one of them is new, who is told when the peer is idle. Return: 0 or
 * -errno with a text in @err.
 */
int parent_peer_put(struct parent *parent, struct agent *agent,
		    const struct config_peer *peer,
		    const struct config_peer *was, char *err);
int parent_peer_del(struct parent *parent, struct agent *agent,
		    const struct config_peer *peer, char *err);
/* After a change of the configuration; @have: the peers the kernel has. */
int parent_introduced(struct parent *parent, struct agent *agent,
		      const struct config *have, char *err);
int parent_agent_add(struct parent *parent, const struct config_agent *config,
		     char *err);
void parent_agent_del(struct parent *parent, struct agent *agent);

/*
 * From @old to the present configuration; an agent that changed is made anew.
 * One that fails, in a namespace that is gone perhaps, does not keep the
 * others from their service. Return: the first failure.
 */
int parent_apply(struct parent *parent, const struct config *old, char *err);

/* Makes @parent->config of the file and the state. Return: 0 or -ENOMEM. */
int parent_merge(struct parent *parent);
/* Reads pilotd.conf again and applies what changed. */
int parent_reload(struct parent *parent, char *err);

#endif /* PILOTD_PARENT_H */
