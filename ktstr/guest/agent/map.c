// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents of a BPF map, emitted as one stream of bytes: the values of an array in order, of another map the key and
 * the value of each element. The host decodes it by its types (ktstr/events/dump.py).
 */
#include "map.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"
#include "cgroup.h"
#include "files.h"
#include "stream.h"
#include "system.h"

#define VALUE_BYTES (16 << 20)	/* of a value; a map with larger ones is not read */
#define SCAN_BYTES (16 << 20)	/* of a map that are read */
#define MOST_READ 8192		/* elements of a map */
#define MOST_COUNTED 16384

/* Map types that came after the oldest headers that this is built with. */
#define MAP_TYPE_USER_RINGBUF 31
#define MAP_TYPE_CGRP_STORAGE 32
#define MAP_TYPE_ARENA 33

struct reading {
	struct bpf_map_info map;
	int fd;
	unsigned int cpus;	/* 0: not a value for each CPU */
	size_t value_bytes;	/* as a lookup gives it */
	char *key, *value;
	uint64_t count, read;	/* elements there are, and how many of the first were emitted */
	bool more;		/* there are more than were counted */
	int error;		/* errno; 0 if it could be read */
	struct ids *inner;
	struct stream out;
};

static bool lookup(struct reading *reading)
{
	union bpf_attr attributes = {
		.map_fd = (uint32_t)reading->fd,
		.key = (uint64_t)(uintptr_t)reading->key,
		.value = (uint64_t)(uintptr_t)reading->value,
	};

	return !bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
}

/* Puts the key that follows `key` (NULL: the first) into its place. */
static bool next_key(struct reading *reading, const char *key)
{
	union bpf_attr attributes = {
		.map_fd = (uint32_t)reading->fd,
		.key = (uint64_t)(uintptr_t)key,
		.next_key = (uint64_t)(uintptr_t)reading->key,
	};

	return !bpf(BPF_MAP_GET_NEXT_KEY, &attributes);
}

/* Emits an element; false if it does not fit. */
static bool take(struct reading *reading, const char *key, size_t key_bytes)
{
	if (reading->read == MOST_READ || reading->read * reading->value_bytes >= SCAN_BYTES)
		return false;
	if (!stream_put(&reading->out, key, key_bytes) ||
	    !stream_put(&reading->out, reading->value, reading->value_bytes))
		return false;
	reading->read++;
	return true;
}

static void read_array(struct reading *reading)
{
	bool goes_on = true;

	reading->count = reading->map.max_entries;
	for (uint32_t i = 0; i < reading->map.max_entries && goes_on; i++) {
		memcpy(reading->key, &i, sizeof(i));
		if (!lookup(reading)) {
			reading->error = errno;
			return;
		}
		goes_on = take(reading, NULL, 0);
	}
}

/* Counts an element, and emits it if all before it were emitted. */
static void found(struct reading *reading, const char *key, size_t key_bytes)
{
	if (reading->count++ == reading->read)
		take(reading, key, key_bytes);
}

static void read_by_key(struct reading *reading)
{
	uint32_t id;

	for (bool there = next_key(reading, NULL); there; there = next_key(reading, reading->key)) {
		if (reading->count == MOST_COUNTED) {
			reading->more = true;
			return;
		}
		if (lookup(reading)) {
			found(reading, reading->key, reading->map.key_size);
			memcpy(&id, reading->value, sizeof(id));
			if (reading->map.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
			    reading->map.type == BPF_MAP_TYPE_HASH_OF_MAPS)
				ids_add(reading->inner, id);
		} else if (errno != ENOENT) { /* ENOENT: an empty slot of an array, or an element that has just gone */
			break;
		}
	}
	if (errno != ENOENT)
		reading->error = errno;
}

/* The value that belongs to what `fd` refers to, keyed by a name that the host knows; closes `fd`. */
static void read_owner(struct reading *reading, int fd, const void *name, size_t size)
{
	memcpy(reading->key, &fd, sizeof(fd));
	if (lookup(reading))
		found(reading, name, size);
	else if (errno != ENOENT)
		reading->error = errno;
	close(fd);
}

