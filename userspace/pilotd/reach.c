// SPDX-License-Identifier: GPL-2.0-or-later

#include "reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "answer.h"
#include "bridge_request.h"
#include "log.h"
#include "own.h"
#include "reach_tls.h"
#include "turns.h"

/* A notice of the session that waits until its host is idle. */
struct reach_notice {
	struct reach_notice *next;
	uint64_t agent, peer;
	enum session_notice notice;
	struct endpoint via;
	bool offered;			/* the peer has not used the key yet */
};

struct reach {
	struct path_host *host;
	struct reach_notice *first, **end;
	bool settling;
	enum path_turn_need turn_need;	/* as told */
};

static struct worker_peer *data_of(const struct session_peer *peer)
{
	return session_peer_data(peer);
}

static bool is_introduced(const struct session_peer *peer)
{
	const struct worker_agent *agent =
		session_agent_data(session_peer_agent(peer));

	return data_of(peer)->path && agent->introducers;
}

/* The callbacks of lib/path; data of its peers are the session's. */

static int op_send(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint8_t type, const void *tlvs,
		   size_t len)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	return session_control_send(worker->host, &now, path_peer_data(peer),
				    dst, type, tlvs, len);
}

static int op_ping(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint64_t *token)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	return session_ping(worker->host, &now, path_peer_data(peer), dst,
			    token);
}

static void op_forget(void *ctx, struct path_peer *peer, uint64_t token)
{
	(void)ctx;
	session_ping_forget(path_peer_data(peer), token);
}

/* The kernel keeps to a changed endpoint for a while in any case. */
static void op_use(void *ctx, struct path_peer *peer,
		   const struct endpoint *endpoint, bool hold)
{
	struct worker *worker = ctx;

	(void)hold;
	session_peer_move(worker->host, path_peer_data(peer), endpoint);
}

static void op_session(void *ctx, struct path_peer *peer,
		       const struct endpoint *endpoint)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	session_handshake(worker->host, &now, path_peer_data(peer), endpoint);
}

static void op_notify(void *ctx, enum path_notice notice,
		      struct path_peer *peer, const char *text)
{
	struct session_peer *session = path_peer_data(peer);
	const struct worker_agent *agent =
		session_agent_data(session_peer_agent(session));
	char address[ADDR_TEXT_LEN];
	struct worker *worker = ctx;

	addr_format(session_peer_address(session), address);
	log_debug("%s %s: %s%s%s", agent->config.name, address,
		  path_notice_name(notice), text[0] ? ": " : "", text);
	if (worker->control)
		control_broadcast(worker->control,
				  answer_event(path_notice_name(notice),
					       agent->config.name, address,
					       text));
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	randombytes_buf(buf, len);
}

static void op_turn_permit(void *ctx, const struct endpoint *peer)
{
	struct worker *worker = ctx;

	turns_permit(worker->turns, clock_boot(), peer);
}

static int op_turn_channel(void *ctx, const struct endpoint *peer,
			   struct endpoint *via)
{
	struct worker *worker = ctx;

	return turns_channel(worker->turns, clock_boot(), peer, via);
}

static void op_turn_keep(void *ctx, const struct endpoint *via)
{
	struct worker *worker = ctx;

	turns_keep(worker->turns, clock_boot(), via);
}

static const struct path_ops path_ops = {
	.send = op_send,
	.ping = op_ping,
	.forget = op_forget,
	.use = op_use,
	.session = op_session,
	.tls = reach_tls_want,
	.notify = op_notify,
	.random = op_random,
	.turn_permit = op_turn_permit,
	.turn_channel = op_turn_channel,
	.turn_keep = op_turn_keep,
};

int reach_new(struct worker *worker)
{
	/* What is not named here is as lib/path has it. */
	struct path_config config = {
		.active = worker->init.path_dead / 3,
		.active_dead = worker->init.path_dead,
	};
	struct reach *reach = calloc(1, sizeof(*reach));
	struct clock now;

	if (!reach)
		return -ENOMEM;
	memcpy(config.cost, worker->init.path_cost, sizeof(config.cost));
	clock_read(&now);
	reach->end = &reach->first;
	reach->host = path_host_new(&path_ops, worker, &config, &now);
	if (!reach->host) {
		free(reach);
		return -ENOMEM;
	}
	worker->reach = reach;
	return 0;
}

