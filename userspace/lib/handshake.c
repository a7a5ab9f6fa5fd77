// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cookie.h"
#include "handshake.h"
#include "stamp.h"
#include "tlv.h"

#define HANDSHAKE_PAYLOAD_MAX	(WIRE_FRAME_MAX - WIRE_RESP_NOISE)
#define HANDSHAKE_CONTROL_LABEL	"pilot-link control 1"
#define HANDSHAKE_LANE_LABEL	"pilot-link lane 1 %u"
/* Far from the end of 32 bits at one key in two minutes. */
#define HANDSHAKE_EPOCH_MAX	0xf0000000U

static void handshake_begin(struct handshake *hs,
			    const struct handshake_ends *ends, bool initiator)
{
	uint8_t prologue[sizeof(WIRE_PROTOCOL) - 1 + 2 + IDENTITY_KEY_LEN];
	uint8_t *p = prologue;

	memcpy(p, WIRE_PROTOCOL, sizeof(WIRE_PROTOCOL) - 1);
	p += sizeof(WIRE_PROTOCOL) - 1;
	*p++ = ends->network;
	*p++ = ends->network >> 8;
	memcpy(p, initiator ? ends->peer : ends->self->public,
	       IDENTITY_KEY_LEN);
	noise_init(&hs->noise, initiator, prologue, sizeof(prologue),
		   ends->self->x25519_secret,
		   initiator ? ends->peer_x25519 : ends->self->x25519_public,
		   ends->pair->noise_psk);
}

/* Everything of an initiation but its two MACs. */
static void handshake_init_mac(const uint8_t *key, const uint8_t *frame,
			       size_t len, uint8_t *mac)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, PAIR_KEY_LEN, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, WIRE_INIT_MAC1);
	crypto_generichash_update(&state, frame + WIRE_INIT_NOISE,
				  len - WIRE_INIT_NOISE);
	crypto_generichash_final(&state, mac, WIRE_MAC_LEN);
	sodium_memzero(&state, sizeof(state));
}

/*
 * Everything of a response but its MAC, and the MAC of the initiation: so a
 * response of another handshake costs no public-key work.
 */
static void handshake_resp_mac(const uint8_t *key, const uint8_t *init_mac,
			       const uint8_t *frame, size_t len, uint8_t *mac)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, PAIR_KEY_LEN, WIRE_MAC_LEN);
	crypto_generichash_update(&state, frame, WIRE_RESP_MAC1);
	crypto_generichash_update(&state, frame + WIRE_RESP_NOISE,
				  len - WIRE_RESP_NOISE);
	crypto_generichash_update(&state, init_mac, WIRE_MAC_LEN);
	crypto_generichash_final(&state, mac, WIRE_MAC_LEN);
	sodium_memzero(&state, sizeof(state));
}

bool handshake_init_mac_valid(const struct pair *pair, const uint8_t *frame,
			      size_t len)
{
	uint8_t mac[WIRE_MAC_LEN];

	handshake_init_mac(pair->mac_rx, frame, len, mac);
	return !sodium_memcmp(mac, frame + WIRE_INIT_MAC1, WIRE_MAC_LEN);
}

bool handshake_resp_mac_valid(const struct handshake *hs,
			      const struct pair *pair, const uint8_t *frame,
			      size_t len)
{
	uint8_t mac[WIRE_MAC_LEN];

	handshake_resp_mac(pair->mac_rx, hs->mac1, frame, len, mac);
	return !sodium_memcmp(mac, frame + WIRE_RESP_MAC1, WIRE_MAC_LEN);
}

/* With one lane there is nothing to say. */
static void handshake_ports_write(struct tlv_writer *w,
				  const struct handshake_terms *terms)
{
	uint8_t ports[2 * (WIRE_LANES_MAX - 1)];

	if (terms->lanes < 2)
		return;
	for (int i = 0; i < terms->lanes - 1; i++)
		wire_put16(ports + 2 * i, terms->ports[i]);
	tlv_write(w, WIRE_TLV_LANE_PORTS, ports, 2 * (terms->lanes - 1));
}

