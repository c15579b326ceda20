// SPDX-License-Identifier: GPL-2.0-only
/* A number within a value, found by its path in C: "crash", "cfg.limits[2]", or "[3].max" of an array's elements. */
#include "btf_path.h"

#include <linux/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 64 /* types within types; more than any C has, less than a cycle's */
#define POINTER_BYTES 8
#define MOST_MEMBERS 8192 /* of a struct, with those of its members that have no name */

struct search {
	const struct btf *btf;
	const char *path;	/* all of it */
	struct btf_number *found;
};

static bool wrong(const struct search *search, uint32_t owner, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool wrong(const struct search *search, uint32_t owner, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(search->found->wrong, sizeof(search->found->wrong), format, arguments);
	va_end(arguments);
	search->found->owner = owner;
	return false;
}

/* `owner` has nothing by the first name of `rest`. */
static bool unknown(const struct search *search, uint32_t owner, const char *rest)
{
	const struct btf_type *type = btf_type(search->btf, owner);
	const char *name = btf_text(search->btf, type->name_off);

	search->found->wanted = rest;
	if (BTF_INFO_KIND(type->info) == BTF_KIND_DATASEC)
		return wrong(search, owner, "no such variable in %s", name);
	return wrong(search, owner, "%s has no such member", *name ? name : "a struct without a name");
}

/* The type without typedefs and qualifiers; 0 if there is none. */
static uint32_t bare(const struct btf *btf, uint32_t id)
{
	for (int depth = 0; depth < DEEPEST; depth++) {
		const struct btf_type *type = btf_type(btf, id);

		if (!type)
			return 0;
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = type->type;
			break;
		default:
			return id;
		}
	}
	return 0;
}

static const struct btf_array *array_of(const struct btf_type *type)
{
	return (const void *)(type + 1);
}

static uint64_t size_of(const struct btf *btf, uint32_t id)
{
	uint64_t times = 1;

	for (int depth = 0; depth < DEEPEST; depth++) {
		const struct btf_type *type = btf_type(btf, bare(btf, id));

		if (!type)
			return 0;
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_ARRAY:
			times *= array_of(type)->nelems;
			id = array_of(type)->type;
			break;
		case BTF_KIND_PTR:
			return times * POINTER_BYTES;
		default:
			return times * type->size;
		}
	}
	return 0;
}

static bool is_struct(const struct btf_type *type)
{
	unsigned int kind = BTF_INFO_KIND(type->info);

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static bool ends_name(char c)
{
	return !c || c == '.' || c == '[';
}

/* Whether `path` begins with `name`, and a name ends there. A static of a function has a dot in its name. */
static bool begins(const char *path, const char *name)
{
	size_t length = strlen(name);

	return length && !strncmp(path, name, length) && ends_name(path[length]);
}

struct field {
	uint32_t type;
	uint32_t bit;
	uint32_t bits;		/* of a bit field; 0 for none */
};

/* The member that a path begins with. */
struct member {
	const char *rest;	/* the path after its name */
	struct field field;
};

/* Looks for it also within members that have no name. `left` bounds how many are looked at, in case types form a cycle. */
static bool find_member(const struct btf *btf, uint32_t id, const char *path, unsigned int *left, struct member *found)
{
	const struct btf_type *owner = btf_type(btf, id);
	const struct btf_member *members = (const void *)(owner + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(owner->info) && *left; i++) {
		const char *name = btf_text(btf, members[i].name_off);
		bool flagged = BTF_INFO_KFLAG(owner->info);
		uint32_t bit = flagged ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset;
		uint32_t inner = bare(btf, members[i].type);

		--*left;
		if (begins(path, name)) {
			found->rest = path + strlen(name);
			found->field = (struct field){ members[i].type, bit,
						       flagged ? BTF_MEMBER_BITFIELD_SIZE(members[i].offset) : 0 };
			return true;
		}
		if (!*name && inner && is_struct(btf_type(btf, inner)) && find_member(btf, inner, path, left, found)) {
			found->field.bit += bit;
			return true;
		}
	}
	return false;
}

/* What a path names must be a number that shares its bytes with nothing else. */
static bool is_number(const struct search *search, uint32_t id, const struct field *field)
{
	const struct btf_type *type = btf_type(search->btf, id);
	struct btf_number *found = search->found;
	uint32_t encoding;

	found->size = type->size;
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
		memcpy(&encoding, type + 1, sizeof(encoding));
		found->is_signed = BTF_INT_ENCODING(encoding) & BTF_INT_SIGNED;
		found->is_bool = BTF_INT_ENCODING(encoding) & BTF_INT_BOOL;
		if (BTF_INT_OFFSET(encoding) || BTF_INT_BITS(encoding) != type->size * 8)
			return wrong(search, 0, "is a bit field; its bytes hold other fields too");
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		found->is_signed = BTF_INFO_KFLAG(type->info);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return wrong(search, id, "is a struct or union; name a member of it");
	case BTF_KIND_ARRAY:
		return wrong(search, 0, "is an array of %u; name an element, such as %s[0]", array_of(type)->nelems,
			     search->path);
	case BTF_KIND_PTR:
		return wrong(search, 0, "is a pointer");
	default:
		return wrong(search, 0, "is not an integer, bool or enum");
	}
	if (field->bits || field->bit % 8)
		return wrong(search, 0, "is a bit field; its bytes hold other fields too");
	if (found->size != 1 && found->size != 2 && found->size != 4 && found->size != 8)
		return wrong(search, 0, "is a number of %u bytes; must be one of 1, 2, 4 or 8", found->size);
	return true;
}

