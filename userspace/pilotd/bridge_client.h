/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridge's side that connects to servers, and keeps the connections up. */
#ifndef PILOTD_BRIDGE_CLIENT_H
#define PILOTD_BRIDGE_CLIENT_H

#include "bridge_link.h"
#include "bridge_message.h"

struct bridge_clients;

struct bridge_clients_config {
	sd_event *event;
	struct udp_batch *batch;
	struct tls_credentials *credentials[STREAM_KINDS];
	uint16_t port;			/* pilotd's, for UDP */
	/* Something about a server is to be told. */
	void (*state)(void *ctx, const struct bridge_state *state);
	void *ctx;
};

/* Return: 0 or -errno. */
int bridge_clients_new(struct bridge_clients **clients,
		       const struct bridge_clients_config *config);
void bridge_clients_free(struct bridge_clients *clients);

/*
 * One connection to each server, however often it is asked for; when it is to
 * be of another sort, or by another name, it ends and another begins.
 */
void bridge_clients_open(struct bridge_clients *clients,
			 const struct bridge_open *open);
/* Of @open only the server and the kind of the stream count. */
void bridge_clients_close(struct bridge_clients *clients,
			  const struct bridge_open *open);
void bridge_clients_hurry(struct bridge_clients *clients);

#endif /* PILOTD_BRIDGE_CLIENT_H */
