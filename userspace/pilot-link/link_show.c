// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "addr.h"
#include "counters.h"
#include "link_show.h"
#include "print.h"
#include "text.h"

static const char *link_scope(uint8_t scope)
{
	return scope == 0 ? "global" : scope == 253 ? "link" : "host";
}

static json_t *link_flags_json(uint32_t flags)
{
	json_t *list = json_new_array();
	const struct rtnl_flag *flag;

	if (flags & IFF_UP && !(flags & IFF_RUNNING))
		json_add(list, json_text("NO-CARRIER"));
	for (flag = rtnl_flags; flag->name; flag++) {
		if (flags & flag->flag)
			json_add(list, json_text(flag->name));
	}
	return list;
}

static json_t *link_stats_json(const struct rtnl_link_stats64 *stats)
{
	json_t *object = json_new_object();
	json_t *rx = json_new_object();
	json_t *tx = json_new_object();

	json_set_number(rx, "bytes", stats->rx_bytes);
	json_set_number(rx, "packets", stats->rx_packets);
	json_set_number(rx, "errors", stats->rx_errors);
	json_set_number(rx, "dropped", stats->rx_dropped);
	json_set_number(tx, "bytes", stats->tx_bytes);
	json_set_number(tx, "packets", stats->tx_packets);
	json_set_number(tx, "errors", stats->tx_errors);
	json_set_number(tx, "dropped", stats->tx_dropped);
	json_set(object, "rx", rx);
	json_set(object, "tx", tx);
	return object;
}

static json_t *link_in6_json(const struct rtnl_link *rtnl)
{
	json_t *list = json_new_array();
	char text[INET6_ADDRSTRLEN];
	json_t *object;
	unsigned int i;

	for (i = 0; i < rtnl->in6_count; i++) {
		inet_ntop(AF_INET6, &rtnl->in6[i].address, text, sizeof(text));
		object = json_new_object();
		json_set(object, "family", json_text("inet6"));
		json_set(object, "local", json_text(text));
		json_set_number(object, "prefixlen", rtnl->in6[i].prefix);
		json_set(object, "scope",
			 json_text(link_scope(rtnl->in6[i].scope)));
		json_add(list, object);
	}
	return list;
}

static void link_socket_json(json_t *list, const struct message_socket *sock)
{
	json_t *object;

	if (!sock->family)
		return;
	object = json_new_object();
	json_set(object, "family", json_text(sock->family));
	if (sock->lane)
		json_set_number(object, "lane", sock->lane);
	json_set_number(object, "port", sock->port);
	if (sock->foreign)
		json_set(object, "link_netnsid", json_integer(sock->netnsid));
	json_set_number(object, "devices", sock->devices);
	json_set(object, "counters",
		 counters_json(counters_socket, counters_socket_count,
			       sock->stats));
	json_add(list, object);
}

static void link_device_json(const struct tool *tool, json_t *object,
			     const struct message_device *device)
{
	char text[ADDR_TEXT_LEN];
	json_t *sockets;
	unsigned int i;

	if (device->has_address) {
		addr_format(device->address, text);
		json_set(object, "address", json_text(text));
		json_set_number(object, "network",
				addr_network(device->address));
	}
	json_set_number(object, "peers", device->peers);
	if (tool->details) {
		sockets = json_new_array();
		for (i = 0; i < MESSAGE_SOCKETS_MAX; i++)
			link_socket_json(sockets, &device->sockets[i]);
		json_set(object, "sockets", sockets);
	}
	if (tool->statistics)
		json_set(object, "counters",
			 counters_json(counters_device, counters_device_count,
				       device->stats));
}

/* Copies what only the helper knows, when it has the right type. */
static void link_helper_json(json_t *object, const json_t *helper)
{
	static const char *const texts[] = {
		"address", "did", "netns", "source",
	};
	static const char *const numbers[] = { "network", "mtu", "port" };
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		value = json_object_get(helper, texts[i]);
		if (json_is_string(value) && !json_object_get(object, texts[i]))
			json_set(object, texts[i], json_incref(value));
	}
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		value = json_object_get(helper, numbers[i]);
		if (json_is_integer(value) &&
		    !json_object_get(object, numbers[i]))
			json_set(object, numbers[i], json_incref(value));
	}
}

json_t *link_json(const struct tool *tool, const struct link_view *view)
{
	json_t *object = json_new_object();

	if (view->device)
		json_set_number(object, "ifindex", view->device->ifindex);
	json_set(object, "ifname", json_text(view->ifname));
	if (view->rtnl) {
		json_set(object, "flags", link_flags_json(view->rtnl->flags));
		json_set_number(object, "mtu", view->rtnl->mtu);
		json_set(object, "operstate",
			 json_text(rtnl_operstate(view->rtnl->operstate)));
	}
	if (view->device)
		link_device_json(tool, object, view->device);
	link_helper_json(object, view->helper);
	if (view->rtnl) {
		json_set(object, "addr_info", link_in6_json(view->rtnl));
		if (tool->statistics && view->rtnl->has_stats)
			json_set(object, "stats64",
				 link_stats_json(&view->rtnl->stats));
	}
	return object;
}

static void link_print_flags(uint32_t flags)
{
	json_t *list = link_flags_json(flags);
	json_t *flag;
	size_t i;

	print_plain(" <");
	json_array_foreach(list, i, flag)
		print_plain("%s%s", i ? "," : "", json_string_value(flag));
	print_plain(">");
	json_decref(list);
}

