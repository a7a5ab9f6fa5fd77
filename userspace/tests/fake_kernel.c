// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kernel.h"

static const uint64_t second = CLOCK_SECOND;

struct fake_entry *fake_find(struct fake *fake, uint32_t id)
{
	for (unsigned int i = 0; i < fake->entries; i++)
		if (fake->entry[i].entry.id == id)
			return &fake->entry[i];
	return NULL;
}

struct fake_entry *fake_way(struct fake *fake, unsigned int from,
			    unsigned int to)
{
	for (unsigned int i = 0; i < fake->entries; i++) {
		struct fake_entry *entry = &fake->entry[i];

		if (entry->entry.from == fake_peer(from) &&
		    entry->entry.to == fake_peer(to))
			return entry;
	}
	return NULL;
}

bool fake_is_whole(struct fake *fake)
{
	for (unsigned int i = 0; i < fake->entries; i++) {
		const struct fake_entry *a = &fake->entry[i], *b;

		b = fake_find(fake, a->entry.next_id);
		if (!b || b->entry.next_id != a->entry.id ||
		    b->entry.from != a->entry.to ||
		    b->entry.to != a->entry.from || b->agent != a->agent)
			return false;
	}
	return fake->entries == 2 * introducer_stats(fake->in)->pairs;
}

void fake_remove(struct fake *fake, struct fake_entry *entry)
{
	*entry = fake->entry[--fake->entries];
}

static enum introducer_standing fake_standing(void *ctx, uint64_t agent,
					      uint64_t peer)
{
	struct fake *fake = ctx;
	uint64_t number = peer - fake_peer(0);

	if ((agent != FAKE_AGENT && agent != FAKE_OTHER) ||
	    number >= FAKE_PEERS)
		return INTRODUCER_ABSENT;
	return fake->standing[number];
}

/* As the contract with the kernel has it. */
static int fake_relay_new(void *ctx, uint64_t agent,
			  const struct relay_entry *entry, bool renew)
{
	struct fake *fake = ctx;
	struct fake_entry *at = fake_find(fake, entry->id);

	if (!relay_entry_valid(entry))
		abort();
	/* What is renewed is in use, and that is no error. */
	if (fake->errors && !(renew && fake->error == -EEXIST) &&
	    fake->skip-- <= 0) {
		fake->errors -= fake->errors > 0;
		return fake->error;
	}
	if (renew && !at)
		return -ENOENT;
	if (at && (!renew || at->entry.from != entry->from ||
		   at->entry.to != entry->to || at->agent != agent))
		return -EEXIST;
	if (renew)
		fake->renews++;
	else
		fake->news++;
	if (!at && fake->entries == FAKE_ENTRIES)
		return -ENOSPC;
	if (!at)
		at = &fake->entry[fake->entries++];
	at->agent = agent;
	at->entry = *entry;
	at->until = fake->now + entry->seconds * second;
	return 0;
}

static void fake_relay_del(void *ctx, uint64_t agent, uint32_t id)
{
	struct fake *fake = ctx;
	struct fake_entry *entry = fake_find(fake, id);

	fake->dels++;
	if (entry && entry->agent == agent)
		fake_remove(fake, entry);
}

static void fake_send(void *ctx, uint64_t agent, uint64_t peer,
		      const struct endpoint *dst, uint8_t type,
		      const void *tlvs, size_t len)
{
	struct fake *fake = ctx;
	struct fake_sent *sent = &fake->sent[fake->sents++ % FAKE_SENT];

	memset(sent, 0, sizeof(*sent));
	if (path_message_read(type, tlvs, len, &sent->message))
		abort();
	sent->at = fake->now;
	sent->agent = agent;
	sent->peer = peer;
	sent->to_src = dst;
	if (dst)
		sent->dst = *dst;
	sent->len = len;
}

static void fake_notify(void *ctx, enum introducer_notice notice,
			uint64_t agent, uint64_t from, uint64_t to,
			const char *text)
{
	struct fake *fake = ctx;

	(void)agent;
	(void)from;
	(void)to;
	(void)text;
	fake->notices[notice]++;
}

static void fake_random(void *ctx, void *buf, size_t len)
{
	struct fake *fake = ctx;
	uint8_t *out = buf;

	while (len--) {
		fake->seed = fake->seed * 6364136223846793005ULL + 1;
		*out++ = fake->seed >> 56;
	}
}

static const struct introducer_ops fake_ops = {
	.standing = fake_standing,
	.relay_new = fake_relay_new,
	.relay_del = fake_relay_del,
	.send = fake_send,
	.notify = fake_notify,
	.random = fake_random,
};

void fake_configure(struct fake *fake)
{
	introducer_configure(fake->in, fake->now, &fake->config);
}

static void fake_start(struct fake *fake)
{
	fake->in = introducer_new(&fake_ops, fake);
	if (!fake->in)
		abort();
	fake_configure(fake);
}

struct fake *fake_new(unsigned int peers)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		abort();
	fake->now = 1000 * second;
	fake->config = (struct introducer_config){
		.enabled = true, .data = true, .packet_rate = 10000,
		.byte_rate = 12500000, .pairs = 256, .lifetime = 300,
	};
	for (unsigned int i = 0; i < peers; i++)
		fake->standing[i] = INTRODUCER_DIRECT;
	fake_start(fake);
	return fake;
}

void fake_free(struct fake *fake)
{
	introducer_free(fake->in);
	free(fake);
}

void fake_restart(struct fake *fake)
{
	struct fake_entry dump[FAKE_ENTRIES];
	unsigned int entries = fake->entries;

	introducer_free(fake->in);
	fake_start(fake);
	memcpy(dump, fake->entry, sizeof(dump));
	for (unsigned int i = 0; i < entries; i++) {
		dump[i].entry.seconds = (dump[i].until - fake->now + second -
					 1) / second;
		introducer_adopt(fake->in, fake->now, dump[i].agent,
				 &dump[i].entry);
	}
	introducer_adopt_end(fake->in, fake->now);
}

void fake_run(struct fake *fake, uint64_t duration)
{
	uint64_t end = fake->now + duration, at;

	while ((at = introducer_next_deadline(fake->in)) <= end) {
		if (at > fake->now)
			fake->now = at;
		introducer_timer(fake->in, fake->now);
	}
	fake->now = end;
	for (unsigned int i = fake->entries; i-- > 0;)
		if (fake->entry[i].until <= end)
			fake_remove(fake, &fake->entry[i]);
}

static void fake_ask(struct fake *fake, unsigned int from, unsigned int to,
		     uint8_t type)
{
	const struct path_message message = {
		.type = type, .peer = fake_peer(to),
	};
	uint8_t tlvs[PATH_MESSAGE_MAX];
	int len = path_message_write(&message, tlvs);
	struct endpoint src = {
		.family = AF_INET, .port = 7740,
		.in4.s_addr = htonl(0xc0000200 + from),
	};

	introducer_receive(fake->in, fake->now, FAKE_AGENT, fake_peer(from),
			   &src, type, tlvs, len);
}

void fake_open(struct fake *fake, unsigned int from, unsigned int to)
{
	fake_ask(fake, from, to, WIRE_CONTROL_RELAY_OPEN);
}

void fake_close(struct fake *fake, unsigned int from, unsigned int to)
{
	fake_ask(fake, from, to, WIRE_CONTROL_RELAY_CLOSE);
}
