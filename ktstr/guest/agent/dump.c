// SPDX-License-Identifier: GPL-2.0-only
/* The dump: the contents of a scheduler's maps, when it has gone or when the plan asks. */
#include "dump.h"

#include <ktstr/event.h>

#include "btf_load.h"
#include "held.h"
#include "machine.h"
#include "map.h"
#include "stream.h"

#define MAP_BYTES (64 * 1024)	 /* that are emitted, of one map and of all: events cost the host 1.8 s a MiB */
#define ALL_BYTES (256 * 1024)
#define TYPES_BYTES (512 * 1024) /* of one object; a small scheduler's are 40 KiB, most of it the kernel's */

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

	if (!held_count())
		return;
	emit_begin("dump");
	emit_text("why", why);
	if (title)
		emit_text("title", title);
	emit_end();
	held_maps(&maps);
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
	if (!scheduler->declared)
		return;
	if (scheduler->lost || !scheduler->pid || !held_is_last())
		dump_emit("exit");
}
