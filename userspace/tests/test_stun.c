// SPDX-License-Identifier: GPL-2.0-or-later
/* STUN: messages cut anywhere, and servers and NATs of every kind. */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "check.h"
#include "stun.h"

#define S	CLOCK_SECOND
#define MS	CLOCK_MS

/* RFC 5769, 2.2 and 2.3, without the MESSAGE-INTEGRITY of either. */
static const uint8_t vector_tid[STUN_TID_LEN] = {
	0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
};

/* --- messages written by hand ------------------------------------------- */

struct message {
	uint8_t bytes[256];
	size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
	be_put16(m->bytes + 2, m->len - 20);
}

static void begin(struct message *m, uint16_t type, const uint8_t *tid)
{
	memset(m, 0, sizeof(*m));
	be_put16(m->bytes, type);
	be_put32(m->bytes + 4, 0x2112a442);
	memcpy(m->bytes + 8, tid, STUN_TID_LEN);
	m->len = 20;
}

/* @type 0x0020 is XORed, the others are not. */
static void put_address(struct message *m, uint16_t type,
			const struct endpoint *ep)
{
	size_t size = ep->family == AF_INET ? 4 : 16;
	uint8_t attr[24] = { 0 };

	be_put16(attr, type);
	be_put16(attr + 2, 4 + size);
	attr[5] = size == 4 ? 1 : 2;
	be_put16(attr + 6, ep->port);
	memcpy(attr + 8, &ep->in6, size);
	for (size_t i = 0; type == 0x20 && i < size + 2; i++)
		attr[i < 2 ? 6 + i : 6 + i] ^= m->bytes[i < 2 ? 4 + i : 2 + i];
	put(m, attr, 8 + size);
}

static void put_error(struct message *m, uint16_t code)
{
	uint8_t attr[8] = { 0, 9, 0, 4, 0, 0, code / 100, code % 100 };

	put(m, attr, sizeof(attr));
}

