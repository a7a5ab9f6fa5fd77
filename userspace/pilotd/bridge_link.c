// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outbox.h"

/*
 * What may wait for a slow reader, in ours and in the kernel's buffer: more
 * would only make it later. At 10 Mbit/s this is a twentieth of a second.
 */
#define LINK_OUTBOX	65536
#define LINK_NOTSENT	16384
/* Without an acknowledgement for so long the other end is gone. */
#define LINK_DEAD_MS	4000
#define LINK_IDLE_S	15	/* then ask whether it is there */
/* 127.64.0.1, and then 127.64.1.1 and so on. */
#define LINK_ADDRESS	0x7f400001U
/* Taken in one go, so that other links get their turn. */
#define LINK_BURST	16

struct bridge_link {
	struct bridge_link_config config;
	struct tls *tls;
	struct stream_reader reader;
	struct outbox outbox;
	sd_event_source *tcp_source, *udp_source;
	bool up;
	bool busy, freed;		/* in a callback of the loop */
};

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

void bridge_tcp_prepare(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, LINK_DEAD_MS);
	set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, LINK_NOTSENT);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, LINK_IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

int bridge_udp(unsigned int number, uint16_t port, struct endpoint *local)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd, ret;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	in.sin_addr.s_addr = htonl(LINK_ADDRESS + (number << 8));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		goto fail;
	if (getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		goto fail;
	memset(local, 0, sizeof(*local));
	local->family = AF_INET;
	local->in4 = in.sin_addr;
	local->port = ntohs(in.sin_port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(port);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		goto fail;
	return fd;
fail:
	ret = -errno;
	close(fd);
	return ret;
}

static void link_end(struct bridge_link *link, const char *why)
{
	if (!link->freed)
		link->config.ops->ended(link->config.ctx, why);
}

static void link_watch(struct bridge_link *link, bool write)
{
	sd_event_source_set_io_events(link->tcp_source,
				      write ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* As much of what waits as the socket takes now. */
static void link_flush(struct bridge_link *link)
{
	const uint8_t *bytes;
	ssize_t ret = 0;
	size_t len;

	for (;;) {
		bytes = outbox_first(&link->outbox, &len);
		if (!len)
			break;
		ret = tls_write(link->tls, bytes, len);
		if (ret < 0)
			break;
		outbox_take(&link->outbox, ret);
	}
	if (ret < 0 && ret != -EAGAIN)
		link_end(link, tls_error(link->tls));
	else
		link_watch(link, ret == -EAGAIN);
}

static void on_message(void *ctx, const uint8_t *bytes, size_t len)
{
	struct bridge_link *link = ctx;
	struct bridge_stats *stats = link->config.stats;

	if (link->freed || !link->config.ops->arrived(link->config.ctx))
		return;
	/* An error may be of an earlier one, and then this was not sent. */
	if (send(link->config.udp, bytes, len, MSG_DONTWAIT) < 0 &&
	    (errno != ECONNREFUSED ||
	     send(link->config.udp, bytes, len, MSG_DONTWAIT) < 0))
		stats->dropped_busy++;
	else
		stats->to_pilotd++;
}

static void link_read(struct bridge_link *link)
{
	uint8_t bytes[TLS_RECORD];
	ssize_t ret;

	for (int i = 0; i < LINK_BURST && !link->freed; i++) {
		ret = tls_read(link->tls, bytes, sizeof(bytes));
		if (ret == -EAGAIN)
			return;
		if (ret <= 0) {
			link_end(link, tls_error(link->tls));
			return;
		}
		if (stream_read(&link->reader, bytes, ret, on_message, link) &&
		    !link->freed) {
			link_end(link, "something else than frames came");
			return;
		}
	}
}

static void link_shake(struct bridge_link *link)
{
	int ret = tls_handshake(link->tls);

	if (ret == -EAGAIN) {
		link_watch(link, tls_wants_write(link->tls));
		return;
	}
	if (ret) {
		link_end(link, tls_error(link->tls));
		return;
	}
	link->up = true;
	link_watch(link, false);
	sd_event_source_set_enabled(link->udp_source, SD_EVENT_ON);
	link->config.ops->up(link->config.ctx);
}

static void link_leave(struct bridge_link *link)
{
	link->busy = false;
	if (link->freed)
		bridge_link_free(link);
}

static int on_tcp(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct bridge_link *link = ctx;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)source;
	link->busy = true;
	if (revents & EPOLLERR) {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		link_end(link, strerror(error ? error : ECONNRESET));
	} else if (!link->up) {
		link_shake(link);
	} else {
		if (revents & EPOLLOUT)
			link_flush(link);
		if (!link->freed && revents & ~EPOLLOUT)
			link_read(link);
	}
	link_leave(link);
	return 0;
}

static void on_datagram(void *ctx, const struct endpoint *src,
			const uint8_t *bytes, size_t len)
{
	uint8_t written[STREAM_WRITTEN_MAX];
	struct bridge_link *link = ctx;
	struct bridge_stats *stats = link->config.stats;
	int ret;

	(void)src;
	if (link->freed)
		return;
	ret = stream_write(link->config.kind, bytes, len, written);
	if (ret < 0)
		stats->dropped_refused++;
	else if (outbox_put(&link->outbox, written, ret))
		stats->from_pilotd++;
	else
		stats->dropped_slow++;
}

static int on_udp(sd_event_source *source, int fd, uint32_t revents, void *ctx)
{
	struct bridge_link *link = ctx;
	socklen_t len = sizeof(int);
	unsigned int n;
	int error;

	(void)source;
	link->busy = true;
	if (revents & EPOLLERR)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	n = udp_drain_bare(link->config.batch, fd, on_datagram, link);
	if (n && !link->config.ops->answered(link->config.ctx))
		link_end(link, "there are as many clients as may be");
	if (n && !link->freed)
		link_flush(link);
	link_leave(link);
	return 0;
}

static int link_start(struct bridge_link *link)
{
	const struct bridge_link_config *config = &link->config;
	int ret;

	ret = tls_new(&link->tls, config->credentials, config->tcp,
		      config->server, config->name ? config->name : "");
	if (ret)
		return ret;
	/* A client's first word goes out when it is connected. */
	ret = sd_event_add_io(config->event, &link->tcp_source, config->tcp,
			      config->server ? EPOLLIN : EPOLLOUT, on_tcp,
			      link);
	if (ret >= 0)
		ret = sd_event_add_io(config->event, &link->udp_source,
				      config->udp, EPOLLIN, on_udp, link);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(link->udp_source,
						  SD_EVENT_OFF);
	return ret < 0 ? ret : 0;
}

static void link_destroy(struct bridge_link *link)
{
	sd_event_source_disable_unref(link->tcp_source);
	sd_event_source_disable_unref(link->udp_source);
	tls_free(link->tls);
	outbox_free(&link->outbox);
	free(link);
}

int bridge_link_new(struct bridge_link **made,
		    const struct bridge_link_config *config)
{
	struct bridge_link *link = calloc(1, sizeof(*link));
	int ret;

	if (!link)
		return -ENOMEM;
	link->config = *config;
	stream_reader_init(&link->reader, config->kind);
	ret = outbox_init(&link->outbox, LINK_OUTBOX);
	if (!ret)
		ret = link_start(link);
	if (ret) {
		link_destroy(link);
		return ret;
	}
	*made = link;
	return 0;
}

void bridge_link_free(struct bridge_link *link)
{
	int tcp;

	if (!link)
		return;
	if (link->busy) {
		link->freed = true;
		sd_event_source_set_enabled(link->tcp_source, SD_EVENT_OFF);
		sd_event_source_set_enabled(link->udp_source, SD_EVENT_OFF);
		return;
	}
	tcp = link->config.tcp;
	link_destroy(link);
	close(tcp);
}
