// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilot-link netcheck: where this host can be reached. The helper asks STUN
 * servers and the gateway, which takes a while; it tells when it is done.
 */
#include <string.h>

#include "await.h"
#include "clock.h"
#include "control.h"
#include "object.h"
#include "print.h"

static const char netcheck_usage[] =
"Usage: " TOOL_NAME " netcheck\n"
"Asks introducers, and the STUN servers of pilotd.conf, how they see this host,\n"
"the gateway to map the helper's UDP port, and the TURN servers to relay; says\n"
"where peers can reach this host, and what would help.\n";

#define NETCHECK_WAIT	(35 * CLOCK_SECOND)	/* the helper needs 26 s at most */

static const char netcheck_malformed[] =
	"Error: the helper's answer is malformed; the helper and this command "
	"are of different versions.";

static int netcheck_ask(const struct tool *tool, const char *op,
			json_t **result)
{
	json_t *request = control_op(op);
	struct control_error error;
	int ret;

	ret = control_ask(tool, request, result, &error);
	json_decref(request);
	return ret ? control_fail(&error) : TOOL_OK;
}

/* Checks are counted; one that began later is as good. */
static bool netcheck_is_done(const json_t *event, const void *check)
{
	const char *name = json_get_text(event, "event");
	const json_t *done = json_object_get(event, "check");

	return name && !strcmp(name, "netcheck") && json_is_integer(done) &&
	       json_integer_value(done) >= *(const json_int_t *)check;
}

static int netcheck_wait(const struct tool *tool, struct control *events)
{
	json_t *result, *event;
	json_int_t check;
	int ret;

	ret = netcheck_ask(tool, "netcheck", &result);
	if (ret)
		return ret;
	ret = json_is_integer(json_object_get(result, "check"));
	check = json_integer_value(json_object_get(result, "check"));
	json_decref(result);
	if (!ret) {
		print_problem("%s", netcheck_malformed);
		return TOOL_REFUSED;
	}
	ret = await_event(events, clock_boot() + NETCHECK_WAIT,
			  netcheck_is_done, &check, &event);
	if (!ret && !event) {
		print_problem("Error: the helper does not come to an end; see "
			      "its log: journalctl -u pilotd.");
		ret = TOOL_REFUSED;
	}
	json_decref(event);
	return ret;
}

/* --- what came out -------------------------------------------------------- */

/* " KEY VALUE", or nothing when it is not there. */
static void netcheck_text(const json_t *object, const char *key,
			  const char *label)
{
	const char *text = json_get_text(object, key);

	if (text)
		print_plain(" %s %s", label, text);
}

static void netcheck_seconds(const json_t *object, const char *key,
			     const char *label)
{
	const json_t *value = json_object_get(object, key);
	char text[32];

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return;
	print_age(text, sizeof(text), 1000 * json_integer_value(value));
	print_plain(" %s %s", label, text);
}

static void netcheck_rtt(const json_t *object)
{
	const json_t *rtt = json_object_get(object, "rtt_us");

	if (json_is_integer(rtt))
		print_plain(" time %lld.%03lld ms",
			    (long long)json_integer_value(rtt) / 1000,
			    (long long)json_integer_value(rtt) % 1000);
}

static void netcheck_problem(const json_t *object)
{
	const char *problem = json_get_text(object, "problem");

	if (problem)
		print_plain(" (%s)", problem);
}

static void netcheck_hosts(const struct tool *tool, const json_t *report)
{
	const json_t *hosts = json_object_get(report, "host");
	const json_t *port = json_object_get(report, "port");
	const json_t *host;
	size_t i;

	if (json_is_integer(port))
		print_plain("port %lld", (long long)json_integer_value(port));
	json_array_foreach(hosts, i, host) {
		if (!json_is_string(host))
			continue;
		print_plain(" host ");
		print_colored(tool, strchr(json_string_value(host), '[') ?
			      PRINT_INET6 : PRINT_INET, "%s",
			      json_string_value(host));
	}
	print_newline();
}

static void netcheck_servers(const json_t *family)
{
	const json_t *servers = json_object_get(family, "servers");
	const json_t *server;
	size_t i;

	json_array_foreach(servers, i, server) {
		print_plain("   ");
		netcheck_text(server, "server", "server");
		if (!json_is_true(json_object_get(server, "answered")))
			print_plain(" no answer");
		netcheck_rtt(server);
		netcheck_text(server, "mapped", "mapped");
		print_newline();
	}
}

