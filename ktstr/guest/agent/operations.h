/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of operations, which the linker collects from all files of the agent. */
#ifndef KTSTR_AGENT_OPERATIONS_H
#define KTSTR_AGENT_OPERATIONS_H

#include "plan.h"

/*
 * Carries out a line of the plan; false if the rest of the plan is to be left out. Fails if there is no such operation,
 * or if the number or the type of its arguments is wrong.
 */
bool operation_carry_out(const struct plan_line *line);

/* The same for a line that had to wait until `at_ns` after the start of the hold. */
bool operation_carry_out_at(const struct plan_line *line, uint64_t at_ns);

/* Fails, as operation_carry_out() would, if there is no such operation or its arguments are wrong. */
void operation_check(const struct plan_line *line);

#endif
