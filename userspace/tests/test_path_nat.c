// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every sort of NAT with every other: connected at once by a relay, and
 * directly wherever the NATs let it be.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "path_sim.h"

enum place {
	OPEN,			/* on the internet */
	CONE,			/* one mapping, lets everything in */
	RESTRICTED,		/* one mapping, lets in whom it sent to */
	PORT_RESTRICTED,	/* and from the port it sent to */
	BY_ADDRESS,		/* a mapping for each address */
	SYMMETRIC,		/* a mapping for each address and port */
	DOUBLE,			/* a NAT behind the provider's NAT */
	V6,			/* IPv6 only */
	DUAL,			/* both, port restricted and firewalled */
	PLACES,
};

static const char *const names[] = {
	[OPEN] = "open", [CONE] = "cone", [RESTRICTED] = "restricted",
	[PORT_RESTRICTED] = "port restricted", [BY_ADDRESS] = "by address",
	[SYMMETRIC] = "symmetric", [DOUBLE] = "double", [V6] = "IPv6 only",
	[DUAL] = "dual",
};

static int place_realm(struct psim *sim, enum place place)
{
	struct net *net = &sim->net;
	int realm;

	switch (place) {
	case CONE:
		return net_nat_add(net, 0, NET_ENDPOINT, NET_ENDPOINT, false);
	case RESTRICTED:
		return net_nat_add(net, 0, NET_ENDPOINT, NET_ADDRESS, false);
	case PORT_RESTRICTED:
	case DUAL:
		return net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, false);
	case BY_ADDRESS:
		return net_nat_add(net, 0, NET_ADDRESS, NET_ADDRESS, false);
	case SYMMETRIC:
		return net_nat_add(net, 0, NET_PORT, NET_PORT, false);
	case DOUBLE:
		realm = net_nat_add(net, 0, NET_ENDPOINT, NET_ADDRESS, false);
		return net_nat_add(net, realm, NET_ENDPOINT, NET_PORT, false);
	default:
		return NET_INTERNET;
	}
}

static int place_node(struct psim *sim, enum place place)
{
	return psim_node(sim, place_realm(sim, place), place != V6,
			 place == V6 || place == DUAL);
}

static bool place_mapping_varies(enum place place)
{
	return place == BY_ADDRESS || place == SYMMETRIC;
}

static bool place_filters_ports(enum place place)
{
	return place == PORT_RESTRICTED || place == SYMMETRIC ||
	       place == DOUBLE || place == DUAL;
}

/* PATH_CLASSES: it may go either way. */
static enum path_class expected(enum place a, enum place b)
{
	bool a6 = a == V6 || a == DUAL, b6 = b == V6 || b == DUAL;

	if (a6 && b6)
		return PATH_CLASS_IPV6;
	if (a == V6 || b == V6)
		return PATH_CLASS_RELAY;
	if (place_mapping_varies(a) && place_mapping_varies(b))
		return a == SYMMETRIC && b == SYMMETRIC ? PATH_CLASS_RELAY :
							  PATH_CLASSES;
	if ((place_mapping_varies(a) && place_filters_ports(b)) ||
	    (place_mapping_varies(b) && place_filters_ports(a)))
		return PATH_CLASS_RELAY;
	return PATH_CLASS_IPV4;
}

struct pair {
	struct psim *sim;
	int introducer, a, b;
};

static struct pair pair_new(uint64_t seed, enum place a, enum place b,
			    bool reverse)
{
	struct pair pair = { .sim = psim_new(seed) };

	pair.introducer = psim_introducer(pair.sim, true, true);
	pair.a = place_node(pair.sim, a);
	pair.b = place_node(pair.sim, b);
	psim_control(pair.sim, reverse ? pair.b : pair.a,
		     reverse ? pair.a : pair.b);
	psim_introduce(pair.sim, pair.a, pair.introducer);
	psim_introduce(pair.sim, pair.b, pair.introducer);
	psim_pair(pair.sim, pair.a, pair.b, NULL);
	return pair;
}

static void pair_talk(struct pair *pair)
{
	psim_run(pair->sim, 2 * NET_S);
	psim_traffic(pair->sim, pair->a, pair->b, 20 * NET_MS);
	psim_run(pair->sim, 7 * NET_MS);
	psim_traffic(pair->sim, pair->b, pair->a, 20 * NET_MS);
}

