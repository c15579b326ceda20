// SPDX-License-Identifier: GPL-2.0-only
/* The input is a plan: its lines are emitted and carried out. */
#include "fuzz.h"

#include <ktstr/event.h>

#include "operations.h"
#include "queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct plan plan = { .next = text };
	static struct plan_line line;

	memcpy(text, data, size);
	text[size] = '\0';
	if (!setjmp(fuzz_end)) {
		while (plan_read(&plan, &line)) {
			emit_begin("line");
			for (unsigned int i = 0; i < line.count; i++)
				emit_text("token", line.token[i]);
			emit_end();
			operation_carry_out(&line);
		}
	}
	queue_clear(); /* what waits for a time points into the text */
	free(text);
	return 0;
}
