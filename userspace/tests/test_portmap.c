// SPDX-License-Identifier: GPL-2.0-or-later
/* Port mappings: messages cut anywhere, and a gateway that can be anything. */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "be.h"
#include "check.h"
#include "natpmp.h"
#include "portmap.h"

#define S	CLOCK_SECOND
#define MS	CLOCK_MS

static struct endpoint at(const char *text)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(text, &ep), 0);
	return ep;
}

static void is_at(const struct endpoint *ep, const char *text)
{
	char buf[ENDPOINT_TEXT_LEN];

	endpoint_format(ep, buf);
	assert_string_equal(buf, text);
}

/* --- messages ------------------------------------------------------------- */

static void a_map_request_is_as_rfc_6887_has_it(void **state)
{
	struct pcp_map map = { .lifetime = 0x01020304, .port = 7740 };
	struct endpoint client = at("192.0.2.10:1");
	uint8_t out[PCP_MAP_LEN], expected[PCP_MAP_LEN];

	(void)state;
	memset(map.nonce, 0xaa, sizeof(map.nonce));
	check_hex("0201000001020304" "00000000000000000000ffffc000020a"
		  "aaaaaaaaaaaaaaaaaaaaaaaa" "11000000" "1e3c1e3d"
		  "00000000000000000000ffff00000000", expected,
		  sizeof(expected));
	map.external.port = 7741;
	assert_int_equal(pcp_map_write(out, &client, &map), PCP_MAP_LEN);
	assert_memory_equal(out, expected, PCP_MAP_LEN);
	map.external = at("198.51.100.1:7741");
	memcpy(expected + 56, &map.external.in4, 4);
	pcp_map_write(out, &client, &map);
	assert_memory_equal(out, expected, PCP_MAP_LEN);
	client = at("[2001:db8::a]:1");
	memset(&map.external, 0, sizeof(map.external));
	pcp_map_write(out, &client, &map);
	memcpy(expected + 8, &client.in6, 16);
	memset(expected + 42, 0, 18);
	assert_memory_equal(out, expected, PCP_MAP_LEN);
}

static size_t pcp_answer(uint8_t *out, uint8_t result, uint32_t lifetime,
			 uint32_t epoch, const uint8_t *request,
			 const struct endpoint *external)
{
	memset(out, 0, PCP_MAP_LEN);
	out[0] = 2;
	out[1] = 0x81;
	out[3] = result;
	be_put32(out + 4, lifetime);
	be_put32(out + 8, epoch);
	memcpy(out + 24, request + 24, 36);
	if (external->family == AF_INET) {
		out[54] = out[55] = 0xff;
		memcpy(out + 56, &external->in4, 4);
	} else {
		memcpy(out + 44, &external->in6, 16);
	}
	be_put16(out + 42, external->port);
	return PCP_MAP_LEN;
}

static void a_map_response_is_read(void **state)
{
	struct endpoint client = at("192.0.2.10:1");
	struct endpoint external = at("198.51.100.1:7741");
	struct pcp_map map = { .lifetime = 1, .port = 7740 };
	uint8_t request[PCP_MAP_LEN], out[PCP_MAP_LEN + 8] = { 0 };
	struct pcp_response response;

	(void)state;
	pcp_map_write(request, &client, &map);
	pcp_answer(out, 0, 600, 77, request, &external);
	assert_int_equal(pcp_response_parse(out, PCP_MAP_LEN, &response), 0);
	assert_int_equal(response.opcode, PCP_MAP);
	assert_int_equal(response.lifetime, 600);
	assert_int_equal(response.epoch, 77);
	assert_int_equal(response.map.port, 7740);
	is_at(&response.map.external, "198.51.100.1:7741");
	/* With options, which are not for us. */
	assert_int_equal(pcp_response_parse(out, PCP_MAP_LEN + 8, &response),
			 0);
	/* A success without an address is none. */
	external.port = 0;
	pcp_answer(out, 0, 600, 77, request, &external);
	assert_int_equal(pcp_response_parse(out, PCP_MAP_LEN, &response),
			 -EBADMSG);
	pcp_answer(out, 8, 600, 77, request, &external);
	assert_int_equal(pcp_response_parse(out, PCP_MAP_LEN, &response), 0);
	assert_int_equal(response.result, 8);
	assert_string_equal(pcp_result_name(8), "no resources");
	assert_string_equal(pcp_result_name(200), "unknown error");
	/* Another version, in the words of NAT-PMP and of PCP. */
	check_hex("0081000100000001", out, 8);
	assert_int_equal(pcp_response_parse(out, 8, &response),
			 -EPROTONOSUPPORT);
	pcp_answer(out, 1, 600, 77, request, &external);
	assert_int_equal(pcp_response_parse(out, PCP_MAP_LEN, &response),
			 -EPROTONOSUPPORT);
}

