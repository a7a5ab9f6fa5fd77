// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link id: the key that an agent is. Works without module and helper. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "addr.h"
#include "identity.h"
#include "object.h"
#include "print.h"
#include "text.h"

static const char id_usage[] =
"Usage: " TOOL_NAME " id [ show [ FILE ] [ network NUMBER ] ]\n"
"       " TOOL_NAME " id new [ FILE ] [ network NUMBER ]\n"
"       " TOOL_NAME " id export [ FILE ]\n"
"FILE := [" TOOL_IDENTITY_PATH "], the secret key: it never leaves this host\n"
"show prints the did and the address it has in a network [1];\n"
"export prints the did alone, for the other side's \"" TOOL_NAME " peer add\".\n";

#define ID_TEXT_LEN	512

static int id_arguments(struct args *args, bool network, json_t *values)
{
	static const struct keyword keywords[] = {
		{ "network", "network", KEYWORD_NUMBER, 0, 65535 },
	};
	const char *word = args_peek(args);

	if (word && (!network || strcmp(word, "network"))) {
		if (!*word)
			return args_missing(args, "the name of a file is empty");
		json_set(values, "file", json_text(args_next(args)));
	} else {
		json_set(values, "file", json_text(TOOL_IDENTITY_PATH));
	}
	return network ? args_keywords(args, keywords, 1, values) :
			 args_end(args);
}

/* The default folder is the command's to make; no other one is. */
static int id_make_folder(const char *file)
{
	if (strcmp(file, TOOL_IDENTITY_PATH) ||
	    !mkdir(TOOL_IDENTITY_DIR, 0700) || errno == EEXIST)
		return TOOL_OK;
	print_problem("Error: cannot make " TOOL_IDENTITY_DIR
		      ": %s; run this as root, or name another file.",
		      strerror(errno));
	return TOOL_REFUSED;
}

static void id_print(const struct tool *tool, const json_t *object)
{
	print_plain("%s: did ", json_get_text(object, "file"));
	print_colored(tool, PRINT_IFNAME, "%s", json_get_text(object, "did"));
	print_newline();
	print_plain("    network %" JSON_INTEGER_FORMAT " address ",
		    json_integer_value(json_object_get(object, "network")));
	print_colored(tool, PRINT_ADDRESS, "%s",
		      json_get_text(object, "address"));
	print_plain(" inet6 ");
	print_colored(tool, PRINT_INET6, "%s", json_get_text(object, "inet6"));
	print_newline();
}

static void id_emit(const struct tool *tool, json_t *object)
{
	json_t *list;

	if (!tool->json) {
		id_print(tool, object);
		return;
	}
	list = json_new_array();
	json_add(list, json_incref(object));
	print_json(tool, list, false);
	json_decref(list);
}

/* Adds to @values what an identity's public half says. */
static void id_describe(json_t *values, const uint8_t *public)
{
	json_t *network = json_object_get(values, "network");
	char text[TEXT_LEN];
	uint64_t address;

	address = addr_derive(public, network ? json_integer_value(network) : 1);
	did_format(public, text);
	json_set(values, "did", json_text(text));
	json_set_number(values, "network", addr_network(address));
	addr_format(address, text);
	json_set(values, "address", json_text(text));
	text_in6(address, text);
	json_set(values, "inet6", json_text(text));
}

static int id_fail(int error, const char *text)
{
	size_t length = strlen(text);

	if (error == -EEXIST && !length)
		text = "there is an identity already";
	print_problem("Error: %s%s", length ? text : strerror(-error),
		      length && text[length - 1] == '.' ? "" : ".");
	return TOOL_REFUSED;
}

static int id_load(const json_t *values, struct identity *identity)
{
	char text[ID_TEXT_LEN] = "";
	int ret;

	ret = identity_load(json_get_text(values, "file"), identity, text,
			    sizeof(text));
	return ret ? id_fail(ret, text) : TOOL_OK;
}

static int id_show(const struct tool *tool, struct args *args)
{
	json_t *values = json_new_object();
	struct identity identity;
	int ret;

	ret = id_arguments(args, true, values);
	if (!ret)
		ret = id_load(values, &identity);
	if (!ret) {
		id_describe(values, identity.public);
		id_emit(tool, values);
		identity_wipe(&identity);
	}
	json_decref(values);
	return ret;
}

static int id_new(const struct tool *tool, struct args *args)
{
	json_t *values = json_new_object();
	char text[ID_TEXT_LEN] = "";
	struct identity identity;
	int ret;

	ret = id_arguments(args, true, values);
	if (!ret)
		ret = id_make_folder(json_get_text(values, "file"));
	if (ret)
		goto out;
	ret = identity_generate(&identity);
	if (!ret)
		ret = identity_save(json_get_text(values, "file"), &identity,
				    text, sizeof(text));
	if (ret) {
		ret = id_fail(ret, text);
	} else {
		id_describe(values, identity.public);
		id_emit(tool, values);
	}
	identity_wipe(&identity);
out:
	json_decref(values);
	return ret;
}

static int id_export(const struct tool *tool, struct args *args)
{
	json_t *values = json_new_object();
	struct identity identity;
	char did[DID_TEXT_LEN];
	int ret;

	ret = id_arguments(args, false, values);
	if (!ret)
		ret = id_load(values, &identity);
	if (ret)
		goto out;
	did_format(identity.public, did);
	identity_wipe(&identity);
	if (tool->json) {
		json_object_clear(values);
		json_set(values, "did", json_text(did));
		id_emit(tool, values);
	} else {
		print_plain("%s", did);
		print_newline();
	}
out:
	json_decref(values);
	return ret;
}

int id_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", id_show },
		{ "list", id_show },
		{ "new", id_new },
		{ "export", id_export },
	};

	return args_run(tool, args, commands,
			sizeof(commands) / sizeof(commands[0]), id_usage);
}
