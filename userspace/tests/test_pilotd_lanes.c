// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The UDP sockets of the lanes: opened, given to another process, and found
 * again by their ports whatever else there is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "lanes.h"
#include "sockets.h"

static char dir[] = "/tmp/pilotd-lanes-XXXXXX";
static char path[64], notify[64];
static bool ipv6;

static int port_of(int fd)
{
	struct sockaddr_in6 in6 = { 0 };
	socklen_t len = sizeof(in6);

	return getsockname(fd, (struct sockaddr *)&in6, &len) ? -1 :
	       ntohs(in6.sin6_port);
}

static bool is_free(uint16_t port)
{
	char err[CONFIG_ERROR_LEN];
	int fd = socket_udp(AF_INET, port, err, sizeof(err));
	int fd6 = ipv6 ? socket_udp(AF_INET6, port, err, sizeof(err)) : 0;

	if (fd >= 0)
		close(fd);
	if (fd6 > 0)
		close(fd6);
	return fd >= 0 && fd6 >= 0;
}

/* A port with so many after it that nobody has. */
static uint16_t free_port(unsigned int count)
{
	unsigned int first = 20000 + getpid() % 20000, n = 0;

	while (n < count) {
		if (!is_free(first + n)) {
			first += n + 1;
			n = 0;
		} else {
			n++;
		}
	}
	return first;
}

static void lanes_close(struct lanes *lanes)
{
	for (unsigned int i = 0; i < LANES_FDS_MAX; i++) {
		int *fd = &lanes->lane[i / 2].fd[i % 2];

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

/* All of a lane there is to have, at its port; nothing past @count. */
static bool lanes_whole(const struct lanes *lanes, unsigned int count)
{
	if (lanes->count != count)
		return false;
	for (unsigned int n = 0; n < WIRE_LANES_MAX; n++) {
		for (int i = 0; i < 2; i++) {
			int fd = lanes->lane[n].fd[i];

			if (n >= count || (i && !ipv6) ? fd >= 0 :
			    port_of(fd) != (int)(lanes->port + n))
				return false;
		}
	}
	return true;
}

static unsigned int fds_count(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

static void the_number_follows_the_cpus(void **state)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct lanes lanes;

	(void)state;
	lanes_init(&lanes, 7740, 0);
	assert_int_equal(lanes.count, cpus < CONFIG_LANES_AUTO_MAX ? cpus :
				      CONFIG_LANES_AUTO_MAX);
	for (unsigned int i = 0; i < LANES_FDS_MAX; i++)
		assert_int_equal(lanes.lane[i / 2].fd[i % 2], -1);
	lanes_init(&lanes, 7740, WIRE_LANES_MAX);
	assert_int_equal(lanes.count, WIRE_LANES_MAX);
}

static void ports_follow_each_other(void **state)
{
	char err[CONFIG_ERROR_LEN];
	struct lanes lanes;

	(void)state;
	for (unsigned int count = 1; count <= WIRE_LANES_MAX; count++) {
		lanes_init(&lanes, free_port(count), count);
		assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
		assert_true(lanes_whole(&lanes, count));
		lanes_close(&lanes);
	}
}

/* A port that somebody has costs the lanes from there on. */
static void a_taken_port_means_fewer_lanes(void **state)
{
	char err[CONFIG_ERROR_LEN];
	unsigned int before = fds_count();
	struct lanes lanes;

	(void)state;
	for (int i = 0; i < 1 + ipv6; i++) {
		for (unsigned int n = 1; n < WIRE_LANES_MAX; n++) {
			uint16_t port = free_port(WIRE_LANES_MAX);
			int fd = socket_udp(i ? AF_INET6 : AF_INET, port + n,
					    err, sizeof(err));

			assert_true(fd >= 0);
			lanes_init(&lanes, port, WIRE_LANES_MAX);
			assert_int_equal(lanes_open(&lanes, err, sizeof(err)),
					 0);
			assert_true(lanes_whole(&lanes, n));
			close(fd);
			lanes_close(&lanes);
			assert_int_equal(fds_count(), before);
		}
	}
}

static void without_lane_zero_there_is_none(void **state)
{
	char err[CONFIG_ERROR_LEN];
	uint16_t port = free_port(4);
	int fd = socket_udp(AF_INET, port, err, sizeof(err));
	struct lanes lanes;

	(void)state;
	lanes_init(&lanes, port, 4);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, "`listen`"));
	close(fd);
}

