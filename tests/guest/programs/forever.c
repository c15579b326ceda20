// SPDX-License-Identifier: GPL-2.0-only
/* Sleeps forever, and never starts the watchdog. */
#include <unistd.h>

int main(void)
{
	for (;;)
		sleep(1000);
}
