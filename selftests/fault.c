// SPDX-License-Identifier: GPL-2.0-or-later

#include "fault.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Opened before anything is counted. */
static int fault_fd = -1;

static void fault_write(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fault_fd, text, n, 0) != n)
		err(2, "fail-nth");
}

void fault_arm(unsigned int nth)
{
	if (fault_fd < 0)
		fault_fd = open("/proc/thread-self/fail-nth",
				O_RDWR | O_CLOEXEC);
	if (fault_fd < 0)
		err(2, "this kernel does not let allocations fail: fail-nth");
	fault_write(nth);
}

bool fault_disarm(void)
{
	char left = '0';

	if (pread(fault_fd, &left, 1, 0) != 1)
		err(2, "fail-nth");
	fault_write(0);
	return left == '0';
}
