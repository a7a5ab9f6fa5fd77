// SPDX-License-Identifier: GPL-2.0-or-later
/* The links and peers of a configuration: put, found, changed, removed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "check.h"
#include "config.h"
#include "dids.h"

static char did_a[DID_TEXT_LEN];
static uint8_t public_a[32];

static int make_did(void **state)
{
	(void)state;
	return did_make(1, public_a, did_a);
}

static void sets_change_as_told(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config_agent agent;
	struct config_peer peer;
	struct config config;
	char name[IFNAMSIZ];
	size_t i;

	(void)state;
	config_init(&config);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		assert_int_equal(config_agent_init(&agent, name, error), 0);
		assert_int_equal(config_agent_put(&config, &agent), 0);
		assert_int_equal(config_peer_init(&peer, did_a, error), 0);
		assert_int_equal(config_peer_set(&peer, "link", name, error),
				 0);
		assert_int_equal(config_peer_put(&config, &peer), 0);
	}
	agent.mtu = 1300;
	assert_int_equal(config_agent_put(&config, &agent), 0);
	assert_int_equal(config.agent_count, 20);
	assert_int_equal(config_agent_find(&config, "p19")->mtu, 1300);
	config_agent_remove(&config, config_agent_find(&config, "p3"));
	assert_null(config_agent_find(&config, "p3"));
	assert_non_null(config_agent_find(&config, "p4"));
	config_peer_remove(&config, config_peer_find(&config, "p19",
						     public_a));
	assert_null(config_peer_find(&config, "p19", public_a));
	assert_int_equal(config.peer_count, 19);
	assert_int_equal(config_peer_set(&peer, "endpoint", "192.0.2.1:1",
					 error), 0);
	assert_int_equal(config_peer_set(&peer, "endpoint", "none", error), 0);
	assert_false(endpoint_is_set(&peer.endpoint));
	assert_int_equal(config_peer_set(&peer, "psk", "none", error), 0);
	assert_int_equal(config_peer_set(&peer, "colour", "red", error),
			 -ENOENT);
	config_free(&config);
}

/* Against a plain list, through growth and removal in any order. */
static void peers_are_found_among_many(void **state)
{
	enum { KEYS = 500, LINKS = 2 };
	static bool there[KEYS][LINKS];
	char error[CONFIG_ERROR_LEN];
	struct config_peer peer, *found;
	unsigned int step, key, link;
	struct config config;
	size_t count = 0;

	(void)state;
	config_init(&config);
	assert_int_equal(config_peer_init(&peer, did_a, error), 0);
	for (step = 0; step < 20000; step++) {
		key = randombytes_uniform(KEYS);
		link = randombytes_uniform(LINKS);
		memset(peer.public, 0, sizeof(peer.public));
		/* Few hashes, so that chains are long. */
		peer.public[0] = key % 50;
		peer.public[4] = key / 50;
		snprintf(peer.link, sizeof(peer.link), "p%u", link);
		found = config_peer_find(&config, peer.link, peer.public);
		assert_int_equal(!!found, there[key][link]);
		if (found && randombytes_uniform(3)) {
			config_peer_remove(&config, found);
			there[key][link] = false;
			count--;
		} else {
			assert_int_equal(config_peer_put(&config, &peer), 0);
			count += !there[key][link];
			there[key][link] = true;
		}
		assert_int_equal(config.peer_count, count);
	}
	config_free(&config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_change_as_told),
		cmocka_unit_test(peers_are_found_among_many),
	};

	return cmocka_run_group_tests_name("pilotd_config_sets", tests,
					   make_did, NULL);
}
