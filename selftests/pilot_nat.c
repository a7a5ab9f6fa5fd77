// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an address translator does, found out as RFC 5780 does it, with a server
 * of our own outside.
 *
 *   pilot_nat serve ADDRESS ADDRESS PORT PORT [TCP-PORT]...
 *       answers at both ports of both addresses with the source it sees, and by
 *       which of them it is asked to; takes TCP connections; "ready" when it does
 *   pilot_nat probe ADDRESS ADDRESS PORT PORT [LOCAL-PORT]
 *       asks that server, and prints one line, "udp no" or
 *       udp yes local ADDRESS PORT mapped ADDRESS PORT mapping M filtering F
 *       ports P low PORT high PORT
 *       M is independent, address, port (RFC 4787: endpoint-independent,
 *       address-dependent, address- and port-dependent) or odd, F one of the
 *       first three; P says of several sockets whether the ports outside are
 *       those inside: preserved, changed, random (changed and far apart), or odd
 *   pilot_nat echo ADDRESS PORT [LOCAL-PORT]
 *       asks the server, prints "mapped ADDRESS PORT" and "ready", and answers as
 *       the server does to whoever comes there
 *   pilot_nat ask ADDRESS PORT TO-ADDRESS TO-PORT [LOCAL-PORT]
 *       asks the server, then TO from the same socket; prints "answer no" or
 *       answer yes mapped ADDRESS PORT seen ADDRESS PORT
 *   pilot_nat meet ADDRESS PORT ROOM SIDE [LOCAL-PORT]
 *       two of them, of sides 0 and 1 in the same room, learn of each other's
 *       address at the server and on the host, and send there, and to where the
 *       other's datagrams come from; prints "direct no" or
 *       direct yes at ADDRESS PORT
 *   pilot_nat connect ADDRESS PORT
 *       prints "connect yes" or "connect no"
 *
 * Exit status 1 when something cannot be tried, 2 for a wrong command line.
 */

#define _GNU_SOURCE
#include "text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC		0x504e4154
#define ROOMS		256
#define SOCKETS		8
#define TCP_PORTS	8
#define TARGETS		8
/* Ports of a translator that draws them lie farther apart than this. */
#define RANDOM_SPREAD	2000

/* All in milliseconds, and on a debug kernel three times that. */
#define TRY_MS		200
#define ANSWER_MS	3000
#define SILENCE_MS	1000
#define PUNCH_MS	50
#define MEET_MS		10000
#define DIRECT_MS	1500
#define LINGER_MS	600

enum operation {
	ASK,
	ANSWER,
	JOIN,
	PUNCH,
	PUNCHED,
};

/* By which of the server's sockets the answer shall come. */
#define OTHER_PORT	1
#define OTHER_ADDRESS	2

/* IPv4 addresses are mapped ones. */
struct place {
	struct in6_addr address;
	in_port_t port;
} __attribute__((packed));

struct message {
	uint32_t magic;
	uint32_t nonce;
	uint16_t room;
	uint8_t operation;
	uint8_t side;
	uint8_t from;
	uint8_t known;		/* "seen" and "local" of the other are there */
	struct place seen;
	struct place local;
	struct place other_seen;
	struct place other_local;
} __attribute__((packed));

static struct room {
	bool joined[2];
	struct place seen[2];
	struct place local[2];
} rooms[ROOMS];

static unsigned int patience = 1;
static uint32_t nonce;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static in_port_t port_parse(const char *text)
{
	uint64_t port = text_number(text);

	if (port > 65535)
		errx(2, "'%s' is not a port", text);
	return htons(port);
}

static struct place place_parse(const char *address, const char *port)
{
	struct place place = { .port = port_parse(port) };
	char text[INET6_ADDRSTRLEN + 8];

	snprintf(text, sizeof(text), strchr(address, ':') ? "%s" : "::ffff:%s",
		 address);
	if (inet_pton(AF_INET6, text, &place.address) != 1)
		errx(2, "'%s' is not an address", address);
	return place;
}

