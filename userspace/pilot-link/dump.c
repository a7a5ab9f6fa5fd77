// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "control.h"
#include "dump.h"
#include "print.h"

static void *dump_room(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room ? 2 * *room : 16;
	return reallocarray(list, *room, size);
}

static int dump_device_message(const struct nlmsghdr *message, void *context)
{
	struct dump_devices *devices = context;
	struct message_device *list;

	list = dump_room(devices->device, devices->count, &devices->room,
			 sizeof(*list));
	if (!list)
		return -ENOMEM;
	devices->device = list;
	return message_parse_device(message, &list[devices->count++]);
}

static void dump_restart_devices(void *context)
{
	struct dump_devices *devices = context;

	devices->count = 0;
}

static int dump_device_order(const void *a, const void *b)
{
	const struct message_device *left = a, *right = b;

	return left->ifindex < right->ifindex ? -1 :
	       left->ifindex > right->ifindex;
}

static int dump_load_devices(struct dump *dump)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	int ret;

	request = genl_start(&dump->genl, buffer, PILOT_CMD_DEV_GET);
	ret = genl_dump(&dump->genl, request, dump_device_message,
			dump_restart_devices, &dump->devices);
	if (ret)
		return genl_fail(&dump->genl, ret, "list of links");
	if (dump->devices.count)
		qsort(dump->devices.device, dump->devices.count,
		      sizeof(*dump->devices.device), dump_device_order);
	return TOOL_OK;
}

/* Drops from the tables whatever is not @ifname, which must be a pilot's. */
static int dump_select(struct dump *dump, struct genl *rtnl, const char *ifname)
{
	struct message_device *device;
	struct rtnl_link link;
	size_t i;
	int ret;

	ret = rtnl_get(rtnl, ifname, &link);
	if (ret == -ENODEV) {
		print_problem("Cannot find device \"%s\"", ifname);
		return TOOL_USAGE;
	}
	if (ret)
		return genl_fail(rtnl, ret, ifname);
	for (i = 0; i < dump->devices.count; i++) {
		device = &dump->devices.device[i];
		if (device->ifindex != link.ifindex)
			continue;
		dump->devices.device[0] = *device;
		dump->devices.count = 1;
		return TOOL_OK;
	}
	print_problem("Error: \"%s\" is not a pilot device; \"" TOOL_NAME
		      " link show\" lists those.", ifname);
	return TOOL_USAGE;
}

/*
 * Loads the devices of this namespace, or @ifname alone, and prints what is
 * wrong. On success the caller closes @dump.
 */
int dump_open(struct dump *dump, const char *ifname)
{
	struct genl rtnl;
	int ret;

	memset(dump, 0, sizeof(*dump));
	ret = rtnl_open(&rtnl);
	if (ret)
		return genl_fail(&rtnl, ret, "rtnetlink");
	ret = genl_open(&dump->genl);
	if (ret)
		goto close_rtnl;
	ret = dump_load_devices(dump);
	if (!ret && ifname)
		ret = dump_select(dump, &rtnl, ifname);
	if (!ret) {
		ret = rtnl_load(&rtnl, &dump->links);
		if (ret)
			ret = genl_fail(&rtnl, ret, "rtnetlink");
	}
	if (ret)
		dump_close(dump);
close_rtnl:
	genl_close(&rtnl);
	return ret;
}

void dump_close(struct dump *dump)
{
	rtnl_free(&dump->links);
	free(dump->devices.device);
	memset(&dump->devices, 0, sizeof(dump->devices));
	genl_close(&dump->genl);
}

static int dump_peer_message(const struct nlmsghdr *message, void *context)
{
	struct dump_peers *peers = context;
	struct message_peer *list;
	int ret;

	list = dump_room(peers->peer, peers->count, &peers->room,
			 sizeof(*list));
	if (!list)
		return -ENOMEM;
	peers->peer = list;
	ret = message_parse_peer(message, &list[peers->count]);
	if (!ret)
		peers->count++;
	return ret;
}

static void dump_restart_peers(void *context)
{
	struct dump_peers *peers = context;

	while (peers->count)
		message_free_peer(&peers->peer[--peers->count]);
}

static int dump_peer_order(const void *a, const void *b)
{
	const struct message_peer *left = a, *right = b;

	return left->address < right->address ? -1 :
	       left->address > right->address;
}

/* Prints what is wrong; a device that just went away has no peers. */
int dump_load_peers(struct dump *dump, uint32_t ifindex,
		    struct dump_peers *peers)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	int ret;

	memset(peers, 0, sizeof(*peers));
	request = genl_start(&dump->genl, buffer, PILOT_CMD_PEER_GET);
	mnl_attr_put_u32(request, PILOT_A_IFINDEX, ifindex);
	ret = genl_dump(&dump->genl, request, dump_peer_message,
			dump_restart_peers, peers);
	if (ret) {
		dump_free_peers(peers);
		return ret == -ENODEV ? TOOL_OK :
		       genl_fail(&dump->genl, ret, "list of peers");
	}
	if (peers->count)
		qsort(peers->peer, peers->count, sizeof(*peers->peer),
		      dump_peer_order);
	return TOOL_OK;
}

