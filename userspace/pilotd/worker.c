// SPDX-License-Identifier: GPL-2.0-or-later

#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/pilot.h>
#include <sodium.h>

#include "addr.h"
#include "answer.h"
#include "arm.h"
#include "cpu.h"
#include "events.h"
#include "hold.h"
#include "introduce.h"
#include "lanes.h"
#include "log.h"
#include "lost.h"
#include "netcheck.h"
#include "own.h"
#include "ping.h"
#include "reach.h"
#include "sandbox.h"
#include "spawn.h"
#include "told.h"
#include "turns.h"
#include "udp.h"

/* Events taken at one go, so that timers and requests get their turn. */
#define BURST		64
/* How long an orphan keeps its sockets though no key needs them. */
#define ORPHAN_S	60
/* Seconds a key may be used when no other comes. */
#define HARD_AGE	600U

static const int udp_fds[2] = { WORKER_FD_UDP4, WORKER_FD_UDP6 };

/* A message from the parent that has to wait its turn. */
struct worker_queued {
	struct worker_queued *next;
	struct ipc_message message;
};

struct worker_agent *worker_agent_find(struct worker *worker,
				       const char *name)
{
	struct worker_agent *agent;

	for (agent = worker->agents; agent; agent = agent->next)
		if (!strcmp(agent->config.name, name))
			return agent;
	return NULL;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* After whatever happened: what follows from it, and when it goes on. */
static void rearm(struct worker *worker)
{
	uint64_t deadline;

	reach_settle(worker);
	if (worker->turns && reach_turn_settle(worker))
		reach_settle(worker);
	deadline = earlier(session_next_deadline(worker->host),
			   earlier(introducer_next_deadline(worker->introducer),
				   reach_deadline(worker->reach)));
	arm(worker->timer_source, deadline);
}

static int enqueue(struct worker *worker, const struct ipc_message *message)
{
	struct worker_queued *queued = malloc(sizeof(*queued));

	if (!queued)
		return -ENOMEM;
	queued->next = NULL;
	queued->message = *message;
	*worker->queue_end = queued;
	worker->queue_end = &queued->next;
	/* Nothing more may come that would wake the loop for it. */
	if (worker->deferred_source)
		sd_event_source_set_enabled(worker->deferred_source,
					    SD_EVENT_ONESHOT);
	return 0;
}

int worker_call(struct worker *worker, struct ipc_message *message)
{
	uint32_t id = ++worker->last_id;
	int ret;

	message->id = id;
	ret = ipc_send(WORKER_FD_IPC, message);
	while (!ret) {
		ret = ipc_receive(WORKER_FD_IPC, message, false);
		if (ret)
			break;
		if (message->type == IPC_REPLY && message->id == id)
			return -message->reply.error;
		ret = enqueue(worker, message);
		sodium_memzero(message, sizeof(*message));
	}
	/* Without the parent nothing can go on: the loop will see to it. */
	ipc_message_init(message, IPC_REPLY);
	strcpy(message->reply.text, "the privileged process is gone");
	return ret;
}

void worker_catch_up(struct worker *worker)
{
	struct worker_queued *queued;

	while ((queued = worker->queue)) {
		worker->queue = queued->next;
		if (!worker->queue)
			worker->queue_end = &worker->queue;
		told_message(worker, &queued->message);
		sodium_memzero(queued, sizeof(*queued));
		free(queued);
	}
	rearm(worker);
}

/* The session's callbacks. */

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	struct worker *worker = ctx;
	int i = dst->family == AF_INET6;
	int ret;

	if (i && !worker->has_udp6)
		return;
	/* Lost is lost: the state machine sends again. */
	ret = udp_send(udp_fds[i], dst, bytes, len);
	if (ret)
		log_debug("cannot send: %s", strerror(-ret));
}