static void a_response_cut_anywhere_is_refused(void **state)
{
	static const char *const natpmp[] = {
		"0080000000000007c6336401",
		"00810000000000071e3c1e3d00000e10",
	};
	struct endpoint client = at("192.0.2.10:1");
	struct pcp_map map = { .lifetime = 1, .port = 7740 };
	uint8_t request[PCP_MAP_LEN], out[PCP_MAP_LEN], *copy;
	struct natpmp_response short_response;
	struct pcp_response response;

	(void)state;
	pcp_map_write(request, &client, &map);
	client.port = 9;
	pcp_answer(out, 0, 600, 77, request, &client);
	for (size_t len = 0; len < PCP_MAP_LEN; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, out, len);
		assert_int_equal(pcp_response_parse(copy, len, &response),
				 -EBADMSG);
		free(copy);
	}
	for (size_t i = 0; i < 2; i++) {
		size_t whole = check_hex(natpmp[i], out, sizeof(out));

		for (size_t len = 0; len <= whole; len++) {
			copy = malloc(len ? len : 1);
			memcpy(copy, out, len);
			assert_int_equal(natpmp_response_parse(copy, len,
							       &short_response),
					 len < whole ? -EBADMSG : 0);
			/* An error needs no more than its number. */
			if (len >= 8)
				copy[3] = 3;
			assert_int_equal(natpmp_response_parse(copy, len,
							       &short_response),
					 len < 8 ? -EBADMSG : 0);
			free(copy);
		}
	}
	assert_int_equal(short_response.result, 3);
	assert_string_equal(natpmp_result_name(3), "network failure");
	assert_string_equal(natpmp_result_name(300), "unknown error");
}

static void natpmp_is_as_rfc_6886_has_it(void **state)
{
	uint8_t out[NATPMP_REQUEST_MAX], expected[16];
	struct natpmp_response response;

	(void)state;
	assert_int_equal(natpmp_address_write(out), 2);
	assert_memory_equal(out, "\0\0", 2);
	assert_int_equal(natpmp_map_write(out, 7740, 7741, 3600), 12);
	check_hex("000100001e3c1e3d00000e10", expected, sizeof(expected));
	assert_memory_equal(out, expected, 12);
	check_hex("0080000000000007c6336401", expected, sizeof(expected));
	assert_int_equal(natpmp_response_parse(expected, 12, &response), 0);
	assert_int_equal(response.epoch, 7);
	assert_int_equal(ntohl(response.address.s_addr), 0xc6336401);
	check_hex("00810000000000071e3c1e3d00000e10", expected,
		  sizeof(expected));
	assert_int_equal(natpmp_response_parse(expected, 16, &response), 0);
	assert_int_equal(response.port, 7740);
	assert_int_equal(response.external_port, 7741);
	assert_int_equal(response.lifetime, 3600);
	/* Requests, other opcodes and versions. */
	expected[1] = 1;
	assert_int_equal(natpmp_response_parse(expected, 16, &response),
			 -EBADMSG);
	expected[1] = 0x82;
	assert_int_equal(natpmp_response_parse(expected, 16, &response),
			 -EBADMSG);
	expected[1] = 0x81;
	expected[0] = 2;
	assert_int_equal(natpmp_response_parse(expected, 16, &response),
			 -EBADMSG);
}

/* --- a gateway ------------------------------------------------------------ */

