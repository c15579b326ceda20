/* SPDX-License-Identifier: GPL-2.0-only */
/* --run: programs of SEC("syscall"), which a userspace program calls. */
#ifndef KTSTR_LOADER_SYSCALL_H
#define KTSTR_LOADER_SYSCALL_H

#include <bpf/libbpf.h>

/*
 * Runs one of a loaded object on the first CPU: `name`, or `name=1,2,3` with the numbers of its context (context.h).
 * Returns 0, or -1 having said why it could not be run, or what it returned if that is not 0.
 */
int syscall_run(struct bpf_object *object, const char *call);

/* Whether it could be run: the object, which need not be loaded, has the program, and the numbers fit. Says what is not so. */
int syscall_check(struct bpf_object *object, const char *call);

#endif
