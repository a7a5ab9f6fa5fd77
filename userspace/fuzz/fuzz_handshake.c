// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams from a source that may know the pair secret: with the first byte
 * of the input the MACs in front are made right, or the payload is sealed
 * too, so that the fuzzer gets as deep as a trusted peer that went bad.
 */
#include <sodium.h>
#include <string.h>

#include "addr.h"
#include "cookie.h"
#include "handshake.h"
#include "session.h"
#include "stamp.h"

#define LANES	4

static struct identity us, them;
static struct pair pair;		/* theirs */

static struct session_agent *agent;
static struct session_peer *peer;
static struct session_host *host;
static uint8_t last[WIRE_FRAME_MAX];
static size_t last_len;
static uint64_t counter;

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	(void)ctx;
	(void)dst;
	if (len > sizeof(last))
		__builtin_trap();
	memcpy(last, bytes, len);
	last_len = len;
}

static int op_key_install(void *ctx, struct session_agent *a,
			  struct session_peer *p, const struct session_key *key)
{
	(void)ctx;
	if (a != agent || p != peer || key->soft_age > 120 ||
	    key->hard_age > 600 || key->soft_age > key->hard_age ||
	    !key->epoch || key->lane >= LANES || !key->lane != !key->port)
		__builtin_trap();
	return 0;
}

static void op_key_delete(void *ctx, struct session_agent *a,
			  struct session_peer *p, uint8_t lane, uint32_t epoch)
{
	if (lane >= LANES)
		__builtin_trap();
	(void)ctx;
	(void)a;
	(void)p;
	(void)epoch;
}

static int op_endpoint_set(void *ctx, struct session_agent *a,
			   struct session_peer *p, const struct endpoint *ep)
{
	(void)ctx;
	(void)a;
	(void)p;
	(void)ep;
	return 0;
}

static void op_notify(void *ctx, enum session_notice notice,
		      struct session_agent *a, struct session_peer *p,
		      const char *text)
{
	(void)ctx;
	(void)notice;
	(void)a;
	(void)p;
	(void)text;
}

static void op_random(void *ctx, void *buf, size_t len)
{
	uint8_t seed[randombytes_SEEDBYTES] = { 0 };

	(void)ctx;
	counter++;
	memcpy(seed, &counter, sizeof(counter));
	randombytes_buf_deterministic(buf, len, seed);
}

static const struct session_ops ops = {
	.send = op_send, .key_install = op_key_install,
	.key_delete = op_key_delete, .endpoint_set = op_endpoint_set,
	.notify = op_notify, .random = op_random,
};

static void begin(const struct clock *now, const struct endpoint *src)
{
	static const struct session_config lanes = {
		.lanes = LANES, .ports = { 7741, 7742, 7743 },
	};
	struct session_peer_config config = { .endpoint = *src };

	counter = 0;
	last_len = 0;
	host = session_host_new(&ops, NULL, &lanes, now);
	session_agent_add(host, &us, addr_derive(us.public, 1), NULL, &agent);
	memcpy(config.public, them.public, sizeof(config.public));
	session_peer_add(host, now, agent, &config, NULL, &peer);
}

static void mac_put(const uint8_t *key, const uint8_t *frame, size_t head,
		    size_t rest, size_t len, const uint8_t *tail, uint8_t *mac)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, 32, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, head);
	crypto_generichash_update(&state, frame + rest, len - rest);
	if (tail)
		crypto_generichash_update(&state, tail, WIRE_MAC_LEN);
	crypto_generichash_final(&state, mac, WIRE_MAC_LEN);
}

