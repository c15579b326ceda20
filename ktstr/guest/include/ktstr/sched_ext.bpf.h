// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a sched_ext scheduler's BPF source needs beside the kernel's own types: helpers, and macros for the
 * struct_ops programs. Types, enumerators (SCX_DSQ_LOCAL, ...) and the prototypes of the scx_bpf_* kfuncs come from
 * vmlinux.h, which ktstr generates from the BTF of the kernel that the source is compiled for.
 */
#ifndef KTSTR_SCHED_EXT_BPF_H
#define KTSTR_SCHED_EXT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <ktstr/exit.bpf.h>

/* 6.12 has these under earlier names, with the same arguments. */
#ifndef KTSTR_HAS_scx_bpf_dsq_insert
#define scx_bpf_dsq_insert scx_bpf_dispatch
#define scx_bpf_dsq_insert_vtime scx_bpf_dispatch_vtime
#define scx_bpf_dsq_move_to_local scx_bpf_consume
#endif

/* A callback of sched_ext_ops: SCX_CALLBACK(void, my_enqueue, struct task_struct *p, u64 enq_flags) { ... } */
#define SCX_CALLBACK(type, name, args...) SEC("struct_ops/" #name) type BPF_PROG(name, ##args)

/* The same for one that may sleep: init, exit, init_task, cgroup_init, ... */
#define SCX_SLEEPABLE_CALLBACK(type, name, args...) SEC("struct_ops.s/" #name) type BPF_PROG(name, ##args)

/* The map that is attached; its fields are those of struct sched_ext_ops. */
#define SCX_SCHEDULER(variable, fields...) \
	SEC(".struct_ops.link") struct sched_ext_ops variable = { fields }

/*
 * The kfuncs below take a printf format and its arguments as an array of u64. The format is not const: the
 * verifier wants memory of a map's value there, and the array has an element too many so as not to be empty.
 */
#define KTSTR_FORMAT(format, args...)                              \
	static char ktstr_format[] = format;                       \
	unsigned long long ktstr_args[___bpf_narg(args) + 1] = {}; \
	_Pragma("clang diagnostic push")                           \
	_Pragma("clang diagnostic ignored \"-Wint-conversion\"")   \
	___bpf_fill(ktstr_args, args);                             \
	_Pragma("clang diagnostic pop")

/* Ends the scheduler as failed, with a message. */
#define scx_bpf_error(format, args...)                                                         \
	({                                                                                     \
		KTSTR_FORMAT(format, ##args)                                                   \
		scx_bpf_error_bstr(ktstr_format, ktstr_args, ___bpf_narg(args) * sizeof(u64)); \
	})

/* Ends the scheduler as wished, with a code and a message. */
#define scx_bpf_exit(code, format, args...)                                                         \
	({                                                                                          \
		KTSTR_FORMAT(format, ##args)                                                        \
		scx_bpf_exit_bstr(code, ktstr_format, ktstr_args, ___bpf_narg(args) * sizeof(u64)); \
	})

char _license[] SEC("license") = "GPL";

#endif
