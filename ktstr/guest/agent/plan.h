/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan: a line an operation, tokens separated by one space (docs/plan.md). */
#ifndef KTSTR_AGENT_PLAN_H
#define KTSTR_AGENT_PLAN_H

#include <ktstr/basics.h>

struct plan {
	char *next; /* the text that is not read yet; reading it changes it */
};

struct plan_line {
	unsigned int count;
	char *token[KTSTR_MAX_TOKENS + 1]; /* NULL after the last */
};

/* Reads the next line, whose tokens point into the plan's text; false at the plan's end. Fails on a damaged plan. */
bool plan_read(struct plan *plan, struct plan_line *line);

/* Whether the next line is `operation`, without arguments. */
bool plan_has_next(const struct plan *plan, const char *operation);

#endif