static struct reach_notice *notice_take(struct reach *reach)
{
	struct reach_notice *notice = reach->first;

	if (!notice)
		return NULL;
	reach->first = notice->next;
	if (!reach->first)
		reach->end = &reach->first;
	return notice;
}

void reach_free(struct reach *reach)
{
	struct reach_notice *notice;

	if (!reach)
		return;
	while ((notice = notice_take(reach)))
		free(notice);
	path_host_free(reach->host);
	free(reach);
}

/* What the parent says. */

void reach_agent_add(struct worker *worker, struct worker_agent *agent,
		     const uint8_t public[static IDENTITY_KEY_LEN])
{
	if (path_agent_add(worker->reach->host, agent->address, public,
			   &agent->path))
		log_error("no ways are looked for by %s: no memory",
			  agent->config.name);
}

void reach_agent_del(struct worker *worker, struct worker_agent *agent)
{
	if (agent->path)
		path_agent_del(worker->reach->host, agent->path);
	agent->path = NULL;
}

static void confirm(struct worker *worker, const struct clock *now,
		    struct session_peer *peer)
{
	const struct worker_peer *data = data_of(peer);

	if (!session_control_ready(peer))
		return;
	path_session(worker->reach->host, now, data->path,
		     PATH_SESSION_CONFIRMED, NULL);
	/* Nobody will tell, and an introducer has data at times only. */
	if (data->introduces && !config_peer_idle(&data->config, true))
		path_traffic(worker->reach->host, now, data->path,
			     PATH_TRAFFIC_IDLE);
}

/* A session that was there before anybody looked for ways. */
static void take_in(struct worker *worker, const struct clock *now,
		    struct session_peer *peer)
{
	struct path_peer *path = data_of(peer)->path;
	struct session_peer_info info;
	struct path_info known;

	if (!path || !session_control_ready(peer))
		return;
	path_peer_info(path, &known);
	if (known.session)
		return;
	session_peer_info(peer, &info);
	/* Data goes there, so that is where the peer is. */
	if (endpoint_is_set(&info.endpoint))
		path_session(worker->reach->host, now, path,
			     PATH_SESSION_ESTABLISHED, &info.endpoint);
	confirm(worker, now, peer);
	if (info.idle)
		path_traffic(worker->reach->host, now, path,
			     PATH_TRAFFIC_IDLE);
}

/*
 * Keeps the agent's number of introducers, whatever the number of peers. The
 * first one begins the search for ways, the last one ends it.
 */
static void introducer_note(struct worker *worker, const struct clock *now,
			    struct session_peer *peer, bool introduces)
{
	struct session_agent *session = session_peer_agent(peer);
	struct worker_agent *agent = session_agent_data(session);
	struct worker_peer *data = data_of(peer);
	unsigned int before = agent->introducers;

	agent->introducers += introduces - data->introduces;
	data->introduces = introduces;
	if (before && !agent->introducers) {
		path_agent_stop(worker->reach->host, now, agent->path);
		return;
	}
	if (!agent->introducers)
		return;
	take_in(worker, now, peer);
	for (peer = NULL; !before &&
	     (peer = session_peer_next(session, peer));)
		take_in(worker, now, peer);
}

void reach_peer_put(struct worker *worker, struct session_peer *peer)
{
	struct worker_agent *agent =
		session_agent_data(session_peer_agent(peer));
	struct worker_peer *data = data_of(peer);
	struct path_peer_config config = {
		.address = data->address,
		.endpoint = data->config.endpoint,
		.introducer = data->config.introducer,
		.keepalive = config_peer_keepalive(&data->config),
		.watch = data->config.watch,
	};
	struct endpoint tls;
	struct clock now;
	int ret;

	if (!agent->path)
		return;
	clock_read(&now);
	config.tls = config_peer_tls(&data->config, &tls);
	memcpy(config.public, data->config.public, sizeof(config.public));
	ret = data->path ? path_peer_set(worker->reach->host, &now, data->path,
					 &config) :
			   path_peer_add(worker->reach->host, &now, agent->path,
					 &config, peer, &data->path);
	if (ret)
		log_error("no ways are looked for to a peer of %s: %s",
			  agent->config.name, strerror(-ret));
	introducer_note(worker, &now, peer, data->path && config.introducer);
	reach_tls_set(worker, worker->reach->host, peer);
}

