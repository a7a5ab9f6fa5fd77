// SPDX-License-Identifier: GPL-2.0-or-later
/* The handshake messages from inside: payloads only a peer could make. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "handshake.h"
#include "stamp.h"
#include "tlv.h"

#define NOW	(1790000000ULL * CLOCK_SECOND)

static struct identity a, b, c;
static struct pair pair_a, pair_b;
static struct handshake_ends ends_a, ends_b;
static const struct handshake_terms good = {
	.address = 0x100001234, .index = 7, .epoch = 3, .soft_age = 120,
	.hard_age = 600, .lanes = 1, .cipher = WIRE_CIPHER_CHACHA20_POLY1305,
	.chacha = true, .aes = true, .aes_accelerated = true,
};
static const uint8_t ephemeral[32] = { 9 };

static int setup(void **state)
{
	uint8_t seed[32] = { 1 };

	(void)state;
	identity_from_seed(seed, &a);
	seed[0]++;
	identity_from_seed(seed, &b);
	seed[0]++;
	identity_from_seed(seed, &c);
	ends_a = (struct handshake_ends){ &a, b.public, b.x25519_public,
					  &pair_a, 1 };
	ends_b = (struct handshake_ends){ &b, a.public, a.x25519_public,
					  &pair_b, 1 };
	return pair_derive(&pair_a, &a, b.public, b.x25519_public, NULL) ||
	       pair_derive(&pair_b, &b, a.public, a.x25519_public, NULL);
}

/* An initiation of A to B around any payload, sealed by any static key. */
static size_t seal(const uint8_t *payload, size_t len,
		   const struct identity *id, uint8_t *frame)
{
	uint8_t prologue[sizeof(WIRE_PROTOCOL) - 1 + 2 + 32];
	crypto_generichash_state state;
	struct noise n;

	memcpy(prologue, WIRE_PROTOCOL, sizeof(WIRE_PROTOCOL) - 1);
	prologue[sizeof(WIRE_PROTOCOL) - 1] = 1;
	prologue[sizeof(WIRE_PROTOCOL)] = 0;
	memcpy(prologue + sizeof(prologue) - 32, b.public, 32);
	wire_init_begin(frame, 7, pair_hint(pair_a.hint_tx, stamp_hour(NOW)));
	noise_init(&n, true, prologue, sizeof(prologue), id->x25519_secret,
		   b.x25519_public, pair_a.noise_psk);
	assert_int_equal(noise_write_init(&n, ephemeral, payload, len,
					  frame + WIRE_INIT_NOISE), 0);
	len += WIRE_INIT_MIN;
	crypto_generichash_init(&state, pair_a.mac_tx, 32, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, WIRE_INIT_MAC1);
	crypto_generichash_update(&state, frame + WIRE_INIT_NOISE,
				  len - WIRE_INIT_NOISE);
	crypto_generichash_final(&state, frame + WIRE_INIT_MAC1, WIRE_MAC_LEN);
	return len;
}

static int payload_read(const uint8_t *payload, size_t len,
			struct handshake_terms *terms)
{
	uint8_t frame[WIRE_FRAME_MAX];
	struct handshake hs;
	uint64_t stamp;

	len = seal(payload, len, &a, frame);
	assert_true(handshake_init_mac_valid(&pair_b, frame, len));
	return handshake_init_read(&hs, &ends_b, frame, len, &stamp, terms);
}

