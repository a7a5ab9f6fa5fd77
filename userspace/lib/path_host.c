// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "path_impl.h"

uint64_t path_jitter(struct path_host *host, uint64_t max)
{
	uint64_t value;

	host->ops.random(host->ctx, &value, sizeof(value));
	return max ? value % max : 0;
}

void path_notify(struct path_live *live, enum path_notice notice,
		 const char *fmt, ...)
{
	struct path_host *host = path_host_of(live);
	char text[PATH_TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	host->ops.notify(host->ctx, notice, live->peer, text);
}

bool path_send(struct path_live *live, const struct endpoint *dst,
	       const struct path_message *message)
{
	struct path_host *host = path_host_of(live);
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(message, tlvs);

	if (len < 0 || host->ops.send(host->ctx, live->peer, dst,
				      message->type, tlvs, len))
		return false;
	host->stats.tx_messages++;
	return true;
}

void path_handshake(struct path_live *live, const struct clock *now,
		    const struct endpoint *endpoint)
{
	struct path_host *host = path_host_of(live);

	live->handshake_at = live->peer->asked_at = now->boot_ns;
	host->ops.session(host->ctx, live->peer, endpoint);
}

struct path_live *path_live_get(struct path_peer *peer)
{
	struct path_agent *agent = peer->agent;
	struct path_live *live = peer->live;

	if (live)
		return live;
	live = calloc(1, sizeof(*live));
	if (!live)
		return NULL;
	live->peer = peer;
	live->watch_at = live->backup_at = live->retry_at = CLOCK_NEVER;
	live->reach_at = live->tell_at = CLOCK_NEVER;
	live->punch_at = live->round_at = live->check_at = CLOCK_NEVER;
	live->nominate_at = live->settle_at = live->failure_at = CLOCK_NEVER;
	live->data_until = CLOCK_NEVER;
	live->peer->host->turn_needs[PATH_TURN_NONE]++;
	for (int i = 0; i < PATH_RELAYS_MAX; i++)
		live->relay[i].at = live->relay[i].expire_at = CLOCK_NEVER;
	live->next = agent->lives;
	if (live->next)
		live->next->prev = live;
	agent->lives = live;
	peer->live = live;
	return live;
}

void path_live_free(struct path_peer *peer)
{
	struct path_live *live = peer->live;

	if (!live)
		return;
	peer->host->turn_needs[live->turn_need]--;
	if (live->prev)
		live->prev->next = live->next;
	else
		peer->agent->lives = live->next;
	if (live->next)
		live->next->prev = live->prev;
	peer->live = NULL;
	free(live);
}

void path_data_to(struct path_live *live, struct path_candidate *c, bool hold)
{
	struct path_host *host = path_host_of(live);

	live->data = c;
	if (c == live->used)
		live->data_until = CLOCK_NEVER;
	host->ops.use(host->ctx, live->peer, &c->endpoint, hold);
}

void path_turn_need_set(struct path_live *live, enum path_turn_need need)
{
	struct path_host *host = path_host_of(live);

	host->turn_needs[live->turn_need]--;
	host->turn_needs[need]++;
	live->turn_need = need;
}

enum path_turn_need path_turn_need(const struct path_host *host)
{
	if (host->turn_needs[PATH_TURN_LACK])
		return PATH_TURN_LACK;
	return host->turn_needs[PATH_TURN_HELD] ? PATH_TURN_HELD :
						  PATH_TURN_NONE;
}

void path_peer_due(struct path_peer *peer, uint64_t at)
{
	struct timer *timer = &peer->timer;

	if (!timer->pos || at < timer->at)
		timer_set(&peer->host->timers, timer, at);
}

void path_live_due(struct path_live *live, uint64_t at)
{
	path_peer_due(live->peer, at);
}

void path_tls_doubt(struct path_peer *peer, const struct clock *now)
{
	struct path_tls *tls = &peer->tls;

	if (!tls->allowed || tls->wanted || tls->doubt_at != CLOCK_NEVER)
		return;
	tls->doubt_at = tls->at = now->boot_ns;
	path_peer_due(peer, now->boot_ns);
}

void path_tls_anew(struct path_peer *peer, const struct clock *now)
{
	struct path_tls *tls = &peer->tls;

	path_tls_doubt(peer, now);
	if (!tls->wanted)
		return;
	tls->tries = 0;
	tls->udp_at = tls->at = now->boot_ns;
	path_peer_due(peer, now->boot_ns);
}

/* Was there traffic, or is it watched all the same? */
static bool path_is_warm(const struct path_live *live, const struct clock *now)
{
	uint64_t watch = live->peer->watch;

	/* So many seconds as stand for always do not pass. */
	return now->boot_ns - live->idle_at <
	       (watch ? watch * CLOCK_SECOND : path_ms(live, warm_time));
}

enum path_mode path_mode(const struct path_live *live, const struct clock *now)
{
	if (live->peer->introducer && !live->reach_until)
		return live->active || live->peer->watch == PATH_WATCH_ALWAYS ?
		       PATH_MODE_WARM : PATH_MODE_KEEP;
	if (live->active)
		return PATH_MODE_ACTIVE;
	return path_is_warm(live, now) ? PATH_MODE_WARM : PATH_MODE_KEEP;
}

bool path_busy(const struct path_live *live, const struct clock *now)
{
	return live->reach_until ||
	       (live->ready && path_mode(live, now) != PATH_MODE_KEEP);
}

static void path_config_default(uint32_t *value, uint32_t standard)
{
	if (!*value)
		*value = standard;
}

static void path_config_fill(struct path_config *config)
{
	path_config_default(&config->configured_wait, 300);
	path_config_default(&config->relay_first, 250);
	path_config_default(&config->relay_max, 4000);
	path_config_default(&config->reach_time, 30000);
	path_config_default(&config->observe, 25000);
	path_config_default(&config->pace, 20);
	path_config_default(&config->repeat, 100);
	path_config_default(&config->round, 500);
	path_config_default(&config->settle, 100);
	path_config_default(&config->retry, 60000);
	path_config_default(&config->nominate, 100);
	path_config_default(&config->turn_wait, 500);
	path_config_default(&config->active, 250);
	path_config_default(&config->active_dead, 750);
	path_config_default(&config->warm, 1000);
	path_config_default(&config->warm_dead, 2500);
	path_config_default(&config->warm_time, 60000);
	path_config_default(&config->tls_wait, 2000);
	path_config_default(&config->rounds, 3);
	path_config_default(&config->budget, 200);
}

struct path_host *path_host_new(const struct path_ops *ops, void *ctx,
				const struct path_config *config,
				const struct clock *now)
{
	struct path_host *host = calloc(1, sizeof(*host));

	(void)now;
	if (!host)
		return NULL;
	host->ops = *ops;
	host->ctx = ctx;
	if (config)
		host->config = *config;
	path_config_fill(&host->config);
	return host;
}

void path_host_free(struct path_host *host)
{
	if (!host)
		return;
	while (host->agents)
		path_agent_del(host, host->agents);
	timer_heap_free(&host->timers);
	free(host);
}

static struct path_agent *path_agent_find(struct path_host *host,
					  uint64_t address)
{
	struct path_agent *agent = host->agents;

	while (agent && agent->address != address)
		agent = agent->next;
	return agent;
}

bool path_peer_is_here(const struct path_peer *peer)
{
	const struct path_agent *agent = path_agent_find(peer->host,
							 peer->address);

	return agent && !memcmp(agent->public, peer->public, PATH_KEY_LEN);
}

int path_agent_add(struct path_host *host, uint64_t address,
		   const uint8_t public[static PATH_KEY_LEN],
		   struct path_agent **added)
{
	struct path_agent *agent;

	if (path_agent_find(host, address))
		return -EEXIST;
	agent = calloc(1, sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	if (table_init(&agent->by_address)) {
		free(agent);
		return -ENOMEM;
	}
	agent->host = host;
	agent->address = address;
	memcpy(agent->public, public, sizeof(agent->public));
	agent->next = host->agents;
	if (agent->next)
		agent->next->prev = agent;
	host->agents = agent;
	*added = agent;
	return 0;
}

static void path_introducer_unlink(struct path_peer *peer)
{
	struct path_peer **at = &peer->agent->introducers;

	while (*at && *at != peer)
		at = &(*at)->next_introducer;
	if (*at)
		*at = peer->next_introducer;
	peer->next_introducer = NULL;
}

static void path_introducer_link(struct path_peer *peer)
{
	path_introducer_unlink(peer);
	if (!peer->introducer)
		return;
	peer->next_introducer = peer->agent->introducers;
	peer->agent->introducers = peer;
}

/* Without telling anyone: what is known of others is the caller's. */
static void path_peer_free(struct path_peer *peer)
{
	struct path_agent *agent = peer->agent;

	if (peer->tls.wanted)
		peer->host->ops.tls(peer->host->ctx, peer, false);
	path_live_free(peer);
	path_introducer_unlink(peer);
	timer_set(&peer->host->timers, &peer->timer, CLOCK_NEVER);
	table_del(&agent->by_address, &peer->by_address);
	if (peer->prev)
		peer->prev->next = peer->next;
	else
		agent->peers = peer->next;
	if (peer->next)
		peer->next->prev = peer->prev;
	peer->host->peer_count--;
	free(peer);
}

void path_agent_del(struct path_host *host, struct path_agent *agent)
{
	while (agent->peers)
		path_peer_free(agent->peers);
	table_free(&agent->by_address);
	if (agent->prev)
		agent->prev->next = agent->next;
	else
		host->agents = agent->next;
	if (agent->next)
		agent->next->prev = agent->prev;
	free(agent);
}

/* What was configured before may still be in use. */
static void path_configured_drop(struct path_live *live)
{
	for (int i = 0; live && i < PATH_SLOTS; i++)
		if (live->slot[i].kind == PATH_KIND_CONFIGURED &&
		    endpoint_is_set(&live->slot[i].endpoint))
			live->slot[i].kind = PATH_KIND_REFLEXIVE;
}

/* The session tries UDP by itself, from now on. */
static void path_tls_allow(struct path_peer *peer, const struct clock *now,
			   bool allowed)
{
	allowed = allowed && peer->introducer && peer->host->ops.tls;
	if (peer->tls.allowed == allowed)
		return;
	peer->tls.allowed = allowed;
	peer->tls.at = now->boot_ns;
	path_peer_due(peer, now->boot_ns);
	path_tls_doubt(peer, now);
}

/* A peer introduces us from now on, or does not. */
static void path_introducer_set(struct path_peer *peer, bool introducer)
{
	if (introducer == peer->introducer)
		return;
	peer->seek_at = CLOCK_NEVER;
	peer->introducer = introducer;
	path_introducer_link(peer);
	/* From now on it is pinged: for the NAT, and to tell what it sees. */
	if (introducer && peer->live && peer->live->ready) {
		peer->live->watch_at = 0;
		path_live_due(peer->live, 0);
	}
}

static void path_peer_fill(struct path_peer *peer, const struct clock *now,
			   const struct path_peer_config *config)
{
	if (!endpoint_equal(&peer->configured, &config->endpoint))
		path_configured_drop(peer->live);
	peer->give_ups = 0;
	peer->configured = config->endpoint;
	peer->keepalive = config->keepalive;
	peer->watch = config->watch;
	if (config->introducer && !peer->keepalive)
		peer->keepalive = 25;
	path_introducer_set(peer, config->introducer);
	/* Only an introducer is reached so. */
	path_tls_allow(peer, now, config->tls);
}

static bool path_peer_config_valid(const struct path_agent *agent,
				   const struct path_peer_config *config)
{
	return !addr_is_reserved(config->address) &&
	       config->address != agent->address &&
	       memcmp(config->public, agent->public, PATH_KEY_LEN) &&
	       endpoint_is_direct(&config->endpoint);
}

int path_peer_add(struct path_host *host, const struct clock *now,
		  struct path_agent *agent,
		  const struct path_peer_config *config, void *data,
		  struct path_peer **added)
{
	struct path_peer *peer;

	if (!path_peer_config_valid(agent, config))
		return -EINVAL;
	if (path_peer_find(agent, config->address))
		return -EEXIST;
	if (timer_heap_reserve(&host->timers, host->peer_count + 1))
		return -ENOMEM;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	peer->host = host;
	peer->agent = agent;
	peer->data = data;
	peer->address = config->address;
	memcpy(peer->public, config->public, sizeof(peer->public));
	peer->controlling = memcmp(agent->public, peer->public,
				   PATH_KEY_LEN) < 0;
	peer->seek_at = CLOCK_NEVER;
	peer->tls.doubt_at = peer->tls.good_at = CLOCK_NEVER;
	peer->tls.udp_at = peer->tls.at = CLOCK_NEVER;
	path_peer_fill(peer, now, config);
	peer->next = agent->peers;
	if (peer->next)
		peer->next->prev = peer;
	agent->peers = peer;
	host->peer_count++;
	table_add(&agent->by_address, &peer->by_address, peer->address);
	*added = peer;
	return 0;
}

/* It was not, so nothing is known of it, and nothing wrong with that. */
static void path_watch_begin(struct path_live *live, const struct clock *now)
{
	live->heard_at = live->woken_at = now->boot_ns;
	live->watch_at = live->backup_at = live->retry_at = now->boot_ns;
	path_live_due(live, now->boot_ns);
}

int path_peer_set(struct path_host *host, const struct clock *now,
		  struct path_peer *peer,
		  const struct path_peer_config *config)
{
	bool kept = peer->live && path_mode(peer->live, now) == PATH_MODE_KEEP;
	uint32_t keepalive = peer->keepalive;

	(void)host;
	if (memcmp(config->public, peer->public, PATH_KEY_LEN) ||
	    config->address != peer->address ||
	    !endpoint_is_direct(&config->endpoint))
		return -EINVAL;
	if (peer->introducer && !config->introducer) {
		path_introducer_gone(peer);
		path_observed_drop(peer->agent, peer);
	}
	path_peer_fill(peer, now, config);
	if (kept && (keepalive != peer->keepalive ||
		     path_mode(peer->live, now) != PATH_MODE_KEEP))
		path_watch_begin(peer->live, now);
	return 0;
}

void path_peer_del(struct path_host *host, const struct clock *now,
		   struct path_peer *peer)
{
	(void)host;
	(void)now;
	if (peer->live)
		path_relay_close_all(peer->live);
	path_introducer_gone(peer);
	path_observed_drop(peer->agent, peer);
	path_peer_free(peer);
}

struct path_peer *path_peer_find(const struct path_agent *agent,
				 uint64_t address)
{
	struct table_node *node = table_find(&agent->by_address, address);

	return node ? table_entry(node, struct path_peer, by_address) : NULL;
}

struct path_agent *path_peer_agent(const struct path_peer *peer)
{
	return peer->agent;
}

void *path_peer_data(const struct path_peer *peer)
{
	return peer->data;
}

uint64_t path_next_deadline(const struct path_host *host)
{
	struct timer *timer = timer_first(&host->timers);

	return timer ? timer->at : CLOCK_NEVER;
}

const struct path_stats *path_host_stats(const struct path_host *host)
{
	return &host->stats;
}
