// SPDX-License-Identifier: GPL-2.0-or-later
/* The way back to text: state.conf is written in pilotd.conf's syntax. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "config.h"

static void format_agent(FILE *out, const struct config_agent *agent)
{
	char text[ADDR_TEXT_LEN];

	fprintf(out, "agent %s\n", agent->name);
	fprintf(out, "  identity %s\n", agent->identity);
	fprintf(out, "  network %" PRIu32 "\n", agent->network);
	if (agent->address) {
		addr_format(agent->address, text);
		fprintf(out, "  address %s\n", text);
	}
	if (*agent->netns)
		fprintf(out, "  netns %s\n", agent->netns);
	if (agent->mtu)
		fprintf(out, "  mtu %" PRIu32 "\n", agent->mtu);
	if (agent->disabled)
		fprintf(out, "  disabled yes\n");
}

static void format_peer(FILE *out, const struct config_peer *peer)
{
	char endpoint[ENDPOINT_TEXT_LEN];
	char address[ADDR_TEXT_LEN];
	char did[DID_TEXT_LEN];

	did_format(peer->public, did);
	fprintf(out, "peer %s\n", did);
	if (*peer->link)
		fprintf(out, "  link %s\n", peer->link);
	if (*peer->name)
		fprintf(out, "  name %s\n", peer->name);
	if (peer->address) {
		addr_format(peer->address, address);
		fprintf(out, "  address %s\n", address);
	}
	if (endpoint_is_set(&peer->endpoint)) {
		endpoint_format(&peer->endpoint, endpoint);
		fprintf(out, "  endpoint %s\n", endpoint);
	}
	if (*peer->psk)
		fprintf(out, "  psk %s\n", peer->psk);
	if (peer->keepalive)
		fprintf(out, "  keepalive %" PRIu32 "\n", peer->keepalive);
	if (peer->silence != CONFIG_SILENCE)
		fprintf(out, "  silence %" PRIu32 "\n", peer->silence);
	if (peer->idle != CONFIG_IDLE_UNSET)
		fprintf(out, "  idle %" PRIu32 "\n", peer->idle);
	if (peer->watch == CONFIG_WATCH_ALWAYS)
		fprintf(out, "  watch always\n");
	else if (peer->watch != CONFIG_WATCH)
		fprintf(out, "  watch %" PRIu32 "\n", peer->watch);
	if (peer->rx_packet_rate)
		fprintf(out, "  rx-packet-rate %" PRIu32 "\n",
			peer->rx_packet_rate);
	if (peer->rx_byte_rate)
		fprintf(out, "  rx-byte-rate %" PRIu64 "\n",
			peer->rx_byte_rate);
	if (peer->introducer)
		fprintf(out, "  introducer yes\n");
	if (peer->tls == CONFIG_TLS_NO)
		fprintf(out, "  tls no\n");
	if (endpoint_is_set(&peer->tls_at)) {
		endpoint_format(&peer->tls_at, endpoint);
		fprintf(out, "  tls %s\n", endpoint);
	}
	if (*peer->tls_name)
		fprintf(out, "  tls-name %s\n", peer->tls_name);
	if (peer->disabled)
		fprintf(out, "  disabled yes\n");
}

char *config_format(const struct config *config, size_t *len)
{
	char *text = NULL;
	FILE *out;
	size_t i;

	out = open_memstream(&text, len);
	if (!out)
		return NULL;
	fprintf(out, "# Changes made at run time; pilotd writes this file.\n");
	for (i = 0; i < config->agent_count; i++)
		format_agent(out, &config->agents[i]);
	for (i = 0; i < config->peer_count; i++)
		format_peer(out, &config->peers[i]);
	i = ferror(out);
	if (fclose(out) || i) {
		free(text);
		return NULL;
	}
	return text;
}
