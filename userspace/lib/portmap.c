// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "be.h"
#include "natpmp.h"
#include "portmap.h"

/* RFC 6887, 11.2.1: no renewals closer than this. */
#define RENEW_MIN	(4 * CLOCK_SECOND)

void portmap_init(struct portmap *map, const struct portmap_ops *ops,
		  void *ctx, uint16_t port,
		  const uint8_t secret[static PORTMAP_SECRET_LEN])
{
	memset(map, 0, sizeof(*map));
	map->ops = ops;
	map->ctx = ctx;
	map->port = port;
	map->at = CLOCK_NEVER;
	memcpy(map->secret, secret, PORTMAP_SECRET_LEN);
}

const char *portmap_state_name(enum portmap_state state)
{
	static const char *const names[] = {
		[PORTMAP_OFF] = "no-gateway",
		[PORTMAP_ASKING] = "asking",
		[PORTMAP_MAPPED] = "mapped",
		[PORTMAP_REFUSED] = "refused",
		[PORTMAP_SILENT] = "no-answer",
	};

	return names[state];
}

const char *portmap_protocol_name(enum portmap_protocol protocol)
{
	return protocol == PORTMAP_PCP ? "pcp" : "nat-pmp";
}

static void state_set(struct portmap *map, enum portmap_state state,
		      const struct endpoint *external)
{
	static const struct endpoint none;

	if (!external)
		external = &none;
	if (map->state == state && endpoint_equal(&map->external, external))
		return;
	map->state = state;
	map->external = *external;
	map->ops->changed(map->ctx);
}

/* Whoever knows it may change the mapping: it has to be hard to guess. */
static void nonce_make(const struct portmap *map,
		       uint8_t nonce[static PCP_NONCE_LEN])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint8_t what[20] = "pcp nonce";

	be_put16(what + 16, map->local.family);
	be_put16(what + 18, map->port);
	crypto_generichash(hash, sizeof(hash), what, sizeof(what), map->secret,
			   sizeof(map->secret));
	memcpy(nonce, hash, PCP_NONCE_LEN);
}

static size_t pcp_write(const struct portmap *map, uint32_t lifetime,
			uint8_t *bytes)
{
	struct pcp_map request = { .lifetime = lifetime, .port = map->port };

	nonce_make(map, request.nonce);
	/* The same again, or else our own number. */
	if (lifetime) {
		request.external = map->external;
		if (!request.external.port)
			request.external.port = map->port;
	}
	return pcp_map_write(bytes, &map->local, &request);
}

static size_t natpmp_write(const struct portmap *map, uint8_t *bytes)
{
	if (!map->has_address)
		return natpmp_address_write(bytes);
	return natpmp_map_write(bytes, map->port,
				map->external.port ?: map->port,
				PORTMAP_LIFETIME);
}

static void request_send(struct portmap *map, uint64_t now)
{
	uint64_t rto = PORTMAP_RTO << map->sends;
	uint8_t bytes[PCP_MAP_LEN];
	size_t len;

	/* A tenth more or less, so that hosts do not ask in step. */
	map->at = now + rto - rto / 10 + randombytes_uniform(rto / 5);
	map->sends++;
	len = map->protocol == PORTMAP_PCP ?
	      pcp_write(map, PORTMAP_LIFETIME, bytes) :
	      natpmp_write(map, bytes);
	map->ops->send(map->ctx, &map->local, &map->gateway, bytes, len);
}

static void ask(struct portmap *map, uint64_t now,
		enum portmap_protocol protocol)
{
	map->protocol = protocol;
	map->asks = true;
	map->has_address = false;
	map->sends = 0;
	request_send(map, now);
}

void portmap_renew(struct portmap *map, uint64_t now)
{
	if (map->state == PORTMAP_OFF || map->asks)
		return;
	ask(map, now, map->state == PORTMAP_MAPPED ? map->protocol :
						     PORTMAP_PCP);
}

