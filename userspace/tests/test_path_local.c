// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two agents of one host, with one socket and so one address. What they send
 * to that address comes back to the same helper, which knows for whom it is.
 */
#include <string.h>

#include "check.h"
#include "path.h"
#include "path_message.h"

#define MS		1000000ULL
#define S		1000000000ULL
#define DELAY		(20 * MS)
#define QUEUE		256
#define ADDRESS(i)	((1ULL << 32) + 100 + (i))
#define INTRODUCER	ADDRESS(9)

/* A message or ping on its way, or a pong. */
struct frame {
	bool used, pong;
	int from;
	uint64_t at, token;
	struct endpoint dst;
	uint8_t type;
	uint8_t tlvs[PATH_MESSAGE_MAX];
	size_t len;
};

static struct {
	struct path_host *host;
	struct path_agent *agent[2];
	struct path_peer *peer[2], *introducer[2];
	struct endpoint used[2];
	struct frame frame[QUEUE];
	struct clock now;
	uint64_t token;
	bool elsewhere;		/* what goes to our own address is lost */
	unsigned int to_own;
} lab;

static struct endpoint ep(const char *text)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse(text, &endpoint), 0);
	return endpoint;
}

static struct endpoint own(void)
{
	return ep("198.51.100.7:7740");
}

static struct endpoint relay(int of)
{
	return ep(of ? "relay:0x8@203.0.113.1:7740" :
		       "relay:0x7@203.0.113.1:7740");
}

static int from_of(const struct path_peer *peer)
{
	return peer == lab.peer[1];
}

static struct frame *put(const struct path_peer *peer,
			 const struct endpoint *dst, uint8_t type)
{
	for (int i = 0; i < QUEUE; i++) {
		struct frame *frame = &lab.frame[i];

		if (frame->used)
			continue;
		*frame = (struct frame){
			.used = true, .from = from_of(peer), .dst = *dst,
			.type = type, .at = lab.now.boot_ns + DELAY,
		};
		return frame;
	}
	fail();
	return NULL;
}

static int op_send(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint8_t type, const void *tlvs,
		   size_t len)
{
	struct frame *frame;

	(void)ctx;
	if (peer == lab.introducer[0] || peer == lab.introducer[1])
		return 0;
	frame = put(peer, dst, type);
	memcpy(frame->tlvs, tlvs, len);
	frame->len = len;
	return 0;
}

static int op_ping(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint64_t *token)
{
	(void)ctx;
	*token = ++lab.token;
	if (peer == lab.peer[0] || peer == lab.peer[1])
		put(peer, dst, WIRE_CONTROL_PING)->token = *token;
	return 0;
}

static void op_use(void *ctx, struct path_peer *peer,
		   const struct endpoint *endpoint, bool hold)
{
	(void)ctx;
	(void)hold;
	if (peer == lab.peer[0] || peer == lab.peer[1])
		lab.used[from_of(peer)] = *endpoint;
}

static void op_session(void *ctx, struct path_peer *peer,
		       const struct endpoint *endpoint)
{
	(void)ctx;
	(void)peer;
	(void)endpoint;
}

static void op_notify(void *ctx, enum path_notice notice,
		      struct path_peer *peer, const char *text)
{
	(void)ctx;
	(void)notice;
	(void)peer;
	(void)text;
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0x5a, len);
}

static const struct path_ops ops = {
	.send = op_send, .ping = op_ping, .use = op_use,
	.session = op_session, .notify = op_notify, .random = op_random,
};

static void arrive(struct frame frame)
{
	struct endpoint src = own(), at = own();
	int to = !frame.from;

	if (frame.dst.kind == ENDPOINT_RELAY)
		src = relay(to);
	else if (!endpoint_equal(&frame.dst, &at))
		return;
	else if (lab.to_own++, lab.elsewhere)
		return;
	if (frame.type != WIRE_CONTROL_PING) {
		path_control(lab.host, &lab.now, lab.peer[to], &src,
			     frame.type, frame.tlvs, frame.len);
	} else if (frame.pong) {
		path_pong(lab.host, &lab.now, lab.peer[to], frame.token,
			  &src, &src, 2 * DELAY);
	} else {
		struct frame *pong = put(lab.peer[to], &src, frame.type);

		pong->pong = true;
		pong->token = frame.token;
		path_pinged(lab.host, &lab.now, lab.peer[to], &src);
	}
}

static struct frame *first(void)
{
	struct frame *found = NULL;

