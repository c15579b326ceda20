/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that the guest runs on, as QEMU makes it: all that differs between architectures is here and in
 * machine_<architecture>.c. QEMU serves these devices synchronously, which keeps runs deterministic.
 */
#ifndef KTSTR_AGENT_MACHINE_H
#define KTSTR_AGENT_MACHINE_H

#include <linux/audit.h>

#include <ktstr/basics.h>

/* How a filter of system calls knows a call of this architecture: its name, and a number that no call of it has. */
#if defined(__x86_64__)
#define MACHINE_AUDIT_ARCH AUDIT_ARCH_X86_64
#define MACHINE_CALLS 0x40000000 /* x32's begin here */
#endif

/* How the guest ends. QEMU exits with 2 * value + 1 (vm/result.py). */
enum machine_exit { MACHINE_EXIT_DONE = 0x10, MACHINE_EXIT_AGENT_FAILED = 0x11 };

/* Gets access to the devices. Exits if that is refused: the kernel then panics, which the host sees. */
void machine_open(void);

/* Takes that access from the calling process, which inherited it. */
void machine_close(void);

/* Writes to the host's event stream. */
void machine_console(const char *data, size_t length);

/* Ends the guest. */
void machine_exit(enum machine_exit how) __attribute__((noreturn));

/* Starts the watchdog, or starts it over: the machine is powered off 30 s of guest time after the last call. */
void machine_watchdog(void);

/* Stops the machine so that the host can keep it: what comes after the call runs in clones. */
void machine_keep(void);

/*
 * Has a timer expire every `count` of its ticks (mode 2), or every half of them (mode 3). Under icount QEMU ends a vCPU's
 * time slice at every virtual timer, so this bounds how long the other CPUs stand still. `mode` is 2 or 3, `count` is
 * from 2 to 65535.
 */
void machine_time_slice(unsigned int mode, unsigned int count);

/* QEMU's fw_cfg device (QEMU's docs/specs/fw_cfg): selects a file, then reads its bytes in order. */
void machine_fw_cfg_select(uint16_t file);
void machine_fw_cfg_read(void *to, size_t length);

/* Hands the physical address of a request for DMA to fw_cfg, which carries it out before the call returns. */
void machine_fw_cfg_dma(uint64_t address);

/*
 * Tells the CPU that the caller spins. Under QEMU's single-threaded TCG it ends the vCPU's time slice, so that spinning
 * CPUs take turns of a step and advance at one speed (docs/clocks.md has the measurement). Inline: workers spin on it.
 */
static inline void machine_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
#error "this architecture has no machine yet: add its machine_relax() here and its machine_<architecture>.c"
#endif
}

#endif
