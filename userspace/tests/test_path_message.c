// SPDX-License-Identifier: GPL-2.0-or-later
/* The control messages of reachability, as bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "check.h"
#include "path_message.h"
#include "tlv.h"

static int read_exact(uint8_t type, const void *tlvs, size_t len,
		      struct path_message *message)
{
	/* Exact on the heap, so that reading past the end is seen. */
	uint8_t *copy = malloc(len + !len);
	int ret;

	if (len)
		memcpy(copy, tlvs, len);
	ret = path_message_read(type, copy, len, message);
	free(copy);
	return ret;
}

static struct path_message sample(uint8_t type)
{
	struct path_message m = { .type = type };

	switch (type) {
	case WIRE_CONTROL_RELAY_GRANT:
		m.relay = 0x01020304;
		m.lifetime = 300;
		m.flags = WIRE_RELAY_F_SIGNALLING;
		m.packet_rate = 10000;
		m.byte_rate = 12500000;
		m.peer = addr_make(1, 0xf2910004);
		break;
	case WIRE_CONTROL_RELAY_REFUSED:
		m.reason = WIRE_REFUSED_NOT_HERE;
		m.peer = addr_make(1, 0xf2910004);
		break;
	case WIRE_CONTROL_RELAY_OPEN:
	case WIRE_CONTROL_RELAY_CLOSE:
		m.peer = addr_make(1, 0xf2910004);
		break;
	case WIRE_CONTROL_CANDIDATES:
		m.generation = 7;
		m.flags = WIRE_CANDIDATES_F_ANSWER;
		m.count = 2;
		m.candidate[0].kind = WIRE_CANDIDATE_HOST;
		endpoint_parse("192.0.2.1:7740", &m.candidate[0].endpoint);
		m.candidate[1].kind = WIRE_CANDIDATE_MAPPED;
		endpoint_parse("[2001:db8::1]:7741", &m.candidate[1].endpoint);
		m.cost[1] = 50;
		m.cost[4] = 0xfffe;
		break;
	case WIRE_CONTROL_PUNCH:
		m.round = 2;
		m.generation = 7;
		break;
	case WIRE_CONTROL_LATER:
		m.lifetime = WIRE_LATER_SECONDS_MAX;
		m.generation = 9;
		break;
	case WIRE_CONTROL_NOMINATE:
	case WIRE_CONTROL_NOMINATED:
	case WIRE_CONTROL_LATE:
		m.generation = 0xfffffff0;
		break;
	}
	return m;
}

static bool same(const struct path_message *a, const struct path_message *b)
{
	if (a->type != b->type || a->peer != b->peer || a->relay != b->relay ||
	    a->lifetime != b->lifetime || a->flags != b->flags ||
	    a->packet_rate != b->packet_rate || a->byte_rate != b->byte_rate ||
	    a->reason != b->reason || a->round != b->round ||
	    a->generation != b->generation || a->count != b->count ||
	    memcmp(a->cost, b->cost, sizeof(a->cost)))
		return false;
	for (int i = 0; i < a->count; i++)
		if (a->candidate[i].kind != b->candidate[i].kind ||
		    !endpoint_equal(&a->candidate[i].endpoint,
				    &b->candidate[i].endpoint))
			return false;
	return true;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (uint8_t type = WIRE_CONTROL_RELAY_OPEN;
	     type <= WIRE_CONTROL_LATE; type++) {
		struct path_message m = sample(type), back;
		uint8_t buf[PATH_MESSAGE_MAX];
		int len = path_message_write(&m, buf);

		assert_in_range(len, 0, PATH_MESSAGE_MAX);
		assert_int_equal(read_exact(type, buf, len, &back), 0);
		assert_true(same(&m, &back));
	}
}

/* The bytes are those of the specification. */
static void test_layout(void **state)
{
	struct path_message m = sample(WIRE_CONTROL_CANDIDATES);
	uint8_t buf[PATH_MESSAGE_MAX], expected[PATH_MESSAGE_MAX];
	size_t len;

	(void)state;
	len = check_hex("0600" "0400" "01000000"
			"0a00" "0400" "07000000"
			"0b00" "0800" "01" "04" "3c1e" "c0000201"
			"0b00" "1400" "03" "06" "3d1e"
			"20010db8000000000000000000000001"
			"0d00" "0e00" "0000" "3200" "0000" "0000" "feff"
			"0000" "0000", expected, sizeof(expected));
	assert_int_equal(path_message_write(&m, buf), len);
	assert_memory_equal(buf, expected, len);
	/* Who asks none says what was said before there were any. */
	memset(m.cost, 0, sizeof(m.cost));
	assert_int_equal(path_message_write(&m, buf), len - 18);
	assert_memory_equal(buf, expected, len - 18);

	m = sample(WIRE_CONTROL_RELAY_GRANT);
	len = check_hex("0300" "0800" "040091f201000000"
			"0400" "0400" "04030201"
			"0500" "0400" "2c010000"
			"0600" "0400" "01000000"
			"0700" "0400" "10270000"
			"0800" "0800" "20bcbe0000000000",
			expected, sizeof(expected));
	assert_int_equal(path_message_write(&m, buf), len);
	assert_memory_equal(buf, expected, len);
}

