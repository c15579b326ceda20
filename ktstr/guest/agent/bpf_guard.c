// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF program of the agent's own that is asked about each BPF program that is to be loaded. It returns what
 * security_bpf_prog_load() then does not decide itself: 0, which leaves it to that, or -EPERM. It is of the kind that it
 * refuses (fmod_ret), and cannot be detached: a link of it ends with its last descriptor, which the agent has. Two others
 * see to it that nobody stops the first, and that nobody changes what the agent's BPF programs count.
 */
#include "bpf_guard.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"
#include "btf_load.h"
#include "btf_path.h"

#define PROGRAM 0	 /* the hook's first argument, with the instructions that were given */
#define ATTRIBUTES_AT 8 /* its second argument, among those that the program gets: the copy that the kernel has of bpf(2)'s */

#define LOAD(size, to, from, at) { .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (to), .src_reg = (from), .off = (at) }
#define SET(to, value) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) }
/* Skips `over` instructions if the register has that value, or if it has another one. */
#define IF(which, value, over) { .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (which), .off = (over), .imm = (value) }
#define UNLESS(which, value, over) { .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (which), .off = (over), .imm = (value) }
#define AT_LEAST(which, other, over) { .code = BPF_JMP | BPF_JGE | BPF_X, .dst_reg = (which), .src_reg = (other), .off = (over) }
#define COMPUTE(what, to, value) { .code = BPF_ALU64 | (what) | BPF_K, .dst_reg = (to), .imm = (value) }
#define ADD_REGISTER(to, from) { .code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = (to), .src_reg = (from) }
#define COPY(to, from) { .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from) }
#define CALL(helper) { .code = BPF_JMP | BPF_CALL, .imm = (helper) }
/* Bounds a loop for the verifier (may_goto, since Linux 6.9): skips `over` instructions if it has taken too long. */
#define TOO_LONG(over) { .code = BPF_JMP | 0xe0, .off = (over) }
#define STORE(to, at, value) { .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = (to), .off = (at), .imm = (value) }
/* Skips `over` instructions while the guard is off. It begins each program, so that AT_SWITCH is where it is. */
#define UNLESS_ON(over)                                                                                \
	{ .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_VALUE }, { 0 }, LOAD(BPF_W, 0, 0, 0), \
		IF(0, 0, over)
#define AT_SWITCH 0
#define LEAVE { .code = BPF_JMP | BPF_EXIT }

/* Four bytes of a text, as the machine loads them. */
#define FOUR(a, b, c, d) ((a) | (b) << 8 | (c) << 16 | (d) << 24)

/* Of an instruction: its code and the register that says what kind of call it is; those of a call of a helper. */
#define KIND_OF_CALL 0xf0ff
#define CALLS_HELPER (BPF_JMP | BPF_CALL)

/*
 * By type, and then by the helpers that are called. The verifier comes later, so that neither depends on what else the kernel
 * allows: bpf_probe_write_user() to whom that is not locked down, bpf_override_return() to one that was built for it.
 */
enum { TO_FIRST = 19 };
static struct bpf_insn load_guard[] = {
	UNLESS_ON(35),
	LOAD(BPF_DW, 2, 1, ATTRIBUTES_AT),
	LOAD(BPF_W, 3, 2, offsetof(union bpf_attr, prog_type)),
	LOAD(BPF_W, 6, 2, offsetof(union bpf_attr, insn_cnt)),
	IF(3, BPF_PROG_TYPE_LSM, 29),
	IF(3, BPF_PROG_TYPE_EXT, 28),
	IF(3, BPF_PROG_TYPE_CGROUP_SYSCTL, 27),
	IF(3, BPF_PROG_TYPE_CGROUP_DEVICE, 26),
	UNLESS(3, BPF_PROG_TYPE_TRACING, 2),
	LOAD(BPF_W, 3, 2, offsetof(union bpf_attr, expected_attach_type)),
	IF(3, BPF_MODIFY_RETURN, 23),
	/* Register 7 goes from the first instruction to register 6, the end of the last. */
	SET(2, PROGRAM),
	COPY(3, 10),
	COMPUTE(BPF_ADD, 3, -8),
	CALL(BPF_FUNC_get_func_arg),
	LOAD(BPF_DW, 7, 10, -8),
	[TO_FIRST] = COMPUTE(BPF_ADD, 7, 0), /* bytes within struct bpf_prog, from the kernel's BTF */
	COMPUTE(BPF_LSH, 6, 3),
	ADD_REGISTER(6, 7),
	AT_LEAST(7, 6, 16),
	TOO_LONG(13),
	COPY(1, 10),
	COMPUTE(BPF_ADD, 1, -8),
	SET(2, sizeof(struct bpf_insn)),
	COPY(3, 7),
	CALL(BPF_FUNC_probe_read_kernel),
	UNLESS(0, 0, 7),
	COMPUTE(BPF_ADD, 7, sizeof(struct bpf_insn)),
	LOAD(BPF_H, 1, 10, -8),
	COMPUTE(BPF_AND, 1, KIND_OF_CALL),
	UNLESS(1, CALLS_HELPER, -12),
	LOAD(BPF_W, 1, 10, -4),
	IF(1, BPF_FUNC_probe_write_user, 1),
	UNLESS(1, BPF_FUNC_override_return, -15),
	SET(0, -EPERM),
	LEAVE,
	SET(0, 0),
	LEAVE,
};

