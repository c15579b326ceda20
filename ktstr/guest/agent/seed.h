/* SPDX-License-Identifier: GPL-2.0-only */
/* What is random in the guest: all of it follows from the run's seed. */
#ifndef KTSTR_AGENT_SEED_H
#define KTSTR_AGENT_SEED_H

#include <ktstr/basics.h>

/* Takes the run's seed, also into the kernel's random number generator. */
void seed_set(uint64_t seed);

/* A random number for each index; it depends on the seed and the index only. */
uint64_t seed_value(uint64_t index);

#endif
