// SPDX-License-Identifier: GPL-2.0-only
/* programs: reports every loaded BPF program but the agent's own, and every map. */
#include <ktstr/operation.h>

#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "btf_load.h"

/* The program's name. The kernel's own is cut at 15 characters; the whole one is that of its first function in BTF. */
static const char *full_name(int fd, const struct bpf_prog_info *program, struct btf *btf)
{
	struct bpf_prog_info ask = {
		.nr_func_info = 1,
		.func_info_rec_size = program->func_info_rec_size,
	};
	char record[64] = "";
	const struct btf_type *type;
	uint32_t id;

	if (!program->btf_id || !program->nr_func_info || program->func_info_rec_size > sizeof(record))
		return program->name;
	ask.func_info = (uint64_t)(uintptr_t)record;
	bpf_info(fd, &ask, sizeof(ask));
	memcpy(&id, record + offsetof(struct bpf_func_info, type_id), sizeof(id));
	type = btf_load(btf, program->btf_id) ? btf_type(btf, id) : NULL;
	return type && *btf_text(btf, type->name_off) ? btf_text(btf, type->name_off) : program->name;
}

static void emit_program(int fd, struct btf *btf)
{
	struct bpf_prog_info program = { 0 };
	struct ids ids = { 0 };
	uint64_t maps[MAX_IDS];
	const char *name;
	char tag[2 * BPF_TAG_SIZE + 1];

	bpf_info(fd, &program, sizeof(program));
	bpf_program_maps(fd, &ids);
	for (unsigned int i = 0; i < ids.count; i++)
		maps[i] = ids.all[i];
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", program.tag[i]);
	name = full_name(fd, &program, btf);
	emit_begin("program");
	emit_u64("id", program.id);
	emit_u64("type", program.type);
	emit_text("name", name);
	emit_text("tag", tag);
	emit_u64("verified_insns", program.verified_insns);
	emit_u64("fdinfo_insns", bpf_fdinfo(getpid(), fd, "verified_insns:"));
	emit_u64("xlated_bytes", program.xlated_prog_len);
	emit_u64("jited_bytes", program.jited_prog_len);
	emit_u64s("maps", maps, ids.count);
	emit_end();
}

static void emit_map(int fd)
{
	struct bpf_map_info map = { 0 };

	bpf_info(fd, &map, sizeof(map));
	emit_begin("map");
	emit_u64("id", map.id);
	emit_u64("type", map.type);
	emit_text("name", map.name);
	emit_u64("key_bytes", map.key_size);
	emit_u64("value_bytes", map.value_size);
	emit_u64("entries", map.max_entries);
	emit_u64("memory_bytes", bpf_fdinfo(getpid(), fd, "memlock:"));
	emit_end();
}

static bool programs(const struct arguments *arguments)
{
	struct btf btf = { 0 };
	int fd;

	(void)arguments;
	for (uint32_t id = 0; (id = bpf_next_id(BPF_PROG_GET_NEXT_ID, id));) {
		fd = bpf_is_own(id) ? -1 : bpf_open_id(BPF_PROG_GET_FD_BY_ID, id);
		if (fd < 0)
			continue;
		emit_program(fd, &btf);
		close(fd);
	}
	for (uint32_t id = 0; (id = bpf_next_id(BPF_MAP_GET_NEXT_ID, id));) {
		fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, id);
		if (fd < 0)
			continue;
		emit_map(fd);
		close(fd);
	}
	btf_free(&btf);
	return true;
}
KTSTR_OPERATION(programs, "", programs);