void portmap_network(struct portmap *map, uint64_t now,
		     const struct endpoint *gateway,
		     const struct endpoint *local)
{
	struct endpoint to = *gateway, from = *local;

	to.port = PCP_PORT;
	from.port = 0;
	if (!endpoint_is_set(&to) || !endpoint_is_set(&from))
		to.family = from.family = AF_UNSPEC;
	if (endpoint_equal(&map->gateway, &to) &&
	    endpoint_equal(&map->local, &from))
		return;
	map->gateway = to;
	map->local = from;
	map->asks = false;
	map->has_epoch = false;
	map->pause = PORTMAP_PAUSE;
	map->at = CLOCK_NEVER;
	state_set(map, endpoint_is_set(&to) ? PORTMAP_ASKING : PORTMAP_OFF,
		  NULL);
	if (endpoint_is_set(&to))
		ask(map, now, PORTMAP_PCP);
}

void portmap_release(struct portmap *map)
{
	uint8_t bytes[PCP_MAP_LEN];
	size_t len;

	if (map->state != PORTMAP_MAPPED)
		return;
	len = map->protocol == PORTMAP_PCP ? pcp_write(map, 0, bytes) :
	      natpmp_map_write(bytes, map->port, 0, 0);
	map->ops->send(map->ctx, &map->local, &map->gateway, bytes, len);
	map->asks = false;
	map->at = CLOCK_NEVER;
	state_set(map, PORTMAP_OFF, NULL);
}

/* RFC 6887, 8.5: whether the gateway may have run on since it last said so. */
static bool epoch_goes_on(const struct portmap *map, uint64_t now,
			  uint32_t epoch)
{
	int64_t ours = (now - map->epoch_at) / CLOCK_SECOND;
	int64_t its = (int64_t)epoch - map->epoch;

	return its >= -1 && ours + 2 >= its - its / 16 &&
	       its + 2 >= ours - ours / 16;
}

static void epoch_note(struct portmap *map, uint64_t now, uint32_t epoch)
{
	map->has_epoch = true;
	map->epoch = epoch;
	map->epoch_at = now;
}

/*
 * A gateway told everyone that it is there. When it started anew it has
 * forgotten the mapping, and did not hear what it was asked before; anyone near
 * may claim that, so not at any rate.
 */
static void announced(struct portmap *map, uint64_t now, uint32_t epoch)
{
	if ((map->has_epoch && epoch_goes_on(map, now, epoch)) ||
	    (map->announced_at &&
	     now - map->announced_at < PORTMAP_ANNOUNCE_GAP))
		return;
	map->announced_at = now;
	map->asks = false;
	portmap_renew(map, now);
}

static void granted(struct portmap *map, uint64_t now,
		    const struct endpoint *external, uint32_t lifetime)
{
	uint64_t half;

	if (lifetime > PORTMAP_LIFETIME_MAX)
		lifetime = PORTMAP_LIFETIME_MAX;
	half = lifetime * CLOCK_SECOND / 2;
	map->asks = false;
	map->pause = PORTMAP_PAUSE;
	map->lifetime = lifetime;
	map->expires_at = now + lifetime * CLOCK_SECOND;
	map->at = now + (half > RENEW_MIN ? half : RENEW_MIN);
	state_set(map, PORTMAP_MAPPED, external);
}

static void refused(struct portmap *map, uint64_t now, const char *problem,
		    uint32_t seconds)
{
	uint64_t wait = seconds * CLOCK_SECOND;

	if (wait < PORTMAP_REFUSED_MIN)
		wait = PORTMAP_REFUSED_MIN;
	if (wait > PORTMAP_REFUSED_MAX)
		wait = PORTMAP_REFUSED_MAX;
	map->asks = false;
	map->problem = problem;
	map->at = now + wait;
	state_set(map, PORTMAP_REFUSED, NULL);
}

/* What is mapped stays so until its time is up, whoever is silent. */
static void unanswered(struct portmap *map, uint64_t now)
{
	uint64_t half;

	map->asks = false;
	if (map->state == PORTMAP_MAPPED && now < map->expires_at) {
		half = (map->expires_at - now) / 2;
		map->at = now + (half > RENEW_MIN ? half : RENEW_MIN);
		return;
	}
	map->has_epoch = false;
	map->at = now + map->pause;
	map->pause = map->pause * 2 < PORTMAP_PAUSE_MAX ? map->pause * 2 :
							  PORTMAP_PAUSE_MAX;
	state_set(map, PORTMAP_SILENT, NULL);
}

