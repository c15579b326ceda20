// SPDX-License-Identifier: GPL-2.0-only
/* The context of a program of SEC("syscall"): numbers become the members of the struct that the program takes. */
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "log.h"
#include "number.h"
#include "variable.h"

#define OPTION "--run"
#define SIZEOF "sizeof(struct "

struct filling {
	const struct btf *btf;
	const char *name; /* of the program, for messages */
	char *next; /* the numbers that are left; NULL: none */
};

static const struct btf_type *bare(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* The struct to which the program's argument points; NULL if that is none. */
static const struct btf_type *struct_of(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	if (!type || !btf_vlen(type))
		return NULL;
	type = bare(btf, btf_params(type)[0].type);
	type = type && btf_is_ptr(type) ? bare(btf, type->type) : NULL;
	return type && btf_is_struct(type) ? type : NULL;
}

/* Takes the next number off as text, of which `sizeof(struct x)` is made a number. Returns 0, or -1 having said why not. */
static int take(struct filling *filling, char *text, size_t size)
{
	char *part = strsep(&filling->next, ",");
	size_t length = strlen(part);
	__s32 id;

	if (strncmp(part, SIZEOF, strlen(SIZEOF)) || part[length - 1] != ')') {
		snprintf(text, size, "%s", part);
		return 0;
	}
	part[length - 1] = '\0';
	id = btf__find_by_name_kind(filling->btf, part + strlen(SIZEOF), BTF_KIND_STRUCT);
	if (id < 0) {
		say(OPTION " %s: the object has no struct %s", filling->name, part + strlen(SIZEOF));
		return -1;
	}
	snprintf(text, size, "%lld", (long long)btf__resolve_size(filling->btf, id));
	return 0;
}

static int fill(struct filling *filling, const struct btf_type *type, char *at)
{
	struct variable variable = { .value = at, .type = type, .size = 0 };
	char text[64];
	__u64 value;

	if (!filling->next)
		return 0;
	if (btf_is_composite(type)) {
		const struct btf_member *member = btf_members(type);

		for (int i = 0; i < btf_vlen(type); i++)
			if (fill(filling, bare(filling->btf, member[i].type), at + btf_member_bit_offset(type, i) / 8))
				return -1;
		return 0;
	}
	if (btf_is_array(type)) {
		const struct btf_type *element = bare(filling->btf, btf_array(type)->type);
		__s64 size = btf__resolve_size(filling->btf, btf_array(type)->type);

		for (__u32 i = 0; i < btf_array(type)->nelems; i++)
			if (fill(filling, element, at + i * size))
				return -1;
		return 0;
	}
	variable.size = type->size;
	if (btf_is_ptr(type) || !number_fits(&variable)) {
		say(OPTION " %s: a member of its context is no integer", filling->name);
		return -1;
	}
	if (take(filling, text, sizeof(text)) || number_parse(OPTION, filling->name, &variable, text, &value))
		return -1;
	variable_store(&variable, value);
	return 0;
}

/* The numbers as u64s. Returns how many bytes they are, or -1 having said what is wrong. */
static int fill_u64s(struct filling *filling, __u64 *numbers)
{
	int count = 0;

	while (filling->next) {
		char text[64], *end;

		if (count == CONTEXT_BYTES / (int)sizeof(*numbers)) {
			say(OPTION " %s: more than %d numbers", filling->name, count);
			return -1;
		}
		if (take(filling, text, sizeof(text)))
			return -1;
		errno = 0;
		numbers[count++] = text[0] == '-' ? (__u64)strtoll(text, &end, 0) : strtoull(text, &end, 0);
		if (errno || *end || !text[0]) {
			say(OPTION " %s: %s is no number of 64 bits", filling->name, text);
			return -1;
		}
	}
	return count * sizeof(*numbers);
}

int context_fill(struct bpf_object *object, const char *name, char *text, void *context)
{
	struct filling filling = { .btf = bpf_object__btf(object), .name = name, .next = text };
	const struct btf_type *type = filling.btf ? struct_of(filling.btf, name) : NULL;

	memset(context, 0, CONTEXT_BYTES);
	if (!type)
		return fill_u64s(&filling, context);
	if (type->size > CONTEXT_BYTES) {
		say(OPTION " %s: its context has %u bytes; at most %d are possible", name, type->size, CONTEXT_BYTES);
		return -1;
	}
	if (fill(&filling, type, context))
		return -1;
	if (filling.next) {
		say(OPTION " %s: struct %s has fewer members than there are numbers", name,
		    btf__name_by_offset(filling.btf, type->name_off));
		return -1;
	}
	return type->size;
}
