// SPDX-License-Identifier: GPL-2.0-only
#include "choice.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000

/* What is drawn from. A line `draw` of the file has the members in this order. */
struct draws {
	uint64_t seed;
	uint64_t from; /* the first entry of a block at which is drawn */
	uint64_t rate; /* the chance, in millionths */
	uint64_t by_rarity; /* 1: the chance is divided by how often the block was entered of late */
	uint64_t shortest_ns, longest_ns;
	uint64_t most_skip;
	uint64_t most;	  /* stops */
	uint64_t of_cpus; /* only of the CPUs 0 to 63 whose bit is set; 0: of all */
};

static struct {
	struct stop *points; /* in order of their blocks' hashes, then of their entries */
	size_t count;
	struct draws draws;
	bool has_draws;
	uint64_t state, drawn;
} choice;

/* splitmix64: the numbers follow from the seed, in the order of the executions. */
static uint64_t draw(void)
{
	uint64_t z = choice.state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A length between both: each doubling is as likely as any other. */
static uint64_t draw_ns(uint64_t shortest, uint64_t longest)
{
	unsigned int doublings = 0;
	uint64_t ns;

	while (shortest << (doublings + 1) <= longest && doublings < 32)
		doublings++;
	ns = shortest << draw() % (doublings + 1);
	ns += draw() % (ns + 1);
	return ns < longest ? ns : longest;
}

/*
 * How many instructions later. Every other time none, because what matters is often what a whole block has looked at; else
 * most often beside a use of memory in the block that most likely comes next, because nothing else can be raced for.
 */
static uint32_t draw_skip(const struct block *block, uint64_t most)
{
	const struct block *next = block->next;
	uint64_t how = draw() % 8;

	if (!most || how < 4)
		return 0;
	if (how < 7 && next && next->touch_count)
		return next->touches[draw() % next->touch_count];
	return (uint32_t)(1 + draw() % most);
}

static const char *read_point(const char *line)
{
	struct stop point = { 0 }, *points;

	if (sscanf(line, "point %" SCNx64 " %" SCNu64 " %" SCNu32 " %" SCNu64, &point.block, &point.entry, &point.skip,
		   &point.ns) != 4)
		return "a point needs a block, an entry, a skip and ns";
	points = realloc(choice.points, (choice.count + 1) * sizeof(*points));
	if (!points)
		return strerror(ENOMEM);
	points[choice.count++] = point;
	choice.points = points;
	return NULL;
}

static const char *read_draws(const char *line)
{
	struct draws *d = &choice.draws;
	int fields = sscanf(line,
			    "draw %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			    " %" SCNu64,
			    &d->seed, &d->from, &d->rate, &d->by_rarity, &d->shortest_ns, &d->longest_ns, &d->most_skip,
			    &d->most, &d->of_cpus);

	if (fields != 9 || !d->shortest_ns || d->longest_ns < d->shortest_ns)
		return "draw needs nine numbers";
	choice.state = d->seed;
	choice.has_draws = true;
	return NULL;
}

static int in_order(const void *one, const void *other)
{
	const struct stop *a = one, *b = other;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

const char *choice_read(const char *path)
{
	FILE *file = fopen(path, "r");
	const char *wrong = NULL;
	char line[512];

	if (!file)
		return strerror(errno);
	while (!wrong && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "point ", 6))
			wrong = read_point(line);
		else if (!strncmp(line, "draw ", 5))
			wrong = read_draws(line);
		else
			wrong = "a line is neither a point nor what is drawn";
	}
	if (!wrong && ferror(file))
		wrong = strerror(errno);
	fclose(file);
	if (choice.count)
		qsort(choice.points, choice.count, sizeof(*choice.points), in_order);
	return wrong;
}

static bool listed(uint64_t block, uint64_t entry, struct stop *stop)
{
	struct stop key = { .block = block, .entry = entry }, *found;

	found = choice.count ? bsearch(&key, choice.points, choice.count, sizeof(key), in_order) : NULL;
	if (found)
		*stop = *found;
	return found;
}

bool choice_at(uint64_t index, unsigned int cpu, const struct block *block, uint32_t often, struct stop *stop)
{
	const struct draws *d = &choice.draws;

	if (listed(block->hash, block->count, stop) || listed(0, index, stop))
		return true;
	if (!choice.has_draws || index < d->from || choice.drawn >= d->most)
		return false;
	if (d->of_cpus && (cpu >= 64 || !(d->of_cpus >> cpu & 1)))
		return false;
	if (draw() % MILLION * (d->by_rarity ? often : 1) >= d->rate)
		return false;
	choice.drawn++;
	*stop = (struct stop){ .ns = draw_ns(d->shortest_ns, d->longest_ns) };
	stop->skip = draw_skip(block, d->most_skip);
	return true;
}
