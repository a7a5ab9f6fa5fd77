// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link stats: what passed, what was dropped, and why. */
#include <inttypes.h>
#include <string.h>

#include "control.h"
#include "counters.h"
#include "dump.h"
#include "object.h"
#include "print.h"

static const char stats_usage[] =
"Usage: " TOOL_NAME " stats [ show ] [ link NAME ]\n"
"       " TOOL_NAME " stats pilotd\n"
"Totals and every drop counter that is not zero; all counters with -j.\n"
"Options: -d says what each counter means\n";

static uint64_t stats_drops(const struct counter *counters, size_t count,
			    const uint64_t *value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (counters[i].drop)
			sum += value[counters[i].attr];
	}
	return sum;
}

static json_t *stats_socket_json(const struct message_socket *sock)
{
	json_t *object = json_new_object();

	json_set(object, "family", json_text(sock->family));
	if (sock->lane)
		json_set_number(object, "lane", sock->lane);
	json_set_number(object, "port", sock->port);
	json_set_number(object, "drops",
			stats_drops(counters_socket, counters_socket_count,
				    sock->stats));
	json_set(object, "counters",
		 counters_json(counters_socket, counters_socket_count,
			       sock->stats));
	return object;
}

static json_t *stats_json(const struct message_device *device,
			  const struct rtnl_link *link)
{
	json_t *object = json_new_object();
	json_t *sockets = json_new_array();
	unsigned int i;

	json_set_number(object, "ifindex", device->ifindex);
	json_set(object, "ifname", json_text(device->ifname));
	if (link && link->has_stats) {
		json_set_number(object, "rx_packets", link->stats.rx_packets);
		json_set_number(object, "rx_bytes", link->stats.rx_bytes);
		json_set_number(object, "tx_packets", link->stats.tx_packets);
		json_set_number(object, "tx_bytes", link->stats.tx_bytes);
	}
	json_set_number(object, "drops",
			stats_drops(counters_device, counters_device_count,
				    device->stats));
	json_set(object, "counters",
		 counters_json(counters_device, counters_device_count,
			       device->stats));
	for (i = 0; i < MESSAGE_SOCKETS_MAX; i++)
		if (device->sockets[i].family)
			json_add(sockets,
				 stats_socket_json(&device->sockets[i]));
	json_set(object, "sockets", sockets);
	return object;
}

static void stats_print_counters(const struct tool *tool,
				 const struct counter *counters, size_t count,
				 const uint64_t *value)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (counters[i].drop && !value[counters[i].attr])
			continue;
		print_plain("    %-22s %12" PRIu64, counters[i].name,
			    value[counters[i].attr]);
		if (tool->details)
			print_plain("  %s", counters[i].meaning);
		print_newline();
	}
}

static void stats_print_socket(const struct tool *tool,
			       const struct message_socket *sock)
{
	if (!sock->family)
		return;
	print_plain("  socket %s", sock->family);
	if (sock->lane)
		print_plain(" lane %u", sock->lane);
	print_plain(" port %u devices %u drops %" PRIu64, sock->port,
		    sock->devices,
		    stats_drops(counters_socket, counters_socket_count,
				sock->stats));
	print_newline();
	stats_print_counters(tool, counters_socket, counters_socket_count,
			     sock->stats);
}

static void stats_print(const struct tool *tool,
			const struct message_device *device,
			const struct rtnl_link *link)
{
	unsigned int i;

	print_colored(tool, PRINT_IFNAME, "%s:", device->ifname);
	if (link && link->has_stats)
		print_plain(" rx_packets %llu rx_bytes %llu tx_packets %llu"
			    " tx_bytes %llu", link->stats.rx_packets,
			    link->stats.rx_bytes, link->stats.tx_packets,
			    link->stats.tx_bytes);
	print_plain(" drops %" PRIu64,
		    stats_drops(counters_device, counters_device_count,
				device->stats));
	print_newline();
	stats_print_counters(tool, counters_device, counters_device_count,
			     device->stats);
	for (i = 0; i < MESSAGE_SOCKETS_MAX; i++)
		stats_print_socket(tool, &device->sockets[i]);
}

