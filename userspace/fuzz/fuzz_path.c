// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One end of paths, fed with whatever may happen in whatever order. Each step
 * is an operation, an argument, and for messages a length and TLVs.
 */
#include <errno.h>
#include <string.h>

#include "path.h"
#include "path_message.h"

#define FUZZ_PEERS	3
#define FUZZ_ADDRESS(i)	((1ULL << 32) + 100 + (i))

struct fuzz {
	struct path_host *host;
	struct path_peer *peer[FUZZ_PEERS];
	struct clock now;
	uint64_t token;
	struct endpoint turn;		/* a server of ours */
};

static int op_send(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint8_t type, const void *tlvs,
		   size_t len)
{
	struct path_message message;

	(void)ctx;
	(void)peer;
	/* What goes out is what the other end takes. */
	if (endpoint_check(dst) ||
	    path_message_read(type, tlvs, len, &message))
		__builtin_trap();
	return 0;
}

static int op_ping(void *ctx, struct path_peer *peer,
		   const struct endpoint *dst, uint64_t *token)
{
	struct fuzz *fuzz = ctx;

	(void)peer;
	if (endpoint_check(dst))
		__builtin_trap();
	*token = ++fuzz->token;
	return *token % 7 ? 0 : -EBUSY;
}

static void op_use(void *ctx, struct path_peer *peer,
		   const struct endpoint *endpoint, bool hold)
{
	(void)ctx;
	(void)peer;
	(void)hold;
	if (endpoint_is_set(endpoint) && endpoint_check(endpoint))
		__builtin_trap();
}

static void op_session(void *ctx, struct path_peer *peer,
		       const struct endpoint *endpoint)
{
	(void)ctx;
	(void)peer;
	if (endpoint_check(endpoint))
		__builtin_trap();
}

static void op_notify(void *ctx, enum path_notice notice,
		      struct path_peer *peer, const char *text)
{
	(void)ctx;
	(void)peer;
	if (!path_notice_name(notice) || strlen(text) >= PATH_TEXT_LEN)
		__builtin_trap();
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0x33, len);
}

static void op_turn_permit(void *ctx, const struct endpoint *peer)
{
	(void)ctx;
	if (endpoint_check(peer) || !endpoint_is_direct(peer))
		__builtin_trap();
}

/* Some can be used at once, some later, and some never. */
static int op_turn_channel(void *ctx, const struct endpoint *peer,
			   struct endpoint *via)
{
	struct fuzz *fuzz = ctx;

	op_turn_permit(ctx, peer);
	*via = fuzz->turn;
	via->kind = ENDPOINT_TURN;
	via->id = ENDPOINT_CHANNEL_MIN + peer->port % 8;
	return peer->port % 3 ? 0 : -EAGAIN;
}

static void op_turn_keep(void *ctx, const struct endpoint *via)
{
	(void)ctx;
	if (via->kind != ENDPOINT_TURN)
		__builtin_trap();
}

static const struct path_ops ops = {
	.send = op_send, .ping = op_ping, .use = op_use,
	.session = op_session, .notify = op_notify, .random = op_random,
	.turn_permit = op_turn_permit, .turn_channel = op_turn_channel,
	.turn_keep = op_turn_keep,
};

static struct endpoint source(uint8_t arg)
{
	struct endpoint ep = { .family = AF_INET, .port = 7740 };

	ep.in4.s_addr = htonl(0xc0000200 + (arg & 0x1f));
	if (arg & 0x20) {
		ep.kind = ENDPOINT_RELAY;
		ep.id = 1 + (arg & 3);
		ep.in4.s_addr = htonl(0xc0000201);
	}
	if (arg & 0x40) {
		ep.family = AF_INET6;
		memset(&ep.in6, 0, sizeof(ep.in6));
		ep.in6.s6_addr[0] = arg & 1 ? 0x20 : 0xfd;
		ep.in6.s6_addr[15] = 1 + (arg & 7);
	}
	if (arg & 0x80) {
		ep.kind = ENDPOINT_TURN;
		ep.id = ENDPOINT_CHANNEL_MIN + (arg & 7);
		ep.in4.s_addr = htonl(0xc0000210);
		ep.family = AF_INET;
	}
	return ep;
}

/* One is there, or another, or none; or a channel is bound. */
static void fuzz_turn(struct fuzz *fuzz, uint8_t arg)
{
	struct path_turn turn = { .server = source(16), .relayed = source(8) };

	fuzz->turn = source(16);
	if (arg & 4)
		endpoint_parse("127.64.1.1:5000", &fuzz->turn);
	turn.at = fuzz->turn;
	turn.relayed.port = 50000 + arg;
	if (arg & 1)
		path_turn_ready(fuzz->host, &fuzz->now);
	else if (arg & 2)
		path_turn_set(fuzz->host, &fuzz->now, NULL);
	else
		path_turn_set(fuzz->host, &fuzz->now, &turn);
}

static struct path_peer_config fuzz_config(int i)
{
	struct path_peer_config config = {
		.address = FUZZ_ADDRESS(1 + i),
		.public = { i == 1 ? 0x10 : 0xf0, i },
		.introducer = !i,
	};

	if (i != 2)
		config.endpoint = source(1 + i);
	return config;
}

