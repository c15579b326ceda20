// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a sample has of each CPU, of the kernel's run queues (struct rq). Where their fields are, the kernel's BTF says.
 *
 * The agent runs while it looks, on a CPU that it may have taken from another task. So it is not counted, its CPU is idle
 * if nothing else wants to run there, and of that CPU's local DSQ the first task is one that would run.
 */
#include "monitor_cpus.h"

#include <ktstr/event.h>

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "btf_path.h"
#include "kernel_memory.h"
#include "system.h"

#define MASK_WORDS (KTSTR_MAX_CPUS / 64)

enum { RUNNING, CURRENT, IDLE_TASK, ONLINE, SWITCHES, LOCAL, FIELDS };

struct queue {
	uint64_t values[FIELDS];
};

static struct {
	unsigned int cpus;
	uint32_t sizes[FIELDS];
	bool has_local;
	uint64_t mask; /* the address of sched_ext's mask of idle CPUs; 0: there is none */
	struct queue *queues;
	struct memory_read *reads; /* FIELDS of each CPU */
	uint64_t idle[MASK_WORDS];
} cpus;

static const char *const paths[FIELDS] = {
	[RUNNING] = ".nr_running", [CURRENT] = ".curr",	   [IDLE_TASK] = ".idle",
	[ONLINE] = ".online",	   [SWITCHES] = ".nr_switches", [LOCAL] = ".scx.local_dsq.nr",
};

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		fail_errno("monitor", "memory for the run queues");
	return memory;
}

/* The masks are pointers to their bits if they are long (CONFIG_CPUMASK_OFFSTACK), else the bits themselves. */
static uint64_t find_mask(const struct btf *btf)
{
	uint64_t masks = kernel_memory_symbol("scx_idle_global_masks"), address = 0;
	uint32_t masks_type = btf_struct(btf, "scx_idle_cpus"), offset, bits;

	if (!masks || !masks_type || !btf_path_offset(btf, masks_type, ".cpu", &offset))
		return 0;
	if (btf_path_offset(btf, masks_type, ".cpu[0]", &bits) || btf_path_offset(btf, masks_type, ".cpu.bits", &bits))
		return masks + offset;
	return kernel_memory_copy(masks + offset, &address, sizeof(address)) ? address : 0;
}

void monitor_cpus_open(const struct btf *btf)
{
	uint64_t queues = kernel_memory_symbol("runqueues"), bases = kernel_memory_symbol("__per_cpu_offset");
	uint32_t offsets[FIELDS], queue;

	cpus.cpus = system_cpus();
	cpus.queues = zeroed(cpus.cpus, sizeof(*cpus.queues));
	cpus.reads = zeroed((size_t)cpus.cpus * FIELDS, sizeof(*cpus.reads));
	if (!queues || !bases)
		fail("monitor", "the kernel does not say where its run queues are (CONFIG_KALLSYMS_ALL)");
	queue = btf_struct(btf, "rq");
	for (int field = 0; field < FIELDS; field++) {
		struct btf_number number;

		if (btf_path_find(btf, queue, paths[field], &number))
			cpus.sizes[field] = number.size;
		else if (btf_path_offset(btf, queue, paths[field], &number.offset))
			cpus.sizes[field] = sizeof(void *);
		else if (field != LOCAL) /* a kernel without sched_ext has no local DSQs */
			fail_format("monitor", "the kernel's struct rq has no %s", paths[field]);
		offsets[field] = number.offset;
	}
	cpus.has_local = cpus.sizes[LOCAL];
	for (unsigned int cpu = 0; cpu < cpus.cpus; cpu++) {
		uint64_t base;

		if (!kernel_memory_copy(bases + cpu * sizeof(base), &base, sizeof(base)))
			fail("monitor", "the kernel's __per_cpu_offset cannot be read");
		for (int field = 0; field < FIELDS; field++)
			cpus.reads[cpu * FIELDS + (unsigned int)field] = (struct memory_read){
				.address = queues + base + offsets[field],
				.into = &cpus.queues[cpu].values[field],
				.size = cpus.sizes[field],
			};
	}
	cpus.mask = find_mask(btf);
}

unsigned int monitor_cpus_count(void)
{
	return cpus.cpus;
}

void monitor_cpus_read(void)
{
	kernel_memory_read(cpus.reads, cpus.cpus * FIELDS);
	if (cpus.mask && !kernel_memory_copy(cpus.mask, cpus.idle, (cpus.cpus + 63) / 64 * sizeof(uint64_t)))
		cpus.mask = 0;
}

/* `own` is the CPU that the agent adds one to; none if it is KTSTR_MAX_CPUS. */
static void emit_field(const char *key, int field, unsigned int own)
{
	uint64_t values[KTSTR_MAX_CPUS];

	for (unsigned int cpu = 0; cpu < cpus.cpus; cpu++)
		values[cpu] = cpus.queues[cpu].values[field];
	if (own < cpus.cpus && values[own])
		values[own]--;
	emit_u64s(key, values, cpus.cpus);
}

static void emit_idle(unsigned int own)
{
	uint64_t idle[KTSTR_MAX_CPUS];
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < cpus.cpus; cpu++) {
		const uint64_t *values = cpus.queues[cpu].values;

		if (!values[ONLINE])
			continue;
		if (cpu == own ? values[RUNNING] <= 1 : values[CURRENT] == values[IDLE_TASK])
			idle[count++] = cpu;
	}
	emit_u64s("idle", idle, count);
}

/* Of sched_ext's mask: the CPUs that its default selection takes for idle. */
static void emit_claimable(void)
{
	uint64_t set[KTSTR_MAX_CPUS];
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < cpus.cpus; cpu++)
		if (cpus.idle[cpu / 64] >> cpu % 64 & 1)
			set[count++] = cpu;
	emit_u64s("claimable", set, count);
}

void monitor_cpus_emit(void)
{
	unsigned int own = (unsigned int)sched_getcpu();

	emit_field("running", RUNNING, own);
	emit_field("switches", SWITCHES, KTSTR_MAX_CPUS);
	if (cpus.has_local)
		emit_field("local", LOCAL, own);
	emit_idle(own);
	if (cpus.mask)
		emit_claimable();
}