static int op_key_install(void *ctx, struct session_agent *agent,
			  struct session_peer *peer,
			  const struct session_key *key)
{
	struct worker *worker = ctx;
	struct ipc_message message;
	int ret;

	ipc_message_init(&message, IPC_KEY_NEW);
	message.key.agent = session_agent_address(agent);
	message.key.peer = session_peer_address(peer);
	message.key.key = *key;
	/* Control keys stay here. */
	memset(message.key.key.control_rx_key, 0, 32);
	memset(message.key.key.control_tx_key, 0, 32);
	ret = worker_call(worker, &message);
	/* A lane less is told when the link is made, and to who listens. */
	if (ret && key->lane)
		log_debug("the kernel refused a key of lane %u: %s", key->lane,
			  message.reply.text);
	else if (ret && ret != -EEXIST)
		log_error("the kernel refused a key: %s", message.reply.text);
	sodium_memzero(&message, sizeof(message));
	return ret;
}

static void op_key_delete(void *ctx, struct session_agent *agent,
			  struct session_peer *peer, uint8_t lane,
			  uint32_t epoch)
{
	struct worker *worker = ctx;
	struct ipc_message message;

	ipc_message_init(&message, IPC_KEY_DEL);
	message.key_name.agent = session_agent_address(agent);
	message.key_name.peer = session_peer_address(peer);
	message.key_name.lane = lane;
	message.key_name.epoch = epoch;
	worker_call(worker, &message);
}

static int endpoint_forget(struct worker *worker, struct session_agent *agent,
			   struct session_peer *peer)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_ENDPOINT_FORGET);
	message.peer_name.agent = session_agent_address(agent);
	message.peer_name.peer = session_peer_address(peer);
	return worker_call(worker, &message);
}

static int op_endpoint_set(void *ctx, struct session_agent *agent,
			   struct session_peer *peer,
			   const struct endpoint *endpoint)
{
	struct worker *worker = ctx;
	struct session_peer_info info;
	struct ipc_message message;
	int ret;

	if (!endpoint_is_set(endpoint))
		return endpoint_forget(worker, agent, peer);
	session_peer_info(peer, &info);
	ipc_message_init(&message, IPC_ENDPOINT_SET);
	message.endpoint.agent = session_agent_address(agent);
	message.endpoint.peer = session_peer_address(peer);
	message.endpoint.endpoint = *endpoint;
	/* There is nothing under way on a path that is the first. */
	message.endpoint.hold = endpoint_is_set(&info.endpoint) &&
				!endpoint_equal(&info.endpoint, endpoint) &&
				!hold_begin(worker->holds,
					    message.endpoint.agent,
					    message.endpoint.peer);
	ret = worker_call(worker, &message);
	if (ret)
		log_debug("the kernel refused an endpoint: %s",
			  message.reply.text);
	return ret;
}

static int hold_release(void *ctx, uint64_t agent, uint64_t peer)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_ENDPOINT_RELEASE);
	message.peer_name.agent = agent;
	message.peer_name.peer = peer;
	return worker_call(ctx, &message);
}

static const char *notice_name(enum session_notice notice)
{
	static const char *const names[] = {
		[SESSION_NOTICE_INITIATING] = "handshake-started",
		[SESSION_NOTICE_ESTABLISHED] = "established",
		[SESSION_NOTICE_CONFIRMED] = "confirmed",
		[SESSION_NOTICE_FAILED] = "handshake-failed",
		[SESSION_NOTICE_EXPIRED] = "expired",
		[SESSION_NOTICE_REFUSED] = "refused",
		[SESSION_NOTICE_LOAD] = "under-load",
		[SESSION_NOTICE_LANE] = "lane-refused",
	};

	return names[notice];
}

