// SPDX-License-Identifier: GPL-2.0-only
/* BTF: the types that an object file brought along (the kernel's Documentation/bpf/btf.rst). */
#include "btf.h"

#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

/* How many bytes follow a type's head; -1 for a kind that is not known. */
static int trailing(const struct btf_type *type)
{
	unsigned int count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (int)(count * sizeof(struct btf_member));
	case BTF_KIND_ENUM:
		return (int)(count * sizeof(struct btf_enum));
	case BTF_KIND_ENUM64:
		return (int)(count * 12);
	case BTF_KIND_FUNC_PROTO:
		return (int)(count * sizeof(struct btf_param));
	case BTF_KIND_DATASEC:
		return (int)(count * sizeof(struct btf_var_secinfo));
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	}
	return -1;
}

/* Notes where each type is; stops at one that is cut or of an unknown kind. */
static void find_types(struct btf *btf, const char *at, const char *end)
{
	while ((size_t)(end - at) >= sizeof(struct btf_type)) {
		const struct btf_type *type = (const void *)at;
		int more = trailing(type);

		if (more < 0 || (size_t)(end - at) < sizeof(*type) + (size_t)more)
			return;
		btf->types[btf->count++] = type;
		at += sizeof(*type) + (size_t)more;
	}
}

bool btf_parse(struct btf *btf, char *data, size_t size)
{
	const struct btf_header *head = (const void *)data;
	uint64_t types, strings;

	btf_free(btf);
	btf->data = data;
	btf->size = size;
	if (size < sizeof(*head) || head->magic != BTF_MAGIC)
		return false;
	types = (uint64_t)head->hdr_len + head->type_off;
	strings = (uint64_t)head->hdr_len + head->str_off;
	/* The kernel demands the alignment, too. */
	if (types % sizeof(uint32_t) || types + head->type_len > size || strings + head->str_len > size || !head->str_len ||
	    data[strings + head->str_len - 1])
		return false;
	btf->strings = data + strings;
	btf->strings_size = head->str_len;
	/* Room for as many types as there could be; type 0, void, is not in the data. */
	btf->types = calloc(head->type_len / sizeof(struct btf_type) + 1, sizeof(*btf->types));
	if (!btf->types)
		fail_errno("btf", "memory for types");
	btf->count = 1;
	find_types(btf, data + types, data + types + head->type_len);
	return true;
}

void btf_free(struct btf *btf)
{
	free(btf->types);
	free(btf->data);
	*btf = (struct btf){ 0 };
}

const struct btf_type *btf_type(const struct btf *btf, uint32_t id)
{
	return id < btf->count ? btf->types[id] : NULL;
}

const char *btf_text(const struct btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

static uint32_t named(const struct btf *btf, unsigned int kind, const char *name)
{
	for (uint32_t id = 1; id < btf->count; id++)
		if (BTF_INFO_KIND(btf->types[id]->info) == kind && !strcmp(btf_text(btf, btf->types[id]->name_off), name))
			return id;
	return 0;
}

uint32_t btf_struct(const struct btf *btf, const char *name)
{
	return named(btf, BTF_KIND_STRUCT, name);
}

uint32_t btf_function(const struct btf *btf, const char *name)
{
	return named(btf, BTF_KIND_FUNC, name);
}
