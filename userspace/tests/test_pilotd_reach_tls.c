// SPDX-License-Identifier: GPL-2.0-or-later
/* What the worker asks of the bridge, with peers that only count. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "reach_tls.h"
#include "spawn.h"

#define PEERS	3

struct session_peer {
	struct worker_peer data;
	bool wants;			/* as soon as it is told of a server */
	unsigned int told;
	bool up;
};

struct path_peer {
	struct session_peer *peer;
};

static struct {
	struct worker worker;
	struct worker_agent agent;
	struct session_peer peer[PEERS];
	struct path_peer path[PEERS];
	unsigned int opens, closes;
	struct bridge_open open;	/* the last one */
} lab;

/* --- what it is linked with ------------------------------------------------ */

void *session_peer_data(const struct session_peer *peer)
{
	return (void *)&peer->data;
}

struct session_peer *session_peer_next(struct session_agent *agent,
				       struct session_peer *after)
{
	(void)agent;
	if (!after)
		return &lab.peer[0];
	return after == &lab.peer[PEERS - 1] ? NULL : after + 1;
}

void *path_peer_data(const struct path_peer *path)
{
	return path->peer;
}

void path_tls_set(struct path_host *host, const struct clock *now,
		  struct path_peer *path, const struct endpoint *local)
{
	struct session_peer *peer = path->peer;

	(void)host;
	(void)now;
	peer->told++;
	peer->up = local != NULL;
	if (local && peer->wants && !endpoint_is_set(&peer->data.tls))
		reach_tls_want(&lab.worker, path, true);
}

void ipc_message_init(struct ipc_message *message, enum ipc_type type)
{
	memset(message, 0, sizeof(*message));
	message->type = type;
}

int ipc_send(int fd, const struct ipc_message *message)
{
	assert_int_equal(fd, WORKER_FD_IPC);
	lab.opens += message->type == IPC_BRIDGE_OPEN;
	lab.closes += message->type == IPC_BRIDGE_CLOSE;
	if (message->type == IPC_BRIDGE_OPEN)
		lab.open = message->bridge_open;
	return 0;
}

/* --- tests ------------------------------------------------------------------ */

static struct endpoint at(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

/* All of them introducers, at the same server. */
static void begin(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.worker.agents = &lab.agent;
	lab.agent.introducers = PEERS;
	for (int i = 0; i < PEERS; i++) {
		lab.path[i].peer = &lab.peer[i];
		lab.peer[i].data.path = &lab.path[i];
		lab.peer[i].data.config.introducer = true;
		lab.peer[i].data.config.tls_at = at("192.0.2.1:443");
	}
}

static void state_told(bool up, uint32_t number)
{
	struct bridge_state told = {
		.server = at("192.0.2.1:443"), .local = at("127.64.1.1:9"),
		.up = up, .number = number,
	};

	reach_tls_state(&lab.worker, NULL, &told);
}

/* Of a worker before this one, up or not. */
static void what_nobody_wants_is_closed(void **state)
{
	(void)state;
	begin();
	state_told(false, 0);
	assert_int_equal(lab.closes, 1);
	assert_int_equal(lab.peer[PEERS - 1].told, 1);
	state_told(true, 1);
	assert_int_equal(lab.closes, 2);
	state_told(true, 1);
	assert_int_equal(lab.closes, 3);
	lab.peer[1].wants = true;
	state_told(true, 2);
	assert_int_equal(lab.opens, 1);
	assert_int_equal(lab.closes, 3);
	for (uint32_t i = 0; i < 8; i++) {
		state_told(i & 1, 2);
		assert_int_equal(lab.closes, 3);
		assert_int_equal(lab.peer[0].up, i & 1);
	}
	/* It is kept for as long as one of them uses it. */
	reach_tls_want(&lab.worker, &lab.path[2], true);
	reach_tls_want(&lab.worker, &lab.path[1], false);
	assert_int_equal(lab.closes, 3);
	reach_tls_want(&lab.worker, &lab.path[2], false);
	assert_int_equal(lab.closes, 4);
}

static void set(int i, const char *name)
{
	snprintf(lab.peer[i].data.config.tls_name,
		 sizeof(lab.peer[i].data.config.tls_name), "%s", name);
	reach_tls_set(&lab.worker, NULL, &lab.peer[i]);
}

static void another_name_is_asked_for_once(void **state)
{
	(void)state;
	begin();
	set(0, "one.example");
	set(1, "one.example");
	set(2, "other.example");
	assert_int_equal(lab.opens, 0);
	reach_tls_want(&lab.worker, &lab.path[0], true);
	assert_string_equal(lab.open.name, "one.example");
	/* Who comes later does not end the connection of the first. */
	reach_tls_want(&lab.worker, &lab.path[2], true);
	assert_string_equal(lab.open.name, "one.example");
	reach_tls_want(&lab.worker, &lab.path[1], true);
	assert_int_equal(lab.opens, 3);
	set(0, "one.example");
	assert_int_equal(lab.opens, 3);
	/* A reload: one by one, and each once more than needed would redial. */
	set(0, "two.example");
	assert_int_equal(lab.opens, 4);
	assert_string_equal(lab.open.name, "two.example");
	set(1, "two.example");
	assert_int_equal(lab.opens, 4);
	set(0, "");
	assert_int_equal(lab.opens, 5);
	assert_string_equal(lab.open.name, "");
	assert_int_equal(lab.closes, 0);
	/* Its own again, when nobody else is there. */
	for (int i = 0; i < PEERS; i++)
		reach_tls_want(&lab.worker, &lab.path[i], false);
	assert_int_equal(lab.closes, 1);
	reach_tls_want(&lab.worker, &lab.path[2], true);
	assert_string_equal(lab.open.name, "other.example");
	/* Another server is asked for as ever. */
	lab.peer[2].data.config.tls_at = at("192.0.2.2:443");
	set(2, "two.example");
	assert_int_equal(lab.closes, 2);
	assert_string_equal(lab.open.name, "two.example");
	assert_int_equal(lab.opens, 7);
}

static void known(int i, const char *expected, const char *problem)
{
	json_t *json = reach_tls_json(&lab.worker, &lab.peer[i].data);
	const json_t *why = json_object_get(json, "problem");

	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "server")),
			    "192.0.2.1:443");
	assert_string_equal(json_string_value(json_object_get(json, "state")),
			    expected);
	assert_int_equal(why != NULL, problem != NULL);
	if (problem)
		assert_string_equal(json_string_value(why), problem);
	json_decref(json);
}

