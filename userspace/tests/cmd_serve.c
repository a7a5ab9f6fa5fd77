// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "cmd_serve.h"

#define REQUESTS_SIZE	65536

char *cmd_requests;		/* shared with the helper */

static char folder[] = "/tmp/pilot-link-test.XXXXXX";

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

static void serve(int listener, const struct cmd_step *steps)
{
	int monitor = accept(listener, NULL, NULL), fd;
	char line[1024];

	hear(monitor, line, sizeof(line));
	say(monitor, strcmp(line, "{\"op\":\"monitor\"}\n") ?
	    "{\"ok\":false}\n" : "{\"ok\":true}\n");
	for (; steps->answer; steps++) {
		fd = accept(listener, NULL, NULL);
		hear(fd, line, sizeof(line));
		strcat(cmd_requests, line);
		say(monitor, steps->before);
		say(fd, steps->answer);
		close(fd);
		say(monitor, steps->after);
	}
	if (!steps->after)
		hear(monitor, line, sizeof(line));
	_exit(0);
}

void cmd_serve(struct cmd_result *result, const struct cmd_step *steps,
	       const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[1024];
	int listener;
	pid_t server;

	*cmd_requests = '\0';
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
	cmd_run(result, NULL, text);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	unlink("control.sock");
}

int cmd_serve_setup(void)
{
	cmd_requests = mmap(NULL, REQUESTS_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cmd_requests == MAP_FAILED)
		return -1;
	return !mkdtemp(folder) || chdir(folder);
}

int cmd_serve_teardown(void)
{
	return chdir("/") || rmdir(folder);
}