/* The kernel does not list task storage: each process is looked up. */
static void read_by_task(struct reading *reading)
{
	struct dirent *entry;
	DIR *all = opendir("/proc");

	if (!all)
		fail_errno("dump", "/proc");
	while (!reading->error && (entry = readdir(all))) {
		struct {
			uint32_t pid;
			char comm[16];
		} name = { .pid = (uint32_t)strtoul(entry->d_name, NULL, 10) };
		char path[64], comm[64];
		int fd;

		if (!name.pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/comm", name.pid);
		if (file_read(path, comm, sizeof(comm)) < 0)
			continue;
		snprintf(name.comm, sizeof(name.comm), "%.15s", comm);
		fd = (int)syscall(SYS_pidfd_open, name.pid, 0);
		if (fd >= 0)
			read_owner(reading, fd, &name, sizeof(name));
	}
	closedir(all);
}

/* The same for cgroups: the root and those directly under it. */
static void read_by_cgroup(struct reading *reading)
{
	struct dirent *entry;
	DIR *all = opendir(CGROUP_ROOT);

	if (!all)
		fail_errno("dump", CGROUP_ROOT);
	while (!reading->error && (entry = readdir(all))) {
		char name[64] = "/";
		int fd;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".."))
			continue;
		if (strcmp(entry->d_name, "."))
			snprintf(name, sizeof(name), "%.63s", entry->d_name);
		fd = openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			read_owner(reading, fd, name, sizeof(name));
	}
	closedir(all);
}

/* Reads the map as its type requires; returns what its elements are keyed by. */
static const char *read_elements(struct reading *reading)
{
	switch (reading->map.type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		read_array(reading);
		return "index";
	case BPF_MAP_TYPE_TASK_STORAGE:
		read_by_task(reading);
		return "task";
	case MAP_TYPE_CGRP_STORAGE:
		read_by_cgroup(reading);
		return "cgroup";
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_BLOOM_FILTER:
	case MAP_TYPE_USER_RINGBUF:
	case MAP_TYPE_ARENA:
		return "none";
	default:
		read_by_key(reading);
		return "key";
	}
}

static void emit_map(struct reading *reading, const char *by)
{
	const struct bpf_map_info *map = &reading->map;
	uint64_t bytes = stream_end(&reading->out);

	emit_begin("dump_map");
	emit_u64("id", map->id);
	emit_u64("type", map->type);
	emit_text("name", map->name);
	emit_u64("key_bytes", map->key_size);
	emit_u64("value_bytes", map->value_size);
	emit_u64("entries", map->max_entries);
	emit_u64("btf", map->btf_id);
	emit_u64("key_type", map->btf_key_type_id);
	emit_u64("value_type", map->btf_value_type_id);
	emit_u64("cpus", reading->cpus);
	emit_text("by", by);
	emit_u64("count", reading->count);
	emit_u64("more", reading->more);
	emit_u64("read", reading->read);
	emit_u64("bytes", bytes);
	if (reading->error)
		emit_text("error", strerror(reading->error));
	emit_end();
}

static bool is_for_each_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

size_t map_emit(uint32_t id, size_t room, struct ids *objects, struct ids *maps)
{
	struct reading *reading;
	const char *by;
	int fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, id);

	if (fd < 0)
		return 0;
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		fail_errno("dump", "memory");
	reading->fd = fd;
	reading->inner = maps;
	reading->out = (struct stream){ .event = "dump_data", .id = id, .room = room };
	bpf_info(fd, &reading->map, sizeof(reading->map));
	reading->cpus = is_for_each_cpu(reading->map.type) ? system_possible_cpus() : 0;
	reading->value_bytes = reading->map.value_size;
	if (reading->cpus)
		reading->value_bytes = (reading->value_bytes + 7) / 8 * 8 * reading->cpus;
	if (reading->value_bytes > VALUE_BYTES)
		reading->error = EFBIG;
	/* The key of task or cgroup storage is a descriptor; a value that is a map is read as its id. */
	reading->key = calloc(1, reading->map.key_size + sizeof(fd));
	reading->value = calloc(1, reading->error ? 1 : reading->value_bytes + sizeof(uint32_t));
	if (!reading->key || !reading->value)
		fail_errno("dump", "memory for a value");
	by = reading->error ? "none" : read_elements(reading);
	emit_map(reading, by);
	ids_add(objects, reading->map.btf_id);
	close(fd);
	room -= reading->out.room;
	free(reading->key);
	free(reading->value);
	free(reading);
	return room;
}