static void link_print_state(const struct tool *tool, uint8_t operstate)
{
	const char *text = rtnl_operstate(operstate);

	print_plain(" state ");
	print_colored(tool, !strcmp(text, "UP") ? PRINT_UP :
			    !strcmp(text, "DOWN") ? PRINT_DOWN : PRINT_PLAIN,
		      "%s", text);
}

static void link_print_socket(const struct message_socket *sock)
{
	size_t i;

	if (!sock->family)
		return;
	print_plain("    socket %s", sock->family);
	if (sock->lane)
		print_plain(" lane %u", sock->lane);
	print_plain(" port %u devices %u", sock->port, sock->devices);
	if (sock->foreign)
		print_plain(" link-netnsid %d", sock->netnsid);
	for (i = 0; i < counters_socket_count; i++)
		print_plain(" %s %" PRIu64, counters_socket[i].name,
			    sock->stats[counters_socket[i].attr]);
	print_newline();
}

static void link_print_stats(const struct link_view *view)
{
	const struct rtnl_link_stats64 *stats;
	size_t i;

	if (view->rtnl && view->rtnl->has_stats) {
		stats = &view->rtnl->stats;
		print_plain("    RX: bytes %llu packets %llu errors %llu dropped %llu",
			    stats->rx_bytes, stats->rx_packets,
			    stats->rx_errors, stats->rx_dropped);
		print_newline();
		print_plain("    TX: bytes %llu packets %llu errors %llu dropped %llu",
			    stats->tx_bytes, stats->tx_packets,
			    stats->tx_errors, stats->tx_dropped);
		print_newline();
	}
	for (i = 0; view->device && i < counters_device_count; i++) {
		print_plain("    %s %" PRIu64, counters_device[i].name,
			    view->device->stats[counters_device[i].attr]);
		print_newline();
	}
}

static void link_print_in6(const struct tool *tool,
			   const struct rtnl_link *rtnl)
{
	char text[INET6_ADDRSTRLEN];
	unsigned int i;

	for (i = 0; i < rtnl->in6_count; i++) {
		inet_ntop(AF_INET6, &rtnl->in6[i].address, text, sizeof(text));
		print_plain("    inet6 ");
		print_colored(tool, PRINT_INET6, "%s", text);
		print_plain("/%u scope %s", rtnl->in6[i].prefix,
			    link_scope(rtnl->in6[i].scope));
		print_newline();
	}
}

/* Two lines as ip(8) has them; texts come from the JSON that merged them. */
void link_print(const struct tool *tool, const struct link_view *view)
{
	json_t *object = link_json(tool, view);
	const char *text;
	unsigned int i;

	if (view->device)
		print_plain("%u: ", view->device->ifindex);
	print_colored(tool, PRINT_IFNAME, "%s:", view->ifname);
	if (view->rtnl)
		link_print_flags(view->rtnl->flags);
	if (!view->device) {
		text = json_get_text(object, "netns");
		print_plain(" netns %s", text ? text : "unknown");
	}
	if (json_object_get(object, "mtu"))
		print_plain(" mtu %" JSON_INTEGER_FORMAT,
			    json_integer_value(json_object_get(object, "mtu")));
	if (view->rtnl)
		link_print_state(tool, view->rtnl->operstate);
	if (view->device)
		print_plain(" peers %u", view->device->peers);
	print_newline();

	print_plain("    address ");
	text = json_get_text(object, "address");
	print_colored(tool, PRINT_ADDRESS, "%s", text ? text : "none");
	text = json_get_text(object, "did");
	if (text)
		print_plain(" did %s", text);
	if (json_object_get(object, "port"))
		print_plain(" port %" JSON_INTEGER_FORMAT,
			    json_integer_value(json_object_get(object, "port")));
	print_newline();
	if (view->rtnl)
		link_print_in6(tool, view->rtnl);
	for (i = 0; view->device && tool->details && i < MESSAGE_SOCKETS_MAX;
	     i++)
		link_print_socket(&view->device->sockets[i]);
	if (tool->statistics)
		link_print_stats(view);
	json_decref(object);
}

static void link_emit(const struct tool *tool, json_t *list,
		      const struct link_view *view)
{
	if (tool->json)
		json_add(list, link_json(tool, view));
	else
		link_print(tool, view);
}

int link_show_all(const struct tool *tool, const struct dump *dump,
		  const struct dump_helper *helper, const char *only)
{
	json_t *list = json_new_array();
	struct link_view view;
	json_t *link;
	size_t i;

	for (i = 0; i < dump->devices.count; i++) {
		view.device = &dump->devices.device[i];
		view.rtnl = rtnl_find(&dump->links, view.device->ifindex);
		view.ifname = view.rtnl ? view.rtnl->ifname :
					  view.device->ifname;
		link = dump_helper_link(helper, view.ifname, view.device);
		view.helper = link;
		link_emit(tool, list, &view);
		if (link)
			json_set(link, "shown", json_true());
	}

	/* Those of the helper's links that are devices of other namespaces. */
	view = (struct link_view){};
	json_array_foreach(helper->links, i, link) {
		view.helper = link;
		view.ifname = json_get_text(link, "name");
		if (!only && !tool->netns && view.ifname &&
		    !json_is_true(json_object_get(link, "shown")))
			link_emit(tool, list, &view);
	}
	if (tool->json)
		print_json(tool, list, false);
	json_decref(list);
	return TOOL_OK;
}
