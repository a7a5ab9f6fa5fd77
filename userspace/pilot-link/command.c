// SPDX-License-Identifier: GPL-2.0-or-later
/* The options before the object, and the choice of the object. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "command.h"
#include "netns.h"
#include "object.h"
#include "print.h"

static const char command_usage[] =
"Usage: " TOOL_NAME " [ OPTIONS ] OBJECT { COMMAND | help }\n"
"       " TOOL_NAME " [ -force ] -batch FILE\n"
"OBJECT := { link | peer | id | ping | path | netcheck | relay | monitor |\n"
"            stats | help }\n"
"OPTIONS := { -s[tatistics] | -d[etails] | -j[son] | -p[retty] | -t[imestamp] |\n"
"             -c[olor][={always|auto|never}] | -n[etns] NAME | -b[atch] FILE |\n"
"             -f[orce] | --control PATH | -h[elp] | -V[ersion] }\n";

enum command_option {
	OPTION_STATISTICS,
	OPTION_DETAILS,
	OPTION_JSON,
	OPTION_PRETTY,
	OPTION_TIMESTAMP,
	OPTION_COLOR,
	OPTION_NETNS,
	OPTION_BATCH,
	OPTION_FORCE,
	OPTION_CONTROL,
	OPTION_HELP,
	OPTION_VERSION,
};

static const char *const command_options[] = {
	[OPTION_STATISTICS] = "statistics",
	[OPTION_DETAILS] = "details",
	[OPTION_JSON] = "json",
	[OPTION_PRETTY] = "pretty",
	[OPTION_TIMESTAMP] = "timestamp",
	[OPTION_COLOR] = "color",
	[OPTION_NETNS] = "netns",
	[OPTION_BATCH] = "batch",
	[OPTION_FORCE] = "force",
	[OPTION_CONTROL] = "control",
	[OPTION_HELP] = "help",
	[OPTION_VERSION] = "Version",
};

#define COMMAND_OPTIONS (sizeof(command_options) / sizeof(command_options[0]))

/* What else ip(8) takes: plain spellings, and -c, which two names begin with. */
static bool command_alias(const char *name, size_t *option)
{
	static const struct {
		const char *name;
		enum command_option option;
	} aliases[] = {
		{ "c", OPTION_COLOR }, { "stats", OPTION_STATISTICS },
		{ "ts", OPTION_TIMESTAMP }, { "tshort", OPTION_TIMESTAMP },
		{ "version", OPTION_VERSION }, { "colour", OPTION_COLOR },
	};
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcmp(aliases[i].name, name))
			continue;
		*option = aliases[i].option;
		return true;
	}
	return false;
}

static int command_color(struct tool *tool, const char *when)
{
	const char *term = getenv("TERM");

	if (!when || !strcmp(when, "always"))
		tool->color = true;
	else if (!strcmp(when, "auto"))
		tool->color = isatty(STDOUT_FILENO) && term &&
			      strcmp(term, "dumb");
	else if (!strcmp(when, "never"))
		tool->color = false;
	else {
		print_problem("Error: argument \"%s\" is wrong: color is always, "
			      "auto or never.", when);
		return TOOL_USAGE;
	}
	return TOOL_OK;
}

static int command_value(struct args *args, const char *option,
			 const char **value)
{
	const char *word = args_next(args);

	if (!word || !*word) {
		print_problem("Command line is not complete: option \"%s\" needs "
			      "a value. Try \"" TOOL_NAME " -help\".", option);
		return TOOL_USAGE;
	}
	*value = word;
	return TOOL_OK;
}

