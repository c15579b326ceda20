// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler's program that attaches, makes the kernel warn 50 ms later, and stays. */
#include "embedded.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int crash;

	if (!attach_embedded())
		return 1;
	usleep(50 * 1000);
	crash = open("/sys/kernel/debug/provoke-crash/DIRECT", O_WRONLY);
	if (crash < 0 || write(crash, "WARNING", 7) != 7) {
		perror("provoke-crash");
		return 2;
	}
	for (;;)
		pause();
}
