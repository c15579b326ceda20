// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's x86-64 machines: devices behind I/O ports. */
#include "machine.h"

#include <sys/io.h>
#include <unistd.h>

#define PORT_DEBUG_CONSOLE 0xe9 /* QEMU's isa-debugcon */
#define PORT_DEBUG_EXIT 0xf4	/* QEMU's isa-debug-exit: ends QEMU with status 2 * value + 1 */

/* Intel 8254, channel 0. */
#define PORT_PIT_COUNTER 0x40
#define PORT_PIT_COMMAND 0x43

/* QEMU's ib700: a write starts it over; the value counts down from 30 s in steps of 2 s. */
#define PORT_WATCHDOG_START 0x443

/* QEMU's pvpanic: a guest that reports a panic here is stopped if QEMU was started with panic=pause. */
#define PORT_PVPANIC 0x505
#define PVPANIC_PANICKED 0x01

/* fw_cfg: a 16-bit selector, the bytes, and the address of a request for DMA in two big-endian halves. */
#define PORT_FW_CFG_SELECT 0x510
#define PORT_FW_CFG_DATA 0x511
#define PORT_FW_CFG_DMA_HIGH 0x514
#define PORT_FW_CFG_DMA_LOW 0x518 /* writing it carries the request out */

void machine_open(void)
{
	if (iopl(3))
		_exit(1); /* there is no way to report more */
}

void machine_close(void)
{
	/* Needs no privilege, and cannot fail. */
	iopl(0);
}

void machine_console(const char *data, size_t length)
{
	outsb(PORT_DEBUG_CONSOLE, data, length);
}

void machine_exit(enum machine_exit how)
{
	outb((unsigned char)how, PORT_DEBUG_EXIT);
	for (;;)
		pause();
}

void machine_watchdog(void)
{
	outb(0, PORT_WATCHDOG_START);
}

void machine_keep(void)
{
	outb(PVPANIC_PANICKED, PORT_PVPANIC);
}

/* The PIT's interrupt is masked when the agent runs, so its timer costs the guest nothing. */
void machine_time_slice(unsigned int mode, unsigned int count)
{
	outb((unsigned char)(0x30 | mode << 1), PORT_PIT_COMMAND); /* channel 0, low byte, then high byte */
	outb((unsigned char)(count & 0xff), PORT_PIT_COUNTER);
	outb((unsigned char)(count >> 8), PORT_PIT_COUNTER);
}

void machine_fw_cfg_select(uint16_t file)
{
	outw(file, PORT_FW_CFG_SELECT);
}

/* glibc's insb lacks the memory clobber. */
void machine_fw_cfg_read(void *to, size_t length)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(length) : "d"(PORT_FW_CFG_DATA) : "memory");
}

void machine_fw_cfg_dma(uint64_t address)
{
	outl(__builtin_bswap32((uint32_t)(address >> 32)), PORT_FW_CFG_DMA_HIGH);
	outl(__builtin_bswap32((uint32_t)address), PORT_FW_CFG_DMA_LOW);
}
