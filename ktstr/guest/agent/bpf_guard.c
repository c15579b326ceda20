// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF program of the agent's own that is asked about each BPF program that is to be loaded. It returns what
 * security_bpf_prog_load() then does not decide itself: 0, which leaves it to that, or -EPERM. It is of the kind that it
 * refuses (fmod_ret), and cannot be detached: a link of it ends with its last descriptor, which the agent has.
 */
#include "bpf_guard.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stddef.h>
#include <unistd.h>

#include "bpf.h"
#include "btf_load.h"

#define HOOK "security_bpf_prog_load"
#define ATTRIBUTES_AT 8 /* its second argument, among those that the program gets: the copy that the kernel has of bpf(2)'s */

static int loaded = -1;

#define LOAD(size, to, from, at) { .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (to), .src_reg = (from), .off = (at) }
#define SET(to, value) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) }
/* Skips `over` instructions if the register has that value, or if it has another one. */
#define IF(which, value, over) { .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (which), .off = (over), .imm = (value) }
#define UNLESS(which, value, over) { .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (which), .off = (over), .imm = (value) }
#define LEAVE { .code = BPF_JMP | BPF_EXIT }

static const struct bpf_insn guard[] = {
	LOAD(BPF_DW, 2, 1, ATTRIBUTES_AT),
	LOAD(BPF_W, 3, 2, offsetof(union bpf_attr, prog_type)),
	SET(0, 0),
	IF(3, BPF_PROG_TYPE_LSM, 7),
	IF(3, BPF_PROG_TYPE_EXT, 6),
	IF(3, BPF_PROG_TYPE_CGROUP_SYSCTL, 5),
	IF(3, BPF_PROG_TYPE_CGROUP_DEVICE, 4),
	UNLESS(3, BPF_PROG_TYPE_TRACING, 2),
	LOAD(BPF_W, 3, 2, offsetof(union bpf_attr, expected_attach_type)),
	IF(3, BPF_MODIFY_RETURN, 1),
	LEAVE,
	SET(0, -EPERM),
	LEAVE,
};

void bpf_guard_load(void)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_MODIFY_RETURN,
		.insns = (uint64_t)(uintptr_t)guard,
		.insn_cnt = sizeof(guard) / sizeof(guard[0]),
		.license = (uint64_t)(uintptr_t)"GPL",
		.prog_name = "ktstr_guard",
	};
	struct btf btf = { 0 };

	if (btf_load_kernel(&btf))
		load.attach_btf_id = btf_function(&btf, HOOK);
	btf_free(&btf);
	if (load.attach_btf_id)
		loaded = bpf(BPF_PROG_LOAD, &load);
	if (loaded >= 0)
		bpf_own(loaded);
}

void bpf_guard_attach(void)
{
	union bpf_attr attach = { .raw_tracepoint.prog_fd = (uint32_t)loaded };

	if (loaded < 0)
		return;
	/* The link is never closed. The kernel has one of its own to the program. */
	bpf(BPF_RAW_TRACEPOINT_OPEN, &attach);
	close(loaded);
	loaded = -1;
}
