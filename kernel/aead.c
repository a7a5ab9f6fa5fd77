// SPDX-License-Identifier: GPL-2.0

#include "aead.h"

#include <asm/simd.h>
#include <crypto/aead.h>
#include <crypto/chacha20poly1305.h>
#include <crypto/internal/simd.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "wire.h"

#define GCM_IV_LEN	12
/* Largest request context a driver may ask for; the x86 cores need none. */
#define REQUEST_CTX_MAX	512

/*
 * One request per CPU, used with BH disabled and finished before the function
 * that took it returns, so that nothing can interleave with it. It is not
 * per-CPU memory itself, which drivers could not put into a scatterlist.
 */
struct aead_scratch {
	u8 iv[GCM_IV_LEN];
	struct scatterlist src;
	struct scatterlist dst;
	struct aead_request req CRYPTO_MINALIGN_ATTR;
	u8 ctx[REQUEST_CTX_MAX] CRYPTO_MINALIGN_ATTR;
};

static struct aead_scratch * __percpu *aead_scratch;
/* Written once at load: which drivers made the tags that are known. */
static bool gcm_fast_ok, gcm_plain_ok;

static const char *tfm_driver(struct crypto_aead *tfm)
{
	return crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm));
}

static bool tfm_is_generic(struct crypto_aead *tfm)
{
	return !strncmp(tfm_driver(tfm), "gcm_base(", 9);
}

static struct crypto_aead *gcm_alloc(const char *name, u32 type, u32 mask)
{
	struct crypto_aead *tfm = crypto_alloc_aead(name, type, mask);

	if (IS_ERR(tfm))
		return tfm;
	if (crypto_aead_reqsize(tfm) > REQUEST_CTX_MAX) {
		crypto_free_aead(tfm);
		return ERR_PTR(-EOVERFLOW);
	}
	return tfm;
}

static int gcm_set_key(struct crypto_aead *tfm, const u8 *key)
{
	int ret = crypto_aead_setkey(tfm, key, PILOT_KEY_LEN);

	return ret ?: crypto_aead_setauthsize(tfm, PILOT_TAG_LEN);
}

/*
 * Plain "gcm(aes)" is the fast code where the architecture registers it
 * without a SIMD wrapper (arm64; x86 since 6.16). Where masking ASYNC leaves
 * only the generic template, the wrapped core is to be had as "__gcm(aes)",
 * and then it is for us to ask whether SIMD is usable.
 */
