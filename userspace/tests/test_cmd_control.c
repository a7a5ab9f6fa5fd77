// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link against a helper that answers well, badly, or not at all. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pilot-link/control.h"
#include "cmd_run.h"
#include "identity.h"

#define MALFORMED \
	"Error: the helper's answer is malformed; the helper and this " \
	"command are of different versions.\n"
#define SEE_LOG "; see its log: journalctl -u pilotd.\n"

static struct cmd_result result;
static char folder[] = "/tmp/pilot-link-control.XXXXXX";
static char did[DID_TEXT_LEN];

/*
 * A helper for one connection: reads a line, sends its bytes, goes away. It
 * is a process, because a program with threads cannot safely fork a command.
 */
static pid_t server;
static char *request;		/* shared with it */

static void serve(int listener, const char *answer, size_t length)
{
	size_t used = 0;
	ssize_t got;
	int fd;

	fd = accept(listener, NULL, NULL);
	do {
		got = read(fd, request + used, CONTROL_REQUEST_MAX - used);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 && request[used - 1] != '\n');
	request[used] = '\0';
	used = 0;
	while (used < length) {
		got = send(fd, answer + used, length - used, MSG_NOSIGNAL);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	_exit(0);
}

static void serve_start(const char *answer, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener;

	strcpy(address.sun_path, "control.sock");
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	fflush(NULL);
	server = fork();
	assert_true(server >= 0);
	if (!server)
		serve(listener, answer, length);
	close(listener);
}

static void serve_stop(void)
{
	/* A command that never connected must not leave the server waiting. */
	if (server && !waitpid(server, NULL, WNOHANG)) {
		kill(server, SIGTERM);
		waitpid(server, NULL, 0);
	}
	unlink("control.sock");
}

static void run_raw(const char *answer, size_t length, const char *line)
{
	char text[1024];

	snprintf(text, sizeof(text), "--control control.sock %s", line);
	serve_start(answer, length);
	cmd_run(&result, NULL, text);
	serve_stop();
}

static void run(const char *answer, const char *line)
{
	run_raw(answer, strlen(answer), line);
}

static void check_request(const char *expected)
{
	json_t *left = json_loads(request, 0, NULL);
	json_t *right = json_loads(expected, 0, NULL);

	assert_non_null(left);
	assert_non_null(right);
	if (!json_equal(left, right))
		assert_string_equal(request, expected);
	json_decref(left);
	json_decref(right);
}

static void test_requests(void **state)
{
	char line[512], expected[1024], cwd[256];

	(void)state;
	run("{\"ok\":true}\n", "link add pilot0");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(result.out, "");
	assert_string_equal(result.err, "");
	check_request("{\"op\":\"link.add\",\"name\":\"pilot0\"}");

	run("{\"ok\":true,\"result\":{}}\n", "link add dev pilot1 identity me "
	    "network 0x10 address fd50:494c:4f54:1::f291:4 netns red mtu 1300");
	assert_int_equal(result.status, TOOL_OK);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(expected, sizeof(expected), "{\"op\":\"link.add\","
		 "\"name\":\"pilot1\",\"identity\":\"%s/me\",\"network\":16,"
		 "\"address\":\"1:0001.F291.0004\",\"netns\":\"red\","
		 "\"mtu\":1300}", cwd);
	check_request(expected);

	snprintf(line, sizeof(line), "peer add %s endpoint 192.0.2.2:7740 "
		 "link pilot0 psk /etc/psk keepalive 25 silence 60 idle 300 "
		 "watch always rate-packets 1000 rate-bytes 9000000000 "
		 "introducer yes tls 192.0.2.2:8443 tls-name a.example", did);
	run("{\"ok\":true}\n", line);
	assert_int_equal(result.status, TOOL_OK);
	snprintf(expected, sizeof(expected), "{\"op\":\"peer.add\","
		 "\"did\":\"%s\",\"endpoint\":\"192.0.2.2:7740\","
		 "\"link\":\"pilot0\",\"psk\":\"/etc/psk\",\"keepalive\":25,"
		 "\"silence\":60,\"idle\":300,\"watch\":\"always\","
		 "\"rx_packet_rate\":1000,"
		 "\"rx_byte_rate\":9000000000,\"introducer\":\"yes\","
		 "\"tls\":\"192.0.2.2:8443\",\"tls_name\":\"a.example\"}",
		 did);
	check_request(expected);

	run("{\"ok\":true}\n", "peer del 1:0001.F291.0004 dev pilot0");
	check_request("{\"op\":\"peer.del\",\"address\":\"1:0001.F291.0004\","
		      "\"link\":\"pilot0\"}");
}

static void test_refusals(void **state)
{
	(void)state;
	run("{\"ok\":false,\"error\":{\"code\":\"exists\",\"message\":"
	    "\"pilot0 exists\",\"hint\":\"choose another name\"}}\n",
	    "link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err,
			    "Error: pilot0 exists; choose another name.\n");
	run("{\"ok\":false,\"error\":{\"code\":\"kernel\",\"message\":"
	    "\"It \\u001b[2J says no.\",\"hint\":null}}\n", "link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: It \\x1b[2J says no.\n");
}

static void test_malformed(void **state)
{
	static const char *const answers[] = {
		"\n", "{}\n", "[]\n", "null\n", "{\"ok\":1}\n", "{\"ok\":true\n",
		"{\"ok\":true}}\n", "{\"ok\":true,\"ok\":false}\n",
		"{\"ok\":false}\n", "{\"ok\":false,\"error\":\"no\"}\n",
		"{\"ok\":false,\"error\":{\"message\":\"no code\"}}\n",
		"{\"ok\":false,\"error\":{\"code\":\"\",\"message\":\"m\"}}\n",
		"{\"ok\":false,\"error\":{\"code\":\"c\",\"message\":7}}\n",
		"{\"ok\":false,\"error\":{\"code\":\"c\",\"message\":\"\xff\"}}\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		run(answers[i], "link add pilot0");
		assert_string_equal(result.err, MALFORMED);
		assert_int_equal(result.status, TOOL_REFUSED);
	}
	run_raw("{\"ok\":\0true}\n", 13, "link add pilot0");
	assert_string_equal(result.err, MALFORMED);
}

static void test_gone(void **state)
{
	(void)state;
	run("", "link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: the helper closed the "
			    "connection without an answer" SEE_LOG);
	run("{\"ok\":tr", "link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: the helper closed the "
			    "connection in the middle of its answer" SEE_LOG);
	cmd_run(&result, NULL, "--control no.sock link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: cannot reach the helper pilotd "
			    "at no.sock: No such file or directory; start it: "
			    "systemctl start pilotd.\n");
}

static void test_long_lines(void **state)
{
	size_t size = CONTROL_ANSWER_MAX + 10;
	char *answer = malloc(size);
	char path[200];
	char line[256];

	(void)state;
	memset(answer, ' ', size);
	run_raw(answer, size, "link add pilot0");
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: the helper's answer has more "
			    "than 16777216 bytes; name what you want to see.\n");
	/* A long answer within the bound is one answer. */
	memcpy(answer, "{\"ok\":true,", 11);
	memcpy(answer + 200000, "\"result\":[]}\n", 13);
	run_raw(answer, 200013, "link add pilot0");
	assert_string_equal(result.err, "");
	assert_int_equal(result.status, TOOL_OK);
	free(answer);

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(line, sizeof(line), "--control %s link add a", path);
	cmd_run(&result, NULL, line);
	assert_int_equal(result.status, TOOL_REFUSED);
	assert_string_equal(result.err, "Error: the path of the control socket "
			    "is too long; give a shorter one.\n");
}

