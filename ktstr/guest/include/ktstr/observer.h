/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The observer's maps: what its BPF programs write and the agent reads. Both include this; a BPF source includes
 * vmlinux.h before.
 *
 *	tasks    array, by pid: where the task is in its turn of waiting and running
 *	figures  array, two elements a slot: what the task of that slot did, one for each half
 *	control  one element
 *
 * A task has a slot. Workers have those from 1 on, in their order; others get one of the rest when they are first seen,
 * and once there is none left share slot 0. Of a slot's two halves the programs write to the one that `control` names:
 * the agent swaps them at the end of a phase, and reads the other.
 */
#ifndef KTSTR_OBSERVER_H
#define KTSTR_OBSERVER_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define KTSTR_OBSERVED_CPUS 1024
#define KTSTR_OBSERVED_LLCS 16

/*
 * A histogram is linear below 1024 ns, in steps of 128 ns, and has eight buckets an octave above: a bucket is at most an
 * eighth of its value wide. The last one is for all from 128 s on.
 */
#define KTSTR_BUCKET_SHIFT 7
#define KTSTR_BUCKETS 224

/* The slot of a worker before the agent says which it is: what it does until then is not counted. */
#define KTSTR_SLOT_UNBORN 0xffffffffU

struct observed_task {
	__u64 waking_ns;   /* when somebody began to wake it; 0: nobody does */
	__u64 runnable_ns; /* since when it waits for a CPU; 0: it does not */
	__u64 running_ns;  /* since when it has a CPU; 0: it has none */
	__u32 slot;
	__u32 cpu_and_one; /* the CPU that it had last, and 1; 0: none yet */
	__u32 woken;	   /* whether it waits because it was woken */
	__u32 counted;	   /* whether it is one of `waiting` */
	__u64 any_idle_ns; /* what the control's `any_idle_ns` was when it began to be one */
};

struct observed_longest {
	__u64 ns;
	__u64 at_ns; /* when it ended */
};

struct observed_figures {
	__u32 pid; /* 0: nothing was counted */
	__u32 policy;
	__s32 nice;
	__u32 kernel; /* whether it is a thread of the kernel */
	char comm[16];
	__u64 run_ns, wait_ns, woken_ns, idle_ns;
	__u64 voluntary, involuntary;
	__u64 migrations[3]; /* to a CPU of the same LLC, of the same node, of another node */
	/* The last two are of waits beside an idle CPU: all, and those after a wakeup. */
	struct observed_longest longest_run, longest_wait, longest_woken, longest_idle, longest_woken_idle;
	/* Of one wait, for how long one CPU or another was idle; only while it may use all of them. */
	struct observed_longest longest_any_idle;
	__u64 idle_cpu, woken_idle_cpu;	     /* those of longest_idle and of longest_woken_idle */
	__u64 llc_ns[KTSTR_OBSERVED_LLCS]; /* run_ns by LLC; the last one is for all further LLCs */
	__u32 woken[KTSTR_BUCKETS], wait[KTSTR_BUCKETS], run[KTSTR_BUCKETS];
};

struct observed_cpu {
	__u64 idle_ns; /* since when it is idle, or was for the last time */
	__u32 idle;    /* whether it is */
	__u16 llc, node;
};

struct observer_control {
	__u32 half;
	__u32 next_slot, slots;
	__u32 spawning; /* whether new tasks are workers */
	/*
	 * Tasks that wait and may use every CPU, and CPUs that are idle; and for how long the lesser number of both was so,
	 * for each half: CPU time that was not used although somebody waited for it.
	 */
	__s64 waiting, idle;
	__u64 changed_ns, wasted_ns[2];
	__u64 any_idle_ns; /* for how long, since the observer began, at least one CPU was idle */
	/* What of a wait or a turn was before the phase's hold does not count; and what `any_idle_ns` was when it began. */
	__u64 began_ns, began_any_idle_ns;
	__u32 cpus_online;
	__u32 unused;
	__u64 untold;	/* how often an event was of a task that has no room in `tasks` */
	__u32 idle_mask[KTSTR_OBSERVED_CPUS / 32]; /* the CPUs that are idle */
	__u32 offline_mask[KTSTR_OBSERVED_CPUS / 32]; /* those that are offline, which the agent says */
	struct observed_cpu cpus[KTSTR_OBSERVED_CPUS];
};

#endif