static int gcm_init(struct pilot_aead *aead, const u8 *key, bool fast)
{
	struct crypto_aead *tfm, *core;
	int ret;

	tfm = gcm_alloc("gcm(aes)", 0, CRYPTO_ALG_ASYNC);
	if (!IS_ERR(tfm) && (!tfm_is_generic(tfm) || !fast))
		goto have_tfm;

	core = gcm_alloc("__gcm(aes)", CRYPTO_ALG_INTERNAL,
			 CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
	if (!IS_ERR(core) && !IS_ERR(tfm)) {
		aead->fallback = tfm;
		tfm = core;
	} else if (!IS_ERR(core)) {
		/* Without a fallback it cannot serve every context. */
		crypto_free_aead(core);
	}
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
have_tfm:
	aead->tfm = tfm;
	aead->driver = tfm_driver(tfm);
	ret = gcm_set_key(tfm, key);
	if (!ret && aead->fallback)
		ret = gcm_set_key(aead->fallback, key);
	if (ret)
		pilot_aead_destroy(aead);
	return ret;
}

/**
 * pilot_aead_init - prepare one direction of a key
 * @aead: what to fill
 * @cipher: the cipher
 * @key: PILOT_KEY_LEN bytes; the caller wipes its own copy
 *
 * Context: process, may sleep.
 * Return: 0 or a negative error; -ENOENT when the kernel lacks the cipher.
 */
int pilot_aead_init(struct pilot_aead *aead, enum pilot_cipher cipher,
		    const u8 key[PILOT_KEY_LEN])
{
	memset(aead, 0, sizeof(*aead));
	if (cipher == PILOT_CIPHER_AES_256_GCM) {
		if (!gcm_fast_ok && !gcm_plain_ok)
			return -ENOENT;
		return gcm_init(aead, key, gcm_fast_ok);
	}

	memcpy(aead->chacha, key, sizeof(aead->chacha));
	aead->driver = "chacha20poly1305-lib";
	return 0;
}

/**
 * pilot_aead_destroy - wipe and free
 * @aead: initialised or zeroed
 *
 * Context: process, may sleep; no seal or open may be under way.
 */
void pilot_aead_destroy(struct pilot_aead *aead)
{
	if (aead->tfm)
		crypto_free_aead(aead->tfm);
	if (aead->fallback)
		crypto_free_aead(aead->fallback);
	memzero_explicit(aead, sizeof(*aead));
}

/* What all requests have in common is set once, by scratch_alloc(). */
static void gcm_record(struct aead_scratch *scratch, struct crypto_aead *tfm,
		       struct pilot_record *record, bool seal)
{
	struct aead_request *req = &scratch->req;
	struct scatterlist *dst = &scratch->src;
	unsigned int total = record->len + PILOT_TAG_LEN;

	put_unaligned_be64(record->counter, scratch->iv + 4);
	sg_set_buf(&scratch->src, record->src, total);
	if (record->dst != record->src) {
		/* Opening writes no tag: the destination ends with the text. */
		sg_set_buf(&scratch->dst, record->dst,
			   seal ? total : max(record->len, 1U));
		dst = &scratch->dst;
	}
	aead_request_set_tfm(req, tfm);
	aead_request_set_crypt(req, &scratch->src, dst,
			       seal ? record->len : total, scratch->iv);
	record->err = seal ? crypto_aead_encrypt(req) :
			     crypto_aead_decrypt(req);
}

static struct crypto_aead *gcm_tfm(const struct pilot_aead *aead)
{
	return aead->fallback && !crypto_simd_usable() ? aead->fallback :
							 aead->tfm;
}

static unsigned int gcm_seal(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n)
{
	struct aead_scratch *scratch = *this_cpu_ptr(aead_scratch);
	struct crypto_aead *tfm = gcm_tfm(aead);
	unsigned int i;

	for (i = 0; i < n; i++)
		gcm_record(scratch, tfm, &records[i], true);
	return tfm == aead->fallback ? n : 0;
}

static void record_save(const struct pilot_record *record)
{
	if (record->save_len)
		memcpy(record->save, record->dst, record->save_len);
}

static unsigned int gcm_open(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n)
{
	struct aead_scratch *scratch = *this_cpu_ptr(aead_scratch);
	struct crypto_aead *tfm = gcm_tfm(aead);
	unsigned int i;

	for (i = n; i-- > 0;) {
		gcm_record(scratch, tfm, &records[i], false);
		record_save(&records[i]);
	}
	return tfm == aead->fallback ? n : 0;
}

/**
 * pilot_aead_seal - encrypt and authenticate records
 * @aead: the transmit direction of a key
 * @records: what to seal; each one's @err is set
 * @n: number of records
 *
 * Sealing out of place is for callers whose source is not theirs to write;
 * then @src must still be readable for PILOT_TAG_LEN bytes behind the text.
 *
 * Context: BH disabled.
 * Return: how many of them the generic fallback had to do.
 */
unsigned int pilot_aead_seal(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n)
{
	unsigned int i;

	if (aead->tfm)
		return gcm_seal(aead, records, n);
	for (i = 0; i < n; i++) {
		chacha20poly1305_encrypt(records[i].dst, records[i].src,
					 records[i].len, NULL, 0,
					 records[i].counter, aead->chacha);
		records[i].err = 0;
	}
	return 0;
}

/**
 * pilot_aead_open - verify and decrypt records
 * @aead: the receive direction of a key
 * @records: what to open; each one's @err is set
 * @n: number of records
 *
 * They are opened from the last to the first, and the first @save_len bytes
 * of each are set aside at once, so that a record may begin where the end of
 * the one before it will be written: see run.h. What stands at @dst and @save
 * of a record that failed is undefined.
 *
 * Context: BH disabled.
 * Return: how many of them the generic fallback had to do.
 */
unsigned int pilot_aead_open(const struct pilot_aead *aead,
			     struct pilot_record *records, unsigned int n)
{
	unsigned int i;
	bool ok;

	if (aead->tfm)
		return gcm_open(aead, records, n);
	for (i = n; i-- > 0;) {
		ok = chacha20poly1305_decrypt(records[i].dst, records[i].src,
					      records[i].len + PILOT_TAG_LEN,
					      NULL, 0, records[i].counter,
					      aead->chacha);
		records[i].err = ok ? 0 : -EBADMSG;
		record_save(&records[i]);
	}
	return 0;
}

/**
 * struct aead_known - a tag that is known
 * @len: of the text, whose byte i is i * 7 + @len; the counter is KNOWN_COUNTER
 *	+ @len, byte i of the key is i * 11 + 3
 * @gcm: by AES-256-GCM
 * @chacha: by ChaCha20-Poly1305
 *
 * OpenSSL and libsodium made them, and agreed. A tag is over all of the
 * ciphertext, so it stands for that, too.
 */
struct aead_known {
	unsigned int len;
	u8 gcm[PILOT_TAG_LEN];
	u8 chacha[PILOT_TAG_LEN];
};

#define KNOWN_COUNTER	0x0102030405060708ULL
#define KNOWN_LEN_MAX	2048

#include "aead-known.h"

static bool known_is_made(const struct pilot_aead *aead,
			  const struct aead_known *known, u8 *text)
{
	struct pilot_record record = { .src = text, .dst = text,
				       .len = known->len,
				       .counter = KNOWN_COUNTER + known->len };
	unsigned int i;
	bool right;

	for (i = 0; i < known->len; i++)
		text[i] = i * 7 + known->len;
	local_bh_disable();
	pilot_aead_seal(aead, &record, 1);
	right = !record.err &&
		!memcmp(text + known->len,
			aead->tfm ? known->gcm : known->chacha, PILOT_TAG_LEN);
	pilot_aead_open(aead, &record, 1);
	local_bh_enable();
	right = right && !record.err;
	for (i = 0; i < known->len && right; i++)
		right = text[i] == (u8)(i * 7 + known->len);
	return right;
}

static bool aead_is_right(const struct pilot_aead *aead, u8 *text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aead_known); i++)
		if (!known_is_made(aead, &aead_known[i], text))
			break;
	if (i == ARRAY_SIZE(aead_known))
		return true;
	pr_warn("pilot: %s is wrong at %u bytes, not using it\n",
		aead->driver, aead_known[i].len);
	return false;
}

