/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run has done that another run may not have: which block came after which on a CPU, and in which callbacks the
 * other CPUs were meanwhile. Each is a hash that is the same in every run of the same scheduler.
 */
#ifndef KTSTR_PLUGIN_NEWS_H
#define KTSTR_PLUGIN_NEWS_H

#include <stdbool.h>

#include "block.h"

/* The CPU enters a block. The guest has `cpus` CPUs. */
void news_enter(unsigned int cpu, const struct block *block, unsigned int cpus);

/* The CPU executes a return. */
void news_return(unsigned int cpu);

/* Writes all of them to the file. */
void news_write(void);

#endif
