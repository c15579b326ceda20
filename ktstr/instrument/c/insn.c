// SPDX-License-Identifier: GPL-2.0-only
/* The counted instructions: a hash table by address, which also keeps them in the order in which they were made. */
#include "insn.h"

#include <stdlib.h>

#include "out.h"

#define BUCKETS 8192

struct entry {
	struct insn insn;
	struct entry *next; /* in its bucket */
	struct entry *made_next;
};

static struct {
	struct entry *buckets[BUCKETS];
	struct entry *first, **end;
	size_t count;
} table;

struct insn *insn_at(uint64_t address, const struct owner *owner, const uint8_t *bytes, size_t size)
{
	struct entry **bucket = &table.buckets[(address ^ address >> 13) % BUCKETS], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->insn.address == address && entry->insn.of == owner && entry->insn.size == size)
			return &entry->insn;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->insn.address = address;
	entry->insn.owner = owner ? owner->number : NO_OWNER;
	entry->insn.of = owner;
	entry->insn.size = (uint8_t)size;
	insn_read(&entry->insn, bytes);
	entry->next = *bucket;
	*bucket = entry;
	if (!table.end)
		table.end = &table.first;
	*table.end = entry;
	table.end = &entry->made_next;
	table.count++;
	return &entry->insn;
}

void insn_write(void)
{
	out_part(PART_INSNS, table.count * INSN_IN_FILE);
	for (struct entry *entry = table.first; entry; entry = entry->made_next)
		out_put(&entry->insn, INSN_IN_FILE);
}