/* The TLVs of a good initiation; @skip and @twice are numbers among them. */
static size_t payload_make(uint8_t *payload, size_t size, int skip, int twice)
{
	static const uint8_t limits[8] = { 120, 0, 0, 0, 0x58, 2, 0, 0 };
	static const uint8_t ciphers[] = { 1, 1, 2, 0, 77, 3 };
	struct tlv_writer w;

	stamp_encode(NOW, payload);
	tlv_write_begin(&w, payload + WIRE_STAMP_LEN, size - WIRE_STAMP_LEN);
	for (int i = 0; i < 6; i++) {
		for (int n = (i != skip) + (i == twice); n; n--) {
			switch (i) {
			case 0:
				tlv_write_u32(&w, WIRE_TLV_INDEX, 7);
				break;
			case 1:
				tlv_write_u32(&w, WIRE_TLV_EPOCH, 3);
				break;
			case 2:
				tlv_write(&w, WIRE_TLV_CIPHERS, ciphers, 6);
				break;
			case 3:
				tlv_write_u64(&w, WIRE_TLV_ADDRESS, 9);
				break;
			case 4:
				tlv_write_u8(&w, WIRE_TLV_LANES, 1);
				break;
			case 5:
				tlv_write(&w, WIRE_TLV_LIMITS, limits, 8);
				break;
			}
		}
	}
	return WIRE_STAMP_LEN + w.len;
}

static void test_whole(void **state)
{
	struct handshake_keys keys_a, keys_b;
	uint8_t frame[WIRE_FRAME_MAX];
	struct handshake_terms terms;
	struct handshake ha, hb;
	uint64_t stamp;
	int len;

	(void)state;
	len = handshake_init_write(&ha, &ends_a, &good, NOW, ephemeral, NULL,
				   frame);
	assert_true(len > 0 && len <= WIRE_FRAME_MAX);
	assert_true(handshake_init_mac_valid(&pair_b, frame, len));
	assert_int_equal(handshake_init_read(&hb, &ends_b, frame, len, &stamp,
					     &terms), 0);
	assert_int_equal(stamp, NOW);
	assert_int_equal(terms.address, good.address);
	assert_int_equal(terms.epoch, 3);
	assert_true(terms.aes && terms.chacha && terms.aes_accelerated);

	len = handshake_resp_write(&hb, &ends_b, &good, 7, ephemeral, frame,
				   &keys_b);
	assert_true(len > 0);
	assert_int_equal(handshake_resp_read(&ha, &ends_a, frame, len, &terms,
					     &keys_a), 0);
	assert_int_equal(terms.cipher, WIRE_CIPHER_CHACHA20_POLY1305);
	assert_memory_equal(keys_a.tx, keys_b.rx, 32);
	assert_memory_equal(keys_a.rx, keys_b.tx, 32);
	assert_memory_equal(keys_a.control_tx, keys_b.control_rx, 32);
	assert_memory_equal(keys_a.control_rx, keys_b.control_tx, 32);
	assert_memory_not_equal(keys_a.tx, keys_a.rx, 32);
	assert_memory_not_equal(keys_a.tx, keys_a.control_tx, 32);
}

static void test_payload_rules(void **state)
{
	static const uint8_t filler[400];
	struct handshake_terms terms;
	struct tlv_writer w;
	uint8_t payload[900];
	size_t len;

	(void)state;
	len = payload_make(payload, sizeof(payload), -1, -1);
	assert_int_equal(payload_read(payload, len, &terms), 0);
	for (int i = 0; i < 6; i++) {
		len = payload_make(payload, sizeof(payload), i, -1);
		assert_int_equal(payload_read(payload, len, &terms), -EBADMSG);
		len = payload_make(payload, sizeof(payload), -1, i);
		assert_int_equal(payload_read(payload, len, &terms), -EBADMSG);
	}
	/* What is not known is skipped, be it twice there. */
	len = payload_make(payload, sizeof(payload), -1, -1);
	tlv_write_begin(&w, payload + len, sizeof(payload) - len);
	tlv_write_u64(&w, WIRE_TLV_LANE_PORTS + 1, 1);
	tlv_write_u64(&w, WIRE_TLV_LANE_PORTS + 1, 1);
	tlv_write(&w, 0, NULL, 0);
	tlv_write(&w, 0xffff, filler, sizeof(filler));
	assert_int_equal(w.err, 0);
	assert_int_equal(payload_read(payload, len + w.len, &terms), 0);
}

