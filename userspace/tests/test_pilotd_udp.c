// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams of the helper's socket: direct, by a relay, by a TURN server. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "udp.h"
#include "wire.h"

#define FRAMES	8

struct ends {
	int fd[2];
	struct endpoint at[2];
	struct udp_batch *batch;
	unsigned int count;
	struct {
		struct endpoint src;
		size_t len;
		uint8_t first, last;
	} frame[FRAMES];
};

static void ends_open(struct ends *ends)
{
	struct sockaddr_storage ss;
	socklen_t len;

	memset(ends, 0, sizeof(*ends));
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in in = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};

		ends->fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(bind(ends->fd[i], (struct sockaddr *)&in,
				      sizeof(in)), 0);
		len = sizeof(ss);
		getsockname(ends->fd[i], (struct sockaddr *)&ss, &len);
		assert_int_equal(endpoint_from_sockaddr(&ends->at[i], &ss), 0);
	}
	ends->batch = udp_batch_new();
	assert_non_null(ends->batch);
}

static void ends_close(struct ends *ends)
{
	close(ends->fd[0]);
	close(ends->fd[1]);
	udp_batch_free(ends->batch);
}

static void on_frame(void *ctx, const struct endpoint *src,
		     const uint8_t *bytes, size_t len)
{
	struct ends *ends = ctx;

	assert_true(ends->count < FRAMES);
	ends->frame[ends->count].src = *src;
	ends->frame[ends->count].len = len;
	ends->frame[ends->count].first = len ? bytes[0] : 0;
	ends->frame[ends->count].last = len ? bytes[len - 1] : 0;
	ends->count++;
}

static void drain(struct ends *ends)
{
	ends->count = 0;
	udp_drain(ends->batch, ends->fd[1], on_frame, ends);
}

/* Sent to an endpoint of a kind, it is seen as from one of that kind. */
static void test_kinds(void **state)
{
	static const struct {
		uint8_t kind;
		uint32_t id;
	} kinds[] = {
		{ ENDPOINT_DIRECT, 0 }, { ENDPOINT_RELAY, 0x1a2b3c4d },
		{ ENDPOINT_TURN, 0x4001 },
	};
	uint8_t frame[WIRE_FRAME_MAX] = { WIRE_TYPE_INIT };
	struct endpoint dst, src;
	struct ends ends;

	(void)state;
	ends_open(&ends);
	frame[sizeof(frame) - 1] = 0x77;
	for (size_t i = 0; i < 3; i++) {
		dst = ends.at[1];
		dst.kind = kinds[i].kind;
		dst.id = kinds[i].id;
		src = ends.at[0];
		src.kind = kinds[i].kind;
		src.id = kinds[i].id;
		assert_int_equal(udp_send(ends.fd[0], &dst, frame,
					  sizeof(frame)), 0);
		drain(&ends);
		assert_int_equal(ends.count, 1);
		assert_true(endpoint_equal(&ends.frame[0].src, &src));
		assert_int_equal(ends.frame[0].len, sizeof(frame));
		assert_int_equal(ends.frame[0].first, WIRE_TYPE_INIT);
		assert_int_equal(ends.frame[0].last, 0x77);
	}
	ends_close(&ends);
}

static void test_bytes(void **state)
{
	static const uint8_t frame[] = { WIRE_TYPE_CONTROL, 2, 3 };
	static const uint8_t relay[] = {
		0x96, 0, 0, 0, 5, 0, 0, 0, WIRE_TYPE_CONTROL, 2, 3,
	};
	static const uint8_t channel[] = {
		0x40, 1, 0, 3, WIRE_TYPE_CONTROL, 2, 3,
	};
	uint8_t got[64];
	struct ends ends;

	(void)state;
	ends_open(&ends);
	assert_int_equal(udp_send(ends.fd[0], &ends.at[1], frame, 3), 0);
	assert_int_equal(recv(ends.fd[1], got, sizeof(got), 0), 3);
	assert_memory_equal(got, frame, 3);
	ends.at[1].kind = ENDPOINT_RELAY;
	ends.at[1].id = 5;
	assert_int_equal(udp_send(ends.fd[0], &ends.at[1], frame, 3), 0);
	assert_int_equal(recv(ends.fd[1], got, sizeof(got), 0), 11);
	assert_memory_equal(got, relay, 11);
	ends.at[1].kind = ENDPOINT_TURN;
	assert_int_equal(udp_send(ends.fd[0], &ends.at[1], frame, 3), -EINVAL);
	ends.at[1].id = 0x4001;
	assert_int_equal(udp_send(ends.fd[0], &ends.at[1], frame, 3), 0);
	assert_int_equal(recv(ends.fd[1], got, sizeof(got), 0), 7);
	assert_memory_equal(got, channel, 7);
	ends.at[1].family = AF_UNSPEC;
	assert_int_equal(udp_send(ends.fd[0], &ends.at[1], frame, 3),
			 -EDESTADDRREQ);
	ends_close(&ends);
}

/* What is carried and is no frame is passed over; the rest of a batch not. */
static void test_passed_over(void **state)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
		bool good;
	} datagrams[] = {
		{ { 0x96, 0, 0, 0, 5, 0, 0, 0, 0x91, 1 }, 10, true },
		{ { 0x96, 0, 0, 1, 5, 0, 0, 0, 0x91, 1 }, 10, false },
		{ { 0x96, 0, 0, 0, 5, 0, 0, 0, 0x96, 1 }, 10, false },
		{ { 0x96, 0, 0, 0, 5, 0, 0 }, 7, false },
		{ { 0x40, 1, 0, 9, 0x91, 1 }, 6, false },
		{ { 0x40, 1, 0, 2, 0x91, 1, 0, 0 }, 8, true },
		/* STUN has its own reader. */
		{ { 0x01, 1, 0, 0 }, 4, true },
		{ { 0x95, 1, 0, 0 }, 4, true },
	};
	struct sockaddr_storage ss;
	unsigned int good = 0;
	struct ends ends;
	socklen_t len;

	(void)state;
	ends_open(&ends);
	len = endpoint_to_sockaddr(&ends.at[1], &ss);
	for (size_t i = 0; i < sizeof(datagrams) / sizeof(*datagrams); i++) {
		sendto(ends.fd[0], datagrams[i].bytes, datagrams[i].len, 0,
		       (struct sockaddr *)&ss, len);
		good += datagrams[i].good;
	}
	drain(&ends);
	assert_int_equal(ends.count, good);
	assert_int_equal(ends.frame[0].src.kind, ENDPOINT_RELAY);
	assert_int_equal(ends.frame[1].src.kind, ENDPOINT_TURN);
	assert_int_equal(ends.frame[1].len, 2);
	assert_int_equal(ends.frame[2].src.kind, ENDPOINT_DIRECT);
	assert_int_equal(ends.frame[2].first, 0x01);
	assert_int_equal(ends.frame[3].src.kind, ENDPOINT_DIRECT);
	ends_close(&ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_passed_over),
	};

	return cmocka_run_group_tests_name("datagrams", tests, NULL, NULL);
}
