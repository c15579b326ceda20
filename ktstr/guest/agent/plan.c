// SPDX-License-Identifier: GPL-2.0-only
/* The plan's lines, split into tokens. A byte that would end a token is written %XX. */
#include "plan.h"

#include <string.h>

#include <ktstr/event.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void unescape(char *token)
{
	char *out = token;

	for (const char *in = token; *in; in++) {
		if (*in == '%' && hex(in[1]) >= 0 && hex(in[2]) >= 0) {
			*out++ = (char)(hex(in[1]) * 16 + hex(in[2]));
			in += 2;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

bool plan_read(struct plan *plan, struct plan_line *line)
{
	char *end;

	if (!*plan->next)
		return false;
	end = strchr(plan->next, '\n');
	if (!end)
		fail("plan", "the last line has no newline");
	*end = '\0';
	line->count = 0;
	for (char *token = plan->next; token;) {
		char *space = strchr(token, ' ');

		if (line->count == KTSTR_MAX_TOKENS)
			fail("plan", "a line has too many tokens");
		if (space)
			*space++ = '\0';
		unescape(token);
		line->token[line->count++] = token;
		token = space;
	}
	line->token[line->count] = NULL;
	plan->next = end + 1;
	return true;
}

bool plan_has_next(const struct plan *plan, const char *operation)
{
	size_t length = strlen(operation);

	return !strncmp(plan->next, operation, length) && plan->next[length] == '\n';
}