static void ports_end_at_the_last(void **state)
{
	char err[CONFIG_ERROR_LEN];
	struct lanes lanes;

	(void)state;
	if (!is_free(UINT16_MAX - 1) || !is_free(UINT16_MAX))
		skip();
	lanes_init(&lanes, UINT16_MAX - 1, 4);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
	assert_true(lanes_whole(&lanes, 2));
	lanes_close(&lanes);
}

/* A lane needs no family that lane 0 has not, and keeps none. */
static void families_are_those_of_lane_zero(void **state)
{
	char err[CONFIG_ERROR_LEN];
	uint16_t port = free_port(2);
	struct lanes lanes;
	int fd;

	(void)state;
	if (!ipv6)
		skip();
	fd = socket_udp(AF_INET6, port, err, sizeof(err));
	lanes_init(&lanes, port, 2);
	lanes.lane[1].fd[1] = socket_udp(AF_INET6, port + 1, err, sizeof(err));
	assert_true(lanes.lane[1].fd[1] >= 0);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
	assert_int_equal(lanes.count, 2);
	assert_true(lanes.lane[0].fd[1] < 0);
	assert_true(lanes.lane[1].fd[1] < 0);
	assert_int_equal(port_of(lanes.lane[1].fd[0]), port + 1);
	close(fd);
	lanes_close(&lanes);
}

/* Another process that has @given and gives them away, once. */
static pid_t giver(const struct lanes *given)
{
	char err[CONFIG_ERROR_LEN];
	int listener = socket_listen(path, SOCK_STREAM, 0600, getgid(), err,
				     sizeof(err));
	pid_t pid;

	if (listener < 0)
		fail_msg("%s", err);
	fcntl(listener, F_SETFL, 0);
	pid = fork();
	if (!pid)
		_exit(lanes_give(listener, given) ? 1 : 0);
	close(listener);
	return pid;
}

