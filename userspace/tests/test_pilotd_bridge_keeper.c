// SPDX-License-Identifier: GPL-2.0-or-later
/* The keeper of the bridge, with bridges that only hear, and a clock of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_keeper.h"
#include "check.h"
#include "clock.h"
#include "error.h"
#include "log.h"
#include "sockets.h"
#include "spawn.h"

#define PATIENCE_US	100000
#define ROUNDS		300

static struct {
	uint64_t now;
	int bridge;			/* its end */
	unsigned int spawned;
	bool taken;			/* the ports are */
	unsigned int opened;		/* listening sockets */
	unsigned int told;
	struct bridge_state said;
	char err[256];
} lab;

uint64_t clock_boot(void)
{
	return lab.now;
}

void clock_read(struct clock *now)
{
	now->boot_ns = now->real_ns = lab.now;
}

int socket_tcp(const struct endpoint *at, char *err, size_t err_size)
{
	(void)at;
	if (lab.taken)
		return error_set(err, err_size, EADDRINUSE, "taken");
	lab.opened++;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int spawn_bridge(const int listen[static 2], pid_t *pid, int *ipc)
{
	int pair[2];

	(void)listen;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    pair), 0);
	*pid = fork();
	if (!*pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (lab.bridge >= 0)
		close(lab.bridge);
	lab.bridge = pair[1];
	*ipc = pair[0];
	lab.spawned++;
	return 0;
}

static void on_state(void *ctx, const struct bridge_state *state)
{
	(void)ctx;
	lab.told++;
	lab.said = *state;
}

static void begin(struct bridge_keeper *keeper)
{
	sigset_t set;

	memset(&lab, 0, sizeof(lab));
	lab.bridge = -1;
	lab.now = 1000 * CLOCK_SECOND;
	memset(keeper, 0, sizeof(*keeper));
	keeper->port = 7740;
	keeper->log_level = LOG_LEVEL_ERROR;
	keeper->state = on_state;
	bridge_keeper_init(keeper);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_true(sd_event_new(&keeper->event) >= 0);
}

/* What it says of a failure is in lab.err. */
static int serve(struct bridge_keeper *keeper,
		 const struct bridge_serving *serving)
{
	lab.err[0] = '\0';
	return bridge_keeper_serve(keeper, serving, lab.err, sizeof(lab.err));
}

static void end(struct bridge_keeper *keeper)
{
	struct bridge_serving none = { .enabled = false };

	for (unsigned int i = keeper->count; i--;)
		bridge_keeper_close(keeper, &keeper->open[i]);
	assert_int_equal(serve(keeper, &none), 0);
	bridge_keeper_stop(keeper);
	sd_event_unref(keeper->event);
	if (lab.bridge >= 0)
		close(lab.bridge);
}

/* Until there were so many bridges. */
static void until_spawned(struct bridge_keeper *keeper, unsigned int n)
{
	for (int i = 0; i < ROUNDS && lab.spawned < n; i++)
		assert_true(sd_event_run(keeper->event, PATIENCE_US) >= 0);
	assert_int_equal(lab.spawned, n);
}

/* A reload of what is configured already. */
static void a_port_that_is_taken_is_tried_again(void **state)
{
	struct bridge_serving serving = { .enabled = true, .port = 443 };
	struct bridge_keeper keeper;

	(void)state;
	begin(&keeper);
	lab.taken = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(serve(&keeper, &serving), -EADDRINUSE);
		assert_string_equal(lab.err, "taken");
	}
	assert_int_equal(lab.spawned, 0);
	lab.taken = false;
	until_spawned(&keeper, 1);
	assert_int_equal(lab.opened, 2);
	/* One that does what it should is left alone. */
	assert_int_equal(serve(&keeper, &serving), 0);
	assert_int_equal(lab.spawned, 1);
	assert_int_equal(lab.opened, 2);
	serving.port++;
	lab.taken = true;
	assert_int_equal(serve(&keeper, &serving), -EADDRINUSE);
	lab.taken = false;
	assert_int_equal(serve(&keeper, &serving), 0);
	assert_int_equal(lab.spawned, 2);
	assert_null(keeper.listen_again);
	end(&keeper);
	assert_int_equal(keeper.pid, 0);
}

static struct bridge_open server_open(const char *name)
{
	struct bridge_open open = { .kind = STREAM_FRAMES };

	assert_int_equal(endpoint_parse("192.0.2.1:443", &open.server), 0);
	snprintf(open.name, sizeof(open.name), "%s", name);
	return open;
}

/* The bridge gets nothing else than this, in a moment. */
static void expect_open(const char *name)
{
	struct bridge_message message;

	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	assert_int_equal(message.type, BRIDGE_OPEN);
	assert_string_equal(message.open.name, name);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), -EAGAIN);
}

static void bridge_says(struct bridge_keeper *keeper, bool up,
			uint32_t number)
{
	struct bridge_message message;
	unsigned int told = lab.told;

	bridge_message_init(&message, BRIDGE_STATE);
	message.state.server = server_open("").server;
	endpoint_parse("127.64.1.1:1000", &message.state.local);
	message.state.up = up;
	message.state.number = number;
	assert_int_equal(bridge_send(lab.bridge, &message), 0);
	for (int i = 0; i < ROUNDS && lab.told == told; i++)
		assert_true(sd_event_run(keeper->event, PATIENCE_US) >= 0);
	assert_int_equal(lab.told, told + 1);
}