static struct endpoint at(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

static void is_at(const struct endpoint *ep, const char *text)
{
	char buf[ENDPOINT_TEXT_LEN];

	endpoint_format(ep, buf);
	assert_string_equal(buf, text);
}

static int parse(const struct message *m, struct stun_response *response)
{
	uint8_t *copy = malloc(m->len);
	int ret;

	memcpy(copy, m->bytes, m->len);
	ret = stun_is_message(copy, m->len) ?
	      stun_response_parse(copy, m->len, response) : -EPROTO;
	free(copy);
	return ret;
}

static void a_request_has_what_it_asks_for(void **state)
{
	static const uint8_t change[] = { 0, 3, 0, 4, 0, 0, 0, 6 };
	uint8_t out[STUN_REQUEST_MAX];
	size_t len;

	(void)state;
	len = stun_request_write(out, vector_tid, STUN_CHANGE_NOTHING);
	/* The header and a fingerprint. */
	assert_int_equal(len, 28);
	assert_true(stun_is_message(out, len));
	assert_int_equal(be_get16(out), 0x0001);
	assert_memory_equal(stun_tid(out), vector_tid, STUN_TID_LEN);
	assert_int_equal(be_get16(out + 20), 0x8028);
	len = stun_request_write(out, vector_tid,
				 STUN_CHANGE_ADDRESS | STUN_CHANGE_PORT);
	assert_int_equal(len, 36);
	assert_memory_equal(out + 20, change, sizeof(change));
	stun_request_write(out, vector_tid, STUN_CHANGE_PORT);
	assert_int_equal(out[27], 2);
}

static void the_vectors_of_rfc_5769_are_read(void **state)
{
	struct stun_response response;
	struct message m;
	uint8_t attr[12];

	(void)state;
	begin(&m, 0x0101, vector_tid);
	check_hex("002000080001a147e112a643", attr, sizeof(attr));
	put(&m, attr, 12);
	assert_int_equal(parse(&m, &response), 0);
	is_at(&response.mapped, "192.0.2.1:32853");
	assert_false(endpoint_is_set(&response.other));
	begin(&m, 0x0101, vector_tid);
	m.len += check_hex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9",
			   m.bytes + 20, 24);
	be_put16(m.bytes + 2, 24);
	assert_int_equal(parse(&m, &response), 0);
	is_at(&response.mapped,
	      "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

static void all_that_a_response_says_is_read(void **state)
{
	struct endpoint mapped = at("198.51.100.7:4711");
	struct endpoint other = at("203.0.113.9:3479");
	struct stun_response response;
	struct message m;

	(void)state;
	begin(&m, 0x0101, vector_tid);
	put_address(&m, 0x0020, &mapped);
	put_address(&m, 0x802c, &other);
	assert_int_equal(parse(&m, &response), 0);
	is_at(&response.mapped, "198.51.100.7:4711");
	is_at(&response.other, "203.0.113.9:3479");
	/* An old server. */
	begin(&m, 0x0101, vector_tid);
	put_address(&m, 0x0001, &mapped);
	assert_int_equal(parse(&m, &response), 0);
	is_at(&response.mapped, "198.51.100.7:4711");
	begin(&m, 0x0111, vector_tid);
	put_error(&m, 420);
	assert_int_equal(parse(&m, &response), 0);
	assert_int_equal(response.error, 420);
}

static void what_is_no_response_is_refused(void **state)
{
	struct endpoint mapped = at("198.51.100.7:4711");
	uint8_t fingerprint[8] = { 0x80, 0x28, 0, 4, 1, 2, 3, 4 };
	uint8_t unknown[4] = { 0x7f, 0xff, 0, 0 };
	struct endpoint bad[] = { at("198.51.100.7:1"), at("0.0.0.1:1"),
				  at("[2001:db8::1]:1") };
	static const uint16_t types[] = { 0x0001, 0x0011, 0x0103, 0x4101 };
	struct stun_response response;
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		begin(&m, types[i], vector_tid);
		put_address(&m, 0x0020, &mapped);
		assert_true(parse(&m, &response) < 0);
		assert_false(endpoint_is_set(&response.mapped));
	}
	begin(&m, 0x0101, vector_tid);
	assert_int_equal(parse(&m, &response), -EBADMSG);
	put_address(&m, 0x0020, &mapped);
	put(&m, fingerprint, 8);
	assert_int_equal(parse(&m, &response), -EBADMSG);
	begin(&m, 0x0101, vector_tid);
	put_address(&m, 0x0020, &mapped);
	put(&m, unknown, 4);
	assert_int_equal(parse(&m, &response), -EBADMSG);
	/* Nobody is there. */
	bad[0].port = 0;
	bad[1].in4.s_addr = 0;
	memset(&bad[2].in6, 0, 16);
	for (int i = 0; i < 3; i++) {
		begin(&m, 0x0101, vector_tid);
		put_address(&m, 0x0020, &bad[i]);
		assert_int_equal(parse(&m, &response), -EBADMSG);
	}
	/* Another protocol, and one message with more behind it. */
	begin(&m, 0x0101, vector_tid);
	put_address(&m, 0x0020, &mapped);
	m.bytes[4] ^= 1;
	assert_false(stun_is_message(m.bytes, m.len));
	m.bytes[4] ^= 1;
	assert_true(stun_is_message(m.bytes, m.len));
	assert_false(stun_is_message(m.bytes, m.len + 4));
	assert_false(stun_is_message(m.bytes, STUN_MESSAGE_MAX + 4));
}

/* Cut by the network, or with a length of its own that says less. */
static void cut_anywhere_nothing_is_read_beyond(void **state)
{
	struct endpoint mapped = at("[2001:db8::7]:4711");
	struct endpoint other = at("[2001:db8::9]:3479");
	struct stun_response response;
	uint8_t *copy;
	struct message m;

	(void)state;
	begin(&m, 0x0101, vector_tid);
	put_address(&m, 0x802c, &other);
	put_address(&m, 0x0020, &mapped);
	put_error(&m, 420);
	for (size_t len = 0; len < m.len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, m.bytes, len);
		assert_false(stun_is_message(copy, len));
		if (len >= 20) {
			be_put16(copy + 2, len - 20);
			if (stun_is_message(copy, len))
				stun_response_parse(copy, len, &response);
			else
				assert_true(len & 3);
		}
		free(copy);
	}
	/* Each attribute of any length, in a message of any length. */
	for (unsigned int len = 20; len <= m.len; len += 4) {
		for (unsigned int says = 0; says < 64; says++) {
			copy = malloc(len);
			memcpy(copy, m.bytes, len);
			be_put16(copy + 2, len - 20);
			for (unsigned int i = 20; i + 4 <= len; i += 24)
				be_put16(copy + i + 2, says);
			assert_true(stun_is_message(copy, len));
			stun_response_parse(copy, len, &response);
			free(copy);
		}
	}
}

