// SPDX-License-Identifier: GPL-2.0-or-later

#include "lost.h"

#include "reach.h"

/* Return: the peer behind @peer, or the first one; NULL at the end. */
static struct session_peer *lost_next(struct worker *worker,
				      struct worker_agent **agent,
				      struct session_peer *peer)
{
	struct session_agent *session;

	for (; *agent; *agent = (*agent)->next, peer = NULL) {
		session = session_agent_find(worker->host, (*agent)->address);
		if (!session)
			continue;
		peer = session_peer_next(session, peer);
		if (peer)
			return peer;
	}
	return NULL;
}

static int idle_anew(struct worker *worker, uint64_t agent, uint64_t peer)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_IDLE_ANEW);
	message.peer_name.agent = agent;
	message.peer_name.peer = peer;
	return worker_call(worker, &message);
}

static int lost_later(struct worker *worker)
{
	int ret = sd_event_source_set_time_relative(worker->lost_source,
						    LOST_STEP_US);

	if (ret < 0)
		return ret;
	return sd_event_source_set_enabled(worker->lost_source,
					   SD_EVENT_ONESHOT);
}

static int on_lost(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct worker *worker = ctx;
	int ret = 0;

	(void)source;
	(void)usec;
	if (lost_step(worker, idle_anew))
		ret = lost_later(worker);
	worker_catch_up(worker);
	return ret;
}

int lost_start(struct worker *worker)
{
	int ret = sd_event_add_time(worker->event, &worker->lost_source,
				    CLOCK_BOOTTIME, 0, 1000, on_lost, worker);

	return ret < 0 ? ret :
	       sd_event_source_set_enabled(worker->lost_source, SD_EVENT_OFF);
}

void lost_begin(struct worker *worker)
{
	struct worker_agent *agent = worker->agents;
	struct session_peer *peer = NULL;
	struct worker_peer *data;

	while ((peer = lost_next(worker, &agent, peer))) {
		data = session_peer_data(peer);
		data->lost = config_peer_idle(&data->config,
					      agent->introducers);
	}
	if (worker->lost_source)
		lost_later(worker);
}

static void lost_ask(struct worker *worker, const struct worker_agent *agent,
		     struct session_peer *peer, lost_ask_fn ask)
{
	struct clock now;

	if (ask(worker, agent->address, session_peer_address(peer)))
		return;
	clock_read(&now);
	session_kernel_event(worker->host, &now, peer,
			     SESSION_EVENT_PEER_ACTIVE, 0, 0, NULL);
	reach_event(worker, peer, SESSION_EVENT_PEER_ACTIVE, NULL);
}

bool lost_step(struct worker *worker, lost_ask_fn ask)
{
	struct worker_agent *agent = worker->agents;
	struct session_peer *peer = NULL;
	struct worker_peer *data;
	unsigned int asked = 0;

	while ((peer = lost_next(worker, &agent, peer))) {
		data = session_peer_data(peer);
		if (!data->lost)
			continue;
		if (asked++ == LOST_STEP_PEERS)
			return true;
		data->lost = false;
		/* Without keys there is nothing to be told. */
		if (session_control_ready(peer))
			lost_ask(worker, agent, peer, ask);
	}
	return false;
}
