/* SPDX-License-Identifier: GPL-2.0-only */
/* A number as text, for a variable of a certain type. */
#ifndef KTSTR_LOADER_NUMBER_H
#define KTSTR_LOADER_NUMBER_H

#include <stdbool.h>

#include "variable.h"

/* Whether the variable is an integer, bool or enumeration of at most 64 bits. */
bool number_fits(const struct variable *variable);

/*
 * Reads a whole number in C's notation, or true or false for a bool, that fits the variable. Returns 0, or -1 having said
 * what is accepted; `option` and `name` are what the message begins with.
 */
int number_parse(const char *option, const char *name, const struct variable *variable, const char *text, __u64 *value);

#endif
