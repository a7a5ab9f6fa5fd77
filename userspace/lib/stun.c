// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "stun.h"

void stun_client_init(struct stun_client *client,
		      const struct stun_client_ops *ops, void *ctx,
		      const struct endpoint *servers, unsigned int count)
{
	memset(client, 0, sizeof(*client));
	client->ops = ops;
	client->ctx = ctx;
	client->servers = count;
	for (unsigned int i = 0; i < count; i++)
		client->server[i].endpoint = servers[i];
}

const char *stun_behaviour_name(enum stun_behaviour behaviour)
{
	static const char *const names[] = {
		[STUN_UNKNOWN] = "unknown",
		[STUN_ENDPOINT_INDEPENDENT] = "endpoint-independent",
		[STUN_ADDRESS_DEPENDENT] = "address-dependent",
		[STUN_ADDRESS_AND_PORT_DEPENDENT] =
			"address-and-port-dependent",
	};

	return names[behaviour];
}

static bool is_filter_test(unsigned int test)
{
	return test == STUN_TEST_FILTER_ADDRESS ||
	       test == STUN_TEST_FILTER_PORT;
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	struct endpoint with_port = *b;

	with_port.port = a->port;
	return endpoint_equal(a, &with_port);
}

static void transaction_send(struct stun_client *client, uint64_t now,
			     unsigned int test)
{
	struct stun_transaction *tr = &client->test[test];
	unsigned int most = is_filter_test(test) ? STUN_SENDS_FILTER :
						   STUN_SENDS;
	uint8_t bytes[STUN_REQUEST_MAX];
	size_t len = stun_request_write(bytes, tr->tid, tr->change);

	tr->at = now + (tr->sends + 1 < most ? STUN_RTO << tr->sends :
					       STUN_LAST_WAIT);
	tr->sends++;
	if (len)
		client->ops->send(client->ctx, &tr->dst, bytes, len);
}

static void transaction_start(struct stun_client *client, uint64_t now,
			      unsigned int test, const struct endpoint *dst,
			      unsigned int change, const struct endpoint *src)
{
	struct stun_transaction *tr = &client->test[test];

	tr->waits = true;
	tr->sends = 0;
	tr->began = now;
	tr->dst = *dst;
	tr->src = *src;
	tr->change = change;
	randombytes_buf(tr->tid, sizeof(tr->tid));
	transaction_send(client, now, test);
}

/* The server's other address with @port. */
static struct endpoint other_with(const struct stun_client *client,
				  uint16_t port)
{
	struct endpoint endpoint = client->other;

	endpoint.port = port;
	return endpoint;
}

/*
 * Only a real second address helps, and not one that a server should have
 * no business to send us to.
 */
static bool other_is_good(const struct endpoint *server,
			  const struct endpoint *other)
{
	if (!endpoint_is_set(other) || other->family != server->family ||
	    other->port == server->port || same_address(server, other))
		return false;
	if (other->family == AF_INET)
		return ntohl(other->in4.s_addr) >> 24 != IN_LOOPBACKNET ||
		       ntohl(server->in4.s_addr) >> 24 == IN_LOOPBACKNET;
	return !IN6_IS_ADDR_LOOPBACK(&other->in6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&other->in6);
}

static bool waits(const struct stun_client *client, unsigned int first,
		  unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		if (client->test[i].waits)
			return true;
	return false;
}

/*
 * What we sent to the other addresses lets their answers in for a while; then
 * what was found before holds, if the address is the same.
 */
static bool filtering_can_be_told(const struct stun_client *client,
				  uint64_t now)
{
	return !client->opened_at ||
	       now - client->opened_at >= STUN_FILTER_AGE ||
	       !same_address(&client->opened_by, &client->primary->mapped);
}

/*
 * The other address, but the port that was asked before: what the filter's
 * tests sent from the other one may have taken our mapping for it.
 */
static void map_start(struct stun_client *client, uint64_t now)
{
	struct endpoint at = other_with(client,
					client->primary->endpoint.port);

	client->opened_at = now;
	client->opened_by = client->primary->mapped;
	transaction_start(client, now, STUN_TEST_MAP_ADDRESS, &at, 0, &at);
}

