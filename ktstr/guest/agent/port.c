// SPDX-License-Identifier: GPL-2.0-only
/* The machine's I/O ports: everything that passes between guest and host. x86 only. */
#include "agent.h"

#include <stdint.h>
#include <sys/io.h>
#include <unistd.h>

#define PORT_DEBUG_CONSOLE 0xe9 /* QEMU's isa-debugcon */
#define PORT_DEBUG_EXIT 0xf4	/* QEMU's isa-debug-exit: ends QEMU with status 2 * value + 1 */

/* Intel 8254, channel 0. */
#define PORT_PIT_COUNTER 0x40
#define PORT_PIT_COMMAND 0x43

/* QEMU's ib700: a write starts it over; the value counts down from 30 s in steps of 2 s. */
#define PORT_WATCHDOG_START 0x443

/* QEMU's pvpanic: told of a panic it stops the machine, where it was started with panic=pause. */
#define PORT_PVPANIC 0x505
#define PVPANIC_PANICKED 0x01

void port_open(void)
{
	if (iopl(3))
		_exit(1); /* no way to say more: as init's end it panics the kernel, which the console shows */
}

void port_write(const char *data, size_t length)
{
	outsb(PORT_DEBUG_CONSOLE, data, length);
}

void port_exit(unsigned int code)
{
	outb((unsigned char)code, PORT_DEBUG_EXIT);
	for (;;)
		pause();
}

/*
 * Has the PIT expire every `count` of its ticks (mode 2), or every half of them (mode 3). Its interrupt is masked by then;
 * under icount QEMU ends a CPU's turn at every virtual timer, so this bounds how long the other CPUs stand still.
 */
void port_pace(unsigned int mode, unsigned int count)
{
	if (mode < 2 || mode > 3 || count < 2 || count > 65535)
		fail("pace", "not a mode (2 or 3) and a count (2 to 65535) of the PIT");
	outb((unsigned char)(0x30 | mode << 1), PORT_PIT_COMMAND); /* channel 0, low byte, then high byte */
	outb((unsigned char)(count & 0xff), PORT_PIT_COUNTER);
	outb((unsigned char)(count >> 8), PORT_PIT_COUNTER);
}

/* Starts the watchdog, or starts it over: the machine is powered off 30 s after the last call. */
void port_watchdog(void)
{
	outb(0, PORT_WATCHDOG_START);
}

/* Stops the machine, for the host to keep: what comes after the call runs in clones. */
void port_keep(void)
{
	outb(PVPANIC_PANICKED, PORT_PVPANIC);
}
