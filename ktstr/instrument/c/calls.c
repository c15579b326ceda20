// SPDX-License-Identifier: GPL-2.0-only
#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "out.h"

#define MOST_DEEP 64 /* the verifier allows 8 frames, and an interrupt may come in the last */
#define BUCKETS 4096

/* A call that has not returned. */
struct frame {
	const struct owner *of;
	const struct insn *last; /* what it executed last */
	uint64_t insns;
};

struct stack {
	struct frame frames[MOST_DEEP];
	unsigned int depth;
};

struct calls_entry {
	struct calls calls;
	struct calls_entry *next;
};

struct edge_entry {
	struct edge edge;
	struct edge_entry *next;
};

static struct {
	struct stack *stacks[MOST_CPUS];
	struct calls_entry *calls[BUCKETS];
	struct edge_entry *edges[BUCKETS];
	size_t calls_count, edges_count;
} table;

static void add_calls(uint32_t owner, uint64_t insns)
{
	struct calls_entry **bucket = &table.calls[(insns * 61 + owner) % BUCKETS], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->calls.owner == owner && entry->calls.insns == insns)
			break;
	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (!entry) {
			out_failed("no memory for the calls");
			return;
		}
		entry->calls.owner = owner;
		entry->calls.insns = insns;
		entry->next = *bucket;
		*bucket = entry;
		table.calls_count++;
	}
	entry->calls.count++;
}

static void add_edge(const struct frame *caller, uint32_t callee, uint64_t insns)
{
	uint64_t from = caller->last->address;
	struct edge_entry **bucket = &table.edges[(from * 61 + callee) % BUCKETS], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->edge.from == from && entry->edge.caller == caller->of->number && entry->edge.callee == callee)
			break;
	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (!entry) {
			out_failed("no memory for the calls");
			return;
		}
		entry->edge.from = from;
		entry->edge.caller = caller->of->number;
		entry->edge.callee = callee;
		entry->next = *bucket;
		*bucket = entry;
		table.edges_count++;
	}
	entry->edge.count++;
	entry->edge.insns += insns;
}

/*
 * The newest call is over. Its caller's last instruction was a call, unless an interrupt brought it. What the caller called
 * may lead to a program that is attached in the kernel, which is of another object.
 */
static void leave(struct stack *stack)
{
	struct frame *left = &stack->frames[--stack->depth];
	struct frame *caller = stack->depth ? left - 1 : NULL;

	add_calls(left->of->number, left->insns);
	if (caller && caller->last->flow == FLOW_CALL && left->of->object && left->of->object == caller->of->object) {
		add_edge(caller, left->of->number, left->insns);
		caller->insns += left->insns;
	}
}

void calls_step(unsigned int cpu, const struct insn *insn)
{
	struct stack *stack;
	struct frame *frame;

	if (cpu >= MOST_CPUS || !insn->of || !insn->of->is_program)
		return;
	stack = table.stacks[cpu];
	if (!stack) {
		stack = table.stacks[cpu] = calloc(1, sizeof(*stack));
		if (!stack) {
			out_failed("no memory for the calls");
			return;
		}
	}
	if (insn->address == insn->of->start) {
		if (stack->depth == MOST_DEEP)
			leave(stack);
		stack->frames[stack->depth++] = (struct frame){ .of = insn->of };
	} else {
		/* An exception (bpf_throw) ends calls without their return. */
		while (stack->depth && stack->frames[stack->depth - 1].of != insn->of)
			leave(stack);
		if (!stack->depth)
			return;
	}
	frame = &stack->frames[stack->depth - 1];
	frame->last = insn;
	frame->insns++;
	if (insn->flow == FLOW_RETURN)
		leave(stack);
}

void calls_write(void)
{
	out_part(PART_CALLS, table.calls_count * sizeof(struct calls));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct calls_entry *entry = table.calls[i]; entry; entry = entry->next)
			out_put(&entry->calls, sizeof(entry->calls));
	out_part(PART_EDGES, table.edges_count * sizeof(struct edge));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct edge_entry *entry = table.edges[i]; entry; entry = entry->next)
			out_put(&entry->edge, sizeof(entry->edge));
}
