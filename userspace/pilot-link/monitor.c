// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link monitor: events of the kernel and of the helper, as they come. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "addr.h"
#include "control.h"
#include "dump.h"
#include "monitor.h"
#include "object.h"
#include "print.h"
#include "text.h"

static const char monitor_usage[] =
"Usage: " TOOL_NAME " monitor [ all | link | peer ]\n"
"One line for each event until interrupted. Options: -t time stamps, -j JSON\n";

enum monitor_topic {
	MONITOR_ALL,
	MONITOR_LINK,
	MONITOR_PEER,
};

struct monitor {
	const struct tool *tool;
	enum monitor_topic topic;
	struct genl events;	/* subscribed */
	struct genl requests;	/* to ask who a device is */
	struct control control;
	bool helper;
};

json_t *monitor_event_json(const struct message_event *event,
			   const char *ifname)
{
	json_t *object = json_new_object();
	char text[TEXT_LEN];

	json_set(object, "source", json_text("kernel"));
	json_set(object, "event", json_text(text_event(event->type)));
	if (ifname) {
		json_set_number(object, "ifindex", event->device.ifindex);
		json_set(object, "ifname", json_text(ifname));
	}
	if (event->device.has_address) {
		addr_format(event->device.address, text);
		json_set(object, "agent", json_text(text));
	}
	if (event->peer.has_address) {
		addr_format(event->peer.address, text);
		json_set(object, "peer", json_text(text));
	}
	if (endpoint_is_set(&event->peer.endpoint)) {
		endpoint_format(&event->peer.endpoint, text);
		json_set(object, "endpoint", json_text(text));
	}
	if (event->has_key) {
		json_set_number(object, "lane", event->lane);
		json_set_number(object, "epoch", event->epoch);
	}
	if (event->reason)
		json_set(object, "reason", json_text(text_reason(event->reason)));
	return object;
}

static void monitor_stamp(char *text, size_t size)
{
	char seconds[32];
	struct timeval now;
	struct tm tm;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, size, "%s.%06ld", seconds, (long)now.tv_usec);
}