/* By a relay within 300 ms, directly within 2 s, and then it stays so. */
static void cell(enum place a, enum place b, bool reverse, int *worst_first,
		 int *worst_best)
{
	enum path_class class = expected(a, b), found;
	struct pair pair = pair_new(17 * a + b, a, b, reverse);
	struct psim_peer *pa = &pair.sim->node[pair.a].peer[pair.b];
	unsigned int moves;
	int first, best = 0;

	pair_talk(&pair);
	first = psim_until_connected(pair.sim, pair.a, pair.b, 5 * NET_S);
	if (class == PATH_CLASS_IPV4 || class == PATH_CLASS_IPV6)
		best = psim_until_class(pair.sim, pair.a, pair.b, class,
					10 * NET_S);
	psim_run(pair.sim, 5 * NET_S);
	found = psim_class(pair.sim, pair.a, pair.b);
	if (first < 0 || first > 300 || best < 0 || best > 2000 ||
	    (class != PATH_CLASSES && found != class)) {
		psim_show(pair.sim, pair.a, pair.b);
		psim_show(pair.sim, pair.b, pair.a);
		fail_msg("%s with %s: first after %d ms, best after %d ms, %s instead of %s",
			 names[a], names[b], first, best,
			 path_class_name(found), path_class_name(class));
	}
	assert_int_equal(psim_class(pair.sim, pair.b, pair.a), found);
	/* It does not move any more, and nothing was lost on the way. */
	moves = pa->notices[PATH_NOTICE_USING];
	psim_run(pair.sim, 180 * NET_S);
	moves = pa->notices[PATH_NOTICE_USING] - moves;
	if (moves || pa->longest_gap > 200 * NET_MS)
		fail_msg("%s with %s: %u moves later, %d ms without data",
			 names[a], names[b], moves,
			 (int)(pa->longest_gap / NET_MS));
	if (first > *worst_first)
		*worst_first = first;
	if (best > *worst_best)
		*worst_best = best;
	psim_free(pair.sim);
}

static void test_matrix(void **state)
{
	int worst_first = 0, worst_best = 0;

	(void)state;
	for (int a = 0; a < PLACES; a++)
		for (int b = 0; b < PLACES; b++)
			for (int reverse = 0; reverse < 2; reverse++)
				cell(a, b, reverse, &worst_first,
				     &worst_best);
	print_message("first path after %d ms at most, best after %d ms\n",
		      worst_first, worst_best);
}

/* UDP between the two is dropped, whatever their NATs are. */
static void test_blocked(void **state)
{
	(void)state;
	for (int place = 0; place < PLACES; place++) {
		struct pair pair = pair_new(place, place, DUAL, false);
		struct net *net = &pair.sim->net;

		net->blocked[pair.a][pair.b] = true;
		net->blocked[pair.b][pair.a] = true;
		pair_talk(&pair);
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     5 * NET_S), 0, 300);
		psim_run(pair.sim, 120 * NET_S);
		assert_int_equal(psim_class(pair.sim, pair.a, pair.b),
				 PATH_CLASS_RELAY);
		assert_int_equal(psim_class(pair.sim, pair.b, pair.a),
				 PATH_CLASS_RELAY);
		psim_free(pair.sim);
	}
}

/* One direction only is as good as none. */
static void test_blocked_one_way(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_new(i, OPEN, OPEN, i);

		pair.sim->net.blocked[pair.a][pair.b] = true;
		pair_talk(&pair);
		assert_in_range(psim_until_connected(pair.sim, pair.a, pair.b,
						     5 * NET_S), 0, 300);
		psim_run(pair.sim, 120 * NET_S);
		assert_int_equal(psim_class(pair.sim, pair.a, pair.b),
				 PATH_CLASS_RELAY);
		assert_int_equal(psim_class(pair.sim, pair.b, pair.a),
				 PATH_CLASS_RELAY);
		psim_free(pair.sim);
	}
}

