// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parent and its workers, which are this program again: the first does not
 * start, the second ends after a word, the third takes long and lives. What the
 * parent says to systemd is heard.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "keeper.h"
#include "spawn.h"

/* Long enough for a worker under sanitizers on a busy machine to start. */
#define ASK_US		500000
#define PATIENCE_S	60

/* Sockets after those that each worker has. */
#define OTHERS		(WORKER_FD_LANES - WORKER_FD_ROUTE)

static char dir[] = "/tmp/pilotd-keeper-XXXXXX";
static char births[64], notify[64];

/* One byte for each worker that was born. */
static unsigned int births_count(void)
{
	struct stat st;

	return stat(births, &st) ? 0 : st.st_size;
}

/*
 * Which sockets there are, as bits, two to a lane: each has the port of its
 * lane, so that none stands for another.
 */
static unsigned int port_of(int fd)
{
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof(in);

	if (getsockname(fd, (struct sockaddr *)&in, &len))
		return 0;
	return ntohs(in.sin_port);
}

static int sockets_count(void)
{
	unsigned int port = atoi(getenv("TEST_PORT")), bits = 0;

	for (unsigned int n = 0; n < WIRE_LANES_MAX; n++) {
		for (int i = 0; i < 2; i++) {
			unsigned int bound = port_of(worker_fd_udp(n, i));

			if (!bound)
				continue;
			if (bound != port + 2 * n + i)
				return 1;
			bits |= 1U << (2 * n + i);
		}
	}
	for (unsigned int i = 0; i < OTHERS; i++)
		if (port_of(WORKER_FD_ROUTE + i) != port + LANES_FDS_MAX + i)
			return 3;
	return bits == (unsigned int)atoi(getenv("TEST_BITS")) ? 0 : 2;
}

/* The worker's end of life is the parent's, by signal or by the socket. */
static int worker_main(void)
{
	struct ipc_message message;
	unsigned int number;
	FILE *file;

	snprintf(births, sizeof(births), "%s", getenv("TEST_BIRTHS"));
	file = fopen(births, "a");
	if (!file || fputc('.', file) == EOF || fclose(file))
		return 1;
	number = births_count();
	if (number == 1)
		pause();
	if (number == 3)
		usleep((KEEPER_UNANSWERED + 1) * ASK_US);
	while (!ipc_receive(WORKER_FD_IPC, &message, false)) {
		/* One that is told of other than what there is ends at once. */
		if (message.type == IPC_INIT &&
		    (message.init.path_cost[PATH_CLASS_TURN] != 40 ||
		     message.init.path_dead != 900))
			return 5;
		if (message.type == IPC_INIT &&
		    (message.init.lanes != 3 || message.init.port != 7740 ||
		     message.init.lane_ports[0] != 7741 ||
		     message.init.lane_ports[1] != 7742 ||
		     message.init.lane_ports[2]))
			return 4;
		if (message.type != IPC_ALIVE_ASK)
			continue;
		ipc_message_init(&message, IPC_ALIVE);
		if (ipc_send(WORKER_FD_IPC, &message))
			return 1;
		if (number == 2)
			return 3;
	}
	return 0;
}

static int notify_open(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", notify);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	setenv("NOTIFY_SOCKET", notify, 1);
	return fd;
}

