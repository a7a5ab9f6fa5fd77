// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link peer: changes go through the helper, which keeps them. */
#include <string.h>

#include "control.h"
#include "object.h"
#include "peer_show.h"
#include "print.h"

static const char peer_usage[] =
"Usage: " TOOL_NAME " peer [ show [ link NAME ] [ DID | ADDRESS ] ]\n"
"       " TOOL_NAME " peer { add | set } DID [ link NAME ] [ address ADDRESS ]\n"
"                    [ endpoint ENDPOINT ] [ psk FILE ] [ keepalive SECONDS ]\n"
"                    [ silence SECONDS ] [ idle SECONDS ]\n"
"                    [ watch { SECONDS | always } ]\n"
"                    [ rate-packets NUMBER ] [ rate-bytes NUMBER ]\n"
"                    [ introducer { yes | no } ] [ tls { yes | no | ENDPOINT } ]\n"
"                    [ tls-name { NAME | none } ]\n"
"       " TOOL_NAME " peer delete { DID | ADDRESS } [ link NAME ]\n"
"DID := the other side's \"" TOOL_NAME " id export\": did:key:z6Mk...\n"
"ADDRESS := an agent address such as 1:0001.F291.0004, or its IPv6 form\n"
"ENDPOINT := 192.0.2.1:7740 | [2001:db8::1]:7740\n"
"link NAME may be left out when there is one link. Seconds and rates: 0 is off,\n"
"watch is from 1.\n"
"Options: -s counters, -d settings and keys, -j JSON\n";

#define PEER_SECONDS_MAX	UINT32_MAX

static const struct keyword peer_link[] = {
	{ "link", "link", KEYWORD_IFNAME, 0, 0 },
	{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
};

static const struct keyword peer_settings[] = {
	{ "link", "link", KEYWORD_IFNAME, 0, 0 },
	{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
	{ "address", "address", KEYWORD_ADDRESS, 0, 0 },
	{ "endpoint", "endpoint", KEYWORD_ENDPOINT, 0, 0 },
	{ "psk", "psk", KEYWORD_PATH, 0, 0 },
	{ "keepalive", "keepalive", KEYWORD_NUMBER, 0, PEER_SECONDS_MAX },
	{ "silence", "silence", KEYWORD_NUMBER, 0, PEER_SECONDS_MAX },
	{ "idle", "idle", KEYWORD_NUMBER, 0, PEER_SECONDS_MAX },
	{ "watch", "watch", KEYWORD_TEXT, 0, 0 },
	{ "rate-packets", "rx_packet_rate", KEYWORD_NUMBER, 0, UINT32_MAX },
	{ "rate-bytes", "rx_byte_rate", KEYWORD_NUMBER, 0, INT64_MAX },
	{ "introducer", "introducer", KEYWORD_YES_NO, 0, 0 },
	{ "tls", "tls", KEYWORD_TEXT, 0, 0 },
	{ "tls-name", "tls_name", KEYWORD_TEXT, 0, 0 },
};

#define PEER_COUNT(table)	(sizeof(table) / sizeof((table)[0]))

/* A peer's name and `link NAME`, in either order. */
static int peer_name(struct args *args, json_t *values)
{
	const char *word;
	int ret = TOOL_OK;

	while (!ret && (word = args_peek(args))) {
		if (!strcmp(word, "link") || !strcmp(word, "dev"))
			ret = args_keyword(args, peer_link,
					   PEER_COUNT(peer_link), values);
		else
			ret = args_peer(args_next(args), values);
	}
	return ret;
}

static int peer_show(const struct tool *tool, struct args *args)
{
	json_t *filter = json_new_object();
	int ret;

	ret = peer_name(args, filter);
	if (!ret)
		ret = peer_show_all(tool, filter);
	json_decref(filter);
	return ret;
}

static int peer_change(const struct tool *tool, struct args *args,
		       const char *op)
{
	json_t *request = control_op(op);
	const char *word = args_next(args);
	int ret;

	if (!word) {
		ret = args_missing(args, "the peer's did is missing");
		goto out;
	}
	if (strncmp(word, "did:", 4)) {
		print_problem("Error: argument \"%s\" is wrong: a peer is named "
			      "by its did, did:key:z6Mk...", word);
		ret = TOOL_USAGE;
		goto out;
	}
	ret = args_peer(word, request);
	if (!ret)
		ret = args_keywords(args, peer_settings,
				    PEER_COUNT(peer_settings), request);
	if (!ret)
		ret = control_do(tool, request);
out:
	json_decref(request);
	return ret;
}

static int peer_add(const struct tool *tool, struct args *args)
{
	return peer_change(tool, args, "peer.add");
}

static int peer_set(const struct tool *tool, struct args *args)
{
	return peer_change(tool, args, "peer.set");
}

static int peer_delete(const struct tool *tool, struct args *args)
{
	json_t *request = control_op("peer.del");
	int ret;

	ret = peer_name(args, request);
	if (!ret && !json_object_get(request, "did") &&
	    !json_object_get(request, "address"))
		ret = args_missing(args, "the peer's did or address is missing");
	if (!ret)
		ret = control_do(tool, request);
	json_decref(request);
	return ret;
}

int peer_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "show", peer_show },
		{ "list", peer_show },
		{ "add", peer_add },
		{ "set", peer_set },
		{ "delete", peer_delete },
	};

	return args_run(tool, args, commands, PEER_COUNT(commands), peer_usage);
}