/* One option, the next word. *@done when nothing is left to do. */
static int command_option(struct tool *tool, struct args *args, bool *done)
{
	const char *word = args_next(args);
	char name[16] = "";
	const char *value;
	size_t option;
	int ret;

	value = strchr(word, '=');
	ret = value ? value - word : (int)strlen(word);
	ret -= word[1] == '-' ? 2 : 1;
	if (ret > 0 && ret < (int)sizeof(name))
		memcpy(name, word + (word[1] == '-' ? 2 : 1), ret);
	if (!*name) {
		print_problem("Option \"%s\" is unknown, try \"" TOOL_NAME
			      " -help\".", word);
		return TOOL_USAGE;
	}
	if (!command_alias(name, &option)) {
		ret = args_find("Option", name, command_options,
				COMMAND_OPTIONS, "-help", &option);
		if (ret)
			return ret;
	}
	if (value && option != OPTION_COLOR) {
		print_problem("Error: option \"%s\" takes no \"=\".", word);
		return TOOL_USAGE;
	}
	switch ((enum command_option)option) {
	case OPTION_STATISTICS:
		tool->statistics = true;
		break;
	case OPTION_DETAILS:
		tool->details = true;
		break;
	case OPTION_JSON:
		tool->json = true;
		break;
	case OPTION_PRETTY:
		tool->pretty = true;
		break;
	case OPTION_TIMESTAMP:
		tool->timestamp = true;
		break;
	case OPTION_FORCE:
		tool->force = true;
		break;
	case OPTION_COLOR:
		return command_color(tool, value ? value + 1 : NULL);
	case OPTION_NETNS:
		return command_value(args, word, &tool->netns);
	case OPTION_BATCH:
		return command_value(args, word, &tool->batch);
	case OPTION_CONTROL:
		return command_value(args, word, &tool->control_path);
	case OPTION_HELP:
		fputs(command_usage, stdout);
		*done = true;
		break;
	case OPTION_VERSION:
		printf(TOOL_NAME " " PILOT_VERSION "\n");
		*done = true;
		break;
	}
	return TOOL_OK;
}

static int command_help(const struct tool *tool, struct args *args)
{
	int ret;

	(void)tool;
	args->object = "";
	ret = args_end(args);
	if (!ret)
		fputs(command_usage, stdout);
	return ret;
}

/* Runs one command: the words from the object on. */
int command_object(const struct tool *tool, int count, char **words)
{
	static const char *const names[] = {
		"link", "peer", "id", "ping", "path", "netcheck", "relay",
		"monitor", "stats", "help",
	};
	static int (*const run[])(const struct tool *, struct args *) = {
		link_run, peer_run, id_run, ping_run, path_run, netcheck_run,
		relay_run, monitor_run, stats_run, command_help,
	};
	struct args args = { .word = words, .count = count };
	const char *word = args_next(&args);
	size_t object;
	int flushed, ret;

	ret = args_find("Object", word, names, sizeof(names) / sizeof(names[0]),
			"help", &object);
	if (ret)
		return ret;
	args.object = names[object];
	ret = run[object](tool, &args);
	flushed = print_flush();
	return ret ? ret : flushed;
}

int command_main(int argc, char **argv)
{
	struct args args = { .word = argv + 1, .count = argc - 1 };
	const char *path = getenv(TOOL_CONTROL_ENV);
	struct tool tool = {};
	bool done = false;
	int ret = TOOL_OK;

	/* Needed wherever a did is read. */
	if (sodium_init() < 0) {
		print_problem("Error: libsodium does not start.");
		return TOOL_REFUSED;
	}
	tool.control_path = path && *path ? path : TOOL_CONTROL_PATH;
	while (args.count > 0 && args.word[0][0] == '-') {
		ret = command_option(&tool, &args, &done);
		if (ret)
			return ret;
		if (done)
			return print_flush();
	}
	if (args.count <= 0 && !tool.batch) {
		fputs(command_usage, stderr);
		return TOOL_USAGE;
	}
	if (args.count > 0 && tool.batch) {
		print_problem("Error: \"%s\" is not expected after -batch.",
			      args.word[0]);
		return TOOL_USAGE;
	}
	if (tool.netns)
		ret = netns_enter(tool.netns);
	if (ret)
		return ret;
	return tool.batch ? batch_run(&tool) :
			    command_object(&tool, args.count, args.word);
}
