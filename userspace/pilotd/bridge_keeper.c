// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sockets.h"
#include "spawn.h"

#define RESPAWN_MAX_S	10
/* One that ran for so long is no sign of trouble when it ends. */
#define GOOD_NS		(30 * CLOCK_SECOND)
/* Who has the port may end. */
#define LISTEN_AGAIN_US	2000000
/* More than this it has nothing to say. */
#define TALK_RATE	50
#define TALK_BURST	500

static int start(struct bridge_keeper *keeper);

void bridge_keeper_init(struct bridge_keeper *keeper)
{
	keeper->listen[0] = keeper->listen[1] = -1;
}

static bool is_listening(const struct bridge_keeper *keeper)
{
	return keeper->listen[0] >= 0 || keeper->listen[1] >= 0;
}

static bool is_wanted(const struct bridge_keeper *keeper)
{
	return keeper->count || is_listening(keeper);
}

static void unwatch(struct bridge_keeper *keeper)
{
	keeper->ipc_source =
		sd_event_source_disable_unref(keeper->ipc_source);
	keeper->child_source =
		sd_event_source_disable_unref(keeper->child_source);
	keeper->respawn_source =
		sd_event_source_disable_unref(keeper->respawn_source);
}

static void send_to(struct bridge_keeper *keeper,
		    const struct bridge_message *message)
{
	if (!keeper->pid || !bridge_send(keeper->ipc, message))
		return;
	log_error("the bridge does not listen; ending it");
	kill(keeper->pid, SIGKILL);
}

static void tell_open(struct bridge_keeper *keeper,
		      const struct bridge_open *open)
{
	struct bridge_message message;

	bridge_message_init(&message, BRIDGE_OPEN);
	message.open = *open;
	send_to(keeper, &message);
}

static int find(const struct bridge_keeper *keeper,
		const struct endpoint *server, uint32_t kind)
{
	for (unsigned int i = 0; i < keeper->count; i++)
		if (endpoint_equal(&keeper->open[i].server, server) &&
		    keeper->open[i].kind == kind)
			return i;
	return -1;
}

/* Its connections went with it. */
static void tell_down(struct bridge_keeper *keeper)
{
	for (unsigned int i = 0; i < keeper->count; i++) {
		struct bridge_state *said = &keeper->said[i];

		if (!said->up)
			continue;
		said->up = false;
		snprintf(said->text, sizeof(said->text),
			 "the process for it ended");
		keeper->state(keeper->ctx, said);
	}
}

static int on_respawn(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct bridge_keeper *keeper = ctx;

	(void)source;
	(void)usec;
	keeper->respawn_source =
		sd_event_source_disable_unref(keeper->respawn_source);
	if (!keeper->pid && is_wanted(keeper))
		start(keeper);
	return 0;
}

static void respawn_later(struct bridge_keeper *keeper)
{
	unsigned int wait_s = keeper->deaths < RESPAWN_MAX_S ?
			      keeper->deaths : RESPAWN_MAX_S;

	keeper->deaths++;
	keeper->respawn_source =
		sd_event_source_disable_unref(keeper->respawn_source);
	sd_event_add_time_relative(keeper->event, &keeper->respawn_source,
				   CLOCK_BOOTTIME, wait_s * 1000000ULL, 0,
				   on_respawn, keeper);
}

static int on_exit(sd_event_source *source, const siginfo_t *info, void *ctx)
{
	struct bridge_keeper *keeper = ctx;

	(void)source;
	if (clock_boot() - keeper->started_at >= GOOD_NS)
		keeper->deaths = 0;
	log_error("the bridge %s %d; starting another",
		  info->si_code == CLD_EXITED ? "exited with status" :
						"was ended by signal",
		  info->si_status);
	unwatch(keeper);
	close(keeper->ipc);
	keeper->pid = 0;
	tell_down(keeper);
	respawn_later(keeper);
	return 0;
}