static bool same(const struct place *a, const struct place *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static const char *place_text(const struct place *place)
{
	static char text[4][INET6_ADDRSTRLEN + 8];
	char address[INET6_ADDRSTRLEN];
	static unsigned int next;
	const char *shown = address;
	char *to = text[next++ % 4];

	inet_ntop(AF_INET6, &place->address, address, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&place->address))
		shown += strlen("::ffff:");
	snprintf(to, sizeof(text[0]), "%s %u", shown, ntohs(place->port));
	return to;
}

static struct sockaddr_in6 to_sockaddr(const struct place *place)
{
	return (struct sockaddr_in6) {
		.sin6_family = AF_INET6,
		.sin6_addr = place->address,
		.sin6_port = place->port,
	};
}

static struct place to_place(const struct sockaddr_in6 *sa)
{
	return (struct place) {
		.address = sa->sin6_addr,
		.port = sa->sin6_port,
	};
}

static int socket_bound(int type, const struct place *at)
{
	struct sockaddr_in6 sa = to_sockaddr(at);
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int off = 0, on = 1;

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		err(1, "bind to %s", place_text(at));
	return fd;
}

static int socket_any(in_port_t port)
{
	return socket_bound(SOCK_DGRAM, &(struct place) { .port = port });
}

static in_port_t local_port(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len))
		err(1, "getsockname");
	return sa.sin6_port;
}

/* The address from which datagrams go there, with the socket's port. */
static struct place local_place(int fd, const struct place *there)
{
	struct sockaddr_in6 sa = to_sockaddr(there);
	socklen_t len = sizeof(sa);
	struct place place = {};
	int probe;

	probe = socket_any(0);
	if (!connect(probe, (struct sockaddr *)&sa, sizeof(sa)) &&
	    !getsockname(probe, (struct sockaddr *)&sa, &len))
		place = to_place(&sa);
	close(probe);
	place.port = local_port(fd);
	return place;
}

/* Return: whether there is a way there at all. */
static bool message_send(int fd, const struct message *message,
			 const struct place *to)
{
	struct sockaddr_in6 sa = to_sockaddr(to);

	return sendto(fd, message, sizeof(*message), 0, (struct sockaddr *)&sa,
		      sizeof(sa)) >= 0 ||
	       errno != ENETUNREACH;
}

static bool message_receive(int fd, struct message *message, struct place *from)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);
	ssize_t n;

	n = recvfrom(fd, message, sizeof(*message), 0, (struct sockaddr *)&sa,
		     &len);
	if (n != sizeof(*message) || ntohl(message->magic) != MAGIC)
		return false;
	*from = to_place(&sa);
	return true;
}

/* Waits until then for a datagram. */
static bool message_wait(int fd, struct message *message, struct place *from,
			 int64_t until)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int64_t left;

	while ((left = until - now()) > 0) {
		if (poll(&pollfd, 1, left) > 0 &&
		    message_receive(fd, message, from))
			return true;
	}
	return false;
}

static struct message message_new(enum operation operation)
{
	return (struct message) {
		.magic = htonl(MAGIC),
		.nonce = ++nonce,
		.operation = operation,
	};
}

/* --- server ------------------------------------------------------------------ */

static void room_join(struct message *message)
{
	struct room *room = &rooms[message->room % ROOMS];
	unsigned int side = message->side & 1, other = !side;

	room->joined[side] = true;
	room->seen[side] = message->seen;
	room->local[side] = message->local;
	if (!room->joined[other])
		return;
	message->known = 1;
	message->other_seen = room->seen[other];
	message->other_local = room->local[other];
}

