/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads of the kernel's memory. They go through two BPF programs of a few instructions, because /proc/kcore is not in
 * every kernel, and finding an address in /proc/kallsyms takes a guest a second. A kernel with sched_ext has BPF.
 */
#ifndef KTSTR_AGENT_KERNEL_MEMORY_H
#define KTSTR_AGENT_KERNEL_MEMORY_H

#include <ktstr/basics.h>

#define MEMORY_READ_BYTES 64 /* of one read, at most */

/* Bytes of the kernel's memory, and where they go. */
struct memory_read {
	uint64_t address;
	void *into;
	uint32_t size;
	bool failed; /* there is no such memory */
};

/* Loads the programs, unless they are loaded. False, with errno, if the kernel refuses them. */
bool kernel_memory_open(void);

/* The address of a symbol; 0 if the kernel has no such symbol, or keeps no addresses of data (CONFIG_KALLSYMS_ALL). */
uint64_t kernel_memory_symbol(const char *name);

/* Does all the reads, in order and as close together as it can; what cannot be read becomes zeros. */
void kernel_memory_read(struct memory_read *reads, unsigned int count);

/* Reads `size` bytes, of which there may be more than one read has. False if they cannot be read. */
bool kernel_memory_copy(uint64_t address, void *into, size_t size);

#endif