void dump_free_peers(struct dump_peers *peers)
{
	dump_restart_peers(peers);
	free(peers->peer);
	memset(peers, 0, sizeof(*peers));
}

static int dump_relay_message(const struct nlmsghdr *message, void *context)
{
	struct dump_relays *relays = context;
	struct message_relay *list;

	list = dump_room(relays->relay, relays->count, &relays->room,
			 sizeof(*list));
	if (!list)
		return -ENOMEM;
	relays->relay = list;
	return message_parse_relay(message, &list[relays->count++]);
}

static void dump_restart_relays(void *context)
{
	struct dump_relays *relays = context;

	relays->count = 0;
}

/* By pairs: the two directions of one stand together. */
static int dump_relay_order(const void *a, const void *b)
{
	const struct message_relay *left = a, *right = b;
	const uint64_t order[][2] = {
		{ left->from < left->to ? left->from : left->to,
		  right->from < right->to ? right->from : right->to },
		{ left->from < left->to ? left->to : left->from,
		  right->from < right->to ? right->to : right->from },
		{ left->from, right->from },
		{ left->id, right->id },
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i][0] != order[i][1])
			return order[i][0] < order[i][1] ? -1 : 1;
	return 0;
}

/* Prints what is wrong; a device that just went away has no entries. */
int dump_load_relays(struct dump *dump, uint32_t ifindex,
		     struct dump_relays *relays)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	int ret;

	memset(relays, 0, sizeof(*relays));
	request = genl_start(&dump->genl, buffer, PILOT_CMD_RELAY_GET);
	mnl_attr_put_u32(request, PILOT_A_IFINDEX, ifindex);
	ret = genl_dump(&dump->genl, request, dump_relay_message,
			dump_restart_relays, relays);
	if (ret) {
		dump_free_relays(relays);
		return ret == -ENODEV ? TOOL_OK :
		       genl_fail(&dump->genl, ret, "list of relay entries");
	}
	if (relays->count)
		qsort(relays->relay, relays->count, sizeof(*relays->relay),
		      dump_relay_order);
	return TOOL_OK;
}

void dump_free_relays(struct dump_relays *relays)
{
	free(relays->relay);
	memset(relays, 0, sizeof(*relays));
}

static int dump_one_message(const struct nlmsghdr *message, void *context)
{
	return message_parse_device(message, context);
}

/* Return: 0 or -errno; prints nothing. */
int dump_find_device(struct genl *genl, uint32_t ifindex,
		     struct message_device *device)
{
	char buffer[GENL_REQUEST_SIZE]
		__attribute__((aligned(NLMSG_ALIGNTO))) = {};
	struct nlmsghdr *request;
	int ret;

	memset(device, 0, sizeof(*device));
	request = genl_start(genl, buffer, PILOT_CMD_DEV_GET);
	mnl_attr_put_u32(request, PILOT_A_IFINDEX, ifindex);
	ret = genl_request(genl, request, dump_one_message, device);
	return ret || device->ifindex ? ret : -ENODEV;
}

/* Keeps only the objects of the helper's answer. */
static json_t *dump_objects(json_t *result)
{
	json_t *list = json_new_array();
	json_t *value;
	size_t i;

	json_array_foreach(result, i, value) {
		if (json_is_object(value))
			json_add(list, json_incref(value));
	}
	json_decref(result);
	return list;
}

static json_t *dump_helper_ask(struct control *control, const char *op)
{
	json_t *request = control_op(op);
	struct control_error error;
	json_t *result;

	if (control_request(control, request, &result, &error))
		print_problem("Warning: without what the helper knows: %s.",
			      error.message);
	json_decref(request);
	return dump_objects(result);
}

/*
 * Never fails: the kernel's view is complete without the helper. A helper
 * that does not run is no news, any other trouble is worth a warning.
 */
void dump_helper_open(const struct tool *tool, struct dump_helper *helper,
		      bool peers)
{
	struct control_error error;
	struct control control;
	int ret;

	ret = control_open(&control, tool->control_path, &error);
	helper->answers = !ret;
	if (ret) {
		if (ret != -ENOENT && ret != -ECONNREFUSED)
			print_problem("Warning: without what the helper knows: %s.",
				      error.message);
		helper->links = json_new_array();
		helper->peers = json_new_array();
		return;
	}
	helper->links = dump_helper_ask(&control, "link.show");
	helper->peers = peers ? dump_helper_ask(&control, "peer.show") :
				json_new_array();
	control_close(&control);
}

void dump_helper_close(struct dump_helper *helper)
{
	json_decref(helper->links);
	json_decref(helper->peers);
}

/*
 * The helper's entry for a device of this namespace: a device of the same
 * name in another one has another agent address. A borrowed reference.
 */
json_t *dump_helper_link(const struct dump_helper *helper, const char *ifname,
			 const struct message_device *device)
{
	const char *name, *text;
	uint64_t address;
	json_t *link;
	size_t i;

	json_array_foreach(helper->links, i, link) {
		name = json_get_text(link, "name");
		text = json_get_text(link, "address");
		if (name && text && !strcmp(name, ifname) &&
		    device->has_address && !addr_parse(text, &address) &&
		    address == device->address)
			return link;
	}
	return NULL;
}
