// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link link: devices are made and removed by the helper. */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "control.h"
#include "link_show.h"
#include "object.h"
#include "print.h"

static const char link_usage[] =
"Usage: " TOOL_NAME " link [ show [ NAME ] ]\n"
"       " TOOL_NAME " link add NAME [ identity FILE ] [ network NUMBER ]\n"
"                           [ address ADDRESS ] [ netns NETNS ] [ mtu MTU ]\n"
"       " TOOL_NAME " link delete NAME\n"
"ADDRESS := an agent address such as 1:0001.F291.0004\n"
"FILE := an identity made by \"" TOOL_NAME " id new\" [" TOOL_IDENTITY_PATH "]\n"
"Options: -s all counters, -d sockets, -j JSON\n";

/* Reads a device's name, with or without ip's word `dev` before it. */
static int link_name(struct args *args, bool needed, const char **name)
{
	const char *word = args_next(args);

	*name = NULL;
	if (word && !strcmp(word, "dev")) {
		word = args_next(args);
		needed = true;
	}
	if (!word)
		return needed ? args_missing(args, "the name of a link is missing") :
				TOOL_OK;
	*name = word;
	return args_ifname(word);
}

static int link_show(const struct tool *tool, struct args *args)
{
	struct dump_helper helper;
	struct dump dump;
	const char *name;
	int ret;

	ret = link_name(args, false, &name);
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	ret = dump_open(&dump, name);
	if (ret)
		return ret;
	dump_helper_open(tool, &helper, false);
	ret = link_show_all(tool, &dump, &helper, name);
	dump_helper_close(&helper);
	dump_close(&dump);
	return ret;
}

static int link_add(const struct tool *tool, struct args *args)
{
	static const struct keyword keywords[] = {
		{ "identity", "identity", KEYWORD_PATH, 0, 0 },
		{ "network", "network", KEYWORD_NUMBER, 0, 65535 },
		{ "address", "address", KEYWORD_ADDRESS, 0, 0 },
		{ "netns", "netns", KEYWORD_TEXT, 0, 0 },
		{ "mtu", "mtu", KEYWORD_NUMBER, 1280, 65535 },
	};
	json_t *request = control_op("link.add");
	const char *name;
	int ret;

	ret = link_name(args, true, &name);
	if (ret)
		goto out;
	json_set(request, "name", json_text(name));
	ret = args_keywords(args, keywords,
			    sizeof(keywords) / sizeof(keywords[0]), request);
	if (ret)
		goto out;
	/* With -n everything else means that namespace, so a new link too. */
	if (tool->netns && !json_object_get(request, "netns"))
		json_set(request, "netns", json_text(tool->netns));
	ret = control_do(tool, request);
out:
	json_decref(request);
	return ret;
}

/* What a name stands for in this namespace and to the helper. */
struct link_target {
	bool local;		/* a device of this namespace */
	bool pilot;
	bool managed;		/* the helper has it */
	uint32_t ifindex;
};

static int link_find_local(const char *name, struct link_target *target,
			   struct message_device *device)
{
	struct rtnl_link link;
	struct genl genl, rtnl;
	int ret;

	memset(device, 0, sizeof(*device));
	ret = rtnl_open(&rtnl);
	if (ret)
		return genl_fail(&rtnl, ret, "rtnetlink");
	ret = rtnl_get(&rtnl, name, &link);
	if (!ret) {
		target->local = true;
		target->pilot = !strcmp(link.kind, PILOT_LINK_KIND);
		target->ifindex = link.ifindex;
	} else if (ret != -ENODEV) {
		ret = genl_fail(&rtnl, ret, name);
		goto out;
	}
	ret = TOOL_OK;
	if (target->pilot) {
		ret = genl_open(&genl);
		if (ret)
			goto out;
		ret = dump_find_device(&genl, target->ifindex, device);
		if (ret)
			ret = genl_fail(&genl, ret, name);
		genl_close(&genl);
	}
out:
	genl_close(&rtnl);
	return ret;
}

/*
 * The helper is asked about a name only when it means the same device: one
 * of this namespace with the same agent address, or, without -n, one that the
 * helper keeps elsewhere and for which there is no device here.
 */
static int link_find_managed(const struct tool *tool, const char *name,
			     struct link_target *target,
			     const struct message_device *device,
			     struct control_error *error)
{
	json_t *request = control_op("link.show");
	struct dump_helper helper = {};
	json_t *result;
	int ret;

	json_set(request, "name", json_text(name));
	ret = control_ask(tool, request, &result, error);
	json_decref(request);
	if (ret)
		return ret;
	helper.links = result;
	if (target->local)
		target->managed = dump_helper_link(&helper, name, device);
	else
		target->managed = !tool->netns && json_array_size(result) > 0;
	json_decref(result);
	return 0;
}

static int link_delete_local(const struct link_target *target, const char *name)
{
	struct genl rtnl;
	int ret;

	ret = rtnl_open(&rtnl);
	if (ret)
		return genl_fail(&rtnl, ret, "rtnetlink");
	ret = rtnl_delete(&rtnl, target->ifindex);
	if (ret)
		ret = genl_fail(&rtnl, ret, name);
	genl_close(&rtnl);
	return ret;
}

static int link_delete_managed(const struct tool *tool, const char *name)
{
	json_t *request = control_op("link.del");
	int ret;

	json_set(request, "name", json_text(name));
	ret = control_do(tool, request);
	json_decref(request);
	return ret;
}

static int link_delete(const struct tool *tool, struct args *args)
{
	struct link_target target = {};
	struct control_error error = {};
	struct message_device device;
	const char *name;
	int asked, ret;

	ret = link_name(args, true, &name);
	if (!ret)
		ret = args_end(args);
	if (!ret)
		ret = link_find_local(name, &target, &device);
	if (ret)
		return ret;
	if (target.local && !target.pilot) {
		print_problem("Error: \"%s\" is not a pilot device; "
			      "\"ip link delete %s\" removes others.", name, name);
		return TOOL_USAGE;
	}
	asked = link_find_managed(tool, name, &target, &device, &error);
	if (target.managed)
		return link_delete_managed(tool, name);
	if (target.local)
		return link_delete_local(&target, name);
	/* The device may be the helper's, elsewhere: say why it is not known. */
	if (asked && asked != -ENOENT && asked != -ECONNREFUSED &&
	    strcmp(error.code, "not-found"))
		return control_fail(&error);
	print_problem("Cannot find device \"%s\"", name);
	return TOOL_USAGE;
}

int link_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", link_show },
		{ "list", link_show },
		{ "add", link_add },
		{ "delete", link_delete },
	};

	return args_run(tool, args, commands,
			sizeof(commands) / sizeof(commands[0]), link_usage);
}
