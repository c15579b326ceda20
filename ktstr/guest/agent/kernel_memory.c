// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads of the kernel's memory, through BPF programs of the type that a system call runs. What they are asked, and what
 * they found, is in an array of one element, which the agent maps.
 */
#include "kernel_memory.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"

#define BATCH 64 /* reads of one call */
#define NAME_BYTES 64

struct request {
	uint64_t address;
	uint32_t size;
	uint32_t failed;
};

struct page {
	uint64_t count;
	struct request requests[BATCH];
	char data[BATCH][MEMORY_READ_BYTES];
	char name[NAME_BYTES];
	uint64_t symbol;
};

static struct {
	struct page *page; /* NULL until the programs are loaded */
	int read, lookup;
} memory;

/* The instructions of BPF, as the kernel's Documentation/bpf/standardization/instruction-set.rst has them. */
#define OP(code_, to, from, offset, number) \
	{ .code = (code_), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (number) }
#define PAGE(to, map, member) /* to = &page->member */                            \
	OP(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_VALUE, 0, map),          \
		OP(0, 0, 0, 0, (int)offsetof(struct page, member))
#define SET(to, number) OP(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define COPY(to, from) OP(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define ADD(to, from) OP(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0)
#define TIMES(to, number) OP(BPF_ALU64 | BPF_MUL | BPF_K, to, 0, 0, number)
#define INCREMENT(to) OP(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, 1)
#define LOAD(size, to, from, offset) OP(BPF_LDX | BPF_MEM | (size), to, from, offset, 0)
#define STORE(size, to, offset, from) OP(BPF_STX | BPF_MEM | (size), to, from, offset, 0)
#define IF(condition, one, other, skip) OP(BPF_JMP | (condition) | BPF_X, one, other, skip, 0)
#define IF_NUMBER(condition, one, number, skip) OP(BPF_JMP | (condition) | BPF_K, one, 0, skip, number)
#define GOTO(skip) OP(BPF_JMP | BPF_JA, 0, 0, skip, 0)
#define CALL(helper) OP(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9 };

static int load(const char *name, const struct bpf_insn *instructions, size_t count)
{
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_SYSCALL,
		.insns = (uint64_t)(uintptr_t)instructions,
		.insn_cnt = (uint32_t)count,
		.license = (uint64_t)(uintptr_t)"GPL",
		.prog_flags = BPF_F_SLEEPABLE, /* which this type demands */
	};

	snprintf(attributes.prog_name, sizeof(attributes.prog_name), "%s", name);
	return bpf(BPF_PROG_LOAD, &attributes);
}

/* For each request: data[i] = the bytes, request.failed = the helper's error. */
static int load_read(int map)
{
	const struct bpf_insn instructions[] = {
		PAGE(R6, map, requests),
		PAGE(R1, map, count),
		LOAD(BPF_DW, R9, R1, 0),
		SET(R7, 0),
		/* loop: */
		IF(BPF_JGE, R7, R9, 16),
		IF_NUMBER(BPF_JGE, R7, BATCH, 15),
		COPY(R8, R7),
		TIMES(R8, sizeof(struct request)),
		ADD(R8, R6),
		COPY(R4, R7),
		TIMES(R4, MEMORY_READ_BYTES),
		PAGE(R1, map, data),
		ADD(R1, R4),
		LOAD(BPF_W, R2, R8, offsetof(struct request, size)),
		IF_NUMBER(BPF_JGT, R2, MEMORY_READ_BYTES, 5),
		LOAD(BPF_DW, R3, R8, offsetof(struct request, address)),
		CALL(BPF_FUNC_probe_read_kernel),
		STORE(BPF_W, R8, offsetof(struct request, failed), R0),
		INCREMENT(R7),
		GOTO(-17), /* loop */
		SET(R0, 0),
		EXIT,
	};

	return load("ktstr_read", instructions, sizeof(instructions) / sizeof(*instructions));
}

static int load_lookup(int map)
{
	const struct bpf_insn instructions[] = {
		PAGE(R1, map, name),
		SET(R2, NAME_BYTES),
		SET(R3, 0),
		PAGE(R4, map, symbol),
		CALL(BPF_FUNC_kallsyms_lookup_name),
		EXIT,
	};

	return load("ktstr_lookup", instructions, sizeof(instructions) / sizeof(*instructions));
}

bool kernel_memory_open(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct page),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
		.map_name = BPF_OWN_MAP "_memory",
	};
	void *page;
	int map;

	if (memory.page)
		return true;
	map = bpf(BPF_MAP_CREATE, &attributes);
	if (map < 0)
		return false;
	memory.read = load_read(map);
	memory.lookup = load_lookup(map);
	if (memory.read < 0 || memory.lookup < 0)
		return false;
	page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	close(map);
	if (page == MAP_FAILED)
		return false;
	memory.page = page;
	return true;
}

static void run(int program)
{
	union bpf_attr attributes = { .test = { .prog_fd = (uint32_t)program } };

	if (bpf(BPF_PROG_TEST_RUN, &attributes))
		fail_errno("monitor", "running a BPF program");
}

uint64_t kernel_memory_symbol(const char *name)
{
	if (strlen(name) >= NAME_BYTES)
		return 0;
	memset(memory.page->name, 0, NAME_BYTES);
	memcpy(memory.page->name, name, strlen(name));
	memory.page->symbol = 0;
	run(memory.lookup);
	return memory.page->symbol;
}

static void read_batch(struct memory_read *reads, unsigned int count)
{
	struct page *page = memory.page;

	page->count = count;
	for (unsigned int i = 0; i < count; i++)
		page->requests[i] = (struct request){ .address = reads[i].address, .size = reads[i].size };
	run(memory.read);
	for (unsigned int i = 0; i < count; i++) {
		memcpy(reads[i].into, page->data[i], reads[i].size);
		reads[i].failed = page->requests[i].failed;
	}
}

void kernel_memory_read(struct memory_read *reads, unsigned int count)
{
	for (unsigned int at = 0; at < count; at += BATCH)
		read_batch(reads + at, count - at < BATCH ? count - at : BATCH);
}

bool kernel_memory_copy(uint64_t address, void *into, size_t size)
{
	for (size_t at = 0; at < size; at += MEMORY_READ_BYTES) {
		struct memory_read read = {
			.address = address + at,
			.into = (char *)into + at,
			.size = size - at < MEMORY_READ_BYTES ? (uint32_t)(size - at) : MEMORY_READ_BYTES,
		};

		kernel_memory_read(&read, 1);
		if (read.failed)
			return false;
	}
	return true;
}
