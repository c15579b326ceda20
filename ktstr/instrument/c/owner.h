/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's BPF code belongs to: programs, their subprograms, and trampolines. The kernel has a list of them
 * (bpf_kallsyms in kernel/bpf/core.c), which is read from its memory when code that no known owner has is translated: it
 * is whole by then, and nothing in the guest was asked. What a program's tables say (bpf_prog_info's sources: lines,
 * functions, BTF) goes into the file as the memory that it is; ktstr/instrument/programs.py knows what it means.
 */
#ifndef KTSTR_PLUGIN_OWNER_H
#define KTSTR_PLUGIN_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWNER_NAME 128
#define NO_OWNER UINT32_MAX

/* An owner of code. The file of counts has these structs as they are. */
struct owner {
	uint32_t number;     /* from 0 on */
	uint32_t is_program; /* or a subprogram; else the rest of what is said about it is 0 */
	uint64_t reading;    /* which reading of the list found it: its memory has the same number */
	uint64_t aux;	     /* its struct bpf_prog_aux */
	uint64_t object;     /* its BTF (struct btf), which the programs of an object share; 0 if it has none */
	uint64_t start, end; /* its code */
	char name[OWNER_NAME];
};

/* Where the kernel's list is, and the places of members in its structs, as "value:value:..." has them: false if it has not. */
bool owner_layout(const char *text);

/* The owner of the code at `address`, which is about to be translated; NULL if the kernel's list has none. */
struct owner *owner_of(uint64_t address);

/* The type of the owner's program (BPF_PROG_TYPE_...), 0 if it is none. */
uint32_t owner_type(const struct owner *owner);

#endif
