// SPDX-License-Identifier: GPL-2.0-or-later
/* What workers tell lib/path of sessions, and when: three of them, in memory. */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "check.h"
#include "introduce.h"
#include "lost.h"
#include "netcheck.h"
#include "own.h"
#include "path_message.h"
#include "path_show.h"
#include "reach.h"
#include "told.h"
#include "worker.h"

#define S		1000000000ULL
#define ENDS		3
#define FRAMES		32
#define INTRODUCER	2
#define RELAY_ID	7

struct frame {
	int from;
	struct endpoint src, dst;
	uint8_t bytes[1300];
	size_t len;
};

struct end {
	struct worker worker;
	struct identity id;
	uint64_t address;
	struct endpoint endpoint;
	struct endpoint kernel[ENDS];	/* where data for a peer goes */
	uint32_t current[ENDS];		/* epoch that data goes by */
	uint32_t next[ENDS];
};

static struct end ends[ENDS];
static struct frame queue[FRAMES];
static unsigned int frames;
static struct clock clock_now;
static bool silent;			/* no data, so nothing is confirmed */
static struct frame last_init;
static unsigned int sent_elsewhere[256];
static const struct endpoint *elsewhere;
static uint32_t dead = CONFIG_PATH_DEAD;

/* In place of the library's. */
void clock_read(struct clock *now)
{
	*now = clock_now;
}

uint64_t clock_boot(void)
{
	return clock_now.boot_ns;
}

static struct endpoint place(int number)
{
	struct endpoint ep = { .family = AF_INET, .port = 7740 };

	ep.in4.s_addr = htonl(0xc0000200 + number);
	return ep;
}

static struct endpoint relay(void)
{
	struct endpoint ep = place(INTRODUCER);

	ep.kind = ENDPOINT_RELAY;
	ep.id = RELAY_ID;
	return ep;
}

static int number_of(const struct session_peer *peer)
{
	for (int i = 0; i < ENDS; i++)
		if (ends[i].address == session_peer_address(peer))
			return i;
	fail();
	return -1;
}

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	struct end *end = ctx;
	struct frame *frame = &queue[frames];

	assert_true(frames < FRAMES);
	if (elsewhere && endpoint_equal(elsewhere, dst))
		sent_elsewhere[*(const uint8_t *)bytes]++;
	frame->from = end - ends;
	frame->dst = *dst;
	memcpy(frame->bytes, bytes, len);
	frame->len = len;
	frames++;
	if (frame->bytes[0] == WIRE_TYPE_INIT)
		last_init = *frame;
}

static int op_key_install(void *ctx, struct session_agent *agent,
			  struct session_peer *peer,
			  const struct session_key *key)
{
	struct end *end = ctx;

	(void)agent;
	if (key->slot == SESSION_SLOT_CURRENT)
		end->current[number_of(peer)] = key->epoch;
	else
		end->next[number_of(peer)] = key->epoch;
	return 0;
}

static void op_key_delete(void *ctx, struct session_agent *agent,
			  struct session_peer *peer, uint8_t lane,
			  uint32_t epoch)
{
	(void)ctx;
	(void)agent;
	(void)peer;
	(void)lane;
	(void)epoch;
}

static int op_endpoint_set(void *ctx, struct session_agent *agent,
			   struct session_peer *peer,
			   const struct endpoint *endpoint)
{
	struct end *end = ctx;

	(void)agent;
	end->kernel[number_of(peer)] = *endpoint;
	return 0;
}

static void op_notify(void *ctx, enum session_notice notice,
		      struct session_agent *agent, struct session_peer *peer,
		      const char *text)
{
	(void)agent;
	(void)text;
	reach_notice(ctx, notice, peer);
}

static bool op_control(void *ctx, struct session_agent *agent,
		       struct session_peer *peer, const struct endpoint *src,
		       uint8_t type, const uint8_t *tlvs, size_t len)
{
	(void)agent;
	return reach_control(ctx, peer, src, type, tlvs, len);
}

static void op_pong(void *ctx, struct session_agent *agent,
		    struct session_peer *peer, const struct session_pong *pong)
{
	(void)agent;
	reach_ponged(ctx, peer, pong);
}

