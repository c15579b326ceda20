// SPDX-License-Identifier: GPL-2.0-only
/* No scheduler: prints a MiB and then why it gives up. */
#include <stdio.h>

int main(void)
{
	for (int line = 0; line < 16384; line++)
		printf("line %05d of a log of a MiB, 64 characters in all with its end\n", line);
	puts("the reason, last of all");
	return 1;
}