/* The environment names the socket, the option comes before it. */
static void test_environment(void **state)
{
	(void)state;
	setenv(TOOL_CONTROL_ENV, "env.sock", 1);
	cmd_run(&result, NULL, "link add pilot0");
	assert_non_null(strstr(result.err, " at env.sock: "));
	cmd_run(&result, NULL, "-con no.sock link add pilot0");
	assert_non_null(strstr(result.err, " at no.sock: "));
	unsetenv(TOOL_CONTROL_ENV);
}

static void test_delete_not_found(void **state)
{
	(void)state;
	run("{\"ok\":false,\"error\":{\"code\":\"not-found\",\"message\":"
	    "\"no link\"}}\n", "link delete no-such-link");
	assert_string_equal(result.err,
			    "Cannot find device \"no-such-link\"\n");
	assert_int_equal(result.status, TOOL_USAGE);
	check_request("{\"op\":\"link.show\",\"name\":\"no-such-link\"}");
	run("{\"ok\":false,\"error\":{\"code\":\"denied\",\"message\":"
	    "\"not you\"}}\n", "link delete no-such-link");
	assert_string_equal(result.err, "Error: not you.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_run(&result, NULL, "--control no.sock link delete lo");
	assert_string_equal(result.err, "Error: \"lo\" is not a pilot device; "
			    "\"ip link delete lo\" removes others.\n");
	assert_int_equal(result.status, TOOL_USAGE);
}

#define STATUS	"{\"version\":\"9\",\"handshakes\":{\"completed\":12," \
		"\"limited\":\"x\"},\"control\":{\"unknown\":3},\"more\":1}"

static void test_status(void **state)
{
	(void)state;
	run("{\"ok\":true,\"result\":" STATUS "}\n", "stats pilotd");
	assert_int_equal(result.status, TOOL_OK);
	check_request("{\"op\":\"status\"}");
	assert_string_equal(result.out, "pilotd: version 9\n"
			    "    handshakes_completed             12\n"
			    "    control_unknown                   3\n");
	run("{\"ok\":true,\"result\":" STATUS "}\n", "-d stats p");
	assert_non_null(strstr(result.out, " 3  of a type that this version "
			       "does not know\n"));
	run("{\"ok\":true,\"result\":" STATUS "}\n", "-j stats pilotd");
	assert_string_equal(result.out, "[" STATUS "]\n");
	run("{\"ok\":true,\"result\":null}\n", "stats pilotd");
	assert_string_equal(result.out, "pilotd:\n");
	run("{\"ok\":false,\"error\":{\"code\":\"denied\",\"message\":"
	    "\"not you\"}}\n", "stats pilotd");
	assert_int_equal(result.status, TOOL_REFUSED);
}

#define WAYS	"{\"endpoint\":\"relay:0x7@192.0.2.1:7740\"," \
		"\"kind\":\"relay\",\"class\":\"relay\"," \
		"\"state\":\"in-use\",\"rtt_us\":20500,\"loss\":3," \
		"\"relay\":\"1:0001.F291.0001\"," \
		"\"relay_name\":\"hub\"}," \
		"{\"endpoint\":\"relay:0x9@192.0.2.2:7740\"," \
		"\"kind\":\"relay\",\"class\":\"relay\"," \
		"\"state\":\"valid\",\"reason\":\"kept ready\",\"loss\":0," \
		"\"relay\":\"1:0001.F291.0002\"}," \
		"{\"endpoint\":\"turn:0x4001@127.68.64.1:7740\"," \
		"\"kind\":\"turn\",\"class\":\"tls\",\"state\":\"new\"," \
		"\"server\":\"203.0.113.3:443\",\"transport\":\"tls\"}"
#define PATHS	"[{\"link\":\"pilot0\",\"peer\":\"1:0001.F291.0004\"," \
		"\"name\":\"bob\",\"kind\":\"relay\"," \
		"\"endpoint\":\"relay:0x7@192.0.2.1:7740\"," \
		"\"text\":\"connected\",\"candidates\":[" WAYS "]}," \
		"{\"link\":\"pilot0\",\"peer\":\"1:0001.F291.0005\"," \
		"\"text\":\"idle\",\"tls\":{" \
		"\"server\":\"192.0.2.9:443\",\"state\":\"failed\"," \
		"\"problem\":\"Connection refused\"}}]"

static void test_paths(void **state)
{
	(void)state;
	run("{\"ok\":true,\"result\":" PATHS "}\n", "path");
	assert_string_equal(result.err, "");
	check_request("{\"op\":\"path.show\"}");
	assert_string_equal(result.out,
		"1:0001.F291.0004 name bob link pilot0 kind relay endpoint "
		"relay:0x7@192.0.2.1:7740 (connected)\n"
		"    relay:0x7@192.0.2.1:7740 kind relay class relay state "
		"in-use relay 1:0001.F291.0001 name hub rtt 20.500 ms loss "
		"3%\n"
		"    relay:0x9@192.0.2.2:7740 kind relay class relay state "
		"valid relay 1:0001.F291.0002 (kept ready)\n"
		"    turn:0x4001@127.68.64.1:7740 kind turn class tls state "
		"new server 203.0.113.3:443 by tls\n"
		"1:0001.F291.0005 link pilot0 (idle)\n"
		"    tls 192.0.2.9:443 state failed (Connection refused)\n");
	run("{\"ok\":true,\"result\":" PATHS "}\n", "-j path show");
	assert_string_equal(result.out, PATHS "\n");
	assert_int_equal(result.status, TOOL_OK);
}

static void test_lines_and_events(void **state)
{
	static const char bytes[] = "{\"ok\":true}\n{\"event\":\"peer.add\"}\n"
				    "{\"event\":1}\n";
	struct control_error error;
	struct control control;
	json_t *op = control_op("monitor");
	json_t *value;

	(void)state;
	serve_start(bytes, sizeof(bytes) - 1);
	assert_int_equal(control_open(&control, "control.sock", &error), 0);
	assert_int_equal(control_request(&control, op, &value, &error), 0);
	assert_true(json_is_null(value));
	json_decref(value);
	json_decref(op);
	/* The answer and the events may have come in several pieces. */
	assert_int_equal(waitpid(server, NULL, 0), server);
	server = 0;
	assert_int_equal(control_event(&control, &value, &error), 0);
	assert_string_equal(json_string_value(json_object_get(value, "event")),
			    "peer.add");
	json_decref(value);
	assert_int_equal(control_event(&control, &value, &error), -EBADMSG);
	assert_int_equal(control_event(&control, &value, &error), -ECONNRESET);
	control_close(&control);
	serve_stop();
}

static int setup(void **state)
{
	(void)state;
	if (cmd_did(did))
		return -1;
	unsetenv(TOOL_CONTROL_ENV);
	request = mmap(NULL, CONTROL_REQUEST_MAX + 1, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (request == MAP_FAILED)
		return -1;
	return !mkdtemp(folder) || chdir(folder);
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_delete_not_found),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_lines_and_events),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
