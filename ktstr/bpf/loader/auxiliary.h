/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs of an object beside its struct_ops: tracepoints, kprobes, fentry and the like. */
#ifndef KTSTR_LOADER_AUXILIARY_H
#define KTSTR_LOADER_AUXILIARY_H

#include <bpf/libbpf.h>

/*
 * Attaches each to where its section says, and says which are not attached. The links, at most `most`, go to `links`.
 * Returns how many there are, or -1 if the kernel refuses one, having said so; then none is left attached.
 */
int auxiliary_attach(struct bpf_object *object, struct bpf_link **links, int most);

#endif
