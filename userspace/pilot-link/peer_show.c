// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "counters.h"
#include "dump.h"
#include "peer_show.h"
#include "print.h"
#include "text.h"

static json_t *peer_key_json(const struct message_key *key)
{
	json_t *object = json_new_object();

	json_set_number(object, "lane", key->lane);
	json_set_number(object, "epoch", key->epoch);
	json_set(object, "slot", json_text(text_slot(key->slot)));
	json_set(object, "cipher", json_text(text_cipher(key->cipher)));
	json_set(object, "driver", json_text(key->driver));
	json_set_number(object, "rx_index", key->rx_index);
	json_set_number(object, "tx_index", key->tx_index);
	json_set_number(object, "age_ms", key->age);
	json_set_number(object, "tx_counter", key->tx_counter);
	json_set_number(object, "rx_counter", key->rx_counter);
	json_set_number(object, "soft_packets", key->soft_packets);
	json_set_number(object, "hard_packets", key->hard_packets);
	json_set_number(object, "soft_age", key->soft_age);
	json_set_number(object, "hard_age", key->hard_age);
	return object;
}

static json_t *peer_lanes_json(const struct message_peer *peer)
{
	const struct message_lane *lane;
	json_t *list = json_new_array();
	char text[TEXT_LEN];
	json_t *object;
	unsigned int i;

	for (i = 0; i < MESSAGE_LANES_MAX; i++) {
		lane = &peer->lanes[i];
		if (!lane->used)
			continue;
		object = json_new_object();
		json_set_number(object, "lane", i);
		if (endpoint_is_set(&lane->endpoint)) {
			endpoint_format(&lane->endpoint, text);
			json_set(object, "endpoint", json_text(text));
		}
		if (lane->has_rx)
			json_set_number(object, "since_rx_ms", lane->since_rx);
		if (lane->has_tx)
			json_set_number(object, "since_tx_ms", lane->since_tx);
		json_add(list, object);
	}
	return list;
}

static void peer_details_json(json_t *object, const struct message_peer *peer)
{
	json_t *flags = json_new_array();
	json_t *keys = json_new_array();
	unsigned int bit;
	size_t i;

	for (bit = 0; bit < 32; bit++) {
		if (peer->flags & 1U << bit && text_peer_flag(bit))
			json_add(flags, json_text(text_peer_flag(bit)));
	}
	json_set(object, "flags", flags);
	json_set_number(object, "keepalive", peer->keepalive);
	json_set_number(object, "silence", peer->silence_timeout);
	json_set_number(object, "idle", peer->idle_timeout);
	json_set_number(object, "rate_packets", peer->rx_packet_rate);
	json_set_number(object, "rate_bytes", peer->rx_byte_rate);
	json_set_number(object, "queued", peer->queued);
	if (peer->lanes)
		json_set(object, "lanes", peer_lanes_json(peer));
	for (i = 0; i < peer->key_count; i++)
		json_add(keys, peer_key_json(&peer->keys[i]));
	json_set(object, "keys", keys);
}

/* That of lane 0: it is the first to have a new one. */
static const struct message_key *peer_current(const struct message_peer *peer)
{
	size_t i;

	for (i = 0; i < peer->key_count; i++) {
		if (peer->keys[i].slot == PILOT_KEY_SLOT_CURRENT &&
		    !peer->keys[i].lane)
			return &peer->keys[i];
	}
	return NULL;
}

static void peer_kernel_json(const struct tool *tool, json_t *object,
			     const struct message_peer *peer)
{
	const struct message_key *key = peer_current(peer);
	char text[TEXT_LEN];

	if (endpoint_is_set(&peer->endpoint)) {
		endpoint_format(&peer->endpoint, text);
		json_set(object, "endpoint", json_text(text));
	}
	if (key) {
		json_set(object, "cipher", json_text(text_cipher(key->cipher)));
		json_set_number(object, "key_epoch", key->epoch);
	}
	if (peer->has_rx)
		json_set_number(object, "since_rx_ms", peer->since_rx);
	if (peer->has_tx)
		json_set_number(object, "since_tx_ms", peer->since_tx);
	if (tool->details)
		peer_details_json(object, peer);
	if (tool->statistics)
		json_set(object, "stats",
			 counters_json(counters_peer, counters_peer_count,
				       peer->stats));
}

