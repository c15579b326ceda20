// SPDX-License-Identifier: GPL-2.0-only
/* The machine's I/O ports: everything that passes between guest and host. x86 only. */
#include "agent.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#define PORT_DEBUG_CONSOLE 0xe9 /* QEMU's isa-debugcon */
#define PORT_DEBUG_EXIT 0xf4	/* QEMU's isa-debug-exit: ends QEMU with status 2 * value + 1 */

/* QEMU's docs/specs/fw_cfg: a 16-bit selector, then bytes; the directory's integers are big-endian. */
#define PORT_FW_CFG_SELECT 0x510
#define PORT_FW_CFG_DATA 0x511
#define FW_CFG_DIRECTORY 0x19

/* Intel 8254, channel 0. */
#define PORT_PIT_COUNTER 0x40
#define PORT_PIT_COMMAND 0x43

/* QEMU's ib700: a write starts it over; the value counts down from 30 s in steps of 2 s. */
#define PORT_WATCHDOG_START 0x443

struct fw_cfg_file {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
};

/* glibc's insb does not tell the compiler that it writes memory. */
static void read_bytes(void *to, size_t length)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(length) : "d"(PORT_FW_CFG_DATA) : "memory");
}

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

char *port_read_file(const char *name, size_t *length)
{
	struct fw_cfg_file file;
	uint32_t count;
	char *data;

	outw(FW_CFG_DIRECTORY, PORT_FW_CFG_SELECT);
	read_bytes(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (uint32_t i = 0; i < count; i++) {
		read_bytes(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		*length = __builtin_bswap32(file.size);
		data = malloc(*length + 1);
		if (!data)
			fail("fw_cfg", "no memory for the file");
		outw(__builtin_bswap16(file.select), PORT_FW_CFG_SELECT);
		read_bytes(data, *length);
		data[*length] = '\0';
		return data;
	}
	fail("fw_cfg", name);
}
