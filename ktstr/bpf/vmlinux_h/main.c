// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmlinux_h <btf> <header>: writes all types in a kernel's BTF, and its kfuncs' prototypes, as a C header; and the numbers
 * of the scheduler's tracepoints.
 * It runs on the host while a scheduler is compiled, so that nothing of the host's own kernel is needed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

static void print(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	vprintf(format, args);
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "vmlinux_h: error: %s: %s\n", what, strerror(error < 0 ? -error : error));
	return 1;
}

static bool seen(const char **names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* The function that a declaration tag "bpf_kfunc" marks; NULL if `tag` is not such a tag. */
static const struct btf_type *tagged_kfunc(const struct btf *btf, const struct btf_type *tag)
{
	const struct btf_type *function;

	if (!btf_is_decl_tag(tag) || btf_decl_tag(tag)->component_idx != -1 ||
	    strcmp(btf__name_by_offset(btf, tag->name_off), "bpf_kfunc"))
		return NULL;
	function = btf__type_by_id(btf, tag->type);
	return btf_is_func(function) ? function : NULL;
}

static bool has_tags(const struct btf *btf)
{
	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if (tagged_kfunc(btf, btf__type_by_id(btf, id)))
			return true;
	return false;
}

/* By their names: the kfuncs that schedulers use. Of all that begin with bpf_ many are helpers with other types. */
static const struct btf_type *named_kfunc(const struct btf *btf, const struct btf_type *function)
{
	static const char *const prefixes[] = {
		"scx_bpf_", "bpf_cpumask_", "bpf_task_acquire", "bpf_task_release", "bpf_task_from_",
		"bpf_cgroup_acquire", "bpf_cgroup_release", "bpf_cgroup_ancestor", "bpf_cgroup_from_id",
		"bpf_rcu_read_", "bpf_iter_scx_dsq_", "bpf_iter_num_", "bpf_obj_new_impl", "bpf_obj_drop_impl",
		"bpf_rbtree_", "bpf_list_",
	};
	const char *name = btf__name_by_offset(btf, function->name_off);

	if (!btf_is_func(function))
		return NULL;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return function;
	return NULL;
}

/*
 * Whether the kernel's build should have marked the function, and made of it one for programs and one of the name
 * `<name>_impl` that is handed the program, and did not (Debian's 7.1.13): the verifier then refuses every call.
 */
static bool cannot_be_called(const struct btf *btf, const struct btf_type *function)
{
	const char *name = btf__name_by_offset(btf, function->name_off);
	const struct btf_type *prototype = btf__type_by_id(btf, function->type);
	__u32 count = btf_vlen(prototype);
	char other[256];

	if (!count || strcmp(btf__name_by_offset(btf, btf_params(prototype)[count - 1].name_off), "aux"))
		return false;
	snprintf(other, sizeof(other), "%s_impl", name);
	return !strstr(name, "_impl") && btf__find_by_name_kind(btf, other, BTF_KIND_FUNC) < 0;
}

/*
 * pahole marks a kfunc with the declaration tag "bpf_kfunc" from 1.26 on; in what earlier versions wrote kfuncs are recognised by name.
 * The prototypes are weak, so that a scheduler can ask with bpf_ksym_exists() whether the running kernel has one. A
 * header that has to know it earlier finds KTSTR_HAS_<kfunc>.
 */
static int print_kfuncs(const struct btf *btf, struct btf_dump *dump)
{
	__u32 count = btf__type_cnt(btf);
	const char **names = calloc(count, sizeof(*names));
	bool tagged = has_tags(btf);
	size_t found = 0;

	if (!names)
		return -1;
	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id), *function;
		const char *name;

		function = tagged ? tagged_kfunc(btf, type) : named_kfunc(btf, type);
		if (tagged && !function && named_kfunc(btf, type) && cannot_be_called(btf, type)) {
			/* Not left undeclared: the compiler then says why a call is impossible. */
			name = btf__name_by_offset(btf, type->name_off);
			printf("#define %s(args...) ({ _Static_assert(0, \\\n"
			       "\t\"no program can call %s: this kernel's BTF has no %s_impl\"); 0; })\n",
			       name, name, name);
			continue;
		}
		if (!function)
			continue;
		name = btf__name_by_offset(btf, function->name_off);
		if (seen(names, found, name))
			continue;
		names[found++] = name;

		LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name);
		printf("extern ");
		if (btf_dump__emit_type_decl(dump, function->type, &opts))
			return -1;
		printf(" __weak __ksym;\n#define KTSTR_HAS_%s 1\n", name);
	}
	free(names);
	return 0;
}

/* The numbers of the types that programs of the kind tp_btf are attached by, those of the scheduler's tracepoints. */
static void print_tracepoints(const struct btf *btf)
{
	static const char prefix[] = "btf_trace_";

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (btf_is_typedef(type) && !strncmp(name, prefix, sizeof(prefix) - 1) &&
		    !strncmp(name + sizeof(prefix) - 1, "sched_", 6))
			printf("#define KTSTR_TRACEPOINT_%s %u\n", name + sizeof(prefix) - 1, id);
	}
}

int main(int argc, char **argv)
{
	struct btf_dump *dump;
	struct btf *btf;

	if (argc != 3) {
		fprintf(stderr, "usage: vmlinux_h <raw BTF file> <header>\n");
		return 2;
	}
	if (!freopen(argv[2], "w", stdout))
		return fail(argv[2], errno);
	btf = btf__parse_raw(argv[1]);
	if (!btf)
		return fail(argv[1], errno);
	dump = btf_dump__new(btf, print, NULL, NULL);
	if (!dump)
		return fail("btf_dump", errno);

	printf("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n");
	/* Field offsets are relocated when the object is loaded (CO-RE), unless the source asks otherwise. */
	printf("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
	       "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n"
	       "#endif\n\n");
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		int error = btf_dump__dump_type(dump, id);

		if (error)
			return fail("a type cannot be written as C", error);
	}
	printf("\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n");
	printf("#ifndef BPF_NO_KFUNC_PROTOTYPES\n"
	       "#ifndef __ksym\n#define __ksym __attribute__((section(\".ksyms\")))\n#endif\n"
	       "#ifndef __weak\n#define __weak __attribute__((weak))\n#endif\n\n");
	if (print_kfuncs(btf, dump))
		return fail("a kfunc's prototype cannot be written as C", errno);
	printf("#endif\n\n");
	print_tracepoints(btf);
	printf("\n#endif\n");

	btf_dump__free(dump);
	btf__free(btf);
	return ferror(stdout) || fflush(stdout) ? fail("stdout", errno) : 0;
}