static void on_state(struct bridge_keeper *keeper,
		     const struct bridge_state *state)
{
	int i = find(keeper, &state->server, state->kind);

	/* It may be of one that was closed a moment ago. */
	if (i < 0)
		return;
	keeper->said[i] = *state;
	keeper->state(keeper->ctx, state);
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct bridge_keeper *keeper = ctx;
	struct bridge_message message;
	int ret;

	(void)revents;
	ret = bridge_receive(fd, &message, true);
	if (ret == 0 && ratelimit_take(&keeper->talk, clock_boot(), TALK_RATE,
				       TALK_BURST)) {
		on_state(keeper, &message.state);
	} else if (ret == 0 || ret == -EBADMSG) {
		log_error("the bridge sent nonsense; ending it");
		kill(keeper->pid, SIGKILL);
	} else if (ret == -EPIPE) {
		/* Its exit is told by the other source. */
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	return 0;
}

static void tell_init(struct bridge_keeper *keeper)
{
	const struct bridge_serving *serving = &keeper->serving;
	struct bridge_message message;

	bridge_message_init(&message, BRIDGE_INIT);
	message.init.port = keeper->port;
	message.init.log_level = keeper->log_level;
	message.init.clients = serving->clients ? serving->clients : 1;
	message.init.listens = (keeper->listen[0] >= 0) |
			       (keeper->listen[1] >= 0) << 1;
	memcpy(message.init.certificate, serving->certificate,
	       sizeof(message.init.certificate));
	memcpy(message.init.key, serving->key, sizeof(message.init.key));
	send_to(keeper, &message);
	for (unsigned int i = 0; i < keeper->count; i++)
		tell_open(keeper, &keeper->open[i]);
}

static int start(struct bridge_keeper *keeper)
{
	int ret = spawn_bridge(keeper->listen, &keeper->pid, &keeper->ipc);

	keeper->started_at = clock_boot();
	if (ret) {
		keeper->pid = 0;
		log_error("cannot start the bridge: %s", strerror(-ret));
		respawn_later(keeper);
		return ret;
	}
	ret = sd_event_add_io(keeper->event, &keeper->ipc_source, keeper->ipc,
			      EPOLLIN, on_ipc, keeper);
	if (ret >= 0)
		ret = sd_event_add_child(keeper->event, &keeper->child_source,
					 keeper->pid, WEXITED, on_exit,
					 keeper);
	if (ret < 0) {
		log_error("cannot watch the bridge: %s", strerror(-ret));
		bridge_keeper_stop(keeper);
		respawn_later(keeper);
		return ret;
	}
	tell_init(keeper);
	return 0;
}

void bridge_keeper_stop(struct bridge_keeper *keeper)
{
	unwatch(keeper);
	if (!keeper->pid)
		return;
	close(keeper->ipc);
	/* It has nothing to lose. */
	kill(keeper->pid, SIGKILL);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	keeper->pid = 0;
}

static void listen_again_stop(struct bridge_keeper *keeper)
{
	keeper->listen_again =
		sd_event_source_disable_unref(keeper->listen_again);
}

static void listen_close(struct bridge_keeper *keeper)
{
	for (int i = 0; i < 2; i++) {
		if (keeper->listen[i] >= 0)
			close(keeper->listen[i]);
		keeper->listen[i] = -1;
	}
}

static int listen_open(struct bridge_keeper *keeper, char *err,
		       size_t err_size)
{
	const struct bridge_serving *serving = &keeper->serving;
	struct endpoint any = { .family = AF_INET, .port = serving->port };

	if (endpoint_is_set(&serving->listen)) {
		keeper->listen[0] = socket_tcp(&serving->listen, err,
					       err_size);
		return keeper->listen[0] < 0 ? keeper->listen[0] : 0;
	}
	keeper->listen[0] = socket_tcp(&any, err, err_size);
	if (keeper->listen[0] < 0)
		return keeper->listen[0];
	/* A host may have no IPv6. */
	any.family = AF_INET6;
	keeper->listen[1] = socket_tcp(&any, err, err_size);
	return keeper->listen[1] < 0 && keeper->listen[1] != -EAFNOSUPPORT ?
	       keeper->listen[1] : 0;
}

static bool serving_equal(const struct bridge_serving *a,
			  const struct bridge_serving *b)
{
	if (a->enabled != b->enabled || a->port != b->port ||
	    a->clients != b->clients ||
	    strcmp(a->certificate, b->certificate) || strcmp(a->key, b->key) ||
	    endpoint_is_set(&a->listen) != endpoint_is_set(&b->listen))
		return false;
	return !endpoint_is_set(&a->listen) ||
	       endpoint_equal(&a->listen, &b->listen);
}

/* The sockets are given to a bridge when it starts. */
static void replace(struct bridge_keeper *keeper)
{
	bridge_keeper_stop(keeper);
	tell_down(keeper);
	keeper->deaths = 0;
	if (is_wanted(keeper))
		start(keeper);
}

static int on_listen_again(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct bridge_keeper *keeper = ctx;
	char err[256];

	(void)usec;
	if (listen_open(keeper, err, sizeof(err))) {
		listen_close(keeper);
		log_debug("%s", err);
		sd_event_source_set_time_relative(source, LISTEN_AGAIN_US);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	listen_again_stop(keeper);
	log_info("others are served by TLS now");
	replace(keeper);
	return 0;
}

static void listen_later(struct bridge_keeper *keeper)
{
	int ret = sd_event_add_time_relative(keeper->event,
					     &keeper->listen_again,
					     CLOCK_BOOTTIME, LISTEN_AGAIN_US,
					     0, on_listen_again, keeper);

	if (ret < 0)
		log_error("the TLS port is not tried again: %s",
			  strerror(-ret));
}

int bridge_keeper_serve(struct bridge_keeper *keeper,
			const struct bridge_serving *serving, char *err,
			size_t err_size)
{
	bool same = serving_equal(serving, &keeper->serving);
	int ret = 0;

	if (same && !serving->enabled == !is_listening(keeper))
		return 0;
	listen_close(keeper);
	keeper->serving = *serving;
	if (serving->enabled)
		ret = listen_open(keeper, err, err_size);
	if (ret)
		listen_close(keeper);
	/* It is tried again as it was, and who is connected stays. */
	if (ret && same)
		return ret;
	listen_again_stop(keeper);
	if (ret)
		listen_later(keeper);
	replace(keeper);
	return ret;
}

void bridge_keeper_open(struct bridge_keeper *keeper,
			const struct bridge_open *open)
{
	int i = find(keeper, &open->server, open->kind);

	if (i < 0) {
		if (keeper->count == BRIDGE_SERVERS_MAX) {
			log_warning("one server by TLS or TCP more than there may be; up to %d",
				    BRIDGE_SERVERS_MAX);
			return;
		}
		i = keeper->count++;
		keeper->open[i] = *open;
		memset(&keeper->said[i], 0, sizeof(keeper->said[i]));
	}
	/* Under another name, for one, the connection is another one. */
	if (!bridge_open_equal(&keeper->open[i], open)) {
		keeper->open[i] = *open;
		keeper->said[i].up = false;
	}
	/* One more who asks. */
	if (keeper->pid && keeper->said[i].up) {
		keeper->state(keeper->ctx, &keeper->said[i]);
		return;
	}
	/* One that starts is told of all there are. */
	if (!keeper->pid && !keeper->respawn_source)
		start(keeper);
	else
		tell_open(keeper, open);
}

void bridge_keeper_close(struct bridge_keeper *keeper,
			 const struct bridge_open *open)
{
	struct bridge_message message;
	int i = find(keeper, &open->server, open->kind);

	if (i < 0)
		return;
	bridge_message_init(&message, BRIDGE_CLOSE);
	message.open.server = open->server;
	message.open.kind = open->kind;
	keeper->count--;
	keeper->open[i] = keeper->open[keeper->count];
	keeper->said[i] = keeper->said[keeper->count];
	send_to(keeper, &message);
	if (!is_wanted(keeper))
		bridge_keeper_stop(keeper);
}

void bridge_keeper_hurry(struct bridge_keeper *keeper)
{
	struct bridge_message message;

	bridge_message_init(&message, BRIDGE_HURRY);
	send_to(keeper, &message);
}

void bridge_keeper_report(struct bridge_keeper *keeper)
{
	for (unsigned int i = 0; i < keeper->count; i++)
		if (endpoint_is_set(&keeper->said[i].server))
			keeper->state(keeper->ctx, &keeper->said[i]);
}
