/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_CPU_H
#define KTSTR_PLUGIN_CPU_H

#define MOST_CPUS 4096

/*
 * The number of the guest's CPU that executes, in the order in which they are first seen; MOST_CPUS if there are more.
 * What QEMU gives to a callback does not say: from 9.1 on, with one thread for all CPUs, it is the CPU for which the
 * block was translated (gen_cpu_index() in accel/tcg/plugin-gen.c), and CPUs share blocks.
 */
unsigned int cpu_number(void);

/* The number that QEMU has for it, which is the guest kernel's, too; MOST_CPUS if it has none. */
unsigned int cpu_guest_number(void);

#endif
