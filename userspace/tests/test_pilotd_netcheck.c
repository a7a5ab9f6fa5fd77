// SPDX-License-Identifier: GPL-2.0-or-later
/* What netcheck reports and advises, without a network. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "addresses.h"
#include "advice.h"
#include "answer.h"
#include "check.h"
#include "gateway.h"
#include "netcheck.h"
#include "outside.h"
#include "own.h"
#include "worker.h"

/* --- advice --------------------------------------------------------------- */

static struct advice_facts facts;
static char text[ADVICE_MAX][ADVICE_LEN];

static struct endpoint at(const char *where)
{
	struct endpoint ep;

	assert_int_equal(endpoint_parse(where, &ep), 0);
	return ep;
}

/* A line with these words, or with @words NULL none at all. */
static void advised(const char *words)
{
	unsigned int count = advice_give(&facts, text);

	assert_true(count <= ADVICE_MAX);
	for (unsigned int i = 0; words && i < count; i++)
		if (strstr(text[i], words))
			return;
	if (words)
		print_error("no advice like: %s\n", words);
	assert_true(!words && !count);
}

static struct advice_family *begin(int i)
{
	memset(&facts, 0, sizeof(facts));
	facts.port = 7740;
	facts.port_mapping = true;
	facts.family[i].has = true;
	facts.family[i].asked = true;
	facts.family[i].answered = true;
	return &facts.family[i];
}

static void a_nat_is_explained(void **state)
{
	struct advice_family *f = begin(0);

	(void)state;
	f->outer = at("198.51.100.7:7740");
	f->nat = true;
	f->state = PORTMAP_SILENT;
	f->mapping = STUN_ENDPOINT_INDEPENDENT;
	advised("keeps one outer port");
	advised("turn on PCP or NAT-PMP in the router");
	f->mapping = STUN_ADDRESS_AND_PORT_DEPENDENT;
	advised("need a relay");
	f->mapping = STUN_ADDRESS_DEPENDENT;
	advised("need a relay");
	f->mapping = STUN_UNKNOWN;
	advised("would tell");
	f->state = PORTMAP_REFUSED;
	f->problem = "not authorized";
	advised("refused to map UDP port 7740: not authorized");
	facts.port_mapping = false;
	advised("set \"port-mapping yes\"");
	/* What is mapped needs nothing more. */
	facts.port_mapping = true;
	f->state = PORTMAP_MAPPED;
	f->external = at("198.51.100.7:7741");
	advised("peers reach this host at 198.51.100.7:7741, which");
	assert_int_equal(advice_give(&facts, text), 1);
	f->external = at("100.64.0.9:7741");
	advised("second NAT");
}

static void a_firewall_is_told_from_none(void **state)
{
	struct advice_family *f = begin(1);

	(void)state;
	f->outer = at("[2001:db8::7]:7740");
	f->state = PORTMAP_SILENT;
	f->filtering = STUN_ENDPOINT_INDEPENDENT;
	advised("peers reach this host at [2001:db8::7]:7740: no NAT");
	f->filtering = STUN_ADDRESS_AND_PORT_DEPENDENT;
	advised("no NAT for IPv6, but a firewall");
	f->filtering = STUN_UNKNOWN;
	advised("if no firewall keeps UDP port 7740");
	f->state = PORTMAP_MAPPED;
	f->external = f->outer;
	advised("the gateway lets them in");
}

static void introducers_are_judged(void **state)
{
	struct advice_family *f = begin(0);

	(void)state;
	f->asked = f->answered = false;
	facts.introducers = 2;
	advised("no introducer answers");
	assert_int_equal(advice_give(&facts, text), 1);
	facts.reached = 1;
	advised("1 of 2 introducers do not answer");
	facts.signalling = 1;
	assert_int_equal(advice_give(&facts, text), 1);
	facts.reached = facts.signalling = 2;
	advised("set \"relay yes\" there, or name a turn-server");
	facts.signalling = 0;
	facts.tls_silent = 1;
	advised("no introducer answers by TLS, so");
	facts.reached = 0;
	advised("nor does one answer by TLS");
	facts.tls_answers = 1;
	facts.reached = 2;
	facts.family[0].has = true;
	for (unsigned int i = advice_give(&facts, text); i--;)
		assert_null(strstr(text[i], "TLS"));
	facts.signalling = 0;
	advised(NULL);
}

static void not_advised(const char *words)
{
	for (unsigned int i = advice_give(&facts, text); i--;)
		assert_null(strstr(text[i], words));
}

