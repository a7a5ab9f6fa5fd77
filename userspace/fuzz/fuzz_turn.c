// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client against a hostile server that knows the password and sees every
 * request, with peers that ask for whatever they like. Each step is a kind, a
 * length and bytes.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <re_types.h>
#include <re_hmac.h>

#include "be.h"
#include "turn_pool.h"

#define SENT		16
#define SIGNATURE	24

static struct {
	uint8_t head[SENT][STUN_MESSAGE_MIN];	/* of requests, the last ones */
	unsigned int sent;
	struct turn_pool pool;
	bool wanted;			/* the connection to the second server */
	uint64_t now;
} state;

static void fuzz_send(void *ctx, const struct endpoint *dst, const void *bytes,
		      size_t len)
{
	(void)ctx;
	if (endpoint_check(dst) || !stun_is_message(bytes, len))
		__builtin_trap();
	memcpy(state.head[state.sent++ % SENT], bytes, STUN_MESSAGE_MIN);
}

static void fuzz_none(void *ctx)
{
	(void)ctx;
}

static void fuzz_changed(void *ctx)
{
	const struct turn_client *client = turn_pool_current(&state.pool);

	(void)ctx;
	if (client && endpoint_check(&client->relayed))
		__builtin_trap();
}

static void fuzz_frame(void *ctx, const struct endpoint *src,
		       const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	if (endpoint_check(src) || src->kind != ENDPOINT_TURN || !len)
		__builtin_trap();
}

static void fuzz_told(void *ctx, const struct turn_client *server)
{
	(void)ctx;
	if (!memchr(server->problem, 0, sizeof(server->problem)))
		__builtin_trap();
}

static void fuzz_connect(void *ctx, unsigned int server, bool wanted)
{
	(void)ctx;
	/* The other one is reached by UDP. */
	if (server != 1 || wanted == state.wanted)
		__builtin_trap();
	state.wanted = wanted;
}

static const struct turn_pool_ops ops = {
	.send = fuzz_send, .changed = fuzz_changed, .bound = fuzz_none,
	.frame = fuzz_frame, .told = fuzz_told, .checked = fuzz_none,
	.connect = fuzz_connect,
};

/* MESSAGE-INTEGRITY, RFC 8489 14.5. Return: the new length. */
static size_t sign(uint8_t *message, size_t len, const uint8_t *key)
{
	be_put16(message + 2, len - STUN_MESSAGE_MIN + SIGNATURE);
	be_put16(message + len, 0x0008);
	be_put16(message + len + 2, SIGNATURE - 4);
	hmac_sha1(key, TURN_KEY_LEN, message, len, message + len + 4,
		  SIGNATURE - 4);
	return len + SIGNATURE;
}

/* An answer to one of the last requests, signed or not, or data of a peer. */
static void receive(uint8_t kind, const uint8_t *bytes, size_t len)
{
	const struct turn_client *client = &state.pool.server[kind >> 7].client;
	struct endpoint src = client->at;
	uint8_t *copy = malloc(STUN_MESSAGE_MIN + len + SIGNATURE);
	uint16_t type;

	memcpy(copy, state.head[kind % SENT], STUN_MESSAGE_MIN);
	type = be_get16(copy) | (kind & 0x20 ? 0x110 : 0x100);
	be_put16(copy, kind & 0x40 ? 0x0017 : type);
	be_put16(copy + 2, len);
	memcpy(copy + 4, "\x21\x12\xa4\x42", 4);
	memcpy(copy + STUN_MESSAGE_MIN, bytes, len);
	len += STUN_MESSAGE_MIN;
	if (client->has_realm && !(kind & 0x50))
		len = sign(copy, len, client->realm.key);
	turn_pool_receive(&state.pool, state.now, &src, copy, len);
	free(copy);
}

/* What is said of it, in time or late; nothing, mostly. */
static void connection(uint8_t kind)
{
	struct endpoint local;

	if (!(kind & 0x80))
		return;
	endpoint_parse("127.64.1.1:5000", &local);
	if (kind & 1)
		turn_pool_connected(&state.pool, state.now, 1, &local, "");
	else
		turn_pool_connected(&state.pool, state.now, 1, NULL,
				    kind & 2 ? "" : "it was ended");
}

static void want(uint8_t kind, const uint8_t *bytes, size_t len)
{
	struct turn_client *client = turn_pool_current(&state.pool);
	struct endpoint peer = { .family = AF_INET, .port = 7740 }, via;

	if (len >= 4)
		memcpy(&peer.in4, bytes, 4);
	turn_pool_need(&state.pool, state.now, kind % 3);
	if (kind & 4)
		turn_pool_check(&state.pool, state.now);
	if (kind & 8)
		turn_pool_moved(&state.pool, state.now);
	connection(kind);
	client = turn_pool_current(&state.pool);
	if (!client)
		return;
	turn_permit(client, state.now, &peer);
	if (!turn_channel(client, state.now, &peer, &via))
		turn_keep(client, state.now, &via);
}

static void run(uint64_t until)
{
	unsigned int steps = 0;

	while (turn_pool_deadline(&state.pool) <= until) {
		if (turn_pool_deadline(&state.pool) > state.now)
			state.now = turn_pool_deadline(&state.pool);
		turn_pool_timer(&state.pool, state.now);
		/* It has to come to rest at any time. */
		if (++steps > 10000)
			__builtin_trap();
	}
	state.now = until;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return sodium_init() < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct turn_account accounts[2] = {
		{ .user = "u", .password = "p" },
		{ .user = "u", .password = "p", .transport = TURN_TLS },
	};

	memset(&state, 0, sizeof(state));
	state.now = 1000 * CLOCK_SECOND;
	endpoint_parse("203.0.113.1:3478", &accounts[0].server);
	endpoint_parse("203.0.113.2:3478", &accounts[1].server);
	turn_pool_init(&state.pool, &ops, NULL, accounts, 2);
	turn_pool_need(&state.pool, state.now, TURN_NEED_LACK);
	while (size >= 2) {
		size_t len = data[1] & ~3;

		if (len > size - 2)
			len = (size - 2) & ~3;
		if ((data[0] & 0x70) == 0x70)
			want(data[0], data + 2, len);
		else
			receive(data[0], data + 2, len);
		run(state.now + (data[1] & 3) * 10 * CLOCK_SECOND +
		    data[0] * CLOCK_MS);
		data += 2 + len;
		size -= 2 + len;
	}
	turn_pool_need(&state.pool, state.now, TURN_NEED_NONE);
	run(state.now + 2 * TURN_POOL_UNUSED);
	if (state.pool.used)
		__builtin_trap();
	turn_pool_release(&state.pool, state.now);
	if (state.wanted)
		__builtin_trap();
	return 0;
}
