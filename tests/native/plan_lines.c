// SPDX-License-Identifier: GPL-2.0-only
/* Each line of the plan on stdin becomes an event of its tokens. */
#include <ktstr/event.h>

#include <stdio.h>

#include "plan.h"

int main(void)
{
	static char text[1 << 20];
	struct plan plan = { .next = text };
	struct plan_line line;

	text[fread(text, 1, sizeof(text) - 1, stdin)] = '\0';
	while (plan_read(&plan, &line)) {
		emit_begin("line");
		for (unsigned int i = 0; i < line.count; i++) {
			char key[16];

			snprintf(key, sizeof(key), "%u", i);
			emit_text(key, line.token[i]);
		}
		emit_end();
	}
	return 0;
}
