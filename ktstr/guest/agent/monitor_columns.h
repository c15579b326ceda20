/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of a sample that have names: a column each. A name is reported once, in an event before the first sample
 * that has it; a sample has the numbers only.
 */
#ifndef KTSTR_AGENT_MONITOR_COLUMNS_H
#define KTSTR_AGENT_MONITOR_COLUMNS_H

#include <ktstr/basics.h>

/* Forgets all names: those of the next hold are reported again. */
void columns_forget(void);

/* Begins a sample, in which no column has a number. */
void columns_begin(void);

/* The number of the column `source` `key`. A column too many is left out. */
void columns_put(const char *source, const char *key, uint64_t value, bool is_signed);

/* Puts the numbers into the event. */
void columns_emit(void);

#endif