struct gateway {
	struct portmap map;
	uint64_t now, booted;
	bool pcp, natpmp;		/* what it knows */
	bool silent_to_pcp;
	unsigned int lose;		/* so many requests */
	uint8_t result;			/* what it answers */
	uint32_t lifetime, error_lifetime;
	struct endpoint external;
	struct endpoint address;	/* of its inner side */
	bool mapped;
	unsigned int requests, deletes, changes;
	uint64_t request_at[64];
	uint8_t last[PCP_MAP_LEN];	/* the last request */
	uint8_t answer[PCP_MAP_LEN];
	size_t answer_len;
};

static uint32_t gateway_epoch(const struct gateway *gw)
{
	return (gw->now - gw->booted) / S;
}

static void gateway_natpmp(struct gateway *gw, const uint8_t *bytes, size_t len)
{
	uint32_t lifetime = len == 12 ? be_get32(bytes + 8) : 0;
	uint8_t *out = gw->answer;

	memset(out, 0, PCP_MAP_LEN);
	out[1] = 0x80 | bytes[1];
	be_put16(out + 2, gw->result);
	be_put32(out + 4, gateway_epoch(gw));
	if (bytes[1] == NATPMP_ADDRESS) {
		memcpy(out + 8, &gw->external.in4, 4);
		gw->answer_len = 12;
		return;
	}
	gw->mapped = lifetime;
	gw->deletes += !lifetime;
	memcpy(out + 8, bytes + 4, 2);
	be_put16(out + 10, gw->external.port);
	be_put32(out + 12, lifetime ? gw->lifetime : 0);
	gw->answer_len = 16;
}

static void gateway_pcp(struct gateway *gw, const uint8_t *bytes)
{
	uint32_t lifetime = be_get32(bytes + 4);

	if (gw->silent_to_pcp)
		return;
	if (!gw->pcp) {
		check_hex("0081000100000001", gw->answer, 8);
		gw->answer_len = 8;
		return;
	}
	gw->mapped = lifetime && !gw->result;
	gw->deletes += !lifetime;
	gw->answer_len = pcp_answer(gw->answer, gw->result,
				    gw->result ? gw->error_lifetime :
				    lifetime ? gw->lifetime : 0,
				    gateway_epoch(gw), bytes, &gw->external);
}

static void gateway_send(void *ctx, const struct endpoint *src,
			 const struct endpoint *dst, const void *bytes,
			 size_t len)
{
	struct gateway *gw = ctx;
	const uint8_t *request = bytes;

	assert_true(endpoint_equal(dst, &gw->address));
	assert_int_equal(src->family, dst->family);
	gw->answer_len = 0;
	memset(gw->last, 0, sizeof(gw->last));
	memcpy(gw->last, bytes, len);
	gw->request_at[gw->requests++ % 64] = gw->now;
	if (gw->requests <= gw->lose)
		return;
	if (request[0] == 2)
		gateway_pcp(gw, bytes);
	else if (gw->natpmp)
		gateway_natpmp(gw, bytes, len);
}

static void gateway_changed(void *ctx)
{
	struct gateway *gw = ctx;

	gw->changes++;
}

static const struct portmap_ops gateway_ops = {
	.send = gateway_send, .changed = gateway_changed,
};

static const uint8_t secret[PORTMAP_SECRET_LEN] = "a secret";

static void gateway_init(struct gateway *gw, bool pcp, bool natpmp)
{
	memset(gw, 0, sizeof(*gw));
	gw->now = 100000 * S;
	gw->booted = 1000 * S;
	gw->pcp = pcp;
	gw->natpmp = natpmp;
	gw->silent_to_pcp = !pcp && !natpmp;
	gw->lifetime = 600;
	gw->external = at("198.51.100.1:7741");
	gw->address = at("192.0.2.1:5351");
	portmap_init(&gw->map, &gateway_ops, gw, 7740, secret);
}

static void gateway_connect(struct gateway *gw)
{
	struct endpoint local = gw->address.family == AF_INET ?
		at("192.0.2.10:7740") : at("[2001:db8::a]:7740");
	struct endpoint gateway = gw->address;

	gateway.port = 0;
	portmap_network(&gw->map, gw->now, &gateway, &local);
}

