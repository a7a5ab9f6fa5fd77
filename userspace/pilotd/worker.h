/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker: parses everything from the network and from the control
 * socket, drives the handshakes, and asks the parent for what needs
 * privileges.
 */
#ifndef PILOTD_WORKER_H
#define PILOTD_WORKER_H

#include <systemd/sd-event.h>

#include "control.h"
#include "ipc.h"

struct own;
struct path_agent;
struct path_peer;
struct reach;
struct turns;
struct worker;

/* What the worker knows of an agent; session_agent_data() of its session. */
struct worker_agent {
	struct config_agent config;
	bool runtime;
	uint64_t address;
	uint32_t ifindex;
	struct session_agent *session;
	struct path_agent *path;
	unsigned int introducers;	/* among its peers */
	struct worker_agent *next;
};

/* What it knows of a peer; session_peer_data() of its session. */
struct worker_peer {
	struct config_peer config;
	bool runtime;
	uint64_t address;
	struct path_peer *path;		/* NULL: none are looked for */
	bool introduces;		/* and is counted by its agent */
	bool lost;			/* it may be idle, or not */
	struct endpoint tls;		/* what is asked of the bridge for it */
	char tls_name[CONFIG_NAME_LEN];	/* and with which name */
	uint32_t tls_number;		/* the connection it knows of, 0: none */
	bool tls_probed;		/* asked whether its server answers */
};

struct worker {
	sd_event *event;
	struct session_host *host;
	struct control *control;
	struct udp_batch *batch;
	struct holds *holds;
	struct own *own;
	struct turns *turns;
	struct introducer *introducer;
	struct reach *reach;
	struct worker_agent *agents;
	struct ipc_init init;
	bool has_udp6;
	/* Of the host's addresses and gateways; -1 for one that is missing. */
	int route;
	int gateway[2];
	int announcements;
	uint32_t last_id;
	sd_event_source *ipc_source;
	sd_event_source *udp_source[2];
	sd_event_source *events_source;
	sd_event_source *timer_source;
	sd_event_source *deferred_source;
	sd_event_source *lost_source;
	bool lost_all;			/* every peer is to be marked */
	/* What was last said of TLS servers; those without one are free. */
	struct bridge_state tls_said[BRIDGE_SERVERS_MAX];
	unsigned int tls_next;		/* the place of the next one */
	struct worker_queued *queue;	/* messages that came during a call */
	struct worker_queued **queue_end;
};

/* Runs until the parent is gone or says stop. Return: an exit status. */
int worker_run(void);

/*
 * One request to the parent. @message becomes the reply, with a text when
 * it failed. Return: 0 or -errno.
 */
int worker_call(struct worker *worker, struct ipc_message *message);
/* Takes in what the parent said while a call was under way. */
void worker_catch_up(struct worker *worker);

struct worker_agent *worker_agent_find(struct worker *worker,
				       const char *name);

#endif /* PILOTD_WORKER_H */
