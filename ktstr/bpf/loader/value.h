/* SPDX-License-Identifier: GPL-2.0-only */
/* --set: globals of an object, fields of its sched_ext_ops, and elements of its maps, by their path in C. */
#ifndef KTSTR_LOADER_VALUE_H
#define KTSTR_LOADER_VALUE_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Something with a type, and where it is. */
struct target {
	const struct btf *btf;
	const char *path; /* the whole, for messages */
	__u32 id; /* of the type */
	char *value;
};

/*
 * Applies one path=value, such as `limits.cpu[3]=7`, `weights=1,2,3` or `mine_ops.name=fast`. The object must not be
 * loaded yet; what names an element of a map is only checked. Returns 0, or -1 having said what is wrong.
 */
int value_set(struct bpf_object *object, const char *assignment);

/* Applies a path=value that names an element of a map, once the object is loaded; leaves out all others. */
int value_set_loaded(struct bpf_object *object, const char *assignment);

/* Follows members and elements, `.cpu[3]`, to what they name. Returns 0, or -1 having said which there is not. */
int value_follow(struct target *target, const char *rest);

/* Stores a number, a text, or the first numbers of an array. Returns 0, or -1 having said what is wrong. */
int value_store(const struct target *target, const char *text);

#endif
