// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler's program that finds another one attached. With the argument `force` it has the kernel end that one before
 * it gives up (SysRq-S, which ends every sched_ext scheduler).
 */
#include "embedded.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSRQ "/proc/sysrq-trigger"

static int end_schedulers(void)
{
	int fd = open(SYSRQ, O_WRONLY);

	if (fd < 0 || write(fd, "S", 1) != 1) {
		perror(SYSRQ);
		return 2;
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (attach_embedded())
		for (;;)
			pause();
	if (argc > 1 && !strcmp(argv[1], "force"))
		return end_schedulers();
	return 1;
}
