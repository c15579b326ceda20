// SPDX-License-Identifier: GPL-2.0-only
/*
 * The observer's programs are linked on the host (ktstr/bpf/observer.py). Here the maps are made, mapped and read: the
 * programs write into them while the agent reads, so a phase's figures are in another half than those of the next.
 */
#include "observer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>
#include <ktstr/observer.h>

#include "bpf.h"
#include "files.h"
#include "system.h"

#define MAGIC "KTSTROB1"
#define OTHERS 128U /* tasks that are no workers and have a slot of their own */
#define PAGE_BYTES 4096
#define NODES 64
#define FIRST_OTHER (1 + observer.workers)
#define MAPS 3

/* The file: this, and then each program with its instructions. */
struct file_head {
	char magic[8];
	uint32_t programs, unused;
};

struct program_head {
	char tracepoint[32];
	uint32_t btf_id, instructions;
};

static struct {
	bool on;
	unsigned int workers, pids;
	int maps[MAPS];
	volatile struct observed_task *tasks;
	volatile struct observed_figures *figures;
	volatile struct observer_control *control;
	uint64_t ended_ns;
	unsigned int seen; /* slots in use when the phase ended */
	uint64_t *waiting_ns; /* of each slot: for how long its task has waited by then */
} observer;

/* An array map that is also memory of the agent's. */
static void *make_map(int *fd, const char *name, size_t value_bytes, unsigned int entries)
{
	size_t bytes = ((size_t)entries * value_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = (uint32_t)value_bytes,
		.max_entries = entries,
		.map_flags = BPF_F_MMAPABLE,
	};
	void *room;

	snprintf(attributes.map_name, sizeof(attributes.map_name), "%s", name);
	*fd = bpf(BPF_MAP_CREATE, &attributes);
	if (*fd < 0)
		fail_errno("observer", name);
	room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (room == MAP_FAILED)
		fail_errno("observer", name);
	return room;
}

static unsigned int most_pids(void)
{
	char text[32];

	if (file_read("/proc/sys/kernel/pid_max", text, sizeof(text)) <= 0)
		fail_errno("observer", "/proc/sys/kernel/pid_max");
	return (unsigned int)strtoul(text, NULL, 10);
}

/* The first number of a list in a file of sysfs; `otherwise` if there is no such file. */
static uint16_t first_of(const char *path, unsigned int otherwise)
{
	char text[4096];

	return (uint16_t)(file_read(path, text, sizeof(text)) <= 0 ? otherwise : strtoul(text, NULL, 10));
}

/* The CPU's NUMA node; 0 if the kernel knows none. */
static uint16_t node_of(unsigned int cpu)
{
	char path[96];

	for (uint16_t node = 0; node < NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/node%u", cpu, node);
		if (!access(path, F_OK))
			return node;
	}
	return 0;
}

/* LLCs are numbered in the order of their CPUs. */
static void describe_cpus(void)
{
	static uint16_t first_cpu[KTSTR_MAX_CPUS];
	unsigned int llcs = 0;
	char path[128];

	for (unsigned int cpu = 0; cpu < system_cpus() && cpu < KTSTR_OBSERVED_CPUS; cpu++) {
		unsigned int llc = 0;
		uint16_t first;

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cache/index3/shared_cpu_list", cpu);
		first = first_of(path, cpu);
		while (llc < llcs && first_cpu[llc] != first)
			llc++;
		if (llc == llcs)
			first_cpu[llcs++] = first;
		observer.control->cpus[cpu].llc = (uint16_t)llc;
		observer.control->cpus[cpu].node = node_of(cpu);
		observer_cpu(cpu, system_online(cpu));
	}
}

static void attach(const struct program_head *head, struct bpf_insn *code)
{
	static char log[4096];
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_RAW_TP,
		.attach_btf_id = head->btf_id,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = head->instructions,
		.license = (uint64_t)(uintptr_t)"GPL",
		.prog_name = "ktstr_observer",
	};
	union bpf_attr open = { 0 };
	int fd;

	for (uint32_t i = 0; i < head->instructions; i++)
		if (code[i].code == (BPF_LD | BPF_IMM | BPF_DW) && code[i].src_reg == BPF_PSEUDO_MAP_FD)
			code[i].imm = observer.maps[code[i].imm % MAPS];
	fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0) {
		load.log_level = 1;
		load.log_buf = (uint64_t)(uintptr_t)log;
		load.log_size = sizeof(log);
		bpf(BPF_PROG_LOAD, &load);
		fail_format("observer", "the kernel refuses %s: %s: %.300s", head->tracepoint, strerror(errno), log);
	}
	bpf_own(fd);
	open.raw_tracepoint.prog_fd = (uint32_t)fd;
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &open) < 0)
		fail_errno("observer", head->tracepoint);
	close(fd); /* the link holds the program, and is the agent's to its end */
}