/* How often the watchdog was fed since it was last asked. */
static unsigned int fed(int fd)
{
	char text[256];
	unsigned int n = 0;
	ssize_t len;

	while ((len = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[len] = '\0';
		n += strstr(text, "WATCHDOG=1") != NULL;
	}
	return n;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

/* One round of the loop. */
static void turn(struct parent *parent, unsigned int *left)
{
	assert_true((*left)--);
	assert_true(sd_event_run(parent->event, ASK_US) >= 0);
}

static void a_worker_that_hangs_is_replaced(void **state)
{
	struct parent parent = { .events = -1,
				 .control = -1, .handover = -1,
				 .ask_us = ASK_US };
	unsigned int left = PATIENCE_S * 1000000 / ASK_US, times = 0, most = 0;
	uint64_t began = now_us();
	int heard = notify_open();
	pid_t first;
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	config_init(&parent.config);
	parent.config.path_cost[PATH_CLASS_TURN] = 40;
	parent.config.path_dead = 900;
	lanes_init(&parent.lanes, 7740, 3);
	assert_true(sd_event_new(&parent.event) >= 0);
	assert_int_equal(keeper_start(&parent), 0);
	first = parent.worker;
	while (!parent.deaths)
		turn(&parent, &left);
	/* The first was ended, not just followed by another. */
	assert_int_equal(kill(first, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(now_us() - began >= KEEPER_STARTING * ASK_US);
	assert_int_equal(fed(heard), 0);
	/*
	 * The second ended after one answer, which does not make it a worker
	 * that works; the third has the time it takes, and is left alone.
	 */
	while (times < 3 * KEEPER_UNANSWERED) {
		turn(&parent, &left);
		times += fed(heard);
		if (parent.deaths > most)
			most = parent.deaths;
	}
	assert_int_equal(births_count(), 3);
	assert_true(most >= 2);
	assert_int_equal(parent.deaths, 0);
	assert_int_equal(kill(parent.worker, 0), 0);
	/* One that has worked is not waited for that long. */
	assert_int_equal(kill(parent.worker, SIGSTOP), 0);
	began = now_us();
	while (parent.ipc >= 0)
		turn(&parent, &left);
	assert_in_range(now_us() - began, (KEEPER_UNANSWERED - 1) * ASK_US,
			KEEPER_STARTING * ASK_US - 1);
	sd_event_source_disable_unref(parent.respawn_source);
	sd_event_unref(parent.event);
	close(heard);
}

/* Descriptors that are where the worker looks for them, and no others. */
static void a_worker_gets_the_sockets_of_its_lanes(void **state)
{
	static const unsigned int counts[] = { 1, 3, WIRE_LANES_MAX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	unsigned int port = 20000 + getpid() % 20000;
	struct spawn_sockets sockets = { .events = -1 };
	int *const other[OTHERS] = { &sockets.route, &sockets.gateway[0],
				     &sockets.gateway[1],
				     &sockets.announcements };
	struct lanes lanes;
	int pair[2];

	(void)state;
	lanes_init(&lanes, 0, WIRE_LANES_MAX);
	for (unsigned int n = 0; n < LANES_FDS_MAX + OTHERS; n++) {
		int *fd = n < LANES_FDS_MAX ? &lanes.lane[n / 2].fd[n % 2] :
					      other[n - LANES_FDS_MAX];

		*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		in.sin_port = htons(port + n);
		assert_int_equal(bind(*fd, (struct sockaddr *)&in, sizeof(in)),
				 0);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	sockets.control = pair[0];
	sockets.handover = pair[1];
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		unsigned int bits = (1U << 2 * counts[c]) - 1;
		char text[16];
		int ipc, status;
		pid_t pid;

		lanes.count = counts[c];
		if (counts[c] == 3) {
			close(lanes.lane[1].fd[1]);
			lanes.lane[1].fd[1] = -1;
			bits &= ~(1U << 3);
		} else if (counts[c] > 3) {
			bits &= ~(1U << 3);
		}
		snprintf(text, sizeof(text), "%u", port);
		setenv("TEST_PORT", text, 1);
		snprintf(text, sizeof(text), "%u", bits);
		setenv("TEST_BITS", text, 1);
		assert_int_equal(spawn_worker(&lanes, &sockets, &pid, &ipc),
				 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		close(ipc);
	}
	unsetenv("TEST_BITS");
	for (unsigned int n = 0; n < LANES_FDS_MAX; n++)
		close(lanes.lane[n / 2].fd[n % 2]);
	for (unsigned int n = 0; n < OTHERS; n++)
		close(*other[n]);
	close(pair[0]);
	close(pair[1]);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(births, sizeof(births), "%s/births", dir);
	snprintf(notify, sizeof(notify), "%s/notify", dir);
	return setenv("TEST_BIRTHS", births, 1);
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(births);
	unlink(notify);
	return rmdir(dir);
}

int main(int argc, char *argv[])
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_gets_the_sockets_of_its_lanes),
		cmocka_unit_test(a_worker_that_hangs_is_replaced),
	};

	if (sodium_init() < 0)
		return 1;
	if (argc == 2 && !strcmp(argv[1], WORKER_ARGUMENT))
		return getenv("TEST_BITS") ? sockets_count() : worker_main();
	return cmocka_run_group_tests_name("pilotd_keeper", tests, make_dir,
					   remove_dir);
}
