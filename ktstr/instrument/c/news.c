// SPDX-License-Identifier: GPL-2.0-only
#include "news.h"

#include <stdlib.h>

#include "cpu.h"
#include "out.h"
#include "still.h"

#define SLOTS (1u << 16) /* a power of two; half of them are used at most, and what is new after that is lost */

enum kind { EDGE = 1, BESIDE = 2, PASSED = 3 };

/* Where a CPU is in the scheduler's code. */
struct place {
	const struct owner *callback; /* NULL: in none */
	const struct block *block;    /* the last that it entered */
	unsigned int depth;	      /* calls that have not returned */
};

static struct {
	struct place *places[MOST_CPUS];
	unsigned int inside; /* CPUs in a callback */
	uint64_t seen[SLOTS];
	unsigned int count;
} news;

static void see(enum kind kind, uint64_t one, uint64_t other)
{
	uint64_t hash = hashed(hashed(kind, one), other);

	if (!hash || news.count == SLOTS / 2)
		return;
	for (uint64_t slot = hash % SLOTS;; slot = (slot + 1) % SLOTS) {
		if (news.seen[slot] == hash)
			return;
		if (!news.seen[slot]) {
			news.seen[slot] = hash;
			news.count++;
			return;
		}
	}
}

static struct place *place_of(unsigned int cpu)
{
	if (!news.places[cpu] && !(news.places[cpu] = calloc(1, sizeof(struct place))))
		out_failed("no memory for what is new");
	return news.places[cpu];
}

void news_enter(unsigned int cpu, const struct block *block, unsigned int cpus)
{
	struct place *place = place_of(cpu);

	if (!place)
		return;
	if (block->address == block->of->start) {
		if (!place->depth++) {
			place->callback = block->of;
			place->block = NULL;
			news.inside++;
		}
	} else if (!place->depth) {
		/* Its begin was not seen: it was entered before this was loaded. */
		place->depth = 1;
		place->callback = block->of;
		place->block = NULL;
		news.inside++;
	}
	see(EDGE, place->block ? place->block->hash : 0, block->hash);
	place->block = block;
	if (news.inside < 2)
		return;
	for (unsigned int i = 0; i < cpus; i++) {
		struct place *other = news.places[i];

		if (i == cpu || !other || !other->depth)
			continue;
		see(BESIDE, block->hash, hashed_name(other->callback));
		if (still_is(i))
			see(PASSED, hashed_name(place->callback), other->block->hash);
	}
}

void news_return(unsigned int cpu)
{
	struct place *place = place_of(cpu);

	if (!place || !place->depth || --place->depth)
		return;
	place->callback = NULL;
	news.inside--;
}

void news_write(void)
{
	out_part(PART_NEWS, news.count * sizeof(uint64_t));
	for (unsigned int i = 0; i < SLOTS; i++)
		if (news.seen[i])
			out_put(&news.seen[i], sizeof(news.seen[i]));
}