static void op_notify(void *ctx, enum session_notice notice,
		      struct session_agent *agent, struct session_peer *peer,
		      const char *text)
{
	struct worker *worker = ctx;
	const struct worker_agent *at = agent ? session_agent_data(agent) :
						NULL;
	char address[ADDR_TEXT_LEN] = "";

	if (peer)
		addr_format(session_peer_address(peer), address);
	/* Where it is now nobody knows: somebody else may be there. */
	if (notice == SESSION_NOTICE_EXPIRED)
		introducer_peer_gone(worker->introducer,
				     session_agent_address(agent),
				     session_peer_address(peer));
	reach_notice(worker, notice, peer);
	if (notice == SESSION_NOTICE_CONFIRMED)
		lost_confirmed(worker, peer);
	log_line(notice == SESSION_NOTICE_FAILED ||
		 notice == SESSION_NOTICE_LOAD ? LOG_LEVEL_NOTICE :
						 LOG_LEVEL_DEBUG,
		 "%s %s: %s%s%s", at ? at->config.name : "-", address,
		 notice_name(notice), text[0] ? ": " : "", text);
	if (worker->control)
		control_broadcast(worker->control,
				  answer_event(notice_name(notice),
					       at ? at->config.name : NULL,
					       address, text));
}

static bool op_control(void *ctx, struct session_agent *agent,
		       struct session_peer *peer, const struct endpoint *src,
		       uint8_t type, const uint8_t *tlvs, size_t len)
{
	return introduce_control(ctx, agent, peer, src, type, tlvs, len) ||
	       reach_control(ctx, peer, src, type, tlvs, len);
}

static void op_pong(void *ctx, struct session_agent *agent,
		    struct session_peer *peer, const struct session_pong *pong)
{
	reach_ponged(ctx, peer, pong);
	ping_answered(ctx, agent, peer, pong);
}

static const struct session_ops session_ops = {
	.send = op_send,
	.key_install = op_key_install,
	.key_delete = op_key_delete,
	.endpoint_set = op_endpoint_set,
	.notify = op_notify,
	.control = op_control,
	.pinged = reach_pinged,
	.pong = op_pong,
};

static void op_own_changed(void *ctx, bool moved)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	reach_own_changed(worker, moved);
	if (moved)
		turns_moved(worker->turns, now.boot_ns);
	rearm(worker);
	if (worker->control)
		control_broadcast(worker->control,
				  netcheck_addresses(worker->own));
}

static void op_own_routed(void *ctx)
{
	reach_routed(ctx);
	rearm(ctx);
}

static void op_own_checked(void *ctx, uint64_t check)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	turns_check(worker->turns, now.boot_ns, check);
}

static const struct own_ops own_ops = {
	.send = op_send,
	.changed = op_own_changed,
	.routed = op_own_routed,
	.checked = op_own_checked,
};

/* What a timer of TURN led to has its own deadlines. */
static void rearm_soon(struct worker *worker)
{
	sd_event_source_set_enabled(worker->deferred_source,
				    SD_EVENT_ONESHOT);
}

static void op_turn_changed(void *ctx, const struct path_turn *turn)
{
	reach_turn_set(ctx, turn);
	rearm_soon(ctx);
}

static void op_turn_bound(void *ctx)
{
	reach_turn_ready(ctx);
	rearm_soon(ctx);
}

static void op_turn_frame(void *ctx, const struct endpoint *src,
			  const void *bytes, size_t len)
{
	struct worker *worker = ctx;
	struct clock now;

	clock_read(&now);
	session_receive(worker->host, &now, src, bytes, len);
	rearm_soon(worker);
}

static void op_turn_told(void *ctx, const char *text)
{
	struct worker *worker = ctx;

	if (worker->control)
		control_broadcast(worker->control,
				  answer_event("turn-server", NULL, "", text));
}

static void op_turn_checked(void *ctx, uint64_t check)
{
	struct worker *worker = ctx;

	if (worker->control)
		control_broadcast(worker->control, netcheck_event(check));
}

static const struct turns_ops turns_ops = {
	.send = op_send,
	.changed = op_turn_changed,
	.bound = op_turn_bound,
	.frame = op_turn_frame,
	.told = op_turn_told,
	.checked = op_turn_checked,
};

/* Sources of the loop. */

struct arrival {
	struct worker *worker;
	struct clock now;
};

