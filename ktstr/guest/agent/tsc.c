// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time stamp counter. With the virtual clock it counts guest nanoseconds, an instruction takes 1, 2 or 4 of them, and
 * so an instant can be met to the instruction.
 */
#include "agent.h"

#define SLED 4096 /* instructions, in bytes and thus in nops */

uint64_t tsc_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* How far the counter gets in an instruction. */
static uint64_t tsc_step(void)
{
	uint32_t first, second;

	__asm__ volatile("rdtsc; mov %%eax, %%ecx; rdtsc" : "=a"(second), "=c"(first) : : "edx");
	return (second - first) / 2 ? (second - first) / 2 : 1;
}

/*
 * Spins until the counter is at `when`. A loop alone would end somewhere in its last round, where it ends depending on
 * where it began; what is left is therefore spent in nops, of which just as many are executed as there is time for.
 */
void tsc_meet(uint64_t when)
{
	uint64_t step = tsc_step(), nops;

	while (tsc_now() + SLED / 2 * step < when)
		;
	nops = tsc_now();
	nops = nops < when ? (when - nops) / step : 0;
	nops = nops < SLED ? nops : SLED;
	__asm__ volatile("lea 1f(%%rip), %%rax\n\t"
			 "sub %0, %%rax\n\t"
			 "jmp *%%rax\n\t"
			 ".fill %c1, 1, 0x90\n"
			 "1:"
			 :
			 : "r"(nops), "i"(SLED)
			 : "rax", "cc");
}
