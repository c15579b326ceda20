// SPDX-License-Identifier: GPL-2.0-only
/* A loop that lasts: `spin(rounds)` takes about 0.7 s a round on the virtual clock, and nothing ends it before. */
#ifndef SPIN_BPF_H
#define SPIN_BPF_H

#define LONGEST_LOOP (1 << 23) /* BPF_MAX_LOOPS */

static u64 spins;

static long spin_once(u64 index, void *context)
{
	spins += index;
	return 0;
}

static long spin_long(u64 index, void *context)
{
	bpf_loop(LONGEST_LOOP, spin_once, NULL, 0);
	return 0;
}

static __always_inline void spin(u32 rounds)
{
	bpf_loop(rounds, spin_long, NULL, 0);
}

#endif