static void turn_servers_are_judged(void **state)
{
	static struct turn_report report[3];
	static struct turn_account account[3] = {
		{ .user = "alice" }, { .transport = TURN_TLS }, {},
	};

	(void)state;
	begin(0);
	account[0].server = at("203.0.113.1:3478");
	account[1].server = at("203.0.113.2:5349");
	account[2].server = at("203.0.113.3:3478");
	for (int i = 0; i < 3; i++)
		facts.turn[i] = (struct advice_turn){ &account[i], &report[i] };
	facts.turns = 3;
	facts.introducers = facts.reached = facts.signalling = 1;
	report[0].state = report[2].state = TURN_REFUSED;
	report[0].error = TURN_ERROR_UNAUTHORIZED;
	strcpy(report[2].problem, "the server is full (508)");
	report[1].state = TURN_SILENT;
	strcpy(report[1].problem, "Connection refused");
	advised("203.0.113.1:3478 refuses user \"alice\": compare");
	advised("203.0.113.2:5349 does not answer: Connection refused: is it up, and does a firewall let TCP");
	advised("203.0.113.3:3478 refuses: the server is full (508)");
	advised("no introducer relays data");
	account[1].transport = TURN_UDP;
	report[1].problem[0] = '\0';
	advised("203.0.113.2:5349 does not answer: is it up, and does a firewall let UDP");
	/* One that relays is as good as an introducer. */
	report[2].state = TURN_ALLOCATED;
	report[2].problem[0] = '\0';
	not_advised("no introducer relays data");
	not_advised("203.0.113.3");
	assert_int_equal(advice_give(&facts, text), 2);
}

/* --- how others see us ----------------------------------------------------- */

static struct outside outside[2];
static struct addresses_own addresses;

static void begin_outside(void)
{
	struct advice_family *f = begin(0);

	f->asked = f->answered = false;
	memset(outside, 0, sizeof(outside));
	memset(&addresses, 0, sizeof(addresses));
	addresses.host[0] = at("192.168.1.5:7740");
	addresses.host[1] = at("[2001:db8::7]:7740");
	addresses.count = 2;
	facts.family[1].has = true;
}

/* An introducer that answers from @where, by a way of this class. */
static void answers(const char *where, enum path_class class, const char *seen)
{
	struct path_introducer_info info = {
		.reachable = true, .class = class, .at = at(where),
	};
	struct endpoint there = at("198.51.100.1:7740");

	if (seen)
		info.observed[info.at.family == AF_INET6] = at(seen);
	outside_introducer(outside, facts.family, &info, &there);
}

static void judged(int i, const char *udp, const char *outer, bool nat,
		   enum stun_behaviour mapping)
{
	struct advice_family *f = &facts.family[i];
	struct endpoint expected = { .family = AF_UNSPEC };

	outside_judge(&outside[i], &addresses, f);
	assert_string_equal(advice_udp(f), udp);
	if (outer)
		expected = at(outer);
	assert_true(endpoint_equal(&f->outer, &expected));
	assert_int_equal(f->nat, nat);
	assert_int_equal(f->mapping, mapping);
	assert_int_equal(f->filtering, STUN_UNKNOWN);
}