/* Follows the rest of a path from a value of type `id` that begins at `offset`, to the type and the field that it names. */
static bool locate(const struct search *search, uint32_t id, uint64_t offset, const char *rest, struct field *found)
{
	const struct btf *btf = search->btf;
	struct field field = { 0 };

	for (;;) {
		const struct btf_type *type;

		id = bare(btf, id);
		type = btf_type(btf, id);
		if (!type)
			return wrong(search, 0, "has an unknown type");
		if (!*rest)
			break;
		if (field.bits)
			return wrong(search, 0, "a bit field has no parts");
		if (*rest == '[' && BTF_INFO_KIND(type->info) == BTF_KIND_ARRAY) {
			char *end;
			unsigned long index = strtoul(rest + 1, &end, 10);

			if (end == rest + 1 || *end != ']' || !ends_name(end[1]))
				return wrong(search, 0, "%s: an index is a whole number in brackets", rest);
			if (index >= array_of(type)->nelems)
				return wrong(search, 0, "[%lu] is beyond its %u elements", index, array_of(type)->nelems);
			id = array_of(type)->type;
			offset += index * size_of(btf, id);
			rest = end + 1;
		} else if (*rest == '.' && is_struct(type)) {
			unsigned int left = MOST_MEMBERS;
			struct member member;

			if (!find_member(btf, id, rest + 1, &left, &member))
				return unknown(search, id, rest + 1);
			rest = member.rest;
			field = member.field;
			id = field.type;
			offset += field.bit / 8;
		} else {
			return wrong(search, 0, "%s follows something that is not %s", rest,
				     *rest == '[' ? "an array" : "a struct");
		}
	}
	if (offset > UINT32_MAX)
		return wrong(search, 0, "is beyond the map's value");
	search->found->offset = (uint32_t)offset;
	*found = field;
	found->type = id;
	return true;
}

/* The same; what it names must be a number. */
static bool follow(const struct search *search, uint32_t id, uint64_t offset, const char *rest)
{
	struct field field;

	return locate(search, id, offset, rest, &field) && is_number(search, field.type, &field);
}

bool btf_path_offset(const struct btf *btf, uint32_t id, const char *path, uint32_t *offset)
{
	struct btf_number number = { 0 };
	struct search search = { .btf = btf, .path = path, .found = &number };
	struct field field;

	if (!locate(&search, id, 0, path, &field))
		return false;
	*offset = number.offset;
	return true;
}

bool btf_path_find(const struct btf *btf, uint32_t id, const char *path, struct btf_number *found)
{
	const struct btf_type *section = btf_type(btf, id), *best = NULL;
	struct search search = { .btf = btf, .path = path, .found = found };
	const struct btf_var_secinfo *variables;
	size_t length = 0;
	uint32_t offset = 0;

	*found = (struct btf_number){ 0 };
	if (!section)
		return wrong(&search, 0, "has an unknown type");
	if (BTF_INFO_KIND(section->info) != BTF_KIND_DATASEC)
		return follow(&search, id, 0, path);
	variables = (const void *)(section + 1);
	for (uint32_t i = 0; i < BTF_INFO_VLEN(section->info); i++) {
		const struct btf_type *variable = btf_type(btf, variables[i].type);
		const char *name = variable ? btf_text(btf, variable->name_off) : "";

		/* With "run" and a function's static "run.count", the path run.count names the second. */
		if (!begins(path, name) || strlen(name) <= length)
			continue;
		best = variable;
		length = strlen(name);
		offset = variables[i].offset;
	}
	if (!best)
		return unknown(&search, id, path);
	return follow(&search, best->type, offset, path + length);
}

static void visit_members(const struct btf *btf, uint32_t id, unsigned int *left, void (*visit)(const char *name))
{
	const struct btf_type *type = btf_type(btf, id);
	const struct btf_member *members = (const void *)(type + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info) && *left; i++) {
		const char *name = btf_text(btf, members[i].name_off);
		uint32_t inner = bare(btf, members[i].type);

		--*left;
		if (*name)
			visit(name);
		else if (inner && is_struct(btf_type(btf, inner)))
			visit_members(btf, inner, left, visit);
	}
}

static void visit_variables(const struct btf *btf, const struct btf_type *section, void (*visit)(const char *name))
{
	const struct btf_var_secinfo *variables = (const void *)(section + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(section->info); i++) {
		const struct btf_type *variable = btf_type(btf, variables[i].type);

		visit(variable ? btf_text(btf, variable->name_off) : "");
	}
}

void btf_path_names(const struct btf *btf, uint32_t owner, void (*visit)(const char *name))
{
	const struct btf_type *type = btf_type(btf, owner);
	unsigned int left = MOST_MEMBERS;

	if (type && BTF_INFO_KIND(type->info) == BTF_KIND_DATASEC)
		visit_variables(btf, type, visit);
	else if (type && is_struct(type))
		visit_members(btf, owner, &left, visit);
}
