// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic in fixed amounts between two network namespaces, and how long it took
 * until all of it was read at the other end.
 *
 *   pilot_load tcp FROM TO ADDRESS FLOWS BYTES [reverse]
 *       that many connections, each a process at either end, move BYTES in all
 *   pilot_load udp FROM TO ADDRESS SIZE COUNT [ask]
 *       COUNT datagrams with SIZE bytes of payload; with "ask" the sender looks
 *       at the clock and whether it may send before each, as iperf3 does
 *   pilot_load connect FROM TO ADDRESS COUNT
 *       COUNT times: connect, 64 bytes there, 64 bytes back, close
 *   pilot_load each FROM TO ADDRESS COUNT
 *       a datagram to each of COUNT IPv6 addresses from ADDRESS on, read by nobody
 *   pilot_load load FROM TO ADDRESS
 *       one TCP connection, kept full until killed; "ready" once it flows
 *
 * FROM connects to ADDRESS, which TO has.  Prints "ns N bytes N count N".  Before
 * the clock starts, an eighth of the amount is moved and read, so that windows
 * and caches are what they will be.  With "reverse" the bytes go from TO to FROM.
 * Datagrams may be lost, as many as one of four; the count is of those that came.
 * Exit status 1 when more was lost or something refused.
 */

#define _GNU_SOURCE
#include "text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLOWS_MAX	64
#define WRITE_SIZE	(128 * 1024)
#define REQUEST_SIZE	64
#define WAIT_SECONDS	120

/* What the processes share. */
static struct shared {
	pthread_barrier_t barrier;
	atomic_bool sent;
	uint64_t arrived;
	uint64_t start[FLOWS_MAX];
	uint64_t end[FLOWS_MAX];
} *shared;

static struct sockaddr_storage address;
static socklen_t address_len;
static const char *from, *to;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void address_parse(const char *text)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&address;

	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		address.ss_family = AF_INET6;
		address_len = sizeof(*in6);
	} else if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		address.ss_family = AF_INET;
		address_len = sizeof(*in4);
	} else {
		errx(2, "'%s' is not an address", text);
	}
}

/* A socket stays in the namespace that made it. */
static int socket_in(const char *netns, int type)
{
	char path[256];
	int fd, sock;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
	sock = socket(address.ss_family, type | SOCK_CLOEXEC, 0);
	if (sock < 0)
		err(1, "socket");
	return sock;
}

/* Binds to any free port, which becomes that of the address. */
static void bind_to_address(int sock)
{
	if (bind(sock, (struct sockaddr *)&address, address_len) ||
	    getsockname(sock, (struct sockaddr *)&address, &address_len))
		err(1, "bind");
}

static int listen_in(const char *netns)
{
	int sock = socket_in(netns, SOCK_STREAM);

	bind_to_address(sock);
	if (listen(sock, FLOWS_MAX))
		err(1, "listen");
	return sock;
}

static void connect_to_address(int sock)
{
	if (connect(sock, (struct sockaddr *)&address, address_len))
		err(1, "connect");
}

static void read_exactly(int sock, char *buf, size_t room, uint64_t bytes)
{
	ssize_t n;

	while (bytes) {
		n = read(sock, buf, bytes < room ? bytes : room);
		if (n <= 0)
			errx(1, "read: %s", n ? strerror(errno) : "it ended");
		bytes -= n;
	}
}

static void write_exactly(int sock, const char *buf, size_t room, uint64_t bytes)
{
	ssize_t n;

	while (bytes) {
		n = write(sock, buf, bytes < room ? bytes : room);
		if (n <= 0)
			err(1, "write");
		bytes -= n;
	}
}

static void shared_init(int processes)
{
	pthread_barrierattr_t attr;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(&shared->barrier, &attr, processes))
		errx(1, "cannot make what the processes share");
}

/*
 * Return: true in the new process.  Each gives up by itself, so that a lost
 * partner is an error and no standstill.
 */
static bool process_start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		alarm(WAIT_SECONDS);
	return !pid;
}

/* Waits for all; the first that fails takes the others along. */
static void processes_wait(void)
{
	int status;

	while (wait(&status) > 0) {
		if (status) {
			warnx("a process ended with status %#x", status);
			signal(SIGTERM, SIG_IGN);
			kill(0, SIGTERM);
			exit(1);
		}
	}
}

