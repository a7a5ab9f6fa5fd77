/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridge's side where others connect to us. */
#ifndef PILOTD_BRIDGE_SERVER_H
#define PILOTD_BRIDGE_SERVER_H

#include "bridge_link.h"

struct bridge_server;

struct bridge_server_config {
	sd_event *event;
	struct udp_batch *batch;
	struct tls_credentials *credentials;
	uint16_t port;			/* pilotd's, for UDP */
	unsigned int clients;		/* at most */
	int listen[2];			/* -1: none */
};

/* Return: 0 or -errno. */
int bridge_server_new(struct bridge_server **server,
		      const struct bridge_server_config *config);
void bridge_server_free(struct bridge_server *server);

#endif /* PILOTD_BRIDGE_SERVER_H */
