// SPDX-License-Identifier: GPL-2.0-only
#include "still.h"

#include <stdlib.h>

#include "api.h"
#include "cpu.h"
#include "out.h"

/* QEMU's QEMUTimer is smaller: 48 bytes. It is only handed to QEMU. */
struct timer {
	uint64_t words[16];
};

/* QEMU's run_on_cpu_data. */
union data {
	void *pointer;
};

/* QEMU's own, which it exports (include/hw/core/cpu.h, include/sysemu/cpus.h, include/qemu/timer.h). */
void async_run_on_cpu(void *cpu, void (*call)(void *cpu, union data data), union data data);
void cpu_stop_current(void);
void cpu_resume(void *cpu);
void timer_init_full(struct timer *timer, void *group, int clock, int scale, int attributes, void (*call)(void *),
		     void *data);
void timer_mod_ns(struct timer *timer, int64_t at_ns);

enum stage {
	GOES,	/* it runs as QEMU has it */
	ASKED,	/* it will stop once the piece that it executes is over */
	NEARS,	/* it alone runs, up to where it stops */
	STANDS, /* it stands still */
};

struct cpu {
	void *qemu;
	enum stage stage;
	bool waits;	     /* it is stopped while another one nears its stop */
	bool came;	     /* its stop is over, and it has not executed the scheduler's code since */
	struct stop *stop;   /* the last one */
	struct timer timer;
};

struct stop_entry {
	struct stop stop;
	struct stop_entry *next;
};

static struct {
	struct cpu *cpus[MOST_CPUS];
	unsigned int count;
	unsigned int shift;
	struct stop_entry *first, **end;
	size_t stops;
} still = { .end = &still.first };

/* QEMU has a function that stops a CPU for the CPU that executes only; what that one is, is a variable. */
static void stop(struct cpu *cpu)
{
	void *here = current_cpu;

	current_cpu = cpu->qemu;
	cpu_stop_current();
	current_cpu = here;
}

static void release(struct cpu *cpu)
{
	cpu->waits = false;
	if (cpu->stage != STANDS)
		cpu_resume(cpu->qemu);
}

static void stand(struct cpu *cpu, int64_t now_ns)
{
	cpu->stage = STANDS;
	cpu->stop->began_ns = (uint64_t)now_ns;
	stop(cpu);
	timer_mod_ns(&cpu->timer, now_ns + (int64_t)cpu->stop->ns);
}

static void on_timer(void *data)
{
	struct cpu *cpu = data;

	if (cpu->stage == NEARS) {
		stand(cpu, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
		for (unsigned int i = 0; i < still.count; i++)
			if (still.cpus[i]->waits)
				release(still.cpus[i]);
	} else if (cpu->stage == STANDS) {
		cpu->stage = GOES;
		cpu->came = true;
		if (!cpu->waits)
			cpu_resume(cpu->qemu);
	}
}

/* QEMU calls it between two turns of the CPUs, when the clock can be read. */
static void between_turns(void *qemu, union data data)
{
	struct cpu *cpu = data.pointer;
	int64_t now_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

	(void)qemu;
	if (!cpu->stop->skip) {
		stand(cpu, now_ns);
		return;
	}
	/* The clock counts the instructions of all CPUs, so all of these have to be its own. */
	for (unsigned int i = 0; i < still.count; i++) {
		struct cpu *other = still.cpus[i];

		if (other == cpu)
			continue;
		other->waits = true;
		if (other->stage != STANDS)
			stop(other);
	}
	cpu->stage = NEARS;
	timer_mod_ns(&cpu->timer, now_ns + ((int64_t)cpu->stop->skip << still.shift));
}

void still_init(unsigned int shift)
{
	still.shift = shift;
}

/* QEMU has made all CPUs by the time one of them executes. */
static void find_cpus(void)
{
	void *qemu;

	while (still.count < MOST_CPUS && (qemu = qemu_get_cpu((int)still.count))) {
		struct cpu *cpu = calloc(1, sizeof(*cpu));

		if (!cpu) {
			out_failed("no memory for the CPUs");
			return;
		}
		cpu->qemu = qemu;
		timer_init_full(&cpu->timer, NULL, QEMU_CLOCK_VIRTUAL, 1, 0, on_timer, cpu);
		still.cpus[still.count++] = cpu;
	}
}

unsigned int still_cpu(void)
{
	if (!still.count)
		find_cpus();
	return cpu_guest_number();
}

unsigned int still_cpus(void)
{
	return still.count;
}

bool still_is(unsigned int cpu)
{
	return still.cpus[cpu]->stage != GOES;
}

uint64_t still_at(unsigned int cpu)
{
	return still.cpus[cpu]->stage == STANDS ? still.cpus[cpu]->stop->index : 0;
}

void still_enter(unsigned int number, const struct block *block)
{
	struct cpu *cpu = still.cpus[number];

	if (!cpu->came)
		return;
	cpu->came = false;
	cpu->stop->address = block->address;
	cpu->stop->owner = block->owner;
}

void still_begin(unsigned int number, const struct stop *stop)
{
	struct cpu *cpu = still.cpus[number];
	struct stop_entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		out_failed("no memory for the stops");
		return;
	}
	entry->stop = *stop;
	entry->stop.owner = NO_OWNER;
	entry->stop.cpu = number;
	*still.end = entry;
	still.end = &entry->next;
	still.stops++;
	cpu->stop = &entry->stop;
	cpu->stage = ASKED;
	cpu->came = false;
	async_run_on_cpu(cpu->qemu, between_turns, (union data){ .pointer = cpu });
}

void still_write(void)
{
	out_part(PART_STOPS, still.stops * sizeof(struct stop));
	for (struct stop_entry *entry = still.first; entry; entry = entry->next)
		out_put(&entry->stop, sizeof(entry->stop));
}
