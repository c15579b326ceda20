// SPDX-License-Identifier: GPL-2.0-only
/* Operations that wait for their time in the next hold. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

#include "operations.h"

struct queued {
	uint64_t at_ns;		/* from the start of the hold */
	char **tokens;		/* up to a NULL; their texts are in the plan */
};

static struct {
	struct queued all[KTSTR_MAX_QUEUED];
	unsigned int count, done; /* in order of time */
} queue;

static struct plan_line line_of(char *const *tokens)
{
	struct plan_line line = { .count = 0 };

	for (; tokens[line.count]; line.count++)
		line.token[line.count] = tokens[line.count];
	line.token[line.count] = NULL;
	return line;
}

/* The line that is read next takes the place of this one. */
static char **kept(const struct plan_line *line)
{
	size_t size = (line->count + 1) * sizeof(*line->token);
	char **tokens = malloc(size);

	if (!tokens)
		fail_errno("plan", "at: memory for an operation");
	memcpy(tokens, line->token, size);
	return tokens;
}

void queue_add(uint64_t at_ns, char *const *tokens)
{
	struct plan_line line = line_of(tokens);
	unsigned int at = queue.count;

	operation_check(&line);
	if (queue.count == KTSTR_MAX_QUEUED)
		fail_format("plan", "at: a hold has at most %u operations that wait for their time", KTSTR_MAX_QUEUED);
	for (; at > queue.done && queue.all[at - 1].at_ns > at_ns; at--)
		queue.all[at] = queue.all[at - 1];
	queue.all[at] = (struct queued){ .at_ns = at_ns, .tokens = kept(&line) };
	queue.count++;
}

uint64_t queue_before(uint64_t ns)
{
	return queue.done < queue.count && queue.all[queue.done].at_ns < ns ? queue.all[queue.done].at_ns : ns;
}

bool queue_due(uint64_t ns)
{
	while (queue.done < queue.count && queue.all[queue.done].at_ns <= ns) {
		const struct queued *next = &queue.all[queue.done++];
		struct plan_line line = line_of(next->tokens);

		if (!operation_carry_out_at(&line, next->at_ns))
			return false;
	}
	return true;
}

void queue_clear(void)
{
	for (unsigned int i = 0; i < queue.count; i++)
		free(queue.all[i].tokens);
	queue.count = 0;
	queue.done = 0;
}
