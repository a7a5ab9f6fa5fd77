// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "admit.h"
#include "arm.h"
#include "clock.h"
#include "log.h"
#include "redial.h"

struct bridge_server_at {
	struct bridge_clients *clients;
	struct bridge_open open;	/* unset server: the place is free */
	struct bridge_link *link;	/* NULL: no try is under way */
	struct redial redial;
	struct endpoint local;
	int udp;
	sd_event_source *timer;
	struct bridge_stats stats;
	char text[BRIDGE_TEXT_LEN];
};

struct bridge_clients {
	struct bridge_clients_config config;
	struct bridge_server_at at[BRIDGE_SERVERS_MAX];
};

static void tell(const struct bridge_server_at *at)
{
	const struct bridge_clients_config *config = &at->clients->config;
	struct bridge_state state;

	memset(&state, 0, sizeof(state));
	state.server = at->open.server;
	state.local = at->local;
	state.kind = at->open.kind;
	state.up = at->redial.state == REDIAL_UP;
	state.number = at->redial.number;
	memcpy(state.text, at->text, sizeof(state.text));
	config->state(config->ctx, &state);
}

static const char *transport(const struct bridge_server_at *at)
{
	return at->open.plain ? "TCP" : "TLS";
}

static void fail(struct bridge_server_at *at, const char *why)
{
	const struct bridge_stats *stats = &at->stats;
	char server[ENDPOINT_TEXT_LEN];

	bridge_link_free(at->link);
	at->link = NULL;
	redial_failed(&at->redial, clock_boot(), randombytes_random());
	snprintf(at->text, sizeof(at->text), "%s", why);
	endpoint_format(&at->open.server, server);
	log_line(at->redial.failures == 1 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		 "%s to %s: %s; %llu frames out, %llu in, %llu dropped",
		 transport(at), server, why,
		 (unsigned long long)stats->from_pilotd,
		 (unsigned long long)stats->to_pilotd,
		 (unsigned long long)(stats->dropped_slow +
				      stats->dropped_busy +
				      stats->dropped_refused));
	arm(at->timer, at->redial.at);
	tell(at);
}

static void on_up(void *ctx)
{
	struct bridge_server_at *at = ctx;
	char server[ENDPOINT_TEXT_LEN];

	redial_up(&at->redial, clock_boot());
	at->text[0] = '\0';
	endpoint_format(&at->open.server, server);
	log_info("%s to %s is up", transport(at), server);
	arm(at->timer, at->redial.at);
	tell(at);
}

static bool on_arrived(void *ctx)
{
	(void)ctx;
	return true;
}

static bool on_answered(void *ctx)
{
	(void)ctx;
	return true;
}

static void on_ended(void *ctx, const char *why)
{
	fail(ctx, why);
}

static const struct bridge_link_ops link_ops = {
	.up = on_up,
	.arrived = on_arrived,
	.answered = on_answered,
	.ended = on_ended,
};

/* Return: 0 when a try is under way. */
static int dial(struct bridge_server_at *at)
{
	const struct bridge_clients_config *clients = &at->clients->config;
	struct bridge_link_config config = {
		.event = clients->event,
		.batch = clients->batch,
		.credentials = at->open.plain ? NULL :
			       clients->credentials[at->open.kind],
		.kind = at->open.kind,
		.name = at->open.name,
		.udp = at->udp,
		.ops = &link_ops,
		.ctx = at,
		.stats = &at->stats,
	};
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&at->open.server, &ss);
	int ret;

	config.tcp = socket(ss.ss_family,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (config.tcp < 0)
		return -errno;
	bridge_tcp_prepare(config.tcp);
	ret = connect(config.tcp, (struct sockaddr *)&ss, len) < 0 &&
	      errno != EINPROGRESS ? -errno : 0;
	if (!ret)
		ret = bridge_link_new(&at->link, &config);
	if (ret)
		close(config.tcp);
	return ret;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct bridge_server_at *at = ctx;
	int ret;

	(void)source;
	(void)usec;
	switch (redial_due(&at->redial, clock_boot())) {
	case REDIAL_CONNECT:
		ret = dial(at);
		if (ret)
			fail(at, strerror(-ret));
		else
			arm(at->timer, at->redial.at);
		break;
	case REDIAL_ABANDON:
		fail(at, "no answer");
		break;
	case REDIAL_NOTHING:
		arm(at->timer, at->redial.at);
		break;
	}
	return 0;
}