/* The helper's words; where both know something, the kernel's stays. */
static void peer_helper_json(json_t *object, const json_t *helper)
{
	static const char *const keys[] = {
		"address", "did", "name", "endpoint", "state",
		"last_handshake_s", "attempts", "last_error", "key_epoch",
		"psk", "introducer", "watch", "tls", "source",
	};
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(helper, keys[i]);
		if (!value || json_is_object(value) || json_is_array(value) ||
		    json_is_null(value) || json_object_get(object, keys[i]))
			continue;
		json_set(object, keys[i], json_incref(value));
	}
}

json_t *peer_json(const struct tool *tool, const struct peer_view *view)
{
	json_t *object = json_new_object();
	char text[TEXT_LEN];
	uint64_t address;

	json_set(object, "ifname", json_text(view->ifname));
	if (view->netns)
		json_set(object, "netns", json_text(view->netns));
	if (view->peer) {
		addr_format(view->peer->address, text);
		json_set(object, "address", json_text(text));
		peer_kernel_json(tool, object, view->peer);
	}
	peer_helper_json(object, view->helper);
	if (json_get_text(object, "address") &&
	    !addr_parse(json_get_text(object, "address"), &address)) {
		text_in6(address, text);
		json_set(object, "inet6", json_text(text));
	}
	return object;
}

static void peer_print_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		print_plain(" %s %" JSON_INTEGER_FORMAT, key,
			    json_integer_value(value));
}

static void peer_print_text(const json_t *object, const char *key)
{
	const char *text = json_get_text(object, key);

	if (text)
		print_plain(" %s %s", key, text);
}

static void peer_print_age(const char *name, bool has, uint64_t milliseconds)
{
	char text[32];

	if (!has)
		return;
	print_age(text, sizeof(text), milliseconds);
	print_plain(" %s %s", name, text);
}

static void peer_print_head(const struct tool *tool,
			    const struct peer_view *view, const json_t *object)
{
	const char *text = json_get_text(object, "address");

	print_colored(tool, PRINT_ADDRESS, "%s", text ? text : "-");
	print_plain(" dev ");
	print_colored(tool, PRINT_IFNAME, "%s", view->ifname);
	peer_print_text(object, "netns");
	text = json_get_text(object, "endpoint");
	print_plain(" endpoint ");
	print_colored(tool, PRINT_INET, "%s", text ? text : "none");
	text = json_get_text(object, "state");
	if (text) {
		print_plain(" state ");
		print_colored(tool, !strcmp(text, "established") ? PRINT_UP :
			      !strcmp(text, "backing-off") ? PRINT_DOWN :
							     PRINT_PLAIN,
			      "%s", text);
	}
	peer_print_text(object, "cipher");
	if (view->peer) {
		peer_print_age("rx", view->peer->has_rx, view->peer->since_rx);
		peer_print_age("tx", view->peer->has_tx, view->peer->since_tx);
	}
	print_newline();
}

static void peer_print_helper(const struct tool *tool, const json_t *object)
{
	const json_t *value = json_object_get(object, "last_error");

	print_plain("   ");
	peer_print_text(object, "name");
	peer_print_text(object, "did");
	if (tool->details) {
		peer_print_text(object, "source");
		if (json_is_boolean(json_object_get(object, "psk")))
			print_plain(" psk %s",
				    json_is_true(json_object_get(object, "psk")) ?
				    "yes" : "no");
		if (json_is_true(json_object_get(object, "introducer")))
			print_plain(" introducer yes");
		peer_print_text(object, "watch");
		peer_print_number(object, "watch");
		peer_print_text(object, "tls");
		peer_print_text(object, "inet6");
	}
	peer_print_number(object, "last_handshake_s");
	peer_print_number(object, "attempts");
	print_newline();
	if (json_is_string(value)) {
		print_plain("    last_error \"%s\"", json_string_value(value));
		print_newline();
	}
}

