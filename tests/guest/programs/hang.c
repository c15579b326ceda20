// SPDX-License-Identifier: GPL-2.0-only
/* Starts the watchdog as the agent does, and then never restarts it. */
#include <sys/io.h>

int main(void)
{
	if (iopl(3))
		return 1;
	outb(14, 0x443); /* 30 - 2 * 14 seconds */
	for (;;)
		__asm__ volatile("" ::: "memory");
}
