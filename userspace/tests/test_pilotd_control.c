// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket, over a real one: lines, limits, refusals, events. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "control_message.h"

#define NOBODY	65534

struct server {
	sd_event *event;
	struct control *control;
	struct sockaddr_un address;
	socklen_t address_len;
	unsigned int requests;
	size_t big;		/* bytes of the answer to "big" */
};

/* "echo" gives its "text" back, "big" much, "fail" an error. */
static json_t *serve(void *ctx, const char *op, const json_t *args,
		     struct control_error *error)
{
	static const char *const known[] = { "text", "number", NULL };
	struct server *server = ctx;
	const char *text = "nothing";
	uint64_t number = 7;
	bool present;
	json_t *result;
	char *filler;

	server->requests++;
	if (!strcmp(op, "echo")) {
		if (control_only(args, known, error) ||
		    control_get_string(args, "text", false, &text, error) ||
		    control_get_u64(args, "number", 100, &number, &present,
				    error))
			return NULL;
		return json_pack("{s:s, s:I, s:b}", "text", text, "number",
				 (json_int_t)number, "present", present);
	}
	if (!strcmp(op, "need"))
		return control_get_string(args, "text", true, &text, error) ?
		       NULL : json_null();
	if (!strcmp(op, "big")) {
		filler = malloc(server->big);
		assert_non_null(filler);
		memset(filler, 'x', server->big);
		result = json_stringn(filler, server->big);
		free(filler);
		return result;
	}
	if (!strcmp(op, "tell")) {
		control_broadcast(server->control,
				  json_pack("{s:s}", "event", "told"));
		return json_null();
	}
	if (!strcmp(op, "garbled")) {
		control_error_set(error, "internal", "", "\xff\xfe");
		return NULL;
	}
	control_error_set(error, "unknown-op", "use another",
			  "the op \"%s\" is unknown", op);
	return NULL;
}

static int server_start_for(void **state, gid_t gid)
{
	struct server *server = calloc(1, sizeof(*server));
	int fd;

	/* Abstract and autobound: no file to clean, no name to clash. */
	server->address.sun_family = AF_UNIX;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	server->address_len = sizeof(server->address);
	if (bind(fd, (struct sockaddr *)&server->address,
		 sizeof(sa_family_t)) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&server->address,
			&server->address_len) ||
	    sd_event_new(&server->event) < 0 ||
	    control_new(&server->control, server->event, fd, gid, serve,
			server))
		return -1;
	*state = server;
	return 0;
}

static int server_start(void **state)
{
	return server_start_for(state, getgid());
}

static int server_stop(void **state)
{
	struct server *server = *state;

	control_free(server->control);
	sd_event_unref(server->event);
	free(server);
	return 0;
}

static void server_run(struct server *server)
{
	while (sd_event_run(server->event, 0) > 0)
		;
}

static int client_open(struct server *server)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&server->address,
				 server->address_len), 0);
	return fd;
}

