// SPDX-License-Identifier: GPL-2.0-only
/*
 * The observer: for every task, how long it waits for a CPU and how long it has one, from the scheduler's own
 * tracepoints. They are the same under every scheduling class. It is compiled for one kernel (no CO-RE) and linked by
 * ktstr/bpf/observer.py, which knows the maps by their names; so there are no globals and no calls.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <ktstr/observer.h>

#define IDLE_LEAST_NS 100000 /* of a shorter wait nobody asks whether a CPU was idle meanwhile */
#define WORDS (KTSTR_OBSERVED_CPUS / 32)
#define WORDS_LOOKED_AT 8 /* 256 CPUs */
#define PF_KTHREAD 0x00200000
#define NICE_0 120

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct observed_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct observed_figures);
} figures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct observer_control);
} control SEC(".maps");

static __always_inline struct observer_control *the_control(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline struct observed_task *task_of(struct observer_control *c, const struct task_struct *p)
{
	u32 pid = p->pid;
	struct observed_task *task = bpf_map_lookup_elem(&tasks, &pid);

	if (!task)
		__sync_fetch_and_add(&c->untold, 1);
	return task;
}

/* 2^power if `value` is greater than `most`, else 0; both are below 2^63. Without a branch: see high_bit(). */
static __always_inline u64 step_if_above(u64 value, u64 most, u32 power)
{
	u64 sign = most - value;

	barrier_var(sign);
	return sign >> 63 << power;
}

/*
 * The number of the highest bit that is set; `value` is from 1 to 2^63 - 1. The verifier follows each branch by itself: with
 * six of them here it would take 20 guest seconds.
 */
static __always_inline u32 high_bit(u64 value)
{
	u64 bit = 0, step;

	step = step_if_above(value, 0xffffffff, 5);
	bit += step;
	value >>= step;
	step = step_if_above(value, 0xffff, 4);
	bit += step;
	value >>= step;
	step = step_if_above(value, 0xff, 3);
	bit += step;
	value >>= step;
	step = step_if_above(value, 0xf, 2);
	bit += step;
	value >>= step;
	step = step_if_above(value, 0x3, 1);
	bit += step;
	value >>= step;
	return bit + (value >> 1 & 1);
}

static __always_inline void count(u32 *buckets, u64 ns)
{
	u64 units = ns >> KTSTR_BUCKET_SHIFT;
	u32 bucket, bit;

	if (units < 8) {
		bucket = units;
	} else {
		bit = high_bit(units);
		bucket = (bit - 2) * 8 + ((units >> (bit - 3)) & 7);
	}
	if (bucket > KTSTR_BUCKETS - 1)
		bucket = KTSTR_BUCKETS - 1;
	buckets[bucket]++;
}

static __always_inline void note_longest(struct observed_longest *longest, u64 ns, u64 now)
{
	if (ns > longest->ns) {
		longest->ns = ns;
		longest->at_ns = now;
	}
}

static __always_inline u64 later(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* 0 if `since` is later: the agent may have begun a hold since `now` was read. */
static __always_inline u64 passed(u64 since, u64 now)
{
	return now > since ? now - since : 0;
}

/* Before one of `waiting` and `idle` changes. Of CPUs that are here at once only one counts the time that has passed. */
static __always_inline void note_wasted(struct observer_control *c, u64 now)
{
	s64 both = c->waiting < c->idle ? c->waiting : c->idle;
	u64 changed = c->changed_ns;
	s64 passed = now - changed;

	if (passed <= 0 || __sync_val_compare_and_swap(&c->changed_ns, changed, now) != changed)
		return;
	if (c->idle > 0)
		__sync_fetch_and_add(&c->any_idle_ns, passed);
	if (both > 0)
		__sync_fetch_and_add(&c->wasted_ns[c->half & 1], passed * both);
}

/* A task begins to wait. */
static __always_inline void note_waits(struct observer_control *c, struct observed_task *task,
				      const struct task_struct *p, u64 now)
{
	if (task->counted || p->nr_cpus_allowed < c->cpus_online)
		return;
	note_wasted(c, now);
	task->counted = 1;
	task->any_idle_ns = c->any_idle_ns;
	__sync_fetch_and_add(&c->waiting, 1);
}

/* For how long one CPU or another was idle while it waited; 0 if it may not use all of them, now or when it began. */
static __always_inline u64 note_waits_no_more(struct observer_control *c, struct observed_task *task,
					     const struct task_struct *p, u64 now)
{
	if (!task->counted)
		return 0;
	note_wasted(c, now);
	task->counted = 0;
	__sync_fetch_and_add(&c->waiting, -1);
	return p->nr_cpus_allowed < c->cpus_online ? 0 : c->any_idle_ns - later(task->any_idle_ns, c->began_any_idle_ns);
}

static __always_inline void note_idle_cpus(struct observer_control *c, s64 more, u64 now)
{
	note_wasted(c, now);
	__sync_fetch_and_add(&c->idle, more);
}

/* What is counted for a task now; NULL if nothing is. */
static __always_inline struct observed_figures *figures_of(struct observer_control *c, struct observed_task *task,
							  const struct task_struct *p)
{
	struct observed_figures *one;
	u32 index;

	if (!task->slot && c->next_slot < c->slots)
		task->slot = __sync_fetch_and_add(&c->next_slot, 1);
	if (task->slot == KTSTR_SLOT_UNBORN)
		return NULL;
	index = task->slot * 2 + (c->half & 1);
	one = bpf_map_lookup_elem(&figures, &index);
	if (one && !one->pid) {
		one->pid = p->pid;
		one->kernel = !!(p->flags & PF_KTHREAD);
		bpf_probe_read_kernel(one->comm, sizeof(one->comm), p->comm);
	}
	return one;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(observe_waking, struct task_struct *p)
{
	struct observer_control *c = the_control();
	struct observed_task *task = c ? task_of(c, p) : NULL;

	if (task)
		task->waking_ns = bpf_ktime_get_ns();
	return 0;
}

/* Now it waits for a CPU; what its waker took to put it there counts. */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(observe_wakeup, struct task_struct *p)
{
	struct observer_control *c = the_control();
	struct observed_task *task = c ? task_of(c, p) : NULL;

	if (!task)
		return 0;
	/* One that was about to sleep, and now does not: it has not left its CPU. */
	if (!task->running_ns && !task->runnable_ns) {
		u64 now = bpf_ktime_get_ns();

		task->runnable_ns = task->waking_ns ?: now;
		task->woken = 1;
		note_waits(c, task, p, now);
		figures_of(c, task, p); /* so that one that never gets to run is known */
	}
	task->waking_ns = 0;
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(observe_new, struct task_struct *p)
{
	struct observer_control *c = the_control();
	struct observed_task *task = c ? task_of(c, p) : NULL;

	if (!task)
		return 0;
	/* Of a task before it with this pid nothing remains. */
	task->slot = c->spawning && !(p->flags & PF_KTHREAD) ? KTSTR_SLOT_UNBORN : 0;
	task->waking_ns = task->running_ns = 0;
	task->cpu_and_one = task->woken = 0;
	task->runnable_ns = bpf_ktime_get_ns();
	note_waits(c, task, p, task->runnable_ns);
	figures_of(c, task, p);
	return 0;
}

/* For how long, at the end of a task's wait, one CPU that it may use had been idle; at least, because only now is looked at. */
static __always_inline void note_idle(struct observer_control *c, struct observed_figures *one,
				     const struct task_struct *p, u64 since, u64 now, u32 cpu, bool was_idle, bool woken)
{
	u64 idle_ns = 0, ns;
	u32 idle_cpu = 0;

	if (was_idle && cpu < KTSTR_OBSERVED_CPUS) {
		u64 from = later(c->cpus[cpu].idle_ns, since);

		idle_ns = passed(from, now);
		idle_cpu = cpu;
	}
	/* One idle CPU of each word is enough: it is a bound from below. */
	for (u32 word = 0; word < WORDS_LOOKED_AT; word++) {
		u32 mask = c->idle_mask[word] & ~c->offline_mask[word], allowed = 0, idle;
		u64 from;

		if (!mask)
			continue;
		bpf_probe_read_kernel(&allowed, sizeof(allowed), (const char *)p->cpus_ptr + word * sizeof(allowed));
		if (!(mask & allowed))
			continue;
		idle = word * 32 + high_bit(mask & allowed);
		from = later(c->cpus[idle & (KTSTR_OBSERVED_CPUS - 1)].idle_ns, since);
		ns = passed(from, now); /* it may have become idle since `now` was read */
		if (ns > idle_ns) {
			idle_ns = ns;
			idle_cpu = idle;
		}
	}
	one->idle_ns += idle_ns;
	if (idle_ns > one->longest_idle.ns) {
		note_longest(&one->longest_idle, idle_ns, now);
		one->idle_cpu = idle_cpu;
	}
	if (woken && idle_ns > one->longest_woken_idle.ns) {
		note_longest(&one->longest_woken_idle, idle_ns, now);
		one->woken_idle_cpu = idle_cpu;
	}
}

static __always_inline void leave(struct observer_control *c, struct task_struct *p, bool runs_on, u32 cpu, u64 now)
{
	struct observed_task *task = task_of(c, p);
	struct observed_figures *one;
	u64 ns, llc;

	if (!task)
		return;
	ns = task->running_ns ? passed(later(task->running_ns, c->began_ns), now) : 0;
	task->running_ns = 0;
	task->runnable_ns = runs_on ? now : 0;
	task->woken = 0;
	if (runs_on)
		note_waits(c, task, p, now);
	one = figures_of(c, task, p);
	if (!one)
		return;
	if (runs_on)
		one->involuntary++;
	else
		one->voluntary++;
	if (!ns)
		return; /* it ran before it was observed */
	one->run_ns += ns;
	llc = c->cpus[cpu & (KTSTR_OBSERVED_CPUS - 1)].llc;
	if (llc > KTSTR_OBSERVED_LLCS - 1)
		llc = KTSTR_OBSERVED_LLCS - 1;
	one->llc_ns[llc] += ns;
	note_longest(&one->longest_run, ns, now);
	count(one->run, ns);
}

static __always_inline void note_migration(struct observer_control *c, struct observed_figures *one, u32 from, u32 to)
{
	struct observed_cpu *was = &c->cpus[from & (KTSTR_OBSERVED_CPUS - 1)];
	struct observed_cpu *is = &c->cpus[to & (KTSTR_OBSERVED_CPUS - 1)];

	if (was->node != is->node)
		one->migrations[2]++;
	else if (was->llc != is->llc)
		one->migrations[1]++;
	else
		one->migrations[0]++;
}

static __always_inline void come(struct observer_control *c, struct task_struct *p, u32 cpu, u64 now, bool was_idle)
{
	struct observed_task *task = task_of(c, p);
	struct observed_figures *one;
	u64 since, any_idle_ns, ns;
	u32 from;

	if (!task)
		return;
	since = task->runnable_ns ? later(task->runnable_ns, c->began_ns) : 0;
	task->runnable_ns = 0;
	task->running_ns = now;
	any_idle_ns = note_waits_no_more(c, task, p, now);
	from = task->cpu_and_one;
	task->cpu_and_one = cpu + 1;
	one = figures_of(c, task, p);
	if (!one)
		return;
	one->policy = p->policy;
	one->nice = p->static_prio - NICE_0;
	if (from && from != cpu + 1)
		note_migration(c, one, from - 1, cpu);
	if (!since)
		return; /* it was woken before it was observed */
	ns = passed(since, now);
	one->wait_ns += ns;
	note_longest(&one->longest_wait, ns, now);
	count(one->wait, ns);
	note_longest(&one->longest_any_idle, any_idle_ns, now);
	if (task->woken) {
		one->woken_ns += ns;
		note_longest(&one->longest_woken, ns, now);
		count(one->woken, ns);
	}
	if (ns >= IDLE_LEAST_NS)
		note_idle(c, one, p, since, now, cpu, was_idle, task->woken);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(observe_switch, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state)
{
	struct observer_control *c = the_control();
	u32 cpu = bpf_get_smp_processor_id();
	u64 now = bpf_ktime_get_ns();
	struct observed_cpu *here;

	if (!c)
		return 0;
	here = &c->cpus[cpu & (KTSTR_OBSERVED_CPUS - 1)];
	if (prev->pid) {
		leave(c, prev, preempt || !prev_state, cpu, now);
	} else {
		if (here->idle)
			note_idle_cpus(c, -1, now);
		here->idle = 0;
		__sync_fetch_and_and(&c->idle_mask[cpu / 32 & (WORDS - 1)], ~(1U << (cpu & 31)));
	}
	if (next->pid) {
		come(c, next, cpu, now, !prev->pid);
	} else {
		if (!here->idle)
			note_idle_cpus(c, 1, now);
		here->idle = 1;
		here->idle_ns = now;
		__sync_fetch_and_or(&c->idle_mask[cpu / 32 & (WORDS - 1)], 1U << (cpu & 31));
	}
	return 0;
}

char _license[] SEC("license") = "GPL";
