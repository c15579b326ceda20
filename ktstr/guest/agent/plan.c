// SPDX-License-Identifier: GPL-2.0-only
/* The plan: a line an operation, tokens apart by one space, bytes that need it written %XX. */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
		fail("plan", "the last line has no end");
	*end = '\0';
	line->count = 0;
	for (char *token = plan->next; token;) {
		char *space = strchr(token, ' ');

		if (line->count == MAX_TOKENS)
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

uint64_t plan_u64(const struct plan_line *line, unsigned int index)
{
	unsigned long long value;
	char *end;

	if (index >= line->count)
		fail("plan", "a number is missing");
	errno = 0;
	value = strtoull(line->token[index], &end, 10);
	if (errno || end == line->token[index] || *end)
		fail("plan", "a number is not one");
	return value;
}

/* The value of `key=value` among the tokens from index `from` on, or NULL. */
const char *plan_value(const struct plan_line *line, unsigned int from, const char *key)
{
	size_t length = strlen(key);

	for (unsigned int i = from; i < line->count; i++)
		if (!strncmp(line->token[i], key, length) && line->token[i][length] == '=')
			return line->token[i] + length + 1;
	return NULL;
}