static void handshake_terms_write(struct tlv_writer *w,
				  const struct handshake_terms *terms)
{
	uint8_t limits[8];

	wire_put32(limits, terms->soft_age);
	wire_put32(limits + 4, terms->hard_age);
	tlv_write_u32(w, WIRE_TLV_INDEX, terms->index);
	tlv_write_u32(w, WIRE_TLV_EPOCH, terms->epoch);
	tlv_write_u64(w, WIRE_TLV_ADDRESS, terms->address);
	tlv_write_u8(w, WIRE_TLV_LANES, terms->lanes);
	tlv_write(w, WIRE_TLV_LIMITS, limits, sizeof(limits));
	handshake_ports_write(w, terms);
}

static void handshake_ciphers_write(struct tlv_writer *w,
				    const struct handshake_terms *terms)
{
	uint8_t list[4];
	int len = 0;

	if (terms->aes) {
		list[len++] = WIRE_CIPHER_AES_256_GCM;
		list[len++] = terms->aes_accelerated ?
			      WIRE_CIPHER_F_ACCELERATED : 0;
	}
	if (terms->chacha) {
		list[len++] = WIRE_CIPHER_CHACHA20_POLY1305;
		list[len++] = 0;
	}
	tlv_write(w, WIRE_TLV_CIPHERS, list, len);
}

static int handshake_ciphers_read(const struct tlv *tlv,
				  struct handshake_terms *terms)
{
	if (!tlv->len || tlv->len % 2)
		return -EBADMSG;
	for (int i = 0; i < tlv->len; i += 2) {
		bool fast = tlv->value[i + 1] & WIRE_CIPHER_F_ACCELERATED;

		if (tlv->value[i] == WIRE_CIPHER_AES_256_GCM) {
			terms->aes = true;
			terms->aes_accelerated = fast;
		} else if (tlv->value[i] == WIRE_CIPHER_CHACHA20_POLY1305) {
			terms->chacha = true;
		}
	}
	return 0;
}

static int handshake_ports_read(const struct tlv *tlv,
				struct handshake_terms *terms)
{
	if (tlv->len % 2 || tlv->len > 2 * (WIRE_LANES_MAX - 1))
		return -EBADMSG;
	for (int i = 0; i < tlv->len / 2; i++) {
		terms->ports[i] = wire_get16(tlv->value + 2 * i);
		if (!terms->ports[i])
			return -EBADMSG;
	}
	return 0;
}

/* One TLV that is known; the others were looked at for their form. */
static int handshake_term_read(const struct tlv *tlv,
			       struct handshake_terms *terms)
{
	static const uint8_t len[] = {
		[WIRE_TLV_INDEX] = 4, [WIRE_TLV_EPOCH] = 4,
		[WIRE_TLV_CIPHER] = 1, [WIRE_TLV_ADDRESS] = 8,
		[WIRE_TLV_LANES] = 1, [WIRE_TLV_LIMITS] = 8,
		[WIRE_TLV_LANE_PORTS] = 0,
	};

	if (len[tlv->type] && tlv->len != len[tlv->type])
		return -EBADMSG;
	switch (tlv->type) {
	case WIRE_TLV_INDEX:
		terms->index = wire_get32(tlv->value);
		break;
	case WIRE_TLV_EPOCH:
		terms->epoch = wire_get32(tlv->value);
		break;
	case WIRE_TLV_CIPHERS:
		return handshake_ciphers_read(tlv, terms);
	case WIRE_TLV_CIPHER:
		terms->cipher = tlv->value[0];
		break;
	case WIRE_TLV_ADDRESS:
		terms->address = wire_get64(tlv->value);
		break;
	case WIRE_TLV_LANES:
		terms->lanes = tlv->value[0];
		break;
	case WIRE_TLV_LIMITS:
		terms->soft_age = wire_get32(tlv->value);
		terms->hard_age = wire_get32(tlv->value + 4);
		break;
	case WIRE_TLV_LANE_PORTS:
		return handshake_ports_read(tlv, terms);
	}
	return 0;
}

/* A lane whose port is not told cannot be reached, nor one behind it. */
static void handshake_lanes_limit(struct handshake_terms *terms)
{
	unsigned int known = 1;

	while (known < WIRE_LANES_MAX && terms->ports[known - 1])
		known++;
	if (terms->lanes > known)
		terms->lanes = known;
}

