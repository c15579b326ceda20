// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler's program that attaches and sleeps for ever, whatever becomes of its scheduler. */
#include "embedded.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
	if (!attach_embedded())
		return 1;
	puts("running");
	fflush(stdout);
	for (;;)
		pause();
}
