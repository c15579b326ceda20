// SPDX-License-Identifier: GPL-2.0-only
#include "block.h"

#include <stdlib.h>

#include "out.h"

#define BUCKETS 4096

struct block_entry {
	struct block block;
	struct block_entry *next;
};

struct piece_entry {
	struct piece piece;
	struct piece_entry *next;
};

static struct {
	struct block_entry *blocks[BUCKETS];
	struct piece_entry *pieces[BUCKETS];
	size_t count;
} table;

uint64_t hashed(uint64_t hash, uint64_t number)
{
	/* The finalizer of splitmix64. */
	hash = (hash ^ number) + 0x9e3779b97f4a7c15;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

uint64_t hashed_name(const struct owner *owner)
{
	uint64_t hash = 0;

	for (const char *c = owner->name; *c; c++)
		hash = hashed(hash, (uint8_t)*c);
	return hash;
}

/* A program's name in the kernel's list has the tag of its instructions. */
static uint64_t hash_of(const struct owner *owner, uint64_t address)
{
	return hashed(hashed_name(owner), address - owner->start);
}

static size_t bucket_of(uint64_t address)
{
	return (address ^ address >> 12) % BUCKETS;
}

static struct block *block_at(uint64_t address, const struct owner *owner)
{
	struct block_entry **bucket = &table.blocks[bucket_of(address)], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->block.address == address && entry->block.of == owner)
			return &entry->block;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->block.address = address;
	entry->block.owner = owner->number;
	entry->block.of = owner;
	entry->block.hash = hash_of(owner, address);
	entry->next = *bucket;
	*bucket = entry;
	table.count++;
	return &entry->block;
}

struct piece *piece_at(uint64_t address, uint64_t end, const struct owner *owner, bool goes_on)
{
	struct piece_entry **bucket = &table.pieces[bucket_of(address)], *entry;
	struct block *block = block_at(address, owner);

	if (!block)
		return NULL;
	for (entry = *bucket; entry; entry = entry->next)
		if (entry->piece.block == block && entry->piece.end == end && entry->piece.goes_on == goes_on)
			return &entry->piece;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->piece = (struct piece){ .block = block, .end = end, .goes_on = goes_on };
	entry->next = *bucket;
	*bucket = entry;
	return &entry->piece;
}

void block_touches(struct block *block, size_t insns)
{
	if (!insns || insns > UINT8_MAX || block->touch_count == MOST_TOUCHES)
		return;
	for (unsigned int i = 0; i < block->touch_count; i++)
		if (block->touches[i] == insns)
			return;
	block->touches[block->touch_count++] = (uint8_t)insns;
}

uint32_t block_enter(struct block *block, uint64_t epoch)
{
	block->count++;
	if (block->epoch != epoch) {
		block->before = block->epoch + 1 == epoch ? block->recent : 0;
		block->recent = 0;
		block->epoch = epoch;
	}
	block->recent++;
	return block->recent > block->before ? block->recent : block->before;
}

void block_write(void)
{
	out_part(PART_BLOCKS, table.count * BLOCK_IN_FILE);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct block_entry *entry = table.blocks[i]; entry; entry = entry->next)
			out_put(&entry->block, BLOCK_IN_FILE);
}
