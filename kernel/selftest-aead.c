// SPDX-License-Identifier: GPL-2.0
/*
 * What seals and opens records against another implementation of the cipher. That
 * known tags are made is seen whenever the module is loaded: see aead.c.
 */

#include <crypto/aead.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"
#include "compat.h"
#include "selftest.h"
#include "wire.h"

#define LEN_MAX		2048
/* Where a text may begin. */
#define START_MAX	64
#define ROOM		(START_MAX + LEN_MAX + PILOT_TAG_LEN + 1)
#define BATCH		3
#define GUARD		0xa5

/* The slow and plain ones, by drivers' names: the first one found is taken. */
static const char *const gcm_others[] = {
	"gcm_base(ctr(aes-generic),ghash-generic)",
	"gcm_base(ctr(aes-aesni),ghash-generic)", "gcm-aes-lib", NULL,
};

static const char *const chacha_others[] = {
	"rfc7539(chacha20-generic,poly1305-generic)", NULL,
};

struct aead_test {
	const struct pilot_aead *aead;
	enum pilot_cipher cipher;
	struct crypto_aead *other;
	u8 key[PILOT_KEY_LEN];
	u8 text[ROOM];
	u8 sealed[ROOM];
	u8 a[ROOM];
	u8 b[ROOM];
	struct pilot_record record[BATCH];
	u8 batch[BATCH][ROOM];
};

static const char *tfm_driver(struct crypto_aead *tfm)
{
	return crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm));
}

/* Return: one that is not @driver itself, or NULL. */
static struct crypto_aead *other_new(enum pilot_cipher cipher,
				     const char *driver, const u8 *key)
{
	const char *const *name = cipher == PILOT_CIPHER_AES_256_GCM ?
				  gcm_others : chacha_others;
	struct crypto_aead *tfm;

	for (; *name; name++) {
		tfm = crypto_alloc_aead(*name, 0, CRYPTO_ALG_ASYNC);
		if (IS_ERR(tfm))
			continue;
		if (strcmp(tfm_driver(tfm), driver) &&
		    !crypto_aead_setkey(tfm, key, PILOT_KEY_LEN) &&
		    !crypto_aead_setauthsize(tfm, PILOT_TAG_LEN))
			return tfm;
		crypto_free_aead(tfm);
	}
	return NULL;
}

static int other_seal(struct aead_test *test, unsigned int len, u64 counter)
{
	struct aead_request *req = aead_request_alloc(test->other, GFP_KERNEL);
	struct scatterlist sg;
	u8 iv[12] = {};
	int ret;

	if (!req)
		return -ENOMEM;
	if (test->cipher == PILOT_CIPHER_AES_256_GCM)
		put_unaligned_be64(counter, iv + 4);
	else
		put_unaligned_le64(counter, iv + 4);
	memcpy(test->sealed, test->text, len);
	sg_init_one(&sg, test->sealed, len + PILOT_TAG_LEN);
	aead_request_set_callback(req, 0, NULL, NULL);
	aead_request_set_ad(req, 0);
	aead_request_set_crypt(req, &sg, &sg, len, iv);
	ret = crypto_aead_encrypt(req);
	aead_request_free(req);
	return ret;
}

static void records_seal(struct aead_test *test, unsigned int n)
{
	local_bh_disable();
	pilot_aead_seal(test->aead, test->record, n);
	local_bh_enable();
}

static void records_open(struct aead_test *test, unsigned int n)
{
	local_bh_disable();
	pilot_aead_open(test->aead, test->record, n);
	local_bh_enable();
}

/* Seals from @src to @dst, and opens from there to @back, anywhere in memory. */
static bool agrees(struct aead_test *test, u8 *src, u8 *dst, u8 *back,
		   unsigned int len, u64 counter)
{
	struct pilot_record *record = test->record;
	bool right;

	memset(dst, GUARD, len + PILOT_TAG_LEN + 1);
	memcpy(src, test->text, len);
	*record = (struct pilot_record){ .src = src, .dst = dst, .len = len,
					 .counter = counter };
	records_seal(test, 1);
	right = !record->err && dst[len + PILOT_TAG_LEN] == GUARD &&
		!memcmp(dst, test->sealed, len + PILOT_TAG_LEN);
	record->src = dst;
	record->dst = back;
	if (back != dst)
		back[len] = GUARD;
	records_open(test, 1);
	right = right && !record->err && !memcmp(back, test->text, len) &&
		(back == dst || back[len] == GUARD);
	/* Whatever bit of it is another, it is not opened. */
	memcpy(dst, test->sealed, len + PILOT_TAG_LEN);
	dst[get_random_u32() % (len + PILOT_TAG_LEN)] ^=
		1 << get_random_u32() % 8;
	records_open(test, 1);
	return right && record->err == -EBADMSG;
}