/* --- a network of servers behind a NAT ----------------------------------- */

enum kind { INDEPENDENT, BY_ADDRESS, BY_PORT };

struct net {
	struct stun_client client;
	uint64_t now;
	enum kind mapping, filtering;
	struct endpoint contacted[64];	/* where we sent to */
	unsigned int contacts;
	unsigned int sent, done, lose;	/* the first @lose requests are lost */
	uint64_t sent_at[64];
	bool plain;			/* servers have one address */
	bool tracks;			/* a Linux gateway without a firewall */
	struct endpoint stranger[8];	/* who was not let in */
	unsigned int strangers;
	bool ignores_change, refuses_change;
	struct endpoint outer;
	struct {
		struct message m;
		struct endpoint src;
	} queue[16];
	unsigned int queued;
};

/* The servers' addresses: .1:3478, and .2:3479 besides. */
static const char *const primary_text = "203.0.113.1:3478";
static const char *const other_text = "203.0.113.2:3479";

static bool address_is(const struct endpoint *a, const struct endpoint *b)
{
	return a->in4.s_addr == b->in4.s_addr;
}

static struct endpoint nat_maps(const struct net *net,
				const struct endpoint *dst)
{
	struct endpoint outer = net->outer;

	for (unsigned int i = 0; i < net->strangers; i++)
		if (endpoint_equal(&net->stranger[i], dst))
			outer.port += 7;
	if (net->mapping >= BY_ADDRESS)
		outer.port += ntohl(dst->in4.s_addr) & 0xff;
	if (net->mapping == BY_PORT)
		outer.port += 256 * (dst->port & 0xf);
	return outer;
}

static bool nat_passes(const struct net *net, const struct endpoint *src)
{
	for (unsigned int i = 0; i < net->contacts; i++) {
		if (net->filtering == INDEPENDENT ||
		    (address_is(&net->contacted[i], src) &&
		     (net->filtering == BY_ADDRESS ||
		      net->contacted[i].port == src->port)))
			return true;
	}
	return false;
}

static void net_send(void *ctx, const struct endpoint *dst, const void *bytes,
		     size_t len)
{
	struct endpoint primary = at(primary_text), other = at(other_text);
	struct endpoint src = *dst, mapped, alternate;
	unsigned int change = 0;
	struct net *net = ctx;
	const uint8_t *request = bytes;
	struct message *m;

	assert_true(stun_is_message(bytes, len));
	assert_in_range(net->sent, 0, 63);
	net->sent_at[net->sent++] = net->now;
	net->contacted[net->contacts++] = *dst;
	if (net->sent <= net->lose)
		return;
	if (be_get16(request + 20) == 3)
		change = request[27];
	/* Who else asks gets nothing: no server is there. */
	if (!address_is(dst, &primary) && !address_is(dst, &other))
		return;
	mapped = nat_maps(net, dst);
	if (change && !net->ignores_change) {
		if (change & 4)
			src.in4 = address_is(dst, &primary) ? other.in4 :
							      primary.in4;
		if (change & 2)
			src.port = dst->port == 3478 ? 3479 : 3478;
	}
	if (!nat_passes(net, &src)) {
		if (net->tracks)
			net->stranger[net->strangers++ % 8] = src;
		return;
	}
	alternate = address_is(dst, &primary) ? other : primary;
	alternate.port = dst->port == 3478 ? 3479 : 3478;
	assert_in_range(net->queued, 0, 15);
	m = &net->queue[net->queued].m;
	if (change && net->refuses_change) {
		begin(m, 0x0111, stun_tid(request));
		put_error(m, 420);
	} else {
		begin(m, 0x0101, stun_tid(request));
		put_address(m, 0x0020, &mapped);
		if (!net->plain)
			put_address(m, 0x802c, &alternate);
	}
	net->queue[net->queued++].src = src;
}

