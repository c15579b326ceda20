// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many tasks wait in each DSQ that the scheduler has made. The kernel has them in a hash table (struct rhashtable),
 * which is walked when the number of its elements changes, or when a DSQ is no longer where it was.
 */
#include "monitor_dsqs.h"

#include <stdlib.h>

#include <ktstr/event.h>

#include "btf_path.h"
#include "kernel_memory.h"

#define MOST 64		/* DSQs that are sampled */
#define MOST_BUCKETS 4096
#define MOST_CHAIN 256	/* links of a bucket, in case they change while they are followed */
#define ENDS 1ULL	/* the lowest bit: of a bucket its lock, of a link that the chain ends */

struct dsq {
	uint64_t address;
	uint64_t id, id_read;
	uint64_t nr;
};

static struct {
	bool there;
	uint64_t root;		/* of the pointer to the scheduler; 0: the table is a variable of its own */
	uint64_t table;		/* of the table, or its place in the scheduler */
	uint32_t tbl, elements, size, buckets;		/* places within the table's structs */
	uint32_t id, nr, next;				/* and within a DSQ */
	struct dsq all[MOST];
	unsigned int count;
	uint32_t known;		/* elements of the table when it was walked */
	bool stale;
} dsqs;

static bool find_table(const struct btf *btf)
{
	uint32_t scheduler = btf_struct(btf, "scx_sched"), place;

	if (scheduler && btf_path_offset(btf, scheduler, ".dsq_hash", &place)) {
		dsqs.root = kernel_memory_symbol("scx_root");
		dsqs.table = place;
		return dsqs.root;
	}
	dsqs.table = kernel_memory_symbol("dsq_hash");
	return dsqs.table;
}

void monitor_dsqs_open(const struct btf *btf)
{
	uint32_t table = btf_struct(btf, "rhashtable"), buckets = btf_struct(btf, "bucket_table");
	uint32_t dsq = btf_struct(btf, "scx_dispatch_q");

	dsqs.there = table && buckets && dsq && btf_path_offset(btf, table, ".tbl", &dsqs.tbl) &&
		     btf_path_offset(btf, table, ".nelems.counter", &dsqs.elements) &&
		     btf_path_offset(btf, buckets, ".size", &dsqs.size) &&
		     btf_path_offset(btf, buckets, ".buckets", &dsqs.buckets) &&
		     btf_path_offset(btf, dsq, ".id", &dsqs.id) && btf_path_offset(btf, dsq, ".nr", &dsqs.nr) &&
		     btf_path_offset(btf, dsq, ".hash_node.next", &dsqs.next) && find_table(btf);
}

/* The table of the scheduler that is attached; 0 if there is none. */
static uint64_t table_now(void)
{
	uint64_t scheduler;

	if (!dsqs.there)
		return 0;
	if (!dsqs.root)
		return dsqs.table;
	if (!kernel_memory_copy(dsqs.root, &scheduler, sizeof(scheduler)) || !scheduler)
		return 0;
	return scheduler + dsqs.table;
}

/* Adds those of a chain, from the address of the first one's link. */
static void follow(uint64_t link)
{
	for (int i = 0; i < MOST_CHAIN && link && !(link & ENDS) && dsqs.count < MOST; i++) {
		struct dsq *dsq = &dsqs.all[dsqs.count];

		dsq->address = link - dsqs.next;
		if (!kernel_memory_copy(dsq->address + dsqs.id, &dsq->id, sizeof(dsq->id)) ||
		    !kernel_memory_copy(link, &link, sizeof(link)))
			return;
		dsqs.count++;
	}
}

static int by_id(const void *one, const void *other)
{
	const struct dsq *a = one, *b = other;

	return (a->id > b->id) - (a->id < b->id);
}

static void walk(uint64_t table)
{
	static uint64_t links[MOST_BUCKETS];
	uint64_t buckets;
	uint32_t size;

	dsqs.count = 0;
	if (!kernel_memory_copy(table + dsqs.elements, &dsqs.known, sizeof(dsqs.known)) || !dsqs.known)
		return;
	if (!kernel_memory_copy(table + dsqs.tbl, &buckets, sizeof(buckets)) ||
	    !kernel_memory_copy(buckets + dsqs.size, &size, sizeof(size)))
		return;
	if (size > MOST_BUCKETS)
		size = MOST_BUCKETS;
	if (!kernel_memory_copy(buckets + dsqs.buckets, links, size * sizeof(*links)))
		return;
	for (uint32_t i = 0; i < size; i++)
		follow(links[i] & ~ENDS);
	qsort(dsqs.all, dsqs.count, sizeof(*dsqs.all), by_id);
}

void monitor_dsqs_find(void)
{
	uint64_t ids[MOST], table = table_now();

	dsqs.count = 0;
	dsqs.known = 0;
	dsqs.stale = false;
	if (table)
		walk(table);
	for (unsigned int i = 0; i < dsqs.count; i++)
		ids[i] = dsqs.all[i].id;
	emit_begin("monitor_dsqs");
	emit_u64s("ids", ids, dsqs.count);
	emit_u64("more", dsqs.known > dsqs.count ? dsqs.known - dsqs.count : 0);
	emit_end();
}

void monitor_dsqs_read(void)
{
	struct memory_read reads[2 * MOST];
	uint64_t table = table_now();
	uint32_t elements;

	if (table && kernel_memory_copy(table + dsqs.elements, &elements, sizeof(elements)) && elements != dsqs.known)
		dsqs.stale = true;
	if (dsqs.stale)
		monitor_dsqs_find();
	for (unsigned int i = 0; i < dsqs.count; i++) {
		struct dsq *dsq = &dsqs.all[i];

		dsq->nr = 0;
		reads[2 * i] = (struct memory_read){ dsq->address + dsqs.nr, &dsq->nr, sizeof(uint32_t), false };
		reads[2 * i + 1] = (struct memory_read){ dsq->address + dsqs.id, &dsq->id_read, sizeof(uint64_t), false };
	}
	kernel_memory_read(reads, 2 * dsqs.count);
	for (unsigned int i = 0; i < dsqs.count; i++) {
		if (dsqs.all[i].id_read != dsqs.all[i].id) { /* it has gone, and so has what was read in its place */
			dsqs.all[i].nr = 0;
			dsqs.stale = true;
		}
	}
}

void monitor_dsqs_emit(void)
{
	uint64_t depths[MOST];

	for (unsigned int i = 0; i < dsqs.count; i++)
		depths[i] = dsqs.all[i].nr;
	if (dsqs.count)
		emit_u64s("dsqs", depths, dsqs.count);
}
