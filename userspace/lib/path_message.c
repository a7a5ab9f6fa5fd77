// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "control_content.h"
#include "path_message.h"
#include "tlv.h"

#define BIT(tlv)	(1U << (WIRE_CONTROL_TLV_##tlv))

/* What each type holds. All of it is needed, candidates and costs apart. */
static const uint16_t path_message_tlvs[] = {
	[WIRE_CONTROL_RELAY_OPEN] = BIT(PEER),
	[WIRE_CONTROL_RELAY_GRANT] = BIT(PEER) | BIT(RELAY) | BIT(LIFETIME) |
				     BIT(FLAGS) | BIT(PACKET_RATE) |
				     BIT(BYTE_RATE),
	[WIRE_CONTROL_RELAY_REFUSED] = BIT(PEER) | BIT(REASON),
	[WIRE_CONTROL_RELAY_CLOSE] = BIT(PEER),
	[WIRE_CONTROL_CANDIDATES] = BIT(GENERATION) | BIT(FLAGS) |
				    BIT(CANDIDATE) | BIT(COSTS),
	[WIRE_CONTROL_PUNCH] = BIT(ROUND) | BIT(GENERATION),
	[WIRE_CONTROL_NOMINATE] = BIT(GENERATION),
	[WIRE_CONTROL_NOMINATED] = BIT(GENERATION),
	[WIRE_CONTROL_PATH_FAILED] = 0,
	[WIRE_CONTROL_LATER] = BIT(LIFETIME) | BIT(GENERATION),
	[WIRE_CONTROL_LATE] = BIT(GENERATION),
};

/* Of those with one length. */
static const uint8_t path_message_lens[] = {
	[WIRE_CONTROL_TLV_TOKEN] = 8,
	[WIRE_CONTROL_TLV_PEER] = 8,
	[WIRE_CONTROL_TLV_RELAY] = 4,
	[WIRE_CONTROL_TLV_LIFETIME] = 4,
	[WIRE_CONTROL_TLV_FLAGS] = 4,
	[WIRE_CONTROL_TLV_PACKET_RATE] = 4,
	[WIRE_CONTROL_TLV_BYTE_RATE] = 8,
	[WIRE_CONTROL_TLV_REASON] = 1,
	[WIRE_CONTROL_TLV_GENERATION] = 4,
	[WIRE_CONTROL_TLV_ROUND] = 1,
};

/* An open is answered by a grant, and is as large. */
#define PATH_MESSAGE_GRANT_LEN	(12 + 8 + 8 + 8 + 8 + 12)
#define PATH_MESSAGE_OPEN_LEN	12

static bool path_message_type(uint8_t type)
{
	return type >= WIRE_CONTROL_RELAY_OPEN &&
	       type <= WIRE_CONTROL_LATE;
}

static int path_message_candidate(const struct tlv *tlv,
				  struct path_message *message)
{
	struct path_message_candidate candidate;

	if (!tlv->len ||
	    control_endpoint_read(tlv->value + 1, tlv->len - 1,
				  &candidate.endpoint) ||
	    message->count == WIRE_CANDIDATES_MAX)
		return -EBADMSG;
	candidate.kind = tlv->value[0];
	if (candidate.kind >= WIRE_CANDIDATE_HOST &&
	    candidate.kind <= WIRE_CANDIDATE_TURN)
		message->candidate[message->count++] = candidate;
	return 0;
}

/* There may be classes that we do not know. */
static int path_message_costs(const struct tlv *tlv,
			      struct path_message *message)
{
	if (tlv->len % 2)
		return -EBADMSG;
	for (int i = 0; i < WIRE_PATH_CLASSES && i < tlv->len / 2; i++)
		message->cost[i] = wire_get16(tlv->value + 2 * i);
	return 0;
}

static int path_message_tlv(const struct tlv *tlv,
			    struct path_message *message)
{
	struct endpoint observed;

	if (tlv->type == WIRE_CONTROL_TLV_OBSERVED)
		return control_endpoint_read(tlv->value, tlv->len, &observed);
	if (tlv->type == WIRE_CONTROL_TLV_CANDIDATE)
		return path_message_candidate(tlv, message);
	if (tlv->type == WIRE_CONTROL_TLV_COSTS)
		return path_message_costs(tlv, message);
	if (tlv->len != path_message_lens[tlv->type])
		return -EBADMSG;
	switch (tlv->type) {
	case WIRE_CONTROL_TLV_PEER:
		message->peer = wire_get64(tlv->value);
		return addr_is_reserved(message->peer) ? -EBADMSG : 0;
	case WIRE_CONTROL_TLV_RELAY:
		message->relay = wire_get32(tlv->value);
		return message->relay ? 0 : -EBADMSG;
	case WIRE_CONTROL_TLV_LIFETIME:
		message->lifetime = wire_get32(tlv->value);
		return !message->lifetime ||
		       message->lifetime > WIRE_RELAY_SECONDS_MAX ? -EBADMSG : 0;
	case WIRE_CONTROL_TLV_FLAGS:
		message->flags = wire_get32(tlv->value);
		return 0;
	case WIRE_CONTROL_TLV_PACKET_RATE:
		message->packet_rate = wire_get32(tlv->value);
		return 0;
	case WIRE_CONTROL_TLV_BYTE_RATE:
		message->byte_rate = wire_get64(tlv->value);
		return 0;
	case WIRE_CONTROL_TLV_REASON:
		message->reason = tlv->value[0];
		return 0;
	case WIRE_CONTROL_TLV_GENERATION:
		message->generation = wire_get32(tlv->value);
		return 0;
	case WIRE_CONTROL_TLV_ROUND:
		message->round = tlv->value[0];
		return 0;
	}
	return 0;
}

