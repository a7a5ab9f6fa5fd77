// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Port mappings with a hostile gateway: a list of steps, each a kind, a length
 * and bytes. PCP answers carry the right nonce when the kind says so.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "natpmp.h"
#include "portmap.h"

enum { NONCE = 1, TIME = 2, RENEW = 4, OTHER = 8 };

static struct {
	uint8_t last[PCP_MAP_LEN];
	uint64_t now;
	unsigned int sent;
} state;

static void fuzz_send(void *ctx, const struct endpoint *src,
		      const struct endpoint *dst, const void *bytes, size_t len)
{
	(void)ctx;
	if (src->family != dst->family || dst->port != PCP_PORT ||
	    len > PCP_MAP_LEN)
		__builtin_trap();
	memcpy(state.last, bytes, len);
	state.sent++;
}

static void fuzz_changed(void *ctx)
{
	(void)ctx;
}

static void check(const struct portmap *map)
{
	if ((map->state == PORTMAP_MAPPED) !=
	    endpoint_is_set(&map->external))
		__builtin_trap();
	if (map->state == PORTMAP_MAPPED && endpoint_check(&map->external))
		__builtin_trap();
	if (map->state != PORTMAP_OFF && map->at == CLOCK_NEVER)
		__builtin_trap();
}

static void receive(struct portmap *map, unsigned int kind,
		    const uint8_t *bytes, size_t len)
{
	struct pcp_response response;
	struct natpmp_response old;
	struct endpoint src = map->gateway;
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, bytes, len);
	if (kind & NONCE && len >= PCP_MAP_LEN && copy[0] == 2) {
		memcpy(copy + 24, state.last + 24, PCP_NONCE_LEN);
		memcpy(copy + 36, state.last + 36, 6);
	}
	pcp_response_parse(copy, len, &response);
	natpmp_response_parse(copy, len, &old);
	src.port ^= !!(kind & OTHER);
	portmap_receive(map, state.now, &src, copy, len);
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
	static const struct portmap_ops ops = { fuzz_send, fuzz_changed };
	static const uint8_t secret[PORTMAP_SECRET_LEN];
	struct endpoint gateway, local;
	struct portmap map;
	uint64_t began;

	memset(&state, 0, sizeof(state));
	began = state.now = 1000 * CLOCK_SECOND;
	endpoint_parse("192.0.2.1:1", &gateway);
	endpoint_parse("192.0.2.10:1", &local);
	portmap_init(&map, &ops, NULL, 7740, secret);
	portmap_network(&map, state.now, &gateway, &local);
	while (size >= 2) {
		size_t len = data[1];

		if (len > size - 2)
			len = size - 2;
		if (data[0] & TIME) {
			state.now += len * CLOCK_SECOND;
			portmap_timer(&map, state.now);
		} else {
			receive(&map, data[0], data + 2, len);
		}
		if (data[0] & RENEW)
			portmap_renew(&map, state.now);
		check(&map);
		data += 2 + len;
		size -= 2 + len;
	}
	/* Whatever was said, it goes on at its own pace. */
	state.sent = 0;
	began = state.now;
	while (portmap_deadline(&map) < began + 3600 * CLOCK_SECOND) {
		if (portmap_deadline(&map) > state.now)
			state.now = portmap_deadline(&map);
		portmap_timer(&map, state.now);
		check(&map);
	}
	if (state.sent > 3600)
		__builtin_trap();
	return 0;
}
