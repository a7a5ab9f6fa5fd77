// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of pilotd's control socket: one JSON object per line. What the
 * helper answers is checked for its shape before anyone looks into it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "print.h"

static void control_error_set(struct control_error *error, const char *hint,
			      const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An error of this side: the helper's own have a code. */
static void control_error_set(struct control_error *error, const char *hint,
			      const char *format, ...)
{
	va_list list;

	memset(error, 0, sizeof(*error));
	va_start(list, format);
	vsnprintf(error->message, sizeof(error->message), format, list);
	va_end(list);
	snprintf(error->hint, sizeof(error->hint), "%s", hint);
}

/* Return: 0 or -errno. */
int control_open(struct control *control, const char *path,
		 struct control_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *hint = "start it: systemctl start pilotd";
	int ret;

	memset(control, 0, sizeof(*control));
	control->fd = -1;
	if (strlen(path) >= sizeof(address.sun_path)) {
		control_error_set(error, "give a shorter one",
				  "the path of the control socket is too long");
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			     0);
	if (control->fd >= 0 &&
	    !connect(control->fd, (struct sockaddr *)&address, sizeof(address)))
		return 0;

	ret = -errno;
	if (ret == -EACCES || ret == -EPERM)
		hint = "run this as root or as a member of the socket's group";
	else if (ret == -EAGAIN)
		hint = "it is busy; try again";
	control_error_set(error, hint, "cannot reach the helper pilotd at %s: %s",
			  path, strerror(-ret));
	control_close(control);
	return ret;
}

void control_close(struct control *control)
{
	if (control->fd >= 0)
		close(control->fd);
	free(control->buffer);
	memset(control, 0, sizeof(*control));
	control->fd = -1;
}

static int64_t control_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int control_wait(struct control *control, short events, int64_t deadline)
{
	struct pollfd pollfd = { .fd = control->fd, .events = events };
	int64_t left;
	int ret;

	do {
		left = deadline - control_now();
		if (left <= 0)
			return -ETIMEDOUT;
		ret = poll(&pollfd, 1, (int)left);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret ? 0 : -ETIMEDOUT;
}

static int control_send(struct control *control, const char *text,
			size_t length, int64_t deadline)
{
	ssize_t sent;
	int ret;

	while (length) {
		sent = send(control->fd, text, length, MSG_NOSIGNAL);
		if (sent >= 0) {
			text += sent;
			length -= (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		ret = control_wait(control, POLLOUT, deadline);
		if (ret)
			return ret;
	}
	return 0;
}

static int control_grow(struct control *control)
{
	size_t room = control->room ? 2 * control->room : 4096;
	char *buffer;

	if (control->used < control->room)
		return 0;
	if (control->room >= CONTROL_ANSWER_MAX)
		return -EMSGSIZE;
	buffer = realloc(control->buffer, room);
	if (!buffer)
		return -ENOMEM;
	control->buffer = buffer;
	control->room = room;
	return 0;
}

/*
 * Takes one line off the socket without waiting: control->line bytes with
 * the newline, valid until the next call.
 *
 * Return: 0, -EAGAIN when there is no whole line yet, -ECONNRESET when the
 * helper is gone, -EPIPE when it went in the middle of a line, -EMSGSIZE.
 */
static int control_line(struct control *control)
{
	char *newline = NULL;
	ssize_t received;
	size_t seen = 0;
	int ret;

	if (control->line) {
		control->used -= control->line;
		memmove(control->buffer, control->buffer + control->line,
			control->used);
		control->line = 0;
	}
	for (;;) {
		if (control->used > seen)
			newline = memchr(control->buffer + seen, '\n',
					 control->used - seen);
		if (newline) {
			control->line = newline - control->buffer + 1;
			return 0;
		}
		seen = control->used;
		ret = control_grow(control);
		if (ret)
			return ret;
		received = recv(control->fd, control->buffer + control->used,
				control->room - control->used, 0);
		if (received > 0)
			control->used += (size_t)received;
		else if (!received)
			return control->used ? -EPIPE : -ECONNRESET;
		else if (errno != EINTR)
			return -errno;
	}
}

static void control_explain(struct control_error *error, int ret)
{
	switch (ret) {
	case -ETIMEDOUT:
		control_error_set(error, "see its log: journalctl -u pilotd",
				  "the helper did not answer within %d seconds",
				  CONTROL_TIMEOUT_MS / 1000);
		break;
	case -ECONNRESET:
		control_error_set(error, "see its log: journalctl -u pilotd",
				  "the helper closed the connection without an answer");
		break;
	case -EPIPE:
		control_error_set(error, "see its log: journalctl -u pilotd",
				  "the helper closed the connection in the middle of its answer");
		break;
	case -EMSGSIZE:
		control_error_set(error, "name what you want to see",
				  "the helper's answer has more than %d bytes",
				  CONTROL_ANSWER_MAX);
		break;
	case -EBADMSG:
		control_error_set(error, "the helper and this command are of different versions",
				  "the helper's answer is malformed");
		break;
	default:
		control_error_set(error, "see its log: journalctl -u pilotd",
				  "cannot talk to the helper: %s",
				  strerror(-ret));
	}
}

/* The helper's texts become parts of a sentence that ends elsewhere. */
static void control_text(char *text, size_t size, const char *said)
{
	size_t length;

	snprintf(text, size, "%s", said ? said : "");
	length = strlen(text);
	if (length && text[length - 1] == '.')
		text[length - 1] = '\0';
}

static json_t *control_load(const char *line, size_t length)
{
	json_t *value;

	value = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

static int control_refusal(const json_t *reply, struct control_error *error)
{
	const json_t *object = json_object_get(reply, "error");
	const char *message = json_get_text(object, "message");
	const char *code = json_get_text(object, "code");
	const char *hint = json_get_text(object, "hint");

	if (!message || !code || !*code)
		return -EBADMSG;
	snprintf(error->code, sizeof(error->code), "%s", code);
	control_text(error->message, sizeof(error->message), message);
	control_text(error->hint, sizeof(error->hint), hint);
	return -EREMOTEIO;
}

/*
 * Return: 0 with the caller's own reference in @result (JSON null when there
 * is none), -EREMOTEIO when the helper refuses, -EBADMSG. @error is set for
 * both.
 */
int control_reply_parse(const char *line, size_t length, json_t **result,
			struct control_error *error)
{
	json_t *reply = control_load(line, length);
	const json_t *ok = json_object_get(reply, "ok");
	int ret = -EBADMSG;

	*result = NULL;
	if (json_is_true(ok)) {
		*result = json_object_get(reply, "result");
		*result = *result ? json_incref(*result) : json_null();
		ret = 0;
	} else if (json_is_false(ok)) {
		ret = control_refusal(reply, error);
	}
	if (ret == -EBADMSG)
		control_explain(error, ret);
	json_decref(reply);
	return ret;
}

/* Return: 0 with an object whose key "event" is a text, -EBADMSG. */
int control_event_parse(const char *line, size_t length, json_t **event)
{
	*event = control_load(line, length);
	if (json_get_text(*event, "event"))
		return 0;
	json_decref(*event);
	*event = NULL;
	return -EBADMSG;
}

/* Return: 0 or -errno with @error set; -EREMOTEIO is the helper's refusal. */
int control_request(struct control *control, const json_t *request,
		    json_t **result, struct control_error *error)
{
	int64_t deadline = control_now() + CONTROL_TIMEOUT_MS;
	char *text = json_dumps(request, JSON_COMPACT);
	size_t length;
	int ret;

	*result = NULL;
	if (!text) {
		control_error_set(error, "", "out of memory");
		return -ENOMEM;
	}
	length = strlen(text);
	if (length >= CONTROL_REQUEST_MAX) {
		control_error_set(error, "shorten its texts",
				  "the request has more than %d bytes",
				  CONTROL_REQUEST_MAX);
		free(text);
		return -E2BIG;
	}
	text[length] = '\n';
	ret = control_send(control, text, length + 1, deadline);
	free(text);
	while (!ret) {
		ret = control_line(control);
		if (ret != -EAGAIN)
			break;
		ret = control_wait(control, POLLIN, deadline);
	}
	/* EPIPE of send means the same as an end before the answer. */
	if (ret) {
		control_explain(error, ret == -EPIPE && !control->used ?
				       -ECONNRESET : ret);
		return ret;
	}
	return control_reply_parse(control->buffer, control->line, result,
				   error);
}

/* Takes one event, without waiting. Return: 0, -EAGAIN, -errno with @error. */
int control_event(struct control *control, json_t **event,
		  struct control_error *error)
{
	int ret = control_line(control);

	if (!ret)
		ret = control_event_parse(control->buffer, control->line,
					  event);
	if (ret && ret != -EAGAIN)
		control_explain(error, ret);
	return ret;
}

json_t *control_op(const char *op)
{
	json_t *request = json_new_object();

	json_set(request, "op", json_text(op));
	return request;
}

/* One request on a connection of its own. Return: as control_request(). */
int control_ask(const struct tool *tool, const json_t *request,
		json_t **result, struct control_error *error)
{
	struct control control;
	int ret;

	*result = NULL;
	ret = control_open(&control, tool->control_path, error);
	if (ret)
		return ret;
	ret = control_request(&control, request, result, error);
	control_close(&control);
	return ret;
}

/* A request that answers nothing. Return: TOOL_OK or TOOL_REFUSED. */
int control_do(const struct tool *tool, const json_t *request)
{
	struct control_error error;
	json_t *result;

	if (control_ask(tool, request, &result, &error))
		return control_fail(&error);
	json_decref(result);
	return TOOL_OK;
}

int control_fail(const struct control_error *error)
{
	if (*error->hint)
		print_problem("Error: %s; %s.", error->message, error->hint);
	else
		print_problem("Error: %s.", error->message);
	return TOOL_REFUSED;
}