static const struct session_ops ops = {
	.send = op_send, .key_install = op_key_install,
	.key_delete = op_key_delete, .endpoint_set = op_endpoint_set,
	.notify = op_notify, .control = op_control, .pinged = reach_pinged,
	.pong = op_pong,
};

static struct session_peer *peer_at(int at, int number)
{
	struct session_agent *agent =
		session_agent_find(ends[at].worker.host, ends[at].address);

	return session_peer_find(agent, ends[number].address);
}

/* The first data by a key confirms it. */
static void data_flows(void)
{
	for (int i = 0; i < ENDS; i++)
		for (int j = 0; j < ENDS; j++) {
			uint32_t epoch = ends[i].next[j];

			if (!epoch || epoch != ends[j].current[i])
				continue;
			ends[i].next[j] = 0;
			ends[i].current[j] = epoch;
			session_kernel_event(ends[i].worker.host, &clock_now,
					     peer_at(i, j),
					     SESSION_EVENT_KEY_CURRENT, 0,
					     epoch, NULL);
			reach_settle(&ends[i].worker);
		}
}

/* By the relay all that is for the other of the first two ends gets there. */
static void arrive(const struct frame *frame)
{
	struct endpoint src = frame->src, by = relay();
	int to = -1;

	for (int i = 0; i < ENDS; i++)
		if (endpoint_equal(&ends[i].endpoint, &frame->dst))
			to = i;
	if (!endpoint_is_set(&src))
		src = ends[frame->from].endpoint;
	if (endpoint_equal(&by, &frame->dst)) {
		to = !frame->from;
		src = by;
	}
	if (to < 0)
		return;
	session_receive(ends[to].worker.host, &clock_now, &src, frame->bytes,
			frame->len);
	reach_settle(&ends[to].worker);
}

static void settle(void)
{
	for (int i = 0; i < ENDS; i++)
		reach_settle(&ends[i].worker);
	while (frames) {
		struct frame frame = queue[0];

		memmove(queue, queue + 1, --frames * sizeof(*queue));
		arrive(&frame);
		if (!silent)
			data_flows();
	}
}

static void run(uint64_t duration)
{
	uint64_t until = clock_now.boot_ns + duration, at;

	settle();
	for (;;) {
		at = until;
		for (int i = 0; i < ENDS; i++) {
			uint64_t due = session_next_deadline(
							ends[i].worker.host);

			if (reach_deadline(ends[i].worker.reach) < due)
				due = reach_deadline(ends[i].worker.reach);
			at = due < at ? due : at;
		}
		if (at >= until)
			break;
		/* At least a little: what is due may be so at once again. */
		if (at <= clock_now.boot_ns)
			at = clock_now.boot_ns + CLOCK_MS;
		clock_now.real_ns += at - clock_now.boot_ns;
		clock_now.boot_ns = at;
		for (int i = 0; i < ENDS; i++)
			session_timer(ends[i].worker.host, &clock_now);
		settle();
	}
	clock_now.real_ns += until - clock_now.boot_ns;
	clock_now.boot_ns = until;
	settle();
}

/* @at: where it is, or -1 when nobody says. */
static void know(int number, int peer, int at, bool introducer)
{
	static const char *const names[ENDS] = { "left", "right", "hub" };
	struct end *end = &ends[number];
	struct ipc_message message;

	ipc_message_init(&message, peer_at(number, peer) ? IPC_PEER_SET :
							   IPC_PEER_ADD);
	message.peer.agent = end->address;
	message.peer.address = ends[peer].address;
	memcpy(message.peer.config.public, ends[peer].id.public,
	       sizeof(message.peer.config.public));
	strcpy(message.peer.config.link, "pilot0");
	strcpy(message.peer.config.name, names[peer]);
	if (at >= 0)
		message.peer.config.endpoint = place(at);
	message.peer.config.introducer = introducer;
	message.peer.config.idle = CONFIG_IDLE_UNSET;
	told_message(&end->worker, &message);
	assert_non_null(peer_at(number, peer));
}