static void gateway_answer_from(struct gateway *gw, const struct endpoint *src)
{
	uint8_t *copy = malloc(gw->answer_len);
	size_t len = gw->answer_len;

	memcpy(copy, gw->answer, len);
	gw->answer_len = 0;
	portmap_receive(&gw->map, gw->now, src, copy, len);
	free(copy);
}

/* Lets @ns pass, with answers that take a millisecond. */
static void gateway_run(struct gateway *gw, uint64_t ns)
{
	uint64_t until = gw->now + ns;

	for (;;) {
		if (gw->answer_len) {
			gw->now += MS;
			gateway_answer_from(gw, &gw->address);
			continue;
		}
		if (portmap_deadline(&gw->map) > until)
			break;
		gw->now = portmap_deadline(&gw->map);
		portmap_timer(&gw->map, gw->now);
	}
	gw->now = until;
}

static void a_port_is_mapped_by_pcp(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, true);
	assert_int_equal(gw.map.state, PORTMAP_OFF);
	assert_int_equal(portmap_deadline(&gw.map), CLOCK_NEVER);
	gateway_connect(&gw);
	assert_int_equal(gw.map.state, PORTMAP_ASKING);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	assert_int_equal(gw.map.protocol, PORTMAP_PCP);
	is_at(&gw.map.external, "198.51.100.1:7741");
	assert_int_equal(gw.map.lifetime, 600);
	assert_int_equal(gw.requests, 1);
	assert_int_equal(gw.changes, 2);
	/* The same network once more: nothing to do. */
	gateway_connect(&gw);
	assert_int_equal(gw.requests, 1);
	/* Half its life later, with a wish for the same. */
	gateway_run(&gw, 298 * S);
	assert_int_equal(gw.requests, 1);
	gateway_run(&gw, 2 * S);
	assert_int_equal(gw.requests, 2);
	assert_int_equal(be_get16(gw.last + 42), 7741);
	assert_memory_equal(gw.last + 56, &gw.external.in4, 4);
	assert_int_equal(gw.changes, 2);
	portmap_release(&gw.map);
	assert_int_equal(gw.deletes, 1);
	assert_false(gw.mapped);
	assert_int_equal(be_get32(gw.last + 4), 0);
	assert_int_equal(be_get16(gw.last + 42), 0);
	assert_int_equal(gw.map.state, PORTMAP_OFF);
	/* Its answer is not taken for a mapping. */
	gateway_answer_from(&gw, &gw.address);
	assert_int_equal(gw.map.state, PORTMAP_OFF);
	assert_int_equal(portmap_deadline(&gw.map), CLOCK_NEVER);
	portmap_release(&gw.map);
	assert_int_equal(gw.deletes, 1);
}

static void a_pinhole_is_made_for_ipv6(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, true);
	gw.address = at("[fe80::1%1]:5351");
	gw.external = at("[2001:db8::a]:7740");
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	is_at(&gw.map.external, "[2001:db8::a]:7740");
	/* There is no NAT-PMP for it. */
	gateway_init(&gw, false, true);
	gw.address = at("[fe80::1%1]:5351");
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_SILENT);
	assert_int_equal(gw.requests, 1);
}

/* Once it says that it has no PCP, and once it says nothing. */
static void natpmp_is_asked_where_there_is_no_pcp(void **state)
{
	struct gateway gw;

	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		gateway_init(&gw, false, true);
		gw.silent_to_pcp = silent;
		gateway_connect(&gw);
		gateway_run(&gw, 5 * S);
		assert_int_equal(gw.map.state, PORTMAP_MAPPED);
		assert_int_equal(gw.map.protocol, PORTMAP_NATPMP);
		is_at(&gw.map.external, "198.51.100.1:7741");
		assert_int_equal(gw.requests, (silent ? 4 : 1) + 2);
		/* Renewed by what worked. */
		gw.requests = 0;
		gateway_run(&gw, 300 * S);
		assert_int_equal(gw.requests, 2);
		assert_int_equal(be_get16(gw.last + 6), 7741);
		portmap_release(&gw.map);
		assert_int_equal(gw.deletes, 1);
		assert_false(gw.mapped);
		assert_int_equal(be_get16(gw.last + 6), 0);
	}
}