static void net_done(void *ctx)
{
	struct net *net = ctx;

	net->done++;
}

static const struct stun_client_ops net_ops = {
	.send = net_send, .done = net_done,
};

static void net_init(struct net *net, enum kind mapping, enum kind filtering)
{
	struct endpoint server = at(primary_text);

	memset(net, 0, sizeof(*net));
	net->now = 1000 * S;
	net->mapping = mapping;
	net->filtering = filtering;
	net->outer = at("198.51.100.7:7740");
	stun_client_init(&net->client, &net_ops, net, &server, 1);
}

static bool net_deliver(struct net *net, unsigned int i)
{
	uint8_t *copy = malloc(net->queue[i].m.len);
	bool taken;

	memcpy(copy, net->queue[i].m.bytes, net->queue[i].m.len);
	taken = stun_client_receive(&net->client, net->now, &net->queue[i].src,
				    copy, net->queue[i].m.len);
	free(copy);
	return taken;
}

/* Answers take 10 ms. Return: how long it took. */
static uint64_t net_run(struct net *net)
{
	uint64_t began = net->now;
	unsigned int done = net->done;

	stun_client_start(&net->client, net->now);
	while (net->done == done) {
		if (net->queued) {
			unsigned int n = net->queued;

			net->now += 10 * MS;
			for (unsigned int i = 0; i < n; i++)
				net_deliver(net, i);
			memmove(net->queue, net->queue + n,
				(net->queued - n) * sizeof(*net->queue));
			net->queued -= n;
			continue;
		}
		assert_true(stun_client_deadline(&net->client) != CLOCK_NEVER);
		assert_true(stun_client_deadline(&net->client) > net->now);
		net->now = stun_client_deadline(&net->client);
		stun_client_timer(&net->client, net->now);
	}
	assert_int_equal(stun_client_deadline(&net->client), CLOCK_NEVER);
	return net->now - began;
}

static void every_kind_of_nat_is_told(void **state)
{
	static const enum stun_behaviour told[] = {
		[INDEPENDENT] = STUN_ENDPOINT_INDEPENDENT,
		[BY_ADDRESS] = STUN_ADDRESS_DEPENDENT,
		[BY_PORT] = STUN_ADDRESS_AND_PORT_DEPENDENT,
	};
	struct net net;

	(void)state;
	for (enum kind mapping = INDEPENDENT; mapping <= BY_PORT; mapping++) {
		for (enum kind filtering = INDEPENDENT; filtering <= BY_PORT;
		     filtering++) {
			net_init(&net, mapping, filtering);
			assert_true(net_run(&net) < 4 * S);
			assert_int_equal(net.client.mapping, told[mapping]);
			assert_int_equal(net.client.filtering,
					 told[filtering]);
			assert_true(net.client.server[0].answered);
			assert_int_equal(net.client.server[0].rtt_ns, 10 * MS);
			assert_non_null(stun_client_mapped(&net.client));
			assert_true(address_is(stun_client_mapped(&net.client),
					       &net.outer));
		}
	}
}

/*
 * What the first run sent lets answers in: a second one soon after must not
 * take that for a NAT that lets in everyone.
 */
static void the_tests_do_not_open_what_they_test(void **state)
{
	struct net net;

	(void)state;
	net_init(&net, INDEPENDENT, BY_ADDRESS);
	net_run(&net);
	assert_int_equal(net.client.filtering, STUN_ADDRESS_DEPENDENT);
	net.now += 10 * S;
	net_run(&net);
	assert_int_equal(net.client.filtering, STUN_ADDRESS_DEPENDENT);
	assert_int_equal(net.client.mapping, STUN_ENDPOINT_INDEPENDENT);
	/* Another NAT knows nothing of it. */
	net.now += 10 * S;
	net.outer = at("198.51.100.8:7740");
	net.contacts = 0;
	net.filtering = BY_PORT;
	stun_client_forget(&net.client);
	net_run(&net);
	assert_int_equal(net.client.filtering,
			 STUN_ADDRESS_AND_PORT_DEPENDENT);
	/* After a while the NAT has forgotten. */
	net.now += STUN_FILTER_AGE;
	net.contacts = 0;
	net.filtering = INDEPENDENT;
	net_run(&net);
	assert_int_equal(net.client.filtering, STUN_ENDPOINT_INDEPENDENT);
}