/* The gateway has no PCP: it may have what came before, which is for IPv4. */
static void pcp_failed(struct portmap *map, uint64_t now)
{
	if (map->local.family == AF_INET && map->state != PORTMAP_MAPPED)
		ask(map, now, PORTMAP_NATPMP);
	else
		unanswered(map, now);
}

static void receive_pcp(struct portmap *map, uint64_t now,
			const uint8_t *bytes, size_t len)
{
	uint8_t nonce[PCP_NONCE_LEN];
	struct pcp_response response;
	int ret;

	ret = pcp_response_parse(bytes, len, &response);
	if (!ret && response.opcode == PCP_ANNOUNCE) {
		if (response.result == PCP_SUCCESS)
			announced(map, now, response.epoch);
		return;
	}
	if (!map->asks || map->protocol != PORTMAP_PCP)
		return;
	if (ret == -EPROTONOSUPPORT)
		pcp_failed(map, now);
	if (ret)
		return;
	nonce_make(map, nonce);
	if (response.map.port != map->port ||
	    sodium_memcmp(response.map.nonce, nonce, sizeof(nonce)))
		return;
	if (response.result == PCP_SUCCESS &&
	    (!response.lifetime ||
	     response.map.external.family != map->local.family))
		return;
	epoch_note(map, now, response.epoch);
	if (response.result == PCP_SUCCESS)
		granted(map, now, &response.map.external, response.lifetime);
	else
		refused(map, now, pcp_result_name(response.result),
			response.lifetime);
}

static void receive_address(struct portmap *map, uint64_t now,
			    const struct natpmp_response *response)
{
	if (!map->asks || map->has_address) {
		if (!response->result)
			announced(map, now, response->epoch);
		return;
	}
	epoch_note(map, now, response->epoch);
	if (response->result) {
		refused(map, now, natpmp_result_name(response->result), 0);
		return;
	}
	map->has_address = true;
	map->address = response->address;
	map->sends = 0;
	request_send(map, now);
}

static void receive_natpmp(struct portmap *map, uint64_t now,
			   const uint8_t *bytes, size_t len)
{
	struct natpmp_response response;
	struct endpoint external = { .family = AF_INET };

	if (natpmp_response_parse(bytes, len, &response))
		return;
	if (response.opcode == NATPMP_ADDRESS) {
		receive_address(map, now, &response);
		return;
	}
	if (!map->asks || !map->has_address ||
	    (response.port != map->port && !response.result))
		return;
	epoch_note(map, now, response.epoch);
	external.in4 = map->address;
	external.port = response.external_port;
	if (response.result)
		refused(map, now, natpmp_result_name(response.result), 0);
	else if (endpoint_check(&external) || !response.lifetime)
		refused(map, now, "the gateway has no address of its own", 0);
	else
		granted(map, now, &external, response.lifetime);
}

void portmap_receive(struct portmap *map, uint64_t now,
		     const struct endpoint *src, const uint8_t *bytes,
		     size_t len)
{
	if (map->state == PORTMAP_OFF || !endpoint_equal(src, &map->gateway))
		return;
	/* One that was silent to both says by PCP that it is there. */
	if (map->protocol == PORTMAP_PCP || (len && *bytes == PCP_VERSION))
		receive_pcp(map, now, bytes, len);
	else
		receive_natpmp(map, now, bytes, len);
}

void portmap_timer(struct portmap *map, uint64_t now)
{
	if (map->at > now)
		return;
	if (!map->asks)
		portmap_renew(map, now);
	else if (map->sends < PORTMAP_SENDS)
		request_send(map, now);
	else if (map->protocol == PORTMAP_PCP)
		pcp_failed(map, now);
	else
		unanswered(map, now);
}

uint64_t portmap_deadline(const struct portmap *map)
{
	return map->at;
}