static void a_check_asks_and_changes_nothing(void **state)
{
	struct bridge_state failed = {
		.server = at("192.0.2.1:443"), .local = at("127.64.1.1:9"),
		.text = "Connection refused",
	};

	(void)state;
	begin();
	lab.peer[2].data.config.tls = CONFIG_TLS_NO;
	assert_null(reach_tls_json(&lab.worker, &lab.peer[2].data));
	known(0, "unknown", NULL);
	assert_int_equal(reach_tls_check(&lab.worker), 2);
	assert_int_equal(lab.opens, 2);
	state_told(false, 0);
	known(0, "trying", NULL);
	assert_int_equal(lab.closes, 0);
	state_told(true, 1);
	known(1, "answers", NULL);
	assert_true(reach_tls_answers(&lab.worker, &lab.peer[1].data));
	assert_false(reach_tls_is_silent(&lab.worker, &lab.peer[1].data));
	assert_int_equal(lab.closes, 1);
	for (int i = 0; i < PEERS; i++)
		assert_int_equal(lab.peer[i].told, 0);
	/* What came out of the one before is no answer to the next. */
	assert_int_equal(reach_tls_check(&lab.worker), 2);
	known(0, "trying", NULL);
	reach_tls_state(&lab.worker, NULL, &failed);
	known(0, "failed", "Connection refused");
	assert_true(reach_tls_is_silent(&lab.worker, &lab.peer[0].data));
	assert_int_equal(lab.closes, 2);
	/* Where one is in use it stays, and who uses it is told as ever. */
	reach_tls_want(&lab.worker, &lab.path[0], true);
	state_told(true, 1);
	assert_int_equal(lab.peer[0].told, 1);
	assert_int_equal(reach_tls_check(&lab.worker), 2);
	known(1, "answers", NULL);
	state_told(true, 1);
	reach_tls_state(&lab.worker, NULL, &failed);
	assert_int_equal(lab.peer[0].told, 2);
	assert_false(lab.peer[0].up);
	assert_int_equal(lab.closes, 2);
	/* One that is left during a check is closed after it. */
	reach_tls_check(&lab.worker);
	reach_tls_want(&lab.worker, &lab.path[0], false);
	assert_int_equal(lab.closes, 2);
	state_told(true, 2);
	assert_int_equal(lab.closes, 3);
}

/* There is one connection to them all, whatever each would say. */
static void a_check_says_one_name(void **state)
{
	(void)state;
	begin();
	set(0, "one.example");
	set(1, "other.example");
	reach_tls_check(&lab.worker);
	assert_string_equal(lab.open.name, "one.example");
	/* Once more, before there was an answer. */
	reach_tls_check(&lab.worker);
	assert_string_equal(lab.open.name, "one.example");
	assert_int_equal(lab.opens, 2 * PEERS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_wants_is_closed),
		cmocka_unit_test(another_name_is_asked_for_once),
		cmocka_unit_test(a_check_asks_and_changes_nothing),
		cmocka_unit_test(a_check_says_one_name),
	};

	return cmocka_run_group_tests_name("pilotd_reach_tls", tests, NULL,
					   NULL);
}
