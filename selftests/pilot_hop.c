// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams from one network namespace to another by a third host, and how long
 * that took: by a router, by a relay, or by a TURN server.
 *
 *   pilot_hop FROM TO ADDRESS PORT SIZE COUNT [WORDS]...
 *        COUNT datagrams with SIZE bytes of payload, from port PORT of FROM to
 *        port PORT of TO, which has the IPv4 ADDRESS
 *   relay ADDRESS PORT ID   send them to that relay, under that id
 *   turn ADDRESS PORT       allocate at that TURN server and send by a channel
 *   reverse                 with "turn": from TO to FROM instead
 *   batch N                 hand N at a time to the kernel (UDP_SEGMENT)
 *   window N                have no more than N under way; without, the sender
 *                           goes on as fast as it can
 *
 * All are data frames behind a relay header, whatever they go by, so that it
 * is the same bytes that are compared.  A TURN server takes its header off, or
 * puts it in front, so SIZE is what its client sends or gets.
 *
 * Prints "ns N bytes N count N" of what arrived.  Before the clock starts, an
 * eighth of the amount is sent.  Exit status 1 when more than one of ten was lost.
 */

#define _GNU_SOURCE
#include "text.h"
#include "turn_client.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE_LEAST	40
#define SIZE_MOST	1472
#define BATCH_MAX	64
#define BATCH_BYTES_MAX	65000
#define CHANNEL_HEADER	4
#define ROOM		(16 << 20)
/* Nothing came for so long: what is under way was lost. */
#define PATIENCE_US	50000

static struct hop {
	int near, far;		/* that send, and that read */
	size_t size;		/* of what is sent */
	unsigned long batch, window;
	uint8_t *out;
	atomic_ulong arrived;	/* or given up */
	atomic_bool sent;
} hop = { .batch = 1 };

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct sockaddr_in address_parse(const char *ip, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	at.sin_port = htons(text_number(port));
	if (inet_pton(AF_INET, ip, &at.sin_addr) != 1)
		errx(2, "'%s' is not an IPv4 address", ip);
	return at;
}