/* IPv6 is there and does not work: IPv4 it is. */
static void test_mixed(void **state)
{
	struct pair pair = pair_new(3, DUAL, DUAL, false);
	struct net *net = &pair.sim->net;

	(void)state;
	net->host[pair.b].ep6.in6.s6_addr[4] = 0x77;
	pair_talk(&pair);
	assert_in_range(psim_until_class(pair.sim, pair.a, pair.b,
					 PATH_CLASS_IPV4, 5 * NET_S), 0, 2000);
	psim_free(pair.sim);
}

static struct pair behind(uint64_t seed, int realm_a, int realm_b,
			  struct psim *sim)
{
	struct pair pair = { .sim = sim };

	(void)seed;
	pair.introducer = psim_introducer(sim, true, true);
	pair.a = psim_node(sim, realm_a, true, false);
	pair.b = psim_node(sim, realm_b, true, false);
	psim_introduce(sim, pair.a, pair.introducer);
	psim_introduce(sim, pair.b, pair.introducer);
	psim_pair(sim, pair.a, pair.b, NULL);
	return pair;
}

/* Below one NAT: by the network they are both on, hairpin or not. */
static void test_same_nat(void **state)
{
	(void)state;
	for (int hairpin = 0; hairpin < 2; hairpin++) {
		struct psim *sim = psim_new(hairpin);
		int realm = net_nat_add(&sim->net, 0, NET_PORT, NET_PORT,
					hairpin);
		struct pair pair = behind(1, realm, realm, sim);

		pair_talk(&pair);
		assert_in_range(psim_until_class(sim, pair.a, pair.b,
						 PATH_CLASS_LAN, 5 * NET_S),
				0, 1000);
		psim_free(sim);
	}
}

/* Two homes below one provider's NAT: as far as that sends it back. */
static void test_same_provider(void **state)
{
	(void)state;
	for (int hairpin = 0; hairpin < 2; hairpin++) {
		struct psim *sim = psim_new(hairpin);
		struct net *net = &sim->net;
		int top = net_nat_add(net, 0, NET_ENDPOINT, NET_PORT, hairpin);
		int a = net_nat_add(net, top, NET_ENDPOINT, NET_PORT, false);
		int b = net_nat_add(net, top, NET_ENDPOINT, NET_PORT, false);
		struct pair pair = behind(2, a, b, sim);

		pair_talk(&pair);
		assert_in_range(psim_until_connected(sim, pair.a, pair.b,
						     5 * NET_S), 0, 300);
		psim_run(sim, 5 * NET_S);
		assert_int_equal(psim_class(sim, pair.a, pair.b), hairpin ?
				 PATH_CLASS_IPV4 : PATH_CLASS_RELAY);
		psim_free(sim);
	}
}

/*
 * A mapped port makes an easy NAT of a hard one: what comes to it is let in.
 * In the model a static mapping whose filter has seen everybody.
 */
static void test_mapped(void **state)
{
	struct pair pair = pair_new(5, SYMMETRIC, PORT_RESTRICTED, false);
	struct psim *sim = pair.sim;
	struct net_nat *nat = &sim->net.nat[0];
	struct endpoint mapped = { .family = AF_INET, .port = 5555 };
	struct clock now;

	(void)state;
	nat->map[NET_MAPS - 1] = (struct net_map){
		.used = true, .inner = sim->net.host[pair.a].ep4,
		.port = mapped.port, .at = UINT64_MAX / 2, .permits = 1,
	};
	sim->net.nat_timeout = UINT64_MAX;
	nat->filtering = NET_ENDPOINT;
	nat->mapping = NET_ENDPOINT;
	mapped.in4 = nat->outer;
	psim_clock(sim, &now);
	path_mapped_set(sim->node[pair.a].host, &now, &mapped, 1);
	pair_talk(&pair);
	assert_in_range(psim_until_connected(sim, pair.a, pair.b, 5 * NET_S),
			0, 300);
	psim_run(sim, 5 * NET_S);
	assert_int_equal(psim_class(sim, pair.b, pair.a), PATH_CLASS_MAPPED);
	psim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_blocked_one_way),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_same_nat),
		cmocka_unit_test(test_same_provider),
		cmocka_unit_test(test_mapped),
	};

	return cmocka_run_group_tests_name("path_nat", tests, NULL, NULL);
}
