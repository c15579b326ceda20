/* SPDX-License-Identifier: GPL-2.0-only */
/* The context with which a program of SEC("syscall") is run. */
#ifndef KTSTR_LOADER_CONTEXT_H
#define KTSTR_LOADER_CONTEXT_H

#include <stddef.h>
#include <bpf/libbpf.h>

#define CONTEXT_BYTES 4096

/*
 * Fills `context`, of CONTEXT_BYTES, with numbers that commas separate: the members of the struct that the program
 * `name` takes, in order, those of its structs and arrays in their place; or u64s, if its argument is no pointer to a
 * struct. `sizeof(struct x)` is a number, too. Members behind them are 0. Returns the size of the context in bytes, or
 * -1 having said what is wrong; `text` is changed.
 */
int context_fill(struct bpf_object *object, const char *name, char *text, void *context);

#endif
