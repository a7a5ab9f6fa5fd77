// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"

static int endpoint_parse_port(const char *text, uint16_t *port)
{
	unsigned int value = 0;

	if (*text < '1' || *text > '9')
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	*port = value;
	return 0;
}

/* An interface by name or number. */
static int endpoint_parse_scope(const char *text, uint32_t *scope)
{
	uint64_t value = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && value <= UINT32_MAX; p++)
		value = value * 10 + (*p - '0');
	if (p != text && !*p) {
		if (!value || value > UINT32_MAX)
			return -EINVAL;
		*scope = value;
		return 0;
	}
	if (!*text || strlen(text) >= IF_NAMESIZE)
		return -EINVAL;
	*scope = if_nametoindex(text);
	return *scope ? 0 : -ENODEV;
}

/*
 * "0x", then hex digits, as many as are needed or more, but at most @digits.
 * Return: what is behind the '@' that ends it, or NULL.
 */
static const char *endpoint_parse_id(const char *text, int digits,
				     uint32_t *id)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = text + 2, *digit;

	if (text[0] != '0' || text[1] != 'x')
		return NULL;
	for (*id = 0; *p && digits-- && (digit = strchr(hex, *p)); p++)
		*id = *id << 4 | (digit - hex);
	return p > text + 2 && *p == '@' ? p + 1 : NULL;
}

/* Return: what is behind the kind and id, or NULL. */
static const char *endpoint_parse_kind(const char *text, struct endpoint *ep)
{
	if (!strncmp(text, "relay:", 6)) {
		ep->kind = ENDPOINT_RELAY;
		return endpoint_parse_id(text + 6, 8, &ep->id);
	}
	if (!strncmp(text, "turn:", 5)) {
		ep->kind = ENDPOINT_TURN;
		return endpoint_parse_id(text + 5, 4, &ep->id);
	}
	return text;
}

static bool endpoint_id_valid(const struct endpoint *ep)
{
	switch (ep->kind) {
	case ENDPOINT_DIRECT:
		return !ep->id;
	case ENDPOINT_RELAY:
		return ep->id;
	case ENDPOINT_TURN:
		return ep->id >= ENDPOINT_CHANNEL_MIN &&
		       ep->id <= ENDPOINT_CHANNEL_MAX;
	default:
		return false;
	}
}

int endpoint_check(const struct endpoint *ep)
{
	uint32_t host = ntohl(ep->in4.s_addr);

	if (!ep->port || !endpoint_id_valid(ep))
		return -EINVAL;
	if (ep->family == AF_INET)
		return host == INADDR_ANY || host == INADDR_BROADCAST ||
		       IN_MULTICAST(host) ? -EINVAL : 0;
	return ep->family != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&ep->in6) ||
	       IN6_IS_ADDR_MULTICAST(&ep->in6) ? -EINVAL : 0;
}

static void endpoint_from_in6(struct endpoint *ep, const struct in6_addr *in6)
{
	if (IN6_IS_ADDR_V4MAPPED(in6)) {
		ep->family = AF_INET;
		memcpy(&ep->in4, in6->s6_addr + 12, sizeof(ep->in4));
	} else {
		ep->family = AF_INET6;
		ep->in6 = *in6;
	}
}

static int endpoint_parse6(const char *host, struct endpoint *ep)
{
	char text[INET6_ADDRSTRLEN];
	const char *zone = strchr(host, '%');
	size_t len = zone ? (size_t)(zone - host) : strlen(host);
	struct in6_addr in6;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &in6) != 1)
		return -EINVAL;
	endpoint_from_in6(ep, &in6);
	if (ep->family == AF_INET)
		return zone ? -EINVAL : 0;
	/* A link-local address means nothing without its link. */
	if (IN6_IS_ADDR_LINKLOCAL(&in6) != !!zone)
		return -EINVAL;
	return zone ? endpoint_parse_scope(zone + 1, &ep->scope) : 0;
}

static int endpoint_parse4(const char *host, struct endpoint *ep)
{
	ep->family = AF_INET;
	return inet_pton(AF_INET, host, &ep->in4) == 1 ? 0 : -EINVAL;
}

