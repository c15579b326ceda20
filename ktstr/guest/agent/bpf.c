// SPDX-License-Identifier: GPL-2.0-only
/* The loaded BPF programs and maps, through bpf(2). */
#include "bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "files.h"

static struct ids own;

int bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

uint32_t bpf_next_id(int command, uint32_t id)
{
	union bpf_attr attributes = { .start_id = id };

	if (!bpf(command, &attributes))
		return attributes.next_id;
	if (errno != ENOENT)
		fail_errno("bpf", "walking the loaded objects");
	return 0;
}

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
		fail_errno("bpf", "reading about an object");
}

void bpf_own(int fd)
{
	struct bpf_prog_info program = { 0 };

	bpf_info(fd, &program, sizeof(program));
	ids_add(&own, program.id);
}

bool bpf_is_own(uint32_t id)
{
	return ids_have(&own, id);
}

void bpf_program_maps(int fd, struct ids *maps)
{
	uint32_t ids[MAX_IDS];
	struct bpf_prog_info ask = { .nr_map_ids = MAX_IDS, .map_ids = (uint64_t)(uintptr_t)ids };

	bpf_info(fd, &ask, sizeof(ask));
	for (uint32_t i = 0; i < ask.nr_map_ids && i < MAX_IDS; i++)
		ids_add(maps, ids[i]);
}

void bpf_schedulers(uint64_t since_ns, struct ids *objects, struct ids *maps)
{
	for (uint32_t id = 0; (id = bpf_next_id(BPF_PROG_GET_NEXT_ID, id));) {
		struct bpf_prog_info program = { 0 };
		int fd = bpf_open_id(BPF_PROG_GET_FD_BY_ID, id);

		if (fd < 0)
			continue;
		bpf_info(fd, &program, sizeof(program));
		if (program.type == BPF_PROG_TYPE_STRUCT_OPS && program.load_time >= since_ns) {
			ids_add(objects, program.btf_id);
			bpf_program_maps(fd, maps);
		}
		close(fd);
	}
}

uint64_t bpf_fdinfo(pid_t pid, int fd, const char *key)
{
	char path[64], text[2048], *field;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	if (file_read(path, text, sizeof(text)) < 0)
		return 0;
	field = strstr(text, key);
	return field ? strtoull(field + strlen(key), NULL, 10) : 0;
}
