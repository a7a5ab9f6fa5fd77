// SPDX-License-Identifier: GPL-2.0-or-later

#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "error.h"
#include "log.h"
#include "kernel.h"
#include "link.h"
#include "psk.h"

static int agent_identify(struct agent *agent, char *err)
{
	const struct config_agent *config = &agent->config;
	int ret;

	ret = identity_load(config->identity, &agent->identity, err,
			    CONFIG_ERROR_LEN);
	if (ret)
		return ret;
	agent->address = config->address ?:
			 addr_derive(agent->identity.public, config->network);
	return 0;
}

/* Another agent's device of this name must not be taken over. */
static int agent_check_device(struct agent *agent, char *err)
{
	uint64_t address;
	int ret;

	ret = kernel_dev_address(agent->nl, agent->ifindex, &address, err,
				 CONFIG_ERROR_LEN);
	if (ret || !address || address == agent->address)
		return ret;
	return error_set(err, CONFIG_ERROR_LEN, EEXIST,
			 "link %s belongs to another agent; delete it with: ip link del %s",
			 agent->config.name, agent->config.name);
}

/* A lane without sockets gets no keys from the kernel, so it is not used. */
static void agent_bind_lanes(struct agent *agent, const struct lanes *lanes)
{
	char err[CONFIG_ERROR_LEN];

	for (unsigned int n = 1; n < lanes->count; n++)
		if (kernel_dev_set(agent->nl, agent->ifindex, agent->address, n,
				   lanes->lane[n].fd, err, sizeof(err)))
			log_warning("link %s goes without lane %u: %s",
				    agent->config.name, n, err);
}

int agent_open(struct agent **agentp, const struct config_agent *config,
	       const struct lanes *lanes, char *err)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	bool made = false;
	int ret;

	if (!agent)
		return error_set(err, CONFIG_ERROR_LEN, ENOMEM,
				 "out of memory");
	agent->config = *config;
	ret = agent_identify(agent, err);
	if (!ret)
		ret = netlink_open(&agent->nl, config->netns, err,
				   CONFIG_ERROR_LEN);
	if (!ret)
		ret = link_ensure(agent->nl, config->name, &agent->ifindex,
				  &made, err, CONFIG_ERROR_LEN);
	if (!ret && !made)
		ret = agent_check_device(agent, err);
	if (!ret)
		ret = kernel_dev_set(agent->nl, agent->ifindex,
				     agent->address, 0, lanes->lane[0].fd, err,
				     CONFIG_ERROR_LEN);
	if (!ret)
		ret = link_configure(agent->nl, agent->ifindex, config->mtu,
				     agent->address, err, CONFIG_ERROR_LEN);
	if (ret) {
		if (made)
			agent_delete(agent);
		else
			agent_close(agent);
		return ret;
	}
	agent_bind_lanes(agent, lanes);
	*agentp = agent;
	return 0;
}

void agent_close(struct agent *agent)
{
	if (!agent)
		return;
	netlink_close(agent->nl);
	identity_wipe(&agent->identity);
	free(agent);
}

void agent_delete(struct agent *agent)
{
	char err[CONFIG_ERROR_LEN];
	int ret;

	ret = link_delete(agent->nl, agent->ifindex, err, sizeof(err));
	if (ret && ret != -ENODEV)
		log_warning("cannot delete link %s: %s", agent->config.name,
			    err);
	agent_close(agent);
}

uint64_t agent_peer_address(const struct agent *agent,
			    const struct config_peer *peer)
{
	return peer->address ?:
	       addr_derive(peer->public, addr_network(agent->address));
}

int agent_peer_put(struct agent *agent, const struct config_peer *peer,
		   bool idle, struct ipc_peer *told, char *err)
{
	int ret;

	memset(told, 0, sizeof(*told));
	told->agent = agent->address;
	told->address = agent_peer_address(agent, peer);
	told->config = *peer;
	if (peer->psk[0]) {
		ret = psk_load(peer->psk, told->psk, err, CONFIG_ERROR_LEN);
		if (ret)
			return ret;
		told->has_psk = true;
	}
	ret = kernel_peer_put(agent->nl, agent->ifindex, told->address, peer,
			      agent->introduced, idle, err, CONFIG_ERROR_LEN);
	if (ret)
		sodium_memzero(told, sizeof(*told));
	return ret;
}

int agent_peer_del(struct agent *agent, const struct config_peer *peer,
		   char *err)
{
	int ret;

	ret = kernel_peer_del(agent->nl, agent->ifindex,
			      agent_peer_address(agent, peer), err,
			      CONFIG_ERROR_LEN);
	return ret == -ENOENT ? 0 : ret;
}

int agent_introduced(struct agent *agent, const struct config *config,
		     bool introduced, char *err)
{
	const struct config_peer *peer;
	size_t i;
	int ret;

	if (introduced == agent->introduced)
		return 0;
	for (i = 0; i < config->peer_count; i++) {
		peer = &config->peers[i];
		if (peer->disabled || peer->idle != CONFIG_IDLE_UNSET ||
		    strcmp(peer->link, agent->config.name))
			continue;
		ret = kernel_peer_idle(agent->nl, agent->ifindex,
				       agent_peer_address(agent, peer),
				       config_peer_idle(peer, introduced),
				       err, CONFIG_ERROR_LEN);
		if (ret && ret != -ENOENT)
			return ret;
	}
	agent->introduced = introduced;
	return 0;
}

/* The addresses of a device's peers, sorted when they are searched. */
struct addresses {
	uint64_t *address;
	size_t n;
	size_t room;
	bool failed;
};

static void addresses_add(void *ctx, uint64_t address,
			  const struct endpoint *endpoint)
{
	struct addresses *list = ctx;
	uint64_t *more;

	(void)endpoint;
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		more = reallocarray(list->address, list->room, sizeof(*more));
		if (!more) {
			list->failed = true;
			list->room = list->n;
			return;
		}
		list->address = more;
	}
	list->address[list->n++] = address;
}

static int address_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int agent_peers_prune(struct agent *agent, const struct config *config,
		      char *err)
{
	struct addresses have = { 0 }, want = { 0 };
	struct kernel_walk walk = { .peer = addresses_add, .ctx = &have };
	size_t i;
	int ret;

	ret = kernel_peers(agent->nl, agent->ifindex, &walk, err,
			   CONFIG_ERROR_LEN);
	for (i = 0; i < config->peer_count; i++)
		if (!config->peers[i].disabled &&
		    !strcmp(config->peers[i].link, agent->config.name))
			addresses_add(&want,
				      agent_peer_address(agent,
							 &config->peers[i]), NULL);
	if (!ret && (have.failed || want.failed))
		ret = error_set(err, CONFIG_ERROR_LEN, ENOMEM,
				"out of memory");
	if (want.n)
		qsort(want.address, want.n, sizeof(*want.address),
		      address_compare);
	for (i = 0; !ret && i < have.n; i++) {
		if (want.n && bsearch(&have.address[i], want.address, want.n,
				      sizeof(*want.address), address_compare))
			continue;
		ret = kernel_peer_del(agent->nl, agent->ifindex,
				      have.address[i], err, CONFIG_ERROR_LEN);
	}
	free(have.address);
	free(want.address);
	return ret;
}
