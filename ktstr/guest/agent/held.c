// SPDX-License-Identifier: GPL-2.0-only
/* The BPF programs of the scheduler, held open from when it attaches. */
#include "held.h"

#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "bpf.h"
#include "files.h"

#define ENABLE_SEQ "/sys/kernel/sched_ext/enable_seq"
#define MAX_PROGRAMS 256

static struct {
	int programs[MAX_PROGRAMS];
	unsigned int count;
	char enable_seq[32];	/* the kernel's number of their scheduler */
} held;

void held_take(void)
{
	struct ids objects = { 0 }, maps = { 0 };
	int fd;

	while (held.count)
		close(held.programs[--held.count]);
	file_read(ENABLE_SEQ, held.enable_seq, sizeof(held.enable_seq));
	bpf_schedulers(agent.scheduler.started_ns, &objects, &maps);
	for (uint32_t id = 0; (id = bpf_next_id(BPF_PROG_GET_NEXT_ID, id));) {
		struct bpf_prog_info program = { 0 };

		fd = bpf_open_id(BPF_PROG_GET_FD_BY_ID, id);
		if (fd < 0)
			continue;
		bpf_info(fd, &program, sizeof(program));
		if (ids_have(&objects, program.btf_id) && held.count < MAX_PROGRAMS)
			held.programs[held.count++] = fd;
		else
			close(fd);
	}
}

unsigned int held_count(void)
{
	return held.count;
}

int held_program(unsigned int at)
{
	return held.programs[at];
}

void held_maps(struct ids *maps)
{
	for (unsigned int i = 0; i < held.count; i++)
		bpf_program_maps(held.programs[i], maps);
}

bool held_is_last(void)
{
	char enable_seq[sizeof(held.enable_seq)];

	file_read(ENABLE_SEQ, enable_seq, sizeof(enable_seq));
	return !strcmp(enable_seq, held.enable_seq);
}
