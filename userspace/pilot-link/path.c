// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilot-link path: by which way a peer is reached, which others there are, and
 * why they are not used. The helper knows.
 */
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "object.h"
#include "print.h"

static const char path_usage[] =
"Usage: " TOOL_NAME " path [ show ] [ DID | ADDRESS ] [ link NAME ]\n"
"Shows by which way peers are reached: directly, by a relay, by a TURN server,\n"
"or slowly by TLS; which other ways are known, and why they are not in use.\n";

static void path_print_as(const json_t *object, const char *key,
			  const char *label)
{
	const char *text = json_get_text(object, key);

	if (text)
		print_plain(" %s %s", label, text);
}

static void path_print_text(const json_t *object, const char *key)
{
	path_print_as(object, key, key);
}

static void path_print_candidate(const struct tool *tool,
				 const json_t *candidate)
{
	const char *endpoint = json_get_text(candidate, "endpoint");
	const char *state = json_get_text(candidate, "state");
	const char *reason = json_get_text(candidate, "reason");
	const json_t *cost = json_object_get(candidate, "cost");
	const json_t *rtt = json_object_get(candidate, "rtt_us");
	const json_t *loss = json_object_get(candidate, "loss");
	const json_t *heard = json_object_get(candidate, "heard_ms");
	bool used = state && !strcmp(state, "in-use");
	char age[32];

	print_plain("    ");
	print_colored(tool, used ? PRINT_UP : PRINT_PLAIN, "%s",
		      endpoint ? endpoint : "?");
	path_print_text(candidate, "kind");
	path_print_text(candidate, "class");
	if (json_is_integer(cost))
		print_plain(" cost %lld", (long long)json_integer_value(cost));
	path_print_text(candidate, "state");
	path_print_text(candidate, "relay");
	path_print_as(candidate, "relay_name", "name");
	path_print_text(candidate, "server");
	print_transport(candidate);
	if (json_is_integer(rtt))
		print_plain(" rtt %lld.%03lld ms",
			    (long long)json_integer_value(rtt) / 1000,
			    (long long)json_integer_value(rtt) % 1000);
	if (json_is_integer(loss) && json_integer_value(loss))
		print_plain(" loss %lld%%",
			    (long long)json_integer_value(loss));
	if (tool->details && json_is_integer(heard)) {
		print_age(age, sizeof(age), json_integer_value(heard));
		print_plain(" heard %s", age);
	}
	if (reason)
		print_plain(" (%s)", reason);
	print_newline();
}

/* The connection to an introducer, while UDP does not do. */
static void path_print_tls(const json_t *tls)
{
	const char *server = json_get_text(tls, "server");
	const char *problem = json_get_text(tls, "problem");

	if (!server)
		return;
	print_plain("    tls %s", server);
	path_print_text(tls, "state");
	if (problem)
		print_plain(" (%s)", problem);
	print_newline();
}

static void path_print(const struct tool *tool, const json_t *peer)
{
	const char *address = json_get_text(peer, "peer");
	const char *text = json_get_text(peer, "text");
	const json_t *observed = json_object_get(peer, "observed");
	const json_t *entry;
	size_t i;

	print_colored(tool, PRINT_ADDRESS, "%s", address ? address : "?");
	path_print_text(peer, "name");
	path_print_text(peer, "link");
	path_print_text(peer, "kind");
	path_print_text(peer, "endpoint");
	if (text)
		print_plain(" (%s)", text);
	print_newline();
	if (tool->details && json_array_size(observed)) {
		print_plain("    seen from outside as");
		json_array_foreach(observed, i, entry)
			if (json_is_string(entry))
				print_plain(" %s", json_string_value(entry));
		print_newline();
	}
	path_print_tls(json_object_get(peer, "tls"));
	json_array_foreach(json_object_get(peer, "candidates"), i, entry)
		path_print_candidate(tool, entry);
}

static int path_ask(const struct tool *tool, const json_t *request)
{
	struct control_error error;
	json_t *result;
	size_t i;
	json_t *peer;

	if (control_ask(tool, request, &result, &error))
		return control_fail(&error);
	if (tool->json)
		print_json(tool, result, false);
	else
		json_array_foreach(result, i, peer)
			path_print(tool, peer);
	json_decref(result);
	return print_flush();
}

static int path_show(const struct tool *tool, struct args *args)
{
	static const struct keyword keywords[] = {
		{ "link", "link", KEYWORD_IFNAME, 0, 0 },
		{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
	};
	const char *word = args_peek(args);
	json_t *request;
	int ret = 0;

	request = control_op("path.show");
	/* An identity or address has a colon; a keyword does not. */
	if (word && strchr(word, ':'))
		ret = args_peer(args_next(args), request);
	if (!ret)
		ret = args_keywords(args, keywords,
				    sizeof(keywords) / sizeof(keywords[0]),
				    request);
	if (!ret)
		ret = path_ask(tool, request);
	json_decref(request);
	return ret;
}

int path_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", path_show },
		{ "list", path_show },
	};
	const char *word = args_peek(args);

	if (!word || strchr(word, ':'))
		return path_show(tool, args);
	return args_run(tool, args, commands,
			sizeof(commands) / sizeof(commands[0]), path_usage);
}
