// SPDX-License-Identifier: GPL-2.0-or-later
#include "path_pair.h"

#include <string.h>

#include "check.h"

/* Both behind NATs that can be punched; @a is the controlling end. */
struct pair pair_new(uint64_t seed, int introducers)
{
	struct pair pair = { .sim = psim_new(seed) };
	struct net *net = &pair.sim->net;
	int ra = net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, false);
	int rb = net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, false);

	for (int i = 0; i < introducers; i++)
		pair.r[i] = psim_introducer(pair.sim, true, false);
	pair.a = psim_node(pair.sim, ra, true, false);
	pair.b = psim_node(pair.sim, rb, true, false);
	psim_control(pair.sim, pair.a, pair.b);
	for (int i = 0; i < introducers; i++) {
		psim_introduce(pair.sim, pair.a, pair.r[i]);
		psim_introduce(pair.sim, pair.b, pair.r[i]);
	}
	return pair;
}

void pair_know(struct pair *pair)
{
	psim_pair(pair->sim, pair->a, pair->b, NULL);
	psim_run(pair->sim, 2 * NET_S);
}

void pair_talk(struct pair *pair, uint64_t interval)
{
	psim_traffic(pair->sim, pair->a, pair->b, interval);
	psim_traffic(pair->sim, pair->b, pair->a, interval);
}

void pair_watch(struct pair *pair, int from, int to, uint32_t seconds)
{
	struct path_peer_config config = {
		.address = PSIM_ADDRESS(to), .watch = seconds,
	};
	struct psim_node *node = &pair->sim->node[from];
	struct clock now;

	memcpy(config.public, pair->sim->node[to].public, 32);
	psim_clock(pair->sim, &now);
	assert_int_equal(path_peer_set(node->host, &now, node->peer[to].path,
				       &config), 0);
}

void pair_sleep(struct pair *pair, int who, uint64_t duration)
{
	pair->sim->net.host[who].asleep = pair->sim->net.now + duration;
}

struct psim_peer *pair_at_a(struct pair *pair)
{
	return &pair->sim->node[pair->a].peer[pair->b];
}

struct psim_peer *pair_at_b(struct pair *pair)
{
	return &pair->sim->node[pair->b].peer[pair->a];
}

void pair_block(struct pair *pair, bool blocked)
{
	pair->sim->net.blocked[pair->a][pair->b] = blocked;
	pair->sim->net.blocked[pair->b][pair->a] = blocked;
}

void pair_dies(struct pair *pair, unsigned int low, unsigned int high)
{
	pair_block(pair, true);
	assert_in_range(psim_until_class(pair->sim, pair->a, pair->b,
					 PATH_CLASS_RELAY, 10 * NET_S),
			low, high);
}

void pair_expect(struct pair *pair, enum path_class class)
{
	if (psim_class(pair->sim, pair->a, pair->b) == class &&
	    psim_class(pair->sim, pair->b, pair->a) == class)
		return;
	psim_show(pair->sim, pair->a, pair->b);
	psim_show(pair->sim, pair->b, pair->a);
	fail_msg("not by %s", path_class_name(class));
}

/* With traffic, directly, for a while. */
struct pair pair_direct(uint64_t seed, int introducers)
{
	struct pair pair = pair_new(seed, introducers);

	pair_know(&pair);
	pair_talk(&pair, 20 * NET_MS);
	psim_run(pair.sim, 10 * NET_S);
	pair_expect(&pair, PATH_CLASS_IPV4);
	return pair;
}

void pair_gaps_reset(struct pair *pair)
{
	pair_at_a(pair)->longest_gap = pair_at_b(pair)->longest_gap = 0;
}

unsigned int pair_longest_gap(struct pair *pair)
{
	uint64_t a = pair_at_a(pair)->longest_gap, b = pair_at_b(pair)->longest_gap;

	return (a > b ? a : b) / NET_MS;
}

unsigned int pair_moves(struct pair *pair)
{
	return pair_at_a(pair)->notices[PATH_NOTICE_USING] +
	       pair_at_b(pair)->notices[PATH_NOTICE_USING];
}
