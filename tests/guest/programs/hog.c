// SPDX-License-Identifier: GPL-2.0-only
/* Takes all memory there is, as init, so there is no other process to kill. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	for (;;) {
		char *memory = malloc(1 << 20);

		if (memory)
			memset(memory, 1, 1 << 20);
	}
}