/* Sealed and authentic, but the payload ends too early: at every byte. */
static void test_payload_cut(void **state)
{
	struct handshake_terms terms;
	uint8_t payload[200];
	size_t whole;

	(void)state;
	whole = payload_make(payload, sizeof(payload), -1, -1);
	for (size_t len = 0; len < whole; len++)
		assert_int_equal(payload_read(payload, len, &terms), -EBADMSG);
}

/* Any wrong length of a known TLV. */
static void test_payload_lengths(void **state)
{
	static const int right[] = { 4, 4, 0, 0, 8, 1, 8 };
	uint8_t payload[200], value[12] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct handshake_terms terms;
	struct tlv_writer w;

	(void)state;
	for (int type = WIRE_TLV_INDEX; type <= WIRE_TLV_LIMITS; type++) {
		int number = type > WIRE_TLV_CIPHER ? type - 2 : type - 1;
		size_t len;

		if (type == WIRE_TLV_CIPHER)
			continue;
		for (int size = 0; size < 12; size++) {
			if (size == right[type - 1] ||
			    (type == WIRE_TLV_CIPHERS && size && !(size % 2)))
				continue;
			len = payload_make(payload, sizeof(payload), number,
					   -1);
			tlv_write_begin(&w, payload + len,
					sizeof(payload) - len);
			tlv_write(&w, type, value, size);
			assert_int_equal(payload_read(payload, len + w.len,
						      &terms), -EBADMSG);
		}
	}
}

/* A payload that offers @lanes, with @count ports, the first is 1000. */
static size_t lanes_make(uint8_t *payload, size_t size, int lanes, int count)
{
	size_t len = payload_make(payload, size, 4, -1);
	uint8_t ports[64];
	struct tlv_writer w;

	for (int i = 0; i < count; i++)
		wire_put16(ports + 2 * i, 1000 + i);
	tlv_write_begin(&w, payload + len, size - len);
	tlv_write_u8(&w, WIRE_TLV_LANES, lanes);
	if (count >= 0)
		tlv_write(&w, WIRE_TLV_LANE_PORTS, ports, 2 * count);
	assert_int_equal(w.err, 0);
	return len + w.len;
}

/* Lanes count as far as their ports are told; -1: no such TLV. */
static void test_lanes_offered(void **state)
{
	struct handshake_terms terms;
	uint8_t payload[300];

	(void)state;
	for (int lanes = 1; lanes < 256; lanes++) {
		for (int count = -1; count < 8; count++) {
			int known = count < 0 ? 1 : count + 1;
			size_t len = lanes_make(payload, sizeof(payload),
						lanes, count);

			assert_int_equal(payload_read(payload, len, &terms), 0);
			assert_int_equal(terms.lanes, known < lanes ? known :
						      lanes);
			for (int i = 0; i < count; i++)
				assert_int_equal(terms.ports[i], 1000 + i);
		}
	}
	for (int count = -1; count < 8; count++) {
		size_t len = lanes_make(payload, sizeof(payload), 0, count);

		assert_int_equal(payload_read(payload, len, &terms), -EBADMSG);
	}
}