void reach_peer_del(struct worker *worker, struct session_peer *peer)
{
	struct worker_peer *data = data_of(peer);
	struct clock now;

	clock_read(&now);
	if (data->path)
		path_peer_del(worker->reach->host, &now, data->path);
	data->path = NULL;
	introducer_note(worker, &now, peer, false);
}

void reach_own_changed(struct worker *worker, bool moved)
{
	const struct addresses_own *own = own_addresses(worker->own);
	struct path_address address[PATH_HOST_MAX];
	struct endpoint mapped[2], seen[PATH_STUN_MAX];
	size_t count = 0, n = 0, stuns = 0;
	struct clock now;

	clock_read(&now);
	for (; n < own->count && n < PATH_HOST_MAX; n++)
		address[n] = (struct path_address){ own->host[n],
						    own->prefix[n] };
	for (int i = 0; i < 2; i++) {
		const struct portmap *map = own_portmap(worker->own, i);

		if (map && endpoint_is_set(&map->external))
			mapped[count++] = map->external;
		if (stun_client_mapped(own_stun(worker->own, i)))
			seen[stuns++] =
				*stun_client_mapped(own_stun(worker->own, i));
	}
	path_addresses_set(worker->reach->host, &now, address, n, moved);
	path_mapped_set(worker->reach->host, &now, mapped, count);
	path_stun_set(worker->reach->host, &now, seen, stuns);
	bridge_request_hurry();
}

void reach_routed(struct worker *worker)
{
	struct clock now;

	clock_read(&now);
	path_routed(worker->reach->host, &now);
}

void reach_tls(struct worker *worker, const struct bridge_state *state)
{
	reach_tls_state(worker, worker->reach->host, state);
}

void reach_turn_set(struct worker *worker, const struct path_turn *turn)
{
	struct clock now;

	clock_read(&now);
	path_turn_set(worker->reach->host, &now, turn);
}

void reach_turn_ready(struct worker *worker)
{
	struct clock now;

	clock_read(&now);
	path_turn_ready(worker->reach->host, &now);
}

bool reach_turn_settle(struct worker *worker)
{
	static const enum turn_need needs[] = {
		[PATH_TURN_NONE] = TURN_NEED_NONE,
		[PATH_TURN_HELD] = TURN_NEED_HELD,
		[PATH_TURN_LACK] = TURN_NEED_LACK,
	};
	struct reach *reach = worker->reach;
	enum path_turn_need need = path_turn_need(reach->host);
	struct clock now;

	if (need == reach->turn_need)
		return false;
	reach->turn_need = need;
	clock_read(&now);
	turns_need(worker->turns, now.boot_ns, needs[need]);
	return true;
}

/* The session's callbacks. */

bool reach_control(struct worker *worker, struct session_peer *peer,
		   const struct endpoint *src, uint8_t type,
		   const uint8_t *tlvs, size_t len)
{
	struct path_info info;
	struct clock now;

	if (!is_introduced(peer))
		return false;
	clock_read(&now);
	/* A frame under new keys may come before the kernel tells of them. */
	path_peer_info(data_of(peer)->path, &info);
	if (!info.session)
		confirm(worker, &now, peer);
	return path_control(worker->reach->host, &now, data_of(peer)->path,
			    src, type, tlvs, len);
}

void reach_pinged(void *ctx, struct session_agent *agent,
		  struct session_peer *peer, const struct endpoint *src)
{
	struct worker *worker = ctx;
	struct clock now;

	(void)agent;
	if (!is_introduced(peer))
		return;
	clock_read(&now);
	path_pinged(worker->reach->host, &now, data_of(peer)->path, src);
}

void reach_ponged(struct worker *worker, struct session_peer *peer,
		  const struct session_pong *pong)
{
	struct clock now;

	if (!is_introduced(peer))
		return;
	clock_read(&now);
	path_pong(worker->reach->host, &now, data_of(peer)->path, pong->token,
		  &pong->src, &pong->observed, pong->rtt_ns);
}

void reach_notice(struct worker *worker, enum session_notice notice,
		  struct session_peer *peer)
{
	struct reach *reach = worker->reach;
	struct session_peer_info info;
	struct reach_notice *item;

