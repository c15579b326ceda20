/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations that wait for their time in the next hold. */
#ifndef KTSTR_AGENT_QUEUE_H
#define KTSTR_AGENT_QUEUE_H

#include "plan.h"

/*
 * Has a line of the plan carried out `at_ns` after the next hold begins; those of one time in the order in which they
 * were added. The texts of its tokens, up to a NULL, must stay where they are. Fails if there are too many, or if the line is wrong.
 */
void queue_add(uint64_t at_ns, char *const *tokens);

/* When, of `ns` and the next operation, is first; both from the start of the hold. */
uint64_t queue_before(uint64_t ns);

/* Carries out what is due `ns` after the start of the hold; false if the rest of the plan is to be left out. */
bool queue_due(uint64_t ns);

/* Forgets what is left of a hold that is over. */
void queue_clear(void);

#endif
