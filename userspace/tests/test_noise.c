// SPDX-License-Identifier: GPL-2.0-or-later
/* The Noise handshake against the published vectors, and against damage. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "noise.h"
#include "noise_vectors.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

struct run {
	uint8_t prologue[64], psk[32], is[32], ie[32], rp[32], rs[32], re[32];
	size_t prologue_len;
	struct noise init, resp;
	uint8_t init_tx[32], init_rx[32], resp_tx[32], resp_rx[32];
	uint8_t payload[512], expected[512], message[512], plain[512];
	size_t payload_len, expected_len;
};

static void run_begin(struct run *run, const struct noise_vector *v)
{
	memset(run, 0, sizeof(*run));
	run->prologue_len = check_hex(v->prologue, run->prologue, 64);
	check_hex(v->init_static, run->is, 32);
	check_hex(v->init_ephemeral, run->ie, 32);
	check_hex(v->resp_public, run->rp, 32);
	check_hex(v->resp_static, run->rs, 32);
	check_hex(v->resp_ephemeral, run->re, 32);
	if (v->psk)
		check_hex(v->psk, run->psk, 32);
	noise_init(&run->init, true, run->prologue, run->prologue_len, run->is,
		   run->rp, v->psk ? run->psk : NULL);
	noise_init(&run->resp, false, run->prologue, run->prologue_len,
		   run->rs, NULL, v->psk ? run->psk : NULL);
}

static void run_message(struct run *run, const struct noise_vector *v, int i)
{
	run->payload_len = check_hex(v->messages[i].payload, run->payload,
				     512);
	run->expected_len = check_hex(v->messages[i].ciphertext,
				      run->expected, 512);
}

static void run_init(struct run *run, const struct noise_vector *v)
{
	run_message(run, v, 0);
	assert_int_equal(noise_write_init(&run->init, run->ie, run->payload,
					  run->payload_len, run->message), 0);
	assert_int_equal(run->payload_len + NOISE_INIT_OVERHEAD,
			 run->expected_len);
}

static void run_resp(struct run *run, const struct noise_vector *v)
{
	run_message(run, v, 1);
	assert_int_equal(noise_write_resp(&run->resp, run->re, run->payload,
					  run->payload_len, run->message), 0);
	assert_int_equal(run->payload_len + NOISE_RESP_OVERHEAD,
			 run->expected_len);
}

static void run_transport(struct run *run, const struct noise_vector *v)
{
	for (size_t i = 2; i < COUNT(v->messages) && v->messages[i].payload;
	     i++) {
		uint8_t nonce[12] = { [4] = (i - 2) / 2 };

		run_message(run, v, i);
		crypto_aead_chacha20poly1305_ietf_encrypt(run->message, NULL,
				run->payload, run->payload_len, NULL, 0, NULL,
				nonce, i % 2 ? run->resp_tx : run->init_tx);
		assert_memory_equal(run->message, run->expected,
				    run->expected_len);
	}
}

static void test_vectors(void **state)
{
	uint8_t hash[64];
	struct run run;

	(void)state;
	assert_int_equal(COUNT(noise_vectors), 3);
	for (size_t n = 0; n < COUNT(noise_vectors); n++) {
		const struct noise_vector *v = &noise_vectors[n];

		run_begin(&run, v);
		run_init(&run, v);
		assert_memory_equal(run.message, run.expected,
				    run.expected_len);
		assert_int_equal(noise_read_init_static(&run.resp, run.message,
				 run.expected_len), 0);
		assert_memory_equal(run.resp.rs, run.init.s_public, 32);
		assert_int_equal(noise_read_init_payload(&run.resp,
				 run.message, run.expected_len, run.plain), 0);
		assert_memory_equal(run.plain, run.payload, run.payload_len);

		run_resp(&run, v);
		assert_memory_equal(run.message, run.expected,
				    run.expected_len);
		assert_int_equal(noise_read_resp(&run.init, run.message,
				 run.expected_len, run.plain), 0);
		assert_memory_equal(run.plain, run.payload, run.payload_len);

		noise_split(&run.init, run.init_tx, run.init_rx);
		noise_split(&run.resp, run.resp_rx, run.resp_tx);
		assert_memory_equal(run.init_tx, run.resp_rx, 32);
		assert_memory_equal(run.init_rx, run.resp_tx, 32);
		assert_memory_equal(run.init.h, run.resp.h, 64);
		if (v->hash) {
			check_hex(v->hash, hash, 64);
			assert_memory_equal(run.init.h, hash, 64);
		}
		run_transport(&run, v);
	}
}

static int read_init(struct noise *n, const uint8_t *msg, size_t len,
		     uint8_t *plain)
{
	int ret = noise_read_init_static(n, msg, len);

	return ret ? ret : noise_read_init_payload(n, msg, len, plain);
}

static void test_damage(void **state)
{
	const struct noise_vector *v = &noise_vectors[1];
	struct noise before;
	struct run run;

	(void)state;
	run_begin(&run, v);
	run_init(&run, v);
	for (size_t bit = 0; bit < run.expected_len * 8; bit++) {
		before = run.resp;
		run.message[bit / 8] ^= 1 << (bit % 8);
		/* X25519 does not look at the last bit; the hash does. */
		assert_int_equal(read_init(&before, run.message,
					   run.expected_len, run.plain),
				 -EBADMSG);
		run.message[bit / 8] ^= 1 << (bit % 8);
	}
	for (size_t len = 0; len < run.expected_len; len++) {
		before = run.resp;
		assert_int_equal(read_init(&before, run.message, len,
					   run.plain), -EBADMSG);
	}
	assert_int_equal(read_init(&run.resp, run.message, run.expected_len,
				   run.plain), 0);
	run_resp(&run, v);
	for (size_t bit = 0; bit < run.expected_len * 8; bit++) {
		before = run.init;
		run.message[bit / 8] ^= 1 << (bit % 8);
		assert_int_equal(noise_read_resp(&before, run.message,
						 run.expected_len, run.plain),
				 -EBADMSG);
		run.message[bit / 8] ^= 1 << (bit % 8);
	}
	for (size_t len = 0; len < run.expected_len; len++) {
		before = run.init;
		assert_int_equal(noise_read_resp(&before, run.message, len,
						 run.plain), -EBADMSG);
	}
}

