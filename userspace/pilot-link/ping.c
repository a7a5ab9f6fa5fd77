// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pilot-link ping: a control message to a peer's helper and back. The helper
 * sends it when it is asked to, and tells of the answer as an event.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "await.h"
#include "clock.h"
#include "control.h"
#include "object.h"
#include "print.h"

static const char ping_usage[] =
"Usage: " TOOL_NAME " ping { DID | ADDRESS } [ link NAME ] [ count NUMBER ]\n"
"                   [ interval SECONDS ]\n"
"Asks the peer's helper for an answer, under the keys of the session: how long\n"
"it takes, and from which address the peer sees this host. 4 times by default,\n"
"once a second.\n";

#define PING_COUNT	4
#define PING_INTERVAL	1		/* seconds */
#define PING_COUNT_MAX	1000000
#define PING_WAIT	(5 * CLOCK_SECOND)	/* as long as the helper does */
#define PING_RETRY	(250 * CLOCK_MS)	/* while there is no session */

struct ping {
	const struct tool *tool;
	struct control events;
	json_t *request;
	json_t *list;		/* what -j prints */
	uint64_t sequence;
	uint64_t answered;
};

/*
 * Asks until there is a session, which the first time sets one up. @sent: what
 * the helper says of it, NULL when it was not sent; @error tells why then.
 */
static int ping_send(struct ping *ping, json_t **sent,
		     struct control_error *error)
{
	uint64_t until = clock_boot() + PING_WAIT;
	int ret;

	do {
		ret = control_ask(ping->tool, ping->request, sent, error);
		if (!ret)
			return TOOL_OK;
		if (ret != -EREMOTEIO || strcmp(error->code, "not-ready"))
			return control_fail(error);
		poll(NULL, 0, PING_RETRY / CLOCK_MS);
	} while (await_left(until));
	return TOOL_OK;
}

static bool ping_is_answer(const json_t *event, const void *token)
{
	const char *name = json_get_text(event, "event");
	const char *of = json_get_text(event, "token");

	return name && !strcmp(name, "pong") && of && !strcmp(of, token);
}

/* @pong: NULL when nothing came in time. */
static int ping_wait(struct ping *ping, const json_t *sent, json_t **pong)
{
	const char *token = json_get_text(sent, "token");

	if (!token) {
		print_problem("Error: the helper's answer is malformed; the "
			      "helper and this command are of different "
			      "versions.");
		return TOOL_REFUSED;
	}
	return await_event(&ping->events, clock_boot() + PING_WAIT,
			   ping_is_answer, token, pong);
}

static void ping_copy(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (json_is_string(value) || json_is_integer(value))
		json_set(to, key, json_incref(value));
}

/* Texts and numbers of the helper as they came, those that did. */
static json_t *ping_json(const struct ping *ping, const json_t *sent,
			 const json_t *pong)
{
	json_t *object = json_new_object();

	json_set_number(object, "sequence", ping->sequence);
	ping_copy(object, sent, "link");
	ping_copy(object, sent, "peer");
	ping_copy(object, sent, "endpoint");
	json_set(object, "answered", json_boolean(pong));
	ping_copy(object, pong, "from");
	ping_copy(object, pong, "observed");
	ping_copy(object, pong, "rtt_us");
	return object;
}

static void ping_print_text(const json_t *object, const char *key)
{
	const char *text = json_get_text(object, key);

	if (text)
		print_plain(" %s %s", key, text);
}

