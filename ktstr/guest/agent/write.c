// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to a scheduler's globals, through a mapping of the map that holds them. An update through bpf(2) would replace
 * the whole map, and with it what the scheduler has written meanwhile.
 */
#include "write.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/event.h>
#include <ktstr/store.h>

#include "btf_load.h"
#include "btf_path.h"
#include "number.h"
#include "scheduler_map.h"

struct write {
	const char *map, *variable, *text; /* as the plan has them */
	uint64_t at_ns;		/* from the start of the hold */
	char *place;
	struct btf_number number;
	uint64_t value;
};

static struct {
	struct write all[KTSTR_MAX_WRITES];
	unsigned int count, done; /* in order of time */
} writes;

static void refuse(const struct write *write, const char *why)
{
	emit_begin("write_refused");
	emit_text("map", write->map);
	emit_text("variable", write->variable);
	emit_text("value", write->text);
	emit_text("why", why);
	emit_text("wanted", write->number.wanted ? write->number.wanted : "");
	emit_end();
}

static void emit_name(const char *name)
{
	emit_begin("write_known");
	emit_text("name", name);
	emit_end();
}

/* The value that the plan has, if it fits. */
static bool parse(struct write *write)
{
	const struct btf_number *number = &write->number;
	unsigned int bits = number->size * 8;
	uint64_t high = number->is_bool ? 1 : UINT64_MAX >> (64 - bits + number->is_signed);
	bool negative = write->text[0] == '-', fits;
	char why[160];

	errno = 0;
	write->value = negative ? (uint64_t)strtoll(write->text, NULL, 10) : strtoull(write->text, NULL, 10);
	if (negative)
		fits = number->is_signed && (int64_t)write->value >= -(int64_t)high - 1;
	else
		fits = write->value <= high;
	if (fits && !errno)
		return true;
	snprintf(why, sizeof(why), "%s does not fit: must be %s%llu to %llu", write->text, number->is_signed ? "-" : "",
		 number->is_signed ? (unsigned long long)high + 1 : 0, (unsigned long long)high);
	refuse(write, why);
	return false;
}

/* Maps the bytes of a map's value, or of an array's element; NULL if it cannot, having said why. */
static char *map_bytes(const struct write *write, const struct bpf_map_info *map, int fd, uint64_t index)
{
	uint64_t stride = (map->value_size + 7ULL) / 8 * 8, size = stride * map->max_entries;
	char why[160], *bytes;

	if (map->type != BPF_MAP_TYPE_ARRAY || !(map->map_flags & BPF_F_MMAPABLE)) {
		refuse(write, "the map cannot be mapped; .bss, .data and arrays with BPF_F_MMAPABLE can");
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
		snprintf(why, sizeof(why), "the map is read-only after loading: mapping it: %s", strerror(errno));
		refuse(write, why);
		return NULL;
	}
	return bytes + index * stride;
}

/* Finds the variable and checks the value; false, having said why, if either is wrong. */
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

	count = scheduler_map_find(write->map, &btf, &map, &fd);
	if (count != 1) {
		write->number.wanted = count ? NULL : write->map;
		refuse(write, count ? "the scheduler has several maps of that name" : "the scheduler has no such map");
		scheduler_map_names(&btf, emit_name);
		goto out;
	}
	if (!map.btf_id || !btf_load(&btf, map.btf_id) || !map.btf_value_type_id) {
		refuse(write, "the map has no type information (BTF)");
		goto close;
	}
	value = btf_type(&btf, map.btf_value_type_id);
	/* In an array that is not a section, the path begins with an element. */
	if (value && BTF_INFO_KIND(value->info) != BTF_KIND_DATASEC) {
		index = *path == '[' ? strtoull(path + 1, &end, 10) : 0;
		if (*path != '[' || end == path + 1 || *end != ']') {
			refuse(write, "the map is not a section; name an element of it first, such as [0]");
			goto close;
		}
		path = end + 1;
	}
	if (!btf_path_find(&btf, map.btf_value_type_id, path, &write->number)) {
		refuse(write, write->number.wrong);
		btf_path_names(&btf, write->number.owner, emit_name);
		goto close;
	}
	if ((uint64_t)write->number.offset + write->number.size > map.value_size) {
		refuse(write, "is beyond the map's value");
		goto close;
	}
	write->place = parse(write) ? map_bytes(write, &map, fd, index) : NULL;
	if (write->place)
		write->place += write->number.offset;
	ready = write->place;
close:
	close(fd);
out:
	btf_free(&btf);
	return ready;
}

static void write_value(const struct write *write)
{
	uint64_t was = number_load(&write->number, write->place);

	ktstr_store(write->place, write->value, write->number.size);
	emit_begin("write");
	emit_text("map", write->map);
	emit_text("variable", write->variable);
	emit_text("value", write->text);
	number_emit("was", &write->number, was);
	emit_u64("bytes", write->number.size);
	emit_end();
}

static struct write from_request(const struct write_request *request)
{
	return (struct write){ .map = request->map, .variable = request->variable, .text = request->value };
}

bool write_now(const struct write_request *request)
{
	struct write write = from_request(request);

	if (!prepare(&write))
		return false;
	write_value(&write);
	return true;
}

bool write_later(const struct write_request *request, uint64_t at_ns)
{
	struct write write = from_request(request);
	unsigned int at = writes.count;

	if (!prepare(&write))
		return false;
	if (writes.count == KTSTR_MAX_WRITES)
		fail_format("write", "a plan has at most %u writes that wait for their time", KTSTR_MAX_WRITES);
	write.at_ns = at_ns;
	for (; at > writes.done && writes.all[at - 1].at_ns > write.at_ns; at--)
		writes.all[at] = writes.all[at - 1];
	writes.all[at] = write;
	writes.count++;
	return true;
}

uint64_t write_before(uint64_t ns)
{
	return writes.done < writes.count && writes.all[writes.done].at_ns < ns ? writes.all[writes.done].at_ns : ns;
}

void write_due(uint64_t ns)
{
	while (writes.done < writes.count && writes.all[writes.done].at_ns <= ns)
		write_value(&writes.all[writes.done++]);
}
