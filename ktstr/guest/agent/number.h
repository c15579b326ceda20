/* SPDX-License-Identifier: GPL-2.0-only */
/* A number of a BPF program's: its bytes, by what its type says of them. */
#ifndef KTSTR_AGENT_NUMBER_H
#define KTSTR_AGENT_NUMBER_H

#include "btf_path.h"

/* Its value; that of a signed type is extended to 64 bits. `bytes` are those at its offset. */
uint64_t number_load(const struct btf_number *number, const char *bytes);

/* A field of an event with a value of that type. */
void number_emit(const char *key, const struct btf_number *number, uint64_t value);

#endif