/* Ports that are not whole, too many, zero, twice there, or cut short. */
static void test_ports_refused(void **state)
{
	uint8_t payload[300], ports[64];
	struct handshake_terms terms;
	struct tlv_writer w;
	size_t len;

	(void)state;
	memset(ports, 1, sizeof(ports));
	for (int size = 0; size < 64; size++) {
		len = lanes_make(payload, sizeof(payload), 8, -1);
		tlv_write_begin(&w, payload + len, sizeof(payload) - len);
		tlv_write(&w, WIRE_TLV_LANE_PORTS, ports, size);
		assert_int_equal(payload_read(payload, len + w.len, &terms),
				 size % 2 || size > 14 ? -EBADMSG : 0);
	}
	for (int zero = 0; zero < 7; zero++) {
		len = lanes_make(payload, sizeof(payload), 1, 7);
		memset(payload + len - 14 + 2 * zero, 0, 2);
		assert_int_equal(payload_read(payload, len, &terms), -EBADMSG);
	}
	len = lanes_make(payload, sizeof(payload), 8, 7);
	tlv_write_begin(&w, payload + len, sizeof(payload) - len);
	tlv_write(&w, WIRE_TLV_LANE_PORTS, ports, 14);
	assert_int_equal(payload_read(payload, len, &terms), 0);
	assert_int_equal(payload_read(payload, len + w.len, &terms), -EBADMSG);
	for (size_t cut = 1; cut < TLV_HEADER_LEN + 14; cut++)
		assert_int_equal(payload_read(payload, len - cut, &terms),
				 -EBADMSG);
	/* Without it altogether there is the one lane. */
	assert_int_equal(payload_read(payload, len - TLV_HEADER_LEN - 14,
				      &terms), 0);
	assert_int_equal(terms.lanes, 1);
}

static void frame_hash(const uint8_t *frame, int len, char *hex)
{
	uint8_t hash[16];

	assert_true(len > 0);
	crypto_generichash(hash, sizeof(hash), frame, len, NULL, 0);
	sodium_bin2hex(hex, 33, hash, sizeof(hash));
}

/* What an end with one lane says is what it said before there were more. */
static void test_one_lane_unchanged(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX];
	struct handshake_terms terms;
	struct handshake_keys keys;
	struct handshake ha, hb;
	uint64_t stamp;
	char hex[33];
	int len;

	(void)state;
	len = handshake_init_write(&ha, &ends_a, &good, NOW, ephemeral, NULL,
				   frame);
	frame_hash(frame, len, hex);
	assert_string_equal(hex, "e25df87be01384222ed99744a39eda72");
	assert_int_equal(handshake_init_read(&hb, &ends_b, frame, len, &stamp,
					     &terms), 0);
	len = handshake_resp_write(&hb, &ends_b, &good, 7, ephemeral, frame,
				   &keys);
	frame_hash(frame, len, hex);
	assert_string_equal(hex, "44c928776c35c84ec603bb4ed57f4936");
}

/* Both ends get the same keys for a lane; no two keys are the same. */
static void test_lane_keys(void **state)
{
	struct handshake_terms ours = good, theirs;
	struct handshake_keys keys_a, keys_b, none;
	uint8_t frame[WIRE_FRAME_MAX];
	uint8_t first[32], second[32];
	struct handshake ha, hb;
	const uint8_t *all[20];
	size_t n = 0;
	uint64_t stamp;
	int len;

	(void)state;
	memset(&keys_a, 0xee, sizeof(keys_a));
	memset(&keys_b, 0xee, sizeof(keys_b));
	memset(&none, 0xee, sizeof(none));
	ours.lanes = WIRE_LANES_MAX;
	for (int i = 0; i < WIRE_LANES_MAX - 1; i++)
		ours.ports[i] = 60000 + i;
	len = handshake_init_write(&ha, &ends_a, &ours, NOW, ephemeral, NULL,
				   frame);
	assert_true(len > 0);
	assert_int_equal(handshake_init_read(&hb, &ends_b, frame, len, &stamp,
					     &theirs), 0);
	assert_int_equal(handshake_lanes(&ours, &theirs), WIRE_LANES_MAX);
	assert_memory_equal(theirs.ports, ours.ports, sizeof(ours.ports));
	ours.lanes = 3;
	len = handshake_resp_write(&hb, &ends_b, &ours, 7, ephemeral, frame,
				   &keys_b);
	assert_int_equal(handshake_resp_read(&ha, &ends_a, frame, len, &theirs,
					     &keys_a), 0);
	assert_int_equal(theirs.lanes, 3);
	assert_int_equal(handshake_lanes(&theirs, &good), 1);
	handshake_lanes_take(&ha, true, 3, &keys_a);
	handshake_lanes_take(&hb, false, 3, &keys_b);

	all[n++] = keys_a.tx;
	all[n++] = keys_a.rx;
	all[n++] = keys_a.control_tx;
	all[n++] = keys_a.control_rx;
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(keys_a.lane[i].tx, keys_b.lane[i].rx, 32);
		assert_memory_equal(keys_a.lane[i].rx, keys_b.lane[i].tx, 32);
		all[n++] = keys_a.lane[i].tx;
		all[n++] = keys_a.lane[i].rx;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(all[i], all[j], 32);
	noise_export(&ha.noise, "pilot-link lane 1 2", first, second);
	assert_memory_equal(keys_a.lane[1].tx, first, 32);
	assert_memory_equal(keys_a.lane[1].rx, second, 32);
	/* What is not used is not made. */
	assert_memory_equal(&keys_a.lane[2], &none.lane[2],
			    5 * sizeof(none.lane[0]));
	memset(&none, 0, sizeof(none));
	handshake_keys_wipe(&keys_a);
	assert_memory_equal(&keys_a, &none, sizeof(none));
}

