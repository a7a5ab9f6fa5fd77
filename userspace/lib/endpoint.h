/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where frames for a peer are sent: an outer address of its own, IPv4 or IPv6,
 * numeric, with a port; or that of a relay or TURN server, with the number
 * under which it passes them on.
 */
#ifndef PILOT_LIB_ENDPOINT_H
#define PILOT_LIB_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_LEN	96

#define ENDPOINT_CHANNEL_MIN	0x4000	/* RFC 8656 12 */
#define ENDPOINT_CHANNEL_MAX	0x4fff

/* The numbers of enum pilot_endpoint_kind. */
enum endpoint_kind {
	ENDPOINT_DIRECT,
	ENDPOINT_RELAY,
	ENDPOINT_TURN,
};

struct endpoint {
	sa_family_t family;		/* AF_INET, AF_INET6, AF_UNSPEC: none */
	uint16_t port;			/* host order */
	uint8_t kind;			/* enum endpoint_kind */
	uint32_t scope;			/* IPv6 link-local only */
	uint32_t id;			/* relay id, or TURN channel */
	union {
		struct in_addr in4;
		struct in6_addr in6;
	};
};

/*
 * "192.0.2.1:7740", "[2001:db8::1]:7740", "[fe80::1%eth0]:7740", each with
 * "relay:0x1a2b3c4d@" or "turn:0x4001@" in front where it is one of those.
 * IPv4-mapped IPv6 becomes IPv4. Return: 0; -EINVAL for other text, and what
 * endpoint_check() refuses; -ENODEV when the interface does not exist.
 */
int endpoint_parse(const char *text, struct endpoint *ep);
/* The same, for what is configured: a peer's own address and nothing else. */
int endpoint_parse_direct(const char *text, struct endpoint *ep);
void endpoint_format(const struct endpoint *ep,
		     char buf[static ENDPOINT_TEXT_LEN]);

/*
 * Something that can be sent to. Return: 0; -EINVAL for port 0, for
 * unspecified, multicast and broadcast addresses, and for an id that its kind
 * does not have: none when direct, not 0 for a relay, a channel for TURN.
 */
int endpoint_check(const struct endpoint *ep);

/* Where the datagrams go: the relay's or the TURN server's own, directly. */
struct endpoint endpoint_carrier(const struct endpoint *ep);

/* On this host: what is there speaks for something elsewhere. */
bool endpoint_is_loopback(const struct endpoint *ep);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

static inline bool endpoint_is_set(const struct endpoint *ep)
{
	return ep->family != AF_UNSPEC;
}

static inline bool endpoint_is_direct(const struct endpoint *ep)
{
	return ep->kind == ENDPOINT_DIRECT;
}

/*
 * The address that datagrams for it go to, of whatever kind it is. Return: the
 * length of the socket address, 0 for an unset endpoint.
 */
socklen_t endpoint_to_sockaddr(const struct endpoint *ep,
			       struct sockaddr_storage *ss);
/* A direct one. Return: 0, or -EAFNOSUPPORT. */
int endpoint_from_sockaddr(struct endpoint *ep,
			   const struct sockaddr_storage *ss);

#endif /* PILOT_LIB_ENDPOINT_H */
