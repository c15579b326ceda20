// SPDX-License-Identifier: GPL-2.0-only
/*
 * --each: a verdict on each program of an object. Accepted programs are pinned, which keeps them after the loader's end.
 *
 * The object is loaded as a whole. What libbpf refuses before the kernel's verifier sees it ends such a load: if it
 * names a program, that one is left out and the object is loaded once more; if not, the object is refused.
 */
#include "programs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "enums.h"
#include "kept_maps.h"
#include "log.h"
#include "object.h"
#include "prog_load.h"
#include "status.h"
#include "struct_ops.h"
#include "verdict_maps.h"

enum verdict {
	UNDECIDED,
	ACCEPTED,
	REFUSED_PROGRAM,
	UNEXPLAINED, /* refused, and only libbpf can say why */
};

struct each {
	struct watcher watcher;
	const struct request *request;
	struct bpf_object *object; /* the one that is being loaded */
	enum verdict *verdicts; /* by the number of the program in the object */
	int count;
	struct kept_maps maps;
	int status;
};

static int count_programs(const struct bpf_object *object)
{
	struct bpf_program *program;
	int count = 0;

	bpf_object__for_each_program(program, object)
		count++;
	return count;
}

static const char *program_name(const struct bpf_object *object, int number)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		if (!number--)
			return bpf_program__name(program);
	return "";
}

/* Opens the object with the undecided programs, or program number `only` alone; NULL having said why. */
static struct bpf_object *open_for(struct each *each, int only)
{
	struct bpf_object *object = object_open(each->request);
	struct bpf_program *program;
	int number = 0;

	if (!object)
		return NULL;
	if (!each->verdicts) {
		each->count = count_programs(object);
		each->verdicts = calloc(each->count + 1, sizeof(*each->verdicts));
		if (!each->verdicts) {
			say("out of memory");
			goto refuse;
		}
	}
	bpf_object__for_each_program(program, object) {
		bool wanted = only < 0 ? each->verdicts[number] == UNDECIDED : number == only;

		bpf_program__set_autoload(program, wanted);
		if (!wanted)
			verdict_maps_drop(object, program);
		number++;
	}
	verdict_maps_prepare(object);
	kept_maps_reuse(&each->maps, object);
	if (enums_set(object))
		goto refuse;
	return object;

refuse:
	bpf_object__close(object);
	return NULL;
}

/* The number of the first undecided program with this name, and the program; -1 if there is none. */
static int find_undecided(const struct each *each, const char *name, struct bpf_program **found)
{
	struct bpf_program *program;
	int number = 0;

	bpf_object__for_each_program(program, each->object) {
		if (each->verdicts[number] == UNDECIDED && !strcmp(bpf_program__name(program), name)) {
			*found = program;
			return number;
		}
		number++;
	}
	return -1;
}

static void refuse_program(struct each *each, int number, const char *name, const char *why)
{
	each->verdicts[number] = REFUSED_PROGRAM;
	each->status = REFUSED;
	say("prog '%s': BPF program load failed: %s", name, why);
}

/* Refuses the programs that libbpf did not load, although nothing was wrong. */
static void refuse_rest(struct each *each)
{
	for (int number = 0; number < each->count; number++)
		if (each->verdicts[number] == UNDECIDED)
			refuse_program(each, number, program_name(each->object, number),
				       "it is for a struct_ops that this kernel lacks");
}

static void pin(struct each *each, int number, int fd)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/program-%d", each->request->each, number);
	if (bpf_obj_pin(fd, path)) {
		say("%s: cannot be pinned: %s", path, strerror(errno));
		each->status = UNUSABLE;
	}
}

/*
 * Whether libbpf has made calls of what the kernel lacks to such of no function; it knows what they were. The numbers
 * are those of its libbpf.c and relo_core.c.
 */
static bool libbpf_knows(const char *log)
{
	return strstr(log, "unknown#195896080") || strstr(log, "unknown#200100") || strstr(log, "unknown#200200");
}