static void introducers_tell_of_the_nat(void **state)
{
	(void)state;
	begin_outside();
	judged(0, "unknown", NULL, false, STUN_UNKNOWN);
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	/* That of another agent here is no other view. */
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	assert_int_equal(outside[0].views, 1);
	judged(0, "open", "203.0.113.9:4001", true, STUN_UNKNOWN);
	advised("a second introducer would tell");
	answers("198.51.100.2:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4001", true, STUN_ENDPOINT_INDEPENDENT);
	advised("keeps one outer port");
	advised("what it lets in only a STUN server with two addresses");

	begin_outside();
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	answers("198.51.100.2:7740", PATH_CLASS_MAPPED, "203.0.113.9:4002");
	judged(0, "open", "203.0.113.9:4001", true, STUN_ADDRESS_DEPENDENT);
	advised("another outer port");
	/* Two of one address tell of ports alone. */
	begin_outside();
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	answers("198.51.100.1:7741", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4001", true, STUN_UNKNOWN);
	answers("198.51.100.1:7742", PATH_CLASS_IPV4, "203.0.113.9:4002");
	judged(0, "open", "203.0.113.9:4001", true,
	       STUN_ADDRESS_AND_PORT_DEPENDENT);
}

/* Each family for itself. */
static void introducers_tell_that_there_is_no_nat(void **state)
{
	(void)state;
	begin_outside();
	answers("[2001:db8:1::1]:7740", PATH_CLASS_IPV6, "[2001:db8::7]:7740");
	judged(0, "unknown", NULL, false, STUN_UNKNOWN);
	judged(1, "open", "[2001:db8::7]:7740", false, STUN_UNKNOWN);
	advised("no NAT for IPv6");
	/* One on our side of a NAT does not deny it. */
	begin_outside();
	answers("10.0.0.1:7740", PATH_CLASS_IPV4, "192.168.1.5:7740");
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4001", true, STUN_UNKNOWN);
	/* And the one next door knows nothing of it. */
	begin_outside();
	answers("192.168.1.6:7740", PATH_CLASS_LAN, "192.168.1.5:7740");
	judged(0, "open", NULL, false, STUN_UNKNOWN);
	advised("how others see this host over IPv4 is not known");
}

static void stun_servers_and_introducers_are_put_together(void **state)
{
	struct stun_client stun = { .servers = 1 };

	(void)state;
	begin_outside();
	stun.server[0].endpoint = at("198.51.100.9:3478");
	outside_stun(&outside[0], &facts.family[0], &stun);
	judged(0, "blocked", NULL, false, STUN_UNKNOWN);
	advised("no STUN server answered over IPv4: they are down, or");
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4001", true, STUN_UNKNOWN);
	advised("no STUN server answered over IPv4, though UDP gets out");

	begin_outside();
	stun.server[0].answered = true;
	stun.server[0].mapped = at("203.0.113.9:4002");
	outside_stun(&outside[0], &facts.family[0], &stun);
	judged(0, "open", "203.0.113.9:4002", true, STUN_UNKNOWN);
	answers("198.51.100.1:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4002", true, STUN_ADDRESS_DEPENDENT);
	/* What it found out by itself stands. */
	begin_outside();
	stun.mapping = STUN_ENDPOINT_INDEPENDENT;
	outside_stun(&outside[0], &facts.family[0], &stun);
	judged(0, "open", "203.0.113.9:4002", true, STUN_ENDPOINT_INDEPENDENT);
}

/* What it saw when UDP still worked is not asked for then. */
static void tls_alone_means_that_udp_is_blocked(void **state)
{
	(void)state;
	begin_outside();
	facts.introducers = facts.reached = facts.tls_answers = 1;
	answers("127.64.1.1:4000", PATH_CLASS_TLS, "203.0.113.9:4001");
	judged(0, "blocked", NULL, false, STUN_UNKNOWN);
	judged(1, "unknown", NULL, false, STUN_UNKNOWN);
	advised("UDP is blocked over IPv4");
	assert_int_equal(advice_give(&facts, text), 1);
	/* Next door it works, which does not help. */
	answers("192.168.1.6:7740", PATH_CLASS_LAN, "192.168.1.5:7740");
	judged(0, "blocked", NULL, false, STUN_UNKNOWN);
	/* A relay's word is none. */
	answers("relay:0x7@198.51.100.2:7740", PATH_CLASS_RELAY,
		"203.0.113.9:4001");
	judged(0, "blocked", NULL, false, STUN_UNKNOWN);
	/* Where another answers it is the way to this one. */
	answers("198.51.100.2:7740", PATH_CLASS_IPV4, "203.0.113.9:4001");
	judged(0, "open", "203.0.113.9:4001", true, STUN_UNKNOWN);
	advised("but 1 of the introducers answer by TLS alone");
	not_advised("UDP is blocked");
}

static void what_is_not_known_is_said(void **state)
{
	struct advice_family *f = begin(0);

	(void)state;
	f->answered = false;
	advised("no STUN server answered over IPv4");
	f->asked = false;
	advised("name a stun-server");
	f->has = false;
	advised("is a network up?");
	f->has = f->asked = f->answered = true;
	f->state = PORTMAP_ASKING;
	advised(NULL);
}

/* --- the requests --------------------------------------------------------- */

struct host {
	struct worker worker;
	struct own_config config;
	unsigned int checks, sent, changes, moves;
	uint8_t id[12];			/* of the last STUN request */
};

static struct host host;

static void op_send(void *ctx, const struct endpoint *dst, const void *bytes,
		    size_t len)
{
	struct host *at_host = ctx;

	assert_true(endpoint_equal(dst, &at_host->config.stun_server[0]));
	assert_true(stun_is_message(bytes, len));
	at_host->sent++;
	memcpy(at_host->id, (const uint8_t *)bytes + 8, sizeof(at_host->id));
}

static void op_changed(void *ctx, bool moved)
{
	struct host *at_host = ctx;

	at_host->changes++;
	at_host->moves += moved;
}

static void op_checked(void *ctx, uint64_t check)
{
	struct host *at_host = ctx;

	at_host->checks++;
	assert_int_equal(check, at_host->checks);
}

static void op_routed(void *ctx)
{
	(void)ctx;
}

static const struct own_ops ops = {
	op_send, op_changed, op_routed, op_checked,
};

static void host_start(void)
{
	assert_int_equal(own_new(&host.worker.own, host.worker.event,
				 &host.config, &ops, &host), 0);
}

static int start(void **state)
{
	(void)state;
	memset(&host, 0, sizeof(host));
	host.config.port = 7740;
	host.config.route = host.config.announcements = -1;
	host.config.gateway[0] = host.config.gateway[1] = -1;
	host.config.stun_server[0] = at("192.0.2.1:3478");
	host.config.stun_servers = 1;
	host.config.port_mapping = true;
	return sd_event_new(&host.worker.event) < 0;
}

static int stop(void **state)
{
	(void)state;
	own_free(host.worker.own);
	sd_event_unref(host.worker.event);
	return 0;
}

static json_t *ask(const char *op, const char *more)
{
	struct control_error error = { 0 };
	json_t *args = json_pack("{s:s, s:s*}", "op", op, "more", more);
	json_t *result = answer_request(&host.worker, op, args, &error);

	assert_true(!result == !!error.code);
	json_decref(args);
	return result;
}

static void is(const json_t *object, const char *key, const char *value)
{
	const char *is_now = json_string_value(json_object_get(object, key));

	assert_non_null(is_now);
	assert_string_equal(is_now, value);
}

/* A host that knows nothing still answers, and not before it was asked. */
static void a_check_ends_even_with_nobody_to_ask(void **state)
{
	json_t *result, *family;

	(void)state;
	host_start();
	result = ask("netcheck", NULL);
	assert_int_equal(json_integer_value(json_object_get(result, "check")),
			 1);
	json_decref(result);
	assert_int_equal(host.checks, 0);
	/* One at a time. */
	result = ask("netcheck", NULL);
	assert_int_equal(json_integer_value(json_object_get(result, "check")),
			 1);
	json_decref(result);
	while (!host.checks)
		assert_true(sd_event_run(host.worker.event, 1000000) >= 0);
	assert_int_equal(host.sent, 0);
	result = ask("netcheck.show", NULL);
	assert_int_equal(json_integer_value(json_object_get(result, "port")),
			 7740);
	assert_int_equal(json_array_size(json_object_get(result, "host")), 0);
	family = json_object_get(result, "ipv4");
	assert_true(json_is_false(json_object_get(family, "present")));
	is(family, "udp", "unknown");
	is(json_object_get(family, "port_mapping"), "state", "no-gateway");
	assert_int_equal(json_array_size(json_object_get(family, "servers")),
			 1);
	assert_int_equal(json_array_size(json_object_get(result, "advice")),
			 1);
	json_decref(result);
	result = ask("netcheck", NULL);
	assert_int_equal(json_integer_value(json_object_get(result, "check")),
			 2);
	json_decref(result);
}

/* Others are asked as well: it waits for them, and turns no wheels. */
static void a_check_lasts_as_long_as_it_has_to(void **state)
{
	unsigned int turns = 0;
	struct clock now, end;

	(void)state;
	host_start();
	clock_read(&now);
	assert_int_equal(own_check(host.worker.own, now.boot_ns,
				   now.boot_ns + 50 * CLOCK_MS), 1);
	for (; !host.checks; turns++)
		assert_true(sd_event_run(host.worker.event, 1000000) >= 0);
	clock_read(&end);
	assert_true(end.boot_ns - now.boot_ns >= 50 * CLOCK_MS);
	assert_in_range(turns, 1, 5);
}

static void only_known_members_are_taken(void **state)
{
	(void)state;
	host_start();
	assert_null(ask("netcheck", "x"));
	assert_null(ask("netcheck.show", "x"));
	assert_int_equal(host.checks, 0);
}

/* With what this machine's kernel says, whatever that is. */
static void the_real_sockets_are_used(void **state)
{
	const struct addresses_own *own;
	json_t *result, *event;

	(void)state;
	host.config.route = addresses_socket();
	assert_true(host.config.route >= 0);
	host.config.port_mapping = false;
	host_start();
	for (int i = 0; i < 20 && !own_addresses(host.worker.own)->count; i++)
		sd_event_run(host.worker.event, 50000);
	own = own_addresses(host.worker.own);
	result = ask("netcheck.show", NULL);
	assert_int_equal(json_array_size(json_object_get(result, "host")),
			 own->count);
	is(json_object_get(json_object_get(result, "ipv4"), "port_mapping"),
	   "state", "off");
	json_decref(result);
	event = netcheck_addresses(host.worker.own);
	is(event, "event", "addresses");
	assert_int_equal(json_array_size(json_object_get(event, "host")),
			 own->count);
	json_decref(event);
	event = netcheck_event(7);
	is(event, "event", "netcheck");
	assert_int_equal(json_integer_value(json_object_get(event, "check")),
			 7);
	json_decref(event);
	close(host.config.route);
}

/* What a server sees is told, and nobody has moved for that. */
static void a_stun_answer_is_no_move(void **state)
{
	uint8_t answer[32] = { 1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42 };
	static const uint8_t mapped[12] = {
		0, 0x20, 0, 8, 0, 1, 0x3f, 0x2e, 0xe1, 0x12, 0xa6, 0x43,
	};

	(void)state;
	host.config.route = addresses_socket();
	assert_true(host.config.route >= 0);
	host.config.port_mapping = false;
	host_start();
	for (int i = 0; i < 20 && !host.sent; i++)
		sd_event_run(host.worker.event, 50000);
	if (!own_has_family(host.worker.own, 0)) {
		close(host.config.route);
		skip();
	}
	assert_int_equal(host.changes, 1);
	assert_int_equal(host.moves, 1);
	memcpy(answer + 8, host.id, sizeof(host.id));
	memcpy(answer + 20, mapped, sizeof(mapped));
	assert_true(own_receive(host.worker.own, 0,
				&host.config.stun_server[0], answer,
				sizeof(answer)));
	assert_int_equal(host.changes, 2);
	assert_int_equal(host.moves, 1);
	close(host.config.route);
}

/* The source is the address asked for, and the other side sees it. */
static void the_gateway_is_asked_from_the_right_address(void **state)
{
	static const char *const address[2] = { "127.0.0.1:1", "[::1]:1" };
	struct sockaddr_storage ss;
	struct endpoint to, from;
	uint8_t bytes[8];
	socklen_t len;
	int fd, server;

	(void)state;
	for (int i = 0; i < 2; i++) {
		server = gateway_socket(i ? AF_INET6 : AF_INET);
		fd = gateway_socket(i ? AF_INET6 : AF_INET);
		if (i && (server < 0 || fd < 0))
			skip();
		to = at(address[i]);
		from = i ? at("[::1]:7740") : at("127.0.0.9:7740");
		len = sizeof(ss);
		assert_int_equal(getsockname(server, (struct sockaddr *)&ss,
					     &len), 0);
		to.port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
		if (gateway_send(fd, &from, &to, "hello", 5)) {
			assert_int_equal(i, 1);
			skip();
		}
		len = sizeof(ss);
		assert_int_equal(recvfrom(server, bytes, sizeof(bytes), 0,
					  (struct sockaddr *)&ss, &len), 5);
		assert_int_equal(endpoint_from_sockaddr(&to, &ss), 0);
		to.port = from.port;
		assert_true(endpoint_equal(&to, &from));
		close(fd);
		close(server);
	}
}

#define with_host(test)	cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nat_is_explained),
		cmocka_unit_test(a_firewall_is_told_from_none),
		cmocka_unit_test(introducers_are_judged),
		cmocka_unit_test(turn_servers_are_judged),
		cmocka_unit_test(introducers_tell_of_the_nat),
		cmocka_unit_test(introducers_tell_that_there_is_no_nat),
		cmocka_unit_test(stun_servers_and_introducers_are_put_together),
		cmocka_unit_test(tls_alone_means_that_udp_is_blocked),
		cmocka_unit_test(what_is_not_known_is_said),
		with_host(a_check_ends_even_with_nobody_to_ask),
		with_host(a_check_lasts_as_long_as_it_has_to),
		with_host(only_known_members_are_taken),
		with_host(the_real_sockets_are_used),
		with_host(a_stun_answer_is_no_move),
		cmocka_unit_test(the_gateway_is_asked_from_the_right_address),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("pilotd_netcheck", tests, NULL,
					   NULL);
}