/* Keys of small order give an all-zero secret, which is refused. */
static void test_small_order(void **state)
{
	static const char *points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t point[32], message[200] = { 0 };
	struct noise n;
	struct run run;

	(void)state;
	run_begin(&run, &noise_vectors[1]);
	for (size_t i = 0; i < COUNT(points); i++) {
		check_hex(points[i], point, 32);
		noise_init(&n, true, "x", 1, run.is, point, run.psk);
		assert_int_equal(noise_write_init(&n, run.ie, "", 0, message),
				 -EBADMSG);
		memcpy(message, point, 32);
		n = run.resp;
		assert_int_equal(noise_read_init_static(&n, message, 200),
				 -EBADMSG);
	}
}

static void test_mismatch(void **state)
{
	const struct noise_vector *v = &noise_vectors[1];
	uint8_t psk[32] = { 9 };
	struct run run;

	(void)state;
	assert_non_null(v->psk);
	/* Another prologue. */
	run_begin(&run, v);
	run_init(&run, v);
	noise_init(&run.resp, false, "other", 5, run.rs, NULL, run.psk);
	assert_int_equal(read_init(&run.resp, run.message, run.expected_len,
				   run.plain), -EBADMSG);
	/* Another psk shows in the second message. */
	run_begin(&run, v);
	run_init(&run, v);
	noise_init(&run.resp, false, run.prologue, run.prologue_len, run.rs,
		   NULL, psk);
	assert_int_equal(read_init(&run.resp, run.message, run.expected_len,
				   run.plain), 0);
	run_resp(&run, v);
	assert_int_equal(noise_read_resp(&run.init, run.message,
					 run.expected_len, run.plain),
			 -EBADMSG);
}

static void test_export(void **state)
{
	uint8_t a[32], b[32], c[32], d[32];
	struct run run;

	(void)state;
	run_begin(&run, &noise_vectors[1]);
	noise_export(&run.init, "one", a, b);
	noise_export(&run.init, "two", c, d);
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a, c, 32);
	noise_split(&run.init, c, d);
	assert_memory_not_equal(a, c, 32);
	run.init.h[0] ^= 1;
	noise_export(&run.init, "one", c, d);
	assert_memory_not_equal(a, c, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_export),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