static void load_all(char *file, size_t size)
{
	const struct file_head *head = (const struct file_head *)file;
	size_t at = sizeof(*head);

	if (size < at || memcmp(head->magic, MAGIC, sizeof(head->magic)))
		fail("observer", "its file is not one of this agent's");
	for (uint32_t i = 0; i < head->programs; i++) {
		const struct program_head *program = (const struct program_head *)(file + at);
		size_t bytes = size - at >= sizeof(*program) ? program->instructions * sizeof(struct bpf_insn) : size;

		if (size - at < sizeof(*program) + bytes)
			fail("observer", "its file is cut");
		attach(program, (struct bpf_insn *)(file + at + sizeof(*program)));
		at += sizeof(*program) + bytes;
	}
}

static void load_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	char *file;

	if (size <= 0)
		fail_errno("observer", path);
	file = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		fail_errno("observer", path);
	load_all(file, (size_t)size);
	munmap(file, (size_t)size);
	close(fd);
}

void observer_start(const char *path, unsigned int workers)
{
	unsigned int slots = 1 + workers + OTHERS;

	observer.workers = workers;
	observer.pids = most_pids();
	observer.tasks = make_map(&observer.maps[0], BPF_OWN_MAP "_tasks", sizeof(*observer.tasks), observer.pids);
	observer.figures = make_map(&observer.maps[1], BPF_OWN_MAP "_figures", sizeof(*observer.figures), 2 * slots);
	observer.control = make_map(&observer.maps[2], BPF_OWN_MAP "_control", sizeof(*observer.control), 1);
	observer.waiting_ns = calloc(slots, sizeof(*observer.waiting_ns));
	if (!observer.waiting_ns)
		fail("observer", "no memory");
	observer.control->slots = slots;
	observer.control->next_slot = FIRST_OTHER;
	describe_cpus(); /* before the programs, which read it */
	load_file(path);
	observer.on = true;
}

static volatile struct observed_figures *half_of(unsigned int slot, unsigned int half)
{
	return &observer.figures[2 * slot + (half & 1)];
}

static void forget(unsigned int slot, unsigned int half)
{
	if (half_of(slot, half)->pid)
		memset((void *)half_of(slot, half), 0, sizeof(struct observed_figures));
}

static unsigned int slots_in_use(void)
{
	unsigned int next = observer.control->next_slot, slots = observer.control->slots;

	return next < slots ? next : slots;
}

void observer_spawning(bool spawning)
{
	if (observer.on)
		observer.control->spawning = spawning;
}

void observer_knows(const struct worker *worker)
{
	pid_t pid = worker_task(worker);

	if (observer.on && pid > 0 && (unsigned int)pid < observer.pids && worker->index < observer.workers)
		observer.tasks[pid].slot = 1 + worker->index;
}

void observer_cpu(unsigned int cpu, bool online)
{
	uint32_t bit = 1U << (cpu % 32);

	if (!observer.control || cpu >= KTSTR_OBSERVED_CPUS)
		return;
	if (online)
		observer.control->offline_mask[cpu / 32] &= ~bit;
	else
		observer.control->offline_mask[cpu / 32] |= bit;
	observer.control->cpus_online = 0;
	for (unsigned int i = 0; i < system_cpus() && i < KTSTR_OBSERVED_CPUS; i++)
		observer.control->cpus_online += !(observer.control->offline_mask[i / 32] >> (i % 32) & 1);
}

void observer_begin(void)
{
	if (!observer.on)
		return;
	observer.control->began_ns = now_ns();
	observer.control->began_any_idle_ns = observer.control->any_idle_ns;
	observer.control->half ^= 1;
	for (unsigned int slot = 0; slot < slots_in_use(); slot++)
		forget(slot, observer.control->half ^ 1);
	observer.control->wasted_ns[(observer.control->half ^ 1) & 1] = 0;
}

