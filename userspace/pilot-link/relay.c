// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link relay: what this host's kernel passes on between its peers. */
#include <inttypes.h>
#include <string.h>

#include "addr.h"
#include "dump.h"
#include "object.h"
#include "print.h"
#include "relay_show.h"

static const char relay_usage[] =
"Usage: " TOOL_NAME " relay [ show ] [ link NAME ]\n"
"The entries by which the kernel forwards frames from one peer to another,\n"
"one for each direction. pilotd makes them for peers that ask for it, when\n"
"pilotd.conf says so.\n"
"Options: -d limits, -j JSON\n";

static void relay_address_json(json_t *object, const char *key,
			       uint64_t address)
{
	char text[ADDR_TEXT_LEN];

	addr_format(address, text);
	json_set(object, key, json_text(text));
}

json_t *relay_json(const struct message_relay *relay, const char *ifname)
{
	json_t *object = json_new_object();

	json_set_number(object, "id", relay->id);
	json_set(object, "ifname", json_text(ifname));
	relay_address_json(object, "from", relay->from);
	relay_address_json(object, "to", relay->to);
	json_set_number(object, "next_id", relay->next_id);
	json_set(object, "signalling",
		 json_boolean(relay->flags & PILOT_RELAY_F_SIGNALLING));
	json_set_number(object, "rate_packets", relay->packet_rate);
	json_set_number(object, "rate_bytes", relay->byte_rate);
	if (relay->has_bytes_left)
		json_set_number(object, "bytes_left", relay->bytes_left);
	json_set_number(object, "left_ms", relay->left_ms);
	json_set_number(object, "packets", relay->packets);
	json_set_number(object, "bytes", relay->bytes);
	json_set_number(object, "drops", relay->drops);
	return object;
}

void relay_print(const struct tool *tool, const struct message_relay *relay,
		 const char *ifname)
{
	char from[ADDR_TEXT_LEN], to[ADDR_TEXT_LEN], left[32];

	addr_format(relay->from, from);
	addr_format(relay->to, to);
	print_age(left, sizeof(left), relay->left_ms);
	print_plain("0x%08" PRIx32 " dev ", relay->id);
	print_colored(tool, PRINT_IFNAME, "%s", ifname);
	print_plain(" from ");
	print_colored(tool, PRINT_ADDRESS, "%s", from);
	print_plain(" to ");
	print_colored(tool, PRINT_ADDRESS, "%s", to);
	print_plain(" next 0x%08" PRIx32, relay->next_id);
	if (relay->flags & PILOT_RELAY_F_SIGNALLING)
		print_plain(" signalling");
	print_plain(" left %s packets %" PRIu64 " bytes %" PRIu64
		    " drops %" PRIu64, left, relay->packets, relay->bytes,
		    relay->drops);
	print_newline();
	if (!tool->details)
		return;
	print_plain("    rate-packets %" PRIu32 " rate-bytes %" PRIu64,
		    relay->packet_rate, relay->byte_rate);
	if (relay->has_bytes_left)
		print_plain(" bytes-left %" PRIu64, relay->bytes_left);
	print_newline();
}

static int relay_device(const struct tool *tool, struct dump *dump,
			const struct message_device *device, json_t *list)
{
	struct dump_relays relays;
	size_t i;
	int ret;

	ret = dump_load_relays(dump, device->ifindex, &relays);
	for (i = 0; i < relays.count; i++) {
		if (tool->json)
			json_add(list, relay_json(&relays.relay[i],
						  device->ifname));
		else
			relay_print(tool, &relays.relay[i], device->ifname);
	}
	dump_free_relays(&relays);
	return ret;
}

static int relay_show(const struct tool *tool, struct args *args)
{
	static const struct keyword keywords[] = {
		{ "link", "link", KEYWORD_IFNAME, 0, 0 },
		{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
	};
	json_t *values = json_new_object();
	json_t *list = json_new_array();
	struct dump dump;
	size_t i;
	int ret;

	ret = args_keywords(args, keywords, 2, values);
	if (!ret)
		ret = dump_open(&dump, json_get_text(values, "link"));
	if (ret)
		goto out;
	for (i = 0; i < dump.devices.count && !ret; i++)
		ret = relay_device(tool, &dump, &dump.devices.device[i], list);
	if (!ret && tool->json)
		print_json(tool, list, false);
	dump_close(&dump);
out:
	json_decref(list);
	json_decref(values);
	return ret;
}

int relay_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", relay_show },
		{ "list", relay_show },
	};
	const char *word = args_peek(args);

	/* As the words say: `relay link NAME` needs no command. */
	if (word && (!strcmp(word, "link") || !strcmp(word, "dev")))
		return relay_show(tool, args);
	return args_run(tool, args, commands, 2, relay_usage);
}
