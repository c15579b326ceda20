// SPDX-License-Identifier: GPL-2.0-only
/* A machine for fuzzing: checks that every event is whole, and returns to the target when the guest ends. */
#include "fuzz.h"

#include "machine.h"

jmp_buf fuzz_end;

void machine_console(const char *data, size_t length)
{
	if (length < 4 || length > KTSTR_EVENT_BYTES || data[0] != '{' || memcmp(data + length - 2, "}\n", 2))
		abort();
	for (size_t i = 0; i < length - 1; i++)
		if (data[i] < ' ' || data[i] > '~')
			abort();
}

void machine_exit(enum machine_exit how)
{
	longjmp(fuzz_end, (int)how);
}
