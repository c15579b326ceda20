// SPDX-License-Identifier: GPL-2.0-only
/* The workers of a cgroup. */
#include "member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "cgroup.h"
#include "payload.h"

#define PROCS_BYTES 65536
#define PASSES 8 /* over a cgroup whose tasks fork meanwhile */

const char *member_cgroup(const struct worker *worker)
{
	return worker->moved ? worker->moved_to : worker->cgroup;
}

static bool lives(const struct worker *worker)
{
	return worker->pid && !worker->ended;
}

static bool is_below(const struct worker *worker, const char *cgroup)
{
	const char *place = member_cgroup(worker);
	size_t length = strlen(cgroup);

	return !strncmp(place, cgroup, length) && (place[length] == '\0' || place[length] == '/');
}

void members_each(const char *cgroup, void (*each)(struct worker *worker))
{
	for (unsigned int i = 0; i < agent.workers.count; i++) {
		struct worker *worker = &agent.workers.all[i];

		if (lives(worker) && is_below(worker, cgroup))
			each(worker);
	}
}

static void note_end(struct worker *worker)
{
	worker_note_end(worker);
	/* One that no hold has released did nothing that a report could have. */
	if (worker->index >= agent.workers.released)
		worker->gone = true;
}

bool members_end(const char *cgroup)
{
	members_each(cgroup, note_end);
	payloads_told(cgroup);
	return cgroup_write(cgroup, "cgroup.kill", "1");
}

static void moved(struct worker *worker, const char *to, bool was_frozen, bool is_frozen)
{
	worker->moved = true;
	snprintf(worker->moved_to, sizeof(worker->moved_to), "%s", to);
	if (is_frozen && !was_frozen)
		worker_stopped(worker);
	if (was_frozen && !is_frozen)
		worker_continues(worker);
}

/* Moves what is in cgroup.procs; returns how many, -1 if the kernel refuses one. */
static int move_rest(const char *from, const char *to)
{
	static char procs[PROCS_BYTES];
	int count = 0;

	if (cgroup_read(from, "cgroup.procs", procs, sizeof(procs)) < 0)
		return -1;
	for (char *one = strtok(procs, "\n"); one; one = strtok(NULL, "\n")) {
		if (cgroup_move(to, (pid_t)strtol(one, NULL, 10)))
			count++;
		else if (errno != ESRCH)
			return -1;
	}
	return count;
}

unsigned int members_move(const char *from, const char *to, unsigned int count, bool *all)
{
	bool was_frozen = cgroup_is_frozen(from), is_frozen = cgroup_is_frozen(to);
	unsigned int done = 0, seen = 0;

	*all = true;
	for (unsigned int i = 0; i < agent.workers.count && (!count || seen < count); i++) {
		struct worker *worker = &agent.workers.all[i];

		if (!lives(worker) || strcmp(member_cgroup(worker), from))
			continue;
		seen++;
		if (cgroup_move(to, worker->pid)) {
			moved(worker, to, was_frozen, is_frozen);
			done++;
		} else if (errno != ESRCH) {
			*all = false;
			return done;
		}
	}
	for (int pass = 0; !count && *from && pass < PASSES; pass++) {
		int more = move_rest(from, to);

		if (more < 0)
			*all = false;
		if (more <= 0)
			break;
		done += (unsigned int)more;
	}
	return done;
}