/* All of @needed once, what is known at most once, the rest skipped. */
static int handshake_terms_read(const uint8_t *buf, size_t len,
				unsigned int needed,
				struct handshake_terms *terms)
{
	unsigned int seen = 0;
	struct tlv_reader r;
	struct tlv tlv;
	int ret;

	memset(terms, 0, sizeof(*terms));
	tlv_read_begin(&r, buf, len);
	while ((ret = tlv_read(&r, &tlv)) > 0) {
		if (!tlv.type || tlv.type > WIRE_TLV_LANE_PORTS)
			continue;
		if (seen & 1U << tlv.type || handshake_term_read(&tlv, terms))
			return -EBADMSG;
		seen |= 1U << tlv.type;
	}
	if (ret || (seen & needed) != needed ||
	    terms->epoch > HANDSHAKE_EPOCH_MAX || !terms->epoch ||
	    !terms->lanes || terms->soft_age < HANDSHAKE_SOFT_AGE_MIN ||
	    terms->hard_age < terms->soft_age)
		return -EBADMSG;
	handshake_lanes_limit(terms);
	return 0;
}

#define HANDSHAKE_NEED_BOTH	(1U << WIRE_TLV_INDEX | 1U << WIRE_TLV_EPOCH | \
				 1U << WIRE_TLV_ADDRESS | \
				 1U << WIRE_TLV_LANES | 1U << WIRE_TLV_LIMITS)
#define HANDSHAKE_NEED_INIT	(HANDSHAKE_NEED_BOTH | 1U << WIRE_TLV_CIPHERS)
#define HANDSHAKE_NEED_RESP	(HANDSHAKE_NEED_BOTH | 1U << WIRE_TLV_CIPHER)

static void handshake_keys_take(const struct handshake *hs, bool initiator,
				struct handshake_keys *keys)
{
	if (initiator) {
		noise_split(&hs->noise, keys->tx, keys->rx);
		noise_export(&hs->noise, HANDSHAKE_CONTROL_LABEL,
			     keys->control_tx, keys->control_rx);
	} else {
		noise_split(&hs->noise, keys->rx, keys->tx);
		noise_export(&hs->noise, HANDSHAKE_CONTROL_LABEL,
			     keys->control_rx, keys->control_tx);
	}
}

unsigned int handshake_lanes(const struct handshake_terms *ours,
			     const struct handshake_terms *theirs)
{
	return ours->lanes < theirs->lanes ? ours->lanes : theirs->lanes;
}

void handshake_lanes_take(const struct handshake *hs, bool initiator,
			  unsigned int lanes, struct handshake_keys *keys)
{
	char label[32];

	for (unsigned int i = 1; i < lanes; i++) {
		struct handshake_lane *lane = &keys->lane[i - 1];

		snprintf(label, sizeof(label), HANDSHAKE_LANE_LABEL, i);
		noise_export(&hs->noise, label,
			     initiator ? lane->tx : lane->rx,
			     initiator ? lane->rx : lane->tx);
	}
}

int handshake_init_write(struct handshake *hs,
			 const struct handshake_ends *ends,
			 const struct handshake_terms *terms, uint64_t stamp_ns,
			 const uint8_t ephemeral[static NOISE_DH_LEN],
			 const uint8_t *cookie, uint8_t *frame)
{
	uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
	struct tlv_writer w;
	size_t len;
	int ret;

	stamp_encode(stamp_ns, payload);
	tlv_write_begin(&w, payload + WIRE_STAMP_LEN,
			sizeof(payload) - WIRE_STAMP_LEN);
	handshake_terms_write(&w, terms);
	handshake_ciphers_write(&w, terms);
	if (w.err)
		return w.err;

	wire_init_begin(frame, terms->index,
			pair_hint(ends->pair->hint_tx, stamp_hour(stamp_ns)));
	handshake_begin(hs, ends, true);
	ret = noise_write_init(&hs->noise, ephemeral, payload,
			       WIRE_STAMP_LEN + w.len, frame + WIRE_INIT_NOISE);
	if (ret)
		return ret;
	len = WIRE_INIT_NOISE + NOISE_INIT_OVERHEAD + WIRE_STAMP_LEN + w.len;
	handshake_init_mac(ends->pair->mac_tx, frame, len,
			   frame + WIRE_INIT_MAC1);
	memcpy(hs->mac1, frame + WIRE_INIT_MAC1, WIRE_MAC_LEN);
	if (cookie)
		cookie_mac(cookie, frame, len, frame + WIRE_INIT_MAC2);
	return len;
}

