// SPDX-License-Identifier: GPL-2.0-only
/* The read-only globals of an object, with their types and their place in its initial values. */
#include "variable.h"

#include <string.h>

#include <ktstr/store.h>

static const struct btf_type *bare_type(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

void variables_visit(struct bpf_object *object, variable_visitor visit, void *context)
{
	const struct btf *btf = bpf_object__btf(object);

	for (__u32 id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *section = btf__type_by_id(btf, id);
		const struct btf_var_secinfo *info;
		const char *name;
		struct bpf_map *map;
		size_t size;
		char *values;

		if (!btf_is_datasec(section))
			continue;
		name = btf__name_by_offset(btf, section->name_off);
		if (strcmp(name, ".rodata") && strncmp(name, ".rodata.", 8))
			continue;
		map = bpf_object__find_map_by_name(object, name);
		values = map ? bpf_map__initial_value(map, &size) : NULL;
		if (!values)
			continue;
		info = btf_var_secinfos(section);
		for (int i = 0; i < btf_vlen(section); i++, info++) {
			const struct btf_type *var = btf__type_by_id(btf, info->type);
			struct variable variable = {
				.value = values + info->offset,
				.type = bare_type(btf, var->type),
				.size = info->size,
			};

			if (variable.type && (size_t)info->offset + info->size <= size)
				visit(context, btf__name_by_offset(btf, var->name_off), &variable);
		}
	}
}

void variable_store(const struct variable *variable, __u64 value)
{
	if (variable->size <= sizeof(value))
		ktstr_store(variable->value, value, variable->size);
}