static void on_datagram(void *ctx, const struct endpoint *src,
			const uint8_t *bytes, size_t len)
{
	const struct arrival *arrival = ctx;

	if (stun_is_message(bytes, len)) {
		if (!turns_receive(arrival->worker->turns,
				   arrival->now.boot_ns, src, bytes, len))
			own_receive(arrival->worker->own,
				    arrival->now.boot_ns, src, bytes, len);
		return;
	}
	session_receive(arrival->worker->host, &arrival->now, src, bytes, len);
}

static int on_udp(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct arrival arrival = { .worker = ctx };

	(void)source;
	(void)revents;
	clock_read(&arrival.now);
	udp_drain(arrival.worker->batch, fd, on_datagram, &arrival);
	rearm(arrival.worker);
	return 0;
}

static void on_kernel_event(void *ctx, const struct kernel_event *event)
{
	static const enum session_event kinds[] = {
		[PILOT_EVENT_SOFT_LIMIT] = SESSION_EVENT_SOFT_LIMIT,
		[PILOT_EVENT_HARD_LIMIT] = SESSION_EVENT_HARD_LIMIT,
		[PILOT_EVENT_KEY_CURRENT] = SESSION_EVENT_KEY_CURRENT,
		[PILOT_EVENT_ENDPOINT_MOVED] = SESSION_EVENT_ENDPOINT_MOVED,
		[PILOT_EVENT_PEER_IDLE] = SESSION_EVENT_PEER_IDLE,
		[PILOT_EVENT_PEER_SILENT] = SESSION_EVENT_PEER_SILENT,
		[PILOT_EVENT_PEER_ACTIVE] = SESSION_EVENT_PEER_ACTIVE,
	};
	struct worker *worker = ctx;
	const struct endpoint *endpoint = NULL;
	struct session_agent *agent;
	struct session_peer *peer;
	struct clock now;

	agent = session_agent_find(worker->host, event->agent);
	if (!agent)
		return;
	clock_read(&now);
	peer = session_peer_find(agent, event->peer);
	if (event->type == PILOT_EVENT_ACQUIRE) {
		if (!peer || !reach_wanted(worker, peer))
			session_acquire(worker->host, &now, event->agent,
					event->peer);
		return;
	}
	if (event->type < PILOT_EVENT_SOFT_LIMIT ||
	    event->type > PILOT_EVENT_PEER_ACTIVE ||
	    event->type == PILOT_EVENT_SOCKET_GONE)
		return;
	if (!peer)
		return;
	if (endpoint_is_set(&event->endpoint))
		endpoint = &event->endpoint;
	session_kernel_event(worker->host, &now, peer, kinds[event->type],
			     event->lane, event->epoch, endpoint);
	/* What becomes of other lanes is no word on the path. */
	if (!event->lane)
		reach_event(worker, peer, kinds[event->type], endpoint);
}

static int on_events(sd_event_source *source, int fd, uint32_t revents,
		     void *ctx)
{
	struct worker *worker = ctx;
	uint8_t bytes[16384];
	ssize_t n;
	int i;

	(void)source;
	(void)revents;
	for (i = 0; i < BURST; i++) {
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS) {
			log_warning("lost events of the kernel");
			lost_begin(worker);
		}
		if (n <= 0)
			break;
		events_parse(bytes, n, on_kernel_event, worker);
	}
	rearm(worker);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct worker *worker = ctx;
	struct clock now;

	(void)source;
	(void)usec;
	clock_read(&now);
	session_timer(worker->host, &now);
	introducer_timer(worker->introducer, now.boot_ns);
	rearm(worker);
	return 0;
}

static int on_deferred(sd_event_source *source, void *ctx)
{
	(void)source;
	worker_catch_up(ctx);
	return 0;
}

static int on_claim(sd_event_source *source, int fd, uint32_t revents,
		    void *ctx)
{
	struct worker *worker = ctx;
	struct lanes lanes;

	(void)source;
	(void)revents;
	lanes_init(&lanes, worker->init.port, worker->init.lanes);
	for (unsigned int n = 0; n < lanes.count; n++) {
		lanes.lane[n].fd[0] = worker_fd_udp(n, 0);
		if (worker->has_udp6)
			lanes.lane[n].fd[1] = worker_fd_udp(n, 1);
	}
	if (lanes_give(fd, &lanes) == 0) {
		log_info("gave the sockets to a new parent");
		sd_event_exit(worker->event, 0);
	}
	return 0;
}

