// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "turn_lab.h"

#define QUEUE	TURN_LAB_QUEUE

struct endpoint lab_at(const char *text)
{
	struct endpoint ep;

	if (endpoint_parse(text, &ep))
		fail_msg("%s", text);
	return ep;
}

void lab_is_at(const struct endpoint *ep, const char *text)
{
	char buf[ENDPOINT_TEXT_LEN] = "none";

	if (endpoint_is_set(ep))
		endpoint_format(ep, buf);
	assert_string_equal(buf, text);
}

static void lab_queue(struct lab *lab, bool up, const struct endpoint *src,
		      const struct endpoint *dst, const void *bytes, size_t len)
{
	struct datagram *d = &lab->queue[lab->queued++];

	assert_in_range(lab->queued, 0, QUEUE - 1);
	d->at = lab->now + 10 * MS;
	d->up = up;
	d->src = *src;
	d->dst = *dst;
	d->len = len;
	memcpy(d->bytes, bytes, len);
}

static void client_send(void *ctx, const struct endpoint *dst,
			const void *bytes, size_t len)
{
	struct lab *lab = ctx;

	assert_true(stun_is_message(bytes, len));
	if (lab->client.account.transport != TURN_UDP) {
		assert_true(endpoint_equal(dst, &lab->local));
		dst = &lab->server.at;
	}
	lab->sent_at[lab->sent++ % 256] = lab->now;
	if (lab->lose) {
		lab->lose--;
		return;
	}
	lab_queue(lab, true, &lab->self, dst, bytes, len);
}

static void server_send(void *ctx, const struct endpoint *src,
			const struct endpoint *dst, const void *bytes,
			size_t len)
{
	struct lab *lab = ctx;

	if (!endpoint_equal(dst, &lab->self)) {
		lab->peer_got++;
		lab->peer_src = *src;
		lab->peer_dst = *dst;
		return;
	}
	if (lab->lose_down) {
		lab->lose_down--;
		return;
	}
	if (endpoint_is_set(&lab->local) && endpoint_equal(src, &lab->server.at))
		src = &lab->local;
	lab_queue(lab, false, src, dst, bytes, len);
}

static void client_changed(void *ctx)
{
	struct lab *lab = ctx;

	lab->changed++;
}

static void client_connect(void *ctx, bool wanted)
{
	struct lab *lab = ctx;

	lab->connects += wanted;
	lab->disconnects += !wanted;
}

const struct turn_client_ops lab_ops = {
	.send = client_send,
	.changed = client_changed,
	.connect = client_connect,
};

struct lab *lab_new(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct turn_account account = { .user = "u", .password = "secret" };

	lab->now = 1000 * S;
	lab->self = lab_at("198.51.100.7:7740");
	turn_server_init(&lab->server, "203.0.113.1:3478");
	lab->server.ctx = lab;
	lab->server.send = server_send;
	account.server = lab->server.at;
	turn_init(&lab->client, &lab_ops, lab, &account);
	return lab;
}

struct lab *lab_stream(void)
{
	struct lab *lab = lab_new();
	struct turn_account account = lab->client.account;

	account.transport = TURN_TLS;
	turn_init(&lab->client, &lab_ops, lab, &account);
	return lab;
}

void lab_connect(struct lab *lab)
{
	lab->local = lab_at("127.64.1.1:5000");
	turn_connected(&lab->client, lab->now, &lab->local, "");
}

void lab_cut(struct lab *lab, const char *why)
{
	memset(&lab->local, 0, sizeof(lab->local));
	lab->queued = 0;
	turn_server_restart(&lab->server);
	turn_connected(&lab->client, lab->now, NULL, why);
}

bool lab_receive(struct lab *lab, const struct datagram *d)
{
	uint8_t *copy = malloc(d->len);
	bool taken;
	size_t len;

	memcpy(copy, d->bytes, d->len);
	taken = turn_receive(&lab->client, lab->now, &d->src, copy, d->len);
	free(copy);
	lab->bound += turn_take_bound(&lab->client);
	while ((len = turn_take_frame(&lab->client, &lab->frame_src,
				      lab->frame))) {
		lab->frames++;
		lab->frame_len = len;
	}
	return taken;
}

void lab_deliver(struct lab *lab)
{
	struct datagram d = lab->queue[0];

	lab->queued--;
	memmove(lab->queue, lab->queue + 1, lab->queued * sizeof(d));
	if (d.up) {
		turn_server_receive(&lab->server, lab->now, &d.src, &d.dst,
				    d.bytes, d.len);
		return;
	}
	lab->last_down = d;
	lab_receive(lab, &d);
}

void lab_run(struct lab *lab, uint64_t duration)
{
	uint64_t end = lab->now + duration, next;

	for (;;) {
		next = turn_deadline(&lab->client);
		if (lab->queued && lab->queue[0].at < next)
			next = lab->queue[0].at;
		if (next > end)
			break;
		if (next > lab->now)
			lab->now = next;
		if (lab->queued && lab->queue[0].at <= lab->now)
			lab_deliver(lab);
		else
			turn_timer(&lab->client, lab->now);
	}
	lab->now = end;
}

struct lab *lab_allocated(void)
{
	struct lab *lab = lab_new();

	turn_start(&lab->client, lab->now);
	lab_run(lab, S);
	assert_int_equal(lab->client.state, TURN_ALLOCATED);
	return lab;
}

void lab_free(struct lab *lab)
{
	turn_wipe(&lab->client);
	free(lab);
}
