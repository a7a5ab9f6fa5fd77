// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client against a hostile server, which sees every request: a list of
 * steps, each a kind, a length and bytes.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "stun.h"

static struct {
	uint8_t tid[16][STUN_TID_LEN];	/* of the requests, the last ones */
	struct endpoint dst[16];
	unsigned int sent;
	unsigned int done;
} state;

static void fuzz_send(void *ctx, const struct endpoint *dst, const void *bytes,
		      size_t len)
{
	(void)ctx;
	if (endpoint_check(dst) || !stun_is_message(bytes, len))
		__builtin_trap();
	memcpy(state.tid[state.sent % 16], stun_tid(bytes), STUN_TID_LEN);
	state.dst[state.sent % 16] = *dst;
	state.sent++;
}

static void fuzz_done(void *ctx)
{
	(void)ctx;
	state.done++;
}

static void receive(struct stun_client *client, uint64_t now, uint8_t kind,
		    const uint8_t *bytes, size_t len)
{
	struct endpoint src = state.dst[kind % 16];
	uint8_t *copy = malloc(STUN_MESSAGE_MIN + len);

	memset(copy, 0, STUN_MESSAGE_MIN);
	copy[0] = 1;
	copy[1] = kind & 0x20 ? 0x11 : 0x01;
	copy[2] = len >> 8;
	copy[3] = len;
	memcpy(copy + 4, "\x21\x12\xa4\x42", 4);
	memcpy(copy + 8, state.tid[kind % 16], STUN_TID_LEN);
	memcpy(copy + STUN_MESSAGE_MIN, bytes, len);
	/* From the other port, or from another server's. */
	if (kind & 0x40)
		src.port ^= 1;
	if (kind & 0x80 && src.family == AF_INET)
		src.in4.s_addr ^= htonl(3);
	stun_client_receive(client, now, &src, copy, STUN_MESSAGE_MIN + len);
	free(copy);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return sodium_init() < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stun_client_ops ops = { fuzz_send, fuzz_done };
	struct endpoint servers[2];
	struct stun_client client;
	uint64_t now = 1000 * CLOCK_SECOND, until = now;
	unsigned int runs = 0;

	memset(&state, 0, sizeof(state));
	endpoint_parse("203.0.113.1:3478", &servers[0]);
	endpoint_parse("203.0.113.2:3478", &servers[1]);
	stun_client_init(&client, &ops, NULL, servers, 2);
	while (size >= 2) {
		size_t len = data[1] & ~3;

		if (!client.runs) {
			stun_client_start(&client, now);
			runs++;
		}
		if (len > size - 2)
			len = (size - 2) & ~3;
		receive(&client, now, data[0], data + 2, len);
		until = now + data[1] * CLOCK_MS;
		while (stun_client_deadline(&client) <= until) {
			now = stun_client_deadline(&client);
			stun_client_timer(&client, now);
		}
		now = until;
		data += 2 + len;
		size -= 2 + len;
	}
	/* It ends by itself, and is bounded in what it sends. */
	while (client.runs) {
		if (stun_client_deadline(&client) == CLOCK_NEVER)
			__builtin_trap();
		stun_client_timer(&client, stun_client_deadline(&client));
	}
	if (state.done != runs || state.sent > runs * 2 * 4 + runs * (6 + 8))
		__builtin_trap();
	return 0;
}