static void filter_start(struct stun_client *client, uint64_t now)
{
	const struct endpoint *server = &client->primary->endpoint;
	struct endpoint port = *server;

	port.port = client->other.port;
	client->filtering = STUN_UNKNOWN;
	transaction_start(client, now, STUN_TEST_FILTER_ADDRESS, server,
			  STUN_CHANGE_ADDRESS | STUN_CHANGE_PORT,
			  &client->other);
	transaction_start(client, now, STUN_TEST_FILTER_PORT, server,
			  STUN_CHANGE_PORT, &port);
}

/* A server with another address was found: the rest of the tests. */
static void behaviour_start(struct stun_client *client, uint64_t now,
			    const struct stun_server *server,
			    const struct endpoint *other)
{
	client->primary = server;
	client->other = *other;
	if (filtering_can_be_told(client, now))
		filter_start(client, now);
	else
		map_start(client, now);
}

static void observe(struct stun_view *seen, unsigned int *count,
		    const struct endpoint *server,
		    const struct endpoint *mapped)
{
	if (endpoint_is_set(mapped))
		seen[(*count)++] = (struct stun_view){ *server, *mapped };
}

enum stun_behaviour stun_mapping(const struct stun_view *seen,
				 unsigned int count)
{
	bool several = false, address = false, port = false;

	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int j = 0; j < i; j++) {
			bool same = same_address(&seen[i].server,
						 &seen[j].server);
			bool differs = !endpoint_equal(&seen[i].mapped,
						       &seen[j].mapped);

			several = several || !same;
			address = address || (!same && differs);
			port = port || (same && differs);
		}
	}
	if (several && !address)
		return STUN_ENDPOINT_INDEPENDENT;
	if (port)
		return STUN_ADDRESS_AND_PORT_DEPENDENT;
	return address ? STUN_ADDRESS_DEPENDENT : STUN_UNKNOWN;
}

/* From where each server address sees us. */
static enum stun_behaviour mapping_of(const struct stun_client *client)
{
	struct stun_view seen[STUN_SERVERS_MAX + 2];
	unsigned int count = 0;
	struct endpoint at;

	for (unsigned int i = 0; i < client->servers; i++)
		observe(seen, &count, &client->server[i].endpoint,
			&client->server[i].mapped);
	if (client->primary) {
		at = other_with(client, client->primary->endpoint.port);
		observe(seen, &count, &at, &client->map_address);
		observe(seen, &count, &client->other, &client->map_port);
	}
	return stun_mapping(seen, count);
}

/* Goes on to what waits for the tests that ended. */
static void advance(struct stun_client *client, uint64_t now)
{
	struct stun_transaction *test = client->test;

	if (!client->runs)
		return;
	if (test[STUN_TEST_FILTER_ADDRESS].sends &&
	    !test[STUN_TEST_MAP_ADDRESS].sends &&
	    !waits(client, STUN_TEST_FILTER_ADDRESS, STUN_TEST_FILTER_PORT))
		map_start(client, now);
	if (waits(client, 0, STUN_TESTS - 1))
		return;
	client->mapping = mapping_of(client);
	client->runs = false;
	client->ops->done(client->ctx);
}

void stun_client_start(struct stun_client *client, uint64_t now)
{
	if (client->runs)
		return;
	client->runs = true;
	client->primary = NULL;
	memset(client->test, 0, sizeof(client->test));
	memset(&client->map_address, 0, sizeof(client->map_address));
	memset(&client->map_port, 0, sizeof(client->map_port));
	for (unsigned int i = 0; i < client->servers; i++) {
		struct stun_server *server = &client->server[i];

		server->answered = false;
		memset(&server->mapped, 0, sizeof(server->mapped));
		transaction_start(client, now, STUN_TEST_BIND + i,
				  &server->endpoint, 0, &server->endpoint);
	}
	advance(client, now);
}

void stun_client_forget(struct stun_client *client)
{
	client->runs = false;
	client->mapping = STUN_UNKNOWN;
	memset(client->test, 0, sizeof(client->test));
	for (unsigned int i = 0; i < client->servers; i++) {
		client->server[i].answered = false;
		memset(&client->server[i].mapped, 0,
		       sizeof(client->server[i].mapped));
	}
}

static void bind_answered(struct stun_client *client, uint64_t now,
			  unsigned int i, const struct stun_response *response)
{
	struct stun_server *server = &client->server[i];

	server->answered = true;
	server->rtt_ns = now - client->test[i].began;
	server->mapped = response->mapped;
	if (!client->primary && !response->error &&
	    other_is_good(&server->endpoint, &response->other))
		behaviour_start(client, now, server, &response->other);
}