static void silence_is_asked_less_and_less(void **state)
{
	struct gateway gw;
	uint64_t sum = 0;

	(void)state;
	gateway_init(&gw, false, false);
	gateway_connect(&gw);
	gateway_run(&gw, 10 * S);
	assert_int_equal(gw.map.state, PORTMAP_SILENT);
	assert_int_equal(gw.requests, 8);
	for (int i = 0; i < 3; i++) {
		uint64_t gap = gw.request_at[i + 1] - gw.request_at[i];

		assert_in_range(gap, (225 << i) * MS, (275 << i) * MS);
		sum += gap;
	}
	assert_in_range(gw.request_at[4] - gw.request_at[0], sum + 1800 * MS,
			sum + 2200 * MS);
	gateway_run(&gw, 70 * S);
	assert_int_equal(gw.requests, 16);
	gateway_run(&gw, 60 * S);
	assert_int_equal(gw.requests, 16);
	gateway_run(&gw, 80 * S);
	assert_int_equal(gw.requests, 24);
	/* A day of it costs next to nothing. */
	gw.requests = 0;
	gateway_run(&gw, 86400 * S);
	assert_in_range(gw.requests, 8 * 80, 8 * 90);
	/* Whoever wants to know may ask at once. */
	gw.pcp = true;
	gw.silent_to_pcp = false;
	portmap_renew(&gw.map, gw.now);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
}

static void what_is_mapped_stays_so_until_its_time_is_up(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, false);
	gateway_connect(&gw);
	gateway_run(&gw, S);
	gw.silent_to_pcp = true;
	gateway_run(&gw, 590 * S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	assert_true(gw.requests > 8);
	gateway_run(&gw, 30 * S);
	assert_int_equal(gw.map.state, PORTMAP_SILENT);
	assert_false(endpoint_is_set(&gw.map.external));
	/* One renewal that comes through is enough. */
	gateway_init(&gw, true, false);
	gateway_connect(&gw);
	gateway_run(&gw, S);
	gw.silent_to_pcp = true;
	gateway_run(&gw, 590 * S);
	gw.silent_to_pcp = false;
	gateway_run(&gw, 400 * S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	assert_int_equal(gw.changes, 2);
	/* Lost requests do not matter. */
	gateway_init(&gw, true, false);
	gw.lose = 3;
	gateway_connect(&gw);
	gateway_run(&gw, 5 * S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	/* A gateway that wants to be asked all the time is not. */
	gateway_init(&gw, true, false);
	gw.lifetime = 1;
	gateway_connect(&gw);
	gateway_run(&gw, 40 * S);
	assert_in_range(gw.requests, 9, 11);
	/* Nor is one believed that promises the world. */
	gateway_init(&gw, true, false);
	gw.lifetime = UINT32_MAX;
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.lifetime, PORTMAP_LIFETIME_MAX);
}

static void a_refusal_is_kept_and_asked_again_later(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, false);
	gw.result = PCP_NOT_AUTHORIZED;
	gw.error_lifetime = 300;
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_REFUSED);
	assert_string_equal(gw.map.problem, "not authorized");
	gateway_run(&gw, 298 * S);
	assert_int_equal(gw.requests, 1);
	gw.error_lifetime = 0;
	gateway_run(&gw, 2 * S);
	assert_int_equal(gw.requests, 2);
	gateway_run(&gw, 29 * S);
	assert_int_equal(gw.requests, 2);
	gw.error_lifetime = UINT32_MAX;
	gateway_run(&gw, 2 * S);
	assert_int_equal(gw.requests, 3);
	gw.result = 0;
	gateway_run(&gw, 1800 * S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	/* NAT-PMP: a router without a line has no address. */
	gateway_init(&gw, false, true);
	gw.result = 3;
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_REFUSED);
	assert_string_equal(gw.map.problem, "network failure");
	gateway_init(&gw, false, true);
	gw.external.in4.s_addr = 0;
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_REFUSED);
}

