// SPDX-License-Identifier: GPL-2.0-only
/* A machine for tests on the host: events go to stdout, and the guest's end is the program's. */
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"

void machine_console(const char *data, size_t length)
{
	fwrite(data, 1, length, stdout);
}

void machine_exit(enum machine_exit how)
{
	fflush(stdout);
	exit((int)how);
}