static void end_start(struct end *end)
{
	uint8_t seed[IDENTITY_SEED_LEN] = { 1 + (end - ends) };
	struct ipc_message message;

	memset(end, 0, sizeof(*end));
	assert_int_equal(identity_from_seed(seed, &end->id), 0);
	end->address = addr_derive(end->id.public, 1);
	end->endpoint = place(end - ends);
	end->worker.queue_end = &end->worker.queue;
	end->worker.host = session_host_new(&ops, end, NULL, &clock_now);
	assert_non_null(end->worker.host);
	assert_int_equal(introduce_start(&end->worker), 0);
	end->worker.init.path_dead = dead;
	end->worker.init.path_cost[PATH_CLASS_IPV4] = 1 << (end - ends);
	assert_int_equal(reach_new(&end->worker), 0);
	ipc_message_init(&message, IPC_AGENT_ADD);
	strcpy(message.agent.config.name, "pilot0");
	message.agent.address = end->address;
	memcpy(message.agent.seed, seed, sizeof(seed));
	told_message(&end->worker, &message);
}

static int start(void **state)
{
	(void)state;
	frames = 0;
	silent = false;
	elsewhere = NULL;
	memset(sent_elsewhere, 0, sizeof(sent_elsewhere));
	clock_now.boot_ns = 1000 * S;
	clock_now.real_ns = 1790000000 * S;
	for (int i = 0; i < ENDS; i++)
		end_start(&ends[i]);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < ENDS; i++) {
		struct ipc_message message;

		ipc_message_init(&message, IPC_AGENT_DEL);
		message.agent_name.address = ends[i].address;
		told_message(&ends[i].worker, &message);
		reach_free(ends[i].worker.reach);
		introducer_free(ends[i].worker.introducer);
		session_host_free(ends[i].worker.host);
		identity_wipe(&ends[i].id);
	}
	return 0;
}

static void acquire(int number, int peer)
{
	struct end *end = &ends[number];

	if (!reach_wanted(&end->worker, peer_at(number, peer)))
		session_acquire(end->worker.host, &clock_now, end->address,
				ends[peer].address);
	settle();
}

static void event(int number, int peer, enum session_event what)
{
	session_kernel_event(ends[number].worker.host, &clock_now,
			     peer_at(number, peer), what, 0, 0, NULL);
	reach_event(&ends[number].worker, peer_at(number, peer), what, NULL);
}

/* Return: NULL when nobody looks, or there is no path. */
static const struct endpoint *used(int number, int peer)
{
	static struct path_info info;

	if (!reach_info(peer_at(number, peer), &info) || !info.session)
		return NULL;
	for (unsigned int i = 0; i < info.count; i++)
		if (info.candidate[i].state == PATH_STATE_IN_USE)
			return &info.candidate[i].endpoint;
	return NULL;
}

static void assert_used(int number, int peer, struct endpoint ep)
{
	const struct endpoint *at = used(number, peer);

	assert_non_null(at);
	assert_true(endpoint_equal(at, &ep));
}