void observer_end(void)
{
	if (!observer.on)
		return;
	observer.seen = slots_in_use();
	observer.ended_ns = now_ns();
	for (unsigned int slot = 0; slot < observer.seen; slot++) {
		uint32_t pid = half_of(slot, observer.control->half)->pid ?: half_of(slot, ~observer.control->half)->pid;
		uint64_t since = slot && pid && observer.tasks[pid].slot == slot ? observer.tasks[pid].runnable_ns : 0;

		if (since && since < observer.control->began_ns)
			since = observer.control->began_ns;
		observer.waiting_ns[slot] = since && since < observer.ended_ns ? observer.ended_ns - since : 0;
	}
	observer.control->half ^= 1;
}

static void emit_histogram(const char *key, const volatile uint32_t *buckets)
{
	uint64_t pairs[2 * KTSTR_BUCKETS];
	size_t count = 0;

	for (unsigned int i = 0; i < KTSTR_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		pairs[count++] = i;
		pairs[count++] = buckets[i];
	}
	if (count)
		emit_u64s(key, pairs, count);
}

static void emit_longest(const char *key, const char *at_key, const volatile struct observed_longest *longest)
{
	if (!longest->ns)
		return;
	emit_u64(key, longest->ns);
	emit_u64(at_key, longest->at_ns);
}

static void emit_numbers(const char *key, const volatile __u64 *numbers, size_t count)
{
	uint64_t copy[KTSTR_OBSERVED_LLCS];

	while (count && !numbers[count - 1])
		count--;
	for (size_t i = 0; i < count; i++)
		copy[i] = numbers[i];
	if (count)
		emit_u64s(key, copy, count);
}

static void emit_slot(unsigned int slot, const volatile struct observed_figures *one)
{
	char comm[sizeof(one->comm) + 1] = "";

	for (size_t i = 0; i < sizeof(one->comm) && one->comm[i]; i++)
		comm[i] = one->comm[i];
	emit_begin("latency");
	if (slot && slot < FIRST_OTHER)
		emit_u64("index", slot - 1);
	if (slot) {
		emit_u64("pid", one->pid);
		emit_text("comm", comm);
		emit_u64("policy", one->policy);
		emit_i64("nice", one->nice);
		if (one->kernel)
			emit_u64("kernel", 1);
	}
	emit_u64("run_ns", one->run_ns);
	emit_u64("wait_ns", one->wait_ns);
	emit_u64("woken_ns", one->woken_ns);
	emit_u64("voluntary", one->voluntary);
	emit_u64("involuntary", one->involuntary);
	emit_numbers("migrations", one->migrations, 3);
	emit_numbers("llc_ns", one->llc_ns, KTSTR_OBSERVED_LLCS);
	emit_longest("run_most_ns", "run_most_at_ns", &one->longest_run);
	emit_longest("wait_most_ns", "wait_most_at_ns", &one->longest_wait);
	emit_longest("woken_most_ns", "woken_most_at_ns", &one->longest_woken);
	if (one->longest_idle.ns) {
		emit_u64("idle_ns", one->idle_ns);
		emit_longest("idle_most_ns", "idle_most_at_ns", &one->longest_idle);
		emit_u64("idle_most_cpu", one->idle_cpu);
	}
	if (one->longest_woken_idle.ns) {
		emit_longest("woken_idle_most_ns", "woken_idle_most_at_ns", &one->longest_woken_idle);
		emit_u64("woken_idle_most_cpu", one->woken_idle_cpu);
	}
	emit_longest("any_idle_most_ns", "any_idle_most_at_ns", &one->longest_any_idle);
	if (observer.waiting_ns[slot])
		emit_u64("waiting_ns", observer.waiting_ns[slot]);
	emit_histogram("woken", one->woken);
	emit_histogram("wait", one->wait);
	emit_histogram("run", one->run);
	emit_end();
}

void observer_report(const struct workers *workers)
{
	unsigned int half = observer.control ? observer.control->half ^ 1 : 0;

	if (!observer.on)
		return;
	for (unsigned int slot = 0; slot < observer.seen; slot++) {
		if (slot && slot < FIRST_OTHER && slot > workers->count)
			continue;
		if (half_of(slot, half)->pid || observer.waiting_ns[slot])
			emit_slot(slot, half_of(slot, half));
		forget(slot, half);
	}
	emit_begin("wasted");
	emit_u64("ns", observer.control->wasted_ns[half & 1]);
	emit_end();
	observer.control->wasted_ns[half & 1] = 0;
}
