/* SPDX-License-Identifier: GPL-2.0-only */
/* For how long each CPU was idle around a hold. */
#ifndef KTSTR_AGENT_IDLE_H
#define KTSTR_AGENT_IDLE_H

/* Notes how long each CPU has been idle so far; call it just before a hold. */
void idle_begin(void);

/* Emits the event `idle`: how long each CPU was idle since then. One that is offline now, or was then, is left out. */
void idle_report(void);

#endif
