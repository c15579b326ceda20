/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where CPUs stand still: at the points of a list, and after the last of them where a generator of random numbers says.
 * A file of lines has both; ktstr/instrument/interleaving.py writes it and says what each means.
 */
#ifndef KTSTR_PLUGIN_CHOICE_H
#define KTSTR_PLUGIN_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "still.h"

/* Reads the file: what is wrong with it, or NULL. */
const char *choice_read(const char *path);

/*
 * Whether the CPU stands still at this entry of a block, which is entry `index` of any, and then how. `often` is how often
 * the block was entered of late.
 */
bool choice_at(uint64_t index, unsigned int cpu, const struct block *block, uint32_t often, struct stop *stop);

#endif