static void peer_print_lane(unsigned int id, const struct message_lane *lane)
{
	char text[TEXT_LEN] = "none";

	if (endpoint_is_set(&lane->endpoint))
		endpoint_format(&lane->endpoint, text);
	print_plain("    lane %u endpoint %s", id, text);
	if (!lane->has_rx)
		print_plain(" unproven");
	peer_print_age("rx", lane->has_rx, lane->since_rx);
	peer_print_age("tx", lane->has_tx, lane->since_tx);
	print_newline();
}

static void peer_print_key(const struct message_key *key)
{
	char age[32];

	print_age(age, sizeof(age), key->age);
	print_plain("    key %s lane %u epoch %" PRIu32 " cipher %s driver %s age %s",
		    text_slot(key->slot), key->lane, key->epoch,
		    text_cipher(key->cipher), key->driver, age);
	print_newline();
	print_plain("        rx_index 0x%08" PRIx32 " tx_index 0x%08" PRIx32
		    " rx_counter %" PRIu64 " tx_counter %" PRIu64,
		    key->rx_index, key->tx_index, key->rx_counter,
		    key->tx_counter);
	print_newline();
	print_plain("        soft_packets %" PRIu64 " hard_packets %" PRIu64
		    " soft_age %" PRIu32 " hard_age %" PRIu32,
		    key->soft_packets, key->hard_packets, key->soft_age,
		    key->hard_age);
	print_newline();
}

static void peer_print_details(const struct message_peer *peer)
{
	unsigned int bit;
	size_t i;

	print_plain("    keepalive %" PRIu32 " silence %" PRIu32 " idle %" PRIu32
		    " rate-packets %" PRIu32 " rate-bytes %" PRIu64
		    " queued %" PRIu32, peer->keepalive, peer->silence_timeout,
		    peer->idle_timeout, peer->rx_packet_rate,
		    peer->rx_byte_rate, peer->queued);
	for (bit = 0; bit < 32; bit++) {
		if (peer->flags & 1U << bit && text_peer_flag(bit))
			print_plain(" %s", text_peer_flag(bit));
	}
	print_newline();
	for (i = 0; peer->lanes && i < MESSAGE_LANES_MAX; i++)
		if (peer->lanes[i].used)
			peer_print_lane(i, &peer->lanes[i]);
	for (i = 0; i < peer->key_count; i++)
		peer_print_key(&peer->keys[i]);
}

/* In the manner of ip neighbour: what it is, where, and its state. */
void peer_print(const struct tool *tool, const struct peer_view *view)
{
	json_t *object = peer_json(tool, view);
	size_t i;

	peer_print_head(tool, view, object);
	if (view->helper)
		peer_print_helper(tool, object);
	if (view->peer && tool->statistics) {
		print_plain("   ");
		for (i = 0; i < counters_peer_count; i++)
			print_plain(" %s %" PRIu64, counters_peer[i].name,
				    view->peer->stats[counters_peer[i].attr]);
		print_newline();
	}
	if (view->peer && tool->details)
		peer_print_details(view->peer);
	json_decref(object);
}

/* What a walk over all peers carries along. */
struct peer_walk {
	const struct tool *tool;
	const char *did;
	bool has_address;
	uint64_t address;
	json_t *index;		/* helper's peers by "link address" */
	json_t *list;
	size_t found;
};

static json_t *peer_index(const json_t *peers)
{
	json_t *index = json_new_object();
	const char *link, *address;
	json_t *peer, *key;
	size_t i;

	json_array_foreach(peers, i, peer) {
		link = json_get_text(peer, "link");
		address = json_get_text(peer, "address");
		if (!link || !address)
			continue;
		key = json_sprintf("%s %s", link, address);
		if (key)
			json_set(index, json_string_value(key),
				 json_incref(peer));
		json_decref(key);
	}
	return index;
}

static void peer_emit(struct peer_walk *walk, const struct peer_view *view)
{
	const char *text = json_get_text(view->helper, "did");
	uint64_t address = 0;

	if (walk->did && (!text || strcmp(text, walk->did)))
		return;
	if (view->peer)
		address = view->peer->address;
	else if (addr_parse(json_get_text(view->helper, "address"), &address))
		return;
	if (walk->has_address && walk->address != address)
		return;
	walk->found++;
	if (walk->tool->json)
		json_add(walk->list, peer_json(walk->tool, view));
	else
		peer_print(walk->tool, view);
}