static int on_orphan_end(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct worker *worker = ctx;

	(void)source;
	(void)usec;
	return sd_event_exit(worker->event, 0);
}

/*
 * The parent died and not by a stop, which would have ended us too. The
 * sockets must stay open, or the kernel's flows end: keep them for the next
 * parent, for as long as one of the keys lives, which nobody renews now.
 */
static int become_orphan(struct worker *worker)
{
	uint64_t until = session_keys_until(worker->host);
	struct clock now;
	int ret;

	log_warning("the parent is gone; keeping the sockets for another");
	sd_event_source_disable_unref(worker->ipc_source);
	worker->lost_source =
		sd_event_source_disable_unref(worker->lost_source);
	sd_event_source_disable_unref(worker->udp_source[0]);
	sd_event_source_disable_unref(worker->udp_source[1]);
	sd_event_source_disable_unref(worker->events_source);
	sd_event_source_disable_unref(worker->timer_source);
	worker->deferred_source =
		sd_event_source_disable_unref(worker->deferred_source);
	holds_free(worker->holds);
	worker->holds = NULL;
	control_free(worker->control);
	worker->control = NULL;
	/* What the gateway maps is for the next one. */
	own_free(worker->own);
	worker->own = NULL;
	turns_free(worker->turns);
	worker->turns = NULL;
	ret = sd_event_add_io(worker->event, NULL, WORKER_FD_HANDOVER, EPOLLIN,
			      on_claim, worker);
	if (ret < 0)
		return ret;
	clock_read(&now);
	if (until < now.boot_ns + ORPHAN_S * CLOCK_SECOND)
		until = now.boot_ns + ORPHAN_S * CLOCK_SECOND;
	return sd_event_add_time(worker->event, NULL, CLOCK_BOOTTIME,
				 until / 1000 + 1, 0, on_orphan_end, worker);
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct worker *worker = ctx;
	struct ipc_message message;
	int ret;

	(void)source;
	(void)revents;
	worker_catch_up(worker);
	/* A call that was made meanwhile may have taken what woke us. */
	ret = ipc_receive_now(fd, &message, false);
	if (ret == -EPIPE)
		return become_orphan(worker);
	if (ret == 0)
		told_message(worker, &message);
	else if (ret != -EAGAIN)
		log_error("bad message from the parent");
	sodium_memzero(&message, sizeof(message));
	rearm(worker);
	return 0;
}

static int add_sources(struct worker *worker)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ret = sd_event_add_signal(worker->event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_io(worker->event, &worker->ipc_source,
				      WORKER_FD_IPC, EPOLLIN, on_ipc, worker);
	if (ret >= 0)
		ret = sd_event_add_io(worker->event, &worker->udp_source[0],
				      WORKER_FD_UDP4, EPOLLIN, on_udp, worker);
	if (ret >= 0 && worker->has_udp6)
		ret = sd_event_add_io(worker->event, &worker->udp_source[1],
				      WORKER_FD_UDP6, EPOLLIN, on_udp, worker);
	if (ret >= 0)
		ret = sd_event_add_io(worker->event, &worker->events_source,
				      WORKER_FD_EVENTS, EPOLLIN, on_events,
				      worker);
	if (ret >= 0)
		ret = sd_event_add_time(worker->event, &worker->timer_source,
					CLOCK_BOOTTIME, 0, 1000, on_timer,
					worker);
	if (ret >= 0)
		ret = lost_start(worker);
	if (ret >= 0)
		ret = sd_event_add_defer(worker->event,
					 &worker->deferred_source, on_deferred,
					 worker);
	return ret;
}

static int descriptor(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 ? fd : -1;
}

