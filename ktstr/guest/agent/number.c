// SPDX-License-Identifier: GPL-2.0-only
/* A number of a BPF program's: its bytes, by what its type says of them. */
#include "number.h"

#include <string.h>

#include <ktstr/event.h>

uint64_t number_load(const struct btf_number *number, const char *bytes)
{
	unsigned int unused = 64 - number->size * 8;
	uint64_t value = 0;

	memcpy(&value, bytes, number->size);
	return number->is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

void number_emit(const char *key, const struct btf_number *number, uint64_t value)
{
	if (number->is_signed)
		emit_i64(key, (int64_t)value);
	else
		emit_u64(key, value);
}
