/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An outer address of a peer: IPv4 or IPv6, numeric, with a port. */
#ifndef PILOT_LIB_ENDPOINT_H
#define PILOT_LIB_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_LEN	80

struct endpoint {
	sa_family_t family;		/* AF_INET, AF_INET6, AF_UNSPEC: none */
	uint16_t port;			/* host order */
	uint32_t scope;			/* IPv6 link-local only */
	union {
		struct in_addr in4;
		struct in6_addr in6;
	};
};

/*
 * "192.0.2.1:7740", "[2001:db8::1]:7740", "[fe80::1%eth0]:7740".
 * IPv4-mapped IPv6 becomes IPv4. Return: 0; -EINVAL for other text, for
 * port 0 and for unspecified or multicast addresses; -ENODEV when the
 * interface does not exist.
 */
int endpoint_parse(const char *text, struct endpoint *ep);
void endpoint_format(const struct endpoint *ep,
		     char buf[static ENDPOINT_TEXT_LEN]);

/*
 * Something that can be sent to. Return: 0; -EINVAL for port 0 and for
 * unspecified, multicast and broadcast addresses.
 */
int endpoint_check(const struct endpoint *ep);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

static inline bool endpoint_is_set(const struct endpoint *ep)
{
	return ep->family != AF_UNSPEC;
}

/* Return: the length of the socket address, 0 for an unset endpoint. */
socklen_t endpoint_to_sockaddr(const struct endpoint *ep,
			       struct sockaddr_storage *ss);
/* Return: 0, or -EAFNOSUPPORT. */
int endpoint_from_sockaddr(struct endpoint *ep,
			   const struct sockaddr_storage *ss);

#endif /* PILOT_LIB_ENDPOINT_H */
