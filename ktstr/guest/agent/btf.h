/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF: the types that an object file brought along. */
#ifndef KTSTR_AGENT_BTF_H
#define KTSTR_AGENT_BTF_H

#include <ktstr/basics.h>

struct btf_type;

struct btf {
	uint32_t id;		/* the kernel's number of it; 0 if it was not read from there */
	uint32_t count;		/* of types, void (0) included; 0: there are none */
	uint32_t strings_size;
	size_t size;		/* of data */
	const char *strings;
	const struct btf_type **types;
	char *data;
};

/* Parses `data`, which malloc gave, and takes it over. False if it is not BTF; then there are no types. */
bool btf_parse(struct btf *btf, char *data, size_t size);
void btf_free(struct btf *btf);

/* The type of that number; NULL for void and for one that does not exist. */
const struct btf_type *btf_type(const struct btf *btf, uint32_t id);

/* The text at an offset of the strings; empty beyond their end. */
const char *btf_text(const struct btf *btf, uint32_t offset);

/* The struct of that name; 0 if there is none. */
uint32_t btf_struct(const struct btf *btf, const char *name);

/* The function of that name; 0 if there is none. */
uint32_t btf_function(const struct btf *btf, const char *name);

#endif
