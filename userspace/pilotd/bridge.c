// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "bridge_client.h"
#include "bridge_server.h"
#include "log.h"
#include "sandbox.h"

struct bridge {
	sd_event *event;
	struct udp_batch *batch;
	struct tls_credentials *server_credentials;
	struct tls_credentials *client_credentials[STREAM_KINDS];
	struct bridge_server *server;
	struct bridge_clients *clients;
};

static void on_state(void *ctx, const struct bridge_state *state)
{
	struct bridge *bridge = ctx;
	struct bridge_message message;

	bridge_message_init(&message, BRIDGE_STATE);
	message.state = *state;
	/* A parent that does not read is not there for long. */
	if (bridge_send(BRIDGE_FD_IPC, &message))
		sd_event_exit(bridge->event, 1);
}

static int on_ipc(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct bridge *bridge = ctx;
	struct bridge_message message;
	int ret;

	(void)source;
	(void)revents;
	ret = bridge_receive(fd, &message, false);
	if (ret == -EAGAIN)
		return 0;
	if (ret == -EBADMSG)
		log_error("bad message from the parent");
	if (ret)
		return sd_event_exit(bridge->event, ret != -EPIPE);
	switch (message.type) {
	case BRIDGE_OPEN:
		bridge_clients_open(bridge->clients, &message.open);
		break;
	case BRIDGE_CLOSE:
		bridge_clients_close(bridge->clients, &message.open);
		break;
	case BRIDGE_HURRY:
		bridge_clients_hurry(bridge->clients);
		break;
	default:
		break;
	}
	return 0;
}

static int add_sources(struct bridge *bridge)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ret = sd_event_add_signal(bridge->event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_io(bridge->event, NULL, BRIDGE_FD_IPC,
				      EPOLLIN, on_ipc, bridge);
	return ret < 0 ? ret : 0;
}

static int start_server(struct bridge *bridge, const struct bridge_init *init)
{
	struct bridge_server_config config = {
		.event = bridge->event,
		.batch = bridge->batch,
		.port = init->port,
		.clients = init->clients,
		.listen = { init->listens & 1 ? BRIDGE_FD_LISTEN4 : -1,
			    init->listens & 2 ? BRIDGE_FD_LISTEN6 : -1 },
	};
	char err[512];
	int ret;

	if (!init->listens)
		return 0;
	ret = tls_server_credentials(&bridge->server_credentials,
				     init->certificate, init->key, err,
				     sizeof(err));
	if (ret) {
		log_error("%s", err);
		return ret;
	}
	config.credentials = bridge->server_credentials;
	return bridge_server_new(&bridge->server, &config);
}

static int start_clients(struct bridge *bridge, const struct bridge_init *init)
{
	struct bridge_clients_config config = {
		.event = bridge->event,
		.batch = bridge->batch,
		.port = init->port,
		.state = on_state,
		.ctx = bridge,
	};
	int ret;

	for (int i = 0; i < STREAM_KINDS; i++) {
		/* Introducers are of our time, TURN servers may be older. */
		ret = tls_client_credentials(&bridge->client_credentials[i],
					     i == STREAM_STUN);
		if (ret)
			return ret;
		config.credentials[i] = bridge->client_credentials[i];
	}
	return bridge_clients_new(&bridge->clients, &config);
}

/* The first message is there when we are, or soon. */
static int receive_init(struct bridge_message *message)
{
	struct pollfd poll_fd = { .fd = BRIDGE_FD_IPC, .events = POLLIN };
	int ret;

	do {
		poll(&poll_fd, 1, -1);
		ret = bridge_receive(BRIDGE_FD_IPC, message, false);
	} while (ret == -EAGAIN);
	if (!ret && message->type != BRIDGE_INIT)
		ret = -EPROTO;
	return ret;
}

static int bridge_start(struct bridge *bridge)
{
	struct bridge_message message;
	char err[256] = "";
	int ret;

	ret = receive_init(&message);
	if (ret)
		return ret;
	log_level_set(message.init.log_level);
	bridge->batch = udp_batch_new();
	if (!bridge->batch)
		return -ENOMEM;
	ret = sd_event_default(&bridge->event);
	if (ret >= 0)
		ret = start_server(bridge, &message.init);
	if (ret >= 0)
		ret = start_clients(bridge, &message.init);
	if (ret >= 0)
		ret = add_sources(bridge);
	if (ret < 0)
		return ret;
	ret = sandbox_enter(SANDBOX_BRIDGE, err, sizeof(err));
	if (ret)
		log_error("cannot give up privileges: %s", err);
	return ret;
}

int bridge_run(void)
{
	struct bridge bridge = { 0 };
	int ret;

	ret = bridge_start(&bridge);
	if (ret < 0) {
		log_error("cannot start: %s", strerror(-ret));
		return 1;
	}
	ret = sd_event_loop(bridge.event);
	bridge_server_free(bridge.server);
	bridge_clients_free(bridge.clients);
	tls_credentials_free(bridge.server_credentials);
	for (int i = 0; i < STREAM_KINDS; i++)
		tls_credentials_free(bridge.client_credentials[i]);
	udp_batch_free(bridge.batch);
	sd_event_unref(bridge.event);
	return ret < 0 ? 1 : ret;
}