/*
 * A gateway takes the answer that it did not let in for a flow of its own, and
 * translates ours to there to another port.
 */
static void the_tests_do_not_disturb_each_other(void **state)
{
	struct net net;

	(void)state;
	net_init(&net, INDEPENDENT, BY_PORT);
	net.tracks = true;
	net_run(&net);
	assert_true(net.strangers);
	assert_int_equal(net.client.mapping, STUN_ENDPOINT_INDEPENDENT);
	assert_int_equal(net.client.filtering,
			 STUN_ADDRESS_AND_PORT_DEPENDENT);
}

static void requests_are_sent_again_in_time(void **state)
{
	static const uint64_t after[] = { 0, 500, 1500, 3500 };
	struct net net;

	(void)state;
	/* As often as RFC 8489 doubles, and then it is over. */
	net_init(&net, INDEPENDENT, INDEPENDENT);
	net.lose = 64;
	assert_int_equal(net_run(&net), 5500 * MS);
	assert_int_equal(net.sent, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(net.sent_at[i], 1000 * S + after[i] * MS);
	assert_false(net.client.server[0].answered);
	assert_null(stun_client_mapped(&net.client));
	assert_int_equal(net.client.mapping, STUN_UNKNOWN);
	assert_int_equal(net.client.filtering, STUN_UNKNOWN);
	/* All but the last is lost: that is enough. */
	net_init(&net, BY_PORT, BY_PORT);
	net.lose = 3;
	net_run(&net);
	assert_non_null(stun_client_mapped(&net.client));
	assert_int_equal(net.client.mapping,
			 STUN_ADDRESS_AND_PORT_DEPENDENT);
}

static void a_server_that_cannot_tell_is_believed_no_more(void **state)
{
	struct net net;

	(void)state;
	net_init(&net, BY_ADDRESS, BY_PORT);
	net.plain = true;
	assert_true(net_run(&net) < S);
	assert_int_equal(net.client.mapping, STUN_UNKNOWN);
	assert_int_equal(net.client.filtering, STUN_UNKNOWN);
	for (int i = 0; i < 2; i++) {
		net_init(&net, BY_ADDRESS, INDEPENDENT);
		net.refuses_change = i;
		net.ignores_change = true;
		assert_true(net_run(&net) < S);
		assert_int_equal(net.client.filtering, STUN_UNKNOWN);
		assert_int_equal(net.client.mapping, STUN_ADDRESS_DEPENDENT);
	}
}

/* Two servers with one address each tell of the mapping together. */
static void several_servers_are_compared(void **state)
{
	struct endpoint servers[3] = { at(primary_text), at(other_text),
				       at("203.0.113.1:3479") };
	static const enum stun_behaviour two[] = {
		STUN_ENDPOINT_INDEPENDENT, STUN_ADDRESS_DEPENDENT,
		STUN_ADDRESS_DEPENDENT,
	};
	struct net net;

	(void)state;
	for (enum kind mapping = INDEPENDENT; mapping <= BY_PORT; mapping++) {
		net_init(&net, mapping, BY_PORT);
		net.plain = true;
		stun_client_init(&net.client, &net_ops, &net, servers, 2);
		net_run(&net);
		assert_int_equal(net.client.mapping, two[mapping]);
	}
	stun_client_init(&net.client, &net_ops, &net, servers, 3);
	net_run(&net);
	assert_int_equal(net.client.mapping,
			 STUN_ADDRESS_AND_PORT_DEPENDENT);
	/* One that is down takes nothing away. */
	servers[1] = at("192.0.2.99:3478");
	stun_client_init(&net.client, &net_ops, &net, servers, 3);
	assert_int_equal(net_run(&net), 5500 * MS);
	assert_true(net.client.server[0].answered);
	assert_false(net.client.server[1].answered);
	/* No server at all. */
	stun_client_init(&net.client, &net_ops, &net, servers, 0);
	assert_int_equal(net_run(&net), 0);
}

/* Who did not see the request, or is not who was asked, is not heard. */
static void only_who_was_asked_is_heard(void **state)
{
	struct net net;

	(void)state;
	net_init(&net, INDEPENDENT, INDEPENDENT);
	stun_client_start(&net.client, net.now);
	assert_int_equal(net.queued, 1);
	net.queue[0].m.bytes[19] ^= 1;
	assert_false(net_deliver(&net, 0));
	net.queue[0].m.bytes[19] ^= 1;
	net.queue[0].src = at("203.0.113.1:3479");
	assert_false(net_deliver(&net, 0));
	net.queue[0].src = at(other_text);
	assert_false(net_deliver(&net, 0));
	net.queue[0].src = at(primary_text);
	/* Of another family than the socket is nonsense. */
	assert_null(stun_client_mapped(&net.client));
	assert_true(net_deliver(&net, 0));
	/* Once. */
	assert_false(net_deliver(&net, 0));
	assert_non_null(stun_client_mapped(&net.client));
	stun_client_forget(&net.client);
	assert_null(stun_client_mapped(&net.client));
	assert_int_equal(stun_client_deadline(&net.client), CLOCK_NEVER);
	/* The tests for the other address were under way. */
	for (unsigned int i = 1; i < net.queued; i++)
		assert_false(net_deliver(&net, i));
	assert_int_equal(net.done, 0);
}

/* A server must not make us send to where it likes. */
static void an_other_address_that_is_none_is_not_used(void **state)
{
	static const char *const bad[] = {
		"203.0.113.1:3479", "203.0.113.2:3478", "127.0.0.1:3479",
		"127.9.9.9:53",
	};
	struct endpoint mapped = at("198.51.100.7:7740"), other;
	struct net net;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		net_init(&net, INDEPENDENT, INDEPENDENT);
		stun_client_start(&net.client, net.now);
		begin(&net.queue[0].m, 0x0101, net.client.test[0].tid);
		put_address(&net.queue[0].m, 0x0020, &mapped);
		other = at(bad[i]);
		put_address(&net.queue[0].m, 0x802c, &other);
		assert_true(net_deliver(&net, 0));
		assert_int_equal(net.sent, 1);
		assert_int_equal(net.done, 1);
		assert_int_equal(net.client.mapping, STUN_UNKNOWN);
	}
	net_init(&net, INDEPENDENT, INDEPENDENT);
	stun_client_start(&net.client, net.now);
	begin(&net.queue[0].m, 0x0101, net.client.test[0].tid);
	mapped = at("[2001:db8::7]:7740");
	put_address(&net.queue[0].m, 0x0020, &mapped);
	assert_false(net_deliver(&net, 0));
}