/* Nobody gets more for asking in another's name than the asking cost. */
static void test_answers_are_not_larger(void **state)
{
	struct path_message open = sample(WIRE_CONTROL_RELAY_OPEN);
	struct path_message grant = sample(WIRE_CONTROL_RELAY_GRANT);
	struct path_message refused = sample(WIRE_CONTROL_RELAY_REFUSED);
	struct path_message nominate = sample(WIRE_CONTROL_NOMINATE);
	struct path_message nominated = sample(WIRE_CONTROL_NOMINATED);
	struct path_message later = sample(WIRE_CONTROL_LATER);
	struct path_message late = sample(WIRE_CONTROL_LATE);
	uint8_t buf[PATH_MESSAGE_MAX];
	int asked;

	(void)state;
	asked = path_message_write(&open, buf);
	assert_int_equal(path_message_write(&grant, buf), asked);
	assert_true(path_message_write(&refused, buf) <= asked);
	asked = path_message_write(&nominate, buf);
	assert_int_equal(path_message_write(&nominated, buf), asked);
	asked = path_message_write(&later, buf);
	assert_true(path_message_write(&late, buf) <= asked);
}

/* Cut at every byte: only one beside a candidate leaves a message. */
static void test_truncated(void **state)
{
	(void)state;
	for (uint8_t type = WIRE_CONTROL_RELAY_OPEN;
	     type <= WIRE_CONTROL_LATE; type++) {
		struct path_message m = sample(type), back;
		uint8_t buf[PATH_MESSAGE_MAX];
		int len = path_message_write(&m, buf);

		for (int cut = 0; cut < len; cut++) {
			int ret = read_exact(type, buf, cut, &back);

			if ((type == WIRE_CONTROL_CANDIDATES &&
			     (cut == 16 || cut == 28 || cut == 52)) ||
			    (type == WIRE_CONTROL_RELAY_OPEN && cut == 12))
				assert_int_equal(ret, 0);
			else
				assert_int_equal(ret, -EBADMSG);
		}
	}
}

struct bad {
	uint8_t type;
	const char *tlvs;
};

static void test_refused(void **state)
{
	static const struct bad bad[] = {
		/* Reserved and impossible addresses of agents. */
		{ 3, "0300080000000000" "01000000" },
		{ 3, "03000800" "ffffffff01000000" },
		{ 3, "03000800" "040091f201000100" },
		/* Wrong lengths, also of what the type does not have. */
		{ 3, "03000400" "040091f2" },
		{ 3, "03000800" "040091f201000000" "01000400" "00000000" },
		{ 9, "0a000300" "010000" },
		{ 8, "0c000200" "0100" "0a000400" "01000000" },
		/* Twice. */
		{ 9, "0a000400" "01000000" "0a000400" "01000000" },
		{ 6, "03000800" "040091f201000000"
		     "03000800" "040091f201000000" },
		/* No id, no time, too long a time. */
		{ 4, "03000800" "040091f201000000" "04000400" "00000000"
		     "05000400" "2c010000" "06000400" "00000000"
		     "07000400" "00000000" "08000800" "0000000000000000" },
		{ 4, "03000800" "040091f201000000" "04000400" "01000000"
		     "05000400" "00000000" "06000400" "00000000"
		     "07000400" "00000000" "08000800" "0000000000000000" },
		{ 4, "03000800" "040091f201000000" "04000400" "01000000"
		     "05000400" "81510100" "06000400" "00000000"
		     "07000400" "00000000" "08000800" "0000000000000000" },
		/* Endpoints that nothing can be sent to. */
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0b000800" "01" "04" "0000" "c0000201" },
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0b000800" "01" "04" "3c1e" "e0000001" },
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0b001400" "01" "06" "3c1e"
		     "00000000000000000000ffffc0000201" },
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0b000700" "04" "3c1e" "c0000201" },
		{ 7, "0a000400" "01000000" "06000400" "00000000" "0b000000" },
		/* Half a cost; costs twice, also of another type. */
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0d000300" "010000" },
		{ 7, "0a000400" "01000000" "06000400" "00000000"
		     "0d000200" "0100" "0d000200" "0100" },
		{ 11, "0d000100" "01" },
		/* Something is missing. */
		{ 7, "06000400" "00000000" },
		{ 7, "0a000400" "01000000" },
		{ 5, "03000800" "040091f201000000" },
		{ 8, "0a000400" "01000000" },
		{ 10, "" },
		{ 12, "05000400" "18000000" },
		{ 12, "0a000400" "01000000" },
		{ 12, "05000400" "00000000" "0a000400" "01000000" },
		{ 13, "" },
	};
	struct path_message m;
	uint8_t buf[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		size_t len = check_hex(bad[i].tlvs, buf, sizeof(buf));

		if (read_exact(bad[i].type, buf, len, &m) != -EBADMSG)
			fail_msg("case %zu is taken", i);
	}
}