static void grant(int to, int other)
{
	struct path_message message = {
		.type = WIRE_CONTROL_RELAY_GRANT,
		.peer = ends[other].address, .relay = RELAY_ID,
		.lifetime = 300,
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(&message, tlvs);

	assert_int_equal(session_control_send(ends[INTRODUCER].worker.host,
					      &clock_now,
					      peer_at(INTRODUCER, to), NULL,
					      message.type, tlvs, len), 0);
	settle();
}

/* Sessions that were there before the first introducer are of use at once. */
static void a_session_that_is_there_is_taken_in(void **state)
{
	(void)state;
	know(0, 1, 1, false);
	know(1, 0, -1, false);
	know(0, INTRODUCER, INTRODUCER, false);
	know(INTRODUCER, 0, -1, false);
	acquire(0, 1);
	acquire(0, INTRODUCER);
	run(S);
	assert_null(used(0, 1));
	know(0, INTRODUCER, INTRODUCER, true);
	assert_used(0, 1, place(1));
	assert_used(0, INTRODUCER, place(INTRODUCER));
	/* The peer is answered to, and stays where it is. */
	run(10 * S);
	assert_used(0, 1, place(1));
	assert_true(endpoint_equal(&ends[0].kernel[1], &ends[1].endpoint));
}

/* It is where it was learned to be, which nobody configured. */
static void a_learned_endpoint_is_kept(void **state)
{
	(void)state;
	know(0, 1, -1, false);
	know(1, 0, 0, false);
	know(0, INTRODUCER, INTRODUCER, false);
	know(INTRODUCER, 0, -1, false);
	acquire(1, 0);
	run(S);
	know(0, INTRODUCER, INTRODUCER, true);
	assert_used(0, 1, place(1));
	assert_null(used(1, 0));
}

/* The last introducer goes: nothing is done any more, and data goes on. */
static void the_last_introducer_ends_it(void **state)
{
	struct endpoint by = relay(), wrong = place(9);

	(void)state;
	know(0, 1, 9, false);
	know(1, 0, -1, false);
	know(0, INTRODUCER, INTRODUCER, true);
	know(INTRODUCER, 0, -1, false);
	run(S);
	assert_used(0, INTRODUCER, place(INTRODUCER));
	acquire(0, 1);
	run(S);
	grant(0, 1);
	run(S);
	assert_used(0, 1, by);
	assert_true(endpoint_equal(&ends[0].kernel[1], &by));
	know(0, INTRODUCER, INTRODUCER, false);
	assert_null(used(0, 1));
	assert_true(endpoint_equal(&ends[0].kernel[1], &wrong));
	assert_int_equal(reach_deadline(ends[0].worker.reach), CLOCK_NEVER);
	run(100 * S);
	assert_true(endpoint_equal(&ends[0].kernel[1], &wrong));
	/* And again from the beginning. */
	know(0, INTRODUCER, INTRODUCER, true);
	assert_used(0, INTRODUCER, place(INTRODUCER));
}

/*
 * Somebody caught an initiation and sends it from elsewhere: what is known of
 * the peer stays, as it never used the key that was offered.
 */
static void an_unconfirmed_key_moves_nothing(void **state)
{
	struct endpoint attacker = place(66);

	(void)state;
	know(0, 1, -1, false);
	know(1, 0, 0, false);
	know(0, INTRODUCER, INTRODUCER, true);
	know(INTRODUCER, 0, -1, false);
	acquire(1, 0);
	run(S);
	assert_used(0, 1, place(1));
	event(0, 1, SESSION_EVENT_PEER_IDLE);
	run(90 * S);
	assert_used(0, 1, place(1));
	/* It makes a new key, and its message does not arrive. */
	assert_int_equal(session_handshake(ends[1].worker.host, &clock_now,
					   peer_at(1, 0), &ends[0].endpoint),
			 0);
	assert_int_equal(last_init.from, 1);
	frames = 0;
	elsewhere = &attacker;
	last_init.src = attacker;
	silent = true;
	arrive(&last_init);
	settle();
	assert_int_equal(sent_elsewhere[WIRE_TYPE_RESP], 1);
	run(500 * CLOCK_MS - 1);
	assert_int_equal(sent_elsewhere[WIRE_TYPE_CONTROL], 0);
	assert_used(0, 1, place(1));
	assert_true(endpoint_equal(&ends[0].kernel[1], &ends[1].endpoint) ||
		    !endpoint_is_set(&ends[0].kernel[1]));
	/* The peer's own repetition is confirmed as ever. */
	silent = false;
	run(5 * S);
	assert_used(0, 1, place(1));
	assert_int_equal(ends[0].next[1], 0);
}

static unsigned int asked;

static int idle_anew(struct worker *worker, uint64_t agent, uint64_t peer,
		     uint32_t seconds)
{
	assert_true(seconds > 0);
	assert_ptr_equal(worker, &ends[0].worker);
	assert_int_equal(agent, ends[0].address);
	assert_true(peer == ends[1].address || peer == ends[INTRODUCER].address);
	asked++;
	return 0;
}

static int idle_refused(struct worker *worker, uint64_t agent, uint64_t peer,
			uint32_t seconds)
{
	idle_anew(worker, agent, peer, seconds);
	return -ENOENT;
}

static bool is_idle(int number, int peer)
{
	struct session_peer_info info;

	session_peer_info(peer_at(number, peer), &info);
	return info.idle;
}

/* Whether a peer is idle is told once: after a loss nobody knows. */
static void lost_events_are_made_good(void **state)
{
	struct worker *worker = &ends[0].worker;

	(void)state;
	know(0, 1, -1, false);
	know(1, 0, 0, false);
	know(0, INTRODUCER, INTRODUCER, true);
	know(INTRODUCER, 0, -1, false);
	acquire(1, 0);
	run(S);
	event(0, 1, SESSION_EVENT_PEER_IDLE);
	asked = 0;
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 0);
	lost_begin(worker);
	assert_false(lost_step(worker, idle_refused));
	assert_int_equal(asked, 2);
	assert_true(is_idle(0, 1));
	lost_begin(worker);
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 4);
	assert_false(is_idle(0, 1));
	/* Each once. */
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 4);
}