static void client_say(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

static void client_say_text(int fd, const char *text)
{
	client_say(fd, text, strlen(text));
}

/* Next line, or NULL at the end. Valid until the next call. */
static const char *client_hear(struct server *server, int fd)
{
	static char line[4096];
	unsigned int idle = 0;
	size_t len = 0;
	ssize_t got;

	for (;;) {
		server_run(server);
		got = recv(fd, line + len, 1, MSG_DONTWAIT);
		if (!got || (got < 0 && errno == ECONNRESET))
			return NULL;
		if (got < 0 && ++idle > 100)
			fail_msg("no answer");
		if (got < 0)
			continue;
		if (line[len] == '\n')
			break;
		len++;
		assert_true(len < sizeof(line));
	}
	line[len] = '\0';
	return line;
}

static void assert_answer(struct server *server, int fd, const char *expected)
{
	const char *line = client_hear(server, fd);

	assert_non_null(line);
	assert_string_equal(line, expected);
}

/* The request is refused with this code; the connection stays. */
static void assert_refused(struct server *server, int fd, const char *request,
			   const char *code)
{
	json_t *answer, *error;
	const char *line;

	client_say_text(fd, request);
	client_say_text(fd, "\n");
	line = client_hear(server, fd);
	assert_non_null(line);
	answer = json_loads(line, 0, NULL);
	assert_non_null(answer);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	error = json_object_get(answer, "error");
	assert_string_equal(json_string_value(json_object_get(error, "code")),
			    code);
	assert_true(*json_string_value(json_object_get(error, "message")));
	json_decref(answer);
}

#define VERSION_ANSWER							\
	"{\"ok\":true,\"result\":{\"name\":\"pilotd\",\"version\":\""	\
	PILOT_VERSION "\"}}"

static void requests_are_answered_in_order(void **state)
{
	static const char three[] =
		"{\"op\":\"version\"}\n"
		"{\"op\":\"echo\",\"text\":\"\xc3\xa4\",\"number\":9}\r\n"
		"{\"op\":\"echo\"}\n";
	struct server *server = *state;
	int fd = client_open(server);

	client_say_text(fd, three);
	assert_answer(server, fd, VERSION_ANSWER);
	assert_answer(server, fd,
		      "{\"ok\":true,\"result\":{\"text\":\"\xc3\xa4\",\"number\":9,\"present\":true}}");
	assert_answer(server, fd,
		      "{\"ok\":true,\"result\":{\"text\":\"nothing\",\"number\":7,\"present\":false}}");
	close(fd);
}

static void lines_may_come_in_pieces(void **state)
{
	static const char text[] = "{\"op\":\"version\"}\n";
	struct server *server = *state;
	int fd = client_open(server);
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++) {
		client_say(fd, text + i, 1);
		server_run(server);
	}
	assert_answer(server, fd, VERSION_ANSWER);
	close(fd);
}

static void who_says_no_more_still_hears(void **state)
{
	static const char text[] = "{\"op\":\"version\"}\n{\"op\":";
	struct server *server = *state;
	int fd = client_open(server);

	client_say_text(fd, text);
	shutdown(fd, SHUT_WR);
	assert_answer(server, fd, VERSION_ANSWER);
	assert_null(client_hear(server, fd));
	close(fd);
}

static void bad_requests_are_refused(void **state)
{
	struct server *server = *state;
	int fd = client_open(server);

	assert_refused(server, fd, "", "bad-request");
	assert_refused(server, fd, "hello", "bad-request");
	assert_refused(server, fd, "{\"op\":\"version\"", "bad-request");
	assert_refused(server, fd, "{\"op\":\"version\"} x", "bad-request");
	assert_refused(server, fd, "[\"op\"]", "bad-request");
	assert_refused(server, fd, "{}", "bad-request");
	assert_refused(server, fd, "{\"op\":1}", "bad-request");
	assert_refused(server, fd, "{\"op\":null}", "bad-request");
	assert_refused(server, fd, "{\"op\":\"echo\",\"op\":\"echo\"}",
		       "bad-request");
	assert_refused(server, fd,
		       "{\"op\":\"echo\",\"text\":\"a\",\"text\":\"b\"}",
		       "bad-request");
	assert_refused(server, fd, "{\"op\":\"echo\",\"x\":[[[[0]]]]}",
		       "bad-request");
	assert_refused(server, fd, "{\"op\":\"\xff\"}", "bad-request");
	assert_refused(server, fd, "{\"op\":\"a\\u0000b\"}", "bad-request");
	assert_int_equal(server->requests, 0);
	assert_refused(server, fd, "{\"op\":\"echo\",\"colour\":1}",
		       "bad-request");
	assert_refused(server, fd, "{\"op\":\"version\",\"colour\":1}",
		       "bad-request");
	assert_refused(server, fd, "{\"op\":\"echo\",\"text\":1}",
		       "bad-request");
	assert_refused(server, fd, "{\"op\":\"need\"}", "bad-request");
	assert_refused(server, fd, "{\"op\":\"echo\",\"number\":\"1\"}",
		       "invalid");
	assert_refused(server, fd, "{\"op\":\"echo\",\"number\":-1}",
		       "invalid");
	assert_refused(server, fd, "{\"op\":\"echo\",\"number\":101}",
		       "invalid");
	assert_refused(server, fd, "{\"op\":\"echo\",\"number\":1.0}",
		       "invalid");
	assert_refused(server, fd, "{\"op\":\"no such\"}", "unknown-op");
	assert_refused(server, fd, "{\"op\":\"garbled\"}", "internal");
	/* Brackets in a text are no nesting. */
	client_say_text(fd, "{\"op\":\"echo\",\"text\":\"[[[[\\\"[[\"}\n");
	assert_answer(server, fd,
		      "{\"ok\":true,\"result\":{\"text\":\"[[[[\\\"[[\",\"number\":7,\"present\":false}}");
	close(fd);
}

