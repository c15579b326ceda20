// SPDX-License-Identifier: GPL-2.0-only
/* Finds a variable of type `struct user_exit_info` in the memory that the object's globals share with this program. */
#include "uei.h"

#include <string.h>

#include <bpf/btf.h>

#define TYPE "user_exit_info"

static void read_members(const struct btf *btf, const struct btf_type *type, const char *at, struct uei *uei)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, member[i].name_off);
		const char *value = at + btf_member_bit_offset(type, i) / 8;
		__s64 size = btf__resolve_size(btf, member[i].type);

		if (!strcmp(name, "kind") && size == sizeof(__u32)) {
			uei->kind = value;
		} else if (!strcmp(name, "exit_code") && size == sizeof(__s64)) {
			uei->code = value;
		} else if (!strcmp(name, "reason") && size > 0) {
			uei->reason = value;
			uei->reason_size = size;
		} else if (!strcmp(name, "msg") && size > 0) {
			uei->message = value;
			uei->message_size = size;
		}
	}
}

void uei_find(struct bpf_object *object, struct uei *uei)
{
	const struct btf *btf = bpf_object__btf(object);

	for (__u32 id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *section = btf__type_by_id(btf, id);
		const struct btf_var_secinfo *info;
		const char *values;
		struct bpf_map *map;
		size_t size;

		if (!btf_is_datasec(section))
			continue;
		map = bpf_object__find_map_by_name(object, btf__name_by_offset(btf, section->name_off));
		if (!map || bpf_map__type(map) != BPF_MAP_TYPE_ARRAY)
			continue;
		values = bpf_map__initial_value(map, &size);
		info = btf_var_secinfos(section);
		for (int i = 0; values && i < btf_vlen(section); i++) {
			const struct btf_type *var = btf__type_by_id(btf, info[i].type);
			const struct btf_type *type = btf__type_by_id(btf, btf__resolve_type(btf, var->type));

			if (btf_is_struct(type) && !strcmp(btf__name_by_offset(btf, type->name_off), TYPE) &&
			    (size_t)info[i].offset + info[i].size <= size)
				read_members(btf, type, values + info[i].offset, uei);
		}
	}
}

unsigned int uei_kind(const struct uei *uei)
{
	return uei->kind ? *(const volatile __u32 *)uei->kind : 0;
}

long long uei_code(const struct uei *uei)
{
	__s64 code = 0;

	if (uei->code)
		memcpy(&code, uei->code, sizeof(code));
	return code;
}
