// SPDX-License-Identifier: GPL-2.0-or-later
#define HAVE_INTTYPES_H	1
#define HAVE_STDBOOL_H	1
#define HAVE_INET6	1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <re_types.h>
#include <re_mem.h>
#include <re_mbuf.h>
#include <re_list.h>
#include <re_sa.h>
#include <re_stun.h>

#include "be.h"
#include "clock.h"
#include "turn_message.h"
#include "turn_server.h"

struct exchange {
	struct turn_server *server;
	uint64_t now;
	const struct endpoint *src;
	struct stun_msg *msg;
	uint8_t key[TURN_KEY_LEN];
	bool signs;
	char nonce[16];
	/* Of the answer. */
	uint32_t lifetime;
	struct endpoint relayed;
};

void turn_server_init(struct turn_server *server, const char *at)
{
	memset(server, 0, sizeof(*server));
	if (endpoint_parse(at, &server->at))
		abort();
	server->user = "u";
	server->password = "secret";
	server->realm = "example.org";
	server->nonce = 1;
	server->next_port = 50000;
}

void turn_server_restart(struct turn_server *server)
{
	memset(server->client, 0, sizeof(server->client));
	server->nonce += 1000;
	server->next_port += 100;
}

static struct turn_server_client *client_of(struct turn_server *server,
					    uint64_t now,
					    const struct endpoint *src)
{
	struct turn_server_client *client = server->client;

	for (int i = 0; i < TURN_SERVER_CLIENTS; i++, client++)
		if (endpoint_is_set(&client->at) &&
		    endpoint_equal(&client->at, src) && client->until > now)
			return client;
	return NULL;
}

struct turn_server_client *turn_server_only(struct turn_server *server)
{
	struct turn_server_client *only = NULL;

	for (int i = 0; i < TURN_SERVER_CLIENTS; i++)
		if (endpoint_is_set(&server->client[i].at)) {
			if (only)
				return NULL;
			only = &server->client[i];
		}
	return only;
}

unsigned int turn_server_count(const struct turn_server_client *client,
			       uint64_t now, bool channels)
{
	unsigned int n = 0;

	for (int i = 0; i < TURN_SERVER_ENTRIES; i++)
		n += endpoint_is_set(&client->entry[i].peer) &&
		     !client->entry[i].channel == !channels &&
		     client->entry[i].until > now;
	return n;
}

static struct sa sa_of(const struct endpoint *ep)
{
	struct sockaddr_storage ss = { 0 };
	struct sa sa = { 0 };

	endpoint_to_sockaddr(ep, &ss);
	sa_set_sa(&sa, (const struct sockaddr *)&ss);
	return sa;
}

static struct endpoint endpoint_of(const struct sa *sa)
{
	struct sockaddr_storage ss = { 0 };
	struct endpoint ep;

	memcpy(&ss, &sa->u, sizeof(sa->u));
	if (endpoint_from_sockaddr(&ep, &ss))
		abort();
	return ep;
}

/* @code: 0 for success. */
static void answer(struct exchange *ex, uint16_t code)
{
	struct turn_server *server = ex->server;
	struct stun_errcode error = { .code = code, .reason = (char *)"no" };
	bool challenge = code == 401 || code == 438;
	struct sa mapped = sa_of(ex->src), relayed, alternate;
	struct mbuf *mb = mbuf_alloc(512);
	uint8_t key[TURN_KEY_LEN];

	memcpy(key, ex->key, sizeof(key));
	key[0] ^= server->forges;
	if (endpoint_is_set(&ex->relayed))
		relayed = sa_of(&ex->relayed);
	if (endpoint_is_set(&server->alternate))
		alternate = sa_of(&server->alternate);
	if (stun_msg_encode(mb, stun_msg_method(ex->msg),
			    code ? STUN_CLASS_ERROR_RESP :
				   STUN_CLASS_SUCCESS_RESP,
			    stun_msg_tid(ex->msg), code ? &error : NULL,
			    ex->signs && !challenge &&
			    !server->unsigned_answers ? key : NULL,
			    ex->signs && !challenge &&
			    !server->unsigned_answers ? sizeof(key) : 0,
			    true, 0, 6,
			    STUN_ATTR_LIFETIME,
			    ex->lifetime ? &ex->lifetime : NULL,
			    STUN_ATTR_XOR_RELAY_ADDR,
			    endpoint_is_set(&ex->relayed) ? &relayed : NULL,
			    STUN_ATTR_XOR_MAPPED_ADDR, code ? NULL : &mapped,
			    STUN_ATTR_ALT_SERVER,
			    code && endpoint_is_set(&server->alternate) ?
			    &alternate : NULL,
			    STUN_ATTR_REALM, challenge ? server->realm : NULL,
			    STUN_ATTR_NONCE, challenge ? ex->nonce : NULL))
		abort();
	server->send(server->ctx, &server->at, ex->src, mb->buf, mb->end);
	mem_deref(mb);
}

