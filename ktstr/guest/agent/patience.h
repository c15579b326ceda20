/* SPDX-License-Identifier: GPL-2.0-only */
/* Patience with an agent that is blocked: the kernel ejects a scheduler that stalls it, but takes 30 s for that. */
#ifndef KTSTR_AGENT_PATIENCE_H
#define KTSTR_AGENT_PATIENCE_H

/*
 * From here on the machine's watchdog gives a blocked agent 20 s more than its 30 s. That is longer than sched_ext's
 * watchdog takes by default, and less than what RCU waits for.
 */
void patience_begin(void);

#endif