/* What is told before there is a session is understood by nobody here. */
static void a_key_that_is_there_is_asked_about_with_the_session(void **state)
{
	struct worker *worker = &ends[0].worker;
	struct ipc_message message;

	(void)state;
	know(0, 1, -1, false);
	know(1, 0, 0, false);
	know(0, INTRODUCER, INTRODUCER, true);
	know(INTRODUCER, 0, -1, false);
	run(S);
	ipc_message_init(&message, IPC_KEY_ADOPT);
	message.adopt.agent = ends[0].address;
	message.adopt.peer = ends[1].address;
	message.adopt.slot = SESSION_SLOT_CURRENT;
	message.adopt.epoch = message.adopt.rx_index = 1;
	message.adopt.soft_age = 300;
	message.adopt.hard_age = 600;
	told_message(worker, &message);
	assert_int_equal(sd_event_new(&worker->event), 0);
	assert_int_equal(lost_start(worker), 0);
	asked = 0;
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 0);
	acquire(1, 0);
	run(S);
	lost_confirmed(worker, peer_at(0, 1));
	assert_int_equal(sd_event_source_get_enabled(worker->lost_source, NULL),
			 1);
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 1);
	assert_false(lost_step(worker, idle_anew));
	assert_int_equal(asked, 1);
	sd_event_source_disable_unref(worker->lost_source);
	worker->event = sd_event_unref(worker->event);
}

/* Two that have an introducer, and a session directly. */
static void meet(void)
{
	know(0, 1, 1, false);
	know(1, 0, -1, false);
	for (int i = 0; i < INTRODUCER; i++) {
		know(INTRODUCER, i, -1, false);
		know(i, INTRODUCER, INTRODUCER, true);
	}
	acquire(0, 1);
	run(S);
	assert_used(0, 1, place(1));
	assert_used(1, 0, place(0));
}

/* Each end has what itself and the other were told to ask for a class. */
static void both_ends_ask_what_is_configured(void **state)
{
	struct path_info info;

	(void)state;
	meet();
	for (int i = 0; i < 2; i++) {
		assert_true(reach_info(peer_at(i, !i), &info));
		assert_true(info.count > 0);
		for (unsigned int j = 0; j < info.count; j++)
			assert_int_equal(info.candidate[j].cost, 1 + 2);
		assert_true(reach_info(peer_at(i, INTRODUCER), &info));
		assert_int_equal(info.candidate[0].cost, 0);
	}
}

static int start_patient(void **state)
{
	int ret;

	dead = 2400;
	ret = start(state);
	dead = CONFIG_PATH_DEAD;
	return ret;
}

/* Three pings in that time: one end's, answers to its own, the introducer's. */
static void pings_are_as_often_as_is_configured(void **state)
{
	struct endpoint peer = place(1);

	(void)state;
	meet();
	run(5 * S);
	elsewhere = &peer;
	run(60 * S);
	assert_in_range(sent_elsewhere[WIRE_TYPE_CONTROL], 204, 216);
}

/* --- what users are shown --------------------------------------------------- */

static void is(const json_t *object, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	assert_string_equal(text, expected);
}

