// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "check.h"
#include "path_end.h"

static int op_send(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint8_t type, const void *tlvs,
		   size_t len)
{
	struct end *end = ctx;
	struct sent *sent = &end->sent[end->count++ % SENT_MAX];

	memset(sent, 0, sizeof(*sent));
	sent->peer = peer;
	sent->dst = *dst;
	sent->type = type;
	sent->at = end->now.boot_ns;
	assert_int_equal(path_message_read(type, tlvs, len, &sent->message),
			 0);
	if (type == WIRE_CONTROL_LATER)
		end->late_at = 0;
	if (type == WIRE_CONTROL_LATER && end->shut &&
	    sent->message.lifetime < 2) {
		end->late = sent->message.generation;
		end->late_at = sent->at + sent->message.lifetime * S +
			       end->rtt;
	}
	return 0;
}

static int op_ping(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint64_t *token)
{
	struct end *end = ctx;
	struct sent *sent;

	if (end->ping_error)
		return end->ping_error;
	sent = &end->sent[end->count++ % SENT_MAX];
	memset(sent, 0, sizeof(*sent));
	sent->peer = peer;
	sent->dst = *dst;
	sent->type = WIRE_CONTROL_PING;
	sent->at = end->now.boot_ns;
	sent->token = *token = ++end->token;
	return 0;
}

static void op_forget(void *ctx, struct path_peer *peer, uint64_t token)
{
	(void)ctx;
	(void)peer;
	assert_int_not_equal(token, 0);
}

static void op_use(void *ctx, struct path_peer *peer,
		   const struct endpoint *endpoint, bool hold)
{
	struct end *end = ctx;

	end->uses++;
	end->held = hold;
	end->used = *endpoint;
	end->used_by = peer;
}

static void op_session(void *ctx, struct path_peer *peer,
		       const struct endpoint *endpoint)
{
	struct end *end = ctx;

	(void)peer;
	end->sessions++;
	end->session = *endpoint;
}

static void op_notify(void *ctx, enum path_notice notice,
		      struct path_peer *peer, const char *text)
{
	struct end *end = ctx;

	(void)peer;
	assert_true(strlen(text) < PATH_TEXT_LEN);
	end->notices[notice]++;
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0x5a, len);
}

static void op_tls(void *ctx, struct path_peer *peer, bool wanted)
{
	struct end *end = ctx;

	assert_ptr_equal(peer, end->introducer);
	assert_int_not_equal(end->tls, wanted);
	end->tls = wanted;
}

static const struct path_ops ops = {
	.send = op_send, .ping = op_ping, .forget = op_forget, .use = op_use,
	.session = op_session, .tls = op_tls, .notify = op_notify,
	.random = op_random,
};

struct endpoint end_ep(const char *text)
{
	struct endpoint endpoint;

	if (endpoint_parse(text, &endpoint))
		fail_msg("%s", text);
	return endpoint;
}

static struct path_peer *add(struct end *end, uint64_t address, uint8_t first,
			     const char *at, bool introducer)
{
	struct path_peer_config config = {
		.address = address, .public = { first, address },
		.introducer = introducer,
	};
	struct path_peer *peer;

	if (at)
		config.endpoint = end_ep(at);
	assert_int_equal(path_peer_add(end->host, &end->now, end->agent,
				       &config, NULL, &peer), 0);
	return peer;
}

struct end *end_new(bool controlling)
{
	struct path_address own = { .endpoint = end_ep("198.51.100.7:7740"),
				    .prefix = 24 };
	static struct end ends;
	struct end *end = &ends;
	uint8_t public[32] = { 0x80 };

	memset(end, 0, sizeof(*end));
	end->now.boot_ns = 1000 * S;
	end->now.real_ns = 1790000000 * S;
	end->rtt = 40 * MS;
	end->host = path_host_new(&ops, end, NULL, &end->now);
	assert_int_equal(path_agent_add(end->host, SELF, public, &end->agent),
			 0);
	path_addresses_set(end->host, &end->now, &own, 1, false);
	end->introducer = add(end, INTRODUCER, 0xf0, "203.0.113.1:7740", true);
	end->peer = add(end, PEER, controlling ? 0xf0 : 0x10, NULL, false);
	end->other = add(end, OTHER, 0x20, NULL, false);
	return end;
}

static void advance(struct end *end, uint64_t ns)
{
	end->now.boot_ns += ns;
	end->now.real_ns += ns;
}

void end_sleep(struct end *end, uint64_t duration)
{
	advance(end, duration);
	path_timer(end->host, &end->now);
}

