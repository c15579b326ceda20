// SPDX-License-Identifier: GPL-2.0-only
/* ktstr's loader of BPF schedulers: what its files offer each other. */
#ifndef KTSTR_LOADER_H
#define KTSTR_LOADER_H

#include <stdbool.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* The exit statuses. */
enum {
	STOPPED = 0, /* asked to stop, and did */
	REFUSED = 1, /* the kernel or its verifier refused the scheduler */
	UNUSABLE = 2, /* the arguments or the object are at fault */
	EXITED = 3, /* the scheduler ended by itself */
};

/* main.c: what the arguments ask for. */
struct request {
	const char *object;
	const char *each; /* where --each pins the programs; NULL without it */
	char **rodata; /* name=value, NULL-terminated; reuses argv */
	bool check;
};
struct bpf_object *object_open(const struct request *request);

/* each.c: the programs one by one. */
int each_load(const struct request *request);

/* log.c: what is said on stderr. */
void log_start(void);
void log_forget(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *log_first_warning(void);
int log_collect(struct bpf_object *object);
const char *log_report(struct bpf_object *object, const char **reason);

/* rodata.c: read-only globals. */
int rodata_set(struct bpf_object *object, const char *assignment);

/* cpus.c: the number of CPUs, for an object that wants it. */
int cpus_set(struct bpf_object *object);

/* enums.c: the kernel's values for the constants that an object leaves to be filled in. */
int enums_set(struct bpf_object *object);

/* variable.c: a global of the object, found by name. */
struct variable {
	void *value;
	const struct btf_type *type; /* without typedefs and qualifiers */
	__u32 size; /* bytes */
};
typedef void (*variable_visitor)(void *context, const char *name, const struct variable *variable);
void variables_visit(struct bpf_object *object, variable_visitor visit, void *context);
void variable_store(const struct variable *variable, __u64 value);

/* scheduler.c: attaching, and noticing the end. */
struct scheduler;
struct scheduler *scheduler_attach(struct bpf_object *object);
int scheduler_wait(struct scheduler *scheduler);
bool scheduler_has_struct_ops(struct bpf_object *object);

#endif
