/* SPDX-License-Identifier: GPL-2.0-only */
/* The read-only globals of an object. */
#ifndef KTSTR_LOADER_VARIABLE_H
#define KTSTR_LOADER_VARIABLE_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>

struct variable {
	void *value;
	const struct btf_type *type; /* without typedefs and qualifiers */
	__u32 size; /* bytes */
};

typedef void (*variable_visitor)(void *context, const char *name, const struct variable *variable);

/* Calls visit for every variable in .rodata and .rodata.<name>. The object must not be loaded yet. */
void variables_visit(struct bpf_object *object, variable_visitor visit, void *context);

/* Stores the low bytes of value, as many as the variable has (1, 2, 4 or 8). */
void variable_store(const struct variable *variable, __u64 value);

#endif