static void test_skipped(void **state)
{
	struct path_message m;
	uint8_t buf[256];
	size_t len;

	(void)state;
	/* Padding, a TLV of another day, one that this type does not have. */
	len = check_hex("00000300" "aabbcc" "ff7f0100" "aa"
			"0a000400" "05000000" "0c000100" "03" "00000000",
			buf, sizeof(buf));
	assert_int_equal(read_exact(9, buf, len, &m), 0);
	assert_int_equal(m.generation, 5);
	assert_int_equal(m.round, 0);
	/* A kind of candidate that is not known. */
	len = check_hex("0a000400" "05000000" "06000400" "00000000"
			"0b000800" "09" "04" "3c1e" "c0000201"
			"0b000800" "02" "04" "3c1e" "c0000202",
			buf, sizeof(buf));
	assert_int_equal(read_exact(7, buf, len, &m), 0);
	assert_int_equal(m.count, 1);
	assert_int_equal(m.candidate[0].kind, WIRE_CANDIDATE_OBSERVED);
	/* Costs of classes of another day, of some only, of none. */
	len = check_hex("0a000400" "05000000" "06000400" "00000000"
			"0d001200" "0100" "0200" "0300" "0400" "0500" "0600"
			"0700" "0800" "0900", buf, sizeof(buf));
	assert_int_equal(read_exact(7, buf, len, &m), 0);
	for (int i = 0; i < WIRE_PATH_CLASSES; i++)
		assert_int_equal(m.cost[i], i + 1);
	len = check_hex("0a000400" "05000000" "06000400" "00000000"
			"0d000200" "0100", buf, sizeof(buf));
	assert_int_equal(read_exact(7, buf, len, &m), 0);
	assert_int_equal(m.cost[0], 1);
	assert_int_equal(m.cost[1], 0);
	assert_int_equal(read_exact(7, buf, 16, &m), 0);
	assert_int_equal(m.cost[0], 0);
	/* And where there are none. */
	len = check_hex("0a000400" "05000000" "0d000200" "0100",
			buf, sizeof(buf));
	assert_int_equal(read_exact(9, buf, len, &m), 0);
	assert_int_equal(m.cost[0], 0);
	assert_int_equal(read_exact(11, NULL, 0, &m), 0);
	/* Other types are others' business. */
	assert_int_equal(read_exact(0, NULL, 0, &m), -ENOMSG);
	assert_int_equal(read_exact(WIRE_CONTROL_PONG, NULL, 0, &m), -ENOMSG);
	assert_int_equal(read_exact(14, NULL, 0, &m), -ENOMSG);
	m.type = WIRE_CONTROL_PING;
	assert_int_equal(path_message_write(&m, buf), -EINVAL);
}

static void test_many_candidates(void **state)
{
	struct path_message m = sample(WIRE_CONTROL_CANDIDATES), back;
	uint8_t buf[PATH_MESSAGE_MAX + 32];
	struct tlv_writer w;
	uint8_t value[20] = { WIRE_CANDIDATE_HOST, 6, 1, 1, 0x20 };
	int len;

	(void)state;
	m.count = WIRE_CANDIDATES_MAX;
	for (int i = 0; i < m.count; i++)
		m.candidate[i] = m.candidate[1];
	len = path_message_write(&m, buf);
	assert_int_equal(len, PATH_MESSAGE_MAX);
	assert_int_equal(read_exact(7, buf, len, &back), 0);
	assert_true(same(&m, &back));
	/* One more than there may be. */
	tlv_write_begin(&w, buf + len, sizeof(buf) - len);
	tlv_write(&w, WIRE_CONTROL_TLV_CANDIDATE, value, sizeof(value));
	assert_int_equal(read_exact(7, buf, len + w.len, &back), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_answers_are_not_larger),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_many_candidates),
	};

	return cmocka_run_group_tests_name("path_message", tests, NULL, NULL);
}