/* The epoch: how long the gateway has been running. */
static void a_gateway_that_started_anew_is_asked_anew(void **state)
{
	struct gateway gw;
	int pcp;

	(void)state;
	for (pcp = 0; pcp < 2; pcp++) {
		gateway_init(&gw, pcp, true);
		gateway_connect(&gw);
		gateway_run(&gw, 100 * S);
		gw.requests = 0;
		/* It says that it is there, as it does now and then. */
		memset(gw.answer, 0, sizeof(gw.answer));
		gw.answer[0] = pcp ? 2 : 0;
		gw.answer[1] = 0x80;
		be_put32(gw.answer + (pcp ? 8 : 4), gateway_epoch(&gw));
		gw.answer_len = pcp ? 24 : 12;
		gateway_run(&gw, 10 * S);
		assert_int_equal(gw.requests, 0);
		/* It started anew, and the mapping is gone. */
		gw.booted = gw.now;
		gw.mapped = false;
		gw.external = at("198.51.100.1:9000");
		gw.answer[1] = 0x80;
		be_put32(gw.answer + (pcp ? 8 : 4), gateway_epoch(&gw));
		gw.answer_len = pcp ? 24 : 12;
		gateway_run(&gw, S);
		assert_true(gw.mapped);
		assert_int_equal(gw.requests, pcp ? 1 : 2);
		is_at(&gw.map.external, "198.51.100.1:9000");
		/* Who claims that all the time is not believed all the time. */
		gw.requests = 0;
		for (int i = 0; i < 100; i++) {
			gw.booted = gw.now;
			memset(gw.answer, 0, sizeof(gw.answer));
			gw.answer[0] = pcp ? 2 : 0;
			gw.answer[1] = 0x80;
			be_put32(gw.answer + (pcp ? 8 : 4), i % 2 ? 0 : 500000);
			gw.answer_len = pcp ? 24 : 12;
			gateway_run(&gw, S / 10);
		}
		assert_true(gw.requests <= 6);
	}
}

/* Nobody answered when it was asked, last by NAT-PMP. */
static void a_gateway_that_starts_later_is_asked_at_once(void **state)
{
	struct gateway gw;
	int silent;

	(void)state;
	for (silent = 0; silent < 2; silent++) {
		gateway_init(&gw, false, false);
		gateway_connect(&gw);
		/* Before that, the last request is out, but not given up. */
		gateway_run(&gw, silent ? 10 * S : 6500 * MS);
		assert_int_equal(gw.requests, 8);
		assert_int_equal(gw.map.state, silent ? PORTMAP_SILENT :
							PORTMAP_ASKING);
		gw.booted = gw.now;
		gw.pcp = true;
		gw.silent_to_pcp = false;
		memset(gw.answer, 0, sizeof(gw.answer));
		gw.answer[0] = 2;
		gw.answer[1] = 0x80;
		gw.answer_len = 24;
		gateway_run(&gw, S);
		assert_int_equal(gw.map.state, PORTMAP_MAPPED);
		assert_int_equal(gw.map.protocol, PORTMAP_PCP);
		assert_int_equal(gw.requests, 9);
	}
}

static void only_the_gateway_that_was_asked_is_heard(void **state)
{
	struct endpoint other = at("192.0.2.2:5351");
	struct endpoint port = at("192.0.2.1:5350");
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, true);
	gateway_connect(&gw);
	for (int i = 0; i < 4; i++) {
		gw.answer_len = PCP_MAP_LEN;
		gw.answer[24] ^= i == 2;	/* the nonce */
		gw.answer[41] ^= i == 3;	/* the port */
		gateway_answer_from(&gw, i == 0 ? &other : i == 1 ? &port :
				    &gw.address);
		gw.answer[24] ^= i == 2;
		gw.answer[41] ^= i == 3;
		assert_int_equal(gw.map.state, PORTMAP_ASKING);
	}
	gw.answer_len = PCP_MAP_LEN;
	gateway_answer_from(&gw, &gw.address);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	/* What nobody asked for changes nothing. */
	gw.answer[57] ^= 1;
	gw.answer_len = PCP_MAP_LEN;
	gateway_answer_from(&gw, &gw.address);
	is_at(&gw.map.external, "198.51.100.1:7741");
	check_hex("0081000100000001", gw.answer, 8);
	gw.answer_len = 8;
	gateway_answer_from(&gw, &gw.address);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	assert_int_equal(gw.requests, 1);
	/* An address of the wrong family. */
	gateway_init(&gw, true, true);
	gw.external = at("[2001:db8::a]:7740");
	gateway_connect(&gw);
	gateway_run(&gw, 100 * MS);
	assert_int_equal(gw.map.state, PORTMAP_ASKING);
}

