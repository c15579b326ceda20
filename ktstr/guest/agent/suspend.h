/* SPDX-License-Identifier: GPL-2.0-only */
/* Suspend, as far as a guest can. */
#ifndef KTSTR_AGENT_SUSPEND_H
#define KTSTR_AGENT_SUSPEND_H

#include <ktstr/basics.h>

/* Freezes all tasks as a suspend does, and thaws them after so many guest ns. */
void suspend_for(uint64_t ns);

#endif
