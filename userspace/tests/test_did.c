// SPDX-License-Identifier: GPL-2.0-or-later
/* did:key of Ed25519 keys. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "check.h"
#include "identity.h"

#define COUNT(a)	(sizeof(a) / sizeof(*(a)))

/* From the did:key specification and its test vectors. */
static const struct {
	const char *did;
	const char *public;
	const char *x25519;
} vectors[] = {
	{ "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
	  "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6",
	  NULL },
	{ "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
	  "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
	  NULL },
	/* RFC 8032 key pair 1; RFC 7748 form by libsodium's conversion. */
	{ "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	  "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e" },
};

static void test_vectors(void **state)
{
	uint8_t public[32], expected[32];
	char did[DID_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		check_hex(vectors[i].public, expected, 32);
		assert_int_equal(did_parse(vectors[i].did, public), 0);
		assert_memory_equal(public, expected, 32);
		did_format(public, did);
		assert_string_equal(did, vectors[i].did);
		if (!vectors[i].x25519)
			continue;
		check_hex(vectors[i].x25519, expected, 32);
		assert_int_equal(did_to_x25519(public, public), 0);
		assert_memory_equal(public, expected, 32);
	}
}

static void test_round_trips(void **state)
{
	uint8_t seed[32] = { 0 }, public[32];
	char did[DID_TEXT_LEN];
	struct identity id;

	(void)state;
	for (int i = 0; i < 500; i++) {
		seed[0] = i;
		seed[1] = i >> 8;
		assert_int_equal(identity_from_seed(seed, &id), 0);
		did_format(id.public, did);
		assert_int_equal(strncmp(did, "did:key:z6Mk", 12), 0);
		assert_int_equal(did_parse(did, public), 0);
		assert_memory_equal(public, id.public, 32);
	}
	identity_wipe(&id);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", "did", "did:key:", "did:key:z", "did:key:z6Mk",
		/* one digit short, one too many, a fragment, a space */
		"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do",
		"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK",
		"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#k",
		" did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		/* no multibase, another base, another method, capitals */
		"did:key:6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"did:key:u6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"did:web:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"DID:KEY:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		/* characters base58 has not: 0 O I l */
		"did:key:z6Mkh0XgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"did:key:z6MkhOXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"did:key:z6MkhIXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		"did:key:z6MkhlXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
		/* X25519 (z6LS) and secp256k1 (zQ3s) keys */
		"did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
		"did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
		/* the key of the last vector with 0xec01, and with 0xed00 */
		"did:key:z6LSrApwZptxFR4jy6U8Z8exYPwTqSXniWLqihApE1oK9WsK",
		"did:key:z6MkbibT8yavhT6hR89eUsvYsgUTZNdCgaLx3gQjhuh2qQdf",
		/* more than 34 bytes can hold: the same plus 2^272, and more */
		"did:key:zC9R9wTE24DFeZEvtjp65xNGiPRGs3u3ciyB9R1N2giHdgcq",
		"did:key:zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
	};
	uint8_t public[32] = { 7 }, before[32] = { 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(did_parse(bad[i], public), -EINVAL);
		assert_memory_equal(public, before, 32);
	}
}

/* Points that are none, of small order, or written in a second way. */
static void test_bad_points(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"0200000000000000000000000000000000000000000000000000000000000000",
		"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t public[32], out[32];
	char did[DID_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		check_hex(points[i], public, 32);
		assert_int_equal(did_to_x25519(public, out), -EINVAL);
		did_format(public, did);
		assert_int_equal(did_parse(did, out), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bad_points),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("did", tests, NULL, NULL);
}