static void result_print(int flows, uint64_t bytes, uint64_t count)
{
	uint64_t start = UINT64_MAX, end = 0;
	int i;

	for (i = 0; i < flows; i++) {
		if (shared->start[i] < start)
			start = shared->start[i];
		if (shared->end[i] > end)
			end = shared->end[i];
	}
	printf("ns %llu bytes %llu count %llu\n",
	       (unsigned long long)(end - start), (unsigned long long)bytes,
	       (unsigned long long)count);
}

static char *buffer_new(void)
{
	char *buf = malloc(WRITE_SIZE);

	if (!buf)
		err(1, "malloc");
	memset(buf, 'p', WRITE_SIZE);
	return buf;
}

static void tcp_sender(int flow, int sock, uint64_t warm, uint64_t bytes)
{
	char *buf = buffer_new();

	write_exactly(sock, buf, WRITE_SIZE, warm);
	pthread_barrier_wait(&shared->barrier);
	shared->start[flow] = now();
	write_exactly(sock, buf, WRITE_SIZE, bytes);
	exit(0);
}

static void tcp_receiver(int flow, int sock, uint64_t warm, uint64_t bytes)
{
	char *buf = buffer_new();

	read_exactly(sock, buf, WRITE_SIZE, warm);
	pthread_barrier_wait(&shared->barrier);
	read_exactly(sock, buf, WRITE_SIZE, bytes);
	shared->end[flow] = now();
	exit(0);
}

static void tcp(int flows, uint64_t bytes, bool reverse)
{
	int listener, near[FLOWS_MAX], far[FLOWS_MAX], i;

	if (flows < 1 || flows > FLOWS_MAX)
		errx(2, "1 to %d flows", FLOWS_MAX);
	shared_init(2 * flows);
	listener = listen_in(to);
	for (i = 0; i < flows; i++) {
		near[i] = socket_in(from, SOCK_STREAM);
		connect_to_address(near[i]);
		far[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (far[i] < 0)
			err(1, "accept");
	}
	bytes /= flows;
	for (i = 0; i < flows; i++) {
		if (process_start())
			tcp_receiver(i, reverse ? near[i] : far[i], bytes / 8,
				     bytes);
		if (process_start())
			tcp_sender(i, reverse ? far[i] : near[i], bytes / 8,
				   bytes);
	}
	processes_wait();
	result_print(flows, bytes * flows, flows);
}

static void may_send(int sock)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(sock, &set);
	if (now() && select(sock + 1, NULL, &set, NULL, NULL) != 1)
		err(1, "select");
}

static void udp_send(int sock, const char *buf, size_t size, uint64_t count,
		     bool ask)
{
	uint64_t i;

	for (i = 0; i < count; i++) {
		if (ask)
			may_send(sock);
		if (send(sock, buf, size, 0) != (ssize_t)size)
			err(1, "send");
	}
	atomic_store(&shared->sent, true);
}

/*
 * Until all is here, or all was sent and no more comes.
 * Return: how many came; *end is when the last one did.
 */
static uint64_t udp_receive(int sock, char *buf, size_t size, uint64_t count,
			    uint64_t *end)
{
	uint64_t n = 0;
	ssize_t len;

	while (n < count) {
		len = recv(sock, buf, WRITE_SIZE, 0);
		if (len == (ssize_t)size) {
			*end = now();
			n++;
		} else if (len >= 0 || errno != EAGAIN) {
			err(1, "recv");
		} else if (atomic_load(&shared->sent)) {
			break;
		}
	}
	atomic_store(&shared->sent, false);
	return n;
}

/*
 * The sender never sleeps: one that does gets ahead of the kernel threads it has
 * woken, and those then find many packets at a time.
 */
