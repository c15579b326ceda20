/* SPDX-License-Identifier: GPL-2.0-only */
/* A number of 1, 2, 4 or 8 bytes, stored where BPF programs read it meanwhile. Shared by the agent and the loader. */
#ifndef KTSTR_STORE_H
#define KTSTR_STORE_H

#include <stdint.h>
#include <string.h>

/* Stores the low `size` bytes of value, at most 8; with one instruction if that is possible. */
static inline void ktstr_store(void *place, uint64_t value, uint32_t size)
{
	if (size && (uintptr_t)place % size == 0) {
		switch (size) {
		case 1:
			*(volatile uint8_t *)place = (uint8_t)value;
			return;
		case 2:
			*(volatile uint16_t *)place = (uint16_t)value;
			return;
		case 4:
			*(volatile uint32_t *)place = (uint32_t)value;
			return;
		case 8:
			*(volatile uint64_t *)place = value;
			return;
		}
	}
	memcpy(place, &value, size); /* the machines that ktstr knows are little-endian */
}

#endif