	for (int i = 0; i < QUEUE; i++)
		if (lab.frame[i].used &&
		    (!found || lab.frame[i].at < found->at))
			found = &lab.frame[i];
	return found;
}

static void run(uint64_t duration)
{
	uint64_t until = lab.now.boot_ns + duration;

	while (lab.now.boot_ns < until) {
		uint64_t at = path_next_deadline(lab.host);
		struct frame *frame = first();

		if (frame && frame->at < at)
			at = frame->at;
		else
			frame = NULL;
		if (at >= until) {
			lab.now.boot_ns = until;
			return;
		}
		if (at > lab.now.boot_ns)
			lab.now.boot_ns = at;
		if (frame) {
			frame->used = false;
			arrive(*frame);
		} else {
			path_timer(lab.host, &lab.now);
		}
	}
}

static struct path_peer *know(int agent, uint64_t address, uint8_t key,
			      const char *at)
{
	struct path_peer_config config = {
		.address = address, .public = { key }, .introducer = at,
	};
	struct path_peer *peer;

	if (at)
		config.endpoint = ep(at);
	assert_int_equal(path_peer_add(lab.host, &lab.now, lab.agent[agent],
				       &config, NULL, &peer), 0);
	return peer;
}

static void session(struct path_peer *peer, const struct endpoint *via)
{
	path_session(lab.host, &lab.now, peer, PATH_SESSION_ESTABLISHED, via);
	path_session(lab.host, &lab.now, peer, PATH_SESSION_CONFIRMED, NULL);
}

/* @key: of the peer with the address of the second agent. */
static void lab_start(uint8_t key)
{
	struct path_address address = { .endpoint = own(), .prefix = 24 };
	struct endpoint introducer = ep("203.0.113.1:7740");

	memset(&lab, 0, sizeof(lab));
	lab.now.boot_ns = 1000 * S;
	lab.now.real_ns = 1790000000 * S;
	lab.host = path_host_new(&ops, &lab, NULL, &lab.now);
	for (int i = 0; i < 2; i++) {
		uint8_t public[32] = { 10 + i };

		assert_int_equal(path_agent_add(lab.host, ADDRESS(i), public,
						&lab.agent[i]), 0);
	}
	path_addresses_set(lab.host, &lab.now, &address, 1, false);
	lab.peer[0] = know(0, ADDRESS(1), key, NULL);
	lab.peer[1] = know(1, ADDRESS(0), 10, NULL);
	for (int i = 0; i < 2; i++) {
		lab.introducer[i] = know(i, INTRODUCER, 90,
					 "203.0.113.1:7740");
		session(lab.introducer[i], &introducer);
		path_wanted(lab.host, &lab.now, lab.peer[i]);
	}
}

static void lab_connect(void)
{
	struct endpoint introducer = ep("203.0.113.1:7740");
	uint8_t tlvs[PATH_MESSAGE_MAX];

	for (int i = 0; i < 2; i++) {
		struct path_message grant = {
			.type = WIRE_CONTROL_RELAY_GRANT, .peer = ADDRESS(!i),
			.relay = relay(i).id, .lifetime = 300,
		};
		struct endpoint via = relay(i);

		path_control(lab.host, &lab.now, lab.introducer[i],
			     &introducer, grant.type, tlvs,
			     path_message_write(&grant, tlvs));
		session(lab.peer[i], &via);
	}
	run(3 * S);
}

static void test_direct(void **state)
{
	struct endpoint at = own();

	(void)state;
	lab_start(11);
	lab_connect();
	for (int i = 0; i < 2; i++)
		assert_true(endpoint_equal(&lab.used[i], &at));
	/* And no other way while it works. */
	run(100 * S);
	for (int i = 0; i < 2; i++)
		assert_true(endpoint_equal(&lab.used[i], &at));
	path_host_free(lab.host);
}

/* By the relay where a host lets nothing get to itself. */
static void test_blocked(void **state)
{
	(void)state;
	lab_start(11);
	lab.elsewhere = true;
	lab_connect();
	for (int i = 0; i < 2; i++) {
		struct endpoint at = relay(i);

		assert_true(endpoint_equal(&lab.used[i], &at));
	}
	assert_in_range(lab.to_own, 1, 60);
	path_host_free(lab.host);
}

/* Who only has the address of one of our agents is not here. */
static void test_another(void **state)
{
	struct endpoint at = relay(0);

	(void)state;
	lab_start(12);
	lab_connect();
	assert_true(endpoint_equal(&lab.used[0], &at));
	path_host_free(lab.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_another),
	};

	return cmocka_run_group_tests_name("path_local", tests, NULL, NULL);
}