/* Return: 0, or the error that the credentials are answered with. */
static uint16_t authenticate(struct exchange *ex)
{
	struct turn_server *server = ex->server;
	struct stun_attr *user = stun_msg_attr(ex->msg, STUN_ATTR_USERNAME);
	struct stun_attr *nonce = stun_msg_attr(ex->msg, STUN_ATTR_NONCE);

	if (server->open)
		return 0;
	snprintf(ex->nonce, sizeof(ex->nonce), "n%u", server->nonce);
	if (!user || !nonce ||
	    !stun_msg_attr(ex->msg, STUN_ATTR_MSG_INTEGRITY))
		return 401;
	turn_key(ex->key, server->user, server->realm, server->password);
	if (strcmp(user->v.username, server->user) ||
	    stun_msg_chk_mi(ex->msg, ex->key, sizeof(ex->key)))
		return 401;
	ex->signs = true;
	if (strcmp(nonce->v.nonce, ex->nonce))
		return 438;
	return 0;
}

static uint32_t lifetime_of(const struct exchange *ex)
{
	struct stun_attr *attr = stun_msg_attr(ex->msg, STUN_ATTR_LIFETIME);
	uint32_t seconds = attr ? attr->v.lifetime : 600;

	if (ex->server->lifetime && seconds > ex->server->lifetime)
		seconds = ex->server->lifetime;
	return seconds;
}

static uint16_t do_allocate(struct exchange *ex)
{
	struct turn_server *server = ex->server;
	struct turn_server_client *client = client_of(server, ex->now, ex->src);

	if (client && memcmp(client->tid, stun_msg_tid(ex->msg), 12))
		return 437;
	for (int i = 0; !client && i < TURN_SERVER_CLIENTS; i++)
		if (!endpoint_is_set(&server->client[i].at) ||
		    server->client[i].until <= ex->now) {
			client = &server->client[i];
			memset(client, 0, sizeof(*client));
			client->at = *ex->src;
			client->relayed = server->at;
			client->relayed.port = server->next_port++;
			memcpy(client->tid, stun_msg_tid(ex->msg), 12);
		}
	if (!client)
		return 486;
	ex->lifetime = lifetime_of(ex);
	ex->relayed = client->relayed;
	client->until = ex->now + ex->lifetime * CLOCK_SECOND;
	return 0;
}

static uint16_t do_refresh(struct exchange *ex)
{
	struct turn_server_client *client = client_of(ex->server, ex->now,
						      ex->src);

	if (!client)
		return 437;
	ex->lifetime = lifetime_of(ex);
	client->until = ex->now + ex->lifetime * CLOCK_SECOND;
	if (!ex->lifetime)
		memset(client, 0, sizeof(*client));
	return 0;
}

static struct turn_server_entry *entry_of(struct turn_server_client *client,
					  uint64_t now, uint16_t channel,
					  const struct endpoint *peer)
{
	struct turn_server_entry *free = NULL;

	for (int i = 0; i < TURN_SERVER_ENTRIES; i++) {
		struct turn_server_entry *entry = &client->entry[i];

		if (!endpoint_is_set(&entry->peer) || entry->until <= now) {
			free = free ? free : entry;
			continue;
		}
		if (!entry->channel != !channel)
			continue;
		if (channel ? entry->channel == channel ||
			      endpoint_equal(&entry->peer, peer) :
			      entry->peer.in4.s_addr == peer->in4.s_addr)
			return entry;
	}
	if (!free)
		abort();
	memset(free, 0, sizeof(*free));
	return free;
}

static uint16_t do_entry(struct exchange *ex, uint16_t channel)
{
	struct stun_attr *attr = stun_msg_attr(ex->msg,
					       STUN_ATTR_XOR_PEER_ADDR);
	struct turn_server_client *client = client_of(ex->server, ex->now,
						      ex->src);
	struct turn_server_entry *entry;
	struct endpoint peer;

	if (!client)
		return 437;
	if (!attr || (channel && (channel < 0x4000 || channel > 0x4fff)))
		return 400;
	peer = endpoint_of(&attr->v.xor_peer_addr);
	if (peer.family != AF_INET)
		return 443;
	if (peer.in4.s_addr == ex->server->forbidden.s_addr)
		return 403;
	entry = entry_of(client, ex->now, channel, &peer);
	/* One channel to a peer, and one peer to a channel. */
	if (channel && endpoint_is_set(&entry->peer) &&
	    (entry->channel != channel || !endpoint_equal(&entry->peer, &peer)))
		return 400;
	entry->peer = peer;
	entry->channel = channel;
	entry->until = ex->now + (channel ? 600 : 300) * CLOCK_SECOND;
	if (!channel)
		return 0;
	/* It is a permission as well. */
	entry = entry_of(client, ex->now, 0, &peer);
	entry->peer = peer;
	entry->until = ex->now + 300 * CLOCK_SECOND;
	return 0;
}

