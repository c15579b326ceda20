/* SPDX-License-Identifier: GPL-2.0-only */
/* The attached scheduler. */
#ifndef KTSTR_LOADER_SCHEDULER_H
#define KTSTR_LOADER_SCHEDULER_H

#include <bpf/libbpf.h>

struct scheduler;

/* Attaches every struct_ops map of a loaded object. NULL if the kernel refuses one, having said so. */
struct scheduler *scheduler_attach(struct bpf_object *object);

/* Detaches what is attached. Always NULL, for a caller that has no scheduler any more. */
struct scheduler *scheduler_abandon(struct scheduler *scheduler);

/*
 * Waits until SIGTERM or SIGINT (both blocked by the caller) arrives or the scheduler ends by itself, detaches what is
 * attached, and returns the exit status.
 */
int scheduler_wait(struct scheduler *scheduler);

#endif