/*
 * The other program: without ftrace no program is called that is attached to a function of the kernel, the first one neither.
 * Nobody but the agent opens the file by which ftrace is stopped.
 */
enum { TO_DENTRY = 9, TO_NAME = 10 };
static struct bpf_insn file_guard[] = {
	UNLESS_ON(22),
	LOAD(BPF_DW, 6, 1, 0),
	CALL(BPF_FUNC_get_current_pid_tgid),
	COMPUTE(BPF_RSH, 0, 32),
	IF(0, 1, 18),
	STORE(10, -8, 0),
	[TO_DENTRY] = LOAD(BPF_DW, 3, 6, 0), /* within struct file */
	[TO_NAME] = LOAD(BPF_DW, 3, 3, 0),   /* within struct dentry */
	COPY(1, 10),
	COMPUTE(BPF_ADD, 1, -16),
	SET(2, sizeof("ftrace_enabled")),
	CALL(BPF_FUNC_probe_read_kernel),
	UNLESS(0, 0, 10),
	LOAD(BPF_W, 1, 10, -16),
	UNLESS(1, FOUR('f', 't', 'r', 'a'), 8),
	LOAD(BPF_W, 1, 10, -12),
	UNLESS(1, FOUR('c', 'e', '_', 'e'), 6),
	LOAD(BPF_W, 1, 10, -8),
	UNLESS(1, FOUR('n', 'a', 'b', 'l'), 4),
	LOAD(BPF_W, 1, 10, -4),
	UNLESS(1, FOUR('e', 'd', 0, 0), 2),
	SET(0, -EPERM),
	LEAVE,
	SET(0, 0),
	LEAVE,
};

/* The third one: nobody but the agent opens its maps, by which it counts. */
enum { TO_MAP_NAME = 8 };
static struct bpf_insn map_guard[] = {
	UNLESS_ON(8),
	LOAD(BPF_DW, 6, 1, 0),
	CALL(BPF_FUNC_get_current_pid_tgid),
	COMPUTE(BPF_RSH, 0, 32),
	IF(0, 1, 4),
	[TO_MAP_NAME] = LOAD(BPF_W, 1, 6, 0), /* within struct bpf_map */
	UNLESS(1, FOUR('.', 'k', 't', 's'), 2), /* BPF_OWN_MAP */
	SET(0, -EPERM),
	LEAVE,
	SET(0, 0),
	LEAVE,
};

static volatile uint32_t *is_on; /* NULL: there is no guard */

static const struct guard {
	const char *hook;
	struct bpf_insn *code;
	uint32_t count;
} guards[] = {
	{ "security_bpf_prog_load", load_guard, sizeof(load_guard) / sizeof(*load_guard) },
	{ "security_file_open", file_guard, sizeof(file_guard) / sizeof(*file_guard) },
	{ "security_bpf_map", map_guard, sizeof(map_guard) / sizeof(*map_guard) },
};

static bool find(const struct btf *btf, const char *type, const char *path, uint32_t *offset)
{
	return btf_path_offset(btf, btf_struct(btf, type), path, offset);
}

/* Returns the descriptor of an array of one number that is also memory of the agent's; -1 if there can be none. */
static int make_switch(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint32_t),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
		.map_name = BPF_OWN_MAP "_guard",
	};
	int map = bpf(BPF_MAP_CREATE, &attributes);
	void *memory;

	if (map < 0)
		return -1;
	memory = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (memory == MAP_FAILED)
		fail_errno("bpf", "the guard's memory");
	is_on = memory;
	return map;
}

/* Loads and attaches it. Its link is never closed. */
static void set_up(const struct guard *guard, const struct btf *btf, int map)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_MODIFY_RETURN,
		.attach_btf_id = btf_function(btf, guard->hook),
		.insns = (uint64_t)(uintptr_t)guard->code,
		.insn_cnt = guard->count,
		.license = (uint64_t)(uintptr_t)"GPL",
		.prog_name = "ktstr_guard",
	}, attach = { 0 };
	int program;

	if (!load.attach_btf_id)
		return;
	guard->code[AT_SWITCH].imm = map;
	program = bpf(BPF_PROG_LOAD, &load);
	if (program < 0)
		return;
	bpf_own(program);
	attach.raw_tracepoint.prog_fd = (uint32_t)program;
	bpf(BPF_RAW_TRACEPOINT_OPEN, &attach);
	close(program); /* the link has one of its own */
}

void bpf_guard_set_up(void)
{
	uint32_t first, dentry, name, map_name;
	struct btf btf = { 0 };
	int map = make_switch();

	if (map < 0)
		return;
	if (btf_load_kernel(&btf) && find(&btf, "bpf_prog", ".insnsi", &first) &&
	    find(&btf, "file", ".f_path.dentry", &dentry) && find(&btf, "dentry", ".d_name.name", &name) &&
	    find(&btf, "bpf_map", ".name", &map_name)) {
		load_guard[TO_FIRST].imm = (int32_t)first;
		file_guard[TO_DENTRY].off = (int16_t)dentry;
		file_guard[TO_NAME].off = (int16_t)name;
		map_guard[TO_MAP_NAME].off = (int16_t)map_name;
		for (size_t i = 0; i < sizeof(guards) / sizeof(*guards); i++)
			set_up(&guards[i], &btf, map);
	}
	btf_free(&btf);
	close(map);
}

void bpf_guard_turn_on(void)
{
	if (is_on)
		*is_on = 1;
}
