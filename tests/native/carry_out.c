// SPDX-License-Identifier: GPL-2.0-only
/* Carries out the plan on stdin; status 1 if an operation ends it. */
#include <ktstr/event.h>

#include <stdio.h>

#include "operations.h"

int main(void)
{
	static char text[1 << 16];
	struct plan plan = { .next = text };
	struct plan_line line;

	text[fread(text, 1, sizeof(text) - 1, stdin)] = '\0';
	while (plan_read(&plan, &line))
		if (!operation_carry_out(&line))
			return 1;
	return 0;
}