static uint16_t act(struct exchange *ex)
{
	struct stun_attr *attr = stun_msg_attr(ex->msg,
					       STUN_ATTR_CHANNEL_NUMBER);

	switch (stun_msg_method(ex->msg)) {
	case STUN_METHOD_ALLOCATE:
		return do_allocate(ex);
	case STUN_METHOD_REFRESH:
		return do_refresh(ex);
	case STUN_METHOD_CREATEPERM:
		return do_entry(ex, 0);
	case STUN_METHOD_CHANBIND:
		return attr ? do_entry(ex, attr->v.channel_number) : 400;
	default:
		return 400;
	}
}

static void request(struct exchange *ex)
{
	struct turn_server *server = ex->server;
	unsigned int method = stun_msg_method(ex->msg);
	uint16_t error;

	server->requests[method & 15]++;
	server->nonce += server->stale;
	error = authenticate(ex);
	if (!error && server->error && server->method == method)
		error = server->error;
	answer(ex, error ? error : act(ex));
}

/* What a client sends to a peer. */
static void channel_data(struct turn_server *server, uint64_t now,
			 const struct endpoint *src, const uint8_t *bytes,
			 size_t len)
{
	struct turn_server_client *client = client_of(server, now, src);
	uint16_t channel = be_get16(bytes);
	size_t size = len >= 4 ? be_get16(bytes + 2) : 0;

	for (int i = 0; client && size && size <= len - 4 &&
	     i < TURN_SERVER_ENTRIES; i++) {
		struct turn_server_entry *entry = &client->entry[i];

		if (!endpoint_is_set(&entry->peer) ||
		    entry->channel != channel || entry->until <= now)
			continue;
		server->channel_data++;
		server->send(server->ctx, &client->relayed, &entry->peer,
			     bytes + 4, size);
		return;
	}
	server->dropped++;
}

static void indicate(struct turn_server *server,
		     const struct turn_server_client *client,
		     const struct endpoint *src, const uint8_t *bytes,
		     size_t len)
{
	static const uint8_t tid[12] = { 7 };
	struct mbuf *mb = mbuf_alloc(1400), *data = mbuf_alloc(len);
	struct sa peer = sa_of(src);

	mbuf_write_mem(data, bytes, len);
	data->pos = 0;
	if (stun_msg_encode(mb, STUN_METHOD_DATA, STUN_CLASS_INDICATION, tid,
			    NULL, NULL, 0, false, 0, 2,
			    STUN_ATTR_XOR_PEER_ADDR, &peer,
			    STUN_ATTR_DATA, data))
		abort();
	server->data++;
	server->send(server->ctx, &server->at, &client->at, mb->buf, mb->end);
	mem_deref(data);
	mem_deref(mb);
}

/* What a peer sends to a relayed address. */
static void peer_data(struct turn_server *server, uint64_t now,
		      struct turn_server_client *client,
		      const struct endpoint *src, const uint8_t *bytes,
		      size_t len)
{
	const struct turn_server_entry *channel = NULL;
	uint8_t frame[1400];
	bool permitted = false;

	for (int i = 0; i < TURN_SERVER_ENTRIES; i++) {
		const struct turn_server_entry *entry = &client->entry[i];

		if (!endpoint_is_set(&entry->peer) || entry->until <= now)
			continue;
		if (!entry->channel)
			permitted |= entry->peer.in4.s_addr ==
				     src->in4.s_addr;
		else if (endpoint_equal(&entry->peer, src))
			channel = entry;
	}
	if (!permitted) {
		server->dropped++;
		return;
	}
	if (!channel) {
		indicate(server, client, src, bytes, len);
		return;
	}
	be_put16(frame, channel->channel);
	be_put16(frame + 2, len);
	memcpy(frame + 4, bytes, len);
	server->send(server->ctx, &server->at, &client->at, frame, len + 4);
}

static void control(struct turn_server *server, uint64_t now,
		    const struct endpoint *src, const uint8_t *bytes,
		    size_t len)
{
	struct exchange ex = { .server = server, .now = now, .src = src };
	struct stun_unknown_attr unknown;
	struct mbuf *mb = mbuf_alloc(len);

	mbuf_write_mem(mb, bytes, len);
	mb->pos = 0;
	if (!stun_msg_decode(&ex.msg, mb, &unknown) &&
	    stun_msg_class(ex.msg) == STUN_CLASS_REQUEST)
		request(&ex);
	mem_deref(ex.msg);
	mem_deref(mb);
}

void turn_server_receive(struct turn_server *server, uint64_t now,
			 const struct endpoint *src, const struct endpoint *dst,
			 const uint8_t *bytes, size_t len)
{
	if (server->silent || !len)
		return;
	if (endpoint_equal(dst, &server->at)) {
		if (bytes[0] >= 0x40)
			channel_data(server, now, src, bytes, len);
		else
			control(server, now, src, bytes, len);
		return;
	}
	for (int i = 0; i < TURN_SERVER_CLIENTS; i++)
		if (endpoint_is_set(&server->client[i].at) &&
		    server->client[i].until > now &&
		    endpoint_equal(&server->client[i].relayed, dst)) {
			peer_data(server, now, &server->client[i], src, bytes,
				  len);
			return;
		}
	server->dropped++;
}