static struct bridge_server_at *find(struct bridge_clients *clients,
				     const struct bridge_open *open)
{
	for (int i = 0; i < BRIDGE_SERVERS_MAX; i++) {
		const struct bridge_open *there = &clients->at[i].open;

		if (endpoint_is_set(&there->server) &&
		    endpoint_equal(&there->server, &open->server) &&
		    there->kind == open->kind)
			return &clients->at[i];
	}
	return NULL;
}

static void at_free(struct bridge_server_at *at)
{
	bridge_link_free(at->link);
	sd_event_source_disable_unref(at->timer);
	if (at->udp >= 0)
		close(at->udp);
	memset(at, 0, sizeof(*at));
	at->udp = -1;
}

static int at_start(struct bridge_server_at *at)
{
	struct bridge_clients *clients = at->clients;
	int ret;

	/* Behind the addresses of those that are clients of ours. */
	at->udp = bridge_udp(ADMIT_PLACES + (at - clients->at),
			     clients->config.port, &at->local);
	if (at->udp < 0)
		return at->udp;
	redial_init(&at->redial, clock_boot());
	ret = sd_event_add_time(clients->config.event, &at->timer,
				CLOCK_BOOTTIME, 0, 1000, on_timer, at);
	return ret < 0 ? ret : 0;
}

/* What there is ends, and the next one begins. */
static void redial_now(struct bridge_server_at *at, const char *why)
{
	if (at->redial.state != REDIAL_WAITING)
		fail(at, why);
	redial_hurry(&at->redial, clock_boot());
	arm(at->timer, at->redial.at);
}

void bridge_clients_open(struct bridge_clients *clients,
			 const struct bridge_open *open)
{
	struct bridge_server_at *at = find(clients, open);
	int ret, i = 0;

	if (at && bridge_open_equal(&at->open, open)) {
		tell(at);
		return;
	}
	if (at) {
		at->open = *open;
		redial_now(at, "another connection is wanted");
		return;
	}
	while (i < BRIDGE_SERVERS_MAX &&
	       endpoint_is_set(&clients->at[i].open.server))
		i++;
	/* The keeper does not ask for more. */
	if (i == BRIDGE_SERVERS_MAX)
		return;
	at = &clients->at[i];
	at->clients = clients;
	at->open = *open;
	ret = at_start(at);
	if (ret) {
		log_error("cannot begin with a connection to a server: %s",
			  strerror(-ret));
		at_free(at);
		return;
	}
	tell(at);
}

void bridge_clients_close(struct bridge_clients *clients,
			  const struct bridge_open *open)
{
	struct bridge_server_at *at = find(clients, open);

	if (at)
		at_free(at);
}

void bridge_clients_hurry(struct bridge_clients *clients)
{
	for (int i = 0; i < BRIDGE_SERVERS_MAX; i++) {
		struct bridge_server_at *at = &clients->at[i];

		if (!endpoint_is_set(&at->open.server))
			continue;
		redial_hurry(&at->redial, clock_boot());
		arm(at->timer, at->redial.at);
	}
}

int bridge_clients_new(struct bridge_clients **made,
		       const struct bridge_clients_config *config)
{
	struct bridge_clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		return -ENOMEM;
	clients->config = *config;
	for (int i = 0; i < BRIDGE_SERVERS_MAX; i++)
		clients->at[i].udp = -1;
	*made = clients;
	return 0;
}

void bridge_clients_free(struct bridge_clients *clients)
{
	if (!clients)
		return;
	for (int i = 0; i < BRIDGE_SERVERS_MAX; i++)
		at_free(&clients->at[i]);
	free(clients);
}