/* Before anything is opened, which would take the place of one that is missing. */
static void descriptors_note(struct worker *worker)
{
	worker->has_udp6 = descriptor(WORKER_FD_UDP6) >= 0;
	worker->route = descriptor(WORKER_FD_ROUTE);
	worker->gateway[0] = descriptor(WORKER_FD_GATEWAY4);
	worker->gateway[1] = descriptor(WORKER_FD_GATEWAY6);
	worker->announcements = descriptor(WORKER_FD_ANNOUNCEMENTS);
}

static int own_start(struct worker *worker)
{
	const struct ipc_init *init = &worker->init;
	struct own_config config = {
		.port = init->port,
		.stun_servers = init->stun_servers,
		.port_mapping = init->port_mapping,
		.route = worker->route,
		.gateway = { worker->gateway[0], worker->gateway[1] },
		.announcements = worker->announcements,
	};

	memcpy(config.stun_server, init->stun_server,
	       sizeof(config.stun_server));
	memcpy(config.secret, init->portmap_secret, sizeof(config.secret));
	return own_new(&worker->own, worker->event, &config, &own_ops, worker);
}

static int turns_start(struct worker *worker)
{
	struct ipc_init *init = &worker->init;
	int ret;

	ret = turns_new(&worker->turns, worker->event, init->turn,
			init->turn_servers, &turns_ops, worker);
	sodium_memzero(init->turn, sizeof(init->turn));
	return ret;
}

static int worker_start(struct worker *worker)
{
	struct session_config config = { 0 };
	struct ipc_message message;
	char err[256] = "";
	struct clock now;
	int ret;

	ret = ipc_receive(WORKER_FD_IPC, &message, false);
	if (ret || message.type != IPC_INIT)
		return ret ?: -EPROTO;
	worker->init = message.init;
	sodium_memzero(&message, sizeof(message));
	log_level_set(worker->init.log_level);
	descriptors_note(worker);
	config.lanes = worker->init.lanes;
	memcpy(config.ports, worker->init.lane_ports, sizeof(config.ports));
	config.aes_accelerated = cpu_has_aes();
	config.soft_age = worker->init.rekey_after;
	config.hard_age = config.soft_age * 2 > HARD_AGE ?
			  config.soft_age * 2 : HARD_AGE;
	clock_read(&now);
	worker->host = session_host_new(&session_ops, worker, &config, &now);
	worker->batch = udp_batch_new();
	if (!worker->host || !worker->batch)
		return -ENOMEM;
	ret = introduce_start(worker);
	if (!ret)
		ret = reach_new(worker);
	if (!ret)
		ret = sd_event_default(&worker->event);
	if (ret >= 0)
		ret = control_new(&worker->control, worker->event,
				  WORKER_FD_CONTROL, worker->init.control_gid,
				  answer_request, worker);
	if (ret >= 0)
		ret = holds_new(&worker->holds, worker->event, hold_release,
				worker);
	if (ret >= 0)
		ret = add_sources(worker);
	if (ret >= 0)
		ret = turns_start(worker);
	if (ret >= 0)
		ret = own_start(worker);
	if (ret < 0)
		return ret;
	ret = sandbox_enter(SANDBOX_WORKER, err, sizeof(err));
	if (ret)
		log_error("cannot give up privileges: %s", err);
	return ret;
}

int worker_run(void)
{
	struct worker worker = { 0 };
	int ret;

	worker.queue_end = &worker.queue;
	ret = worker_start(&worker);
	if (ret < 0) {
		log_error("cannot start: %s", strerror(-ret));
		return 1;
	}
	ret = sd_event_loop(worker.event);
	holds_free(worker.holds);
	if (worker.own)
		own_release(worker.own);
	own_free(worker.own);
	if (worker.turns)
		turns_release(worker.turns);
	turns_free(worker.turns);
	reach_free(worker.reach);
	introducer_free(worker.introducer);
	session_host_free(worker.host);
	udp_batch_free(worker.batch);
	return ret < 0 ? 1 : ret;
}