static void ping_print(const struct ping *ping, const json_t *object,
		       const char *problem)
{
	const char *endpoint = json_get_text(object, "endpoint");
	const char *from = json_get_text(object, "from");
	const char *peer = json_get_text(object, "peer");
	const json_t *rtt = json_object_get(object, "rtt_us");

	if (peer) {
		print_colored(ping->tool, PRINT_ADDRESS, "%s:", peer);
		print_plain(" ");
	}
	print_plain("sequence %llu", (unsigned long long)ping->sequence);
	ping_print_text(object, "endpoint");
	if (from && endpoint && strcmp(from, endpoint))
		ping_print_text(object, "from");
	if (json_is_integer(rtt))
		print_plain(" time %lld.%03lld ms",
			    (long long)json_integer_value(rtt) / 1000,
			    (long long)json_integer_value(rtt) % 1000);
	ping_print_text(object, "observed");
	if (problem)
		print_plain(" %s", problem);
	print_newline();
}

static void ping_report(struct ping *ping, const json_t *sent,
			const json_t *pong, const char *problem)
{
	json_t *object = ping_json(ping, sent, pong);

	ping->answered += !!pong;
	if (!ping->tool->json) {
		ping_print(ping, object, problem);
		json_decref(object);
		return;
	}
	if (problem)
		json_set(object, "problem", json_text(problem));
	json_add(ping->list, object);
}

static int ping_once(struct ping *ping)
{
	const char *problem = "no answer";
	struct control_error error;
	json_t *sent = NULL;
	json_t *pong = NULL;
	int ret;

	ret = ping_send(ping, &sent, &error);
	if (!ret && sent)
		ret = ping_wait(ping, sent, &pong);
	else
		problem = error.message;
	if (!ret)
		ping_report(ping, sent, pong, pong ? NULL : problem);
	json_decref(sent);
	json_decref(pong);
	return ret ? ret : print_flush();
}

static int ping_loop(struct ping *ping, uint64_t count, uint64_t interval)
{
	uint64_t began;
	int ret;

	ret = await_open(ping->tool, &ping->events);
	if (ret)
		return ret;
	while (!ret && ping->sequence < count) {
		began = clock_boot();
		ping->sequence++;
		ret = ping_once(ping);
		if (!ret && ping->sequence < count)
			poll(NULL, 0,
			     await_left(began + interval * CLOCK_SECOND));
	}
	control_close(&ping->events);
	if (ret)
		return ret;
	if (ping->tool->json) {
		print_json(ping->tool, ping->list, false);
	} else {
		print_plain("%llu asked, %llu answered",
			    (unsigned long long)count,
			    (unsigned long long)ping->answered);
		print_newline();
	}
	return ping->answered ? TOOL_OK : TOOL_REFUSED;
}

/* Takes a number out of the words that were read. */
static uint64_t ping_number(json_t *request, const char *key, uint64_t number)
{
	const json_t *value = json_object_get(request, key);

	if (value)
		number = json_integer_value(value);
	json_object_del(request, key);
	return number;
}

int ping_run(const struct tool *tool, struct args *args)
{
	static const struct keyword keywords[] = {
		{ "link", "link", KEYWORD_IFNAME, 0, 0 },
		{ "dev", "link", KEYWORD_IFNAME, 0, 0 },
		{ "count", "count", KEYWORD_NUMBER, 1, PING_COUNT_MAX },
		{ "interval", "interval", KEYWORD_NUMBER, 1, 3600 },
	};
	struct ping ping = { .tool = tool };
	const char *word = args_next(args);
	uint64_t count, interval;
	int ret;

	if (!word)
		return args_missing(args, "the peer's did or address is missing");
	if (args_is_help(word)) {
		ret = args_end(args);
		if (!ret)
			fputs(ping_usage, stdout);
		return ret;
	}
	ping.request = control_op("ping");
	ping.list = json_new_array();
	ret = args_peer(word, ping.request);
	if (!ret)
		ret = args_keywords(args, keywords,
				    sizeof(keywords) / sizeof(keywords[0]),
				    ping.request);
	count = ping_number(ping.request, "count", PING_COUNT);
	interval = ping_number(ping.request, "interval", PING_INTERVAL);
	if (!ret)
		ret = ping_loop(&ping, count, interval);
	json_decref(ping.request);
	json_decref(ping.list);
	return ret;
}
