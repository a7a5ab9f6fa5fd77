// SPDX-License-Identifier: GPL-2.0-or-later

#include "lost.h"

#include "arm.h"
#include "reach.h"

#define STEP_TIME	(250 * CLOCK_MS)

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

static int idle_anew(struct worker *worker, uint64_t agent, uint64_t peer,
		     uint32_t seconds)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_IDLE_ANEW);
	message.idle.agent = agent;
	message.idle.peer = peer;
	message.idle.seconds = seconds;
	return worker_call(worker, &message);
}

/* What is waited for already is not put off. */
static void lost_later(struct worker *worker)
{
	if (worker->lost_source &&
	    sd_event_source_get_enabled(worker->lost_source, NULL) <= 0)
		arm(worker->lost_source, clock_boot() + STEP_TIME);
}

static int on_lost(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct worker *worker = ctx;

	(void)source;
	(void)usec;
	if (lost_step(worker, idle_anew))
		lost_later(worker);
	worker_catch_up(worker);
	return 0;
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
	worker->lost_all = true;
	lost_later(worker);
}

void lost_confirmed(struct worker *worker, struct session_peer *peer)
{
	const struct worker_peer *data = session_peer_data(peer);

	if (data->lost)
		lost_later(worker);
}

static void lost_mark(struct worker *worker)
{
	struct worker_agent *agent = worker->agents;
	struct session_peer *peer = NULL;
	struct worker_peer *data;

	while ((peer = lost_next(worker, &agent, peer))) {
		data = session_peer_data(peer);
		data->lost = true;
	}
}

static void lost_ask(struct worker *worker, const struct worker_agent *agent,
		     struct session_peer *peer, uint32_t seconds,
		     lost_ask_fn ask)
{
	struct clock now;

	if (ask(worker, agent->address, session_peer_address(peer), seconds))
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
	uint32_t seconds;

	if (worker->lost_all)
		lost_mark(worker);
	worker->lost_all = false;
	while ((peer = lost_next(worker, &agent, peer))) {
		data = session_peer_data(peer);
		/* Of one that is not confirmed nothing would be understood. */
		if (!data->lost || !session_control_ready(peer))
			continue;
		if (asked == LOST_STEP_PEERS)
			return true;
		data->lost = false;
		seconds = config_peer_idle(&data->config, agent->introducers);
		if (!seconds)
			continue;
		lost_ask(worker, agent, peer, seconds, ask);
		asked++;
	}
	return false;
}