/* Introducers come and go, and with the last of them all that goes on. */
static void fuzz_configure(struct fuzz *fuzz, int number, uint8_t how)
{
	int i = number % FUZZ_PEERS;
	struct path_peer_config config = fuzz_config(i);

	config.introducer = how & 1;
	if (how & 2)
		config.endpoint = source(how >> 2 & 0x1f);
	if (path_peer_set(fuzz->host, &fuzz->now, fuzz->peer[i], &config))
		__builtin_trap();
	if ((how & 0xc1) == 0xc0)
		path_agent_stop(fuzz->host, &fuzz->now,
				path_peer_agent(fuzz->peer[i]));
}

static void fuzz_peers(struct fuzz *fuzz, struct path_agent *agent)
{
	for (int i = 0; i < FUZZ_PEERS; i++) {
		struct path_peer_config config = fuzz_config(i);

		if (path_peer_add(fuzz->host, &fuzz->now, agent, &config,
				  NULL, &fuzz->peer[i]))
			__builtin_trap();
	}
}

static void fuzz_show(const struct fuzz *fuzz)
{
	struct path_info info;

	for (int i = 0; i < FUZZ_PEERS; i++) {
		path_peer_info(fuzz->peer[i], &info);
		if (info.count > PATH_INFO_CANDIDATES ||
		    path_turn_need(fuzz->host) > PATH_TURN_LACK)
			__builtin_trap();
		for (unsigned int j = 0; j < info.count; j++)
			if (!info.candidate[j].reason ||
			    info.candidate[j].loss > 100)
				__builtin_trap();
	}
}

static void fuzz_pass(struct fuzz *fuzz, uint64_t ns)
{
	uint64_t until = fuzz->now.boot_ns + ns;
	unsigned int steps = 0;

	while (path_next_deadline(fuzz->host) <= until) {
		if (path_next_deadline(fuzz->host) > fuzz->now.boot_ns)
			fuzz->now.boot_ns = path_next_deadline(fuzz->host);
		path_timer(fuzz->host, &fuzz->now);
		/* Nothing is so busy: it would spin. */
		if (++steps > 40 + ns / (CLOCK_MS * 2))
			__builtin_trap();
	}
	fuzz->now.boot_ns = until;
}

static size_t fuzz_step(struct fuzz *fuzz, const uint8_t *data, size_t size)
{
	struct path_peer *peer = fuzz->peer[(data[0] >> 4) % FUZZ_PEERS];
	struct endpoint src = source(data[1]);
	size_t len;

	switch (data[0] & 0xf) {
	case 0:
		fuzz_pass(fuzz, data[1] * 10 * CLOCK_MS);
		return 2;
	case 1:
		fuzz_pass(fuzz, data[1] * CLOCK_SECOND / 4);
		return 2;
	case 2:
		path_wanted(fuzz->host, &fuzz->now, peer);
		return 2;
	case 3:
		path_session(fuzz->host, &fuzz->now, peer,
			     PATH_SESSION_ESTABLISHED, &src);
		return 2;
	case 4:
		path_session(fuzz->host, &fuzz->now, peer,
			     PATH_SESSION_CONFIRMED + data[1] % 3, NULL);
		return 2;
	case 5:
		path_pong(fuzz->host, &fuzz->now, peer,
			  fuzz->token - data[1] % 8, &src, &src,
			  data[1] * CLOCK_MS);
		return 2;
	case 6:
		path_pinged(fuzz->host, &fuzz->now, peer, &src);
		return 2;
	case 7:
		path_moved(fuzz->host, &fuzz->now, peer, &src);
		return 2;
	case 8:
		path_traffic(fuzz->host, &fuzz->now, peer, data[1] % 3);
		return 2;
	case 9:
		fuzz_configure(fuzz, data[0] >> 4, data[1]);
		return 2;
	case 10: {
		struct path_address own = { src, data[1] % 129 };

		path_addresses_set(fuzz->host, &fuzz->now, &own,
				   data[1] & 1, data[1] & 2);
		return 2;
	}
	case 11:
		path_mapped_set(fuzz->host, &fuzz->now, &src, data[1] & 1);
		return 2;
	case 12:
		fuzz_turn(fuzz, data[1]);
		return 2;
	default:
		if (size < 4)
			return size;
		len = data[3] < size - 4 ? data[3] : size - 4;
		path_control(fuzz->host, &fuzz->now, peer, &src, data[2],
			     data + 4, len);
		return 4 + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {
		.now = { 1000 * CLOCK_SECOND, 1790000000 * CLOCK_SECOND },
	};
	const struct path_config config = { .cost[PATH_CLASS_RELAY] = 50 };
	uint8_t public[32] = { 0x80 };
	struct path_agent *agent;

	fuzz.host = path_host_new(&ops, &fuzz, &config, &fuzz.now);
	if (!fuzz.host || path_agent_add(fuzz.host, FUZZ_ADDRESS(0), public,
					 &agent))
		__builtin_trap();
	fuzz_peers(&fuzz, agent);
	while (size >= 2) {
		size_t step = fuzz_step(&fuzz, data, size);

		data += step;
		size -= step;
		fuzz_show(&fuzz);
	}
	path_host_free(fuzz.host);
	return 0;
}
