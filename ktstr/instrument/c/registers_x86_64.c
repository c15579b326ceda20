// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface for plugins has no registers before QEMU 9, so they are read as QEMU's own server for debuggers does
 * (target/i386/gdbstub.c), which exports that in all versions. At the beginning of a block they are in memory.
 */
#include "registers.h"

#include <string.h>

#include "api.h"

/* glib's, which QEMU is linked with. */
typedef struct {
	uint8_t *data;
	unsigned int len;
} GByteArray;

GByteArray *g_byte_array_new(void);
GByteArray *g_byte_array_set_size(GByteArray *array, unsigned int length);

int x86_cpu_gdb_read_register(void *cpu, GByteArray *into, int number);

uint64_t argument_of_call(unsigned int which)
{
	static const int numbers[] = { 5, 4 }; /* rdi and rsi, as gdb counts */
	static GByteArray *bytes;
	uint64_t value = 0;

	if (!bytes)
		bytes = g_byte_array_new();
	g_byte_array_set_size(bytes, 0);
	if (current_cpu && x86_cpu_gdb_read_register(current_cpu, bytes, numbers[which]) == sizeof(value))
		memcpy(&value, bytes->data, sizeof(value));
	return value;
}
