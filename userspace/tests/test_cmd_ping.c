// SPDX-License-Identifier: GPL-2.0-or-later
/* pilot-link ping against a helper whose part is written down. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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
#include "clock.h"
#include "cmd_run.h"
#include "identity.h"

#define PEER	"1:0001.F291.0004"
#define SENT(token)	"{\"ok\":true,\"result\":{\"link\":\"pilot0\"," \
			"\"peer\":\"" PEER "\",\"token\":\"" token "\"," \
			"\"endpoint\":\"192.0.2.2:7740\"}}\n"
#define PONG(token, from)	"{\"event\":\"pong\",\"link\":\"pilot0\"," \
			"\"peer\":\"" PEER "\",\"token\":\"" token "\"," \
			"\"endpoint\":\"192.0.2.2:7740\",\"from\":\"" from "\"," \
			"\"observed\":\"198.51.100.7:41000\",\"rtt_us\":12034}\n"
#define HERE	"192.0.2.2:7740"
#define NOT_READY	"{\"ok\":false,\"error\":{\"code\":\"not-ready\"," \
			"\"message\":\"wait for it\",\"hint\":\"h\"}}\n"

/* What the helper says to a request, and to monitors before and after. */
struct step {
	const char *before;
	const char *answer;
	const char *after;
};

static struct cmd_result result;
static char folder[] = "/tmp/pilot-link-ping.XXXXXX";
static char did[DID_TEXT_LEN];
static pid_t server;
static char *requests;		/* the lines it was sent, shared with it */

static void hear(int fd, char *line, size_t size)
{
	size_t used = 0;

	while (used < size - 1 && read(fd, line + used, 1) == 1)
		if (line[used++] == '\n')
			break;
	line[used] = '\0';
}

static void say(int fd, const char *text)
{
	if (text && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* The first connection monitors; each of the others has one request. */
static void serve(int listener, const struct step *steps)
{
	int monitor = accept(listener, NULL, NULL), fd;
	char line[1024];

	hear(monitor, line, sizeof(line));
	say(monitor, strcmp(line, "{\"op\":\"monitor\"}\n") ?
	    "{\"ok\":false}\n" : "{\"ok\":true}\n");
	for (; steps->answer; steps++) {
		fd = accept(listener, NULL, NULL);
		hear(fd, line, sizeof(line));
		strcat(requests, line);
		say(monitor, steps->before);
		say(fd, steps->answer);
		close(fd);
		say(monitor, steps->after);
	}
	/* An "after" behind the last one: gone without a word. */
	if (!steps->after)
		hear(monitor, line, sizeof(line));
	_exit(0);
}

static void run(const struct step *steps, const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[1024];
	int listener;

	*requests = '\0';
	strcpy(address.sun_path, "control.sock");
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	fflush(NULL);
	server = fork();
	assert_true(server >= 0);
	if (!server)
		serve(listener, steps);
	close(listener);
	snprintf(text, sizeof(text), "--control control.sock %s", line);
	cmd_run(&result, NULL, text);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	unlink("control.sock");
}

static void test_answered(void **state)
{
	static const struct step steps[] = {
		{ NULL, SENT("aa"), PONG("aa", HERE) }, {},
	};
	char line[256], expected[256];

	(void)state;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, PEER ": sequence 1 endpoint "
			    "192.0.2.2:7740 time 12.034 ms observed "
			    "198.51.100.7:41000\n1 asked, 1 answered\n");
	assert_int_equal(result.status, TOOL_OK);
	assert_string_equal(requests, "{\"op\":\"ping\",\"address\":\""
			    PEER "\"}\n");
	snprintf(line, sizeof(line), "pin %s dev pilot1 interval 1 count 1",
		 did);
	run(steps, line);
	assert_int_equal(result.status, TOOL_OK);
	snprintf(expected, sizeof(expected),
		 "{\"op\":\"ping\",\"did\":\"%s\",\"link\":\"pilot1\"}\n", did);
	assert_string_equal(requests, expected);
}

static void test_json(void **state)
{
	static const struct step steps[] = {
		{ NULL, SENT("aa"), PONG("aa", HERE) }, {},
	};

	(void)state;
	run(steps, "-j ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "[{\"sequence\":1,\"link\":\"pilot0\","
			    "\"peer\":\"" PEER "\","
			    "\"endpoint\":\"192.0.2.2:7740\","
			    "\"answered\":true,\"from\":\"192.0.2.2:7740\","
			    "\"observed\":\"198.51.100.7:41000\","
			    "\"rtt_us\":12034}]\n");
	assert_int_equal(result.status, TOOL_OK);
}

/* Events of others, of other tokens, and the right one before the answer. */
static void test_events_between(void **state)
{
	static const struct step steps[] = {
		{ "{\"event\":\"established\",\"peer\":\"x\"}\n"
		  "{\"event\":\"other\",\"token\":\"aa\"}\n"
		  PONG("bb", HERE) PONG("aa", "[2001:db8::9]:1"), SENT("aa"),
		  PONG("cc", HERE) }, {},
	};

	(void)state;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, " endpoint 192.0.2.2:7740 from "
			       "[2001:db8::9]:1 time 12.034 ms "));
	assert_int_equal(result.status, TOOL_OK);
}

/* While the session is made it asks again; the interval is kept. */
static void test_not_ready_at_first(void **state)
{
	static const struct step steps[] = {
		{ NULL, NOT_READY, NULL }, { NULL, NOT_READY, NULL },
		{ NULL, SENT("aa"), PONG("aa", HERE) },
		{ NULL, SENT("bb"), PONG("bb", HERE) }, {},
	};
	struct clock began, ended;

	(void)state;
	clock_read(&began);
	run(steps, "ping " PEER " count 2 interval 2");
	clock_read(&ended);
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, "\n2 asked, 2 answered\n"));
	assert_non_null(strstr(result.out, "sequence 2 endpoint"));
	assert_int_equal(result.status, TOOL_OK);
	assert_in_range(ended.boot_ns - began.boot_ns, 2 * CLOCK_SECOND,
			4 * CLOCK_SECOND);
}

