/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's debug dump of a scheduler: of one that it ejects, and whenever it is asked to. */
#ifndef KTSTR_AGENT_KERNEL_DUMP_H
#define KTSTR_AGENT_KERNEL_DUMP_H

#include <ktstr/basics.h>

/* Records dumps from here on; a kernel that cannot do it has none. */
void kernel_dump_open(void);

/* Has the kernel write one now, of the attached scheduler (SysRq-D). */
void kernel_dump_ask(void);

/* Reports what was recorded, an event for each line. */
void kernel_dump_emit(void);

#endif
