// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "admit.h"
#include "clock.h"
#include "log.h"

/* Connections taken in one go. */
#define ACCEPT_BURST	16
#define SWEEP_US	1000000

struct bridge_client {
	struct bridge_server *server;
	struct bridge_link *link;
	int place;			/* in the table, -1: taken out */
	int udp;
	bool up;
	struct endpoint source;
	struct bridge_stats stats;
};

struct bridge_server {
	struct bridge_server_config config;
	sd_event_source *listen_source[2];
	sd_event_source *sweep_source;
	struct bridge_client *client[ADMIT_PLACES];
	struct admit admit;
};

static void client_free(struct bridge_client *client)
{
	if (client->place >= 0) {
		client->server->client[client->place] = NULL;
		admit_del(&client->server->admit, client->place);
	}
	bridge_link_free(client->link);
	if (client->udp >= 0)
		close(client->udp);
	free(client);
}

static void client_end(struct bridge_client *client, const char *why)
{
	const struct bridge_stats *stats = &client->stats;
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(&client->source, text);
	log_debug("TLS client %s: %s; %llu frames in, %llu out, %llu dropped",
		  text, why, (unsigned long long)stats->to_pilotd,
		  (unsigned long long)stats->from_pilotd,
		  (unsigned long long)(stats->dropped_slow +
				       stats->dropped_busy +
				       stats->dropped_refused));
	client_free(client);
}

static void on_up(void *ctx)
{
	struct bridge_client *client = ctx;

	client->up = true;
}

static bool on_arrived(void *ctx)
{
	struct bridge_client *client = ctx;

	return admit_frame(&client->server->admit, clock_boot(), client->place);
}

/* pilotd never answers strangers, so this is none. */
static bool on_answered(void *ctx)
{
	struct bridge_client *client = ctx;

	return !admit_known(&client->server->admit, clock_boot(), client->place);
}

static void on_ended(void *ctx, const char *why)
{
	client_end(ctx, why);
}

static const struct bridge_link_ops link_ops = {
	.up = on_up,
	.arrived = on_arrived,
	.answered = on_answered,
	.ended = on_ended,
};

/* Takes over @tcp when it succeeds. */
static int client_start(struct bridge_client *client, int tcp)
{
	const struct bridge_server_config *server = &client->server->config;
	struct bridge_link_config config = {
		.event = server->event,
		.batch = server->batch,
		.credentials = server->credentials,
		.kind = STREAM_FRAMES,
		.server = true,
		.tcp = tcp,
		.ops = &link_ops,
		.ctx = client,
		.stats = &client->stats,
	};
	struct endpoint local;

	client->udp = bridge_udp(client->place, server->port, &local);
	if (client->udp < 0)
		return client->udp;
	config.udp = client->udp;
	bridge_tcp_prepare(tcp);
	return bridge_link_new(&client->link, &config);
}

static int client_new(struct bridge_server *server, int tcp,
		      const struct endpoint *source)
{
	struct bridge_client *client;
	int displaced, place, ret;

	place = admit_add(&server->admit, clock_boot(), source, &displaced);
	if (displaced >= 0) {
		struct bridge_client *other = server->client[displaced];

		server->client[displaced] = NULL;
		other->place = -1;
		client_end(other, "made room for another");
	}
	if (place < 0)
		return place;
	client = calloc(1, sizeof(*client));
	if (!client) {
		admit_del(&server->admit, place);
		return -ENOMEM;
	}
	client->server = server;
	client->place = place;
	client->source = *source;
	client->udp = -1;
	server->client[place] = client;
	ret = client_start(client, tcp);
	if (ret)
		client_free(client);
	return ret;
}

static int on_listen(sd_event_source *source, int fd, uint32_t revents,
		     void *ctx)
{
	struct bridge_server *server = ctx;

	(void)source;
	(void)revents;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct endpoint from;
		int tcp;

		tcp = accept4(fd, (struct sockaddr *)&ss, &len,
			      SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (tcp < 0)
			break;
		if (endpoint_from_sockaddr(&from, &ss) ||
		    client_new(server, tcp, &from))
			close(tcp);
	}
	return 0;
}

static const char *client_over(const struct bridge_client *client)
{
	const struct admit *admit = &client->server->admit;

	if (clock_boot() < admit_until(admit, client->place))
		return NULL;
	if (!client->up)
		return "no TLS in time";
	return admit->place[client->place].known ? "silent for long" :
						   "a stranger";
}

/* Those that are of no use any more. */
static int on_sweep(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct bridge_server *server = ctx;

	(void)usec;
	for (int i = 0; i < ADMIT_PLACES; i++) {
		struct bridge_client *client = server->client[i];
		const char *why = client ? client_over(client) : NULL;

		if (why)
			client_end(client, why);
	}
	sd_event_source_set_time_relative(source, SWEEP_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int bridge_server_new(struct bridge_server **made,
		      const struct bridge_server_config *config)
{
	struct bridge_server *server = calloc(1, sizeof(*server));
	uint8_t key[16];
	int ret = 0;

	if (!server)
		return -ENOMEM;
	server->config = *config;
	randombytes_buf(key, sizeof(key));
	admit_init(&server->admit, config->clients, key);
	for (int i = 0; i < 2 && ret >= 0; i++)
		if (config->listen[i] >= 0)
			ret = sd_event_add_io(config->event,
					      &server->listen_source[i],
					      config->listen[i], EPOLLIN,
					      on_listen, server);
	if (ret >= 0)
		ret = sd_event_add_time_relative(config->event,
						 &server->sweep_source,
						 CLOCK_BOOTTIME, SWEEP_US, 0,
						 on_sweep, server);
	if (ret < 0) {
		bridge_server_free(server);
		return ret;
	}
	*made = server;
	return 0;
}

void bridge_server_free(struct bridge_server *server)
{
	if (!server)
		return;
	for (int i = 0; i < ADMIT_PLACES; i++)
		if (server->client[i])
			client_free(server->client[i]);
	sd_event_source_disable_unref(server->listen_source[0]);
	sd_event_source_disable_unref(server->listen_source[1]);
	sd_event_source_disable_unref(server->sweep_source);
	free(server);
}