/* Gives @given, of which we keep nothing, and inherits into @lanes. */
static void hand_over(struct lanes *given, struct lanes *lanes)
{
	pid_t pid = giver(given);
	int status;

	lanes_close(given);
	lanes_inherit(lanes, path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* From any number to any number: no socket that fits is opened anew. */
static void sockets_are_handed_over(void **state)
{
	static const unsigned int counts[] = { 1, 2, 5, WIRE_LANES_MAX };
	char err[CONFIG_ERROR_LEN];
	unsigned int before = fds_count();
	struct lanes given, lanes;
	struct stat st;
	ino_t inode[LANES_FDS_MAX];

	(void)state;
	for (int f = 0; f < 16; f++) {
		unsigned int from = counts[f / 4], to = counts[f % 4];
		unsigned int both = from < to ? from : to;
		uint16_t port = free_port(WIRE_LANES_MAX);

		lanes_init(&given, port, from);
		assert_int_equal(lanes_open(&given, err, sizeof(err)), 0);
		for (unsigned int i = 0; i < 2 * both; i++)
			if (!fstat(given.lane[i / 2].fd[i % 2], &st))
				inode[i] = st.st_ino;
		lanes_init(&lanes, port, to);
		hand_over(&given, &lanes);
		for (unsigned int i = 0; i < 2 * both; i++) {
			int fd = lanes.lane[i / 2].fd[i % 2];

			assert_true(fd >= 0 || (i % 2 && !ipv6));
			assert_int_equal(fstat(fd, &st), fd < 0 ? -1 : 0);
			assert_true(fd < 0 || st.st_ino == inode[i]);
			assert_true(fd < 0 || fcntl(fd, F_GETFD) & FD_CLOEXEC);
		}
		/* What is left over is closed: its ports are free. */
		for (unsigned int n = to; n < from; n++)
			assert_true(is_free(port + n));
		assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
		assert_true(lanes_whole(&lanes, to));
		lanes_close(&lanes);
		assert_int_equal(fds_count(), before);
	}
}

/* It is the port that counts, not the place. */
static void sockets_are_known_by_their_ports(void **state)
{
	char err[CONFIG_ERROR_LEN];
	unsigned int before = fds_count();
	uint16_t port = free_port(6);
	struct lanes given, lanes;
	struct lane first;

	(void)state;
	lanes_init(&given, port, 4);
	assert_int_equal(lanes_open(&given, err, sizeof(err)), 0);
	first = given.lane[0];
	for (int n = 0; n < 3; n++)
		given.lane[n] = given.lane[n + 1];
	given.lane[3] = first;
	lanes_init(&lanes, port, 4);
	hand_over(&given, &lanes);
	assert_true(lanes_whole(&lanes, 4));

	/* Moved by two: the ports of half of them fit, and not their lanes. */
	lanes_init(&given, port, 4);
	memcpy(given.lane, lanes.lane, sizeof(given.lane));
	lanes_init(&lanes, port + 2, 4);
	hand_over(&given, &lanes);
	for (unsigned int n = 0; n < 4; n++) {
		assert_int_equal(lanes.lane[n].fd[0], -1);
		assert_int_equal(lanes.lane[n].fd[1], -1);
		assert_true(is_free(port + n));
	}
	lanes_close(&lanes);
	assert_int_equal(fds_count(), before);
}

static void nobody_gives_nothing(void **state)
{
	unsigned int before = fds_count();
	struct lanes lanes;

	(void)state;
	unlink(path);
	lanes_init(&lanes, 7740, 4);
	lanes_inherit(&lanes, path);
	for (unsigned int i = 0; i < LANES_FDS_MAX; i++)
		assert_int_equal(lanes.lane[i / 2].fd[i % 2], -1);
	assert_int_equal(fds_count(), before);
}

static int notify_open(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", notify);
	unlink(notify);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

/* The words for systemd, one after the other. */
static void heard(int fd, char *text, size_t size)
{
	ssize_t len;

	while ((len = recv(fd, text, size - 2, 0)) > 0) {
		text[len++] = ' ';
		text += len;
		size -= len;
	}
	*text = '\0';
}

static void systemd_keeps_them_by_name(void **state)
{
	char err[CONFIG_ERROR_LEN], text[2048], name[32];
	int fd = notify_open();
	struct lanes lanes;

	(void)state;
	lanes_init(&lanes, free_port(3), 3);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
	setenv("NOTIFY_SOCKET", notify, 1);
	lanes_keep(&lanes);
	unsetenv("NOTIFY_SOCKET");
	heard(fd, text, sizeof(text));
	for (int i = 0; i < 1 + ipv6; i++) {
		snprintf(name, sizeof(name), "FDNAME=udp%d ", i ? 6 : 4);
		assert_non_null(strstr(text, name));
		for (int n = 1; n < 3; n++) {
			snprintf(name, sizeof(name), "FDNAME=udp%d-%d ",
				 i ? 6 : 4, n);
			assert_non_null(strstr(text, name));
		}
	}
	assert_null(strstr(text, "-3"));
	close(fd);
	lanes_close(&lanes);
}

/* As systemd starts a service: descriptors from 3 on, and their names. */
static int started(const struct lanes *kept, unsigned int count)
{
	char number[16], names[256] = "", *p = names;
	struct lanes lanes;
	int fds[LANES_FDS_MAX], n = 0;

	for (unsigned int i = 0; i < 2 * kept->count; i++) {
		int fd = kept->lane[i / 2].fd[i % 2];

		if (fd < 0)
			continue;
		fds[n++] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		p += sprintf(p, "%sudp%d-%u", n > 1 ? ":" : "",
			     i % 2 ? 6 : 4, i / 2);
	}
	for (int i = 0; i < n; i++)
		if (dup2(fds[i], 3 + i) < 0)
			return 1;
	close_range(3 + n, ~0U, 0);
	snprintf(number, sizeof(number), "%d", n);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	setenv("NOTIFY_SOCKET", notify, 1);
	lanes_init(&lanes, kept->port, count);
	lanes_inherit(&lanes, path);
	for (unsigned int i = 0; i < count && i < kept->count; i++)
		if (port_of(lanes.lane[i].fd[0]) != kept->port + (int)i ||
		    (ipv6 && lanes.lane[i].fd[1] < 0))
			return 2;
	for (unsigned int i = kept->count; i < count; i++)
		if (lanes.lane[i].fd[0] >= 0)
			return 3;
	return 0;
}

/* What fits no lane any more is let go by systemd too. */
static void systemd_gives_them_back(void **state)
{
	static const unsigned int counts[] = { 4, 2, 6 };
	char err[CONFIG_ERROR_LEN], text[2048];
	int fd = notify_open(), status;
	struct lanes kept;

	(void)state;
	lanes_init(&kept, free_port(4), 4);
	assert_int_equal(lanes_open(&kept, err, sizeof(err)), 0);
	for (int c = 0; c < 3; c++) {
		pid_t pid = fork();

		if (!pid)
			_exit(started(&kept, counts[c]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		heard(fd, text, sizeof(text));
		if (counts[c] >= 4) {
			assert_string_equal(text, "");
			continue;
		}
		assert_non_null(strstr(text,
				       "FDSTOREREMOVE=1\nFDNAME=udp4-2 "));
		assert_non_null(strstr(text,
				       "FDSTOREREMOVE=1\nFDNAME=udp4-3 "));
		assert_null(strstr(text, "udp4-1"));
	}
	close(fd);
	lanes_close(&kept);
}

/* Of lane 2 there is a socket, of lane 1 there cannot be one: both go. */
static void systemd_keeps_no_lane_that_cannot_be_had(void **state)
{
	char err[CONFIG_ERROR_LEN], text[2048];
	int fd = notify_open(), taken;
	struct lanes lanes;

	(void)state;
	lanes_init(&lanes, free_port(3), 3);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
	for (int i = 0; i < 1 + ipv6; i++)
		close(lanes.lane[1].fd[i]);
	lanes.lane[1] = (struct lane){ { -1, -1 } };
	taken = socket_udp(AF_INET, lanes.port + 1, err, sizeof(err));
	assert_true(taken >= 0);
	setenv("NOTIFY_SOCKET", notify, 1);
	assert_int_equal(lanes_open(&lanes, err, sizeof(err)), 0);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(lanes.count, 1);
	heard(fd, text, sizeof(text));
	assert_non_null(strstr(text, "FDSTOREREMOVE=1\nFDNAME=udp4-2 "));
	assert_null(strstr(text, "FDNAME=udp4 "));
	assert_true(is_free(lanes.port + 2));
	close(taken);
	close(fd);
	lanes_close(&lanes);
}

static int begin(void **state)
{
	char err[CONFIG_ERROR_LEN];
	int fd = socket_udp(AF_INET6, 0, err, sizeof(err));

	(void)state;
	ipv6 = fd >= 0;
	if (ipv6)
		close(fd);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/handover", dir);
	snprintf(notify, sizeof(notify), "%s/notify", dir);
	log_level_set(LOG_LEVEL_ERROR);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	unlink(notify);
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_follows_the_cpus),
		cmocka_unit_test(ports_follow_each_other),
		cmocka_unit_test(a_taken_port_means_fewer_lanes),
		cmocka_unit_test(without_lane_zero_there_is_none),
		cmocka_unit_test(ports_end_at_the_last),
		cmocka_unit_test(families_are_those_of_lane_zero),
		cmocka_unit_test(sockets_are_handed_over),
		cmocka_unit_test(sockets_are_known_by_their_ports),
		cmocka_unit_test(nobody_gives_nothing),
		cmocka_unit_test(systemd_keeps_them_by_name),
		cmocka_unit_test(systemd_gives_them_back),
		cmocka_unit_test(systemd_keeps_no_lane_that_cannot_be_had),
	};

	return cmocka_run_group_tests_name("pilotd_lanes", tests, begin, end);
}