static int length_check(struct aead_test *test, unsigned int len)
{
	u64 counter = get_random_u32() | (u64)get_random_u32() << 32;
	u8 *a = test->a + get_random_u32() % START_MAX;
	u8 *b = test->b + get_random_u32() % START_MAX;
	int ret;

	get_random_bytes(test->text, len);
	ret = other_seal(test, len, counter);
	if (ret)
		return ret;
	if (agrees(test, a, a, a, len, counter) &&
	    agrees(test, a, b, a, len, counter) &&
	    agrees(test, b, a, a, len, counter))
		return 0;
	pr_err("pilot: self-test: %s and %s differ, %u bytes at %td and %td\n",
	       test->aead->driver, tfm_driver(test->other), len,
	       a - test->a, b - test->b);
	return -EINVAL;
}

/* Records of several lengths by one call. */
static int batch_check(struct aead_test *test)
{
	unsigned int i, len = 1 + get_random_u32() % LEN_MAX;
	struct pilot_record *record = test->record;
	u8 save[BATCH];
	int ret;

	for (i = 0; i < BATCH; i++) {
		record[i] = (struct pilot_record){
			.src = test->batch[i], .dst = test->batch[i],
			.len = 1 + (len + i * 700) % LEN_MAX, .counter = len + i,
			.save = save + i, .save_len = 1,
		};
		memset(test->batch[i], i, record[i].len);
	}
	records_seal(test, BATCH);
	for (i = 0; i < BATCH; i++) {
		memset(test->text, i, record[i].len);
		ret = other_seal(test, record[i].len, record[i].counter);
		if (ret)
			return ret;
		if (record[i].err || memcmp(test->batch[i], test->sealed,
					    record[i].len + PILOT_TAG_LEN))
			return -EINVAL;
	}
	test->batch[1][0] ^= 1;
	records_open(test, BATCH);
	for (i = 0; i < BATCH; i++)
		if (i == 1 ? record[i].err != -EBADMSG :
			     record[i].err || save[i] != i ||
			     memchr_inv(test->batch[i], i, record[i].len))
			return -EINVAL;
	return 0;
}

/* Every length up to some blocks, then with steps of all kinds. */
static int lengths_check(struct aead_test *test)
{
	unsigned int len = 0;
	int i, ret = 0;

	while (len <= LEN_MAX && !ret) {
		ret = length_check(test, len);
		len += len < 272 ? 1 : 1 + get_random_u32() % 31;
	}
	if (!ret)
		ret = length_check(test, LEN_MAX);
	for (i = 0; i < 50 && !ret; i++)
		ret = batch_check(test);
	return ret;
}

static int driver_check(struct aead_test *test, const struct pilot_aead *aead)
{
	int ret;

	test->aead = aead;
	test->other = other_new(test->cipher, aead->driver, test->key);
	if (!test->other) {
		pr_info("pilot: self-tests: nothing to compare %s with\n",
			aead->driver);
		return 0;
	}
	ret = lengths_check(test);
	if (!ret)
		pr_info("pilot: self-tests: %s does as %s\n", aead->driver,
			tfm_driver(test->other));
	crypto_free_aead(test->other);
	return ret;
}

static int cipher_check(struct aead_test *test, enum pilot_cipher cipher)
{
	struct pilot_aead aead, fallback = {};
	int ret;

	test->cipher = cipher;
	get_random_bytes(test->key, sizeof(test->key));
	ret = pilot_aead_init(&aead, cipher, test->key);
	if (ret)
		return ret;
	ret = driver_check(test, &aead);
	if (!ret && aead.fallback) {
		fallback.tfm = aead.fallback;
		fallback.driver = tfm_driver(aead.fallback);
		ret = driver_check(test, &fallback);
	}
	pilot_aead_destroy(&aead);
	return ret;
}

/* Return: 0, or a negative error when something is not as it must be. */
int pilot_selftest_aead(void)
{
	struct aead_test *test = kmalloc(sizeof(*test), GFP_KERNEL);
	int ret;

	if (!test)
		return -ENOMEM;
	ret = cipher_check(test, PILOT_CIPHER_CHACHA20_POLY1305);
	if (!ret)
		ret = cipher_check(test, PILOT_CIPHER_AES_256_GCM);
	kfree(test);
	return ret == -ENOENT ? 0 : ret;
}
