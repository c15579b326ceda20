// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to a scheduler's globals, through a mapping of the map that holds them: an update by bpf(2) would replace the
 * whole of it, with what the scheduler has put there meanwhile.
 */
#include "agent.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_WRITES 64
#define AT_ONCE "-"

struct write {
	const char *map, *variable, *text; /* as the plan has them */
	uint64_t at_ns;		/* from the start of the hold */
	char *place;
	struct member member;
	uint64_t value;
};

static struct {
	struct write all[MAX_WRITES];
	unsigned int count, done; /* in order of time */
} writes;

/*
 * A map's name as its source has it. The kernel's is cut at 15 characters, and libbpf puts the object's before those of
 * sections ("my_sched.bss"); the whole name of a section is that of its type.
 */
static const char *map_name(const struct bpf_map_info *map, struct btf *btf)
{
	const struct btf_type *type =
		map->btf_id && btf_read(btf, map->btf_id) ? btf_type(btf, map->btf_value_type_id) : NULL;

	return type && BTF_INFO_KIND(type->info) == BTF_KIND_DATASEC ? btf_text(btf, type->name_off) : map->name;
}

static bool is_called(const struct bpf_map_info *map, struct btf *btf, const char *name)
{
	return !strcmp(map_name(map, btf), name) || !strncmp(map->name, name, BPF_OBJ_NAME_LEN - 1);
}

static void refuse(const struct write *write, const char *why)
{
	emit_begin("write_refused");
	emit_text("map", write->map);
	emit_text("variable", write->variable);
	emit_text("value", write->text);
	emit_text("why", why);
	emit_text("wanted", write->member.wanted ? write->member.wanted : "");
	emit_end();
}

static void tell_name(const char *name)
{
	emit_begin("write_known");
	emit_text("name", name);
	emit_end();
}

/* Goes through the schedulers' maps; returns how many are called so, and a descriptor of the first. */
static unsigned int find_map(const char *name, struct btf *btf, struct bpf_map_info *found, int *found_fd)
{
	struct ids objects = { 0 }, maps = { 0 };
	unsigned int count = 0;

	bpf_schedulers(&objects, &maps);
	for (uint32_t id = 0; (id = bpf_next_id(BPF_MAP_GET_NEXT_ID, id));) {
		struct bpf_map_info map = { 0 };
		int fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, id);

		if (fd < 0)
			continue;
		bpf_info(fd, &map, sizeof(map));
		if (!ids_have(&objects, map.btf_id) && !ids_have(&maps, map.id)) {
			close(fd);
		} else if (!name) {
			tell_name(map_name(&map, btf));
			close(fd);
		} else if (is_called(&map, btf, name) && !count++) {
			*found = map;
			*found_fd = fd;
		} else {
			close(fd);
		}
	}
	return count;
}

/* The value that the plan has, if it fits. */
static bool parse(struct write *write)
{
	const struct member *member = &write->member;
	unsigned int bits = member->size * 8;
	uint64_t high = member->is_bool ? 1 : UINT64_MAX >> (64 - bits + member->is_signed);
	bool negative = write->text[0] == '-', fits;
	char why[160];

	errno = 0;
	write->value = negative ? (uint64_t)strtoll(write->text, NULL, 10) : strtoull(write->text, NULL, 10);
	if (negative)
		fits = member->is_signed && (int64_t)write->value >= -(int64_t)high - 1;
	else
		fits = write->value <= high;
	if (fits && !errno)
		return true;
	snprintf(why, sizeof(why), "%s does not fit: must be %s%llu to %llu", write->text, member->is_signed ? "-" : "",
		 member->is_signed ? (unsigned long long)high + 1 : 0, (unsigned long long)high);
	refuse(write, why);
	return false;
}

/* The bytes of a map's value, or of an array's element, mapped; NULL where that cannot be, having said why. */
static char *map_bytes(const struct write *write, const struct bpf_map_info *map, int fd, uint64_t index)
{
	uint64_t stride = (map->value_size + 7ULL) / 8 * 8, size = stride * map->max_entries;
	char why[160], *bytes;

	if (map->type != BPF_MAP_TYPE_ARRAY || !(map->map_flags & BPF_F_MMAPABLE)) {
		refuse(write, "the map is no array that can be mapped: .bss, .data and arrays with BPF_F_MMAPABLE are");
		return NULL;
	}
	if (index >= map->max_entries) {
		snprintf(why, sizeof(why), "[%llu] is beyond the map's %u elements", (unsigned long long)index,
			 map->max_entries);
		refuse(write, why);
		return NULL;
	}
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		snprintf(why, sizeof(why), "the map is read-only since it was loaded: mapping it: %s", strerror(errno));
		refuse(write, why);
		return NULL;
	}
	return bytes + index * stride;
}