/* One is lost, the other comes: that is a success. */
static void test_lost(void **state)
{
	static const struct step steps[] = {
		{ NULL, SENT("aa"), PONG("xx", HERE) },
		{ NULL, SENT("bb"), PONG("bb", HERE) }, {},
	};
	static const struct step none[] = {
		{ NULL, SENT("aa"), NULL }, {},
	};

	(void)state;
	run(steps, "ping " PEER " count 2");
	assert_string_equal(result.err, "");
	assert_memory_equal(result.out, PEER ": sequence 1 endpoint "
			    "192.0.2.2:7740 no answer\n" PEER ": seq", 80);
	assert_non_null(strstr(result.out, "\n2 asked, 1 answered\n"));
	assert_int_equal(result.status, TOOL_OK);
	run(none, "-j ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_non_null(strstr(result.out, "\"answered\":false,"
			       "\"problem\":\"no answer\"}]\n"));
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_never_ready(void **state)
{
	struct step steps[64] = { { NULL, NULL, NULL } };

	(void)state;
	for (int i = 0; i < 63; i++)
		steps[i].answer = NOT_READY;
	run(steps, "ping " PEER " count 1");
	assert_string_equal(result.err, "");
	assert_string_equal(result.out, "sequence 1 wait for it\n"
			    "1 asked, 0 answered\n");
	assert_int_equal(result.status, TOOL_REFUSED);
}

static void test_refused(void **state)
{
	static const struct step refused[] = {
		{ NULL, "{\"ok\":false,\"error\":{\"code\":\"not-found\","
		  "\"message\":\"no such peer\",\"hint\":\"\"}}\n", NULL }, {},
	};
	static const struct step malformed[] = {
		{ NULL, "{\"ok\":true,\"result\":{\"token\":7}}\n", NULL }, {},
	};
	static const struct step gone[] = {
		{ NULL, SENT("aa"), NULL }, { NULL, NULL, "" },
	};

	(void)state;
	run(refused, "ping " PEER);
	assert_string_equal(result.err, "Error: no such peer.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	run(malformed, "ping " PEER);
	assert_string_equal(result.err, "Error: the helper's answer is "
			    "malformed; the helper and this command are of "
			    "different versions.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	run(gone, "ping " PEER);
	assert_string_equal(result.err, "Error: the helper closed the "
			    "connection without an answer; see its log: "
			    "journalctl -u pilotd.\n");
	assert_int_equal(result.status, TOOL_REFUSED);
	cmd_run(&result, NULL, "--control no.sock ping " PEER);
	assert_memory_equal(result.err, "Error: cannot reach the helper", 30);
	assert_int_equal(result.status, TOOL_REFUSED);
}

static int setup(void **state)
{
	(void)state;
	if (cmd_did(did))
		return -1;
	requests = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (requests == MAP_FAILED)
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
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_events_between),
		cmocka_unit_test(test_not_ready_at_first),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