	if (!peer || !is_introduced(peer))
		return;
	if (notice != SESSION_NOTICE_ESTABLISHED &&
	    notice != SESSION_NOTICE_CONFIRMED &&
	    notice != SESSION_NOTICE_EXPIRED && notice != SESSION_NOTICE_FAILED)
		return;
	item = calloc(1, sizeof(*item));
	/* It looks for ways from time to time, told or not. */
	if (!item)
		return;
	session_peer_info(peer, &info);
	item->agent = session_agent_address(session_peer_agent(peer));
	item->peer = session_peer_address(peer);
	item->notice = notice;
	item->via = info.handshake;
	item->offered = info.offered;
	*reach->end = item;
	reach->end = &item->next;
}

/* The kernel's events. */

bool reach_wanted(struct worker *worker, struct session_peer *peer)
{
	struct clock now;

	if (!is_introduced(peer))
		return false;
	clock_read(&now);
	session_kernel_event(worker->host, &now, peer,
			     SESSION_EVENT_PEER_ACTIVE, 0, 0, NULL);
	path_wanted(worker->reach->host, &now, data_of(peer)->path);
	return true;
}

void reach_event(struct worker *worker, struct session_peer *peer,
		 enum session_event event, const struct endpoint *endpoint)
{
	struct path_host *host = worker->reach->host;
	struct clock now;

	if (!is_introduced(peer))
		return;
	clock_read(&now);
	switch (event) {
	case SESSION_EVENT_ENDPOINT_MOVED:
		if (endpoint)
			path_moved(host, &now, data_of(peer)->path, endpoint);
		break;
	case SESSION_EVENT_PEER_SILENT:
		path_traffic(host, &now, data_of(peer)->path,
			     PATH_TRAFFIC_SILENT);
		break;
	case SESSION_EVENT_PEER_IDLE:
		path_traffic(host, &now, data_of(peer)->path,
			     PATH_TRAFFIC_IDLE);
		break;
	case SESSION_EVENT_PEER_ACTIVE:
		path_traffic(host, &now, data_of(peer)->path,
			     PATH_TRAFFIC_ACTIVE);
		break;
	default:
		break;
	}
}

static void notice_deliver(struct worker *worker,
			   const struct reach_notice *notice)
{
	struct session_agent *agent = session_agent_find(worker->host,
							 notice->agent);
	struct session_peer *peer = agent ?
		session_peer_find(agent, notice->peer) : NULL;
	struct path_host *host = worker->reach->host;
	struct path_peer *path;
	struct clock now;

	if (!peer || !is_introduced(peer))
		return;
	path = data_of(peer)->path;
	clock_read(&now);
	switch (notice->notice) {
	case SESSION_NOTICE_ESTABLISHED:
		path_session(host, &now, path, PATH_SESSION_ESTABLISHED,
			     endpoint_is_set(&notice->via) ? &notice->via :
							     NULL);
		/* Who only played an initiation again gets no further. */
		if (!notice->offered)
			confirm(worker, &now, peer);
		break;
	case SESSION_NOTICE_CONFIRMED:
		confirm(worker, &now, peer);
		break;
	case SESSION_NOTICE_EXPIRED:
		path_session(host, &now, path, PATH_SESSION_EXPIRED, NULL);
		break;
	default:
		path_session(host, &now, path, PATH_SESSION_FAILED, NULL);
	}
}

void reach_settle(struct worker *worker)
{
	struct reach *reach = worker->reach;
	struct reach_notice *notice;
	struct clock now;

	/* A call to the parent may lead here again. */
	if (reach->settling)
		return;
	reach->settling = true;
	clock_read(&now);
	do {
		while ((notice = notice_take(reach))) {
			notice_deliver(worker, notice);
			free(notice);
		}
		if (path_next_deadline(reach->host) <= now.boot_ns)
			path_timer(reach->host, &now);
	} while (reach->first);
	reach->settling = false;
}

uint64_t reach_deadline(const struct reach *reach)
{
	return path_next_deadline(reach->host);
}

bool reach_info(const struct session_peer *peer, struct path_info *info)
{
	if (!is_introduced(peer))
		return false;
	path_peer_info(data_of(peer)->path, info);
	return true;
}