/* The keys of the pair, but the static key of someone else. */
static void test_other_static(void **state)
{
	uint8_t payload[200], frame[WIRE_FRAME_MAX];
	struct handshake_terms terms;
	struct handshake hs;
	uint64_t stamp;
	size_t len;

	(void)state;
	len = payload_make(payload, sizeof(payload), -1, -1);
	len = seal(payload, len, &c, frame);
	assert_true(handshake_init_mac_valid(&pair_b, frame, len));
	assert_int_equal(handshake_init_read(&hs, &ends_b, frame, len, &stamp,
					     &terms), -EBADMSG);
}

/* The response to another initiation fails at the MAC in front. */
static void test_other_response(void **state)
{
	uint8_t frame[WIRE_FRAME_MAX], second[WIRE_FRAME_MAX];
	struct handshake one, two, hb;
	struct handshake_terms terms;
	struct handshake_keys keys;
	uint64_t stamp;
	int len;

	(void)state;
	len = handshake_init_write(&two, &ends_a, &good, NOW + 1, ephemeral,
				   NULL, second);
	assert_true(len > 0);
	len = handshake_init_write(&one, &ends_a, &good, NOW, ephemeral, NULL,
				   frame);
	assert_int_equal(handshake_init_read(&hb, &ends_b, frame, len, &stamp,
					     &terms), 0);
	len = handshake_resp_write(&hb, &ends_b, &good, 7, ephemeral, frame,
				   &keys);
	assert_true(handshake_resp_mac_valid(&one, &pair_a, frame, len));
	assert_false(handshake_resp_mac_valid(&two, &pair_a, frame, len));
}

static void test_cipher_choice(void **state)
{
	struct handshake_terms ours = good, theirs = good;

	(void)state;
	assert_int_equal(handshake_cipher_choose(&ours, &theirs),
			 WIRE_CIPHER_AES_256_GCM);
	theirs.aes_accelerated = false;
	assert_int_equal(handshake_cipher_choose(&ours, &theirs),
			 WIRE_CIPHER_CHACHA20_POLY1305);
	theirs.chacha = false;
	assert_int_equal(handshake_cipher_choose(&ours, &theirs),
			 WIRE_CIPHER_AES_256_GCM);
	theirs.aes = false;
	assert_int_equal(handshake_cipher_choose(&ours, &theirs), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_payload_rules),
		cmocka_unit_test(test_payload_cut),
		cmocka_unit_test(test_payload_lengths),
		cmocka_unit_test(test_lanes_offered),
		cmocka_unit_test(test_ports_refused),
		cmocka_unit_test(test_one_lane_unchanged),
		cmocka_unit_test(test_lane_keys),
		cmocka_unit_test(test_other_static),
		cmocka_unit_test(test_other_response),
		cmocka_unit_test(test_cipher_choice),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("handshake", tests, setup, NULL);
}