/* What is not of this type is checked and then not there. */
static void path_message_trim(struct path_message *message)
{
	unsigned int has = path_message_tlvs[message->type];

	if (!(has & BIT(PEER)))
		message->peer = 0;
	if (!(has & BIT(RELAY)))
		message->relay = 0;
	if (!(has & BIT(LIFETIME)))
		message->lifetime = 0;
	if (!(has & BIT(FLAGS)))
		message->flags = 0;
	if (!(has & BIT(PACKET_RATE)))
		message->packet_rate = 0;
	if (!(has & BIT(BYTE_RATE)))
		message->byte_rate = 0;
	if (!(has & BIT(REASON)))
		message->reason = 0;
	if (!(has & BIT(GENERATION)))
		message->generation = 0;
	if (!(has & BIT(ROUND)))
		message->round = 0;
	if (!(has & BIT(CANDIDATE)))
		message->count = 0;
	if (!(has & BIT(COSTS)))
		memset(message->cost, 0, sizeof(message->cost));
}

int path_message_read(uint8_t type, const uint8_t *tlvs, size_t len,
		      struct path_message *message)
{
	unsigned int seen = 0, needed;
	struct tlv_reader r;
	struct tlv tlv;
	int ret;

	if (!path_message_type(type))
		return -ENOMSG;
	memset(message, 0, sizeof(*message));
	message->type = type;
	tlv_read_begin(&r, tlvs, len);
	while ((ret = tlv_read(&r, &tlv)) > 0) {
		if (tlv.type == WIRE_CONTROL_TLV_PADDING ||
		    tlv.type > WIRE_CONTROL_TLV_COSTS)
			continue;
		if ((seen & 1U << tlv.type &&
		     tlv.type != WIRE_CONTROL_TLV_CANDIDATE) ||
		    path_message_tlv(&tlv, message))
			return -EBADMSG;
		seen |= 1U << tlv.type;
	}
	needed = path_message_tlvs[type] & ~(BIT(CANDIDATE) | BIT(COSTS));
	if (ret || (seen & needed) != needed)
		return -EBADMSG;
	path_message_trim(message);
	return 0;
}

static void path_message_candidates_write(struct tlv_writer *w,
					  const struct path_message *message)
{
	uint8_t value[1 + WIRE_ENDPOINT6_LEN];

	for (int i = 0; i < message->count; i++) {
		value[0] = message->candidate[i].kind;
		tlv_write(w, WIRE_CONTROL_TLV_CANDIDATE, value,
			  1 + control_endpoint_write(value + 1,
					&message->candidate[i].endpoint));
	}
}

/* Who has none says nothing of them. */
static void path_message_costs_write(struct tlv_writer *w,
				     const struct path_message *message)
{
	static const uint16_t none[WIRE_PATH_CLASSES];
	uint8_t value[2 * WIRE_PATH_CLASSES];

	if (!memcmp(message->cost, none, sizeof(none)))
		return;
	for (int i = 0; i < WIRE_PATH_CLASSES; i++)
		wire_put16(value + 2 * i, message->cost[i]);
	tlv_write(w, WIRE_CONTROL_TLV_COSTS, value, sizeof(value));
}

int path_message_write(const struct path_message *message, uint8_t *buf)
{
	static const uint8_t zeros[PATH_MESSAGE_GRANT_LEN];
	struct tlv_writer w;
	unsigned int has;

	if (!path_message_type(message->type))
		return -EINVAL;
	has = path_message_tlvs[message->type];
	tlv_write_begin(&w, buf, PATH_MESSAGE_MAX);
	if (has & BIT(PEER))
		tlv_write_u64(&w, WIRE_CONTROL_TLV_PEER, message->peer);
	if (has & BIT(RELAY))
		tlv_write_u32(&w, WIRE_CONTROL_TLV_RELAY, message->relay);
	if (has & BIT(LIFETIME))
		tlv_write_u32(&w, WIRE_CONTROL_TLV_LIFETIME,
			      message->lifetime);
	if (has & BIT(FLAGS))
		tlv_write_u32(&w, WIRE_CONTROL_TLV_FLAGS, message->flags);
	if (has & BIT(PACKET_RATE))
		tlv_write_u32(&w, WIRE_CONTROL_TLV_PACKET_RATE,
			      message->packet_rate);
	if (has & BIT(BYTE_RATE))
		tlv_write_u64(&w, WIRE_CONTROL_TLV_BYTE_RATE,
			      message->byte_rate);
	if (has & BIT(REASON))
		tlv_write_u8(&w, WIRE_CONTROL_TLV_REASON, message->reason);
	if (has & BIT(GENERATION))
		tlv_write_u32(&w, WIRE_CONTROL_TLV_GENERATION,
			      message->generation);
	if (has & BIT(ROUND))
		tlv_write_u8(&w, WIRE_CONTROL_TLV_ROUND, message->round);
	if (has & BIT(CANDIDATE))
		path_message_candidates_write(&w, message);
	if (has & BIT(COSTS))
		path_message_costs_write(&w, message);
	if (message->type == WIRE_CONTROL_RELAY_OPEN)
		tlv_write(&w, WIRE_CONTROL_TLV_PADDING, zeros,
			  PATH_MESSAGE_GRANT_LEN - PATH_MESSAGE_OPEN_LEN -
			  TLV_HEADER_LEN);
	return w.err ? w.err : (int)w.len;
}
