/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_ARGS_H
#define KTSTR_PLUGIN_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every plugin is told: the file that it writes, where BPF programs are, and how the kernel lists them (owner.h). */
struct args {
	const char *out; /* NULL: it was not given */
	uint64_t from, to;
	const char *layout;
};

/* Takes an argument that every plugin has; false for any other. */
bool args_take(struct args *args, const char *argument);

/* The value of argument `name` if `argument` is `name=value`, else NULL. */
const char *value_of(const char *argument, const char *name);

/* Reads `count` numbers with colons between them: false if the text is anything else. */
bool numbers_read(const char *text, uint64_t *numbers, size_t count);

#endif