static void the_nonce_is_the_same_again_and_nobody_elses(void **state)
{
	static const uint8_t another[PORTMAP_SECRET_LEN] = "another";
	uint8_t nonce[PCP_NONCE_LEN];
	struct gateway gw;

	(void)state;
	gateway_init(&gw, true, true);
	gateway_connect(&gw);
	memcpy(nonce, gw.last + 24, sizeof(nonce));
	gateway_init(&gw, true, true);
	gateway_connect(&gw);
	assert_memory_equal(nonce, gw.last + 24, sizeof(nonce));
	gateway_init(&gw, true, true);
	portmap_init(&gw.map, &gateway_ops, &gw, 7740, another);
	gateway_connect(&gw);
	assert_memory_not_equal(nonce, gw.last + 24, sizeof(nonce));
	gateway_init(&gw, true, true);
	portmap_init(&gw.map, &gateway_ops, &gw, 7741, secret);
	gateway_connect(&gw);
	assert_memory_not_equal(nonce, gw.last + 24, sizeof(nonce));
}

static void another_network_begins_anew(void **state)
{
	struct endpoint none = { 0 }, local = at("192.0.2.10:1");
	struct gateway gw;

	(void)state;
	gateway_init(&gw, false, true);
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.protocol, PORTMAP_NATPMP);
	portmap_network(&gw.map, gw.now, &none, &local);
	assert_int_equal(gw.map.state, PORTMAP_OFF);
	assert_int_equal(portmap_deadline(&gw.map), CLOCK_NEVER);
	portmap_renew(&gw.map, gw.now);
	assert_int_equal(portmap_deadline(&gw.map), CLOCK_NEVER);
	gw.pcp = true;
	gw.address = at("192.0.2.254:5351");
	gateway_connect(&gw);
	gateway_run(&gw, S);
	assert_int_equal(gw.map.state, PORTMAP_MAPPED);
	assert_int_equal(gw.map.protocol, PORTMAP_PCP);
	assert_string_equal(portmap_state_name(gw.map.state), "mapped");
	assert_string_equal(portmap_protocol_name(PORTMAP_NATPMP), "nat-pmp");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_request_is_as_rfc_6887_has_it),
		cmocka_unit_test(a_map_response_is_read),
		cmocka_unit_test(a_response_cut_anywhere_is_refused),
		cmocka_unit_test(natpmp_is_as_rfc_6886_has_it),
		cmocka_unit_test(a_port_is_mapped_by_pcp),
		cmocka_unit_test(a_pinhole_is_made_for_ipv6),
		cmocka_unit_test(natpmp_is_asked_where_there_is_no_pcp),
		cmocka_unit_test(silence_is_asked_less_and_less),
		cmocka_unit_test(what_is_mapped_stays_so_until_its_time_is_up),
		cmocka_unit_test(a_refusal_is_kept_and_asked_again_later),
		cmocka_unit_test(a_gateway_that_started_anew_is_asked_anew),
		cmocka_unit_test(a_gateway_that_starts_later_is_asked_at_once),
		cmocka_unit_test(only_the_gateway_that_was_asked_is_heard),
		cmocka_unit_test(the_nonce_is_the_same_again_and_nobody_elses),
		cmocka_unit_test(another_network_begins_anew),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("portmap", tests, NULL, NULL);
}