void end_run(struct end *end, uint64_t duration)
{
	uint64_t until = end->now.boot_ns + duration;
	unsigned int answered = end->count;

	while (end->now.boot_ns < until) {
		uint64_t at = path_next_deadline(end->host);
		struct sent *ping = NULL;

		for (unsigned int i = answered; end->answer && !ping &&
		     i < end->count; i++) {
			ping = &end->sent[i % SENT_MAX];
			answered = i;
			if (ping->type != WIRE_CONTROL_PING)
				ping = NULL;
		}
		if (ping && ping->at + end->rtt <= at &&
		    ping->at + end->rtt <= until) {
			struct endpoint seen = end_ep("198.51.100.7:7740");
			struct sent copy = *ping;

			answered++;
			if (copy.at + end->rtt > end->now.boot_ns)
				advance(end, copy.at + end->rtt -
					     end->now.boot_ns);
			if (endpoint_is_loopback(&copy.dst))
				seen = end_ep("127.64.9.1:999");
			if (end->silent.port &&
			    endpoint_equal(&end->silent, &copy.dst))
				continue;
			path_pong(end->host, &end->now, copy.peer, copy.token,
				  &copy.dst, &seen, end->rtt);
			continue;
		}
		if (at > until)
			at = until;
		if (end->late_at && end->late_at < at)
			at = end->late_at;
		if (at > end->now.boot_ns)
			advance(end, at - end->now.boot_ns);
		if (end->late_at && end->late_at <= at) {
			end->late_at = 0;
			end_late(end, end->late);
			continue;
		}
		path_timer(end->host, &end->now);
	}
}

void end_say(struct end *end, struct path_peer *peer,
	     const struct endpoint *src, const struct path_message *message)
{
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(message, tlvs);

	assert_true(path_control(end->host, &end->now, peer, src,
				 message->type, tlvs, len));
}

void end_late(struct end *end, uint32_t number)
{
	struct path_message message = {
		.type = WIRE_CONTROL_LATE, .generation = number,
	};
	struct endpoint at = end_ep("203.0.113.1:7740");

	end_say(end, end->introducer, &at, &message);
}

void end_session_up(struct end *end, struct path_peer *peer,
		    const char *at)
{
	struct endpoint via = end_ep(at);

	path_session(end->host, &end->now, peer, PATH_SESSION_ESTABLISHED,
		     &via);
	path_session(end->host, &end->now, peer, PATH_SESSION_CONFIRMED, NULL);
	/* There is no data, as the kernel tells in a while. */
	if (peer == end->introducer)
		path_traffic(end->host, &end->now, peer, PATH_TRAFFIC_IDLE);
}

struct path_message end_grant(uint64_t peer, uint32_t id)
{
	struct path_message message = {
		.type = WIRE_CONTROL_RELAY_GRANT, .peer = peer, .relay = id,
		.lifetime = 300,
	};

	return message;
}

struct path_message end_candidates(uint32_t generation, bool answer)
{
	struct path_message message = {
		.type = WIRE_CONTROL_CANDIDATES, .generation = generation,
		.flags = answer ? WIRE_CANDIDATES_F_ANSWER : 0,
	};

	return message;
}

void end_candidate(struct path_message *message, const char *text)
{
	message->candidate[message->count].kind = WIRE_CANDIDATE_HOST;
	message->candidate[message->count++].endpoint = end_ep(text);
}

unsigned int end_sent_since(const struct end *end, unsigned int from,
			    uint8_t type)
{
	unsigned int n = 0;

	for (unsigned int i = from; i < end->count; i++)
		n += end->sent[i % SENT_MAX].type == type;
	return n;
}

const struct sent *end_last(const struct end *end, uint8_t type)
{
	for (unsigned int i = end->count; i-- > 0;)
		if (end->sent[i % SENT_MAX].type == type)
			return &end->sent[i % SENT_MAX];
	return NULL;
}

const struct path_candidate_info *end_info_of(const struct path_info *info,
					      const char *text)
{
	struct endpoint endpoint = end_ep(text);

	for (unsigned int i = 0; i < info->count; i++)
		if (endpoint_equal(&info->candidate[i].endpoint, &endpoint))
			return &info->candidate[i];
	return NULL;
}

bool end_knows(struct end *end, const char *text)
{
	struct path_info info;

	path_peer_info(end->peer, &info);
	return end_info_of(&info, text);
}

bool end_uses(struct end *end, const char *text)
{
	const struct path_candidate_info *c;
	struct path_info info;

	path_peer_info(end->peer, &info);
	c = end_info_of(&info, text);
	return c && c->state == PATH_STATE_IN_USE;
}

struct end *end_up(bool controlling)
{
	struct end *end = end_new(controlling);
	struct endpoint at = end_ep("203.0.113.1:7740");
	struct path_message message;

	end->answer = true;
	end_session_up(end, end->introducer, "203.0.113.1:7740");
	path_wanted(end->host, &end->now, end->peer);
	end_run(end, 50 * MS);
	message = end_grant(PEER, 7);
	end_say(end, end->introducer, &at, &message);
	end_session_up(end, end->peer, "relay:0x7@203.0.113.1:7740");
	end_run(end, 100 * MS);
	return end;
}

void end_told(struct end *end, struct path_message *message)
{
	struct endpoint src = end_ep("relay:0x7@203.0.113.1:7740");

	message->flags = 0;
	end_say(end, end->peer, &src, message);
}

void end_free(struct end *end)
{
	path_host_free(end->host);
}

void end_take_nomination(struct end *end)
{
	struct path_message message = { .type = WIRE_CONTROL_NOMINATED };
	const struct sent *asked = end_last(end, WIRE_CONTROL_NOMINATE);

	if (!asked)
		return;
	message.generation = asked->message.generation;
	end_say(end, end->peer, &asked->dst, &message);
}
