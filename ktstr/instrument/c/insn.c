// SPDX-License-Identifier: GPL-2.0-only
/* The counted instructions: a hash table by address, which also keeps them in the order in which they were made. */
#include "insn.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192

struct entry {
	struct insn insn;
	struct entry *next; /* in its bucket */
};

static struct {
	struct entry *buckets[BUCKETS];
	struct entry **all;
	size_t count, room;
} table;

static bool keep(struct entry *entry)
{
	if (table.count == table.room) {
		size_t room = table.room ? 2 * table.room : 1024;
		struct entry **all = realloc(table.all, room * sizeof(struct entry *));

		if (!all)
			return false;
		table.all = all;
		table.room = room;
	}
	table.all[table.count++] = entry;
	return true;
}

struct insn *insn_at(uint64_t address, const void *bytes, size_t size)
{
	struct entry **bucket = &table.buckets[(address ^ address >> 13) % BUCKETS], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->insn.address == address && entry->insn.size == size && !memcmp(entry->insn.bytes, bytes, size))
			return &entry->insn;
	entry = calloc(1, sizeof(*entry));
	if (!entry || size > INSN_BYTES || !keep(entry)) {
		free(entry);
		return NULL;
	}
	entry->insn.address = address;
	entry->insn.size = (uint8_t)size;
	memcpy(entry->insn.bytes, bytes, size);
	entry->insn.is_branch = insn_is_branch(address, bytes, size, &entry->insn.target);
	entry->next = *bucket;
	*bucket = entry;
	return &entry->insn;
}

size_t insn_total(void)
{
	return table.count;
}

const struct insn *insn_number(size_t at)
{
	return &table.all[at]->insn;
}