int endpoint_parse(const char *text, struct endpoint *ep)
{
	struct endpoint parsed = { .family = AF_UNSPEC };
	char host[ENDPOINT_TEXT_LEN];
	const char *colon;
	size_t len;
	int ret;

	text = endpoint_parse_kind(text, &parsed);
	colon = text ? strrchr(text, ':') : NULL;
	if (!colon || endpoint_parse_port(colon + 1, &parsed.port))
		return -EINVAL;
	len = colon - text;
	if (!len || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[') {
		if (host[len - 1] != ']')
			return -EINVAL;
		host[len - 1] = '\0';
		ret = endpoint_parse6(host + 1, &parsed);
	} else {
		ret = endpoint_parse4(host, &parsed);
	}
	if (!ret)
		ret = endpoint_check(&parsed);
	if (!ret)
		*ep = parsed;
	return ret;
}

int endpoint_parse_direct(const char *text, struct endpoint *ep)
{
	struct endpoint parsed;
	int ret = endpoint_parse(text, &parsed);

	if (!ret && !endpoint_is_direct(&parsed))
		ret = -EINVAL;
	if (!ret)
		*ep = parsed;
	return ret;
}

static void endpoint_format_kind(const struct endpoint *ep, char *buf,
				 size_t size)
{
	buf[0] = '\0';
	if (ep->kind == ENDPOINT_RELAY)
		snprintf(buf, size, "relay:0x%08x@", ep->id);
	else if (ep->kind == ENDPOINT_TURN)
		snprintf(buf, size, "turn:0x%04x@", ep->id);
}

void endpoint_format(const struct endpoint *ep,
		     char buf[static ENDPOINT_TEXT_LEN])
{
	char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "", kind[20];

	endpoint_format_kind(ep, kind, sizeof(kind));
	if (ep->family == AF_INET) {
		inet_ntop(AF_INET, &ep->in4, host, sizeof(host));
		snprintf(buf, ENDPOINT_TEXT_LEN, "%s%s:%u", kind, host,
			 ep->port);
	} else if (ep->family == AF_INET6) {
		inet_ntop(AF_INET6, &ep->in6, host, sizeof(host));
		if (ep->scope) {
			zone[0] = '%';
			if (!if_indextoname(ep->scope, zone + 1))
				snprintf(zone + 1, sizeof(zone) - 1, "%u",
					 ep->scope);
		}
		snprintf(buf, ENDPOINT_TEXT_LEN, "%s[%s%s]:%u", kind, host,
			 zone, ep->port);
	} else {
		snprintf(buf, ENDPOINT_TEXT_LEN, "none");
	}
}

struct endpoint endpoint_carrier(const struct endpoint *ep)
{
	struct endpoint carrier = *ep;

	carrier.kind = ENDPOINT_DIRECT;
	carrier.id = 0;
	return carrier;
}

bool endpoint_is_loopback(const struct endpoint *ep)
{
	if (ep->family == AF_INET)
		return ntohl(ep->in4.s_addr) >> 24 == IN_LOOPBACKNET;
	return ep->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ep->in6);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	if (a->family != b->family)
		return false;
	if (!endpoint_is_set(a))
		return true;
	if (a->kind != b->kind || a->port != b->port ||
	    (!endpoint_is_direct(a) && a->id != b->id))
		return false;
	if (a->family == AF_INET)
		return a->in4.s_addr == b->in4.s_addr;
	return a->scope == b->scope && IN6_ARE_ADDR_EQUAL(&a->in6, &b->in6);
}

socklen_t endpoint_to_sockaddr(const struct endpoint *ep,
			       struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ep->family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(ep->port);
		sin->sin_addr = ep->in4;
		return sizeof(*sin);
	}
	if (ep->family == AF_INET6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(ep->port);
		sin6->sin6_addr = ep->in6;
		sin6->sin6_scope_id = ep->scope;
		return sizeof(*sin6);
	}
	return 0;
}

int endpoint_from_sockaddr(struct endpoint *ep,
			   const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)ss;

	memset(ep, 0, sizeof(*ep));
	if (ss->ss_family == AF_INET) {
		ep->family = AF_INET;
		ep->port = ntohs(sin->sin_port);
		ep->in4 = sin->sin_addr;
		return 0;
	}
	if (ss->ss_family == AF_INET6) {
		ep->port = ntohs(sin6->sin6_port);
		endpoint_from_in6(ep, &sin6->sin6_addr);
		if (ep->family == AF_INET6 &&
		    IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
			ep->scope = sin6->sin6_scope_id;
		return 0;
	}
	return -EAFNOSUPPORT;
}