/* Answers what waits at the socket, by the one of "out" that is asked for. */
static void answer(int in, const int *out, unsigned int sockets,
		   unsigned int index)
{
	struct message message;
	struct place from;

	if (!message_receive(in, &message, &from))
		return;
	message.seen = from;
	if (message.operation == JOIN)
		room_join(&message);
	else if (message.operation != ASK)
		return;
	message.operation = ANSWER;
	message_send(out[(index ^ message.from) % sockets], &message, &from);
}

/* The socket's number is its address's, 0 or 1, times OTHER_ADDRESS, and its port's. */
static int serve(int argc, char **argv)
{
	struct pollfd fds[4 + TCP_PORTS] = {};
	int udp[4], i, n = 4, tcp;

	if (argc < 4 || argc - 4 > TCP_PORTS)
		return 2;
	for (i = 0; i < 4; i++) {
		struct place at = place_parse(argv[i / OTHER_ADDRESS],
					      argv[2 + i % OTHER_ADDRESS]);

		udp[i] = socket_bound(SOCK_DGRAM, &at);
		fds[i] = (struct pollfd) { .fd = udp[i], .events = POLLIN };
	}
	for (i = 4; i < argc; i++, n++) {
		struct place at = place_parse(argv[0], argv[i]);

		tcp = socket_bound(SOCK_STREAM, &at);
		if (listen(tcp, 8))
			err(1, "listen at %s", place_text(&at));
		fds[n] = (struct pollfd) { .fd = tcp, .events = POLLIN };
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(fds, n, -1) < 0)
			err(1, "poll");
		for (i = 0; i < n; i++) {
			if (!fds[i].revents)
				continue;
			if (i < 4)
				answer(udp[i], udp, 4, i);
			else
				close(accept(fds[i].fd, NULL, NULL));
		}
	}
}

/* --- client ------------------------------------------------------------------ */

/* Asks until there is an answer. Return: whether there was, and the source seen. */
static bool ask(int fd, const struct place *to, unsigned int from,
		unsigned int ms, struct place *seen)
{
	struct message question = message_new(ASK), message;
	int64_t end = now() + ms * patience, next;
	struct place source;

	question.from = from;
	while (now() < end) {
		if (!message_send(fd, &question, to))
			return false;
		next = now() + TRY_MS * patience;
		while (message_wait(fd, &message, &source,
				    next < end ? next : end)) {
			if (message.operation != ANSWER ||
			    message.nonce != question.nonce)
				continue;
			*seen = message.seen;
			return true;
		}
	}
	return false;
}

static const char *mapping_of(const struct place seen[4])
{
	bool by_port = !same(&seen[0], &seen[1]) || !same(&seen[2], &seen[3]);
	bool by_address = !same(&seen[0], &seen[2]) &&
			  !same(&seen[1], &seen[3]);

	if (same(&seen[0], &seen[1]) && same(&seen[0], &seen[2]) &&
	    same(&seen[0], &seen[3]))
		return "independent";
	if (by_address && !by_port)
		return "address";
	if (by_address && !same(&seen[0], &seen[1]) &&
	    !same(&seen[2], &seen[3]))
		return "port";
	return "odd";
}

/* From a socket that has sent to one place only. */
static const char *filtering_at(const struct place *server)
{
	const char *filtering = "port";
	int fd = socket_any(0);
	struct place seen;

	if (!ask(fd, server, 0, ANSWER_MS, &seen))
		errx(1, "the server answers no more");
	if (ask(fd, server, OTHER_ADDRESS | OTHER_PORT, SILENCE_MS, &seen))
		filtering = "independent";
	else if (ask(fd, server, OTHER_PORT, SILENCE_MS, &seen))
		filtering = "address";
	close(fd);
	return filtering;
}