int handshake_init_read(struct handshake *hs, const struct handshake_ends *ends,
			const uint8_t *frame, size_t len, uint64_t *stamp_ns,
			struct handshake_terms *terms)
{
	uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
	struct wire_init init;
	size_t payload_len;

	if (wire_init_parse(frame, len, &init))
		return -EBADMSG;
	handshake_begin(hs, ends, false);
	memcpy(hs->mac1, init.mac1, WIRE_MAC_LEN);
	/* The hint names the peer; the static key inside has to be its own. */
	if (noise_read_init_static(&hs->noise, init.noise, init.noise_len) ||
	    sodium_memcmp(hs->noise.rs, ends->peer_x25519, NOISE_DH_LEN) ||
	    noise_read_init_payload(&hs->noise, init.noise, init.noise_len,
				    payload))
		return -EBADMSG;
	payload_len = init.noise_len - NOISE_INIT_OVERHEAD;
	if (payload_len < WIRE_STAMP_LEN || stamp_decode(payload, stamp_ns) ||
	    handshake_terms_read(payload + WIRE_STAMP_LEN,
				 payload_len - WIRE_STAMP_LEN,
				 HANDSHAKE_NEED_INIT, terms) ||
	    terms->index != init.sender)
		return -EBADMSG;
	/* One hint, one hour: what bounds replay after a restart. */
	if (pair_hint(ends->pair->hint_rx, stamp_hour(*stamp_ns)) != init.hint)
		return -EBADMSG;
	return 0;
}

int handshake_resp_write(struct handshake *hs,
			 const struct handshake_ends *ends,
			 const struct handshake_terms *terms,
			 uint32_t receiver,
			 const uint8_t ephemeral[static NOISE_DH_LEN],
			 uint8_t *frame, struct handshake_keys *keys)
{
	uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
	struct tlv_writer w;
	size_t len;
	int ret;

	tlv_write_begin(&w, payload, sizeof(payload));
	handshake_terms_write(&w, terms);
	tlv_write_u8(&w, WIRE_TLV_CIPHER, terms->cipher);
	if (w.err)
		return w.err;

	wire_resp_begin(frame, terms->index, receiver);
	ret = noise_write_resp(&hs->noise, ephemeral, payload, w.len,
			       frame + WIRE_RESP_NOISE);
	if (ret)
		return ret;
	len = WIRE_RESP_NOISE + NOISE_RESP_OVERHEAD + w.len;
	handshake_resp_mac(ends->pair->mac_tx, hs->mac1, frame, len,
			   frame + WIRE_RESP_MAC1);
	handshake_keys_take(hs, false, keys);
	return len;
}

int handshake_resp_read(struct handshake *hs, const struct handshake_ends *ends,
			const uint8_t *frame, size_t len,
			struct handshake_terms *terms,
			struct handshake_keys *keys)
{
	uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
	struct wire_resp resp;

	if (wire_resp_parse(frame, len, &resp) ||
	    !handshake_resp_mac_valid(hs, ends->pair, frame, len) ||
	    noise_read_resp(&hs->noise, resp.noise, resp.noise_len, payload) ||
	    handshake_terms_read(payload, resp.noise_len - NOISE_RESP_OVERHEAD,
				 HANDSHAKE_NEED_RESP, terms) ||
	    terms->index != resp.sender)
		return -EBADMSG;
	handshake_keys_take(hs, true, keys);
	return 0;
}

void handshake_wipe(struct handshake *hs)
{
	sodium_memzero(hs, sizeof(*hs));
}

void handshake_keys_wipe(struct handshake_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

uint8_t handshake_cipher_choose(const struct handshake_terms *ours,
				const struct handshake_terms *theirs)
{
	bool aes = ours->aes && theirs->aes;

	if (aes && ours->aes_accelerated && theirs->aes_accelerated)
		return WIRE_CIPHER_AES_256_GCM;
	if (ours->chacha && theirs->chacha)
		return WIRE_CIPHER_CHACHA20_POLY1305;
	return aes ? WIRE_CIPHER_AES_256_GCM : 0;
}
