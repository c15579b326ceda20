/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of the guest's kernel, whose calls are counted. */
#ifndef KTSTR_PLUGIN_FUNCTIONS_H
#define KTSTR_PLUGIN_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* One of them. The file of counts has these structs as they are. */
struct function {
	uint64_t address;
	uint64_t count;
};

/* Reads their addresses: hex numbers with colons between, in ascending order. False if it is no such list. */
bool functions_read(const char *text);

/* The function that begins at `address`, or NULL. */
struct function *function_at(uint64_t address);

/* Writes all of them to the file, also those that were not called. */
void functions_write(void);

#endif
