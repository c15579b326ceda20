/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of CPUs, for an object that wants it. */
#ifndef KTSTR_LOADER_CPUS_H
#define KTSTR_LOADER_CPUS_H

#include <bpf/libbpf.h>

/* Sets nr_cpu_ids if the object has it. Returns 0, or -1 having said why not. */
int cpus_set(struct bpf_object *object);

#endif
