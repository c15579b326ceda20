// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refused after loops within a loop: the index that the last of them leaves is beyond the array.
 *
 * Pins: how the log of such a refusal is collapsed.
 */
#include <ktstr/sched_ext.bpf.h>

#define ROWS 6
#define COLUMNS 8

u64 table[ROWS][COLUMNS];
u64 sums[ROWS];

SCX_CALLBACK(void, nested_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 *beyond = sums;
	u32 row, column;

#pragma clang loop unroll(disable)
	for (row = 0; row < ROWS; row++) {
		u64 sum = 0;

#pragma clang loop unroll(disable)
		for (column = 0; column < COLUMNS; column++) {
			u64 value = ((volatile u64 *)table[row])[column];

			sum = sum * 31 + value;
			barrier_var(sum);
		}
		((volatile u64 *)sums)[row] = sum;
		barrier_var(beyond);
		beyond += COLUMNS;
	}
	*(volatile u64 *)beyond = 1;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SCHEDULER(nested_ops,
	.enqueue = (void *)nested_enqueue,
	.name = "nested");
