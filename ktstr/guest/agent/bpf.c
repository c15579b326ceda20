// SPDX-License-Identifier: GPL-2.0-only
/* The BPF programs and maps that are loaded, as bpf(2) tells of them. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The maps whose ids are told of one program; more than the kernel lets it have (MAX_USED_MAPS, 64). */
#define MAX_MAPS 128

static int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/* The id after `id` of a kind of object; 0 after the last. */
static uint32_t next_id(int command, uint32_t id)
{
	union bpf_attr attributes = { .start_id = id };

	if (!bpf(command, &attributes))
		return attributes.next_id;
	if (errno != ENOENT)
		fail_errno("bpf", "walking the loaded objects");
	return 0;
}

/* A descriptor of the object; -1 where it has gone since its id was read. */
static int open_id(int command, uint32_t id)
{
	union bpf_attr attributes = { .prog_id = id };

	return bpf(command, &attributes);
}

static void info(int fd, void *into, size_t size)
{
	union bpf_attr attributes = {
		.info = { .bpf_fd = (uint32_t)fd, .info_len = (uint32_t)size, .info = (uint64_t)(uintptr_t)into },
	};

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes))
		fail_errno("bpf", "reading what a descriptor is of");
}

/* A number that /proc has of a descriptor of ours; 0 where this kernel does not tell. */
static uint64_t fdinfo(int fd, const char *key)
{
	char path[64], text[2048], *field;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, text, sizeof(text)) < 0)
		return 0;
	field = strstr(text, key);
	return field ? strtoull(field + strlen(key), NULL, 10) : 0;
}

/* How many bytes follow a type's head in BTF (Documentation/bpf/btf.rst); -1 for a kind that is not known. */
static int trailing(const struct btf_type *type)
{
	unsigned int count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (int)(count * sizeof(struct btf_member));
	case BTF_KIND_ENUM:
		return (int)(count * sizeof(struct btf_enum));
	case BTF_KIND_ENUM64:
		return (int)(count * 12);
	case BTF_KIND_FUNC_PROTO:
		return (int)(count * sizeof(struct btf_param));
	case BTF_KIND_DATASEC:
		return (int)(count * sizeof(struct btf_var_secinfo));
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	}
	return -1;
}

/* The name of type `id` in BTF as the kernel gives it out, or NULL. */
static const char *type_name(const char *data, uint32_t size, uint32_t id)
{
	const struct btf_header *head = (const void *)data;
	uint32_t at, end, strings;

	if (size < sizeof(*head) || head->magic != BTF_MAGIC)
		return NULL;
	at = head->hdr_len + head->type_off;
	end = at + head->type_len;
	strings = head->hdr_len + head->str_off;
	if (end > size || strings + head->str_len > size)
		return NULL;
	for (uint32_t here = 1; at + sizeof(struct btf_type) <= end; here++) {
		const struct btf_type *type = (const void *)(data + at);
		int more = trailing(type);

		if (here == id)
			return type->name_off < head->str_len ? data + strings + type->name_off : NULL;
		if (more < 0)
			return NULL;
		at += (uint32_t)(sizeof(*type) + (size_t)more);
	}
	return NULL;
}

/* The BTF of one object file; its programs share it, so the last one read is kept. */
struct btf {
	uint32_t id;
	uint32_t size;
	char *data;
};

static bool btf_read(struct btf *btf, uint32_t id)
{
	struct bpf_btf_info about = { 0 };
	int fd;

	if (btf->id == id)
		return btf->data;
	fd = open_id(BPF_BTF_GET_FD_BY_ID, id);
	if (fd < 0)
		return false;
	free(btf->data);
	info(fd, &about, sizeof(about));
	btf->id = id;
	btf->size = about.btf_size;
	btf->data = malloc(about.btf_size);
	if (!btf->data)
		fail_errno("bpf", "memory for BTF");
	about = (struct bpf_btf_info){ .btf = (uint64_t)(uintptr_t)btf->data, .btf_size = btf->size };
	info(fd, &about, sizeof(about));
	close(fd);
	return true;
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
	const char *name;
	uint32_t type;

	if (!program->btf_id || !program->nr_func_info || program->func_info_rec_size > sizeof(record))
		return program->name;
	ask.func_info = (uint64_t)(uintptr_t)record;
	info(fd, &ask, sizeof(ask));
	memcpy(&type, record + offsetof(struct bpf_func_info, type_id), sizeof(type));
	if (!btf_read(btf, program->btf_id))
		return program->name;
	name = type_name(btf->data, btf->size, type);
	return name && name[0] ? name : program->name;
}

static void emit_program(int fd, struct btf *btf)
{
	struct bpf_prog_info program = { 0 }, ask = { 0 };
	uint32_t ids[MAX_MAPS];
	uint64_t maps[MAX_MAPS];
	const char *name;
	char tag[2 * BPF_TAG_SIZE + 1];

	info(fd, &program, sizeof(program));
	ask.nr_map_ids = program.nr_map_ids < MAX_MAPS ? program.nr_map_ids : MAX_MAPS;
	ask.map_ids = (uint64_t)(uintptr_t)ids;
	info(fd, &ask, sizeof(ask));
	for (uint32_t i = 0; i < ask.nr_map_ids && i < MAX_MAPS; i++)
		maps[i] = ids[i];
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", program.tag[i]);
	name = full_name(fd, &program, btf);
	emit_begin("program");
	emit_u64("id", program.id);
	emit_u64("type", program.type);
	emit_text("name", name);
	emit_text("tag", tag);
	emit_u64("verified_insns", program.verified_insns);
	emit_u64("fdinfo_insns", fdinfo(fd, "verified_insns:"));
	emit_u64("xlated_bytes", program.xlated_prog_len);
	emit_u64("jited_bytes", program.jited_prog_len);
	emit_u64s("maps", maps, ask.nr_map_ids < MAX_MAPS ? ask.nr_map_ids : MAX_MAPS);
	emit_end();
}

static void emit_map(int fd)
{
	struct bpf_map_info map = { 0 };

	info(fd, &map, sizeof(map));
	emit_begin("map");
	emit_u64("id", map.id);
	emit_u64("type", map.type);
	emit_text("name", map.name);
	emit_u64("key_bytes", map.key_size);
	emit_u64("value_bytes", map.value_size);
	emit_u64("entries", map.max_entries);
	emit_u64("memory_bytes", fdinfo(fd, "memlock:"));
	emit_end();
}

void bpf_emit(void)
{
	struct btf btf = { 0 };
	int fd;

	for (uint32_t id = 0; (id = next_id(BPF_PROG_GET_NEXT_ID, id));) {
		fd = open_id(BPF_PROG_GET_FD_BY_ID, id);
		if (fd < 0)
			continue;
		emit_program(fd, &btf);
		close(fd);
	}
	for (uint32_t id = 0; (id = next_id(BPF_MAP_GET_NEXT_ID, id));) {
		fd = open_id(BPF_MAP_GET_FD_BY_ID, id);
		if (fd < 0)
			continue;
		emit_map(fd);
		close(fd);
	}
	free(btf.data);
}
