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
} lab;

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
	keeper->state = on_state;
	bridge_keeper_init(keeper);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_true(sd_event_new(&keeper->event) >= 0);
}

static void end(struct bridge_keeper *keeper)
{
	struct bridge_serving none = { .enabled = false };
	char err[256];

	for (unsigned int i = keeper->count; i--;)
		bridge_keeper_close(keeper, &keeper->open[i].server);
	assert_int_equal(bridge_keeper_serve(keeper, &none, err, sizeof(err)),
			 0);
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
	char err[256] = "";

	(void)state;
	begin(&keeper);
	lab.taken = true;
	for (int i = 0; i < 2; i++) {
		*err = '\0';
		assert_int_equal(bridge_keeper_serve(&keeper, &serving, err,
						     sizeof(err)),
				 -EADDRINUSE);
		assert_string_equal(err, "taken");
	}
	assert_int_equal(lab.spawned, 0);
	lab.taken = false;
	until_spawned(&keeper, 1);
	assert_int_equal(lab.opened, 2);
	/* One that does what it should is left alone. */
	assert_int_equal(bridge_keeper_serve(&keeper, &serving, err,
					     sizeof(err)), 0);
	assert_int_equal(lab.spawned, 1);
	assert_int_equal(lab.opened, 2);
	serving.port++;
	lab.taken = true;
	assert_int_equal(bridge_keeper_serve(&keeper, &serving, err,
					     sizeof(err)), -EADDRINUSE);
	lab.taken = false;
	assert_int_equal(bridge_keeper_serve(&keeper, &serving, err,
					     sizeof(err)), 0);
	assert_int_equal(lab.spawned, 2);
	assert_null(keeper.listen_again);
	end(&keeper);
	assert_int_equal(keeper.pid, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_is_taken_is_tried_again),
	};

	return cmocka_run_group_tests_name("pilotd_bridge_keeper", tests, NULL,
					   NULL);
}
