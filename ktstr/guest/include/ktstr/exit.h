// SPDX-License-Identifier: GPL-2.0-only
/* The record in which a scheduler reports to ktstr's loader why it ended. Shared by BPF and user space. */
#ifndef KTSTR_EXIT_H
#define KTSTR_EXIT_H

#ifndef __VMLINUX_H__ /* which has these types too */
#include <linux/types.h>
#endif

/* The name of the ring buffer map that carries it. */
#define KTSTR_EXIT_MAP "ktstr_exit"

struct ktstr_exit_record {
	__s64 code;
	__u32 kind; /* enum scx_exit_kind of the running kernel */
	char reason[128];
	char message[1024]; /* as long as the kernel's own (SCX_EXIT_MSG_LEN) */
};

#endif
