// SPDX-License-Identifier: GPL-2.0-or-later
/* Where and whether servers are tried by TLS, or TCP. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "check.h"
#include "config.h"
#include "dids.h"

static char did_a[DID_TEXT_LEN];

static int make_did(void **state)
{
	uint8_t public[IDENTITY_KEY_LEN];

	(void)state;
	return did_make(1, public, did_a);
}

static void an_introducer_is_tried_by_tls(void **state)
{
	char error[CONFIG_ERROR_LEN], text[ENDPOINT_TEXT_LEN];
	struct config_peer peer, other;
	struct endpoint at;

	(void)state;
	assert_int_equal(config_peer_init(&peer, did_a, error), 0);
	assert_int_equal(config_peer_set(&peer, "endpoint", "192.0.2.1:7740",
					 error), 0);
	assert_false(config_peer_tls(&peer, &at));
	assert_int_equal(config_peer_set(&peer, "introducer", "yes", error),
			 0);
	/* Where it is by UDP, at the port of the web. */
	assert_true(config_peer_tls(&peer, &at));
	endpoint_format(&at, text);
	assert_string_equal(text, "192.0.2.1:443");
	other = peer;
	assert_int_equal(config_peer_set(&peer, "tls", "no", error), 0);
	assert_false(config_peer_tls(&peer, &at));
	assert_false(config_peer_equal(&peer, &other));
	assert_true(config_peer_valid(&peer));
	assert_int_equal(config_peer_set(&peer, "tls", "[2001:db8::2]:8443",
					 error), 0);
	assert_true(config_peer_tls(&peer, &at));
	assert_int_equal(at.port, 8443);
	assert_false(config_peer_equal(&peer, &other));
	assert_true(config_peer_valid(&peer));
	assert_int_equal(config_peer_set(&peer, "tls", "yes", error), 0);
	assert_true(config_peer_equal(&peer, &other));
	assert_int_equal(config_peer_set(&peer, "tls-name", "a.example",
					 error), 0);
	assert_false(config_peer_equal(&peer, &other));
	assert_int_equal(config_peer_set(&peer, "tls-name", "none", error), 0);
	assert_true(config_peer_equal(&peer, &other));
	/* Nobody knows where it is. */
	assert_int_equal(config_peer_set(&peer, "endpoint", "none", error), 0);
	assert_false(config_peer_tls(&peer, &at));
	/* What no text could have said. */
	other.tls = CONFIG_TLS_NO + 1;
	assert_false(config_peer_valid(&other));
	other.tls = CONFIG_TLS_NO;
	endpoint_parse("192.0.2.1:443", &other.tls_at);
	assert_false(config_peer_valid(&other));
	other.tls = CONFIG_TLS_YES;
	assert_true(config_peer_valid(&other));
	other.tls_at.port = 0;
	assert_false(config_peer_valid(&other));
	memset(&other.tls_at, 0, sizeof(other.tls_at));
	strcpy(other.tls_name, "a b");
	assert_false(config_peer_valid(&other));
	memset(other.tls_name, 'a', sizeof(other.tls_name));
	assert_false(config_peer_valid(&other));
}

static bool goes(const struct config *config, const char *server,
		 enum stream_kind kind, bool plain)
{
	struct bridge_open open = { .kind = kind, .plain = plain };

	assert_int_equal(endpoint_parse(server, &open.server), 0);
	return config_has_introducer(config, &open) ||
	       config_has_turn(config->turn_server, config->turn_servers,
			       &open);
}

/* Whatever the worker asks for, connections go to what is configured. */
static void connections_go_to_such_servers_alone(void **state)
{
	char text[512], error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	snprintf(text, sizeof(text),
		 "turn-server 192.0.2.1 u /p\n"
		 "turn-server 192.0.2.2:80 u /p tcp\n"
		 "turn-server 192.0.2.3 u /p  tls\tturn.example.org\n"
		 "agent pilot0\npeer %s\nendpoint 192.0.2.4:7740\n"
		 "introducer yes\n", did_a);
	config_init(&config);
	assert_int_equal(config_parse(&config, CONFIG_FILE, "text", text,
				      strlen(text), error), 0);
	assert_true(goes(&config, "192.0.2.4:443", STREAM_FRAMES, false));
	assert_true(goes(&config, "192.0.2.2:80", STREAM_STUN, true));
	assert_true(goes(&config, "192.0.2.3:5349", STREAM_STUN, false));
	/* By TLS there is another port, and a name. */
	assert_string_equal(config.turn_server[2].name, "turn.example.org");
	assert_string_equal(config.turn_server[1].name, "");
	/* Another port, another sort, and one that is asked by UDP. */
	assert_false(goes(&config, "192.0.2.4:444", STREAM_FRAMES, false));
	assert_false(goes(&config, "192.0.2.4:443", STREAM_STUN, false));
	assert_false(goes(&config, "192.0.2.3:5349", STREAM_FRAMES, false));
	assert_false(goes(&config, "192.0.2.3:5349", STREAM_STUN, true));
	assert_false(goes(&config, "192.0.2.2:80", STREAM_STUN, false));
	assert_false(goes(&config, "192.0.2.1:3478", STREAM_STUN, true));
	assert_false(goes(&config, "192.0.2.1:3478", STREAM_STUN, false));
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_introducer_is_tried_by_tls),
		cmocka_unit_test(connections_go_to_such_servers_alone),
	};

	return cmocka_run_group_tests_name("pilotd_config_tls", tests,
					   make_did, NULL);
}