static void netcheck_mapping(const json_t *family)
{
	const json_t *mapping = json_object_get(family, "port_mapping");

	if (!json_is_object(mapping))
		return;
	print_plain("   ");
	netcheck_text(mapping, "state", "port-mapping");
	netcheck_text(mapping, "protocol", "protocol");
	netcheck_text(mapping, "external", "external");
	netcheck_seconds(mapping, "lifetime_s", "lifetime");
	netcheck_seconds(mapping, "left_s", "left");
	netcheck_text(mapping, "gateway", "gateway");
	netcheck_problem(mapping);
	print_newline();
}

static void netcheck_family(const json_t *report, const char *name)
{
	const json_t *family = json_object_get(report, name);
	const json_t *nat = json_object_get(family, "nat");

	print_plain("%s:", name);
	if (!json_is_true(json_object_get(family, "present"))) {
		print_plain(" no address");
		print_newline();
		return;
	}
	netcheck_text(family, "udp", "udp");
	netcheck_text(family, "mapped", "mapped");
	if (json_is_boolean(nat))
		print_plain(" nat %s", json_is_true(nat) ? "yes" : "no");
	netcheck_text(family, "mapping", "mapping");
	netcheck_text(family, "filtering", "filtering");
	print_newline();
	netcheck_servers(family);
	netcheck_mapping(family);
}

/* Relays that are not ours; one is asked for when nothing else works. */
static void netcheck_turn(const json_t *report)
{
	const json_t *server;
	size_t i;

	json_array_foreach(json_object_get(report, "turn"), i, server) {
		print_plain("turn:");
		netcheck_text(server, "server", "server");
		print_transport(server);
		netcheck_text(server, "state", "state");
		netcheck_rtt(server);
		netcheck_text(server, "relayed", "relayed");
		if (json_is_true(json_object_get(server, "used")))
			print_plain(" in use");
		netcheck_problem(server);
		print_newline();
	}
}

/* Of an introducer: whether it could be reached where no UDP gets out. */
static void netcheck_tls(const json_t *one)
{
	const json_t *tls = json_object_get(one, "tls");

	if (!json_is_object(tls))
		return;
	print_plain("   ");
	netcheck_text(tls, "server", "tls");
	netcheck_text(tls, "state", "state");
	if (json_is_true(json_object_get(tls, "used")))
		print_plain(" in use");
	netcheck_problem(tls);
	print_newline();
}

/* By each: whether it answers, how it sees us, what it would carry. */
static void netcheck_introducers(const json_t *report)
{
	const json_t *list = json_object_get(report, "introducers");
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		print_plain("introducer");
		netcheck_text(one, "peer", "peer");
		netcheck_text(one, "name", "name");
		netcheck_text(one, "link", "link");
		if (!json_is_true(json_object_get(one, "reachable")))
			print_plain(" no answer");
		print_transport(one);
		netcheck_rtt(one);
		netcheck_text(one, "mapped4", "mapped");
		netcheck_text(one, "mapped6", "mapped");
		netcheck_text(one, "relays", "relays");
		print_newline();
		netcheck_tls(one);
	}
}

static void netcheck_advice(const json_t *report)
{
	const json_t *lines = json_object_get(report, "advice");
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (!json_is_string(line))
			continue;
		print_plain("advice: %s", json_string_value(line));
		print_newline();
	}
}

static int netcheck_show(const struct tool *tool)
{
	json_t *report;
	int ret;

	ret = netcheck_ask(tool, "netcheck.show", &report);
	if (ret)
		return ret;
	if (!json_is_object(report)) {
		print_problem("%s", netcheck_malformed);
		ret = TOOL_REFUSED;
	} else if (tool->json) {
		json_t *list = json_new_array();

		json_add(list, json_incref(report));
		print_json(tool, list, false);
		json_decref(list);
	} else {
		netcheck_hosts(tool, report);
		netcheck_family(report, "ipv4");
		netcheck_family(report, "ipv6");
		netcheck_turn(report);
		netcheck_introducers(report);
		netcheck_advice(report);
	}
	json_decref(report);
	return ret;
}

int netcheck_run(const struct tool *tool, struct args *args)
{
	const char *word = args_peek(args);
	struct control events;
	int ret;

	if (word && args_is_help(word)) {
		args_next(args);
		ret = args_end(args);
		if (!ret)
			fputs(netcheck_usage, stdout);
		return ret;
	}
	ret = args_end(args);
	if (!ret)
		ret = await_open(tool, &events);
	if (ret)
		return ret;
	ret = netcheck_wait(tool, &events);
	control_close(&events);
	return ret ? ret : netcheck_show(tool);
}