static void another_name_is_told_and_kept(void **state)
{
	struct bridge_open open = server_open("one.example");
	struct bridge_keeper keeper;
	struct bridge_message message;

	(void)state;
	begin(&keeper);
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	assert_int_equal(message.type, BRIDGE_INIT);
	expect_open("one.example");
	bridge_says(&keeper, true, 1);
	/* The same again is answered by what is known. */
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(lab.told, 2);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), -EAGAIN);
	open = server_open("two.example");
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(lab.told, 2);
	expect_open("two.example");
	bridge_says(&keeper, true, 2);
	/* The next bridge says it, too. */
	assert_int_equal(kill(keeper.pid, SIGKILL), 0);
	until_spawned(&keeper, 2);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	assert_int_equal(message.type, BRIDGE_INIT);
	expect_open("two.example");
	end(&keeper);
}

/* An introducer and a TURN server may be said to be at one place. */
static void each_kind_has_a_connection_of_its_own(void **state)
{
	struct bridge_open open = server_open(""), turn = open;
	struct bridge_keeper keeper;
	struct bridge_message message;

	(void)state;
	turn.kind = STREAM_STUN;
	begin(&keeper);
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	expect_open("");
	bridge_keeper_open(&keeper, &turn);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	assert_int_equal(message.open.kind, STREAM_STUN);
	assert_int_equal(keeper.count, 2);
	bridge_keeper_close(&keeper, &open);
	assert_int_equal(bridge_receive(lab.bridge, &message, false), 0);
	assert_int_equal(message.type, BRIDGE_CLOSE);
	assert_int_equal(message.open.kind, STREAM_FRAMES);
	assert_int_equal(keeper.count, 1);
	assert_int_equal(keeper.open[0].kind, STREAM_STUN);
	/* What is said of the other one is said of nobody. */
	bridge_message_init(&message, BRIDGE_STATE);
	message.state.server = open.server;
	endpoint_parse("127.64.1.1:1000", &message.state.local);
	assert_int_equal(bridge_send(lab.bridge, &message), 0);
	message.state.kind = STREAM_STUN;
	assert_int_equal(bridge_send(lab.bridge, &message), 0);
	for (int i = 0; i < ROUNDS && !lab.told; i++)
		assert_true(sd_event_run(keeper.event, PATIENCE_US) >= 0);
	assert_int_equal(lab.told, 1);
	assert_int_equal(lab.said.kind, STREAM_STUN);
	end(&keeper);
}

static void one_without_anything_to_do_is_ended(void **state)
{
	struct bridge_serving serving = { .enabled = true, .port = 443 };
	struct bridge_open open = server_open("");
	struct bridge_keeper keeper;
	pid_t pid;

	(void)state;
	begin(&keeper);
	bridge_keeper_open(&keeper, &open);
	pid = keeper.pid;
	assert_int_equal(kill(pid, 0), 0);
	bridge_keeper_close(&keeper, &open);
	assert_int_equal(keeper.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	/* Nor is one started that would have been soon. */
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(lab.spawned, 2);
	assert_int_equal(kill(keeper.pid, SIGKILL), 0);
	for (int i = 0; i < ROUNDS && keeper.pid; i++)
		assert_true(sd_event_run(keeper.event, PATIENCE_US) >= 0);
	assert_non_null(keeper.respawn_source);
	bridge_keeper_close(&keeper, &open);
	assert_null(keeper.respawn_source);
	/* One that serves goes on. */
	assert_int_equal(serve(&keeper, &serving), 0);
	bridge_keeper_open(&keeper, &open);
	bridge_keeper_close(&keeper, &open);
	assert_true(keeper.pid > 0);
	assert_int_equal(kill(keeper.pid, 0), 0);
	assert_int_equal(lab.spawned, 3);
	end(&keeper);
}

/* The port is still taken: nothing changes for who is connected elsewhere. */
static void a_reload_ends_no_connection(void **state)
{
	struct bridge_serving serving = { .enabled = true, .port = 443 };
	struct bridge_open open = server_open("");
	struct bridge_keeper keeper;
	pid_t pid;

	(void)state;
	begin(&keeper);
	lab.taken = true;
	bridge_keeper_open(&keeper, &open);
	assert_int_equal(serve(&keeper, &serving), -EADDRINUSE);
	pid = keeper.pid;
	assert_int_equal(serve(&keeper, &serving), -EADDRINUSE);
	assert_int_equal(keeper.pid, pid);
	assert_int_equal(lab.spawned, 2);
	lab.taken = false;
	until_spawned(&keeper, 3);
	assert_int_equal(lab.opened, 2);
	end(&keeper);
}

/* It only serves, and has nothing to say. */
static void deaths_count_when_they_come_soon(void **state)
{
	struct bridge_serving serving = { .enabled = true, .port = 443 };
	struct bridge_keeper keeper;

	(void)state;
	begin(&keeper);
	assert_int_equal(serve(&keeper, &serving), 0);
	for (unsigned int i = 1; i <= 2; i++) {
		assert_int_equal(kill(keeper.pid, SIGKILL), 0);
		until_spawned(&keeper, 1 + i);
		assert_int_equal(keeper.deaths, i);
	}
	lab.now += 31 * CLOCK_SECOND;
	assert_int_equal(kill(keeper.pid, SIGKILL), 0);
	until_spawned(&keeper, 4);
	assert_int_equal(keeper.deaths, 1);
	end(&keeper);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_is_taken_is_tried_again),
		cmocka_unit_test(a_reload_ends_no_connection),
		cmocka_unit_test(another_name_is_told_and_kept),
		cmocka_unit_test(each_kind_has_a_connection_of_its_own),
		cmocka_unit_test(one_without_anything_to_do_is_ended),
		cmocka_unit_test(deaths_count_when_they_come_soon),
	};

	return cmocka_run_group_tests_name("pilotd_bridge_keeper", tests, NULL,
					   NULL);
}