/* The whole line, which programs read. */
static void a_refusal_has_code_message_and_hint(void **state)
{
	struct server *server = *state;
	int fd = client_open(server);

	client_say_text(fd, "{\"op\":\"no such\"}\n");
	assert_answer(server, fd,
		      "{\"ok\":false,\"error\":{\"code\":\"unknown-op\","
		      "\"message\":\"the op \\\"no such\\\" is unknown\","
		      "\"hint\":\"use another\"}}");
	/* Where there is nothing to advise there is no hint. */
	client_say_text(fd, "{\"op\":\"garbled\"}\n");
	assert_answer(server, fd,
		      "{\"ok\":false,\"error\":{\"code\":\"internal\","
		      "\"message\":\"the reason cannot be shown\"}}");
	close(fd);
}

static void deep_nesting_never_reaches_the_parser(void **state)
{
	struct control_error error = {};
	char line[CONTROL_REQUEST_MAX];
	const char *op = NULL;

	(void)state;
	memset(line, '[', sizeof(line));
	assert_null(control_parse(line, sizeof(line), &op, &error));
	assert_string_equal(error.code, "bad-request");
	assert_non_null(strstr(error.message, "nested"));
}

static void a_line_too_long_ends_the_connection(void **state)
{
	static char line[CONTROL_REQUEST_MAX + 10];
	struct server *server = *state;
	int fd = client_open(server);
	const char *answer;
	size_t len;

	/* One byte less than the limit, newline included, is fine. */
	len = snprintf(line, sizeof(line), "{\"op\":\"version\"}");
	memset(line + len, ' ', sizeof(line) - len);
	line[CONTROL_REQUEST_MAX - 1] = '\n';
	client_say(fd, line, CONTROL_REQUEST_MAX);
	assert_answer(server, fd, VERSION_ANSWER);
	line[CONTROL_REQUEST_MAX - 1] = ' ';
	client_say(fd, line, sizeof(line));
	answer = client_hear(server, fd);
	assert_non_null(answer);
	assert_non_null(strstr(answer, "\"limit\""));
	assert_null(client_hear(server, fd));
	close(fd);
}

static void monitors_hear_events(void **state)
{
	static const char monitor[] = "{\"op\":\"monitor\"}\n";
	struct server *server = *state;
	int one = client_open(server), two = client_open(server);

	client_say_text(one, monitor);
	assert_answer(server, one, "{\"ok\":true,\"result\":null}");
	control_broadcast(server->control,
			  json_pack("{s:s}", "event", "hello"));
	assert_answer(server, one, "{\"event\":\"hello\"}");
	/* From within a request, of a monitor even. */
	client_say_text(one, "{\"op\":\"tell\"}\n");
	assert_answer(server, one, "{\"event\":\"told\"}");
	assert_answer(server, one, "{\"ok\":true,\"result\":null}");
	/* The other one did not ask. */
	assert_refused(server, two, "{\"op\":\"no such\"}", "unknown-op");
	/* One that said its last word still listens. */
	shutdown(one, SHUT_WR);
	server_run(server);
	control_broadcast(server->control,
			  json_pack("{s:s}", "event", "late"));
	assert_answer(server, one, "{\"event\":\"late\"}");
	close(one);
	server_run(server);
	control_broadcast(server->control,
			  json_pack("{s:s}", "event", "nobody"));
	server_run(server);
	assert_refused(server, two, "{\"op\":\"no such\"}", "unknown-op");
	close(two);
}

/* What does not fit the socket waits; the next request waits for it. */
static void who_does_not_read_is_not_served(void **state)
{
	struct server *server = *state;
	int fd = client_open(server);
	size_t total = 0, lines = 0;
	char buffer[65536];
	ssize_t got, i;

	server->big = 3 << 20;
	for (i = 0; i < 3; i++)
		client_say_text(fd, "{\"op\":\"big\"}\n");
	server_run(server);
	assert_int_equal(server->requests, 1);
	while (lines < 3) {
		server_run(server);
		got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		assert_true(got > 0);
		total += got;
		for (i = 0; i < got; i++)
			lines += buffer[i] == '\n';
	}
	assert_int_equal(server->requests, 3);
	assert_true(total > 3 * server->big);
	close(fd);
}