static void ports_print(const struct place *server)
{
	unsigned int low = 65536, high = 0, preserved = 0, i, port;
	int fds[SOCKETS];
	struct place seen;
	const char *ports;

	for (i = 0; i < SOCKETS; i++) {
		fds[i] = socket_any(0);
		if (!ask(fds[i], server, 0, ANSWER_MS, &seen))
			errx(1, "the server answers no more");
		preserved += seen.port == local_port(fds[i]);
		port = ntohs(seen.port);
		low = port < low ? port : low;
		high = port > high ? port : high;
	}
	for (i = 0; i < SOCKETS; i++)
		close(fds[i]);
	if (preserved == SOCKETS)
		ports = "preserved";
	else if (preserved > 1)
		ports = "odd";
	else
		ports = high - low > RANDOM_SPREAD ? "random" : "changed";
	printf(" ports %s low %u high %u", ports, low, high);
}

/* Asks all four. Return: false when the first does not answer. */
static bool ask_all(int fd, const struct place server[4], struct place seen[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		if (ask(fd, &server[i], 0, ANSWER_MS, &seen[i]))
			continue;
		if (i)
			errx(1, "%s does not answer", place_text(&server[i]));
		return false;
	}
	return true;
}

/* Two ports that are drawn may be the same; hardly so a second time. */
static const char *mapping_again(const struct place server[4],
				 const struct place seen[4])
{
	struct place again[4];
	int fd;

	warnx("odd: %s, %s, %s, %s", place_text(&seen[0]),
	      place_text(&seen[1]), place_text(&seen[2]),
	      place_text(&seen[3]));
	fd = socket_any(0);
	if (!ask_all(fd, server, again))
		errx(1, "the server answers no more");
	close(fd);
	return mapping_of(again);
}

static int probe(int argc, char **argv)
{
	struct place server[4], seen[4], local;
	const char *mapping;
	int fd, i;

	if (argc < 4 || argc > 5)
		return 2;
	for (i = 0; i < 4; i++)
		server[i] = place_parse(argv[i / OTHER_ADDRESS],
					argv[2 + i % OTHER_ADDRESS]);
	fd = socket_any(argc > 4 ? port_parse(argv[4]) : 0);
	if (!ask_all(fd, server, seen)) {
		puts("udp no");
		return 0;
	}
	local = local_place(fd, &server[0]);
	mapping = mapping_of(seen);
	if (!strcmp(mapping, "odd"))
		mapping = mapping_again(server, seen);
	printf("udp yes local %s mapped %s mapping %s filtering %s",
	       place_text(&local), place_text(&seen[0]), mapping,
	       filtering_at(&server[0]));
	ports_print(&server[0]);
	puts("");
	return 0;
}

static int echo(int argc, char **argv)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct place server, seen;
	int fd;

	if (argc < 2 || argc > 3)
		return 2;
	server = place_parse(argv[0], argv[1]);
	fd = socket_any(argc > 2 ? port_parse(argv[2]) : 0);
	if (!ask(fd, &server, 0, ANSWER_MS, &seen))
		errx(1, "%s does not answer", place_text(&server));
	printf("mapped %s\nready\n", place_text(&seen));
	fflush(stdout);
	pollfd.fd = fd;
	for (;;) {
		if (poll(&pollfd, 1, -1) < 0)
			err(1, "poll");
		answer(fd, &fd, 1, 0);
	}
}

static int ask_other(int argc, char **argv)
{
	struct place server, to, mapped, seen;
	int fd;

	if (argc < 4 || argc > 5)
		return 2;
	server = place_parse(argv[0], argv[1]);
	to = place_parse(argv[2], argv[3]);
	fd = socket_any(argc > 4 ? port_parse(argv[4]) : 0);
	if (!ask(fd, &server, 0, ANSWER_MS, &mapped))
		errx(1, "%s does not answer", place_text(&server));
	if (!ask(fd, &to, 0, SILENCE_MS, &seen))
		puts("answer no");
	else
		printf("answer yes mapped %s seen %s\n", place_text(&mapped),
		       place_text(&seen));
	return 0;
}

/* --- meeting ----------------------------------------------------------------- */

struct meeting {
	int fd;
	uint16_t room;
	uint8_t side;
	struct place server;
	struct place local;
	struct place targets[TARGETS];
	unsigned int n;
	struct place direct;
	bool is_direct;
	int64_t end;
};