static void decide(struct watcher *watcher, const char *name, int fd, char *log)
{
	struct each *each = (struct each *)watcher; /* its first member */
	struct bpf_program *program;
	int number = find_undecided(each, name, &program);

	if (number < 0)
		return;
	kept_maps_add(&each->maps, each->object);
	if (fd >= 0) {
		each->verdicts[number] = ACCEPTED;
		printf("verified %s: %s\n", name, log_statistics(log));
		pin(each, number, fd);
	} else if (libbpf_knows(log)) {
		each->verdicts[number] = UNEXPLAINED;
		each->status = REFUSED;
	} else if (log[0]) {
		each->verdicts[number] = REFUSED_PROGRAM;
		each->status = REFUSED;
		log_print(name, log);
		say("refused by the verifier: %s: %s", name, log_complaint(log));
	} else {
		refuse_program(each, number, name, strerror(-fd));
	}
}

/* Loads program number `number` alone, so that libbpf puts its words into the verifier's log. */
static void explain(struct each *each, int number)
{
	struct bpf_object *object = open_for(each, number);
	const char *reason = "", *name = NULL;
	int error = 0;

	if (!object)
		return;
	log_forget();
	if (!log_collect(object)) {
		error = bpf_object__load(object);
		name = error ? log_report(object, &reason) : NULL;
	}
	if (name)
		say("refused by the verifier: %s: %s", name, reason);
	else
		say("prog '%s': BPF program load failed: %s", program_name(object, number),
		    error ? log_reason(-error) : "not if it is alone");
	bpf_object__close(object);
}

/* The number of the program that libbpf's warning is about, and what it says; -1 if it is about the object. */
static int blamed(const struct each *each, struct bpf_program **program, const char **why)
{
	char map_name[64], member[64], name[128];
	struct bpf_map *map;

	*why = log_blamed(name, sizeof(name));
	if (*why)
		return find_undecided(each, name, program);
	*why = log_first_warning();
	if (sscanf(*why, "struct_ops init_kern %63[^:]: Cannot find member %63s", map_name, member) != 2)
		return -1;
	map = bpf_object__find_map_by_name(each->object, map_name);
	*program = map ? struct_ops_member(each->object, map, member) : NULL;
	return *program ? find_undecided(each, bpf_program__name(*program), program) : -1;
}

static bool is_undecided(const struct each *each)
{
	for (int number = 0; number < each->count; number++)
		if (each->verdicts[number] == UNDECIDED)
			return true;
	return false;
}

/* Loads what is undecided. Returns whether to do so once more. */
static bool load(struct each *each)
{
	struct bpf_program *program;
	const char *why;
	bool again = false;
	int error, number;

	each->object = open_for(each, -1);
	if (!each->object) {
		each->status = UNUSABLE;
		return false;
	}
	if (!each->count) {
		say("the object has no BPF program");
		each->status = UNUSABLE;
		goto out;
	}
	log_forget();
	if (prog_load_watch(&each->watcher, each->object)) {
		each->status = UNUSABLE;
		goto out;
	}
	error = bpf_object__load(each->object);
	prog_load_unwatch();
	if (!is_undecided(each))
		goto out;
	number = error ? blamed(each, &program, &why) : -1;
	if (number >= 0) {
		refuse_program(each, number, bpf_program__name(program), why);
		again = true;
	} else if (error) {
		say("the object is refused: %s", log_reason(-error));
		each->status = REFUSED;
	} else {
		refuse_rest(each);
	}
out:
	bpf_object__close(each->object);
	return again;
}

int programs_load(const struct request *request)
{
	static struct each each;

	if (mkdir(request->each, 0700) && errno != EEXIST) {
		say("%s: cannot be made: %s", request->each, strerror(errno));
		return UNUSABLE;
	}
	each.watcher.decided = decide;
	each.request = request;
	each.status = STOPPED;
	while (load(&each) && is_undecided(&each))
		;
	for (int number = 0; number < each.count; number++)
		if (each.verdicts[number] == UNEXPLAINED)
			explain(&each, number);
	free(each.verdicts);
	return each.status;
}