/* Finds the write's place and checks its value; false where either is not to be had, having said why. */
static bool prepare(struct write *write)
{
	const struct btf_type *value;
	const char *path = write->variable;
	struct bpf_map_info map;
	struct btf btf = { 0 };
	uint64_t index = 0;
	unsigned int count;
	bool ready = false;
	char *end;
	int fd;

	count = find_map(write->map, &btf, &map, &fd);
	if (count != 1) {
		write->member.wanted = count ? NULL : write->map;
		refuse(write, count ? "several of the scheduler's maps are called so" : "the scheduler has no such map");
		find_map(NULL, &btf, &map, &fd);
		goto out;
	}
	if (!map.btf_id || !btf_read(&btf, map.btf_id) || !map.btf_value_type_id) {
		refuse(write, "the map came without its type (BTF)");
		goto close;
	}
	value = btf_type(&btf, map.btf_value_type_id);
	/* An array that is no section is named from its elements on. */
	if (value && BTF_INFO_KIND(value->info) != BTF_KIND_DATASEC) {
		index = *path == '[' ? strtoull(path + 1, &end, 10) : 0;
		if (*path != '[' || end == path + 1 || *end != ']') {
			refuse(write, "the map is no section; name an element of it first, such as [0]");
			goto close;
		}
		path = end + 1;
	}
	if (!member_find(&btf, map.btf_value_type_id, path, &write->member)) {
		refuse(write, write->member.wrong);
		member_names(&btf, write->member.owner, tell_name);
		goto close;
	}
	if ((uint64_t)write->member.offset + write->member.size > map.value_size) {
		refuse(write, "is beyond the map's value");
		goto close;
	}
	write->place = parse(write) ? map_bytes(write, &map, fd, index) : NULL;
	if (write->place)
		write->place += write->member.offset;
	ready = write->place;
close:
	close(fd);
out:
	btf_free(&btf);
	return ready;
}

/* Stores so many bytes, by one instruction where they are aligned: programs look at them meanwhile. */
static void store(char *place, uint64_t value, uint32_t size)
{
	if ((uintptr_t)place % size) {
		memcpy(place, &value, size);
		return;
	}
	switch (size) {
	case 1:
		*(volatile uint8_t *)place = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)place = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)place = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)place = value;
		break;
	}
}

static void carry_out(const struct write *write)
{
	unsigned int unused = 64 - write->member.size * 8;
	uint64_t was = 0;

	memcpy(&was, write->place, write->member.size);
	store(write->place, write->value, write->member.size);
	emit_begin("write");
	emit_text("map", write->map);
	emit_text("variable", write->variable);
	emit_text("value", write->text);
	if (write->member.is_signed)
		emit_i64("was", (int64_t)(was << unused) >> unused);
	else
		emit_u64("was", was);
	emit_u64("bytes", write->member.size);
	emit_end();
}

/* write AT MAP VARIABLE VALUE: at once, or so long after the next hold begins. False where it cannot be done. */
bool write_add(const struct plan_line *line)
{
	struct write write = { .map = line->token[2], .variable = line->token[3], .text = line->token[4] };
	unsigned int at = writes.count;

	if (!prepare(&write))
		return false;
	if (!strcmp(line->token[1], AT_ONCE)) {
		carry_out(&write);
		return true;
	}
	if (writes.count == MAX_WRITES)
		fail("write", "too many");
	write.at_ns = plan_u64(line, 1);
	for (; at > writes.done && writes.all[at - 1].at_ns > write.at_ns; at--)
		writes.all[at] = writes.all[at - 1];
	writes.all[at] = write;
	writes.count++;
	return true;
}

/* When, of `ns` and the next write, is first; both from the start of the hold. */
uint64_t write_before(uint64_t ns)
{
	return writes.done < writes.count && writes.all[writes.done].at_ns < ns ? writes.all[writes.done].at_ns : ns;
}

/* Carries out what is due so long after the start of the hold. */
void write_due(uint64_t ns)
{
	while (writes.done < writes.count && writes.all[writes.done].at_ns <= ns)
		carry_out(&writes.all[writes.done++]);
}
