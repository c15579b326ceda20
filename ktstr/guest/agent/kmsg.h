/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log. */
#ifndef KTSTR_AGENT_KMSG_H
#define KTSTR_AGENT_KMSG_H

#include <ktstr/basics.h>

/* Has a kernel that panics put all of its log on the console. */
void kmsg_prepare(void);

/* Marks the beginning of what kmsg_emit() reports. */
void kmsg_open(void);
void kmsg_emit(void);

/* The whole log from the boot on, for kmsg_line(). */
int kmsg_all(void);

/* What is logged from now on, for kmsg_line(); -1 if the kernel has no log. */
int kmsg_end(void);

/* The next line as dmesg(1) shows it; its length, or -1 and errno if there is none yet. */
ssize_t kmsg_line(int fd, char *line, size_t size);

#endif