static void udp(size_t size, uint64_t count, bool ask)
{
	struct timeval patience = { .tv_usec = 50000 };
	int near, far, room = 4 << 20;
	char *buf = buffer_new();

	if (size > WRITE_SIZE)
		errx(2, "%zu bytes are no datagram", size);
	shared_init(2);
	far = socket_in(to, SOCK_DGRAM);
	bind_to_address(far);
	if (setsockopt(far, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(far, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		err(1, "setsockopt");
	near = socket_in(from, SOCK_DGRAM);
	connect_to_address(near);
	if (process_start()) {
		udp_receive(far, buf, size, count / 8, &shared->end[0]);
		pthread_barrier_wait(&shared->barrier);
		shared->arrived = udp_receive(far, buf, size, count,
					      &shared->end[0]);
		exit(0);
	}
	if (process_start()) {
		udp_send(near, buf, size, count / 8, ask);
		pthread_barrier_wait(&shared->barrier);
		shared->start[0] = now();
		udp_send(near, buf, size, count, ask);
		exit(0);
	}
	processes_wait();
	if (shared->arrived < count - count / 4)
		errx(1, "only %llu of %llu datagrams arrived",
		     (unsigned long long)shared->arrived,
		     (unsigned long long)count);
	result_print(1, shared->arrived * size, shared->arrived);
}

static void serve(int listener, uint64_t count)
{
	char buf[REQUEST_SIZE];
	uint64_t i;
	int sock;

	for (i = 0; i < count; i++) {
		sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (sock < 0)
			err(1, "accept");
		read_exactly(sock, buf, sizeof(buf), sizeof(buf));
		write_exactly(sock, buf, sizeof(buf), sizeof(buf));
		close(sock);
	}
}

static void ask(uint64_t count)
{
	char buf[REQUEST_SIZE] = "";
	uint64_t i;
	int sock;

	for (i = 0; i < count; i++) {
		sock = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sock < 0)
			err(1, "socket");
		connect_to_address(sock);
		write_exactly(sock, buf, sizeof(buf), sizeof(buf));
		read_exactly(sock, buf, sizeof(buf), sizeof(buf));
		close(sock);
	}
}

static void connects(uint64_t count)
{
	int listener;

	shared_init(1);
	listener = listen_in(to);
	if (process_start()) {
		serve(listener, count / 8 + count);
		exit(0);
	}
	/* Enters the namespace for good. */
	close(socket_in(from, SOCK_STREAM));
	if (process_start()) {
		ask(count / 8);
		shared->start[0] = now();
		ask(count);
		shared->end[0] = now();
		exit(0);
	}
	processes_wait();
	result_print(1, count * 2 * REQUEST_SIZE, count);
}

static void each(uint64_t count)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	uint32_t *last = &in6->sin6_addr.s6_addr32[3];
	int sock, room = 64 << 20;
	uint64_t i;

	if (address.ss_family != AF_INET6)
		errx(2, "only IPv6 addresses are counted up");
	shared_init(1);
	sock = socket_in(from, SOCK_DGRAM);
	/* Those that wait somewhere must not make the others wait. */
	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		err(1, "setsockopt");
	in6->sin6_port = htons(9);
	shared->start[0] = now();
	for (i = 0; i < count; i++) {
		if (sendto(sock, "", 1, 0, (struct sockaddr *)in6,
			   address_len) != 1)
			err(1, "sendto");
		*last = htonl(ntohl(*last) + 1);
	}
	shared->end[0] = now();
	result_print(1, count, count);
}

static void load(void)
{
	char *buf = buffer_new();
	int listener, near, far;

	listener = listen_in(to);
	near = socket_in(from, SOCK_STREAM);
	connect_to_address(near);
	far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (far < 0)
		err(1, "accept");
	if (!fork()) {
		close(far);
		write_exactly(near, buf, WRITE_SIZE, UINT64_MAX);
	}
	close(near);
	read_exactly(far, buf, WRITE_SIZE, 1 << 20);
	puts("ready");
	fflush(stdout);
	/* Ends when the sender does, which ends when this does. */
	read_exactly(far, buf, WRITE_SIZE, UINT64_MAX);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc < 5)
		errx(2, "tcp|udp|connect|each|load FROM TO ADDRESS ...");
	/* A group of its own, so that a failure takes only itself along. */
	setpgid(0, 0);
	from = argv[2];
	to = argv[3];
	address_parse(argv[4]);
	argv += 5;
	argc -= 5;
	if (!strcmp(verb, "tcp") && argc >= 2)
		tcp(text_number(argv[0]), text_number(argv[1]),
		    argc > 2 && !strcmp(argv[2], "reverse"));
	else if (!strcmp(verb, "udp") && argc >= 2)
		udp(text_number(argv[0]), text_number(argv[1]),
		    argc > 2 && !strcmp(argv[2], "ask"));
	else if (!strcmp(verb, "connect") && argc == 1)
		connects(text_number(argv[0]));
	else if (!strcmp(verb, "each") && argc == 1)
		each(text_number(argv[0]));
	else if (!strcmp(verb, "load") && !argc)
		load();
	else
		errx(2, "'%s' with %d words is nothing known", verb, argc);
	return 0;
}