static int gcm_verify(const u8 *key, bool fast, u8 *text, bool *ok)
{
	struct pilot_aead aead = {}, fallback = {};
	int ret = gcm_init(&aead, key, fast);

	if (ret)
		return ret;
	fallback.tfm = aead.fallback;
	fallback.driver = fallback.tfm ? tfm_driver(fallback.tfm) : NULL;
	*ok = aead_is_right(&aead, text) &&
	      (!fallback.tfm || aead_is_right(&fallback, text));
	pilot_aead_destroy(&aead);
	return 0;
}

static int aead_verify(void)
{
	u8 *text = kmalloc(KNOWN_LEN_MAX + PILOT_TAG_LEN, GFP_KERNEL);
	struct pilot_aead chacha;
	u8 key[PILOT_KEY_LEN];
	unsigned int i;
	int ret;

	if (!text)
		return -ENOMEM;
	for (i = 0; i < sizeof(key); i++)
		key[i] = i * 11 + 3;
	ret = pilot_aead_init(&chacha, PILOT_CIPHER_CHACHA20_POLY1305, key);
	if (!ret && !aead_is_right(&chacha, text))
		ret = -EINVAL;
	pilot_aead_destroy(&chacha);
	if (!ret)
		ret = gcm_verify(key, true, text, &gcm_fast_ok);
	if (!ret && !gcm_fast_ok)
		ret = gcm_verify(key, false, text, &gcm_plain_ok);
	kfree(text);
	if (ret && ret != -ENOENT)
		return ret;
	if (!gcm_fast_ok && !gcm_plain_ok)
		pr_info("pilot: this kernel has no AES-GCM; ChaCha20-Poly1305 only\n");
	return 0;
}

static void scratch_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kfree(*per_cpu_ptr(aead_scratch, cpu));
	free_percpu(aead_scratch);
}

static int scratch_alloc(void)
{
	struct aead_scratch *scratch;
	int cpu;

	aead_scratch = alloc_percpu(struct aead_scratch *);
	if (!aead_scratch)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		scratch = kzalloc_node(sizeof(*scratch), GFP_KERNEL,
				       cpu_to_node(cpu));
		if (!scratch) {
			scratch_free();
			return -ENOMEM;
		}
		sg_init_table(&scratch->src, 1);
		sg_init_table(&scratch->dst, 1);
		aead_request_set_callback(&scratch->req, 0, NULL, NULL);
		aead_request_set_ad(&scratch->req, 0);
		*per_cpu_ptr(aead_scratch, cpu) = scratch;
	}
	return 0;
}

int pilot_aead_module_init(void)
{
	int ret;

	ret = scratch_alloc();
	if (ret)
		return ret;
	ret = aead_verify();
	if (ret)
		scratch_free();
	return ret;
}

void pilot_aead_module_exit(void)
{
	scratch_free();
}