/* Noise and MAC around a payload of the fuzzer's choice. */
static size_t seal_init(const struct clock *now, const uint8_t *data,
			size_t size, uint8_t *frame)
{
	uint8_t prologue[sizeof(WIRE_PROTOCOL) - 1 + 2 + 32], e[32] = { 1 };
	uint8_t payload[900];
	struct noise n;
	size_t len;

	if (size > sizeof(payload) - WIRE_STAMP_LEN)
		size = sizeof(payload) - WIRE_STAMP_LEN;
	stamp_encode(now->real_ns, payload);
	memcpy(payload + WIRE_STAMP_LEN, data, size);
	memcpy(prologue, WIRE_PROTOCOL, sizeof(WIRE_PROTOCOL) - 1);
	prologue[sizeof(prologue) - 34] = 1;
	prologue[sizeof(prologue) - 33] = 0;
	memcpy(prologue + sizeof(prologue) - 32, us.public, 32);
	wire_init_begin(frame, size >= 8 ? wire_get32(data + 4) : 0,
			pair_hint(pair.hint_tx, stamp_hour(now->real_ns)));
	noise_init(&n, true, prologue, sizeof(prologue), them.x25519_secret,
		   us.x25519_public, pair.noise_psk);
	noise_write_init(&n, e, payload, WIRE_STAMP_LEN + size,
			 frame + WIRE_INIT_NOISE);
	len = WIRE_INIT_NOISE + NOISE_INIT_OVERHEAD + WIRE_STAMP_LEN + size;
	mac_put(pair.mac_tx, frame, WIRE_INIT_MAC1, WIRE_INIT_NOISE, len, NULL,
		frame + WIRE_INIT_MAC1);
	return len;
}

/* The same for an answer to the message that was just sent. */
static size_t seal_resp(const uint8_t *data, size_t size, uint8_t *frame)
{
	struct handshake_ends ends = {
		.self = &them, .peer = us.public,
		.peer_x25519 = us.x25519_public, .pair = &pair, .network = 1,
	};
	uint8_t e[32] = { 2 }, init_mac[WIRE_MAC_LEN];
	struct handshake_terms terms;
	struct handshake hs;
	uint64_t stamp;
	size_t len;

	if (size > 900)
		size = 900;
	if (handshake_init_read(&hs, &ends, last, last_len, &stamp, &terms))
		__builtin_trap();
	memcpy(init_mac, last + WIRE_INIT_MAC1, WIRE_MAC_LEN);
	wire_resp_begin(frame, size >= 8 ? wire_get32(data + 4) : 0,
			terms.index);
	noise_write_resp(&hs.noise, e, data, size, frame + WIRE_RESP_NOISE);
	len = WIRE_RESP_NOISE + NOISE_RESP_OVERHEAD + size;
	mac_put(pair.mac_tx, frame, WIRE_RESP_MAC1, WIRE_RESP_NOISE, len,
		init_mac, frame + WIRE_RESP_MAC1);
	return len;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t seed[32] = { 1 };

	(void)argc;
	(void)argv;
	if (sodium_init() < 0)
		__builtin_trap();
	identity_from_seed(seed, &us);
	seed[0]++;
	identity_from_seed(seed, &them);
	return pair_derive(&pair, &them, us.public, us.x25519_public, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clock now = { CLOCK_SECOND, 1790000000ULL * CLOCK_SECOND };
	uint8_t frame[WIRE_FRAME_MAX];
	struct endpoint src;
	size_t len;

	if (!size || size > sizeof(frame))
		return 0;
	endpoint_parse("192.0.2.1:7740", &src);
	begin(&now, &src);
	if (data[0] & 4)
		session_acquire(host, &now, session_agent_address(agent),
				session_peer_address(peer));
	len = size - 1;
	memcpy(frame, data + 1, len);
	switch (data[0] & 3) {
	case 1:				/* right MAC and hint, all else free */
		if (len < WIRE_INIT_NOISE)
			break;
		wire_init_begin(frame, wire_get32(frame + 4),
				pair_hint(pair.hint_tx,
					  stamp_hour(now.real_ns)));
		mac_put(pair.mac_tx, frame, WIRE_INIT_MAC1, WIRE_INIT_NOISE,
			len, NULL, frame + WIRE_INIT_MAC1);
		break;
	case 2:
		len = seal_init(&now, data + 1, size - 1, frame);
		break;
	case 3:
		if (last_len)
			len = seal_resp(data + 1, size - 1, frame);
		break;
	}
	session_receive(host, &now, &src, frame, len);
	now.boot_ns += 700 * CLOCK_MS;
	session_timer(host, &now);
	session_host_free(host);
	return 0;
}
