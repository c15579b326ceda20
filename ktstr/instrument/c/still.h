/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU of the guest that stands still while the others go on, as one does whose hypervisor runs something else. It is a
 * CPU that QEMU has stopped: if the others idle, the virtual clock goes on to the next timer, and it never passes the end
 * of the stop, which is a timer as well. Stops begin and end between two instructions that follow from the guest alone.
 */
#ifndef KTSTR_PLUGIN_STILL_H
#define KTSTR_PLUGIN_STILL_H

#include <stdbool.h>
#include <stdint.h>

#include "block.h"

/* A stop. The explorer's file has these structs as they are. */
struct stop {
	uint64_t block;	   /* it was asked for at an entry of the block with this hash; 0: of any */
	uint64_t entry;	   /* at which of them, from 1 on */
	uint64_t index;	   /* and at which entry of any block, all CPUs together */
	uint64_t ns;	   /* for how long, in the guest's ns */
	uint64_t began_ns; /* the virtual clock's time when the CPU stood still; 0: it was not reached */
	uint64_t address;  /* of the next instruction that it executed of the scheduler's code; 0: none */
	uint32_t owner;	   /* of that address */
	uint32_t skip;	   /* so many instructions of that CPU were executed after that piece; the others waited */
	uint32_t cpu;
	uint32_t unused;
};

/* How long an instruction takes: 2 to the power of `shift` ns. */
void still_init(unsigned int shift);

/* The number of the CPU that executes, as QEMU and the guest have it. */
unsigned int still_cpu(void);

/* The number of the CPUs. */
unsigned int still_cpus(void);

/* Whether a stop of that CPU was asked for and is not over. */
bool still_is(unsigned int cpu);

/* The `index` of the stop in which that CPU stands still; 0: it does not. */
uint64_t still_at(unsigned int cpu);

/* The CPU, which executes, enters a piece at `address`: the end of a stop learns where it was. */
void still_enter(unsigned int cpu, const struct block *block);

/* Has the CPU, which executes, stand still once the piece that it is in is over, and `stop->skip` more instructions. */
void still_begin(unsigned int cpu, const struct stop *stop);

/* Writes all stops to the file. */
void still_write(void);

#endif