static void monitor_print_value(const char *key, const json_t *value)
{
	char *text;

	/* What is not one plain word stays as JSON writes it. */
	if (json_is_string(value) &&
	    !strpbrk(json_string_value(value), " \"\\")) {
		print_plain(" %s %s", key, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
				 JSON_ENSURE_ASCII);
	if (text)
		print_plain(" %s %s", key, text);
	free(text);
}

/* "pilot0: acquire peer ADDRESS reason no-key"; the helper's the same way. */
void monitor_event_print(const struct tool *tool, const json_t *event)
{
	const char *source = json_get_text(event, "source");
	const char *link = json_get_text(event, "ifname");
	const char *peer = json_get_text(event, "peer");
	const char *key;
	json_t *value;

	if (!link)
		link = json_get_text(event, "link");
	if (!link)
		link = json_get_text(event, "agent");
	if (link) {
		print_colored(tool, PRINT_IFNAME, "%s:", link);
		print_plain(" ");
	}
	if (source && !strcmp(source, "helper"))
		print_plain("helper ");
	print_plain("%s", json_get_text(event, "event"));
	if (peer) {
		print_plain(" peer ");
		print_colored(tool, PRINT_ADDRESS, "%s", peer);
	}
	json_object_foreach((json_t *)event, key, value) {
		if (strcmp(key, "source") && strcmp(key, "ifindex") &&
		    strcmp(key, "ifname") && strcmp(key, "link") &&
		    strcmp(key, "agent") && strcmp(key, "event") &&
		    strcmp(key, "peer") && strcmp(key, "timestamp"))
			monitor_print_value(key, value);
	}
	print_newline();
}

static void monitor_emit(const struct monitor *monitor, json_t *event)
{
	char stamp[64];

	monitor_stamp(stamp, sizeof(stamp));
	if (monitor->tool->json) {
		if (monitor->tool->timestamp)
			json_set(event, "timestamp", json_text(stamp));
		print_json(monitor->tool, event, true);
	} else {
		if (monitor->tool->timestamp)
			print_plain("[%s] ", stamp);
		monitor_event_print(monitor->tool, event);
	}
	json_decref(event);
}

static bool monitor_wants(const struct monitor *monitor, bool about_link)
{
	return monitor->topic == MONITOR_ALL ||
	       (monitor->topic == MONITOR_LINK) == about_link;
}

static int monitor_kernel_message(const struct nlmsghdr *message, void *context)
{
	struct monitor *monitor = context;
	struct message_device device;
	struct message_event event;
	const char *ifname = NULL;
	int ret;

	ret = message_parse_event(message, &event);
	if (ret)
		return ret;
	if (!monitor_wants(monitor, event.type == PILOT_EVENT_SOCKET_GONE))
		goto out;
	/*
	 * A socket hears of devices in other namespaces too, where the index
	 * means something else: the agent's address tells.
	 */
	if (event.device.ifindex && event.device.has_address &&
	    !dump_find_device(&monitor->requests, event.device.ifindex,
			      &device) &&
	    device.address == event.device.address)
		ifname = device.ifname;
	monitor_emit(monitor, monitor_event_json(&event, ifname));
out:
	message_free_event(&event);
	return 0;
}

static int monitor_kernel(struct monitor *monitor)
{
	int ret;

	ret = genl_receive(&monitor->events, monitor_kernel_message, monitor);
	if (ret == -ENOBUFS) {
		print_problem("Warning: events came too fast; some are lost.");
		return TOOL_OK;
	}
	return ret ? genl_fail(&monitor->events, ret, "events") : TOOL_OK;
}

/* All lines that are there. The kernel's events go on without the helper. */
static void monitor_helper(struct monitor *monitor)
{
	struct control_error error;
	const char *name;
	json_t *event;
	int ret;

	while (!(ret = control_event(&monitor->control, &event, &error))) {
		name = json_get_text(event, "event");
		if (!monitor_wants(monitor, !strncmp(name, "link", 4))) {
			json_decref(event);
			continue;
		}
		json_set(event, "source", json_text("helper"));
		monitor_emit(monitor, event);
	}
	if (ret == -EAGAIN)
		return;
	print_problem("Warning: no more events of the helper: %s.",
		      ret == -ECONNRESET ? "it closed the connection" :
					 error.message);
	control_close(&monitor->control);
	monitor->helper = false;
}

static void monitor_open_helper(struct monitor *monitor)
{
	struct control_error error;
	json_t *request;
	json_t *result;
	int ret;

	ret = control_open(&monitor->control, monitor->tool->control_path,
			   &error);
	if (ret) {
		if (ret != -ENOENT && ret != -ECONNREFUSED)
			print_problem("Warning: without events of the helper: %s.",
				      error.message);
		return;
	}
	request = control_op("monitor");
	ret = control_request(&monitor->control, request, &result, &error);
	json_decref(request);
	json_decref(result);
	monitor->helper = !ret;
	if (ret) {
		print_problem("Warning: without events of the helper: %s.",
			      error.message);
		control_close(&monitor->control);
	}
}

static int monitor_loop(struct monitor *monitor)
{
	struct pollfd pollfd[2];
	int ret = TOOL_OK;

	/* Events may have come together with the helper's answer. */
	if (monitor->helper)
		monitor_helper(monitor);
	while (!ret) {
		ret = print_flush();
		if (ret)
			break;
		pollfd[0].fd = mnl_socket_get_fd(monitor->events.nl);
		pollfd[0].events = POLLIN;
		pollfd[0].revents = 0;
		pollfd[1].fd = monitor->helper ? monitor->control.fd : -1;
		pollfd[1].events = POLLIN;
		pollfd[1].revents = 0;
		if (poll(pollfd, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			print_problem("Error: poll: %s.", strerror(errno));
			return TOOL_REFUSED;
		}
		if (pollfd[0].revents)
			ret = monitor_kernel(monitor);
		if (pollfd[1].revents && monitor->helper)
			monitor_helper(monitor);
	}
	return ret;
}

static int monitor_start(const struct tool *tool, struct args *args,
			 enum monitor_topic topic)
{
	struct monitor monitor = { .tool = tool, .topic = topic };
	int ret;

	monitor.control.fd = -1;
	ret = args_end(args);
	if (!ret)
		ret = genl_open(&monitor.events);
	if (ret)
		return ret;
	ret = genl_open(&monitor.requests);
	if (ret)
		goto close_events;
	ret = genl_subscribe(&monitor.events);
	if (ret) {
		ret = genl_fail(&monitor.events, ret, "events");
		goto close_requests;
	}
	monitor_open_helper(&monitor);
	ret = monitor_loop(&monitor);
	if (monitor.helper)
		control_close(&monitor.control);
close_requests:
	genl_close(&monitor.requests);
close_events:
	genl_close(&monitor.events);
	return ret;
}

static int monitor_all(const struct tool *tool, struct args *args)
{
	return monitor_start(tool, args, MONITOR_ALL);
}

static int monitor_link(const struct tool *tool, struct args *args)
{
	return monitor_start(tool, args, MONITOR_LINK);
}

static int monitor_peer(const struct tool *tool, struct args *args)
{
	return monitor_start(tool, args, MONITOR_PEER);
}

int monitor_run(const struct tool *tool, struct args *args)
{
	static const struct command commands[] = {
		{ "all", monitor_all },
		{ "link", monitor_link },
		{ "peer", monitor_peer },
	};

	return args_run(tool, args, commands, 3, monitor_usage);
}
