// SPDX-License-Identifier: GPL-2.0-only
#include "owner.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "out.h"

#define MOST_LISTED 100000
#define MOST_BYTES (64u << 20) /* of one table; a larger one is no table */

/* In the order in which the argument has them. Offsets and sizes are bytes. */
static struct {
	uint64_t list;		/* the address of bpf_kallsyms */
	uint64_t lnode, prog;	/* in struct bpf_ksym, which begins with start, end, and name */
	uint64_t ksym, aux_size; /* in struct bpf_prog_aux, and its size */
	uint64_t of_aux, prog_size, prog_type; /* the pointer to struct bpf_prog, the size of that, and in it */
	uint64_t linfo, linfo_size, jited_linfo, nr_linfo;
	uint64_t func_info, func_info_size, func_info_cnt;
	uint64_t btf, btf_size; /* the pointer to struct btf, and the size of that */
	uint64_t btf_data, btf_data_size;
} layout;

/* The beginning of struct bpf_ksym. */
struct symbol {
	uint64_t start, end;
	char name[OWNER_NAME];
};

/* An owner, and where the kernel has its entry of the list. */
struct known {
	struct owner owner;
	uint32_t type;
	uint64_t node;
	struct known *next;
};

static struct {
	struct known *newest;
	uint32_t count;
	uint64_t readings;
} owners;

static bool guest_read(uint64_t address, void *data, size_t size)
{
	return current_cpu && !cpu_memory_rw_debug(current_cpu, address, data, size, false);
}

bool owner_layout(const char *text)
{
	return numbers_read(text, (uint64_t *)&layout, sizeof(layout) / sizeof(uint64_t));
}

static uint64_t u64_at(const char *object, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, object + offset, sizeof(value));
	return value;
}

static uint32_t u32_at(const char *object, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, object + offset, sizeof(value));
	return value;
}

/* Copies the guest's memory to the file; nothing if it cannot be read. */
static void keep_memory(uint64_t address, uint64_t size)
{
	uint64_t head[2] = { owners.readings, address };
	char *data;

	if (!address || !size || size > MOST_BYTES)
		return;
	data = malloc(size);
	if (!data) {
		out_failed("no memory for the programs' tables");
	} else if (guest_read(address, data, size)) {
		out_part(PART_MEMORY, sizeof(head) + size);
		out_put(head, sizeof(head));
		out_put(data, size);
	}
	free(data);
}

/* The types of a program: those of many programs are the same, and each reading has them once. */
static void keep_btf(uint64_t address)
{
	static uint64_t kept_in, kept[64];
	static unsigned int count;
	char *btf;

	if (kept_in != owners.readings)
		count = 0;
	kept_in = owners.readings;
	for (unsigned int i = 0; i < count; i++)
		if (kept[i] == address)
			return;
	if (count < sizeof(kept) / sizeof(*kept))
		kept[count++] = address;
	btf = malloc(layout.btf_size);
	if (btf && guest_read(address, btf, layout.btf_size)) {
		keep_memory(address, layout.btf_size);
		keep_memory(u64_at(btf, layout.btf_data), u32_at(btf, layout.btf_data_size));
	}
	free(btf);
}

static void keep_tables(const struct owner *owner)
{
	char *aux = malloc(layout.aux_size);

	if (aux && guest_read(owner->aux, aux, layout.aux_size)) {
		uint64_t lines = u32_at(aux, layout.nr_linfo);

		keep_memory(owner->aux, layout.aux_size);
		keep_memory(u64_at(aux, layout.of_aux), layout.prog_size);
		keep_memory(owner->start, owner->end - owner->start);
		keep_memory(u64_at(aux, layout.linfo), lines * layout.linfo_size);
		keep_memory(u64_at(aux, layout.jited_linfo), lines * sizeof(uint64_t));
		keep_memory(u64_at(aux, layout.func_info), u32_at(aux, layout.func_info_cnt) * layout.func_info_size);
		if (u64_at(aux, layout.btf))
			keep_btf(u64_at(aux, layout.btf));
	}
	free(aux);
}

/* Whether the owner's entry is still on the list: what follows the entry before it is this one. */
static bool is_listed(const struct known *known)
{
	struct symbol symbol;
	uint64_t links[2], back;

	return guest_read(known->node, links, sizeof(links)) && guest_read(links[1], &back, sizeof(back)) &&
	       back == known->node && guest_read(known->node - layout.lnode, &symbol, sizeof(symbol)) &&
	       symbol.start == known->owner.start && symbol.end == known->owner.end &&
	       !strncmp(symbol.name, known->owner.name, OWNER_NAME - 1);
}

static struct known *known_at(uint64_t address)
{
	struct known *known;

	for (known = owners.newest; known; known = known->next)
		if (address >= known->owner.start && address < known->owner.end)
			return known;
	return NULL;
}

/* The type of a program (BPF_PROG_TYPE_...), from its struct bpf_prog_aux; 0 if that cannot be read. */
static uint32_t type_of(uint64_t aux)
{
	uint64_t prog;
	uint32_t type;

	if (!guest_read(aux + layout.of_aux, &prog, sizeof(prog)) ||
	    !guest_read(prog + layout.prog_type, &type, sizeof(type)))
		return 0;
	return type;
}

static void add(uint64_t node, const struct symbol *symbol, bool is_program)
{
	struct known *known = calloc(1, sizeof(*known));

	if (!known) {
		out_failed("no memory for the programs");
		return;
	}
	known->node = node;
	known->owner = (struct owner){
		.number = owners.count++,
		.is_program = is_program,
		.reading = owners.readings,
		.aux = is_program ? node - layout.lnode - layout.ksym : 0,
		.start = symbol->start,
		.end = symbol->end,
	};
	memcpy(known->owner.name, symbol->name, OWNER_NAME - 1);
	if (is_program)
		known->type = type_of(known->owner.aux);
	if (is_program && !guest_read(known->owner.aux + layout.btf, &known->owner.object, sizeof(known->owner.object)))
		known->owner.object = 0;
	known->next = owners.newest;
	owners.newest = known;
	out_part(PART_OWNER, sizeof(known->owner));
	out_put(&known->owner, sizeof(known->owner));
	if (is_program)
		keep_tables(&known->owner);
}

/* Reads the kernel's list, and keeps what is new on it. */
static void read_list(void)
{
	uint64_t node = 0;

	owners.readings++;
	if (!guest_read(layout.list, &node, sizeof(node)))
		return;
	for (unsigned int i = 0; node != layout.list && i < MOST_LISTED; i++) {
		struct symbol symbol;
		struct known *known;
		bool is_program;

		if (!guest_read(node - layout.lnode, &symbol, sizeof(symbol)) ||
		    !guest_read(node - layout.lnode + layout.prog, &is_program, sizeof(is_program)))
			return;
		known = known_at(symbol.start);
		if (symbol.end > symbol.start && (!known || known->node != node || !is_listed(known)))
			add(node, &symbol, is_program);
		if (!guest_read(node, &node, sizeof(node)))
			return;
	}
}

struct owner *owner_of(uint64_t address)
{
	struct known *known = known_at(address);

	if (!known || !is_listed(known)) {
		read_list();
		known = known_at(address);
		if (known && !is_listed(known))
			known = NULL;
	}
	return known ? &known->owner : NULL;
}

uint32_t owner_type(const struct owner *owner)
{
	return ((const struct known *)owner)->type;
}
