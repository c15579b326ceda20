// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dump: the contents of a scheduler's maps, when it has gone or when the plan asks. Its programs are held open from
 * when it attaches, which keeps their maps. Holding the maps themselves would count as a user, and the kernel would let
 * the timers in them run on.
 */
#include "dump.h"

#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "agent.h"
#include "bpf.h"
#include "btf_load.h"
#include "files.h"
#include "machine.h"
#include "map.h"
#include "stream.h"

#define ENABLE_SEQ "/sys/kernel/sched_ext/enable_seq"
#define MAX_PROGRAMS 256
#define MAP_BYTES (64 * 1024)	 /* that are emitted, of one map and of all: events cost the host 1.8 s a MiB */
#define ALL_BYTES (256 * 1024)
#define TYPES_BYTES (512 * 1024) /* of one object; a small scheduler's are 40 KiB, most of it the kernel's */

static struct {
	int programs[MAX_PROGRAMS];
	unsigned int count;
	char enable_seq[32];	/* the kernel's number of their scheduler */
} held;

void dump_release(void)
{
	while (held.count)
		close(held.programs[--held.count]);
}

void dump_hold(void)
{
	struct ids objects = { 0 }, maps = { 0 };
	int fd;

	dump_release();
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

static void emit_types(uint32_t id)
{
	struct stream out = { .event = "dump_types", .id = id, .room = TYPES_BYTES };
	struct btf btf = { 0 };
	bool whole = btf_load(&btf, id) && stream_put(&out, btf.data, btf.size);

	stream_end(&out);
	emit_begin("dump_object");
	emit_u64("id", id);
	emit_u64("bytes", btf.size);
	emit_u64("whole", whole);
	emit_end();
	btf_free(&btf);
}

static void emit_dump(const char *why, const char *title)
{
	struct ids maps = { 0 }, objects = { 0 };
	size_t room = ALL_BYTES;

	if (!held.count)
		return;
	emit_begin("dump");
	emit_text("why", why);
	if (title)
		emit_text("title", title);
	emit_end();
	for (unsigned int i = 0; i < held.count; i++)
		bpf_program_maps(held.programs[i], &maps);
	for (unsigned int i = 0; i < maps.count; i++) {
		machine_watchdog();
		room -= map_emit(maps.all[i], room < MAP_BYTES ? room : MAP_BYTES, &objects, &maps);
	}
	for (unsigned int i = 0; i < objects.count; i++)
		emit_types(objects.all[i]);
	emit_begin("dumped");
	emit_u64("maps", maps.count);
	emit_u64("bytes", ALL_BYTES - room);
	emit_end();
}

void dump_emit(const char *why)
{
	emit_dump(why, NULL);
}

void dump_snapshot(const char *title)
{
	emit_dump("snapshot", title);
}

void dump_exit(const struct scheduler *scheduler)
{
	char enable_seq[sizeof(held.enable_seq)];

	file_read(ENABLE_SEQ, enable_seq, sizeof(enable_seq));
	if (!scheduler->declared)
		return;
	if (scheduler->lost || !scheduler->pid || strcmp(enable_seq, held.enable_seq))
		dump_emit("exit");
}