static int stats_show(const struct tool *tool, struct args *args)
{
	static const struct keyword keywords[] = {
		{ "link", "link", KEYWORD_IFNAME, 0, 0 },
		{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
	};
	const struct message_device *device;
	json_t *values = json_new_object();
	json_t *list = json_new_array();
	struct rtnl_link *link;
	struct dump dump;
	size_t i;
	int ret;

	ret = args_keywords(args, keywords, 2, values);
	if (!ret)
		ret = dump_open(&dump, json_get_text(values, "link"));
	if (ret)
		goto out;
	for (i = 0; i < dump.devices.count; i++) {
		device = &dump.devices.device[i];
		link = rtnl_find(&dump.links, device->ifindex);
		if (tool->json)
			json_add(list, stats_json(device, link));
		else
			stats_print(tool, device, link);
	}
	if (tool->json)
		print_json(tool, list, false);
	dump_close(&dump);
out:
	json_decref(list);
	json_decref(values);
	return ret;
}

/* What the helper counts, by where it stands in the answer to "status". */
static const struct {
	const char *group;
	const char *key;
	const char *meaning;
} stats_helper[] = {
	{ "handshakes", "completed", "sessions that were set up or rekeyed" },
	{ "handshakes", "received", "datagrams passed up to the helper" },
	{ "handshakes", "strangers", "not of a peer: dropped without a word" },
	{ "handshakes", "malformed", "they break the wire format" },
	{ "handshakes", "replayed", "seen before, or older than one that was" },
	{ "handshakes", "limited", "too many of a prefix, or without a cookie" },
	{ "control", "received", "control messages, authentic and new" },
	{ "control", "sent", "control messages sent" },
	{ "control", "limited", "a peer, or somebody in its name, sent too many" },
	{ "control", "unauthentic", "the tag does not verify" },
	{ "control", "replayed", "seen before, or too old to tell" },
	{ "control", "unknown", "of a type that this version does not know" },
	{ "introducer", "pairs", "of peers that have a way by us now" },
	{ "introducer", "opened", "pairs that were given one" },
	{ "introducer", "renewed", "requests for one that was there" },
	{ "introducer", "closed", "given back, or a peer went away" },
	{ "introducer", "expired", "nobody renewed it" },
	{ "introducer", "refused", "not here, not allowed, or too many" },
	{ "introducer", "limited", "requests of a peer that asks too often" },
	{ "introducer", "malformed", "requests that break the format" },
};

static void stats_print_helper(const struct tool *tool, const json_t *status)
{
	const char *version = json_get_text(status, "version");
	const json_t *value;
	char name[64];
	size_t i;

	print_colored(tool, PRINT_IFNAME, "pilotd:");
	if (version)
		print_plain(" version %s", version);
	print_newline();
	for (i = 0; i < sizeof(stats_helper) / sizeof(stats_helper[0]); i++) {
		value = json_object_get(status, stats_helper[i].group);
		value = json_object_get(value, stats_helper[i].key);
		if (!json_is_integer(value))
			continue;
		snprintf(name, sizeof(name), "%s_%s", stats_helper[i].group,
			 stats_helper[i].key);
		print_plain("    %-22s %12" JSON_INTEGER_FORMAT, name,
			    json_integer_value(value));
		if (tool->details)
			print_plain("  %s", stats_helper[i].meaning);
		print_newline();
	}
}

static int stats_pilotd(const struct tool *tool, struct args *args)
{
	struct control_error error;
	json_t *list, *request;
	json_t *status;
	int ret;

	ret = args_end(args);
	if (ret)
		return ret;
	request = control_op("status");
	ret = control_ask(tool, request, &status, &error);
	json_decref(request);
	if (ret)
		return control_fail(&error);
	if (tool->json) {
		list = json_new_array();
		json_add(list, status);
		print_json(tool, list, false);
		json_decref(list);
	} else {
		stats_print_helper(tool, status);
		json_decref(status);
	}
	return TOOL_OK;
}

int stats_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", stats_show },
		{ "list", stats_show },
		{ "pilotd", stats_pilotd },
	};
	const char *word = args_peek(args);

	/* As the words say: `stats link NAME` needs no command. */
	if (word && (!strcmp(word, "link") || !strcmp(word, "dev")))
		return stats_show(tool, args);
	return args_run(tool, args, commands, 3, stats_usage);
}
