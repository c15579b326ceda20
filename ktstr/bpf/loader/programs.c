// SPDX-License-Identifier: GPL-2.0-only
/*
 * --each: loads each program of an object by itself, so that a refused one hides no other. Loaded programs are pinned,
 * which keeps them after the loader's end.
 */
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "enums.h"
#include "log.h"
#include "object.h"
#include "status.h"

#define MAX_KEPT 256

#define LOG_STATISTICS 4 /* BPF_LOG_STATS of include/linux/bpf_verifier.h: only what the program cost */

/* Takes every other program out of the struct_ops maps: libbpf loads what they refer to. */
static void drop_others(struct bpf_object *object, const struct bpf_program *kept)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		size_t size;
		void **members;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		members = bpf_map__initial_value(map, &size);
		for (size_t i = 0; members && i < size / sizeof(*members); i++)
			bpf_object__for_each_program(program, object)
				if (members[i] == program && program != kept)
					members[i] = NULL;
	}
}

/* The maps of the programs so far. Programs that are pinned hold theirs: if each had its own, a guest would soon be full. */
struct kept {
	struct {
		char name[64];
		int fd;
	} maps[MAX_KEPT];
	int count;
};

static bool is_shared(const struct bpf_map *map)
{
	return bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS && bpf_map__autocreate(map);
}

/* Gives the object the maps that are there already. A map that does not fit gets one of its own. */
static void reuse(const struct kept *kept, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		for (int i = 0; is_shared(map) && i < kept->count; i++)
			if (!strcmp(kept->maps[i].name, bpf_map__name(map)) && bpf_map__reuse_fd(map, kept->maps[i].fd))
				say("map %s is made once more: %s", bpf_map__name(map), strerror(errno));
}

/* Keeps the maps of a loaded object that are not kept yet. */
static void keep(struct kept *kept, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		int i = 0, fd = bpf_map__fd(map);

		while (i < kept->count && strcmp(kept->maps[i].name, bpf_map__name(map)))
			i++;
		if (!is_shared(map) || fd < 0 || i < kept->count || kept->count == MAX_KEPT)
			continue;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			continue;
		kept->maps[kept->count].fd = fd;
		snprintf(kept->maps[kept->count++].name, sizeof(kept->maps[0].name), "%s", bpf_map__name(map));
	}
}

/* A map whose size its userspace program would set gets one element: the verifier does not care. */
static void size_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		switch (bpf_map__type(map)) {
		case BPF_MAP_TYPE_STRUCT_OPS:
		case BPF_MAP_TYPE_ARENA: /* its globals would not fit into one page */
		case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		case BPF_MAP_TYPE_SK_STORAGE:
		case BPF_MAP_TYPE_TASK_STORAGE:
		case BPF_MAP_TYPE_INODE_STORAGE:
		case BPF_MAP_TYPE_CGRP_STORAGE:
			break;
		default:
			if (!bpf_map__max_entries(map))
				bpf_map__set_max_entries(map, 1);
		}
	}
}

/* Opens the object with all but program number `index` left out; NULL having said why. */
static struct bpf_object *open_one(const struct request *request, const struct kept *kept, int index,
				   struct bpf_program **wanted)
{
	struct bpf_object *object = object_open(request);
	struct bpf_program *program;
	int number = 0;

	*wanted = NULL;
	if (!object)
		return NULL;
	bpf_object__for_each_program(program, object) {
		if (number == index)
			*wanted = program;
		bpf_program__set_autoload(program, number++ == index);
	}
	if (!*wanted)
		return object;
	drop_others(object, *wanted);
	size_maps(object);
	reuse(kept, object);
	if (enums_set(object)) {
		bpf_object__close(object);
		return NULL;
	}
	return object;
}

/* The line of the verifier's statistics that says how many instructions it processed; empty if there is none. */
static const char *processed(char *log)
{
	char *line = strstr(log, "processed ");

	if (!line)
		return "";
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Says why program number `index` is refused. Loads it once more, for the verifier's log. */
static void explain(const struct request *request, const struct kept *kept, int index)
{
	const char *reason = "", *name;
	struct bpf_program *program;
	struct bpf_object *object = open_one(request, kept, index, &program);
	int error;

	if (!object)
		return;
	if (log_collect(object)) {
		bpf_object__close(object);
		return;
	}
	error = bpf_object__load(object);
	name = bpf_program__name(program);
	if (error && log_report(object, &reason))
		say("refused by the verifier: %s: %s", name, reason);
	else
		say("prog '%s': BPF program load failed: %s", name, log_first_warning());
	bpf_object__close(object);
}

int programs_load(const struct request *request)
{
	static char log[64 << 10];
	static struct kept kept;
	int status = STOPPED;

	for (int index = 0;; index++) {
		struct bpf_program *program;
		struct bpf_object *object;
		char path[256];

		log_forget();
		object = open_one(request, &kept, index, &program);
		if (!object)
			return UNUSABLE;
		if (!program) {
			bpf_object__close(object);
			break;
		}
		log[0] = '\0';
		bpf_program__set_log_level(program, LOG_STATISTICS);
		bpf_program__set_log_buf(program, log, sizeof(log));
		if (bpf_object__load(object)) {
			bpf_object__close(object);
			explain(request, &kept, index);
			status = REFUSED;
			continue;
		}
		keep(&kept, object);
		printf("verified %s: %s\n", bpf_program__name(program), processed(log));
		snprintf(path, sizeof(path), "%s/program-%d", request->each, index);
		if (bpf_program__pin(program, path)) {
			say("%s: cannot be pinned: %s", path, strerror(errno));
			status = UNUSABLE;
		}
		bpf_object__close(object);
	}
	return status;
}
