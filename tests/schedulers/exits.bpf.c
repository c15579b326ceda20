// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches and ends by itself after `after_ms`: with an error or, if `exit_code` is not zero, regularly with it.
 * Before that its timer keeps a CPU for so many rounds, in an interrupt that others can interrupt.
 *
 * Pins: that a scheduler that leaves before the end fails its test, with the reason that it recorded; that what the
 * kernel writes about a CPU that never yields (a soft lockup) is reported. With the sysctl kernel.watchdog_thresh at 1
 * the kernel complains after two seconds; its default is twenty.
 */
#include <ktstr/sched_ext.bpf.h>

#include "spin.bpf.h"

#define CLOCK_MONOTONIC 1

#ifndef AFTER_MS
#define AFTER_MS 500
#endif

const volatile u32 after_ms = AFTER_MS;
const volatile s64 exit_code = 0;
const volatile u32 rounds = 0;

struct deadline {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct deadline);
} deadlines SEC(".maps");

static int passed(void *map, u32 *key, struct deadline *deadline)
{
	if (rounds)
		spin(rounds);
	if (exit_code)
		scx_bpf_exit(exit_code, "exits: done after %u ms", after_ms);
	else
		scx_bpf_error("exits: failed after %u ms", after_ms);
	return 0;
}

SCX_SLEEPABLE_CALLBACK(s32, exits_init)
{
	u32 key = 0;
	struct deadline *deadline = bpf_map_lookup_elem(&deadlines, &key);

	if (!deadline)
		return -2; /* ENOENT; an array has all its elements */
	bpf_timer_init(&deadline->timer, &deadlines, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&deadline->timer, passed);
	return bpf_timer_start(&deadline->timer, after_ms * 1000000ULL, 0);
}

SCX_SLEEPABLE_CALLBACK(void, exits_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(exits_ops,
	.init = (void *)exits_init,
	.exit = (void *)exits_exit,
	.name = "exits");