static void a_deaf_monitor_is_dropped(void **state)
{
	static const char monitor[] = "{\"op\":\"monitor\"}\n";
	struct server *server = *state;
	int fd = client_open(server), other = client_open(server);
	char *filler = malloc((1 << 20) + 1);
	unsigned int i;

	memset(filler, 'x', 1 << 20);
	filler[1 << 20] = '\0';
	client_say_text(fd, monitor);
	assert_answer(server, fd, "{\"ok\":true,\"result\":null}");
	for (i = 0; i < CONTROL_BACKLOG_MAX / (1 << 20) + 2; i++)
		control_broadcast(server->control,
				  json_pack("{s:s}", "event", filler));
	server_run(server);
	/* Its end of the connection is closed: what it can read is finite. */
	while (recv(fd, filler, 1 << 20, 0) > 0)
		;
	free(filler);
	close(fd);
	assert_refused(server, other, "{\"op\":\"no such\"}", "unknown-op");
	close(other);
}

static void clients_are_limited(void **state)
{
	struct server *server = *state;
	int fd[CONTROL_CLIENTS_MAX + 1];
	const char *line;
	unsigned int i;

	for (i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
		fd[i] = client_open(server);
		server_run(server);
	}
	line = client_hear(server, fd[CONTROL_CLIENTS_MAX]);
	assert_non_null(line);
	assert_non_null(strstr(line, "\"busy\""));
	assert_null(client_hear(server, fd[CONTROL_CLIENTS_MAX]));
	close(fd[CONTROL_CLIENTS_MAX]);
	close(fd[0]);
	server_run(server);
	fd[0] = client_open(server);
	assert_refused(server, fd[0], "{\"op\":\"no such\"}", "unknown-op");
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fd[i]);
}

/* What a client of this user and group reads first, or "" at the end. */
static void hear_as(struct server *server, gid_t gid, gid_t extra, char *line,
		    size_t size)
{
	int pipes[2], fd, status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setgroups(extra != (gid_t)-1, &extra) || setgid(gid) ||
		    setuid(NOBODY))
			_exit(1);
		fd = client_open(server);
		send(fd, "{\"op\":\"version\"}\n", 17, MSG_NOSIGNAL);
		got = recv(fd, line, size, 0);
		_exit(got > 0 && write(pipes[1], line, got) != got);
	}
	close(pipes[1]);
	while (!waitpid(pid, &status, WNOHANG))
		sd_event_run(server->event, 1000);
	assert_int_equal(status, 0);
	got = read(pipes[0], line, size - 1);
	close(pipes[0]);
	line[got > 0 ? got : 0] = '\0';
}

static void strangers_are_refused(void **state)
{
	struct server *server;
	char line[1024];

	(void)state;
	if (getuid()) {
		print_message("changing user needs root\n");
		skip();
	}
	assert_int_equal(server_start_for((void **)&server, 4242), 0);
	hear_as(server, NOBODY, -1, line, sizeof(line));
	assert_non_null(strstr(line, "\"denied\""));
	assert_null(strstr(line, PILOT_VERSION));
	hear_as(server, 4242, -1, line, sizeof(line));
	assert_non_null(strstr(line, PILOT_VERSION));
	hear_as(server, NOBODY, 4242, line, sizeof(line));
	assert_non_null(strstr(line, PILOT_VERSION));
	server_stop((void **)&server);
}

#define over_a_socket(test)						\
	cmocka_unit_test_setup_teardown(test, server_start, server_stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		over_a_socket(requests_are_answered_in_order),
		over_a_socket(lines_may_come_in_pieces),
		over_a_socket(who_says_no_more_still_hears),
		over_a_socket(bad_requests_are_refused),
		over_a_socket(a_refusal_has_code_message_and_hint),
		cmocka_unit_test(deep_nesting_never_reaches_the_parser),
		over_a_socket(a_line_too_long_ends_the_connection),
		over_a_socket(monitors_hear_events),
		over_a_socket(who_does_not_read_is_not_served),
		over_a_socket(a_deaf_monitor_is_dropped),
		over_a_socket(clients_are_limited),
		cmocka_unit_test(strangers_are_refused),
	};

	return cmocka_run_group_tests_name("pilotd_control", tests, NULL,
					   NULL);
}