/* The kernel's peers of one device, each with what the helper adds. */
static int peer_walk_device(struct peer_walk *walk, struct dump *dump,
			    const struct message_device *device, bool managed)
{
	struct peer_view view = { .ifname = device->ifname };
	char text[ADDR_TEXT_LEN];
	struct dump_peers peers;
	json_t *helper;
	json_t *key;
	size_t i;
	int ret;

	ret = dump_load_peers(dump, device->ifindex, &peers);
	for (i = 0; i < peers.count; i++) {
		view.peer = &peers.peer[i];
		addr_format(view.peer->address, text);
		key = json_sprintf("%s %s", device->ifname, text);
		helper = managed && key ?
			 json_object_get(walk->index, json_string_value(key)) :
			 NULL;
		view.helper = helper;
		peer_emit(walk, &view);
		if (helper)
			json_set(helper, "shown", json_true());
		json_decref(key);
	}
	dump_free_peers(&peers);
	return ret;
}

/* The helper's peers that the kernel does not have, or not in this namespace. */
static void peer_walk_helper(struct peer_walk *walk,
			     const struct dump_helper *helper, const char *only)
{
	struct peer_view view = {};
	json_t *peer, *link;
	const char *name;
	size_t i, j;
	bool local;

	json_array_foreach(helper->peers, i, peer) {
		view.ifname = json_get_text(peer, "link");
		if (!view.ifname || !json_get_text(peer, "address") ||
		    json_object_get(peer, "shown") ||
		    (only && strcmp(view.ifname, only)))
			continue;
		local = false;
		view.netns = NULL;
		json_array_foreach(helper->links, j, link) {
			name = json_get_text(link, "name");
			if (!name || strcmp(name, view.ifname))
				continue;
			local = json_object_get(link, "shown");
			view.netns = json_get_text(link, "netns");
		}
		if (local)
			view.netns = NULL;
		else if (only || walk->tool->netns)
			continue;
		view.helper = peer;
		peer_emit(walk, &view);
	}
}

static void peer_filter(struct peer_walk *walk, const json_t *filter)
{
	const char *address = json_get_text(filter, "address");

	walk->did = json_get_text(filter, "did");
	walk->has_address = address && !addr_parse(address, &walk->address);
}

/* An empty list is an answer, unless it was asked for one peer. */
static int peer_missing(const struct peer_walk *walk,
			const struct dump_helper *helper)
{
	if (!walk->did && !walk->has_address)
		return TOOL_OK;
	if (walk->did && !helper->answers)
		print_problem("Error: only the helper knows dids, and it does "
			      "not run; name the peer by its address.");
	else
		print_problem("Error: no such peer; \"" TOOL_NAME
			      " peer show\" lists all of them.");
	return TOOL_REFUSED;
}

/* @filter has some of the keys link, did, address. */
int peer_show_all(const struct tool *tool, const json_t *filter)
{
	struct peer_walk walk = { .tool = tool };
	const char *only = json_get_text(filter, "link");
	const struct message_device *device;
	struct dump_helper helper;
	struct dump dump;
	json_t *link;
	size_t i;
	int ret;

	ret = dump_open(&dump, only);
	if (ret)
		return ret;
	dump_helper_open(tool, &helper, true);
	peer_filter(&walk, filter);
	walk.index = peer_index(helper.peers);
	walk.list = json_new_array();
	for (i = 0; i < dump.devices.count && !ret; i++) {
		device = &dump.devices.device[i];
		link = dump_helper_link(&helper, device->ifname, device);
		if (link)
			json_set(link, "shown", json_true());
		ret = peer_walk_device(&walk, &dump, device, link);
	}
	if (!ret)
		peer_walk_helper(&walk, &helper, only);
	if (!ret && tool->json)
		print_json(tool, walk.list, false);
	if (!ret && !walk.found)
		ret = peer_missing(&walk, &helper);
	json_decref(walk.list);
	json_decref(walk.index);
	dump_helper_close(&helper);
	dump_close(&dump);
	return ret;
}