/* The first element of which @key is @value. */
static const json_t *one_of(const json_t *array, const char *key,
			    const char *value)
{
	const json_t *object;
	const char *text;
	size_t i;

	json_array_foreach(array, i, object) {
		text = json_string_value(json_object_get(object, key));
		if (text && !strcmp(text, value))
			return object;
	}
	fail_msg("none with %s %s", key, value);
	return NULL;
}

static void connected_by_the_relay(void)
{
	know(0, 1, 9, false);
	know(1, 0, -1, false);
	know(0, INTRODUCER, INTRODUCER, true);
	know(INTRODUCER, 0, -1, false);
	run(S);
	acquire(0, 1);
	run(S);
	grant(0, 1);
	run(S);
	assert_used(0, 1, relay());
}

static void a_relay_is_shown_with_its_name(void **state)
{
	struct control_error error = { 0 };
	char address[ADDR_TEXT_LEN];
	const json_t *peer, *way;
	json_t *args, *shown;

	(void)state;
	connected_by_the_relay();
	args = json_pack("{s:s}", "op", "path.show");
	shown = path_show(&ends[0].worker, args, &error);
	assert_non_null(shown);
	peer = one_of(shown, "name", "right");
	way = one_of(json_object_get(peer, "candidates"), "kind", "relay");
	addr_format(ends[INTRODUCER].address, address);
	is(way, "relay", address);
	is(way, "relay_name", "hub");
	/* What is no relay has none. */
	way = one_of(json_object_get(peer, "candidates"), "kind", "configured");
	assert_null(json_object_get(way, "relay"));
	assert_null(json_object_get(way, "relay_name"));
	json_decref(shown);
	json_decref(args);
}

static void no_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	(void)ctx;
	(void)dst;
	(void)bytes;
	(void)len;
	fail();
}

/* There is no STUN server. */
static void netcheck_takes_an_introducers_word(void **state)
{
	/* Nothing runs that would have more to say. */
	static const struct own_ops own_ops = { .send = no_send };
	struct own_config config = {
		.port = 7740, .route = -1, .announcements = -1,
		.gateway = { -1, -1 },
	};
	struct worker *worker = &ends[0].worker;
	struct control_error error = { 0 };
	json_t *args, *shown, *family;
	const json_t *introducer;

	(void)state;
	connected_by_the_relay();
	assert_int_equal(sd_event_new(&worker->event), 0);
	assert_int_equal(own_new(&worker->own, worker->event, &config,
				 &own_ops, NULL), 0);
	args = json_pack("{s:s}", "op", "netcheck.show");
	shown = netcheck_show(worker, args, &error);
	assert_non_null(shown);
	family = json_object_get(shown, "ipv4");
	is(family, "udp", "open");
	is(family, "mapped", "192.0.2.0:7740");
	assert_true(json_is_true(json_object_get(family, "nat")));
	is(family, "mapping", "unknown");
	is(family, "filtering", "unknown");
	is(json_object_get(shown, "ipv6"), "udp", "unknown");
	introducer = one_of(json_object_get(shown, "introducers"), "name",
			    "hub");
	is(introducer, "transport", "udp");
	assert_int_equal(json_array_size(json_object_get(shown, "turn")), 0);
	json_decref(shown);
	json_decref(args);
	own_free(worker->own);
	worker->own = NULL;
	worker->event = sd_event_unref(worker->event);
}

#define with_ends(test)	cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_ends(a_session_that_is_there_is_taken_in),
		with_ends(a_learned_endpoint_is_kept),
		with_ends(the_last_introducer_ends_it),
		with_ends(an_unconfirmed_key_moves_nothing),
		with_ends(lost_events_are_made_good),
		with_ends(a_key_that_is_there_is_asked_about_with_the_session),
		with_ends(both_ends_ask_what_is_configured),
		cmocka_unit_test_setup_teardown(pings_are_as_often_as_is_configured,
						start_patient, stop),
		with_ends(a_relay_is_shown_with_its_name),
		with_ends(netcheck_takes_an_introducers_word),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("pilotd_reach", tests, NULL, NULL);
}
