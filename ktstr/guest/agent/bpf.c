// SPDX-License-Identifier: GPL-2.0-only
/* The BPF programs and maps that are loaded, as bpf(2) tells of them. */
#include "agent.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

bool ids_have(const struct ids *ids, uint32_t id)
{
	for (unsigned int i = 0; i < ids->count; i++)
		if (ids->all[i] == id)
			return true;
	return false;
}

/* Adds a number, unless it is there, or is 0, which is nobody's. */
void ids_add(struct ids *ids, uint32_t id)
{
	if (id && !ids_have(ids, id) && ids->count < MAX_IDS)
		ids->all[ids->count++] = id;
}

/* The id after `id` of a kind of object; 0 after the last. */
uint32_t bpf_next_id(int command, uint32_t id)
{
	union bpf_attr attributes = { .start_id = id };

	if (!bpf(command, &attributes))
		return attributes.next_id;
	if (errno != ENOENT)
		fail_errno("bpf", "walking the loaded objects");
	return 0;
}

/* A descriptor of the object; -1 where it has gone since its id was read. */
int bpf_open_id(int command, uint32_t id)
{
	union bpf_attr attributes = { .prog_id = id };

	return bpf(command, &attributes);
}

void bpf_info(int fd, void *into, size_t size)
{
	union bpf_attr attributes = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = (uint32_t)size, .info = (uint64_t)(uintptr_t)into },
	};

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes))
		fail_errno("bpf", "reading what a descriptor is of");
}

/* Adds the maps of the program that `fd` is of. */
void bpf_program_maps(int fd, struct ids *maps)
{
	uint32_t ids[MAX_IDS];
	struct bpf_prog_info ask = { .nr_map_ids = MAX_IDS, .map_ids = (uint64_t)(uintptr_t)ids };

	bpf_info(fd, &ask, sizeof(ask));
	for (uint32_t i = 0; i < ask.nr_map_ids && i < MAX_IDS; i++)
		ids_add(maps, ids[i]);
}

/* Adds the object files that have struct_ops programs, by their BTF, which all their programs share, and those' maps. */
void bpf_schedulers(struct ids *objects, struct ids *maps)
{
	for (uint32_t id = 0; (id = bpf_next_id(BPF_PROG_GET_NEXT_ID, id));) {
		struct bpf_prog_info program = { 0 };
		int fd = bpf_open_id(BPF_PROG_GET_FD_BY_ID, id);

		if (fd < 0)
			continue;
		bpf_info(fd, &program, sizeof(program));
		if (program.type == BPF_PROG_TYPE_STRUCT_OPS) {
			ids_add(objects, program.btf_id);
			bpf_program_maps(fd, maps);
		}
		close(fd);
	}
}

/* A number that /proc has of a process's descriptor; 0 where that has none, or this kernel does not tell. */
uint64_t bpf_fdinfo(pid_t pid, int fd, const char *key)
{
	char path[64], text[2048], *field;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if (file_read(path, text, sizeof(text)) < 0)
		return 0;
	field = strstr(text, key);
	return field ? strtoull(field + strlen(key), NULL, 10) : 0;
}

/*
 * The program's name. The kernel's own is cut at 15 characters; the whole one is that of its first function in BTF,
 * where the object brought that along.
 */
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
	type = btf_read(btf, program->btf_id) ? btf_type(btf, id) : NULL;
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

void bpf_emit(void)
{
	struct btf btf = { 0 };
	int fd;

	for (uint32_t id = 0; (id = bpf_next_id(BPF_PROG_GET_NEXT_ID, id));) {
		fd = bpf_open_id(BPF_PROG_GET_FD_BY_ID, id);
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
}