static void target_add(struct meeting *m, const struct place *place)
{
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		if (same(&m->targets[i], place))
			return;
	}
	if (m->n < TARGETS)
		m->targets[m->n++] = *place;
}

static void meet_send(struct meeting *m, enum operation operation,
		      const struct place *to)
{
	struct message message = message_new(operation);

	message.room = m->room;
	message.side = m->side;
	message.local = m->local;
	message_send(m->fd, &message, to);
}

static void meet_receive(struct meeting *m, const struct message *message,
			 const struct place *from)
{
	if (message->room != m->room)
		return;
	if (message->operation == ANSWER && message->known) {
		/* From the other's first word on. */
		if (!m->n)
			m->end = now() + DIRECT_MS * patience;
		target_add(m, &message->other_seen);
		target_add(m, &message->other_local);
		return;
	}
	/* An inside address may be our own one. */
	if (message->side == m->side)
		return;
	if (message->operation == PUNCH) {
		target_add(m, from);
		meet_send(m, PUNCHED, from);
	} else if (message->operation == PUNCHED && !m->is_direct) {
		m->is_direct = true;
		m->direct = *from;
		/* The other may still need our answers. */
		m->end = now() + LINGER_MS * patience;
	}
}

static int meet(int argc, char **argv)
{
	struct meeting m = {};
	struct message message;
	struct place from;
	unsigned int i;
	int64_t next;

	if (argc < 4 || argc > 5)
		return 2;
	m.server = place_parse(argv[0], argv[1]);
	m.room = text_number(argv[2]);
	m.side = text_number(argv[3]) & 1;
	m.fd = socket_any(argc > 4 ? port_parse(argv[4]) : 0);
	m.local = local_place(m.fd, &m.server);
	m.end = now() + MEET_MS * patience;
	while (now() < m.end) {
		meet_send(&m, JOIN, &m.server);
		for (i = 0; i < m.n; i++)
			meet_send(&m, PUNCH, &m.targets[i]);
		next = now() + PUNCH_MS * patience;
		while (message_wait(m.fd, &message, &from, next))
			meet_receive(&m, &message, &from);
	}
	if (!m.n)
		errx(1, "the other side did not come");
	if (m.is_direct)
		printf("direct yes at %s\n", place_text(&m.direct));
	else
		puts("direct no");
	return 0;
}

static int tcp_connect(int argc, char **argv)
{
	struct pollfd pollfd = { .events = POLLOUT };
	struct sockaddr_in6 sa;
	struct place to;
	socklen_t len = sizeof(int);
	int error = 0;

	if (argc != 2)
		return 2;
	to = place_parse(argv[0], argv[1]);
	sa = to_sockaddr(&to);
	pollfd.fd = socket_bound(SOCK_STREAM, &(struct place) {});
	if (connect(pollfd.fd, (struct sockaddr *)&sa, sizeof(sa)) &&
	    errno != EINPROGRESS)
		error = errno;
	else if (poll(&pollfd, 1, ANSWER_MS * patience) != 1 ||
		 getsockopt(pollfd.fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = ETIMEDOUT;
	printf("connect %s\n", error ? "no" : "yes");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "serve", serve },
	{ "probe", probe },
	{ "echo", echo },
	{ "ask", ask_other },
	{ "meet", meet },
	{ "connect", tcp_connect },
};

int main(int argc, char **argv)
{
	const char *debug = getenv("PILOT_DEBUG_KERNEL");
	size_t i;
	int rc = 2;

	if (debug && strcmp(debug, "0"))
		patience = 3;
	nonce = (uint32_t)getpid() << 16;
	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			rc = commands[i].run(argc - 2, argv + 2);
	}
	if (rc == 2)
		errx(2, "usage: pilot_nat serve|probe|echo|ask|meet|connect ...");
	return rc;
}
