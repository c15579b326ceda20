/* SPDX-License-Identifier: GPL-2.0-only */
/* A number within a value, found by its path in C: "crash", "cfg.limits[2]", or "[3].max". */
#ifndef KTSTR_AGENT_BTF_PATH_H
#define KTSTR_AGENT_BTF_PATH_H

#include "btf.h"

struct btf_number {
	uint32_t offset, size;	/* bytes within the value */
	bool is_signed, is_bool;
	/* If there is none: why; the name that is not there; and the section or struct that has other names. */
	char wrong[192];
	const char *wanted;
	uint32_t owner;
};

/*
 * Finds `path` in a value of type `id`. For the variables of a section the path begins with a variable's name, for
 * another type with "." or "[". False, with what is wrong, if there is no such number.
 */
bool btf_path_find(const struct btf *btf, uint32_t id, const char *path, struct btf_number *found);

/* Where in a struct of type `id` is what the path (".scx.local_dsq.nr") names, of whatever type; false if it has no such. */
bool btf_path_offset(const struct btf *btf, uint32_t id, const char *path, uint32_t *offset);

/* Calls `visit` with the name of each variable of a section, or of each member of a struct. */
void btf_path_names(const struct btf *btf, uint32_t owner, void (*visit)(const char *name));

#endif
