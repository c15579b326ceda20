/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded BPF programs and maps, through bpf(2). */
#ifndef KTSTR_AGENT_BPF_H
#define KTSTR_AGENT_BPF_H

#include "ids.h"

union bpf_attr;

/*
 * How the names of the agent's own maps begin, four bytes. No variable of C has such a name, and no map that libbpf makes.
 * Nobody else gets a descriptor of one (bpf_guard.c).
 */
#define BPF_OWN_MAP ".kts"

/* bpf(2) itself; `command` is BPF_... */
int bpf(int command, union bpf_attr *attributes);

/* The id after `id` of a kind of object (BPF_..._GET_NEXT_ID); 0 after the last. */
uint32_t bpf_next_id(int command, uint32_t id);

/* A descriptor of the object (BPF_..._GET_FD_BY_ID); -1 if it has gone since its id was read. */
int bpf_open_id(int command, uint32_t id);

/* What the kernel says about the object that `fd` refers to. */
void bpf_info(int fd, void *into, size_t size);

/* A number from /proc about a process's descriptor; 0 if there is none. */
uint64_t bpf_fdinfo(pid_t pid, int fd, const char *key);

/* Has the program that `fd` refers to be known as the agent's own, which no report of the loaded programs names. */
void bpf_own(int fd);
bool bpf_is_own(uint32_t id);

/* Adds the maps of the program that `fd` refers to. */
void bpf_program_maps(int fd, struct ids *maps);

/*
 * Adds the object files that have struct_ops programs, by their BTF, which all their programs share, and those' maps. Only
 * those that were loaded from `since_ns` on: the kernel takes its time to free what a scheduler before has left.
 */
void bpf_schedulers(uint64_t since_ns, struct ids *objects, struct ids *maps);

#endif