static void every_behaviour_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(stun_behaviour_name(STUN_UNKNOWN), "unknown");
	assert_string_equal(stun_behaviour_name(STUN_ENDPOINT_INDEPENDENT),
			    "endpoint-independent");
	assert_string_equal(
		stun_behaviour_name(STUN_ADDRESS_AND_PORT_DEPENDENT),
		"address-and-port-dependent");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_what_it_asks_for),
		cmocka_unit_test(the_vectors_of_rfc_5769_are_read),
		cmocka_unit_test(all_that_a_response_says_is_read),
		cmocka_unit_test(what_is_no_response_is_refused),
		cmocka_unit_test(cut_anywhere_nothing_is_read_beyond),
		cmocka_unit_test(every_kind_of_nat_is_told),
		cmocka_unit_test(the_tests_do_not_open_what_they_test),
		cmocka_unit_test(the_tests_do_not_disturb_each_other),
		cmocka_unit_test(requests_are_sent_again_in_time),
		cmocka_unit_test(a_server_that_cannot_tell_is_believed_no_more),
		cmocka_unit_test(several_servers_are_compared),
		cmocka_unit_test(only_who_was_asked_is_heard),
		cmocka_unit_test(an_other_address_that_is_none_is_not_used),
		cmocka_unit_test(every_behaviour_has_a_name),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