/* A socket stays in the namespace that made it. */
static int socket_in(const char *netns, const char *port)
{
	struct sockaddr_in at = address_parse("0.0.0.0", port);
	int fd, sock, room = ROOM;
	char path[256];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || bind(sock, (void *)&at, sizeof(at)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		err(1, "port %s", port);
	return sock;
}

/* All datagrams of a batch, one behind the other. */
static void out_make(uint32_t id, bool channel)
{
	uint32_t words[] = { htole32(0x96), htole32(id), htole32(0x94) };
	size_t front = channel ? CHANNEL_HEADER : 0, len = hop.size - front;
	unsigned long i;

	hop.out = calloc(hop.batch, hop.size);
	if (!hop.out)
		err(1, "calloc");
	for (i = 0; i < hop.batch; i++) {
		uint8_t *at = hop.out + i * hop.size;

		if (channel) {
			at[0] = TURN_CHANNEL >> 8;
			at[1] = TURN_CHANNEL & 0xff;
			at[2] = len >> 8;
			at[3] = len;
		}
		memcpy(at + front, words, sizeof(words));
	}
}

static void batch_set(void)
{
	int size = hop.size;

	if (hop.batch > 1 && setsockopt(hop.near, IPPROTO_UDP, UDP_SEGMENT,
					&size, sizeof(size)))
		err(1, "UDP_SEGMENT");
}

static void window_wait(unsigned long sent)
{
	while (hop.window && sent >= atomic_load(&hop.arrived) + hop.window)
		sched_yield();
}

static void all_send(unsigned long count)
{
	size_t len = hop.size * hop.batch;
	unsigned long n;

	for (n = 0; n < count; n += hop.batch) {
		window_wait(n);
		if (send(hop.near, hop.out, len, 0) != (ssize_t)len)
			err(1, "send");
	}
	atomic_store(&hop.sent, true);
}

/*
 * Until all is here, or all was sent and no more comes.
 * Return: how many came; *end is when the last one did.
 */
static unsigned long all_receive(unsigned long count, uint64_t *end)
{
	static uint8_t buf[1 << 16];
	unsigned long n = 0, lost = 0;
	bool sent;

	while (n + lost < count) {
		sent = atomic_load(&hop.sent);
		if (recv(hop.far, buf, sizeof(buf), 0) >= 0) {
			*end = now();
			atomic_store(&hop.arrived, ++n + lost);
		} else if (errno != EAGAIN) {
			err(1, "recv");
		} else if (sent) {
			break;
		} else if (hop.window) {
			lost += hop.window;
			atomic_store(&hop.arrived, n + lost);
		}
	}
	return n;
}

static void *sender(void *count)
{
	all_send(*(unsigned long *)count);
	return NULL;
}

/* Return: how many arrived. */
static unsigned long run(unsigned long count, uint64_t *ns)
{
	uint64_t start = now(), end = start;
	unsigned long arrived;
	pthread_t thread;

	atomic_store(&hop.arrived, 0);
	atomic_store(&hop.sent, false);
	if (pthread_create(&thread, NULL, sender, &count))
		errx(1, "no thread");
	arrived = all_receive(count, &end);
	pthread_join(thread, NULL);
	*ns = end - start;
	return arrived;
}

static void aim(int sock, const struct sockaddr_in *at)
{
	if (connect(sock, (const void *)at, sizeof(*at)))
		err(1, "connect");
}

/* What the words say, and where it all goes. */
static void hop_ready(const struct sockaddr_in *to, char **word, int n)
{
	struct timeval patience = { .tv_usec = PATIENCE_US };
	struct sockaddr_in via = *to, relayed;
	bool turn = false, reverse = false;
	uint32_t id = 0;
	int i, other;

	for (i = 0; i < n; i++) {
		if (!strcmp(word[i], "relay") && i + 3 < n) {
			via = address_parse(word[i + 1], word[i + 2]);
			id = text_number(word[i + 3]);
			i += 3;
		} else if (!strcmp(word[i], "turn") && i + 2 < n) {
			via = address_parse(word[i + 1], word[i + 2]);
			turn = true;
			i += 2;
		} else if (!strcmp(word[i], "reverse")) {
			reverse = true;
		} else if (!strcmp(word[i], "batch") && i + 1 < n) {
			hop.batch = text_number(word[++i]);
		} else if (!strcmp(word[i], "window") && i + 1 < n) {
			hop.window = text_number(word[++i]);
		} else {
			errx(2, "what is '%s'?", word[i]);
		}
	}
	if (!hop.batch || hop.batch > BATCH_MAX ||
	    hop.batch * hop.size > BATCH_BYTES_MAX)
		errx(2, "a batch has 1 to %d datagrams and at most %d bytes",
		     BATCH_MAX, BATCH_BYTES_MAX);
	if (reverse && !turn)
		errx(2, "'reverse' wants 'turn'");
	if (turn)
		turn_allocate(hop.near, &via, to, &relayed);
	if (reverse) {
		other = hop.near;
		hop.near = hop.far;
		hop.far = other;
		via = relayed;
	}
	aim(hop.near, &via);
	out_make(id, turn && !reverse);
	batch_set();
	if (setsockopt(hop.far, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		err(1, "setsockopt");
}

int main(int argc, char **argv)
{
	unsigned long count, arrived;
	struct sockaddr_in to;
	uint64_t ns;

	if (argc < 7)
		errx(2, "FROM TO ADDRESS PORT SIZE COUNT ...");
	to = address_parse(argv[3], argv[4]);
	hop.size = text_number(argv[5]);
	count = text_number(argv[6]);
	if (hop.size < SIZE_LEAST || hop.size > SIZE_MOST)
		errx(2, "%d to %d bytes", SIZE_LEAST, SIZE_MOST);
	hop.far = socket_in(argv[2], argv[4]);
	hop.near = socket_in(argv[1], argv[4]);
	hop_ready(&to, argv + 7, argc - 7);
	count -= count % hop.batch;
	run(count / 8 / hop.batch * hop.batch, &ns);
	arrived = run(count, &ns);
	if (arrived < count - count / 10)
		errx(1, "only %lu of %lu datagrams arrived", arrived, count);
	printf("ns %llu bytes %llu count %lu\n", (unsigned long long)ns,
	       (unsigned long long)(arrived * hop.size), arrived);
	return 0;
}
