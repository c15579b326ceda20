// SPDX-License-Identifier: GPL-2.0-only
#include "meanwhile.h"

#include <stdlib.h>

#include "out.h"
#include "still.h"

#define MOST 65536   /* visits of a run; what is visited after that is not told */
#define MOST_AWAY 256 /* how far back those of one stop are looked for, so that each look is short */

static struct {
	struct visits *all;
	size_t count, room;
} meanwhile;

static struct visits *visits_at(uint64_t stop, unsigned int cpu, const struct block *block)
{
	size_t away = meanwhile.count < MOST_AWAY ? meanwhile.count : MOST_AWAY;

	for (size_t i = meanwhile.count - away; i < meanwhile.count; i++) {
		struct visits *one = &meanwhile.all[i];

		if (one->stop == stop && one->address == block->address && one->cpu == cpu)
			return one;
	}
	if (meanwhile.count == MOST)
		return NULL;
	if (meanwhile.count == meanwhile.room) {
		size_t room = meanwhile.room ? 2 * meanwhile.room : 1024;
		struct visits *all = realloc(meanwhile.all, room * sizeof(*all));

		if (!all) {
			out_failed("no memory for what CPUs did meanwhile");
			return NULL;
		}
		meanwhile.all = all;
		meanwhile.room = room;
	}
	meanwhile.all[meanwhile.count] = (struct visits){
		.stop = stop,
		.address = block->address,
		.owner = block->owner,
		.cpu = cpu,
	};
	return &meanwhile.all[meanwhile.count++];
}

void meanwhile_enter(unsigned int cpu, const struct block *block)
{
	for (unsigned int other = 0; other < still_cpus(); other++) {
		uint64_t stop = other == cpu ? 0 : still_at(other);
		struct visits *visits = stop ? visits_at(stop, cpu, block) : NULL;

		if (visits)
			visits->count++;
	}
}

void meanwhile_write(void)
{
	out_part(PART_VISITS, meanwhile.count * sizeof(struct visits));
	if (meanwhile.count)
		out_put(meanwhile.all, meanwhile.count * sizeof(struct visits));
}
