// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc/crypto says of AES-GCM, on several kernels. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "cpu.h"

/* What stands in the file for a driver. */
#define DRIVER(name, driver, async)			\
	"name         : " name "\n"			\
	"driver       : " driver "\n"			\
	"module       : kernel\n"			\
	"priority     : 400\n"				\
	"refcnt       : 1\n"				\
	"selftest     : passed\n"			\
	"internal     : no\n"				\
	"type         : aead\n"				\
	"async        : " async "\n"			\
	"blocksize    : 1\n"				\
	"ivsize       : 12\n"				\
	"maxauthsize  : 16\n"				\
	"geniv        : <none>\n\n"

#define OTHERS						\
	DRIVER("rfc4106(gcm(aes))", "rfc4106-gcm-aesni", "no")	\
	DRIVER("ctr(aes)", "ctr-aes-aesni", "no")	\
	DRIVER("ghash", "ghash-generic", "no")		\
	DRIVER("__gcm(sm4)", "gcm-sm4", "no")

static bool has_aes(const char *text)
{
	FILE *file = fmemopen((char *)text, strlen(text), "r");
	bool has;

	assert_non_null(file);
	has = cpu_kernel_has_aes(file);
	fclose(file);
	return has;
}

static void fast_drivers_are_seen(void **state)
{
	static const char *const files[] = {
		/* 6.1: a wrapper that may go by a daemon, and what it wraps. */
		OTHERS
		DRIVER("gcm(aes)", "cryptd(__generic-gcm-aesni)", "yes")
		DRIVER("gcm(aes)", "generic-gcm-aesni", "yes")
		DRIVER("__gcm(aes)", "__generic-gcm-aesni", "no"),
		/* The same when the template was used as well. */
		DRIVER("gcm(aes)", "gcm_base(ctr(aes-generic),ghash-generic)",
		       "no")
		DRIVER("__gcm(aes)", "__generic-gcm-aesni", "no") OTHERS,
		/* 6.12 */
		DRIVER("gcm(aes)", "generic-gcm-vaes-avx10_512", "yes")
		DRIVER("__gcm(aes)", "__generic-gcm-vaes-avx10_512", "no"),
		/* 7 has no wrapper, as arm64 has none. */
		OTHERS DRIVER("gcm(aes)", "generic-gcm-vaes-avx2", "no")
		DRIVER("gcm(aes)", "gcm-aes-lib", "no"),
		DRIVER("gcm(aes)", "generic-gcm-aesni", "no"),
		DRIVER("gcm(aes)", "gcm-aes-ce", "no"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_true(has_aes(files[i]));
}

static void generic_code_alone_is_not_fast(void **state)
{
	static const char *const files[] = {
		DRIVER("gcm(aes)", "gcm_base(ctr(aes-generic),ghash-generic)",
		       "no") OTHERS,
		OTHERS DRIVER("gcm(aes)",
			      "gcm_base(ctr(aes-lib),ghash-lib)", "no"),
		/* 7 without the architecture's. */
		OTHERS DRIVER("gcm(aes)", "gcm-aes-lib", "no"),
		/* A daemon's, which the module does not use. */
		DRIVER("gcm(aes)", "gcm_base(ctr(aes-fixed-time),ghash-generic)",
		       "no")
		DRIVER("gcm(aes)", "qat_aes_gcm", "yes"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_false(has_aes(files[i]));
}

/* Then the processor decides alone. */
static void what_says_nothing_denies_nothing(void **state)
{
	static const char *const files[] = {
		OTHERS, "\n", "driver : \nasync : no\nname\n: gcm(aes)\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_true(has_aes(files[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_drivers_are_seen),
		cmocka_unit_test(generic_code_alone_is_not_fast),
		cmocka_unit_test(what_says_nothing_denies_nothing),
	};

	return cmocka_run_group_tests_name("drivers of ciphers", tests, NULL,
					   NULL);
}
