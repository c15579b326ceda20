/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent's children must not inherit. */
#ifndef KTSTR_AGENT_PROCESS_H
#define KTSTR_AGENT_PROCESS_H

#include <ktstr/basics.h>

/*
 * Makes the calling process an ordinary one: drops the agent's real-time class, its CPU, and its protection from the
 * out-of-memory killer. False, with errno, if one of them cannot be dropped.
 */
bool become_ordinary(void);

#endif