/* From the right place, or it would not be here. */
static void filter_answered(struct stun_client *client, unsigned int test)
{
	struct stun_transaction *port = &client->test[STUN_TEST_FILTER_PORT];

	if (test == STUN_TEST_FILTER_ADDRESS) {
		client->filtering = STUN_ENDPOINT_INDEPENDENT;
		port->waits = false;
	} else if (client->filtering != STUN_ENDPOINT_INDEPENDENT) {
		client->filtering = STUN_ADDRESS_DEPENDENT;
	}
}

/*
 * A server that does not do what it was asked for says so by an error, or by
 * answering from where it was asked: then nothing is known.
 */
static void filter_refused(struct stun_client *client)
{
	client->test[STUN_TEST_FILTER_ADDRESS].waits = false;
	client->test[STUN_TEST_FILTER_PORT].waits = false;
	client->filtering = STUN_UNKNOWN;
}

/* RFC 5780, 4.3: the port matters only if the address does. */
static void map_answered(struct stun_client *client, uint64_t now,
			 const struct stun_response *response)
{
	client->map_address = response->mapped;
	if (endpoint_is_set(&response->mapped) &&
	    !endpoint_equal(&response->mapped, &client->primary->mapped))
		transaction_start(client, now, STUN_TEST_MAP_PORT,
				  &client->other, 0, &client->other);
}

static void answered(struct stun_client *client, uint64_t now,
		     unsigned int test, const struct endpoint *src,
		     const struct stun_response *response)
{
	client->test[test].waits = false;
	if (test < STUN_SERVERS_MAX)
		bind_answered(client, now, test, response);
	else if (is_filter_test(test) &&
		 (response->error ||
		  endpoint_equal(src, &client->primary->endpoint)))
		filter_refused(client);
	else if (is_filter_test(test))
		filter_answered(client, test);
	else if (test == STUN_TEST_MAP_ADDRESS)
		map_answered(client, now, response);
	else
		client->map_port = response->mapped;
}

static bool fits(const struct stun_transaction *tr, const struct endpoint *src,
		 const uint8_t *bytes)
{
	return tr->waits && !sodium_memcmp(tr->tid, stun_tid(bytes),
					   STUN_TID_LEN) &&
	       (endpoint_equal(src, &tr->src) ||
		(tr->change && endpoint_equal(src, &tr->dst)));
}

bool stun_client_receive(struct stun_client *client, uint64_t now,
			 const struct endpoint *src, const uint8_t *bytes,
			 size_t len)
{
	struct stun_response response;

	if (!client->runs || !stun_is_message(bytes, len))
		return false;
	for (unsigned int i = 0; i < STUN_TESTS; i++) {
		if (!fits(&client->test[i], src, bytes))
			continue;
		if (stun_response_parse(bytes, len, &response) ||
		    (!response.error && response.mapped.family != src->family))
			return false;
		answered(client, now, i, src, &response);
		advance(client, now);
		return true;
	}
	return false;
}

/* Silence is an answer to what a filter may keep away. */
static void gave_up(struct stun_client *client, unsigned int test)
{
	client->test[test].waits = false;
	if (test == STUN_TEST_FILTER_PORT &&
	    client->filtering == STUN_UNKNOWN)
		client->filtering = STUN_ADDRESS_AND_PORT_DEPENDENT;
}

void stun_client_timer(struct stun_client *client, uint64_t now)
{
	for (unsigned int i = 0; client->runs && i < STUN_TESTS; i++) {
		struct stun_transaction *tr = &client->test[i];

		if (!tr->waits || tr->at > now)
			continue;
		if (tr->sends < (is_filter_test(i) ? STUN_SENDS_FILTER :
						     STUN_SENDS))
			transaction_send(client, now, i);
		else
			gave_up(client, i);
	}
	advance(client, now);
}

uint64_t stun_client_deadline(const struct stun_client *client)
{
	uint64_t deadline = CLOCK_NEVER;

	for (unsigned int i = 0; client->runs && i < STUN_TESTS; i++)
		if (client->test[i].waits && client->test[i].at < deadline)
			deadline = client->test[i].at;
	return deadline;
}

const struct endpoint *stun_client_mapped(const struct stun_client *client)
{
	for (unsigned int i = 0; i < client->servers; i++)
		if (endpoint_is_set(&client->server[i].mapped))
			return &client->server[i].mapped;
	return NULL;
}
