/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of a BPF map. */
#ifndef KTSTR_AGENT_MAP_H
#define KTSTR_AGENT_MAP_H

#include "ids.h"

/*
 * Reports map `id` with as much of its contents as fits into `room` bytes; returns how many of them it took. Adds its
 * object's types to `objects`, and the maps in it to `maps`.
 */
size_t map_emit(uint32_t id, size_t room, struct ids *objects, struct ids *maps);

#endif
