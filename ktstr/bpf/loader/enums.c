// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources written for many kernels (the scx project's, and the kernel's tools/sched_ext) do not use an enumerator such
 * as SCX_DSQ_LOCAL at compile time. They read a global `const volatile u64 __SCX_DSQ_LOCAL`, which their loader sets to
 * the running kernel's value. So do we.
 */
#include "enums.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "variable.h"

#define PREFIX "__SCX_"

struct fill {
	struct btf *kernel;
	int error;
};

static bool find_enumerator(const struct btf *btf, const char *name, __u64 *value)
{
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!btf_is_any_enum(type) || strncmp(btf__name_by_offset(btf, type->name_off), "scx_", 4))
			continue;
		for (int i = 0; i < btf_vlen(type); i++) {
			__u32 offset = btf_is_enum(type) ? btf_enum(type)[i].name_off : btf_enum64(type)[i].name_off;

			if (strcmp(btf__name_by_offset(btf, offset), name))
				continue;
			if (btf_is_enum64(type))
				*value = btf_enum64_value(&btf_enum64(type)[i]);
			else
				*value = btf_kflag(type) ? (__u64)(__s64)btf_enum(type)[i].val :
							   (__u32)btf_enum(type)[i].val;
			return true;
		}
	}
	return false;
}

static void fill_in(void *context, const char *name, const struct variable *variable)
{
	struct fill *fill = context;
	__u64 value;

	if (fill->error || strncmp(name, PREFIX, strlen(PREFIX)) || !btf_is_int(variable->type))
		return;
	if (!fill->kernel) {
		fill->kernel = btf__load_vmlinux_btf();
		if (!fill->kernel) {
			fill->error = errno;
			return;
		}
	}
	/* An enumerator that this kernel lacks stays zero; such sources take that for its absence. */
	if (find_enumerator(fill->kernel, name + 2, &value))
		variable_store(variable, value);
}

int enums_set(struct bpf_object *object)
{
	struct fill fill = {};

	variables_visit(object, fill_in, &fill);
	btf__free(fill.kernel);
	if (fill.error)
		say("the kernel's BTF cannot be read: %s", strerror(fill.error));
	return fill.error ? -1 : 0;
}

bool enums_read(const char *text, __u64 *value)
{
	struct btf *kernel;

	if (!isalpha((unsigned char)text[0]) || text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789|")])
		return false;
	*value = 0;
	/* Where the object is only checked, the kernel that counts is another one. */
	kernel = btf__load_vmlinux_btf();
	while (*text) {
		size_t length = strcspn(text, "|");
		char name[128];
		__u64 one;

		snprintf(name, sizeof(name), "%.*s", (int)length, text);
		if (kernel && find_enumerator(kernel, name, &one))
			*value |= one;
		else
			say("the kernel has no %s; it counts as 0", name);
		text += length + (text[length] == '|');
	}
	btf__free(kernel);
	return true;
}
