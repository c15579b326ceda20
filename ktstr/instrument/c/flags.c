// SPDX-License-Identifier: GPL-2.0-only
#include "flags.h"

#include <stdlib.h>

#include "api.h"
#include "out.h"
#include "registers.h"

struct entry {
	struct flags flags;
	struct entry *next;
};

static struct {
	struct entry *first;
	size_t count;
} table;

static struct flags *flags_at(uint32_t owner)
{
	struct entry *entry;

	for (entry = table.first; entry; entry = entry->next)
		if (entry->flags.owner == owner)
			return &entry->flags;
	entry = calloc(1, sizeof(*entry));
	if (!entry) {
		out_failed("no memory for the flags");
		return NULL;
	}
	entry->flags.owner = owner;
	entry->next = table.first;
	table.first = entry;
	table.count++;
	return &entry->flags;
}

void flags_of_call(const struct owner *owner)
{
	uint64_t array = argument_of_call(0), arguments[1 + FLAG_ARGUMENTS];
	struct flags *flags = flags_at(owner->number);

	/* A callback with fewer arguments may have none that can be read. */
	if (!flags || !array || cpu_memory_rw_debug(current_cpu, array, arguments, sizeof(arguments), false))
		return;
	for (unsigned int i = 0; i < FLAG_ARGUMENTS; i++)
		for (uint64_t bits = arguments[1 + i]; bits; bits &= bits - 1)
			flags->counts[i][__builtin_ctzll(bits)]++;
}

void flags_write(void)
{
	out_part(PART_FLAGS, table.count * sizeof(struct flags));
	for (struct entry *entry = table.first; entry; entry = entry->next)
		out_put(&entry->flags, sizeof(entry->flags));
}
