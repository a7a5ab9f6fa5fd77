// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of a TURN server over a real socket: it asks for an allocation, and
 * sends to a peer by a channel, for as long as it runs. Each thing that happens
 * is a line.
 *
 * Usage: live_turn SERVER USER PASSWORD PEER
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <sodium.h>

#include "carrier.h"
#include "turn_pool.h"

#define PACE	(200 * CLOCK_MS)

struct live {
	int fd;
	struct turn_pool pool;
	struct endpoint peer;
	bool bound;
	unsigned int sent, received;
};

static uint64_t live_now(void)
{
	struct clock now;

	clock_read(&now);
	return now.boot_ns;
}

static void live_send(void *ctx, const struct endpoint *dst, const void *bytes,
		      size_t len)
{
	struct sockaddr_storage ss;
	struct live *live = ctx;
	socklen_t size = endpoint_to_sockaddr(dst, &ss);

	sendto(live->fd, bytes, len, 0, (struct sockaddr *)&ss, size);
}

static void live_changed(void *ctx)
{
	struct live *live = ctx;
	struct turn_client *client = turn_pool_current(&live->pool);
	char text[ENDPOINT_TEXT_LEN];

	live->bound = false;
	if (!client) {
		printf("gone\n");
		return;
	}
	endpoint_format(&client->relayed, text);
	printf("allocated %s\n", text);
}

static void live_bound(void *ctx)
{
	(void)ctx;
	printf("bound\n");
}

static void live_received(const char *what, const struct endpoint *src,
			  const uint8_t *bytes, size_t len)
{
	char text[ENDPOINT_TEXT_LEN];

	endpoint_format(src, text);
	printf("%s %s %.*s\n", what, text, (int)len - 1,
	       (const char *)bytes + 1);
}

static void live_frame(void *ctx, const struct endpoint *src,
		       const void *bytes, size_t len)
{
	(void)ctx;
	live_received("held", src, bytes, len);
}

static void live_told(void *ctx, const struct turn_client *client)
{
	(void)ctx;
	printf("server %s %s\n", turn_state_name(client->state),
	       client->problem);
}

static void live_checked(void *ctx)
{
	(void)ctx;
}

static const struct turn_pool_ops ops = {
	.send = live_send,
	.changed = live_changed,
	.bound = live_bound,
	.frame = live_frame,
	.told = live_told,
	.checked = live_checked,
};

static void live_receive(struct live *live)
{
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);
	uint8_t buffer[2048];
	const uint8_t *bytes = buffer;
	struct endpoint src;
	ssize_t n = recvfrom(live->fd, buffer, sizeof(buffer), 0,
			     (struct sockaddr *)&ss, &size);
	size_t len = n;

	if (n <= 0 || endpoint_from_sockaddr(&src, &ss))
		return;
	if (stun_is_message(bytes, len))
		turn_pool_receive(&live->pool, live_now(), &src, bytes, len);
	else if (!carrier_parse(&src, &bytes, &len))
		live_received("received", &src, bytes, len);
}

static void live_say(struct live *live)
{
	struct turn_client *client = turn_pool_current(&live->pool);
	uint8_t frame[64] = { 0 };
	struct endpoint via;
	int header, len, ret;

	if (!client)
		return;
	turn_permit(client, live_now(), &live->peer);
	ret = turn_channel(client, live_now(), &live->peer, &via);
	if (ret == -EACCES)
		printf("forbidden\n");
	if (ret)
		return;
	len = snprintf((char *)frame + 9, sizeof(frame) - 9, "hello%u",
		       live->sent++) + 1;
	frame[8] = WIRE_TYPE_CONTROL;
	header = carrier_write(&via, len, frame);
	memmove(frame + header, frame + 8, len);
	via.kind = ENDPOINT_DIRECT;
	via.id = 0;
	live_send(live, &via, frame, header + len);
}

static volatile sig_atomic_t ends;

static void on_end(int signal)
{
	(void)signal;
	ends = 1;
}

static void live_run(struct live *live)
{
	uint64_t next, say = 0, now;
	struct pollfd poller = { .fd = live->fd, .events = POLLIN };

	while (!ends) {
		/* There is no path but this one. */
		turn_pool_need(&live->pool, live_now(), TURN_NEED_LACK);
		now = live_now();
		if (say <= now) {
			live_say(live);
			say = now + PACE;
		}
		next = turn_pool_deadline(&live->pool);
		next = next < say ? next : say;
		if (poll(&poller, 1, next > now ?
			 (next - now) / CLOCK_MS + 1 : 0) > 0)
			live_receive(live);
		if (turn_pool_deadline(&live->pool) <= live_now())
			turn_pool_timer(&live->pool, live_now());
	}
	turn_pool_release(&live->pool, live_now());
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = on_end };
	struct turn_account account = { 0 };
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct live live = { 0 };

	if (argc != 5 || sodium_init() < 0 ||
	    endpoint_parse(argv[1], &account.server) ||
	    endpoint_parse(argv[4], &live.peer))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(account.user, sizeof(account.user), "%s", argv[2]);
	snprintf(account.password, sizeof(account.password), "%s", argv[3]);
	live.fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (live.fd < 0 || bind(live.fd, (struct sockaddr *)&any, sizeof(any)))
		return 1;
	sigaction(SIGTERM, &action, NULL);
	turn_pool_init(&live.pool, &ops, &live, &account, 1);
	live_run(&live);
	turn_pool_wipe(&live.pool);
	return 0;
}
