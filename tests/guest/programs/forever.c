// SPDX-License-Identifier: GPL-2.0-only
/* Lives, and never starts the watchdog. */
#include <unistd.h>

int main(void)
{
	for (;;)
		sleep(1000);
}
